"""What is published of open conflicts: how many records they leave in doubt, and how far the rate could move."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicator_engine.counts import FLAGGED_COLUMNS, CountRow
from indicator_engine.disclosure import DisclosedFlagged, DisclosedReport
from indicator_engine.disclosure.doubts import bounds
from tests.counted import APRIL_2025, count_rows, disclosed, estimates_of, report_of, whole_rows

MASKED = "masked_cell"


def whole_row(denominator: int, numerator: int, *, population: int | None = None, month: int = 0) -> CountRow:
    """Those in doubt in one month of trust RSA."""
    place = ("LB01", "1.0.0", APRIL_2025 + month, "RSA", "RSA01", "all", "all")
    return (*place, denominator if population is None else population, denominator, numerator)


def flagged(
    rows: list[CountRow], in_doubt: list[CountRow], preset: str = "none", *, length: str = "P1M"
) -> DisclosedFlagged:
    """What is said of the whole."""
    return report_of(disclosed(estimates_of(rows, flagged=in_doubt), preset), length=length).cells[0].flagged


def test_share_and_bounds_follow_from_the_counts() -> None:
    found = flagged(whole_rows(APRIL_2025, 100, 20), [whole_row(10, 4)])
    assert found == DisclosedFlagged(10, 10, 4, 0.1, 0.16, 0.26, None)


def test_a_record_that_may_come_into_the_denominator_widens_both_bounds() -> None:
    found = flagged(whole_rows(APRIL_2025, 100, 20), [whole_row(0, 0, population=25)])
    assert (found.share, found.low, found.high) == (0.0, 20 / 125, 45 / 125)


def test_where_nobody_is_in_doubt_the_bounds_are_the_rate() -> None:
    assert flagged(whole_rows(APRIL_2025, 100, 20), []) == DisclosedFlagged(0, 0, 0, 0.0, 0.2, 0.2, None)


def test_those_in_doubt_add_up_over_months() -> None:
    rows = [row for month in range(3) for row in whole_rows(APRIL_2025 + month, 100, 20)]
    found = flagged(rows, [whole_row(10, 4), whole_row(5, 0, month=2)], length="P3M")
    assert (found.denominator, found.numerator) == (15, 4)


@pytest.mark.parametrize(
    ("in_doubt", "expected"),
    [
        ((7, 0), (None, None, 0)),
        ((8, 3), (10, 10, None)),
        ((13, 9), (15, 15, 10)),
        ((0, 0), (0, 0, 0)),
    ],
)
def test_a_small_number_of_records_in_doubt_is_masked_as_every_count_is(
    in_doubt: tuple[int, int], expected: tuple[int | None, ...]
) -> None:
    found = flagged(whole_rows(APRIL_2025, 200, 50), [whole_row(*in_doubt)], "hes")
    assert (found.population, found.denominator, found.numerator) == expected


def test_the_bounds_of_a_masked_number_are_those_of_the_largest_it_may_be() -> None:
    bounds_of = {(found.low, found.high) for found in (_small(number) for number in range(1, 8))}
    assert bounds_of == {((50 - 7) / 207, (50 + 7 + 7) / 207)}


def _small(number: int) -> DisclosedFlagged:
    return flagged(whole_rows(APRIL_2025, 200, 50), [whole_row(number, 1)], "hes")


@pytest.mark.parametrize("preset", ["hes", "msds"])
def test_nothing_is_said_of_those_in_doubt_in_a_masked_cell(preset: str) -> None:
    assert flagged(whole_rows(APRIL_2025, 200, 3), [whole_row(20, 0)], preset).withheld == MASKED


def strata_report(preset: str) -> DisclosedReport:
    """Three groups of which the last has few events, and records in doubt in the first two."""
    rows = count_rows(APRIL_2025, {"eth5": {"white": (300, 60), "asian": (200, 40), "black": (60, 5)}})
    in_doubt = count_rows(APRIL_2025, {"eth5": {"white": (30, 10), "asian": (20, 10)}})
    return report_of(disclosed(estimates_of(rows, flagged=in_doubt), preset))


def test_nothing_is_said_of_the_groups_beside_a_masked_one() -> None:
    withheld = {
        each.stratum for each in strata_report("hes").cells if each.flagged.withheld and each.dimension == "eth5"
    }
    assert withheld == {"white", "mixed", "asian", "black", "other", "unknown"}
    assert strata_report("hes").cells[0].flagged.withheld is None


@pytest.mark.parametrize("preset", ["hes", "msds", "none"])
def test_where_nobody_at_all_is_in_doubt_nothing_is_withheld(preset: str) -> None:
    assert flagged(whole_rows(APRIL_2025, 200, 3), [], preset).population == 0


def test_every_group_is_told_of_where_nothing_is_masked() -> None:
    told = {each.stratum: each.flagged.denominator for each in strata_report("none").cells if each.dimension == "eth5"}
    assert told == {"white": 30, "mixed": 0, "asian": 20, "black": 0, "other": 0, "unknown": 0}


def test_nothing_is_said_of_a_trust_beside_one_that_is_masked_and_all_of_both_together() -> None:
    rows = whole_rows(APRIL_2025, 300, 60) + whole_rows(APRIL_2025, 60, 5, provider="RSB", site="RSB01")
    table = disclosed(estimates_of(rows, flagged=[whole_row(30, 10)]), "hes")
    withheld = {code: report_of(table, subject=code).cells[0].flagged.withheld for code in ("RSA", "RSB", "QSY")}
    assert withheld == {"RSA": MASKED, "RSB": MASKED, "QSY": None}


def test_nothing_is_said_of_a_month_beside_one_that_is_masked_and_all_of_their_quarter() -> None:
    months = ((0, 60), (1, 60), (2, 5))
    rows = [row for month, numerator in months for row in whole_rows(APRIL_2025 + month, 300, numerator)]
    table = disclosed(estimates_of(rows, flagged=[whole_row(30, 10)]), "hes")
    assert [report_of(table, place=place).cells[0].flagged.withheld for place in range(3)] == [MASKED] * 3
    assert report_of(table, length="P3M").cells[0].flagged.withheld is None


counts = st.integers(0, 5)


@settings(derandomize=True, max_examples=60, deadline=None, database=None)
@given(certain=st.tuples(counts, counts), doubted=st.lists(st.sampled_from(("out", "den", "num")), max_size=5))
def test_however_conflicts_fall_the_rate_stays_between_the_bounds(certain: tuple[int, int], doubted: list[str]) -> None:
    events, others = certain
    denominator = events + others + sum(each != "out" for each in doubted)
    numbers = (len(doubted), sum(each != "out" for each in doubted), doubted.count("num"))
    known = {name: np.array([number]) for name, number in zip(FLAGGED_COLUMNS, numbers, strict=True)}
    low, high = bounds(np.array([denominator]), np.array([events + doubted.count("num")]), least=known, most=known)
    fallen = [_rate(events, others, each) for each in product(("out", "den", "num"), repeat=len(doubted))]
    rates = [each for each in fallen if each is not None and denominator]
    assert min(rates, default=0.0) >= low[0] - 1e-12 or not rates
    assert max(rates, default=0.0) <= high[0] + 1e-12 or not rates


def _rate(events: int, others: int, fallen: tuple[str, ...]) -> float | None:
    """The rate if the conflicts fell so."""
    numerator = events + fallen.count("num")
    denominator = events + others + len(fallen) - fallen.count("out")
    return numerator / denominator if denominator else None
