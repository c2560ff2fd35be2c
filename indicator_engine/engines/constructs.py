"""The few SQL constructs that databases spell differently.

The default spelling is PostgreSQL's, which DuckDB reads as well. SQLite keeps dates as ISO text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Date, Float, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class CalendarDate(FunctionElement[Any]):
    """The date of an ISO text with or without a time."""

    type = Date()
    inherit_cache = True


class DaysBetween(FunctionElement[int]):
    """Days from the second date to the first."""

    type = Integer()
    inherit_cache = True


class CompletedYears(FunctionElement[int]):
    """Completed years from the second date to the first."""

    type = Integer()
    inherit_cache = True


class MinutesBetween(FunctionElement[float]):
    """Minutes from the second moment to the first; null when either is a date without a time."""

    type = Float()
    inherit_cache = True


class MonthIndex(FunctionElement[int]):
    """Months since the year 0 of a date."""

    type = Integer()
    inherit_cache = True


class HoldsText(FunctionElement[bool]):
    """Whether the first text holds the second."""

    type = Boolean()
    inherit_cache = True


class ByteOrder(FunctionElement[str]):
    """A text to sort by, in the order of its bytes whatever the locale of the database."""

    type = String()
    inherit_cache = True


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, **kwargs: Any) -> list[str]:
    return [compiler.process(clause, **kwargs) for clause in element.clauses]


@compiles(CalendarDate)
def _calendar_date(element: CalendarDate, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return f"CAST(substr({value}, 1, 10) AS DATE)"


@compiles(CalendarDate, "sqlite")
def _calendar_date_sqlite(element: CalendarDate, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return f"substr({value}, 1, 10)"


@compiles(DaysBetween)
def _days_between(element: DaysBetween, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    return f"({later} - {earlier})"


@compiles(DaysBetween, "sqlite")
def _days_between_sqlite(element: DaysBetween, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    return f"CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"


def _timed(later: str, earlier: str, minutes: str) -> str:
    return f"CASE WHEN length({later}) > 10 AND length({earlier}) > 10 THEN {minutes} END"


@compiles(MinutesBetween)
def _minutes_between(element: MinutesBetween, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    seconds = f"EXTRACT(EPOCH FROM (CAST({later} AS TIMESTAMPTZ) - CAST({earlier} AS TIMESTAMPTZ)))"
    return _timed(later, earlier, f"CAST({seconds} AS DOUBLE PRECISION) / 60.0")


@compiles(MinutesBetween, "sqlite")
def _minutes_between_sqlite(element: MinutesBetween, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    return _timed(later, earlier, f"(strftime('%s', {later}) - strftime('%s', {earlier})) / 60.0")


def _year(value: str) -> str:
    return f"CAST(EXTRACT(YEAR FROM {value}) AS INTEGER)"


def _day_of_year_number(value: str) -> str:
    return f"(CAST(EXTRACT(MONTH FROM {value}) AS INTEGER) * 100 + CAST(EXTRACT(DAY FROM {value}) AS INTEGER))"


def _sqlite_year(value: str) -> str:
    return f"CAST(substr({value}, 1, 4) AS INTEGER)"


def _sqlite_day_of_year_number(value: str) -> str:
    return f"(CAST(substr({value}, 6, 2) AS INTEGER) * 100 + CAST(substr({value}, 9, 2) AS INTEGER))"


@compiles(CompletedYears)
def _completed_years(element: CompletedYears, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    before = f"{_day_of_year_number(later)} < {_day_of_year_number(earlier)}"
    return f"({_year(later)} - {_year(earlier)} - CASE WHEN {before} THEN 1 ELSE 0 END)"


@compiles(CompletedYears, "sqlite")
def _completed_years_sqlite(element: CompletedYears, compiler: SQLCompiler, **kwargs: Any) -> str:
    later, earlier = _parts(element, compiler, **kwargs)
    before = f"{_sqlite_day_of_year_number(later)} < {_sqlite_day_of_year_number(earlier)}"
    return f"({_sqlite_year(later)} - {_sqlite_year(earlier)} - CASE WHEN {before} THEN 1 ELSE 0 END)"


@compiles(MonthIndex)
def _month_index(element: MonthIndex, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return f"({_year(value)} * 12 + CAST(EXTRACT(MONTH FROM {value}) AS INTEGER) - 1)"


@compiles(MonthIndex, "sqlite")
def _month_index_sqlite(element: MonthIndex, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return f"({_sqlite_year(value)} * 12 + CAST(substr({value}, 6, 2) AS INTEGER) - 1)"


@compiles(HoldsText)
def _holds_text(element: HoldsText, compiler: SQLCompiler, **kwargs: Any) -> str:
    text, part = _parts(element, compiler, **kwargs)
    return f"strpos({text}, {part}) > 0"


@compiles(HoldsText, "sqlite")
def _holds_text_sqlite(element: HoldsText, compiler: SQLCompiler, **kwargs: Any) -> str:
    text, part = _parts(element, compiler, **kwargs)
    return f"instr({text}, {part}) > 0"


@compiles(ByteOrder)
def _byte_order(element: ByteOrder, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return f'{value} COLLATE "C"'


@compiles(ByteOrder, "sqlite")
def _byte_order_sqlite(element: ByteOrder, compiler: SQLCompiler, **kwargs: Any) -> str:
    (value,) = _parts(element, compiler, **kwargs)
    return value
