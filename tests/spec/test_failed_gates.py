"""Which reports a failed gate marks, and what they say of it under each preset."""

from __future__ import annotations

import pytest

from indicator_engine.counts import CountTable
from indicator_engine.definition import shipped_gates
from indicator_engine.disclosure import DisclosedGate, DisclosedTable, disclose
from indicator_engine.gates import GateCounts
from tests.counted import APRIL_2025, estimates_of, report_of, whole_rows


def table(preset: str, *months: tuple[int, int]) -> DisclosedTable:
    """Reports of smokers at delivery; of each month how many women delivered, and of how many the status is known."""
    rows = [row for month in range(6) for row in whole_rows(APRIL_2025 + month, 100, 20)]
    known = [
        ("CQIMDQ06", "1.0.0", APRIL_2025 + month, "RSA", "RSA01", "all", "all", women, women, told)
        for month, (women, told) in enumerate(months)
    ]
    gates = GateCounts(CountTable.of_rows(known), {"CQIMDQ06": shipped_gates()["CQIMDQ06"]}, {})
    return disclose(estimates_of(rows), preset=preset, audience="public", gates=gates)


def marks(found: DisclosedTable, length: str = "P1M") -> list[list[DisclosedGate]]:
    """The gates of each report of the whole, in order of time."""
    chosen = [each for each in found.reports if (each.subject, each.length) == ("QSY", length)]
    return [list(each.failed_gates) for each in chosen]


def test_a_gate_that_looks_at_the_month_before_marks_the_month_after() -> None:
    found = marks(table("none", (100, 90), (100, 60), (100, 90), (100, 90)))
    assert [len(each) for each in found] == [0, 0, 1, 0, 0, 0]


def test_a_quarter_is_marked_once_with_the_latest_month_that_failed() -> None:
    ((mark,), _) = marks(table("none", (100, 60), (100, 50), (100, 90)), "P3M")
    assert (mark.gate, mark.value, mark.least, mark.months_failed) == ("CQIMDQ06", 0.5, 0.7, 2)
    assert mark.month.isoformat() == "2025-06-01"


@pytest.mark.parametrize(("preset", "marked"), [("none", 1), ("hes", 0), ("msds", 0)])
def test_a_masked_count_neither_marks_nor_clears_a_rate(preset: str, marked: int) -> None:
    assert sum(map(len, marks(table(preset, (30, 5), (100, 90))))) == marked


@pytest.mark.parametrize(
    ("told", "shown"), [((1000, 612), 0.61), ((1000, 697), 0.697), ((10_000, 6996), 0.6996)], ids=str
)
def test_a_share_has_two_figures_or_as_many_as_lie_outside_the_limit(told: tuple[int, int], shown: float) -> None:
    (mark,) = report_of(table("hes", told, (100, 90)), place=1).failed_gates
    assert mark.value == shown


def test_a_trust_is_marked_as_the_whole_is() -> None:
    found = table("none", (100, 60), (100, 90))
    assert report_of(found, subject="RSA", place=1).failed_gates == report_of(found, place=1).failed_gates
