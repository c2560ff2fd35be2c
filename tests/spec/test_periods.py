"""Periods lie wholly inside the months asked for, end where the calendar says, and mature when they are told to."""

from __future__ import annotations

from datetime import date

import pytest

from indicator_engine.counts import MonthRange, month_index
from indicator_engine.definition import PeriodLength
from indicator_engine.periods import Period, first_day, period_start, pooled_period, whole_periods


@pytest.mark.parametrize(
    ("length", "first", "last", "starts"),
    [
        (PeriodLength.MONTH, (2025, 4), (2025, 4), [(2025, 4)]),
        (PeriodLength.QUARTER, (2025, 4), (2025, 9), [(2025, 4), (2025, 7)]),
        (PeriodLength.QUARTER, (2025, 5), (2025, 9), [(2025, 7)]),
        (PeriodLength.QUARTER, (2025, 5), (2025, 8), []),
        (PeriodLength.YEAR, (2025, 4), (2026, 3), [(2025, 4)]),
        (PeriodLength.YEAR, (2025, 1), (2026, 12), [(2025, 4)]),
        (PeriodLength.YEAR, (2025, 5), (2026, 4), []),
        (PeriodLength.THREE_YEARS, (2022, 4), (2026, 3), [(2022, 4), (2023, 4)]),
        (PeriodLength.THREE_YEARS, (2022, 5), (2026, 3), [(2023, 4)]),
        (PeriodLength.MONTH, (2025, 5), (2025, 4), []),
    ],
)
def test_only_periods_that_lie_wholly_inside_the_months_are_given(
    length: PeriodLength, first: tuple[int, int], last: tuple[int, int], starts: list[tuple[int, int]]
) -> None:
    months = MonthRange(month_index(*first), month_index(*last))
    assert [period.first_month for period in whole_periods(months, length)] == [month_index(*each) for each in starts]


def test_periods_of_an_open_range_are_refused() -> None:
    with pytest.raises(ValueError, match="closed range"):
        list(whole_periods(MonthRange(1, None), PeriodLength.MONTH))


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ((2024, 2), PeriodLength.MONTH, date(2024, 2, 29)),
        ((2026, 2), PeriodLength.MONTH, date(2026, 2, 28)),
        ((2025, 10), PeriodLength.QUARTER, date(2025, 12, 31)),
        ((2025, 4), PeriodLength.YEAR, date(2026, 3, 31)),
        ((2023, 4), PeriodLength.THREE_YEARS, date(2026, 3, 31)),
    ],
)
def test_a_period_ends_on_its_last_day(start: tuple[int, int], length: PeriodLength, end: date) -> None:
    assert Period(month_index(*start), length).end == end


@pytest.mark.parametrize(("month", "start"), [((2026, 3), (2025, 4)), ((2026, 4), (2026, 4)), ((2025, 12), (2025, 4))])
def test_a_year_begins_in_april(month: tuple[int, int], start: tuple[int, int]) -> None:
    assert period_start(month_index(*month), PeriodLength.YEAR) == month_index(*start)


def test_a_period_matures_on_the_day_after_the_days_given() -> None:
    assert Period(month_index(2026, 3), PeriodLength.MONTH).matures_on(28) == date(2026, 4, 29)


def test_three_years_are_pooled_up_to_the_end_of_the_report() -> None:
    pooled = pooled_period(Period(month_index(2025, 4), PeriodLength.YEAR), PeriodLength.THREE_YEARS)
    assert (pooled.start, pooled.end) == (date(2023, 4, 1), date(2026, 3, 31))


def test_a_month_index_gives_its_first_day_back() -> None:
    assert first_day(month_index(2026, 12)) == date(2026, 12, 1)
