"""The newest recorded value of every column, chosen in the database.

A key with one source row takes that row as it is. A key with several takes, column by column, the value of the newest
row that has one; rows recorded at the same moment are ordered by their hash, so the order of arrival never matters.
Sets of codes that one source recorded at one moment are parts of one set: a file with one finding a line is read in
batches, and which lines meet in a batch must not matter.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.linked_rows import (
    HASH_LABEL,
    RECORDED_LABEL,
    SOURCE_LABEL,
    is_dirty,
    linked_keys,
    linked_rows,
)
from fhir_adapter.store.model_schema import RESOLVED
from indicator_engine.tables import TABLES, Column, ColumnType, Table

NEWEST_RECORDED = "newest-recorded"
BETWEEN_PARTS = "||"  # where the end of one set of codes meets the beginning of another


@cache
def insert_single_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that resolves the keys which have exactly one source row."""
    table = TABLES[table_name]
    rows = linked_rows(table, only_dirty=only_dirty).subquery("linked")
    keys = _keys(table, only_dirty=only_dirty, single=True)
    chosen = sa.select(*_chosen_columns(table, rows)).join_from(rows, keys, _same_key(table, rows, keys))
    return _insert(table, chosen.subquery("chosen"), dialect_name)


@cache
def insert_several_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that resolves the keys which have several source rows."""
    table = TABLES[table_name]
    grouped = _grouped(table, only_dirty=only_dirty, with_conflicts=False).subquery("grouped")
    return _insert(table, sa.select(*_chosen_columns(table, grouped)).subquery("chosen"), dialect_name)


@cache
def insert_conflicts_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that records each column for which several distinct values were offered."""
    table = TABLES[table_name]
    grouped = _grouped(table, only_dirty=only_dirty, with_conflicts=True).subquery("grouped")
    names = _names_of_values(table)
    placed = RESOLVED[table_name]
    is_placed = sa.exists().where(_same_key(table, placed, grouped))
    candidates = sa.case(*((names.c.column_name == each.name, grouped.c[f"n_{each.name}"]) for each in _values(table)))
    source = sa.case(*((names.c.column_name == each.name, grouped.c[f"s_{each.name}"]) for each in _values(table)))
    found = (
        sa.select(
            sa.literal(table_name).label("table_name"),
            record_key(table, grouped).label("record_key"),
            names.c.column_name,
            source.label("chosen_source"),
            sa.literal(NEWEST_RECORDED).label("rule_id"),
            sa.true().label("conflict"),
            candidates.label("candidate_count"),
            sa.literal("warn").label("severity"),
            sa.literal("automatic").label("status"),
        )
        .select_from(grouped.join(names, sa.true()))
        .where(candidates > 1, is_placed)
    )
    columns = [column.name for column in found.selected_columns]
    return literal_sql(sa.insert(RESOLVED["resolution"]).from_select(columns, found), dialect_name)


@cache
def count_held_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str | None:
    """Text that counts the keys for which no row has a required column, one count a column; None without any."""
    table = TABLES[table_name]
    needed = held_columns(table)
    if not needed:
        return None
    rows = linked_rows(table, only_dirty=only_dirty).subquery("linked")
    keys = [rows.c[name] for name in table.key]
    known = (
        sa.select(*(sa.func.count(rows.c[each.name]).label(each.name) for each in needed)).group_by(*keys).subquery()
    )
    counts = [sa.func.coalesce(sa.func.sum(sa.case((known.c[each.name] == 0, 1), else_=0)), 0) for each in needed]
    any_held = sa.case((sa.or_(*(known.c[each.name] == 0 for each in needed)), 1), else_=0)
    return literal_sql(sa.select(sa.func.coalesce(sa.func.sum(any_held), 0), *counts), dialect_name)


@cache
def has_several_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that gives a row when at least one key has several source rows."""
    keys = _keys(TABLES[table_name], only_dirty=only_dirty, single=False)
    return literal_sql(sa.select(keys).limit(1), dialect_name)


def held_columns(table: Table) -> tuple[Column, ...]:
    """Columns without which a row is held back: needed, no part of the key, and with no code for not known."""
    return tuple(each for each in table.needed_columns if each.name not in table.key and not each.not_known_code)


def record_key(table: Table, rows: sa.FromClause) -> sa.ColumnElement[str]:
    """The key of a resolved row as one text, its parts joined by `|`."""
    parts = [sa.cast(rows.c[name], sa.Text()) for name in table.key]
    joined: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        joined = joined + sa.literal("|") + part
    return joined


def _keys(table: Table, *, only_dirty: bool, single: bool) -> sa.Subquery:
    rows = linked_keys(table, only_dirty=only_dirty).subquery("keyed")
    keys = [rows.c[name] for name in table.key]
    count = sa.func.count()
    return sa.select(*keys).group_by(*keys).having(count == 1 if single else count > 1).subquery("wanted")


def _grouped(table: Table, *, only_dirty: bool, with_conflicts: bool) -> sa.Select[Any]:
    firsts = _with_first_places(table, only_dirty=only_dirty)
    keys = [firsts.c[name] for name in table.key]
    columns = [_value_at_first_place(each, firsts).label(each.name) for each in _values(table)]
    if with_conflicts:
        columns = [label for each in _values(table) for label in _conflict_columns(each, firsts)]
    return sa.select(*keys, *columns).group_by(*keys)


def columns_of_sets(table: Table) -> tuple[Column, ...]:
    """Columns whose parts stand side by side after `insert_several_sql`, until they are put in order."""
    return tuple(each for each in _values(table) if each.type == ColumnType.CODE_SET)


@cache
def sets_in_parts_sql(table_name: str, column: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that gives key and cell of each resolved row in which the parts of a set stand side by side."""
    table, placed = TABLES[table_name], RESOLVED[table_name]
    [key] = table.key
    found = sa.select(placed.c[key], placed.c[column]).where(placed.c[column].contains(BETWEEN_PARTS))
    return literal_sql(found.where(is_dirty(table, placed.c[key])) if only_dirty else found, dialect_name)


def _with_first_places(table: Table, *, only_dirty: bool) -> sa.Subquery:
    """Rows of keys with several rows; `f_<column>` is the place of the newest row that has a value."""
    rows = linked_rows(table, only_dirty=only_dirty).subquery("linked")
    keys = _keys(table, only_dirty=only_dirty, single=False)
    newest_first = [rows.c[RECORDED_LABEL].desc().nulls_last(), rows.c[HASH_LABEL].desc()]
    partition = [rows.c[name] for name in table.key]
    place = sa.func.row_number().over(partition_by=partition, order_by=newest_first).label("place")
    places = [place]
    if columns_of_sets(table):
        same_moment = [rows.c[RECORDED_LABEL].desc().nulls_last(), rows.c[SOURCE_LABEL].desc()]
        places.append(sa.func.dense_rank().over(partition_by=partition, order_by=same_moment).label("moment"))
    ranked = sa.select(rows, *places).join_from(rows, keys, _same_key(table, rows, keys)).subquery("ranked")
    firsts = [
        sa.func.min(sa.case((ranked.c[each.name].is_not(None), _rank_of(each, ranked))))
        .over(partition_by=[ranked.c[name] for name in table.key])
        .label(f"f_{each.name}")
        for each in _values(table)
    ]
    return sa.select(ranked, *firsts).subquery("firsts")


def _value_at_first_place(column: Column, firsts: sa.FromClause) -> sa.ColumnElement[Any]:
    value = firsts.c[column.name]
    is_first = _rank_of(column, firsts) == firsts.c[f"f_{column.name}"]
    if column.type == ColumnType.CODE_SET:
        return sa.func.aggregate_strings(sa.case((is_first, value)), "")
    if column.type == ColumnType.BOOLEAN:
        # PostgreSQL has no MAX of truth values
        return sa.func.max(sa.case((sa.and_(is_first, value.is_(True)), 1), (is_first, 0))) == 1
    return sa.func.max(sa.case((is_first, value)))


def _rank_of(column: Column, rows: sa.FromClause) -> sa.ColumnElement[Any]:
    """What decides for a column: the place of a row, or for a set its source and moment."""
    return rows.c.moment if column.type == ColumnType.CODE_SET else rows.c.place


def _conflict_columns(column: Column, firsts: sa.FromClause) -> list[sa.Label[Any]]:
    is_first = _rank_of(column, firsts) == firsts.c[f"f_{column.name}"]
    different: sa.ColumnElement[int] = sa.func.count(firsts.c[column.name].distinct())
    if column.type == ColumnType.CODE_SET:
        moments = sa.func.count(sa.case((firsts.c[column.name].is_not(None), firsts.c.moment)).distinct())
        different = sa.case((moments > 1, different), else_=1)
    return [
        different.label(f"n_{column.name}"),
        sa.func.max(sa.case((is_first, firsts.c[SOURCE_LABEL]))).label(f"s_{column.name}"),
    ]


def _names_of_values(table: Table) -> sa.Subquery:
    names = (sa.select(sa.literal(each.name).label("column_name")) for each in _values(table))
    return sa.union_all(*names).subquery("names")


def _values(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name not in table.key)


def _chosen_columns(table: Table, rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    return [_known_or_code(column, rows) for column in table.columns]


def _known_or_code(column: Column, rows: sa.FromClause) -> sa.ColumnElement[Any]:
    value = rows.c[column.name]
    if column.not_known_code is None:
        return value
    known: sa.ColumnElement[Any] = sa.func.coalesce(value, column.not_known_code)
    if column.required_for:
        known = sa.case((rows.c.role.in_(column.required_for), known), else_=value)
    return known.label(column.name)


def _same_key(table: Table, left: sa.FromClause, right: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(left.c[name] == right.c[name] for name in table.key))


def _insert(table: Table, chosen: sa.Subquery, dialect_name: str) -> str:
    complete = [chosen.c[each.name].is_not(None) for each in held_columns(table)]
    selected = sa.select(*(chosen.c[name] for name in table.column_names)).where(*complete)
    insert = sa.insert(RESOLVED[table.name]).from_select(list(table.column_names), selected)
    return literal_sql(insert, dialect_name)
