"""What became of the rows of receipts, by sets: what was stored, rules, conflicts, what is held and what counts.

Every statement starts from the receipts that are told of and the keys of their rows, and reads nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.changed_conflicts import NAMES, OPENED
from fhir_adapter.store.choosing import held_columns
from fhir_adapter.store.compiled import insert_sql, literal_sql
from fhir_adapter.store.entities import CLINICAL_TABLES, KEYED_BY_ANOTHER, entity_of
from fhir_adapter.store.feedback_schema import CHANGED_CONFLICT, RECEIPT_FEEDBACK, TOLD_KEY, TOLD_RECEIPT
from fhir_adapter.store.linked_rows import linked_rows
from fhir_adapter.store.model_schema import RESOLVED, SOURCE, twin_name
from fhir_adapter.store.operational_schema import LINK, RECEIPT, RECEIPT_ISSUE, RULE_HIT
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.engines.fact import ENTITY, entered_statement, flag_name
from indicator_engine.plan import Family, plan_families
from indicator_engine.rules import Effect
from indicator_engine.tables import TABLES

# What a row counts with beside itself: (table, column, entity that it names).
COUNTS_WITH = (("baby", "delivery_key", "delivery"), ("neonatal_episode", "baby_key", "baby"))
LOOKED_UP_AT_ONCE = 500  # SQLite takes a limited number of parameters
KEPT = ("receipt_id", "table_name", "entity", "resolved_key", "is_own")


@dataclass(frozen=True, slots=True)
class Changed:
    """A conflict that was opened, or else closed. receipt_id: of a record that tells of its key, None without one."""

    receipt_id: str | None
    is_opened: bool
    conflict_id: str
    table_name: str
    column_name: str
    severity: str
    rule_id: str


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """A key that is not in the resolved model. missing: columns that no source gives. rules: that hold it."""

    receipt_id: str
    table_name: str
    missing: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entered:
    """Entities of a receipt in one month. month: index, None without a date. counts: of each indicator by id."""

    receipt_id: str
    month: int | None
    counts: Mapping[str, int]


def start_telling(connection: Connection, receipt_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Note these receipts and the keys of their rows; gives the rows that were mapped, by receipt and table."""
    dialect = connection.dialect.name
    connection.exec_driver_sql(insert_sql(TOLD_RECEIPT, ("receipt_id",), dialect), [(each,) for each in receipt_ids])
    mapped = {row.id: orjson.loads(row.rows) for row in connection.exec_driver_sql(_mapped_sql(dialect))}
    tables = tuple(each.name for each in CLINICAL_TABLES if any(each.name in rows for rows in mapped.values()))
    if tables:
        connection.exec_driver_sql(_keys_sql(tables, dialect))
    return mapped


def stored_rows(connection: Connection) -> Iterable[tuple[str, str, int]]:
    """Receipt, table and how many rows are stored that came with it first."""
    return [tuple(row) for row in connection.exec_driver_sql(_stored_sql(connection.dialect.name))]


def rule_hits(connection: Connection) -> Iterable[tuple[str, str, str, str, str, str, int]]:
    """Receipt, rule, severity, effect, table, columns and how many records of the receipt break the rule."""
    return [tuple(row) for row in connection.exec_driver_sql(_hits_sql(connection.dialect.name))]


def issues_of(connection: Connection, codes: Collection[str]) -> Iterable[tuple[str, str, str]]:
    """Receipt, code and text of every issue of these codes."""
    return [
        tuple(row) for row in connection.exec_driver_sql(_issues_sql(tuple(sorted(codes)), connection.dialect.name))
    ]


def take_changed_conflicts(connection: Connection) -> list[Changed]:
    """Conflicts that concern the noted receipts, each once; they are not given again."""
    found = connection.exec_driver_sql(_changed_sql(connection.dialect.name)).all()
    _forget_conflicts(connection, [row.conflict_id for row in found])
    return [_changed(row, row.receipt_id) for row in found]


def take_other_conflicts(connection: Connection) -> list[Changed]:
    """The conflicts that concern none of the receipts told of so far; none is left after it."""
    found = connection.exec_driver_sql(_others_sql(connection.dialect.name)).all()
    if found:
        connection.exec_driver_sql(_empty_sql("changed_conflict", connection.dialect.name))
    return [_changed(row, None) for row in found]


def not_placed(connection: Connection) -> list[NotPlaced]:
    """Keys of the receipts that are not in the resolved model, and what they lack."""
    dialect = connection.dialect.name
    held = connection.exec_driver_sql(_held_sql(dialect)).all()
    if not held:
        return []
    missing: dict[tuple[str, str], tuple[str, ...]] = {}
    for table in sorted({row.table_name for row in held}):
        needed = held_columns(TABLES[table])
        for key, *counts in connection.exec_driver_sql(_missing_sql(table, dialect)):
            missing[table, key] = tuple(each.name for each, count in zip(needed, counts, strict=True) if not count)
    by_rule: dict[tuple[str, str], tuple[str, ...]] = {}
    for table, key, rule in connection.exec_driver_sql(_holding_sql(dialect)):
        by_rule[table, key] = (*by_rule.get((table, key), ()), rule)
    return [
        NotPlaced(receipt, table, missing.get((table, key), ()), by_rule.get((table, key), ()))
        for receipt, table, key in held
    ]


def entered(connection: Connection) -> list[Entered]:
    """What of the receipts counts in the indicators that are shipped, by entity, receipt and month."""
    found: list[Entered] = []
    for place, family in enumerate(shipped_families()):
        ids = tuple(each.definition.id for each in family.indicators)
        for row in connection.exec_driver_sql(_entered_sql(place, connection.dialect.name)):
            found.append(Entered(row[0], row[1], dict(zip(ids, map(int, row[2:]), strict=True))))
    return found


@cache
def shipped_families() -> tuple[Family, ...]:
    """The indicators that are shipped, planned."""
    return plan_families(shipped_definitions().values(), shipped_stratifiers())


def stop_telling(connection: Connection) -> None:
    """Forget the noted receipts and keys."""
    for table in ("told_receipt", "told_key"):
        connection.exec_driver_sql(_empty_sql(table, connection.dialect.name))


def save_feedback(connection: Connection, documents: Mapping[str, bytes]) -> None:
    """Keep what is told of receipts; what was told of one before stands."""
    statement = insert_sql(RECEIPT_FEEDBACK, ("receipt_id", "document"), connection.dialect.name)
    connection.exec_driver_sql(statement, [(receipt, document.decode()) for receipt, document in documents.items()])


def feedback_of_receipts(connection: Connection, receipt_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """What was told of receipts, by id; of some nothing was."""
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(receipt_ids), LOOKED_UP_AT_ONCE):
        asked = {"asked": list(receipt_ids[start : start + LOOKED_UP_AT_ONCE])}
        found |= {row.receipt_id: orjson.loads(row.document) for row in connection.execute(_FEEDBACK, asked)}
    return found


_FEEDBACK = sa.select(RECEIPT_FEEDBACK).where(RECEIPT_FEEDBACK.c.receipt_id.in_(sa.bindparam("asked", expanding=True)))


def _changed(row: Any, receipt_id: str | None) -> Changed:
    return Changed(
        receipt_id, row.state == OPENED, row.conflict_id, row.table_name, row.column_name, row.severity, row.rule_id
    )


def _forget_conflicts(connection: Connection, conflict_ids: Sequence[str]) -> None:
    for start in range(0, len(conflict_ids), LOOKED_UP_AT_ONCE):
        asked = conflict_ids[start : start + LOOKED_UP_AT_ONCE]
        connection.execute(sa.delete(CHANGED_CONFLICT).where(CHANGED_CONFLICT.c.conflict_id.in_(asked)))


@cache
def _empty_sql(name: str, dialect_name: str) -> str:
    return literal_sql(sa.delete(sa.table(name)), dialect_name)


@cache
def _mapped_sql(dialect_name: str) -> str:
    return literal_sql(
        sa.select(RECEIPT.c.id, RECEIPT.c.rows).join_from(
            TOLD_RECEIPT, RECEIPT, RECEIPT.c.id == TOLD_RECEIPT.c.receipt_id
        ),
        dialect_name,
    )


@cache
def _keys_sql(tables: tuple[str, ...], dialect_name: str) -> str:
    found = [_keys_of(name, None, entity_of(TABLES[name])) for name in tables]
    found += [_keys_of(name, column, entity) for name, column, entity in COUNTS_WITH if name in tables]
    return literal_sql(sa.insert(TOLD_KEY).from_select(list(KEPT), sa.union_all(*found)), dialect_name)


def _keys_of(name: str, column: str | None, entity: str) -> sa.Select[Any]:
    """Resolved keys of the rows of one table, or of what a column of them names."""
    table, twin = TABLES[name], SOURCE[name]
    own = twin.c.record_key if len(table.key) == 1 else twin.c[twin_name(table.key[0])]
    named = own if column is None else twin.c[twin_name(column)]
    is_named = sa.and_(LINK.c.source_key == named, LINK.c.entity == entity, LINK.c.source == twin.c.source)
    key = sa.func.coalesce(LINK.c.resolved_key, named)
    kept = (sa.literal(name), sa.literal(entity), key, sa.literal(int(column is None)))
    # an outer join makes SQLite, which has no statistics, start from the rows of the few receipts
    found = sa.select(twin.c.receipt_id, *kept).select_from(twin.outerjoin(LINK, is_named))
    return found.where(twin.c.receipt_id.in_(sa.select(TOLD_RECEIPT.c.receipt_id)), named.is_not(None))


@cache
def _stored_sql(dialect_name: str) -> str:
    told = TOLD_KEY.c
    found = sa.select(told.receipt_id, told.table_name, sa.func.count()).where(told.is_own == 1)
    return literal_sql(found.group_by(told.receipt_id, told.table_name), dialect_name)


def _distinct_keys(*, only_own: bool) -> sa.Subquery:
    found = sa.select(TOLD_KEY.c.receipt_id, TOLD_KEY.c.entity, TOLD_KEY.c.resolved_key)
    return (found.where(TOLD_KEY.c.is_own == 1) if only_own else found).distinct().subquery("told")


def _entity_of(table_name: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    return sa.case(dict(KEYED_BY_ANOTHER), value=table_name, else_=table_name)


@cache
def _hits_sql(dialect_name: str) -> str:
    told = _distinct_keys(only_own=True)
    is_own = sa.and_(RULE_HIT.c.of_key == told.c.resolved_key, _entity_of(RULE_HIT.c.table_name) == told.c.entity)
    named = [RULE_HIT.c[name] for name in ("rule_id", "severity", "effect", "table_name", "columns")]
    found = sa.select(told.c.receipt_id, *named, sa.func.count(RULE_HIT.c.record_key.distinct()))
    found = found.join_from(told, RULE_HIT, is_own).group_by(told.c.receipt_id, *named)
    return literal_sql(found, dialect_name)


@cache
def _issues_sql(codes: tuple[str, ...], dialect_name: str) -> str:
    is_told = RECEIPT_ISSUE.c.receipt_id == TOLD_RECEIPT.c.receipt_id
    found = sa.select(TOLD_RECEIPT.c.receipt_id, RECEIPT_ISSUE.c.code, RECEIPT_ISSUE.c.text)
    return literal_sql(
        found.join_from(TOLD_RECEIPT, RECEIPT_ISSUE, is_told).where(RECEIPT_ISSUE.c.code.in_(codes)), dialect_name
    )


@cache
def _changed_sql(dialect_name: str) -> str:
    told, changed = TOLD_KEY, CHANGED_CONFLICT
    is_own = sa.and_(changed.c.resolved_key == told.c.resolved_key, _entity_of(changed.c.table_name) == told.c.entity)
    columns = [changed.c[name] for name in ("state", *NAMES)]
    found = sa.select(sa.func.max(told.c.receipt_id).label("receipt_id"), *columns).join_from(changed, told, is_own)
    return literal_sql(found.group_by(*columns).order_by(changed.c.conflict_id), dialect_name)


@cache
def _others_sql(dialect_name: str) -> str:
    return literal_sql(sa.select(CHANGED_CONFLICT).order_by(CHANGED_CONFLICT.c.conflict_id), dialect_name)


def _not_placed_keys(name: str) -> tuple[sa.Select[Any], list[sa.ColumnElement[bool]]]:
    table = TABLES[name]
    placed = RESOLVED[name]
    is_placed = sa.exists().where(placed.c[table.key[0]] == TOLD_KEY.c.resolved_key)
    return sa.select(TOLD_KEY.c.resolved_key), [TOLD_KEY.c.table_name == name, TOLD_KEY.c.is_own == 1, ~is_placed]


@cache
def _held_sql(dialect_name: str) -> str:
    found = []
    for table in CLINICAL_TABLES:
        if len(table.key) == 1:
            _, conditions = _not_placed_keys(table.name)
            columns = (TOLD_KEY.c.receipt_id, TOLD_KEY.c.table_name, TOLD_KEY.c.resolved_key)
            found.append(sa.select(*columns).where(*conditions).distinct())
    return literal_sql(sa.union_all(*found), dialect_name)


@cache
def _missing_sql(name: str, dialect_name: str) -> str:
    """Text that gives, of each key that is not placed, how many of its rows have each needed column."""
    table = TABLES[name]
    keys, conditions = _not_placed_keys(name)
    rows = linked_rows(table, only_keys=keys.where(*conditions)).subquery("linked")
    key = rows.c[table.key[0]]
    counts = [sa.func.count(rows.c[each.name]) for each in held_columns(table)]
    return literal_sql(sa.select(key, *counts).group_by(key), dialect_name)


@cache
def _holding_sql(dialect_name: str) -> str:
    told = _distinct_keys(only_own=True)
    is_own = sa.and_(RULE_HIT.c.of_key == told.c.resolved_key, _entity_of(RULE_HIT.c.table_name) == told.c.entity)
    found = sa.select(RULE_HIT.c.table_name, RULE_HIT.c.of_key, RULE_HIT.c.rule_id).join_from(told, RULE_HIT, is_own)
    found = found.where(RULE_HIT.c.effect == str(Effect.HOLD)).distinct()
    return literal_sql(found.order_by(RULE_HIT.c.rule_id), dialect_name)


@cache
def _entered_sql(place: int, dialect_name: str) -> str:
    family = shipped_families()[place]
    entity = family.shape.table
    keys = sa.select(TOLD_KEY.c.resolved_key).where(TOLD_KEY.c.entity == entity)
    counted = entered_statement(family, keys).subquery("counted")
    told = _distinct_keys(only_own=False)
    flags = [sa.func.sum(counted.c[flag_name(each, "denominator")]) for each in family.indicators]
    is_told = sa.and_(told.c.resolved_key == counted.c[ENTITY], told.c.entity == entity)
    found = sa.select(told.c.receipt_id, counted.c.month, *flags).join_from(counted, told, is_told)
    return literal_sql(found.group_by(told.c.receipt_id, counted.c.month), dialect_name)
