"""Every gate counts its worked example, and is judged at its limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from indicator_engine.counts import CountRow, CountTable
from indicator_engine.definition import GateDefinition, shipped_gates, shipped_stratifiers
from indicator_engine.gates import (
    GateCounts,
    GateState,
    HesAverages,
    MonthlyAverage,
    average_of,
    failed_by_subject,
    failed_guards,
    judge_gates,
    passes,
)
from indicator_engine.plan import plan_families
from tests.builders import complete
from tests.engines import Run, run_duckdb, run_reference

GATES = shipped_gates()
JANUARY = 2026 * 12


@pytest.fixture(params=["reference", "duckdb"])
def counting(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """One of two engines."""
    if request.param == "reference":
        return run_reference
    return run_duckdb(request.getfixturevalue("sqlite_url"), tmp_path / "snapshot")


@pytest.mark.parametrize("gate", GATES.values(), ids=lambda each: each.id)
def test_the_worked_example_of_a_gate_gives_its_integers(counting: Run, gate: GateDefinition) -> None:
    found = counting(plan_families([gate], shipped_stratifiers()), complete(gate.example.rows)).counts.cells
    whole = found[found["dimension"] == "all"]
    counted = tuple(int(whole[name].sum()) for name in ("population", "denominator", "numerator"))
    assert counted == (gate.example.population, gate.example.denominator, gate.example.numerator)


def test_all_gates_can_be_counted_together() -> None:
    assert sum(len(each.indicators) for each in plan_families(GATES.values(), shipped_stratifiers())) == len(GATES)


@pytest.mark.parametrize(
    ("gate", "value", "expected"),
    [
        ("CQIMDQ08", 0.70, True),
        ("CQIMDQ08", 0.699, False),
        ("CQIMDQ18", 0.40, False),
        ("CQIMDQ18", 0.401, True),
        ("CQIMDQ05", 0.004, False),
        ("CQIMDQ05", 0.005, True),
        ("CQIMDQ05", 0.50, True),
        ("CQIMDQ05", 0.51, False),
        ("CQIMDQ20", 0.10, True),
        ("CQIMDQ20", 0.11, False),
        ("CQIMDQ21", 0, False),
        ("CQIMDQ21", 1, True),
    ],
)
def test_a_gate_is_judged_at_its_limits(gate: str, value: float, expected: bool) -> None:
    assert passes(GATES[gate].gate, value) is expected


def counts(gate: str, *months: tuple[int, int, int]) -> CountTable:
    """Month from January 2026, denominator and numerator of provider RSA."""
    rows: list[CountRow] = [
        (gate, "1.0.0", JANUARY + month, "RSA", "RSA01", "all", "all", denominator, denominator, numerator)
        for month, denominator, numerator in months
    ]
    return CountTable.of_rows(rows)


def states(gate: str, found: CountTable, hes: HesAverages | None = None, *, last: int) -> list[GateState]:
    judged = judge_gates(found, [GATES[gate]], hes or {}, last_month=JANUARY + last)
    return [each.state for each in judged]


def test_a_gate_of_three_months_looks_at_all_three() -> None:
    found = counts("CQIMDQ15", (0, 10, 0), (1, 10, 10), (2, 10, 10), (3, 10, 10))
    failed, passed = GateState.FAILED, GateState.PASSED
    assert states("CQIMDQ15", found, last=3) == [failed, failed, failed, passed]


def test_a_gate_that_ends_with_the_month_before_does_not_look_at_its_own() -> None:
    found = counts("CQIMDQ06", (0, 10, 10), (1, 10, 0))
    assert states("CQIMDQ06", found, last=2) == [GateState.NOT_ASSESSED, GateState.PASSED, GateState.FAILED]


def test_a_gate_against_hes_is_not_assessed_where_hes_is_not_loaded() -> None:
    assert states("CQIMDQ09", counts("CQIMDQ09", (0, 70, 70)), last=0) == [GateState.NOT_ASSESSED]


@pytest.mark.parametrize(("monthly", "expected"), [(100.0, GateState.PASSED), (101.0, GateState.FAILED)])
def test_a_gate_against_hes_divides_by_its_average(monthly: float, expected: GateState) -> None:
    hes = {"RSA": [MonthlyAverage(JANUARY, JANUARY + 11, monthly)]}
    assert states("CQIMDQ09", counts("CQIMDQ09", (0, 70, 70)), hes, last=0) == [expected]


def test_a_failed_gate_marks_the_rates_that_it_guards() -> None:
    judged = judge_gates(counts("CQIMDQ08", (0, 10, 6)), [GATES["CQIMDQ08"]], {}, last_month=JANUARY)
    assert [indicator for indicator, _ in failed_guards(judged, GATES)] == ["BF01"]
