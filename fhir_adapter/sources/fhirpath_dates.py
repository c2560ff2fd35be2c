"""Dates, moments and times of FHIRPath: compared as far as both are precise, and their first and last instants."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from fhir_adapter.sources.view_faults import ViewFault

DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T(?:([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,9})?))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?)?(T)?"
)
TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,9})?))?")
YEAR, MONTH, DAY, HOUR, MINUTE, SECOND = range(6)
SMALLEST = (1, 1, 1, 0, 0, 0)
LARGEST = (9999, 12, 31, 23, 59, 60)
EARLIEST_OFFSET, LATEST_OFFSET = "+14:00", "-12:00"  # where a calendar day begins first and ends last
LAST_MILLISECOND = Decimal("59.999")
DATE_DIGITS = {4: 1, 6: 2, 8: 3}  # FHIRPath: precision of a date counts its digits
MOMENT_DIGITS = {**DATE_DIGITS, 10: 4, 12: 5, 14: 6, 17: 7}
TIME_DIGITS = {2: 1, 4: 2, 6: 3, 9: 4}
DECIMAL_DIGITS = 8  # FHIRPath: of a decimal without an argument
MOST_DECIMAL_DIGITS = 28
NO_BOUNDARY = "lowBoundary() or highBoundary() found something that is no number, date, moment or time"


@dataclass(frozen=True, slots=True)
class Temporal:
    """Parts as far as they are given: year … second of a date or moment, hour … second of a time.

    offset: as written, None when there is none. is_time: the parts begin with the hour. fraction: digits of seconds.
    """

    parts: tuple[Decimal, ...]
    offset: str | None
    is_time: bool
    fraction: bool


def parse_temporal(text: str) -> Temporal | None:
    """A date, moment or time out of its text; None for what is none, also for a 13th month."""
    match = DATE.fullmatch(text)
    if match is not None:
        parts = tuple(Decimal(part) for part in match.groups()[:6] if part is not None)
        return Temporal(parts, match.group(7), False, "." in text) if _is_real(parts, YEAR) else None
    match = TIME.fullmatch(text)
    if match is None:
        return None
    parts = tuple(Decimal(part) for part in match.groups() if part is not None)
    return Temporal(parts, None, True, "." in text) if _is_real(parts, HOUR) else None


def _is_real(parts: tuple[Decimal, ...], first: int) -> bool:
    bounds = zip(SMALLEST[first:], LARGEST[first:], strict=True)
    if not all(low <= part <= high for part, (low, high) in zip(parts, bounds, strict=False)):
        return False
    is_whole_day = first == YEAR and len(parts) > DAY
    return not is_whole_day or parts[DAY] <= _days_in(parts[YEAR], parts[MONTH])


def _days_in(year: Decimal, month: Decimal) -> int:
    return calendar.monthrange(int(year), int(month))[1]


def ordered(left: Temporal, right: Temporal) -> int | None:
    """-1, 0 or 1; None when one is not precise enough to tell, or one is a time and the other a date."""
    if left.is_time is not right.is_time:
        return None
    ours, theirs = (left.parts, right.parts)
    if left.offset is not None and right.offset is not None:
        ours, theirs = _in_utc(left), _in_utc(right)
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(ours) == len(theirs) else None


def _in_utc(moment: Temporal) -> tuple[Decimal, ...]:
    """The parts shifted to UTC; an hour without minutes stays as it is precise."""
    parts = moment.parts
    minutes = _ordinal(parts) * 1440 + parts[HOUR] * 60 + (parts[MINUTE] if len(parts) > MINUTE else 0)
    shifted = minutes - _minutes(moment.offset)
    day, rest = divmod(shifted, 1440)
    hour, minute = divmod(rest, 60)
    whole = (day, hour, minute, *parts[SECOND:])
    return whole[: len(parts) - DAY]


def _ordinal(parts: tuple[Decimal, ...]) -> int:
    year, month, day = (int(part) for part in parts[:HOUR])
    return date(year, month, day).toordinal()


def _minutes(offset: str | None) -> int:
    if offset is None or offset == "Z":
        return 0
    hours, _, minutes = offset[1:].partition(":")
    return (1 if offset[0] == "+" else -1) * (int(hours) * 60 + int(minutes))


def boundary(value: object, *, high: bool, precision: int | None, kind: str | None) -> float | str | None:
    """`lowBoundary()` and `highBoundary()` of one value (FHIRPath 2.0, 5.7); nothing for an impossible precision.

    kind: type of the element when the view knows it, `date` or `dateTime`; a text alone does not always tell.
    Raises ViewFault for what has no boundary.
    """
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _decimal_boundary(Decimal(repr(value)), high, precision)
    found = parse_temporal(value) if isinstance(value, str) else None
    if found is None:
        raise ViewFault(NO_BOUNDARY)
    if found.is_time:
        return _time_boundary(found, high, precision)
    if kind == "dateTime" or len(found.parts) > HOUR:
        return _moment_boundary(found, high, precision)
    return _date_boundary(found, high, precision)


def _decimal_boundary(value: Decimal, high: bool, precision: int | None) -> float | None:
    digits = DECIMAL_DIGITS if precision is None else precision
    if not 0 <= digits <= MOST_DECIMAL_DIGITS:
        return None
    half = Decimal(5).scaleb(int(value.as_tuple().exponent) - 1)
    edge = value + half if high else value - half
    if precision is None:
        return float(edge)
    return float(edge.quantize(Decimal(1).scaleb(-digits), ROUND_CEILING if high else ROUND_FLOOR))


def _date_boundary(found: Temporal, high: bool, precision: int | None) -> str | None:
    wanted = DATE_DIGITS.get(8 if precision is None else precision)
    return None if wanted is None else _date_text(_filled(found, high)[:wanted])


def _moment_boundary(found: Temporal, high: bool, precision: int | None) -> str | None:
    wanted = MOMENT_DIGITS.get(17 if precision is None else precision)
    if wanted is None:
        return None
    parts = _filled(found, high)
    if wanted <= HOUR:
        return _date_text(parts[:wanted])
    offset = found.offset or (LATEST_OFFSET if high else EARLIEST_OFFSET)
    return f"{_date_text(parts[:HOUR])}T{_clock_text(parts[HOUR:], wanted - HOUR)}{offset}"


def _time_boundary(found: Temporal, high: bool, precision: int | None) -> str | None:
    wanted = TIME_DIGITS.get(9 if precision is None else precision)
    return None if wanted is None else _clock_text(_filled(found, high), wanted)


def _filled(found: Temporal, high: bool) -> tuple[Decimal, ...]:
    """All parts; those not given are the first or the last possible, seconds down to the millisecond."""
    parts = list(found.parts)
    first = HOUR if found.is_time else YEAR
    for place in range(first + len(parts), SECOND + 1):
        if not high:
            parts.append(Decimal(SMALLEST[place]))
        elif place == DAY:
            parts.append(Decimal(_days_in(parts[YEAR], parts[MONTH])))
        else:
            parts.append(LAST_MILLISECOND if place == SECOND else Decimal(LARGEST[place]))
    if high and first + len(found.parts) > SECOND and not found.fraction:
        parts[-1] += Decimal("0.999")
    return tuple(parts)


def _date_text(parts: tuple[Decimal, ...]) -> str:
    return "-".join(f"{int(part):0{4 if place == YEAR else 2}}" for place, part in enumerate(parts))


def _clock_text(parts: tuple[Decimal, ...], wanted: int) -> str:
    """Hours, minutes, seconds and milliseconds, as many of them as wanted."""
    hour, minute, second = parts
    whole = int(second)
    pieces = [f"{int(hour):02}", f"{int(minute):02}", f"{whole:02}"]
    text = ":".join(pieces[: min(wanted, 3)])
    return text if wanted <= 3 else f"{text}.{int((second - whole) * 1000):03}"
