"""Decisions of people on links: kept with author and time, in force at once and at every later linking."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.engine import Connection, Engine

from fhir_adapter.store.database import writing
from fhir_adapter.store.link_cores import touch_entries
from fhir_adapter.store.link_decisions import (
    Decision,
    ReviewPair,
    entries_of_person,
    find_pair,
    joined_pairs,
    list_decisions,
    revoke_decision,
    save_decision,
)
from fhir_adapter.store.resolved import resolve_all, wait_for_other_writers
from fhir_adapter.workflows.linkage import Change, link_people
from fhir_adapter.workflows.linkage_cores import NUMBERED
from fhir_adapter.workflows.linkage_pairs import SWAPPED

OPPOSITE = {"accept": ("reject", "separate"), "merge": ("reject", "separate"), "reject": ("accept", "merge")}


@dataclass(frozen=True, slots=True)
class Steward:
    """Who decides, why, and when (instant in UTC as text)."""

    author: str
    reason: str
    at: str


def decide_pair(engine: Engine, pair_id: str, kind: str, steward: Steward) -> Decision | None:
    """Accept or reject a pair. None when there is no such pair, or when accepting it would join two twins."""
    with writing(engine) as connection:
        wait_for_other_writers(connection)
        pair = find_pair(connection, pair_id)
        if pair is None or (kind == "accept" and _are_two_twins(pair)):
            return None
        return _decide(connection, kind, (pair.left_entry, pair.right_entry), steward)


def merge_people(engine: Engine, one: str, other: str, steward: Steward) -> Decision | None:
    """Make two persons one; None when one of them has no entry."""
    with writing(engine) as connection:
        wait_for_other_writers(connection)
        sides = [entries_of_person(connection, each) for each in (one, other)]
        if one == other or not all(sides):
            return None
        return _decide(connection, "merge", (sides[0][0], sides[1][0]), steward)


def unmerge_person(engine: Engine, person_key: str, entry_key: str | None, steward: Steward) -> list[Decision]:
    """Take a person apart again; gives what was taken back or decided, nothing when there was nothing to undo.

    With an entry, that entry stands alone from now on. Without, the merges that people decided are taken back; where
    there are none, the pairs by which the program joined the person are rejected.
    """
    with writing(engine) as connection:
        wait_for_other_writers(connection)
        entries = entries_of_person(connection, person_key)
        if entry_key is not None:
            alone = entry_key in entries and len(entries) > 1
            return [_decide(connection, "separate", (entry_key, entry_key), steward)] if alone else []
        undone = [
            each
            for each in list_decisions(connection, entries)
            if each.kind in ("accept", "merge") and each.revoked_at is None
        ]
        for each in undone:
            revoke_decision(connection, each.id, steward.author, steward.at)
        pairs = [] if undone else joined_pairs(connection, entries)
        undone += [
            save_decision(connection, "reject", pair, (steward.author, steward.reason), steward.at) for pair in pairs
        ]
        _link_again(connection, entries, steward)
        return undone


def _are_two_twins(pair: ReviewPair) -> bool:
    """Whether both sides of swapped twins stand under numbers, so that one person would hold two babies."""
    return pair.pass_name == SWAPPED and all(
        person.startswith(NUMBERED) for person in (pair.left_person, pair.right_person)
    )


def _decide(connection: Connection, kind: str, pair: tuple[str, str], steward: Steward) -> Decision:
    same = {frozenset(pair), *(frozenset((each,)) for each in pair)}
    for each in list_decisions(connection, list(pair)):
        is_same = frozenset((each.left_entry, each.right_entry)) in same
        if is_same and each.kind in OPPOSITE.get(kind, ()) and each.revoked_at is None:
            revoke_decision(connection, each.id, steward.author, steward.at)
    decision = save_decision(connection, kind, pair, (steward.author, steward.reason), steward.at)
    _link_again(connection, pair, steward)
    return decision


def _link_again(connection: Connection, entries: list[str] | tuple[str, ...], steward: Steward) -> None:
    touch_entries(connection, entries)
    link_people(connection, receipts=(), change=Change(steward.at, f"decision of {steward.author}"))
    resolve_all(connection, touched=())
