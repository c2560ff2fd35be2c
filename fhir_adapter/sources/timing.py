"""Which facts belong to a row by when they were: inside its windows, and of several the last.

A date without a time is a whole day, and is before or after a moment only when all of it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar

Moment: TypeAlias = tuple[datetime, datetime]  # first and last instant that a text can mean, in UTC


class Held(Protocol):
    """A row in the making: its cells by column."""

    def __getitem__(self, column: str, /) -> Any: ...


DraftT = TypeVar("DraftT", bound=Held)
Offer: TypeAlias = tuple[Any, Sequence[DraftT]]  # a fact, and the rows that it may belong to

MOMENTS_REMEMBERED = 1 << 12  # a bundle asks for the same few moments again and again
UNITS: Mapping[str, str] = {"W": "weeks", "D": "days", "H": "hours"}


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A window of the manifest. at: places in the row of the view; of several, the first that is filled."""

    at: tuple[int, ...]
    start: tuple[str, ...]
    end: tuple[str, ...]
    day: tuple[str, ...]
    is_open: bool
    longest: timedelta | None

    def holds(self, row: Sequence[Any], draft: Held) -> bool:
        """Whether the fact was inside the window of this draft; not when either moment is unknown."""
        at = first_moment([row[place] for place in self.at])
        if at is None:
            return False
        if self.day:
            return is_same_day(at, moment_of(draft, self.day))
        return (not self.start or is_on_or_before(moment_of(draft, self.start), at)) and (
            not self.end or self._is_in_time(at, moment_of(draft, self.end))
        )

    def _is_in_time(self, at: Moment, end: Moment | None) -> bool:
        if end is None:
            return False
        if self.longest is not None and not is_on_or_before((end[0] - self.longest, end[1] - self.longest), at):
            return False
        return at[1] < end[0] if self.is_open else is_on_or_before(at, end)


@dataclass(frozen=True, slots=True)
class Timing:
    """The timing of one contribution. during: alternatives, each with the windows that must all hold.

    latest: places of the time by which the last is taken; empty when every fact counts.
    """

    during: tuple[tuple[WindowPlan, ...], ...]
    latest: tuple[int, ...]

    def drafts_at(self, row: Sequence[Any], drafts: Sequence[DraftT]) -> Sequence[DraftT]:
        """The drafts to which a fact may belong by when it was."""
        if not self.during:
            return drafts
        return [draft for draft in drafts if any(all(each.holds(row, draft) for each in one) for one in self.during)]

    def taken(self, offers: Sequence[Offer[DraftT]]) -> Sequence[Offer[DraftT]]:
        """The facts that are taken, each with its drafts: for each draft the last, of two at once the later sent."""
        if not self.latest:
            return offers
        last: dict[int, tuple[datetime, Any, DraftT]] = {}
        for fact, drafts in offers:
            at = first_moment([fact[1][place] for place in self.latest])
            for draft in drafts if at is not None else ():
                assert at is not None
                if id(draft) not in last or last[id(draft)][0] <= at[0]:
                    last[id(draft)] = (at[0], fact, draft)
        return [(fact, [draft]) for _, fact, draft in last.values()]


def duration(text: str) -> timedelta:
    """The length that `P42W`, `P1D` or `PT1H` names; the manifest has checked the text."""
    return timedelta(**{UNITS[text[-1]]: int(text.lstrip("PT")[:-1])})


def moment_of(draft: Held, columns: Sequence[str]) -> Moment | None:
    """The first moment that a draft holds in these columns."""
    return first_moment([draft[column] for column in columns])


def first_moment(values: Sequence[object]) -> Moment | None:
    """The moment of the first value that is there; None when it is no moment."""
    value = next((each for each in values if each is not None), None)
    return moment(value) if type(value) is str else None


@lru_cache(MOMENTS_REMEMBERED)
def moment(text: str) -> Moment | None:
    """What an ISO date, or a date and time, means; a time without an offset is taken to be in UTC."""
    try:
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time.min, UTC), datetime.combine(day, time.max, UTC)
        if "T" not in text:
            return None
        found = datetime.fromisoformat(text)
        at = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at, at


def is_on_or_before(earlier: Moment | None, later: Moment) -> bool:
    """Whether a moment certainly does not come after another."""
    return earlier is not None and (earlier == later or earlier[1] <= later[0])


def is_same_day(one: Moment, other: Moment | None) -> bool:
    """Whether two moments are on one calendar day of UTC."""
    return other is not None and one[0].date() == other[0].date()
