"""Reads the parameters of a FHIR search into a `SearchQuery`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fhir_adapter.api.queries import (
    CanonicalFilter,
    CanonicalVersion,
    Comparison,
    DateFilter,
    SearchFilter,
    SearchQuery,
    SortKey,
    TextFilter,
    Token,
    TokenFilter,
)
from fhir_adapter.api.served import SERVED, SORT_KEYS
from fhir_adapter.errors import SearchRefused
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import LOCAL_ZONE

DEFAULT_COUNT = 50
LARGEST_COUNT = 500
UNESCAPED_COMMA = re.compile(r"(?<!\\),")
UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
ESCAPED = re.compile(r"\\([\\,|$])")
DATE_VALUE = re.compile(
    r"^(eq|ge|le|gt|lt)?([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?))?)?)?$"
)
# Handled before the search, or saying only how the answer is written.
OTHER_PARAMETERS = frozenset(("_format", "_pretty"))


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reading of values depends on: the base of this server and of our canonicals."""

    fhir_base: str
    canonicals: Canonicals


@dataclass(frozen=True, slots=True)
class ReadSearch:
    """A search as read: the query, the parameters understood (for the self link) and the names ignored."""

    query: SearchQuery
    understood: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def read_search(
    resource_type: str, parameters: Iterable[tuple[str, str]], reader: Reader, *, strict: bool = False
) -> ReadSearch:
    """Read the parameters of a search on a served type.

    Unknown parameters are ignored and named; strict refuses them. Raises SearchRefused for a known parameter whose
    value or modifier cannot be read.
    """
    filters: list[SearchFilter] = []
    understood: list[tuple[str, str]] = []
    ignored: list[str] = []
    controls: dict[str, str] = {}
    for name, value in parameters:
        known = _known(resource_type, name)
        if name in OTHER_PARAMETERS:
            continue
        if known is None or not value:
            ignored.append(name)
            continue
        if "\x00" in value:
            raise SearchRefused(name, "a value holds the NUL character; remove it")
        understood.append((name, value))
        if known == "control":
            controls[name] = value
        else:
            filters.append(_filter(name, known, value, reader))
    if strict and ignored:
        raise SearchRefused(ignored[0], _unknown_text(resource_type))
    query = SearchQuery(
        filters=tuple(filters),
        sort=_sort(resource_type, controls.get("_sort", "")),
        count=_count(controls.get("_count")),
        cursor=controls.get("_cursor"),
    )
    return ReadSearch(query, tuple(understood), tuple(ignored))


def _known(resource_type: str, name: str) -> str | None:
    if name in ("_sort", "_count", "_cursor"):
        return "control"
    bare = name.partition(":")[0]
    return next((each.type for each in SERVED[resource_type].search if each.name == bare), None)


def _unknown_text(resource_type: str) -> str:
    names = ", ".join(each.name for each in SERVED[resource_type].search)
    return f"a search parameter is not known here; {resource_type} has {names}, _sort, _count"


def _filter(name: str, kind: str, value: str, reader: Reader) -> SearchFilter:
    bare, _, modifier = name.partition(":")
    if modifier and not (modifier == "identifier" and bare in ("subject", "reporter")):
        raise SearchRefused(bare, f"the modifier of `{bare}` is not supported; leave it out")
    if kind == "date":
        return _date_filter(bare, value)
    parts = UNESCAPED_COMMA.split(value)
    if bare == "measure":
        return CanonicalFilter(bare, tuple(_canonical(part, reader) for part in parts))
    if kind == "uri":
        return CanonicalFilter(bare, tuple(CanonicalVersion(_unescape(part), None) for part in parts))
    if kind == "string":
        return TextFilter(bare, tuple(_unescape(part) for part in parts))
    read_one = _reference(bare, reader) if kind == "reference" and not modifier else _token
    return TokenFilter(bare, tuple(read_one(part) for part in parts))


def _unescape(text: str) -> str:
    return ESCAPED.sub(r"\1", text)


def _token(text: str) -> Token:
    first, *rest = UNESCAPED_PIPE.split(text, maxsplit=1)
    if not rest:
        return Token(None, _unescape(first))
    # Report keys hold pipes, and many clients do not escape them: `LB06|1.0.0|…` has no system before its first pipe.
    is_system = not first or "/" in first or ":" in first
    return Token(first or None, _unescape(rest[0])) if is_system else Token(None, _unescape(text))


def _reference(name: str, reader: Reader) -> Callable[[str], Token]:
    resource_type = {"subject": "Location", "reporter": "Organization"}[name]

    def read_one(text: str) -> Token:
        relative = _unescape(text).removeprefix(f"{reader.fhir_base}/")
        return Token(None, relative.removeprefix(f"{resource_type}/"))

    return read_one


def _canonical(text: str, reader: Reader) -> CanonicalVersion:
    url, _, version = _unescape(text).partition("|")
    relative = url.removeprefix(f"{reader.fhir_base}/")
    if relative.startswith("Measure/") or "/" not in relative:
        url = reader.canonicals.measure(relative.removeprefix("Measure/"))
    return CanonicalVersion(url, version or None)


def _date_filter(name: str, value: str) -> DateFilter:
    match = DATE_VALUE.match(value)
    try:
        if match is None:
            raise ValueError
        comparison = Comparison(match[1] or "eq")
        low, before = (_in_utc(moment) for moment in _range(match))
    except (ValueError, OverflowError):
        text = f"`{name}` needs a date such as 2026-01 or ge2026-01-31, with the prefix eq, ge, le, gt or lt"
        raise SearchRefused(name, text) from None
    return DateFilter(name, comparison, low, before)


def _in_utc(moment: datetime) -> datetime:
    """The moment itself; raises OverflowError near the ends of the calendar, where it has no equal in UTC."""
    moment.astimezone(UTC)
    return moment


def _range(match: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day, time = int(match[2]), match[3], match[4], match[5]
    if time is not None:
        low = _local(datetime.fromisoformat(f"{year:04}-{month}-{day}T{time}"))
        return low, low + _precision(time)
    if day is not None:
        start = datetime(year, int(month), int(day), tzinfo=LOCAL_ZONE)
        return start, start + timedelta(days=1)
    if month is not None:
        start = datetime(year, int(month), 1, tzinfo=LOCAL_ZONE)
        return start, (start + timedelta(days=31)).replace(day=1)
    return datetime(year, 1, 1, tzinfo=LOCAL_ZONE), datetime(year + 1, 1, 1, tzinfo=LOCAL_ZONE)


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=LOCAL_ZONE) if moment.tzinfo is None else moment


def _precision(time: str) -> timedelta:
    if "." in time:
        return timedelta(microseconds=1)
    return timedelta(seconds=1) if time.count(":") - ("+" in time or "-" in time) > 1 else timedelta(minutes=1)


def _sort(resource_type: str, value: str) -> tuple[SortKey, ...]:
    names = [name for name in value.split(",") if name]
    keys = tuple(SortKey(name.removeprefix("-"), name.startswith("-")) for name in names)
    allowed = SORT_KEYS[resource_type]
    if any(key.name not in allowed for key in keys):
        raise SearchRefused("_sort", f"`_sort` takes {', '.join(allowed)}, each with an optional minus sign")
    return keys


def _count(value: str | None) -> int:
    if value is None:
        return DEFAULT_COUNT
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise SearchRefused("_count", f"`_count` is a whole number; at most {LARGEST_COUNT} are sent at once")
    return min(int(value), LARGEST_COUNT)
