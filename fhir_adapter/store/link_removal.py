"""Entries that go: whoever was linked with them is noted, and nothing that the linkage made of them stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.linkage_schema import (
    LINK_CLUSTER,
    LINK_DECISION,
    LINK_HISTORY,
    LINK_KIN,
    LINK_PAIR,
    LINK_TOUCHED,
)
from fhir_adapter.store.operational_schema import LINKAGE_ZONE

ENDS = (
    (LINK_PAIR.c.left_entry, LINK_PAIR.c.right_entry),
    (LINK_PAIR.c.right_entry, LINK_PAIR.c.left_entry),
    (LINK_KIN.c.child_entry, LINK_KIN.c.mother_entry),
    (LINK_KIN.c.mother_entry, LINK_KIN.c.child_entry),
)
SAID_OF_ENTRIES = (LINK_HISTORY.c.entry_key, LINK_DECISION.c.left_entry, LINK_DECISION.c.right_entry)
AT_ONCE = 300  # SQLite takes a limited number of parameters


def forget_entries(connection: Connection, entries: Collection[str], *, with_history: bool) -> None:
    """Remove entries from the linkage zone, with the pairs, kinships and clusters that they alone were in.

    Who is left of those that they were linked with is noted, to be linked again without them. with_history: whether
    what people decided about them, and how their links changed, goes too.
    """
    cores = _cores_of(connection, entries)
    _touch_who_is_left(connection, entries)
    said = (*SAID_OF_ENTRIES, *(near for near, _ in ENDS)) if with_history else tuple(near for near, _ in ENDS)
    for batch in batches(entries):
        for column in (LINKAGE_ZONE.c.entry_key, *said):
            connection.execute(sa.delete(column.table).where(column.in_(batch)))
    is_anybodys = sa.exists().where(LINKAGE_ZONE.c.core_key == LINK_CLUSTER.c.core_key)
    for batch in batches(cores):
        connection.execute(sa.delete(LINK_CLUSTER).where(LINK_CLUSTER.c.core_key.in_(batch), ~is_anybodys))


def batches(values: Iterable[str]) -> Iterator[list[str]]:
    """Distinct values, in order, so many at once as a statement takes."""
    distinct = sorted(set(values))
    return (distinct[start : start + AT_ONCE] for start in range(0, len(distinct), AT_ONCE))


def _cores_of(connection: Connection, entries: Collection[str]) -> set[str]:
    asked = sa.select(LINKAGE_ZONE.c.core_key)
    return {
        core
        for batch in batches(entries)
        for core in connection.execute(asked.where(LINKAGE_ZONE.c.entry_key.in_(batch))).scalars()
        if core is not None
    }


def _touch_who_is_left(connection: Connection, entries: Collection[str]) -> None:
    """Note the entries at the other end of a pair, of a kinship or of a shared core."""
    zone, gone = LINKAGE_ZONE, LINKAGE_ZONE.alias("gone")
    touched: set[str] = set()
    for batch in batches(entries):
        asked = [sa.select(far).where(near.in_(batch)) for near, far in ENDS]
        shared = zone.join(gone, zone.c.core_key == gone.c.core_key)
        asked.append(sa.select(zone.c.entry_key).select_from(shared).where(gone.c.entry_key.in_(batch)))
        touched.update(key for each in asked for key in connection.execute(each).scalars())
    noted = [{"entry_key": each} for each in sorted(touched.difference(entries))]
    if noted:
        connection.execute(sa.insert(LINK_TOUCHED), noted)
