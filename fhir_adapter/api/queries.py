"""A search as values: what was asked, after names, prefixes and escapes have been read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

MICROSECOND = timedelta(microseconds=1)


class Comparison(StrEnum):
    """Prefix of a date parameter."""

    EQUAL = "eq"
    GREATER_OR_EQUAL = "ge"
    LESS_OR_EQUAL = "le"
    GREATER = "gt"
    LESS = "lt"


@dataclass(frozen=True, slots=True)
class Token:
    """A code to match. system: None matches any system."""

    system: str | None
    code: str


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """Any of the codes. For references (`subject`, `reporter`) the code is the id, which is the organisation's code."""

    name: str
    values: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class CanonicalVersion:
    """A canonical URL; version None matches every version."""

    url: str
    version: str | None


@dataclass(frozen=True, slots=True)
class CanonicalFilter:
    """Any of the canonicals."""

    name: str
    values: tuple[CanonicalVersion, ...]


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Any of the beginnings, whatever the case."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DateFilter:
    """A range of time compared with the range of the resource, by the overlap rules of R4 search.

    low: first moment of the value as written. before: first moment after it. Both in Europe/London when the value
    names no zone. eq: the resource lies inside; ge, le: inside, or reaching beyond on that side; gt, lt: reaching
    beyond on that side.
    """

    name: str
    comparison: Comparison
    low: datetime
    before: datetime

    @property
    def first_day(self) -> date:
        """First calendar day of the value."""
        return self.low.date()

    @property
    def last_day(self) -> date:
        """Last calendar day of the value."""
        return (self.before - MICROSECOND).date()


SearchFilter = TokenFilter | CanonicalFilter | TextFilter | DateFilter


@dataclass(frozen=True, slots=True)
class SortKey:
    """One of `period`, `_id`, `_lastUpdated`."""

    name: str
    descending: bool


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """All filters must hold. sort: may be empty, then the service's own stable order. count: 0 asks for the total."""

    filters: tuple[SearchFilter, ...]
    sort: tuple[SortKey, ...]
    count: int
    cursor: str | None
