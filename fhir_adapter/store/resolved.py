"""The resolved model, derived from the source rows inside the transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.changed_conflicts import note_changed_conflicts, note_open_conflicts
from fhir_adapter.store.choosing import (
    columns_of_sets,
    count_held_sql,
    count_undecided_sql,
    has_several_sql,
    held_columns,
    insert_several_sql,
    insert_single_sql,
    sets_in_parts_sql,
    undecidable_columns,
)
from fhir_adapter.store.code_sets import in_order
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.contested_cells import explain_contested
from fhir_adapter.store.deriving import (
    derive_delivery_method_sql,
    derive_deprivation_sql,
    derive_first_contact_sql,
)
from fhir_adapter.store.entities import CLINICAL_TABLES, entity_of
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.measuring import measure_sql, work_out_gestation_sql
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import FIELD_VALUE
from fhir_adapter.store.relinking import relink
from fhir_adapter.store.resolution_rules import ResolutionRules, rules_of
from fhir_adapter.store.rule_families import note_families
from fhir_adapter.store.rule_hits import apply_rules
from fhir_adapter.store.running import change, fetch
from fhir_adapter.store.settlements import active_settlements, apply_settlements, of_table
from fhir_adapter.store.touched_keys import (
    dirty_entities,
    forget_touched_keys,
    note_dirty_keys,
    touch_dependents,
    touch_receipts,
)
from indicator_engine.tables import Table

UNDECIDED = "undecided"
RESOLUTION_LOCK = 5_301_970_114  # any number that nothing else in the database locks


@dataclass(frozen=True, slots=True)
class ResolutionCounts:
    """What one resolution did.

    resolved: rows written, by table. held: keys that were not placed for want of a required column, by
    `table.column`, or because no rule stands between what sources say, by `table.column (undecided)`; a key that
    lacks two columns counts under both. held_rows: keys not placed, by table.
    conflicts: cells on which sources differ beyond the tolerance.
    """

    resolved: Mapping[str, int]
    held: Mapping[str, int]
    held_rows: Mapping[str, int]
    conflicts: int


def resolve_all(
    connection: Connection, *, touched: Sequence[str] | None, notes_conflicts: bool = False
) -> ResolutionCounts:
    """Derive the resolved model again: of the records that these receipts touch, or all of it when `touched` is None.

    The same source rows always give the same resolved rows, in whatever order they came and however often this runs.
    notes_conflicts: keep which conflicts this opens and closes, for the caller to read and to forget.
    """
    wait_for_other_writers(connection)
    only_dirty = touched is not None
    if touched is not None:
        touch_receipts(connection, touched)
        touch_dependents(connection)
        note_dirty_keys(connection)
    relink(connection, only_touched=only_dirty)
    if only_dirty:
        note_dirty_keys(connection)
        note_families(connection)
    tables = _tables_to_resolve(connection, only_dirty=only_dirty)
    before = note_open_conflicts(connection, only_dirty=only_dirty) if notes_conflicts else 0
    counts = _resolve_tables(connection, tables, only_dirty=only_dirty)
    if notes_conflicts:
        note_changed_conflicts(connection, before, only_dirty=only_dirty)
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
    rules = rules_of(connection)
    settlements = active_settlements(connection, only_dirty=only_dirty)
    resolved: dict[str, int] = {}
    held: dict[str, int] = {}
    held_rows: dict[str, int] = {}
    conflicts = 0
    several: set[str] = set()
    for table in tables:
        _clear(connection, table, only_dirty=only_dirty)
        resolved[table.name] = _run(connection, insert_single_sql(table.name, only_dirty, connection.dialect.name))
        has_several = _has_several(connection, table, only_dirty=only_dirty)
        if has_several:
            several.add(table.name)
            resolved[table.name] += _run(
                connection, insert_several_sql(table.name, only_dirty, connection.dialect.name, rules)
            )
            _put_sets_in_order(connection, table, only_dirty=only_dirty)
        held_rows[table.name], by_column = _held(connection, table, only_dirty=only_dirty)
        settled = of_table(settlements, table)
        if has_several or settled:
            conflicts += explain_contested(connection, table, rules, settled, only_dirty=only_dirty)
        for measuring in measure_sql(table.name, only_dirty, connection.dialect.name, rules):
            change(connection, measuring)
        if table.name == "baby":
            for working_out in work_out_gestation_sql(only_dirty, connection.dialect.name, rules):
                change(connection, working_out)
        apply_settlements(connection, settled)
        if has_several:
            undecided = _undecided(connection, table, rules, only_dirty=only_dirty)
            held_rows[table.name] += sum(undecided.values())
            by_column |= undecided
        held |= by_column
    _derive(connection, {table.name for table in tables}, several, only_dirty=only_dirty)
    return ResolutionCounts(resolved, held, {name: count for name, count in held_rows.items() if count}, conflicts)


def _run(connection: Connection, statement: str) -> int:
    return change(connection, statement)


def _has_several(connection: Connection, table: Table, *, only_dirty: bool) -> bool:
    statement = has_several_sql(table.name, only_dirty, connection.dialect.name)
    return bool(fetch(connection, statement))


def _undecided(connection: Connection, table: Table, rules: ResolutionRules, *, only_dirty: bool) -> dict[str, int]:
    """How many records are held because their best sources exclude each other, by `table.column (undecided)`."""
    counts = {
        f"{table.name}.{column.name} ({UNDECIDED})": connection.exec_driver_sql(
            count_undecided_sql(table.name, column.name, only_dirty, connection.dialect.name, rules)
        ).scalar_one()
        for column in undecidable_columns(table, rules)
    }
    return {name: int(count) for name, count in counts.items() if count}


def _clear(connection: Connection, table: Table, *, only_dirty: bool) -> None:
    for statement in _clear_sql(table.name, only_dirty, connection.dialect.name):
        change(connection, statement)


@cache
def _clear_sql(table_name: str, only_dirty: bool, dialect_name: str) -> tuple[str, ...]:
    table = next(each for each in CLINICAL_TABLES if each.name == table_name)
    placed = RESOLVED[table_name]
    rows = sa.delete(placed)
    if only_dirty:
        rows = rows.where(is_dirty(table, placed.c[table.key[0]]))
    told = [sa.delete(each).where(each.c.table_name == table_name) for each in (RESOLVED["resolution"], FIELD_VALUE)]
    if only_dirty:
        told = [each.where(is_dirty(table, each.table.c.resolved_key)) for each in told]
    return tuple(literal_sql(each, dialect_name) for each in (rows, *told))


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


def _held(connection: Connection, table: Table, *, only_dirty: bool) -> tuple[int, dict[str, int]]:
    statement = count_held_sql(table.name, only_dirty, connection.dialect.name)
    if statement is None:
        return 0, {}
    held, *by_column = map(int, fetch(connection, statement)[0])
    names = (f"{table.name}.{column.name}" for column in held_columns(table))
    return held, {name: count for name, count in zip(names, by_column, strict=True) if count}


def _derive(connection: Connection, names: set[str], several: set[str], *, only_dirty: bool) -> None:
    if "delivery" in names:
        change(connection, derive_delivery_method_sql(only_dirty, connection.dialect.name))
    if "mh_referral" in names:
        change(connection, derive_first_contact_sql(only_dirty, connection.dialect.name))
    if "residence" in names:
        change(connection, derive_deprivation_sql(only_dirty, connection.dialect.name))
    apply_rules(connection, names, several, only_dirty=only_dirty)
