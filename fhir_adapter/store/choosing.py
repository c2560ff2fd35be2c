"""The value of every column, chosen in the database by the rules of resolution.

A key with one source row takes that row as it is. A key with several takes, column by column, the value of the best
candidate; see `candidates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.candidates import PLACES, keys_of, scored_rows, standing, value_columns
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.linked_rows import is_dirty, linked_keys, linked_rows
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import LINK, SETTLEMENT
from fhir_adapter.store.resolution_rules import ResolutionRules
from indicator_engine.tables import TABLES, Column, ColumnType, Table

BETWEEN_PARTS = "||"  # where the end of one set of codes meets the beginning of another


@cache
def insert_single_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that resolves the keys which have exactly one source row."""
    table = TABLES[table_name]
    rows = linked_rows(table, only_dirty=only_dirty).subquery("linked")
    keys = _keys(table, only_dirty=only_dirty, single=True)
    chosen = sa.select(*_chosen_columns(table, rows)).join_from(rows, keys, same_key(table, rows, keys))
    return _insert(table, chosen.subquery("chosen"), dialect_name)


@cache
def insert_several_sql(table_name: str, only_dirty: bool, dialect_name: str, rules: ResolutionRules) -> str:
    """Text that resolves the keys which have several source rows."""
    table = TABLES[table_name]
    best = best_rows(table, rows_of_several(table, value_columns(table), rules, only_dirty=only_dirty), rules)
    values = [_value_of_best(table, each, best, rules).label(each.name) for each in value_columns(table)]
    grouped = sa.select(*keys_of(table, best), *values).group_by(*keys_of(table, best)).subquery("grouped")
    return _insert(table, sa.select(*_chosen_columns(table, grouped)).subquery("chosen"), dialect_name)


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
def count_undecided_sql(
    table_name: str, column_name: str, only_dirty: bool, dialect_name: str, rules: ResolutionRules
) -> str:
    """Text that counts the keys whose best sources say what excludes each other, and that nobody has settled."""
    table = TABLES[table_name]
    column = table.column(column_name)
    best = best_rows(table, rows_of_several(table, [column], rules, only_dirty=only_dirty), rules)
    is_held = _is_undecided(table, column, best, rules)
    keys = keys_of(table, best)
    held = sa.select(*keys).group_by(*keys).having(is_held).subquery("held")
    return literal_sql(sa.select(sa.func.count()).select_from(held), dialect_name)


@cache
def has_several_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that gives a row when at least one key has several source rows."""
    keys = _keys(TABLES[table_name], only_dirty=only_dirty, single=False)
    return literal_sql(sa.select(keys).limit(1), dialect_name)


def held_columns(table: Table) -> tuple[Column, ...]:
    """Columns without which a row is held back: needed, no part of the key, and with no code for not known."""
    return tuple(each for each in table.needed_columns if each.name not in table.key and not each.not_known_code)


def undecidable_columns(table: Table, rules: ResolutionRules) -> tuple[Column, ...]:
    """Columns for which a record is held when no rule stands between what its best sources say."""
    return tuple(each for each in held_columns(table) if rules.choice_of(table, each).undecided_between)


def record_key(table: Table, rows: sa.FromClause) -> sa.ColumnElement[str]:
    """The key of a resolved row as one text, its parts joined by `|`."""
    parts = [sa.cast(rows.c[name], sa.Text()) for name in table.key]
    joined: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        joined = joined + sa.literal("|") + part
    return joined


def columns_of_sets(table: Table) -> tuple[Column, ...]:
    """Columns whose parts stand side by side after `insert_several_sql`, until they are put in order."""
    return tuple(each for each in value_columns(table) if each.type == ColumnType.CODE_SET)


@cache
def sets_in_parts_sql(table_name: str, column: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that gives key and cell of each resolved row in which the parts of a set stand side by side."""
    table, placed = TABLES[table_name], RESOLVED[table_name]
    [key] = table.key
    found = sa.select(placed.c[key], placed.c[column]).where(placed.c[column].contains(BETWEEN_PARTS))
    return literal_sql(found.where(is_dirty(table, placed.c[key])) if only_dirty else found, dialect_name)


def rows_of_several(
    table: Table, columns: Sequence[Column], rules: ResolutionRules, *, only_dirty: bool
) -> sa.Subquery:
    """The scored rows of keys that have several."""
    linked = linked_rows(table, only_dirty=only_dirty).subquery("linked")
    keys = _keys(table, only_dirty=only_dirty, single=False)
    several = sa.select(linked).join_from(linked, keys, same_key(table, linked, keys)).subquery("several")
    return scored_rows(table, columns, several, rules)


def best_rows(table: Table, scored: sa.Subquery, rules: ResolutionRules) -> sa.Subquery:
    """Rows with `b_<column>`, the best score of each column, and `t_<column>`, the best but for the last straw."""
    keys = keys_of(table, scored)
    columns = [each for each in value_columns(table) if f"s_{each.name}" in scored.c]
    best = [sa.func.min(scored.c[f"s_{each.name}"]).over(partition_by=keys).label(f"b_{each.name}") for each in columns]
    tied = [
        sa.func.min(_score_of_moment(table, each, scored, rules)).over(partition_by=keys).label(f"t_{each.name}")
        for each in undecidable_columns(table, rules)
        if each in columns
    ]
    return sa.select(scored, *best, *tied).subquery("best")


def same_key(table: Table, left: sa.FromClause, right: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether two rows are of one key."""
    return sa.and_(*(left.c[name] == right.c[name] for name in table.key))


def _keys(table: Table, *, only_dirty: bool, single: bool) -> sa.Subquery:
    rows = linked_keys(table, only_dirty=only_dirty).subquery("keyed")
    keys = [rows.c[name] for name in table.key]
    count = sa.func.count()
    return sa.select(*keys).group_by(*keys).having(count == 1 if single else count > 1).subquery("wanted")


def _value_of_best(table: Table, column: Column, best: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[Any]:
    value = best.c[column.name]
    is_best = best.c[f"s_{column.name}"] == best.c[f"b_{column.name}"]
    if column.type == ColumnType.CODE_SET:
        return sa.func.aggregate_strings(sa.case((is_best, value)), "")
    if column.type == ColumnType.BOOLEAN:
        # PostgreSQL has no MAX of truth values
        return sa.func.max(sa.case((sa.and_(is_best, value.is_(True)), 1), (is_best, 0))) == 1
    chosen = sa.func.max(sa.case((is_best, value)))
    if column in undecidable_columns(table, rules):
        return sa.case((~_is_undecided(table, column, best, rules), chosen))
    return chosen


def _score_of_moment(
    table: Table, column: Column, rows: sa.FromClause, rules: ResolutionRules
) -> sa.ColumnElement[Any]:
    """The score without the hash: what is left when only chance would decide."""
    is_candidate = rows.c[f"s_{column.name}"].is_not(None)
    return sa.case((is_candidate, standing(table, column, rows, rules) * PLACES + rows.c.moment))


def _is_undecided(table: Table, column: Column, best: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[bool]:
    """Of the rows of one key: whether its best candidates are of several groups, and nobody has settled it."""
    is_tied = _score_of_moment(table, column, best, rules) == best.c[f"t_{column.name}"]
    groups = rules.choice_of(table, column).undecided_between
    said = [sa.func.max(sa.case((sa.and_(is_tied, best.c[column.name].in_(group)), 1), else_=0)) for group in groups]
    total: sa.ColumnElement[int] = said[0]
    for each in said[1:]:
        total = total + each
    [key] = table.key
    is_settled = (
        sa.exists()
        .where(
            LINK.c.resolved_key == best.c[key],
            LINK.c.entity == entity_of(table),
            SETTLEMENT.c.source_key == LINK.c.source_key,
            SETTLEMENT.c.entity == LINK.c.entity,
            SETTLEMENT.c.source == LINK.c.source,
            SETTLEMENT.c.table_name == table.name,
            SETTLEMENT.c.column_name == column.name,
            SETTLEMENT.c.withdrawn_at.is_(None),
        )
        .correlate(best)
    )
    return sa.and_(total > 1, ~is_settled)


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


def _insert(table: Table, chosen: sa.Subquery, dialect_name: str) -> str:
    complete = [chosen.c[each.name].is_not(None) for each in held_columns(table)]
    selected = sa.select(*(chosen.c[name] for name in table.column_names)).where(*complete)
    insert = sa.insert(RESOLVED[table.name]).from_select(list(table.column_names), selected)
    return literal_sql(insert, dialect_name)
