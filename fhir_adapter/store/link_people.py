"""The links of people as they stand: reading what surrounds the touched entries, and writing what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import (
    INSERTS,
    BoundText,
    bound_text,
    is_listed,
    listed,
    listed_places,
    literal_sql,
)
from fhir_adapter.store.link_cores import REFUSED, is_touched
from fhir_adapter.store.linkage_schema import (
    LINK_CLUSTER,
    LINK_DECISION,
    LINK_HISTORY,
    LINK_PAIR,
    LINK_TOUCHED,
)
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, LINKAGE_ZONE, TOUCHED_KEY
from fhir_adapter.store.running import change, fetch

ZONE = LINKAGE_ZONE
ASKED_AT_ONCE = 500  # keys in one list of a statement
LINK_COLUMNS = ("source_key", "entity", "source", "resolved_key", "pass_name", "weight", "model_version")


@dataclass(frozen=True, slots=True)
class KeptPair:
    """A pair as it is kept, with the cores of its sides today."""

    left: str
    right: str
    left_core: str
    right_core: str
    pass_name: str
    verdict: str
    weight: float | None
    model_version: str | None
    status: str


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A core that stands for a person of another key."""

    core_key: str
    person_key: str
    pass_name: str
    weight: float | None
    model_version: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision in force, by the cores of its entries today. kind: accept, merge, reject."""

    kind: str
    left_core: str
    right_core: str


def touched_cores(connection: Connection) -> set[str]:
    """Cores of the touched entries at this moment; those never linked have none."""
    return {core for (core,) in fetch(connection, _touched_cores_sql(connection.dialect.name))}


def cores_beside_touched(connection: Connection) -> set[str]:
    """Cores at the far end of the pairs of touched entries."""
    return {core for (core,) in fetch(connection, _cores_beside_sql(connection.dialect.name))}


def pairs_of_cores(connection: Connection, cores: Sequence[str]) -> list[KeptPair]:
    """Every pair that touches one of these cores."""
    found: dict[tuple[str, str], KeptPair] = {}
    for asked in _chunks(sorted(cores)):
        pairs = _pairs_of(listed_places(asked), connection.dialect.name)
        rows = fetch(connection, pairs.text, pairs.parameters(listed(asked)))
        found |= {(left, right): KeptPair(left, right, *others) for left, right, *others in rows}
    return [found[key] for key in sorted(found)]


def all_pairs(connection: Connection) -> list[KeptPair]:
    """Every pair that is kept."""
    return [KeptPair(*row) for row in connection.execute(_pairs())]


def decisions_in_force(connection: Connection) -> list[Decided]:
    """What people decided on pairs and did not take back."""
    return [Decided(*row) for row in fetch(connection, _decisions_sql(connection.dialect.name))]


def save_clusters(connection: Connection, rows: Sequence[ClusterRow], *, of_cores: Sequence[str] | None) -> None:
    """Keep these clusters in place of those of the named cores, or of all."""
    if of_cores is None:
        connection.execute(sa.delete(LINK_CLUSTER))
    else:
        for asked in _chunks(of_cores):
            gone = _forget_clusters(listed_places(asked), connection.dialect.name)
            change(connection, gone.text, gone.parameters(listed(asked)))
    if rows:
        names = ("core_key", "person_key", "pass_name", "weight", "model_version")
        connection.execute(sa.insert(LINK_CLUSTER), [{name: getattr(each, name) for name in names} for each in rows])


def save_statuses(connection: Connection, statuses: Mapping[tuple[str, str], str]) -> None:
    """Keep what became of pairs."""
    rows = [{"asked_left": left, "asked_right": right, "now": now} for (left, right), now in statuses.items()]
    if rows:
        connection.execute(_SET_STATUS, rows)


def touch_entries_of(connection: Connection, cores: Sequence[str]) -> None:
    """Note every entry of these cores as touched."""
    for asked in _chunks(cores):
        entries = _touch_entries(listed_places(asked), connection.dialect.name)
        change(connection, entries.text, entries.parameters(listed(asked)))


def save_links(connection: Connection, *, only_touched: bool, changed_at: str, why: str) -> None:
    """Write the links of the touched entries, or of all; a changed one leaves its old key in the history.

    What hangs on a changed link is noted, so that the resolution works it out again.
    """
    dialect = connection.dialect.name
    history = _history(only_touched, dialect)
    change(connection, history.text, history.parameters({"changed_at": changed_at, "why": why}))
    if only_touched:
        change(connection, _dirty_sql(dialect))
        change(connection, _touched_sql(dialect))
    change(connection, _links_sql(only_touched, dialect))
    change(connection, _status_sql(only_touched, dialect))


def forget_touched_entries(connection: Connection) -> None:
    """Empty the working table."""
    change(connection, "DELETE FROM link_touched")


_LEFT, _RIGHT = ZONE.alias("left_side"), ZONE.alias("right_side")
_SET_STATUS = (
    sa.update(LINK_PAIR)
    .where(LINK_PAIR.c.left_entry == sa.bindparam("asked_left"), LINK_PAIR.c.right_entry == sa.bindparam("asked_right"))
    .values(status=sa.bindparam("now"))
)


@cache
def _touched_cores_sql(dialect_name: str) -> str:
    found = sa.select(ZONE.c.core_key).where(is_touched(ZONE.c.entry_key), ZONE.c.core_key.is_not(None))
    return literal_sql(found.distinct(), dialect_name)


@cache
def _cores_beside_sql(dialect_name: str) -> str:
    ends = (("left_entry", "right_entry"), ("right_entry", "left_entry"))
    found = (
        sa.select(ZONE.c.core_key)
        .join_from(LINK_PAIR, ZONE, ZONE.c.entry_key == LINK_PAIR.c[far])
        .where(is_touched(LINK_PAIR.c[near]))
        for near, far in ends
    )
    return literal_sql(sa.union(*found), dialect_name)


@cache
def _decisions_sql(dialect_name: str) -> str:
    left, right = _LEFT, _RIGHT
    found = (
        sa.select(LINK_DECISION.c.kind, left.c.core_key, right.c.core_key)
        .select_from(
            LINK_DECISION.join(left, left.c.entry_key == LINK_DECISION.c.left_entry).join(
                right, right.c.entry_key == LINK_DECISION.c.right_entry
            )
        )
        .where(LINK_DECISION.c.revoked_at.is_(None), LINK_DECISION.c.kind.in_(("accept", "merge", "reject")))
        .order_by(LINK_DECISION.c.id)
    )
    return literal_sql(found, dialect_name)


@cache
def _forget_clusters(cores: int, dialect_name: str) -> BoundText:
    return bound_text(sa.delete(LINK_CLUSTER).where(is_listed(LINK_CLUSTER.c.core_key, cores)), dialect_name)


@cache
def _touch_entries(cores: int, dialect_name: str) -> BoundText:
    found = sa.select(ZONE.c.entry_key).where(is_listed(ZONE.c.core_key, cores), ~is_touched(ZONE.c.entry_key))
    return bound_text(sa.insert(LINK_TOUCHED).from_select(["entry_key"], found), dialect_name)


@cache
def _pairs_of(cores: int, dialect_name: str) -> BoundText:
    """Pairs of which either side has one of so many cores: one look-up for each side, not an OR over both."""
    either = (_pairs().where(is_listed(side.c.core_key, cores)) for side in (_LEFT, _RIGHT))
    return bound_text(sa.union(*either), dialect_name)


@cache
def _pairs() -> sa.Select[Any]:
    pair, left, right = LINK_PAIR, _LEFT, _RIGHT
    columns = (pair.c.left_entry, pair.c.right_entry, left.c.core_key, right.c.core_key, pair.c.pass_name)
    return sa.select(*columns, pair.c.verdict, pair.c.weight, pair.c.model_version, pair.c.status).select_from(
        pair.join(left, left.c.entry_key == pair.c.left_entry).join(right, right.c.entry_key == pair.c.right_entry)
    )


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[start : start + ASKED_AT_ONCE]


def _now() -> tuple[sa.FromClause, dict[str, sa.ColumnElement[str]]]:
    """The zone with the cluster of each core, and the link that each entry has by it."""
    joined = ZONE.outerjoin(LINK_CLUSTER, LINK_CLUSTER.c.core_key == ZONE.c.core_key)
    return joined, {
        "source_key": ZONE.c.source_key,
        "entity": sa.literal("person"),
        "source": ZONE.c.source,
        "resolved_key": sa.func.coalesce(LINK_CLUSTER.c.person_key, ZONE.c.core_key),
        "pass_name": sa.func.coalesce(LINK_CLUSTER.c.pass_name, ZONE.c.core_pass),
        "weight": LINK_CLUSTER.c.weight,
        "model_version": LINK_CLUSTER.c.model_version,
    }


def _changed(*columns: sa.ColumnElement[Any], only_touched: bool) -> sa.Select[Any]:
    """Entries whose link stands for another person than before."""
    joined, now = _now()
    is_old = sa.and_(LINK.c.entity == "person", LINK.c.source == ZONE.c.source, LINK.c.source_key == ZONE.c.source_key)
    found = sa.select(*columns).select_from(joined.join(LINK, is_old))
    found = found.where(LINK.c.resolved_key != now["resolved_key"])
    return found.where(is_touched(ZONE.c.entry_key)) if only_touched else found


@cache
def _history(only_touched: bool, dialect_name: str) -> BoundText:
    _, now = _now()
    columns = (
        ZONE.c.entry_key,
        LINK.c.resolved_key,
        *(now[name] for name in ("resolved_key", "pass_name", "weight", "model_version")),
        sa.bindparam("changed_at", type_=sa.String()),
        sa.bindparam("why", type_=sa.String()),
    )
    names = ["entry_key", "from_key", "to_key", "pass_name", "weight", "model_version", "changed_at", "why"]
    changed = _changed(*columns, only_touched=only_touched)
    return bound_text(sa.insert(LINK_HISTORY).from_select(names, changed), dialect_name)


@cache
def _dirty_sql(dialect_name: str) -> str:
    found = _changed(sa.literal("person"), LINK.c.resolved_key, only_touched=True)
    return literal_sql(sa.insert(DIRTY_KEY).from_select(["entity", "resolved_key"], found), dialect_name)


@cache
def _touched_sql(dialect_name: str) -> str:
    found = _changed(sa.literal("person"), LINK.c.source, LINK.c.source_key, only_touched=True)
    return literal_sql(sa.insert(TOUCHED_KEY).from_select(["entity", "source", "source_key"], found), dialect_name)


@cache
def _links_sql(only_touched: bool, dialect_name: str) -> str:
    joined, now = _now()
    found = sa.select(*(now[name].label(name) for name in LINK_COLUMNS)).select_from(joined)
    # SQLite takes ON CONFLICT after a bare FROM for a join, so a condition always stands between the two
    found = found.where(is_touched(ZONE.c.entry_key) if only_touched else ZONE.c.entry_key.is_not(None))
    insert = INSERTS[dialect_name](LINK).from_select(list(LINK_COLUMNS), found)
    replacing = insert.on_conflict_do_update(
        index_elements=["source_key", "entity", "source"],
        set_={name: insert.excluded[name] for name in LINK_COLUMNS[3:]},
    )
    return literal_sql(replacing, dialect_name)


@cache
def _status_sql(only_touched: bool, dialect_name: str) -> str:
    mine = sa.and_(ZONE.c.source == LINK.c.source, ZONE.c.source_key == LINK.c.source_key)
    status = sa.select(_status()).where(mine).correlate(LINK).scalar_subquery()
    entries = sa.select(ZONE.c.source_key, ZONE.c.source)
    changed = sa.update(LINK).values(status=status).where(LINK.c.entity == "person")
    if only_touched:
        entries = entries.where(is_touched(ZONE.c.entry_key))
    changed = changed.where(sa.tuple_(LINK.c.source_key, LINK.c.source).in_(entries))
    return literal_sql(changed, dialect_name)


def _status() -> sa.ColumnElement[str]:
    """The word for a link, read from the top: the first that holds."""
    state = ZONE.c.number_state
    return sa.case(
        (sa.and_(ZONE.c.core_pass == REFUSED, LINK.c.pass_name == REFUSED), "AMBIGUOUS_NHS"),
        (sa.and_(_has_partner(), ZONE.c.role == "baby", ~_has_birth()), "NO_EPISODE"),
        (_has_partner(), "LINKED"),
        (_has_open_pair(), "AMBIGUOUS_NHS"),
        (state == "temporary", "TEMP_ID"),
        (state != "accepted", "NO_VALID_NHS"),
        else_="UNMATCHED_NHS",
    )


def _has_partner() -> sa.ColumnElement[bool]:
    partner = LINK.alias("partner")
    of_person = (partner.c.resolved_key == LINK.c.resolved_key, partner.c.entity == "person")
    return sa.exists().where(*of_person, partner.c.source != LINK.c.source).correlate(LINK, ZONE)


def _has_birth() -> sa.ColumnElement[bool]:
    """Whether some source of the person tells how the pregnancy ended, which the record of a birth does."""
    twin, told = SOURCE["baby"], LINK.alias("told")
    tells = sa.and_(twin.c.person_key == told.c.source_key, twin.c.source == told.c.source)
    of_person = (told.c.resolved_key == LINK.c.resolved_key, told.c.entity == "person")
    found = sa.exists().select_from(told.join(twin, tells)).where(*of_person, twin.c.outcome.is_not(None))
    return found.correlate(LINK, ZONE)


def _has_open_pair() -> sa.ColumnElement[bool]:
    is_open = LINK_PAIR.c.status == "open"
    sides = (LINK_PAIR.c.left_entry, LINK_PAIR.c.right_entry)
    # one look-up for each index: an OR over both would read the whole table
    return sa.or_(*(sa.exists().where(side == ZONE.c.entry_key, is_open).correlate(LINK, ZONE) for side in sides))
