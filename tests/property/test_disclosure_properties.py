"""Laws of disclosure that hold for all counts."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicator_engine.counts import CountRow
from indicator_engine.disclosure import DisclosedCell, DisclosedReport, DisclosedTable, preset_named
from indicator_engine.estimates import Estimates
from indicator_engine.statistics.proportions import wilson_interval
from tests.counted import APRIL_2025, count_rows, disclosed, estimates_of

few_examples = settings(derandomize=True, max_examples=8, deadline=None, database=None)
many_examples = settings(few_examples, max_examples=200)


@st.composite
def cells(draw: st.DrawFn) -> tuple[int, int]:
    """A denominator and a numerator, small ones as often as large ones."""
    denominator = draw(st.one_of(st.integers(0, 12), st.integers(13, 300)))
    return denominator, draw(st.integers(0, denominator))


fifths = st.fixed_dictionaries({"imd5": st.fixed_dictionaries({str(rank): cells() for rank in range(1, 6)})})


@st.composite
def years(draw: st.DrawFn) -> list[CountRow]:
    """Counts of two trusts over a year of which some months hold nothing."""
    months = draw(st.sets(st.integers(1, 10), max_size=3))
    places = [(month, trust) for month in sorted({0, 11, *months}) for trust in ("RSA", "RSB")]
    return [
        row
        for month, trust in places
        for row in count_rows(APRIL_2025 + month, draw(fifths), provider=trust, site=f"{trust}01")
    ]


def cells_of(table: DisclosedTable) -> list[DisclosedCell]:
    """Every cell of every report."""
    return [cell for report in table.reports for cell in report.cells]


@many_examples
@given(count=st.integers(0, 10**7))
def test_hes_shows_zero_or_multiples_of_five_from_ten_and_masks_one_to_seven(count: int) -> None:
    hes, counts = preset_named("hes"), np.array([count])
    shown = int(hes.disclosed(counts)[0])
    assert bool(hes.is_masked(counts)[0]) == (1 <= count <= 7)
    assert (1 <= count <= 7) or shown == 0 or (shown >= 10 and shown % 5 == 0)
    assert (1 <= count <= 7) or abs(shown - count) <= 2


@few_examples
@given(rows=years())
def test_every_cell_under_hes_is_absent_or_zero_or_a_multiple_of_five_from_ten(rows: list[CountRow]) -> None:
    shown = {
        count
        for cell in cells_of(disclosed(estimates_of(rows), "hes"))
        for count in (cell.population, cell.denominator, cell.numerator)
    }
    assert {count for count in shown if count not in (None, 0) and (count < 10 or count % 5 != 0)} == set()


@pytest.mark.parametrize("preset", ["hes", "msds", "none"])
@few_examples
@given(rows=years())
def test_every_rate_can_be_computed_again_from_the_counts_beside_it(preset: str, rows: list[CountRow]) -> None:
    found = cells_of(disclosed(estimates_of(rows), preset))
    shown = [cell for cell in found if cell.numerator is not None and cell.denominator]
    numerators, denominators = [cell.numerator or 0 for cell in shown], [cell.denominator or 0 for cell in shown]
    again = wilson_interval(numerators, denominators)
    values = [numerator / denominator for numerator, denominator in zip(numerators, denominators, strict=True)]
    assert [cell.value for cell in shown] == values
    assert [cell.low for cell in shown] == again.lower.tolist()
    assert [cell.high for cell in shown] == again.upper.tolist()
    assert {cell.value for cell in found if cell not in shown} <= {None}


@few_examples
@given(rows=years())
def test_without_control_the_counts_are_the_true_ones(rows: list[CountRow]) -> None:
    estimates = estimates_of(rows)
    shown = [(cell.population, cell.denominator, cell.numerator) for cell in cells_of(disclosed(estimates))]
    ordered = in_the_order_of_reports(estimates)
    assert shown == list(ordered[["population", "denominator", "numerator"]].itertuples(index=False, name=None))


def in_the_order_of_reports(estimates: Estimates) -> pd.DataFrame:
    """True cells, report by report."""
    return estimates.cells.sort_values(["indicator", "subject", "length", "start"], kind="stable")


@few_examples
@given(rows=years())
def test_the_trusts_add_up_to_the_whole_where_every_record_names_one(rows: list[CountRow]) -> None:
    counted = estimates_of(rows).cells
    closed = counted[counted["dimension"] != "site"]
    keys = ["length", "start", "dimension", "stratum"]
    is_whole = closed["subject"] == "QSY"
    whole = closed[is_whole].groupby(keys)[["population", "denominator", "numerator"]].sum()
    trusts = closed[~is_whole].groupby(keys)[["population", "denominator", "numerator"]].sum()
    pd.testing.assert_frame_equal(whole, trusts)


@few_examples
@given(rows=years())
def test_a_gap_is_withheld_exactly_where_one_of_its_cells_is_masked_or_empty(rows: list[CountRow]) -> None:
    table = disclosed(estimates_of(rows), "hes")
    pairs = [pair for report in table.reports for pair in gaps_with_masked_cells(report)]
    assert [has_value for has_value, _ in pairs] == [not is_hidden for _, is_hidden in pairs]


def gaps_with_masked_cells(report: DisclosedReport) -> list[tuple[bool, bool]]:
    """For each difference between fifths: whether it has a value, and whether one of its own two cells hides it."""
    of_stratum = {cell.stratum: cell for cell in report.cells if cell.dimension == "imd5"}
    return [
        (gap.value is not None, any(_is_hidden(of_stratum[each]) for each in (gap.stratum or "", gap.reference or "")))
        for gap in report.statistics
        if gap.type == "difference" and gap.dimension == "imd5" and gap.reference == "5"
    ]


def _is_hidden(cell: DisclosedCell) -> bool:
    return cell.numerator is None or not cell.denominator


@few_examples
@given(rows=years())
def test_a_grey_light_stands_on_every_gap_that_is_withheld(rows: list[CountRow]) -> None:
    table = disclosed(estimates_of(rows), "hes")
    withheld = [
        each for report in table.reports for each in report.statistics if each.withheld and each.type == "difference"
    ]
    assert {each.status for each in withheld} <= {"grey"}


@few_examples
@given(rows=years(), seed=st.integers(0, 9))
def test_the_order_of_counts_does_not_matter(rows: list[CountRow], seed: int) -> None:
    mixed = random.Random(seed).sample(rows, len(rows))
    assert disclosed(estimates_of(mixed), "hes") == disclosed(estimates_of(rows), "hes")
