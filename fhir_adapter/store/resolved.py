"""The resolved model, derived from the source rows inside the transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.choosing import (
    columns_of_sets,
    count_held_sql,
    has_several_sql,
    held_columns,
    insert_conflicts_sql,
    insert_several_sql,
    insert_single_sql,
    record_key,
    sets_in_parts_sql,
)
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.deriving import (
    derive_delivery_method_sql,
    derive_deprivation_sql,
    derive_first_contact_sql,
)
from fhir_adapter.store.entities import CLINICAL_TABLES, entity_of
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.relinking import relink
from fhir_adapter.store.touched_keys import dirty_entities, forget_touched_keys, note_dirty_keys, touch_receipts
from indicator_engine.tables import Table

RESOLUTION_LOCK = 5_301_970_114  # any number that nothing else in the database locks


@dataclass(frozen=True, slots=True)
class ResolutionCounts:
    """What one resolution did.

    resolved: rows written, by table. held: keys that were not placed for want of a required column, by
    `table.column`; a key that lacks two columns counts under both. held_rows: keys not placed, by table.
    conflicts: cells for which several distinct values were offered.
    """

    resolved: Mapping[str, int]
    held: Mapping[str, int]
    held_rows: Mapping[str, int]
    conflicts: int


def resolve_all(connection: Connection, *, touched: Sequence[str] | None) -> ResolutionCounts:
    """Derive the resolved model again: of the records that these receipts touch, or all of it when `touched` is None.

    The same source rows always give the same resolved rows, in whatever order they came and however often this runs.
    """
    wait_for_other_writers(connection)
    only_dirty = touched is not None
    if touched is not None:
        touch_receipts(connection, touched)
        note_dirty_keys(connection)
    relink(connection, only_touched=only_dirty)
    if only_dirty:
        note_dirty_keys(connection)
    tables = _tables_to_resolve(connection, only_dirty=only_dirty)
    counts = _resolve_tables(connection, tables, only_dirty=only_dirty)
    forget_touched_keys(connection)
    return counts


def wait_for_other_writers(connection: Connection) -> None:
    """Let one transaction at a time change links and the resolved model; SQLite has one writer anyway.

    To be called before the first row is written: two transactions that wait for each other's rows would deadlock,
    and a link that changes while another transaction resolves could be forgotten.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(RESOLUTION_LOCK)))


def _tables_to_resolve(connection: Connection, *, only_dirty: bool) -> tuple[Table, ...]:
    if not only_dirty:
        return CLINICAL_TABLES
    dirty = dirty_entities(connection)
    return tuple(table for table in CLINICAL_TABLES if entity_of(table) in dirty)


def _resolve_tables(connection: Connection, tables: Sequence[Table], *, only_dirty: bool) -> ResolutionCounts:
    resolved: dict[str, int] = {}
    held: dict[str, int] = {}
    held_rows: dict[str, int] = {}
    conflicts = 0
    for table in tables:
        _clear(connection, table, only_dirty=only_dirty)
        resolved[table.name] = _run(connection, insert_single_sql(table.name, only_dirty, connection.dialect.name))
        if _has_several(connection, table, only_dirty=only_dirty):
            resolved[table.name] += _run(
                connection, insert_several_sql(table.name, only_dirty, connection.dialect.name)
            )
            _put_sets_in_order(connection, table, only_dirty=only_dirty)
            conflicts += _run(connection, insert_conflicts_sql(table.name, only_dirty, connection.dialect.name))
        held_rows[table.name], by_column = _held(connection, table, only_dirty=only_dirty)
        held |= by_column
    _derive(connection, {table.name for table in tables}, only_dirty=only_dirty)
    return ResolutionCounts(resolved, held, {name: count for name, count in held_rows.items() if count}, conflicts)


def _run(connection: Connection, statement: str) -> int:
    return connection.exec_driver_sql(statement).rowcount


def _has_several(connection: Connection, table: Table, *, only_dirty: bool) -> bool:
    statement = has_several_sql(table.name, only_dirty, connection.dialect.name)
    return connection.exec_driver_sql(statement).first() is not None


def _clear(connection: Connection, table: Table, *, only_dirty: bool) -> None:
    for statement in _clear_sql(table.name, only_dirty, connection.dialect.name):
        connection.exec_driver_sql(statement)


@cache
def _clear_sql(table_name: str, only_dirty: bool, dialect_name: str) -> tuple[str, str]:
    table = next(each for each in CLINICAL_TABLES if each.name == table_name)
    placed, choice = RESOLVED[table_name], RESOLVED["resolution"]
    choices = sa.delete(choice).where(choice.c.table_name == table_name, choice.c.status == "automatic")
    rows = sa.delete(placed)
    if only_dirty:
        dirty = is_dirty(table, placed.c[table.key[0]])
        choices = choices.where(choice.c.record_key.in_(sa.select(record_key(table, placed)).where(dirty)))
        rows = rows.where(dirty)
    return literal_sql(choices, dialect_name), literal_sql(rows, dialect_name)


def _put_sets_in_order(connection: Connection, table: Table, *, only_dirty: bool) -> None:
    """Turn sets of codes whose parts stand side by side into sets as everywhere: sorted, each code once."""
    placed = RESOLVED[table.name]
    for column in columns_of_sets(table):
        found = connection.exec_driver_sql(
            sets_in_parts_sql(table.name, column.name, only_dirty, connection.dialect.name)
        ).all()
        if found:
            changed = sa.update(placed).where(placed.c[table.key[0]] == sa.bindparam("key"))
            connection.execute(
                changed.values({column.name: sa.bindparam("codes")}),
                [{"key": key, "codes": in_order(codes)} for key, codes in found],
            )


def in_order(codes: str) -> str:
    """A set of codes out of its parts, `|b||a|c|` to `|a|b|c|`."""
    return f"|{'|'.join(sorted({code for code in codes.split('|') if code}))}|"


def _held(connection: Connection, table: Table, *, only_dirty: bool) -> tuple[int, dict[str, int]]:
    statement = count_held_sql(table.name, only_dirty, connection.dialect.name)
    if statement is None:
        return 0, {}
    held, *by_column = (int(count) for count in connection.exec_driver_sql(statement).one())
    names = (f"{table.name}.{column.name}" for column in held_columns(table))
    return held, {name: count for name, count in zip(names, by_column, strict=True) if count}


def _derive(connection: Connection, names: set[str], *, only_dirty: bool) -> None:
    if "delivery" in names:
        connection.exec_driver_sql(derive_delivery_method_sql(only_dirty, connection.dialect.name))
    if "mh_referral" in names:
        connection.exec_driver_sql(derive_first_contact_sql(only_dirty, connection.dialect.name))
    if "residence" in names:
        connection.exec_driver_sql(derive_deprivation_sql(only_dirty, connection.dialect.name))
