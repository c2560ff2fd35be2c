"""Search over the current resources of a type, with pages that do not shift while a reader turns them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from enum import StrEnum

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.errors import SearchRefused
from fhir_adapter.store.operational_schema import RESOURCE
from fhir_adapter.store.releases import SAVED_COLUMNS, SavedResource, is_visible


class SortColumn(StrEnum):
    """What a search may be sorted by."""

    ID = "id"
    LAST_UPDATED = "last_updated"
    PERIOD_START = "period_start"
    PERIOD_END = "period_end"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The column has one of the values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The column begins with one of the texts, whatever the case."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasureIs:
    """The measure is one of (canonical url, version); version None takes every version."""

    values: tuple[tuple[str, str | None], ...]


class Reach(StrEnum):
    """How the range of a resource must lie to the range asked for: prefixes of R4 date search."""

    EQUAL = "eq"
    GREATER_OR_EQUAL = "ge"
    LESS_OR_EQUAL = "le"
    GREATER = "gt"
    LESS = "lt"


@dataclass(frozen=True, slots=True)
class RangeIs:
    """The range from `start_column` to `end_column` lies so to the range from first to last, all ends inclusive.

    For dates first and last are calendar dates; for last_updated they are instants in UTC as text.
    """

    start_column: str
    end_column: str
    reach: Reach
    first: str
    last: str


ResourceFilter = AnyOf | StartsWith | MeasureIs | RangeIs


@dataclass(frozen=True, slots=True)
class ResourceSearch:
    """All filters must hold. sort: (column, descending); the id always decides last. cursor: from the page before."""

    type: str
    audience: str
    filters: tuple[ResourceFilter, ...] = ()
    sort: tuple[tuple[SortColumn, bool], ...] = ()
    count: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """One page. total: matches over all pages. next_cursor: None on the last page."""

    entries: tuple[SavedResource, ...]
    total: int
    next_cursor: str | None


def search_resources(connection: Connection, search: ResourceSearch) -> ResourcePage:
    """One page of the current resources that match; raises SearchRefused for a cursor that is none of ours."""
    matching = [RESOURCE.c.type == search.type, RESOURCE.c.is_current, is_visible(search.audience)]
    matching += [_condition(each) for each in search.filters]
    total = connection.execute(sa.select(sa.func.count()).select_from(RESOURCE).where(*matching)).scalar_one()
    if search.count == 0:
        return ResourcePage((), total, None)
    keys = _sort_keys(search)
    statement = sa.select(*SAVED_COLUMNS, *(key for key, _ in keys)).where(*matching)
    if search.cursor is not None:
        statement = statement.where(_after(keys, _read_cursor(search)))
    order = [key.desc() if descending else key.asc() for key, descending in keys]
    # one row more than asked for tells whether there is another page
    rows = connection.execute(statement.order_by(*order).limit(search.count + 1)).all()
    page = rows[: search.count]
    entries = tuple(SavedResource(*row[: len(SAVED_COLUMNS)]) for row in page)
    is_last = len(rows) <= search.count
    return ResourcePage(entries, total, None if is_last else _cursor(search, list(page[-1][len(SAVED_COLUMNS) :])))


def _condition(wanted: ResourceFilter) -> sa.ColumnElement[bool]:
    match wanted:
        case AnyOf():
            return RESOURCE.c[wanted.column].in_(wanted.values)
        case StartsWith():
            column = sa.func.lower(RESOURCE.c[wanted.column])
            return sa.or_(*(column.startswith(value.lower(), autoescape=True) for value in wanted.values))
        case MeasureIs():
            return sa.or_(*(_is_measure(url, version) for url, version in wanted.values))
        case RangeIs():
            return _lies(wanted)


def _is_measure(url: str, version: str | None) -> sa.ColumnElement[bool]:
    is_url = RESOURCE.c.measure == url
    return is_url if version is None else sa.and_(is_url, RESOURCE.c.measure_version == version)


def _lies(wanted: RangeIs) -> sa.ColumnElement[bool]:
    start, end = RESOURCE.c[wanted.start_column], RESOURCE.c[wanted.end_column]
    inside = sa.and_(start >= wanted.first, end <= wanted.last)
    reaches_later, reaches_earlier = end > wanted.last, start < wanted.first
    match wanted.reach:
        case Reach.EQUAL:
            return inside
        case Reach.GREATER_OR_EQUAL:
            return sa.or_(inside, reaches_later)
        case Reach.LESS_OR_EQUAL:
            return sa.or_(inside, reaches_earlier)
        case Reach.GREATER:
            return reaches_later
        case Reach.LESS:
            return reaches_earlier


SortKeys = list[tuple[sa.ColumnElement[str], bool]]


def _sort_keys(search: ResourceSearch) -> SortKeys:
    keys: SortKeys = [(_as_text(column), descending) for column, descending in search.sort]
    if all(column is not SortColumn.ID for column, _ in search.sort):
        keys.append((_as_text(SortColumn.ID), False))
    return keys


def _as_text(column: SortColumn) -> sa.ColumnElement[str]:
    # a cursor holds text, and an absent date must have a place in the order too
    return sa.func.coalesce(sa.cast(RESOURCE.c[column], sa.Text()), "")


def _after(keys: SortKeys, values: list[str]) -> sa.ColumnElement[bool]:
    """Rows after the place given by values: later in the first key, or equal there and later in the next, …"""
    steps = []
    for place, (key, descending) in enumerate(keys):
        equal = [earlier == value for (earlier, _), value in zip(keys[:place], values, strict=False)]
        later = key < values[place] if descending else key > values[place]
        steps.append(sa.and_(*equal, later))
    return sa.or_(*steps)


def _sort_name(search: ResourceSearch) -> str:
    return ",".join(f"{'-' if descending else ''}{column}" for column, descending in search.sort)


def _cursor(search: ResourceSearch, values: list[str]) -> str:
    return urlsafe_b64encode(orjson.dumps([_sort_name(search), *values])).decode().rstrip("=")


def _read_cursor(search: ResourceSearch) -> list[str]:
    cursor = search.cursor or ""
    try:
        sort_name, *values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (NotBase64, ValueError, TypeError):
        raise SearchRefused("_cursor", _NO_CURSOR) from None
    # PostgreSQL takes no NUL in a text
    place = [value for value in values if isinstance(value, str) and "\x00" not in value]
    if sort_name != _sort_name(search) or len(place) != len(_sort_keys(search)):
        raise SearchRefused("_cursor", _NO_CURSOR)
    return place


_NO_CURSOR = "`_cursor` is not one of ours for this search; start the search again without it"
