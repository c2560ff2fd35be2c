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
    months_of,
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


def test_a_lowest_share_that_is_less_than_one_record_fails_nobody() -> None:
    found = counts("CQIMDQ05", (0, 199, 0), (1, 200, 0), (2, 199, 199))
    assert states("CQIMDQ05", found, last=2) == [GateState.PASSED, GateState.FAILED, GateState.FAILED]


@pytest.mark.parametrize("gate", ["CQIMDQ14", "CQIMDQ21"])
def test_a_gate_on_numbers_waits_until_records_fill_its_months(gate: str) -> None:
    quiet = counts(gate, *((month, 10, 0) for month in range(7)))
    hes = {"RSA": [MonthlyAverage(JANUARY, JANUARY + 11, 100.0)]}
    waiting = months_of(GATES[gate].gate, JANUARY).stop - months_of(GATES[gate].gate, JANUARY).start - 1
    assert states(gate, quiet, hes, last=6) == [GateState.NOT_ASSESSED] * waiting + [GateState.FAILED] * (7 - waiting)


@pytest.mark.parametrize(
    ("month", "expected"), [(-1, None), (0, 100.0), (11, 100.0), (12, 120.0), (30, 120.0)], ids=str
)
def test_the_average_is_that_of_the_span_of_the_month_or_the_latest_before(month: int, expected: float | None) -> None:
    spans = [
        MonthlyAverage(JANUARY + 12, JANUARY + 23, 120.0),
        MonthlyAverage(JANUARY, JANUARY + 11, 100.0),
    ]
    assert average_of(spans, JANUARY + month) == expected


def two_trusts(gate: str) -> CountTable:
    """Seventy records of each of two trusts in one month."""
    return CountTable.of_rows(
        [(gate, "1.0.0", JANUARY, trust, f"{trust}01", "all", "all", 70, 70, 70) for trust in ("RSA", "RSB")]
    )


@pytest.mark.parametrize(
    ("averages", "failed"),
    [
        ({"RSA": 120.0, "RSB": 90.0}, {"RSA", "QSY"}),
        ({"RSA": 120.0}, {"RSA"}),
        ({"RSB": 90.0, "QSY": 300.0}, {"QSY"}),
        ({}, set()),
    ],
)
def test_the_whole_is_judged_by_its_own_average_or_by_those_of_all_its_trusts(
    averages: dict[str, float], failed: set[str]
) -> None:
    hes = {code: [MonthlyAverage(JANUARY, JANUARY, each)] for code, each in averages.items()}
    counted = GateCounts(two_trusts("CQIMDQ09"), {"CQIMDQ09": GATES["CQIMDQ09"]}, hes)
    found = failed_by_subject(counted, subject_of={}, reporter="QSY")
    assert {subject for indicator, subject, _ in found if indicator == "BF01"} == failed


def test_a_gate_that_rests_on_a_protected_count_is_not_judged() -> None:
    found = counts("CQIMDQ08", (0, 10, 6))
    judged = judge_gates(found, [GATES["CQIMDQ08"]], {}, last_month=JANUARY, is_protected=lambda count: count < 8)
    assert [each.state for each in judged] == [GateState.NOT_ASSESSED]


def test_a_failed_gate_marks_the_rates_that_it_guards() -> None:
    judged = judge_gates(counts("CQIMDQ08", (0, 10, 6)), [GATES["CQIMDQ08"]], {}, last_month=JANUARY)
    assert [indicator for indicator, _ in failed_guards(judged, GATES)] == ["BF01"]
