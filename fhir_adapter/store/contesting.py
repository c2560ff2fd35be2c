"""Cells on which sources differ: found, explained with what each source says, and held against the tolerance."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.candidates import is_unknown, keys_of, scored_rows
from fhir_adapter.store.choosing import record_key, rows_of_several
from fhir_adapter.store.column_types import DATETIME_LENGTH
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.linked_rows import (
    HASH_LABEL,
    MAPPING_LABEL,
    OBSERVED_LABEL,
    RECEIVED_LABEL,
    RECORD_ID_LABEL,
    RECORDED_LABEL,
    SOURCE_KEY_LABEL,
    SOURCE_LABEL,
    SYSTEM_LABEL,
    linked_rows,
)
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import CONTESTED_CELL, FIELD_VALUE
from fhir_adapter.store.resolution_rules import Agreement, Exact, Groups, ResolutionRules, Severity, Within
from indicator_engine.tables import TABLES, Column, ColumnType, Table

DIFFERENCE, ONLY_ONE_SOURCE, SETTLEMENT_REASON = "difference", "only-one-source", "settlement"
COUNTS, AGREES, TOLERATED, DIFFERS, UNKNOWN = "counts", "agrees", "tolerated", "differs", "not-known"
NO_CONFLICT, CONFLICT, ERROR = 0, 1, 2
ID_CHARACTERS = 16

ROUNDING = 0.001  # minutes: SQLite counts days in binary fractions
CELL = ("table_name", "resolved_key", "record_key", "column_name", "reason")


@cache
def find_contested_sql(table_name: str, only_dirty: bool, dialect_name: str, rules: ResolutionRules) -> str | None:
    """Text that notes each cell for which sources offer several known values; None where none is compared."""
    table = TABLES[table_name]
    columns = rules.compared_columns(table)
    if not columns:
        return None
    scored = rows_of_several(table, columns, rules, only_dirty=only_dirty)
    keys = keys_of(table, scored)
    marks = [_reason(table, each, scored, rules).label(f"r_{each.name}") for each in columns]
    grouped = sa.select(*keys, *marks).group_by(*keys).subquery("grouped")
    names = sa.union_all(*(sa.select(sa.literal(each.name).label("column_name")) for each in columns)).subquery("names")
    reason = sa.case(*((names.c.column_name == each.name, grouped.c[f"r_{each.name}"]) for each in columns))
    found = (
        sa.select(
            sa.literal(table_name),
            grouped.c[table.key[0]],
            record_key(table, grouped),
            names.c.column_name,
            reason,
        )
        .select_from(grouped.join(names, sa.true()))
        .where(reason.is_not(None))
    )
    return literal_sql(sa.insert(CONTESTED_CELL).from_select(CELL, found), dialect_name)


def _reason(table: Table, column: Column, scored: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[Any]:
    """Why a cell of the rows of one key is listed, else null."""
    is_candidate = sa.and_(
        scored.c[f"s_{column.name}"].is_not(None), ~is_unknown(table, column, scored.c[column.name], rules)
    )
    values = sa.func.count(sa.case((is_candidate, scored.c[column.name])).distinct())
    differs: sa.ColumnElement[bool] = values > 1
    if column.type == ColumnType.CODE_SET:
        # parts of one set differ from each other and are no conflict
        moments = sa.func.count(sa.case((is_candidate, scored.c.moment_of_source)).distinct())
        differs = sa.and_(differs, moments > 1)
    reasons = [(differs, DIFFERENCE)]
    if rules.choice_of(table, column).flag_when_only_one_source:
        telling = sa.func.count(sa.case((is_candidate, scored.c[SOURCE_LABEL])).distinct())
        knowing = sa.func.count(scored.c[SOURCE_LABEL].distinct())
        reasons.append((sa.and_(telling == 1, knowing > 1), ONLY_ONE_SOURCE))
    return sa.case(*reasons)


@cache
def insert_values_sql(table_name: str, column_name: str, dialect_name: str, rules: ResolutionRules) -> str:
    """Text that keeps what each source says of the contested cells of one column, in the order of the choice."""
    table = TABLES[table_name]
    column = table.column(column_name)
    contested = sa.select(CONTESTED_CELL.c.resolved_key).where(
        CONTESTED_CELL.c.table_name == table_name, CONTESTED_CELL.c.column_name == column_name
    )
    linked = linked_rows(table, only_keys=contested).subquery("linked")
    scored = scored_rows(table, [column], linked, rules)
    order = (scored.c[f"s_{column_name}"].asc().nulls_last(), scored.c[HASH_LABEL].desc())
    keys = keys_of(table, scored)
    position = sa.func.row_number().over(partition_by=keys, order_by=order).label("position")
    chosen = sa.func.first_value(scored.c[column_name]).over(partition_by=keys, order_by=order).label("chosen")
    placed = sa.select(scored, record_key(table, scored).label("cell_key"), position, chosen).subquery("placed")
    wanted = sa.select(CONTESTED_CELL.c.record_key).where(
        CONTESTED_CELL.c.table_name == table_name, CONTESTED_CELL.c.column_name == column_name
    )
    found = sa.select(*_told(table, column, placed, dialect_name, rules)).where(
        placed.c[f"s_{column_name}"].is_not(None), placed.c.cell_key.in_(wanted)
    )
    return literal_sql(
        sa.insert(FIELD_VALUE).from_select([each.name for each in found.selected_columns], found), dialect_name
    )


def _told(
    table: Table, column: Column, placed: sa.FromClause, dialect_name: str, rules: ResolutionRules
) -> list[sa.ColumnElement[Any]]:
    value, chosen = placed.c[column.name], placed.c.chosen
    agreement = rules.choice_of(table, column).agreement
    differs, is_error = _differs(agreement, value, chosen, dialect_name)
    unknown = is_unknown(table, column, value, rules)
    standing = sa.case(
        (placed.c.position == 1, COUNTS),
        (unknown, UNKNOWN),
        (value == chosen, AGREES),
        (differs, DIFFERS),
        else_=TOLERATED,
    )
    level = sa.case(
        (sa.or_(placed.c.position == 1, unknown, value == chosen, ~differs), NO_CONFLICT),
        (is_error, ERROR),
        else_=CONFLICT,
    )
    return [
        placed.c.cell_key.label("record_key"),
        sa.literal(table.name).label("table_name"),
        sa.literal(column.name).label("column_name"),
        placed.c.position,
        placed.c[table.key[0]].label("resolved_key"),
        placed.c[SOURCE_LABEL].label("source"),
        placed.c[SOURCE_KEY_LABEL].label("source_key"),
        placed.c[RECORD_ID_LABEL].label("source_record_id"),
        placed.c[SYSTEM_LABEL].label("system"),
        _as_text(column, value).label("value"),
        standing.label("standing"),
        level.label("level"),
        placed.c[OBSERVED_LABEL].label("observed_at"),
        placed.c[RECORDED_LABEL].label("recorded_at"),
        placed.c[RECEIVED_LABEL].label("received_at"),
        placed.c[MAPPING_LABEL].label("mapping_version"),
    ]


def _as_text(column: Column, value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    if column.type == ColumnType.BOOLEAN:
        return sa.case((value.is_(True), "true"), else_="false")
    return sa.cast(value, sa.Text())


def _differs(
    agreement: Agreement, value: sa.ColumnElement[Any], chosen: sa.ColumnElement[Any], dialect_name: str
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Whether two values differ beyond the tolerance, and whether so much that it is an error."""
    if isinstance(agreement, Exact):
        return value != chosen, sa.false()
    if isinstance(agreement, Groups):
        return _group_of(agreement, value) != _group_of(agreement, chosen), sa.false()
    return _differs_beyond(agreement, value, chosen, dialect_name)


def _group_of(agreement: Groups, value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    groups = [(value.in_(codes), f"group {name}") for name, codes in agreement.groups.items()]
    return sa.case(*groups, else_=value)


def _differs_beyond(
    agreement: Within, value: sa.ColumnElement[Any], chosen: sa.ColumnElement[Any], dialect_name: str
) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    above = agreement.error_above
    if agreement.by == "number":
        distance = sa.func.abs(value - chosen)
        return distance > agreement.within, sa.false() if above is None else distance > above
    other_date = sa.func.substr(_text(value), 1, 10) != sa.func.substr(_text(chosen), 1, 10)
    if agreement.by == "days":
        distance = sa.func.abs(_days(value, dialect_name) - _days(chosen, dialect_name))
        return distance > agreement.within, sa.false() if above is None else distance > above
    # a date without a time says nothing of minutes
    have_times = sa.and_(
        sa.func.length(_text(value)) == DATETIME_LENGTH, sa.func.length(_text(chosen)) == DATETIME_LENGTH
    )
    distance = sa.func.abs(_minutes(value, dialect_name) - _minutes(chosen, dialect_name))
    differs = sa.case((have_times, distance > agreement.within + ROUNDING), else_=other_date)
    errors = [distance > above + ROUNDING] if above is not None else []
    errors += [other_date] if agreement.error_when_dates_differ else []
    return differs, sa.or_(sa.false(), *errors)


def _text(value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.cast(value, sa.Text())


def _days(value: sa.ColumnElement[Any], dialect_name: str) -> sa.ColumnElement[Any]:
    date = sa.func.substr(_text(value), 1, 10)
    return sa.cast(date, sa.Date()) if dialect_name == "postgresql" else sa.func.julianday(date)


def _minutes(value: sa.ColumnElement[Any], dialect_name: str) -> sa.ColumnElement[Any]:
    if dialect_name == "postgresql":
        return sa.extract("epoch", sa.cast(value, sa.TIMESTAMP(timezone=True))) / 60
    return sa.func.julianday(value) * (24 * 60)


@cache
def insert_choices_sql(table_name: str, column_name: str, dialect_name: str, rules: ResolutionRules) -> str:
    """Text that records the choice for each contested cell of one column, with what came of the comparison."""
    table = TABLES[table_name]
    choice = rules.choice_of(table, table.column(column_name))
    told = FIELD_VALUE
    worst = sa.func.max(told.c.level)
    cell = CONTESTED_CELL
    is_same = sa.and_(
        cell.c.table_name == told.c.table_name,
        cell.c.record_key == told.c.record_key,
        cell.c.column_name == told.c.column_name,
    )
    reason = sa.func.min(cell.c.reason)
    is_tolerated = sa.func.max(sa.case((told.c.standing == TOLERATED, 1), else_=0))
    key = sa.literal(f"{table_name}|{column_name}|") + told.c.record_key
    severity = sa.case(
        (worst == ERROR, Severity.ERROR.value),
        (sa.or_(worst == CONFLICT, reason == ONLY_ONE_SOURCE), choice.severity.value),
        else_=Severity.INFO.value,
    )
    found = (
        sa.select(
            told.c.table_name,
            told.c.record_key,
            told.c.column_name,
            sa.func.max(sa.case((told.c.position == 1, told.c.source))).label("chosen_source"),
            sa.literal(choice.id).label("rule_id"),
            (worst > NO_CONFLICT).label("conflict"),
            sa.func.count().label("candidate_count"),
            severity.label("severity"),
            sa.case((worst > NO_CONFLICT, "open"), else_="automatic").label("status"),
            sa.func.substr(sa.func.md5(key), 1, ID_CHARACTERS).label("conflict_id"),
            told.c.resolved_key,
            sa.and_(worst == NO_CONFLICT, is_tolerated == 1).label("within_tolerance"),
            reason.label("reason"),
        )
        .select_from(cell.join(told, is_same))
        .where(cell.c.table_name == table_name, cell.c.column_name == column_name)
        .group_by(told.c.table_name, told.c.record_key, told.c.column_name, told.c.resolved_key)
        # the parts of a set may have come out the same once they were put together
        .having(sa.or_(worst > NO_CONFLICT, is_tolerated == 1, reason != DIFFERENCE))
    )
    columns = [each.name for each in found.selected_columns]
    return literal_sql(sa.insert(RESOLVED["resolution"]).from_select(columns, found), dialect_name)
