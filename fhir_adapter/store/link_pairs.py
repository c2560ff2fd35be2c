"""Pairs of entries that may be one person though they share no number: finding them, their features, keeping them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, groupby
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.link_cores import BY_LOCAL_ID, BY_NUMBER, BY_SOURCE_KEY, is_touched
from fhir_adapter.store.linkage_schema import LINK_KIN, LINK_PAIR
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import LINKAGE_ZONE
from fhir_adapter.store.running import change, fetch

ZONE = LINKAGE_ZONE
ASKED_AT_ONCE = 500  # keys in one list of a statement
BLOCKS = ("postcode_hmac", "family_sound_hmac", "organisation", "district_hmac")
BY_BLOCK, BY_MOTHER, BY_CHILD = "block", "mother", "child"
ONE, OTHER = "one", "other"
BABY_FACTS = ("birth_datetime", "birth_weight_g", "gestation_days", "birth_order", "outcome")
DIGESTS = (
    "birth_date",
    "birth_eve",
    "birth_year",
    "birth_month",
    "birth_day",
    "family_name",
    "family_sound",
    "given_name",
    "given_sound",
    "postcode",
    "district",
)
Known = str | int | None


@dataclass(frozen=True, slots=True)
class EntryFeatures:
    """What an entry is compared by. facts: digests of identifiers, and of a baby weight, gestation, order and time.

    mothers: cores of the mothers that its own records name. children: cores of the babies likewise.
    """

    entry_key: str
    role: str
    source: str
    core_key: str
    facts: dict[str, Known]
    mothers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class FoundPair:
    """Two entries to compare, the smaller key first. ways: block, mother (babies of one), child (mothers of one)."""

    left: str
    right: str
    ways: frozenset[str]


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A pair with what a pass says of it. verdict: link, review or apart. status: open or settled, set at the end."""

    left: str
    right: str
    pass_name: str
    verdict: str
    reason: str
    weight: float | None = None
    probability: float | None = None
    model_version: str | None = None
    status: str = ""


def found_pairs(connection: Connection, *, only_touched: bool) -> list[FoundPair]:
    """Every pair of one role that shares a block, a mother or a child, and of which one side has no NHS number."""
    ways: dict[tuple[str, str], set[str]] = {}
    for way in (BY_BLOCK, BY_MOTHER, BY_CHILD):
        for side in (ONE, OTHER) if only_touched else (ONE,):
            found = fetch(connection, _pairs_sql(way, side, only_touched, connection.dialect.name))
            for one, other in found:
                ways.setdefault((min(one, other), max(one, other)), set()).add(way)
    return [FoundPair(left, right, frozenset(by)) for (left, right), by in sorted(ways.items())]


def siblings_of_touched(connection: Connection, *, only_touched: bool) -> list[tuple[str, str]]:
    """Entries of two sources that stand for two numbered babies of one mother and one day: twins, by the records."""
    found = fetch(connection, _siblings_sql(only_touched, connection.dialect.name))
    pairs: set[tuple[str, str]] = set()
    for _, group in groupby(found, key=itemgetter(0, 1)):  # mother and day
        for (*_, source, core, entry), (*_, other_source, other_core, other) in combinations(list(group), 2):
            if source != other_source and core != other_core:
                pairs.add((min(entry, other), max(entry, other)))
    return sorted(pairs)


def entries_of_same_core(connection: Connection, entry_keys: Iterable[str]) -> dict[str, list[str]]:
    """The other entries of the core of each entry."""
    mates: dict[str, list[str]] = {}
    for asked in _chunks(sorted(set(entry_keys))):
        for entry, mate in connection.execute(_MATES, {"asked": asked}):
            mates.setdefault(entry, []).append(mate)
    return mates


def features_of(connection: Connection, entry_keys: Iterable[str]) -> dict[str, EntryFeatures]:
    """Features of entries, by key."""
    features: dict[str, EntryFeatures] = {}
    for asked in _chunks(sorted(set(entry_keys))):
        for row in connection.execute(_FEATURES, {"asked": asked}).mappings():
            facts: dict[str, Known] = {name: row[f"{name}_hmac"] for name in DIGESTS}
            facts |= {"sex": row["sex"], "organisation": row["organisation"], "local_id": row["local_id_hmac"]}
            facts |= dict.fromkeys((*BABY_FACTS, "mother_birth_date"))
            features[row["entry_key"]] = EntryFeatures(
                row["entry_key"], row["role"], row["source"], row["core_key"], facts
            )
        for entry, *cells in connection.execute(_BABY_FACTS, {"asked": asked}):
            known = {name: cell for name, cell in zip(BABY_FACTS, cells, strict=True) if cell is not None}
            features[entry].facts.update(known)
        for entry, core, born in connection.execute(_MOTHERS, {"asked": asked}):
            features[entry].mothers.add(core)
            features[entry].facts["mother_birth_date"] = born
    return features


def replace_pairs(connection: Connection, pairs: Sequence[JudgedPair], *, only_touched: bool) -> None:
    """Keep these pairs in place of those of the touched entries, or of all."""
    change(connection, _forget_pairs_sql(only_touched, connection.dialect.name))
    if pairs:
        connection.execute(
            sa.insert(LINK_PAIR),
            [
                {
                    "left_entry": each.left,
                    "right_entry": each.right,
                    "pass_name": each.pass_name,
                    "verdict": each.verdict,
                    "reason": each.reason,
                    "weight": each.weight,
                    "probability": each.probability,
                    "model_version": each.model_version,
                    "status": each.status,
                }
                for each in pairs
            ],
        )


@cache
def _forget_pairs_sql(only_touched: bool, dialect_name: str) -> str:
    gone = sa.delete(LINK_PAIR)
    if only_touched:
        gone = gone.where(sa.or_(is_touched(LINK_PAIR.c.left_entry), is_touched(LINK_PAIR.c.right_entry)))
    return literal_sql(gone, dialect_name)


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[start : start + ASKED_AT_ONCE]


def _asked(column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam("asked", expanding=True))


_FEATURES = sa.select(
    *(ZONE.c[name] for name in ("entry_key", "role", "source", "core_key", "sex", "organisation", "local_id_hmac")),
    *(ZONE.c[f"{name}_hmac"] for name in DIGESTS),
).where(_asked(ZONE.c.entry_key))
_MATE = ZONE.alias("mate")
_MATES = (
    sa.select(ZONE.c.entry_key, _MATE.c.entry_key)
    .join_from(ZONE, _MATE, sa.and_(_MATE.c.core_key == ZONE.c.core_key, _MATE.c.entry_key != ZONE.c.entry_key))
    .where(_asked(ZONE.c.entry_key))
    .order_by(ZONE.c.entry_key, _MATE.c.entry_key)
)
_TWIN = SOURCE["baby"]
_BABY_FACTS = (
    sa.select(ZONE.c.entry_key, *(_TWIN.c[name] for name in BABY_FACTS))
    .join_from(ZONE, _TWIN, sa.and_(_TWIN.c.person_key == ZONE.c.source_key, _TWIN.c.source == ZONE.c.source))
    .where(_asked(ZONE.c.entry_key))
    # the newest value that is not null stands, as in the resolved model
    .order_by(ZONE.c.entry_key, sa.func.coalesce(_TWIN.c.recorded_at, ""), _TWIN.c.row_hash)
)
_MOTHERS = (
    sa.select(LINK_KIN.c.child_entry, ZONE.c.core_key, ZONE.c.birth_date_hmac)
    .join_from(LINK_KIN, ZONE, ZONE.c.entry_key == LINK_KIN.c.mother_entry)
    .where(_asked(LINK_KIN.c.child_entry))
    .order_by(ZONE.c.birth_date_hmac)
)


def _is_nameless(side: sa.FromClause) -> sa.ColumnElement[bool]:
    """No accepted NHS number, and free to be linked."""
    return sa.and_(side.c.core_key.startswith("s"), side.c.core_pass.in_((BY_SOURCE_KEY, BY_LOCAL_ID)))


def _may_join(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    takes_part = sa.and_(*(side.c.core_pass.in_((BY_NUMBER, BY_SOURCE_KEY, BY_LOCAL_ID)) for side in (one, other)))
    return sa.and_(
        one.c.core_key != other.c.core_key,
        # not the bare column: SQLite would look everybody of the role up, once for each of the few without number
        one.c.role == other.c.role + "",
        takes_part,
    )


@cache
def _pairs_sql(way: str, nameless: str, only_touched: bool, dialect_name: str) -> str:
    """Text that finds pairs by one way. nameless: which side has no NHS number; of the touched, `one` is touched.

    Two statements in place of one with an OR: where many are born on a day, the few without number are found through
    the index, and nobody else of that day is read.
    """
    one, other = ZONE.alias("one"), ZONE.alias("other")
    joined = {
        BY_BLOCK: _same_block(one, other),
        BY_MOTHER: _same_kin(one, other, "child_entry", "mother_entry"),
        BY_CHILD: _same_kin(one, other, "mother_entry", "child_entry"),
    }[way]
    found = sa.select(one.c.entry_key, other.c.entry_key).select_from(joined).where(_may_join(one, other))
    found = found.where(_is_nameless({ONE: one, OTHER: other}[nameless]))
    if only_touched:
        found = found.where(is_touched(one.c.entry_key))
    if way == BY_MOTHER:
        found = found.where(_about_one_day(one, other))
    return literal_sql(found.distinct(), dialect_name)


def _same_block(one: sa.FromClause, other: sa.FromClause) -> sa.FromClause:
    shares = sa.or_(*(one.c[name] == other.c[name] for name in BLOCKS))
    return one.join(other, sa.and_(one.c.birth_date_hmac == other.c.birth_date_hmac, shares))


def _same_kin(one: sa.FromClause, other: sa.FromClause, near: str, far: str) -> sa.FromClause:
    """Two people who are kin of one: babies of one mother, or mothers of one baby."""
    mine, theirs = LINK_KIN.alias("mine"), LINK_KIN.alias("theirs")
    my_kin, their_kin = ZONE.alias("my_kin"), ZONE.alias("their_kin")
    return (
        one.join(mine, mine.c[near] == one.c.entry_key)
        .join(my_kin, my_kin.c.entry_key == mine.c[far])
        .join(their_kin, their_kin.c.core_key == my_kin.c.core_key)
        .join(theirs, theirs.c[far] == their_kin.c.entry_key)
        .join(other, other.c.entry_key == theirs.c[near])
    )


def _about_one_day(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.or_(
        one.c.birth_date_hmac.is_(None),
        other.c.birth_date_hmac.is_(None),
        one.c.birth_date_hmac == other.c.birth_date_hmac,
        one.c.birth_date_hmac == other.c.birth_eve_hmac,
        one.c.birth_eve_hmac == other.c.birth_date_hmac,
    )


@cache
def _siblings_sql(only_touched: bool, dialect_name: str) -> str:
    child, mother = ZONE.alias("child"), ZONE.alias("mother")
    kin = LINK_KIN.join(child, child.c.entry_key == LINK_KIN.c.child_entry).join(
        mother, mother.c.entry_key == LINK_KIN.c.mother_entry
    )
    named = (
        sa.select(
            mother.c.core_key.label("mother_core"),
            child.c.birth_date_hmac,
            child.c.source,
            child.c.core_key,
            child.c.entry_key,
        )
        .select_from(kin)
        .where(child.c.core_pass == BY_NUMBER, child.c.birth_date_hmac.is_not(None))
    )
    if only_touched:
        near, far = ZONE.alias("touched_child"), ZONE.alias("touched_mother")
        of_touched = (
            sa.select(far.c.core_key)
            .select_from(
                LINK_KIN.join(near, near.c.entry_key == LINK_KIN.c.child_entry).join(
                    far, far.c.entry_key == LINK_KIN.c.mother_entry
                )
            )
            .where(is_touched(near.c.entry_key))
        )
        named = named.where(mother.c.core_key.in_(of_touched))
    children = named.distinct().cte("named_child")
    twins = (
        sa.select(children.c.mother_core, children.c.birth_date_hmac)
        .group_by(children.c.mother_core, children.c.birth_date_hmac)
        .having(sa.func.count(children.c.core_key.distinct()) > 1)
        .cte("twins")
    )
    same = sa.and_(twins.c.mother_core == children.c.mother_core, twins.c.birth_date_hmac == children.c.birth_date_hmac)
    order = (children.c.mother_core, children.c.birth_date_hmac, children.c.entry_key)
    return literal_sql(sa.select(children).select_from(children.join(twins, same)).order_by(*order), dialect_name)
