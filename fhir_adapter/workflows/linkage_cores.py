"""Who of those that share a number is one person: passes 1 (NHS number) and 3 (local number and organisation)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from fhir_adapter.store.link_cores import CoreMember

LEAST_PARTS = 2  # of year, month and day: a birth date may differ in one
NUMBERED = "n"  # first character of the key of a core that holds an accepted NHS number


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that shares a number with another and cannot be the same person. reason: `birth-date`, `sex`,
    `birth-date-and-name`, or `several-people` of one local number.
    """

    entry_key: str
    against: str
    reason: str


@dataclass(frozen=True, slots=True)
class SharedLocalIds:
    """What local numbers came to. moved: (entry, core). ambiguous: entries whose number several people have."""

    moved: tuple[tuple[str, str], ...]
    ambiguous: tuple[Refused, ...]


def agrees_in_birth_date(one: CoreMember, other: CoreMember) -> bool:
    """Whether two birth dates may be one: absent, neighbouring days, or different in at most one component.

    A day and a month that changed places differ in two components.
    """
    if one.birth_date is None or other.birth_date is None:
        return True
    if one.birth_date == other.birth_eve or other.birth_date == one.birth_eve:
        return True
    same = sum(mine == theirs for mine, theirs in zip(one.birth_parts, other.birth_parts, strict=True))
    return same >= LEAST_PARTS


def agrees_in_sex(one: CoreMember, other: CoreMember) -> bool:
    """Whether two entries may be of one sex."""
    return one.sex is None or other.sex is None or one.sex == other.sex


def contradiction(one: CoreMember, other: CoreMember) -> str | None:
    """Why two entries cannot be one person: `birth-date` or `sex`; None when nothing speaks against it."""
    if not agrees_in_birth_date(one, other):
        return "birth-date"
    return None if agrees_in_sex(one, other) else "sex"


def contradiction_of_local(one: CoreMember, other: CoreMember) -> str | None:
    """As `contradiction`; a local number is given out again or copied, so a slip of the birth date needs a name."""
    reason = contradiction(one, other)
    if reason is None and _differ(one.birth_date, other.birth_date) and _differ(one.given_sound, other.given_sound):
        return "birth-date-and-name"
    return reason


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def refused_numbers(members: Iterable[CoreMember]) -> Iterator[Refused]:
    """Entries that contradict what most entries of their NHS number say; members come number by number.

    The anchor is the birth date that most entries tell, then the sex that most of those tell; among equals the
    smallest digest, so that the order of arrival does not matter.
    """
    for _, group in groupby(members, key=lambda each: each.group):
        entries = list(group)
        anchor = _anchor(entries)
        for each in entries:
            reason = contradiction(each, anchor)
            if reason is not None:
                yield Refused(each.entry_key, anchor.entry_key, reason)


def settle_local_ids(members: Iterable[CoreMember]) -> SharedLocalIds:
    """Cores of entries without NHS number that share a local number; members come number by number.

    With one NHS number among those that agree with it, an entry is that person; with none, all are one person under
    the smallest key; with several, it stays alone and is listed.
    """
    moved: list[tuple[str, str]] = []
    ambiguous: list[Refused] = []
    for _, group in groupby(members, key=lambda each: each.group):
        entries = list(group)
        nameless: list[CoreMember] = []
        for each in entries:
            if each.core_key.startswith(NUMBERED):
                continue
            people = [other for other in entries if other.core_key.startswith(NUMBERED)]
            agreeing = [other for other in people if contradiction_of_local(each, other) is None]
            cores = {other.core_key for other in agreeing}
            if len(cores) == 1:
                moved.append((each.entry_key, cores.pop()))
            elif people:
                against = (agreeing or people)[0]
                reason = "several-people" if agreeing else str(contradiction_of_local(each, against))
                ambiguous.append(Refused(each.entry_key, against.entry_key, reason))
            else:
                nameless.append(each)
        moved += _one_core(nameless)
    return SharedLocalIds(tuple(moved), tuple(ambiguous))


def _one_core(entries: Sequence[CoreMember]) -> list[tuple[str, str]]:
    if not entries:
        return []
    anchor = _anchor(entries)
    together = [each for each in entries if contradiction_of_local(each, anchor) is None]
    core = min(each.entry_key for each in together)
    return [(each.entry_key, core) for each in together if len(together) > 1]


def _anchor(entries: Sequence[CoreMember]) -> CoreMember:
    births = Counter(each.birth_date for each in entries if each.birth_date is not None)
    birth = _most(births)
    of_birth = [each for each in entries if birth is None or each.birth_date == birth]
    sex = _most(Counter(each.sex for each in of_birth if each.sex is not None))
    return min(
        (each for each in of_birth if sex is None or each.sex == sex),
        key=lambda each: each.entry_key,
    )


def _most(counts: Counter[str]) -> str | None:
    return min(counts, key=lambda word: (-counts[word], word)) if counts else None
