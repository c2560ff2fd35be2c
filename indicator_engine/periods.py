"""Reporting periods: calendar months, calendar quarters and financial years (April to March), ends inclusive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from indicator_engine.counts import MonthRange
from indicator_engine.definition import PeriodLength

MONTHS: Mapping[PeriodLength, int] = {
    PeriodLength.MONTH: 1,
    PeriodLength.QUARTER: 3,
    PeriodLength.YEAR: 12,
    PeriodLength.THREE_YEARS: 36,
}
APRIL = 3  # place of April in a year that begins with January at 0


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A reporting period by its first month index and its length."""

    first_month: int
    length: PeriodLength

    @property
    def last_month(self) -> int:
        """Month index of the last month."""
        return self.first_month + MONTHS[self.length] - 1

    @property
    def start(self) -> date:
        """First day."""
        return first_day(self.first_month)

    @property
    def end(self) -> date:
        """Last day, inside the period."""
        return first_day(self.last_month + 1) - timedelta(days=1)

    def matures_on(self, days: int) -> date:
        """First day on which the counts of the period are held to be complete."""
        return self.end + timedelta(days=days + 1)


def first_day(month: int) -> date:
    """First day of a month index."""
    return date(month // 12, month % 12 + 1, 1)


def period_start(month: int, length: PeriodLength) -> int:
    """First month index of the period that a month falls in. Years and three years begin in April."""
    if length is PeriodLength.MONTH:
        return month
    if length is PeriodLength.QUARTER:
        return month - month % 3
    return month - (month - APRIL) % 12


def whole_periods(months: MonthRange, length: PeriodLength) -> Iterator[Period]:
    """Periods of one length that lie wholly inside a closed range of months, in order."""
    if months.first is None or months.last is None:
        raise ValueError("whole periods are asked of a closed range of months")
    start = period_start(months.first, length)
    while start + MONTHS[length] - 1 <= months.last:
        if start >= months.first:
            yield Period(start, length)
        start += MONTHS[length] if length is not PeriodLength.THREE_YEARS else 12


def pooled_period(report: Period, length: PeriodLength) -> Period:
    """The period of `length` that ends with the report."""
    return Period(report.last_month - MONTHS[length] + 1, length)
