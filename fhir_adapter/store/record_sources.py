"""Which sources told of each record (of several the first and the last by name), and of what kinds of system."""

from __future__ import annotations

from collections.abc import Set
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.model_schema import RESOLVED, SOURCE
from fhir_adapter.store.operational_schema import LINK, SOURCE_SYSTEM
from fhir_adapter.store.running import change
from fhir_adapter.systems import System
from indicator_engine.tables import TABLES

TOLD = ("baby", "booking", "delivery")  # what indicators of data quality count
AND = " + "


def note_sources(connection: Connection, tables: Set[str], *, only_dirty: bool) -> None:
    """Say again which sources told of the records just resolved."""
    for name in TOLD:
        if name in tables:
            for statement in _note_sql(name, only_dirty, connection.dialect.name):
                change(connection, statement)


@cache
def _note_sql(name: str, only_dirty: bool, dialect_name: str) -> tuple[str, str]:
    table, target, placed = TABLES[name], RESOLVED["record_source"], RESOLVED[name]
    key, twin = placed.c[table.key[0]], SOURCE[name]
    is_own = sa.and_(LINK.c.entity == name, LINK.c.source == twin.c.source, LINK.c.source_key == twin.c.record_key)
    count = sa.func.count(twin.c.source.distinct())
    first, last = sa.func.min(twin.c.source), sa.func.max(twin.c.source)
    sources = sa.case((count > 1, first + sa.literal(AND) + last), else_=first)
    told = placed.join(LINK, LINK.c.resolved_key == key).join(twin, is_own)
    told = told.outerjoin(SOURCE_SYSTEM, SOURCE_SYSTEM.c.source == twin.c.source)
    found = sa.select(sa.literal(name), key, count, sources, _systems()).select_from(told).group_by(key)
    gone = sa.delete(target).where(target.c.table_name == name)
    if only_dirty:
        found = found.where(is_dirty(table, key))
        gone = gone.where(is_dirty(table, target.c.record_key))
    # every column of the table, in its order
    insert = sa.insert(target).from_select(list(TABLES["record_source"].column_names), found)
    return literal_sql(gone, dialect_name), literal_sql(insert, dialect_name)


def _systems() -> sa.ColumnElement[str]:
    """The kinds of system as a set of codes; a source of which nothing is known is of the kind `other`."""
    system = sa.func.coalesce(SOURCE_SYSTEM.c.system, System.OTHER.value)
    found: sa.ColumnElement[str] = sa.literal("|")
    for each in sorted(System):
        told = sa.func.max(sa.case((system == each.value, f"{each.value}|"), else_=""))
        found = found + told
    return found
