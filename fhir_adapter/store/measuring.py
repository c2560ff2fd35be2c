"""Cells that a measurement decides, and cells that are worked out where no source has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.compiled import INSERTS, literal_sql
from fhir_adapter.store.contesting import ID_CHARACTERS
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.resolution_rules import Choice, Measured, Otherwise, ResolutionRules, Severity
from indicator_engine.tables import TABLES, Table

MEASURED, WORKED_OUT = "measured", "worked-out"
DAYS_OF_PREGNANCY = 280  # from the last menstrual period to the date that is expected (Naegele)


@cache
def measure_sql(table_name: str, only_dirty: bool, dialect_name: str, rules: ResolutionRules) -> tuple[str, ...]:
    """Texts that let measurements decide the columns of a table, each decision against a finding recorded first."""
    return tuple(
        text
        for rule in rules.file.rules
        for each in rule.measured
        if each.for_.partition(".")[0] == table_name
        for text in _decide(TABLES[table_name], rule, each, only_dirty, dialect_name)
    )


def _decide(table: Table, rule: Choice, measured: Measured, only_dirty: bool, dialect_name: str) -> tuple[str, str]:
    placed = RESOLVED[table.name]
    name = measured.for_.partition(".")[2]
    value, measurement = placed.c[name], placed.c[measured.column.partition(".")[2]]
    is_measured: list[sa.ColumnElement[bool]] = [measurement >= measured.at_least]
    if only_dirty:
        is_measured.append(is_dirty(table, placed.c[table.key[0]]))
    differs = [*is_measured, value.is_not(None), value != measured.gives]
    record = _recorded(table, name, rule.id, sa.literal(MEASURED), MEASURED, differs, dialect_name)
    change = sa.update(placed).where(*is_measured).values({name: measured.gives})
    return record, literal_sql(change, dialect_name)


@cache
def work_out_gestation_sql(only_dirty: bool, dialect_name: str, rules: ResolutionRules) -> tuple[str, ...]:
    """Texts that work gestation at birth out of the dates of the pregnancy where no source has it, in their order."""
    baby = TABLES["baby"]
    rule = rules.choice_of(baby, baby.column("gestation_days"))
    return tuple(text for each in rule.otherwise for text in _work_out(each, rule, only_dirty, dialect_name))


def _work_out(dated_by: Otherwise, rule: Choice, only_dirty: bool, dialect_name: str) -> tuple[str, str]:
    baby, delivery, pregnancy = (RESOLVED[name] for name in ("baby", "delivery", "pregnancy"))
    column, days = {
        Otherwise.ESTIMATED_DUE_DATE: (pregnancy.c.edd_agreed, -DAYS_OF_PREGNANCY),
        Otherwise.LAST_MENSTRUAL_PERIOD: (pregnancy.c.lmp_date, 0),
    }[dated_by]
    gestation = (
        sa.select(_days_between(column, baby.c.birth_datetime, dialect_name) - days)
        .where(delivery.c.delivery_key == baby.c.delivery_key, pregnancy.c.pregnancy_key == delivery.c.pregnancy_key)
        .scalar_subquery()
    )
    limits = TABLES["baby"].column("gestation_days")
    is_wanted: list[sa.ColumnElement[bool]] = [
        baby.c.gestation_days.is_(None),
        gestation.between(int(limits.minimum or 0), int(limits.maximum or 0)),
    ]
    if only_dirty:
        is_wanted.append(is_dirty(TABLES["baby"], baby.c.baby_key))
    source = sa.literal(dated_by.value)
    record = _recorded(TABLES["baby"], "gestation_days", rule.id, source, WORKED_OUT, is_wanted, dialect_name)
    change = sa.update(baby).where(*is_wanted).values(gestation_days=gestation)
    return record, literal_sql(change, dialect_name)


def _days_between(
    first: sa.ColumnElement[Any], last: sa.ColumnElement[Any], dialect_name: str
) -> sa.ColumnElement[int]:
    begins, ends = (sa.func.substr(sa.cast(each, sa.Text()), 1, 10) for each in (first, last))
    if dialect_name == "postgresql":
        return sa.cast(ends, sa.Date()) - sa.cast(begins, sa.Date())  # type: ignore[return-value]  # days, in PostgreSQL
    return sa.cast(sa.func.julianday(ends) - sa.func.julianday(begins), sa.Integer())


def _recorded(
    table: Table,
    column: str,
    rule_id: str,
    source: sa.ColumnElement[str],
    reason: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    dialect_name: str,
) -> str:
    """Text that records the choice of each such cell which no difference between sources has recorded already."""
    placed = RESOLVED[table.name]
    key = placed.c[table.key[0]]
    found = sa.select(
        sa.literal(table.name).label("table_name"),
        key.label("record_key"),
        sa.literal(column).label("column_name"),
        source.label("chosen_source"),
        sa.literal(rule_id).label("rule_id"),
        sa.false().label("conflict"),
        sa.literal(1).label("candidate_count"),
        sa.literal(Severity.INFO.value).label("severity"),
        sa.literal("automatic").label("status"),
        sa.func.substr(sa.func.md5(sa.literal(f"{table.name}|{column}|") + key), 1, ID_CHARACTERS).label("conflict_id"),
        key.label("resolved_key"),
        sa.false().label("within_tolerance"),
        sa.literal(reason).label("reason"),
    ).where(*conditions)
    names = [each.name for each in found.selected_columns]
    insert = INSERTS[dialect_name](RESOLVED["resolution"]).from_select(names, found).on_conflict_do_nothing()
    return literal_sql(insert, dialect_name)
