"""Rules over what was just resolved: who breaks them is kept, and what they set aside leaves the resolved model.

All conditions are judged before anything is changed, so that no rule hides another. The same resolved model and the
same source rows give the same hits, in whatever order they came and however often this runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.choosing import record_key
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.operational_schema import DIRTY_KEY, RULE_HIT
from fhir_adapter.store.record_sources import note_sources
from fhir_adapter.store.rule_sql import (
    SAME_NUMBER,
    SAME_RECORD,
    checked_tables,
    insert_pair_hits_sql,
    insert_record_hits_sql,
    insert_row_hits_sql,
    paired_tables,
    smallest_left_sql,
)
from fhir_adapter.store.running import change, fetch
from fhir_adapter.store.settlements import is_settled
from indicator_engine.engines.expressions import to_sql
from indicator_engine.rules import Effect, PlannedCheck, Scope, shipped_checks
from indicator_engine.tables import TABLES


def apply_rules(connection: Connection, resolved: Set[str], several: Set[str], *, only_dirty: bool) -> None:
    """Find what breaks the rules among the records just resolved, and do to each what its rule says.

    resolved: tables that were. several: tables with a record of which several source rows tell.
    """
    dialect = connection.dialect.name
    change(connection, _clear_sql(only_dirty, dialect))
    hits = [
        change(connection, each) for each in finding_sql(resolved, several, only_dirty=only_dirty, dialect_name=dialect)
    ]
    if any(hits):
        _take_effect(connection, only_dirty=only_dirty)
    note_sources(connection, resolved, only_dirty=only_dirty)


def finding_sql(resolved: Set[str], several: Set[str], *, only_dirty: bool, dialect_name: str) -> Iterator[str]:
    """Texts that find hits; two rows of one record are looked for only where a record has several."""
    for insert_sql, scope in ((insert_record_hits_sql, Scope.RECORD), (insert_row_hits_sql, Scope.SOURCE_ROW)):
        for table in checked_tables(scope):
            if table in resolved:
                yield insert_sql(table, only_dirty, dialect_name)
    for same, concerned in ((SAME_NUMBER, resolved), (SAME_RECORD, several)):
        for table in paired_tables(same):
            if table in concerned:
                yield insert_pair_hits_sql(table, same, only_dirty, dialect_name)


def _take_effect(connection: Connection, *, only_dirty: bool) -> None:
    """Do to each record what the rules that it breaks say."""
    dialect = connection.dialect.name
    broken = set(fetch(connection, _effective_sql(only_dirty, dialect)))
    for check in shipped_checks():
        if (check.rule, check.number) in broken:
            change(connection, _effect_sql(check, only_dirty, dialect))


def _is_again(*, only_dirty: bool) -> sa.ColumnElement[bool]:
    """Hits of records that are resolved in this run."""
    if not only_dirty:
        return sa.true()
    of_entity = (
        sa.and_(
            RULE_HIT.c.table_name == name,
            RULE_HIT.c.of_key.in_(
                sa.select(DIRTY_KEY.c.resolved_key).where(DIRTY_KEY.c.entity == entity_of(TABLES[name]))
            ),
        )
        for name in dict.fromkeys(each.table for each in shipped_checks())
    )
    return sa.or_(*of_entity)


@cache
def _clear_sql(only_dirty: bool, dialect_name: str) -> str:
    return literal_sql(sa.delete(RULE_HIT).where(_is_again(only_dirty=only_dirty)), dialect_name)


@cache
def _effective_sql(only_dirty: bool, dialect_name: str) -> str:
    found = sa.select(RULE_HIT.c.rule_id, RULE_HIT.c.check_number).distinct()
    changes = RULE_HIT.c.effect != str(Effect.FLAG)
    return literal_sql(found.where(changes, _is_again(only_dirty=only_dirty)), dialect_name)


@cache
def _effect_sql(check: PlannedCheck, only_dirty: bool, dialect_name: str) -> str:
    if check.scope is Scope.SOURCE_PAIR:
        return smallest_left_sql(check, only_dirty, dialect_name)
    table = TABLES[check.table]
    placed = sa.table(table.name, *(sa.column(name) for name in table.column_names))
    hits = sa.select(RULE_HIT.c.record_key).where(
        RULE_HIT.c.table_name == table.name,
        RULE_HIT.c.rule_id == check.rule,
        RULE_HIT.c.check_number == check.number,
    )
    concerned: list[sa.ColumnElement[bool]] = [record_key(table, placed).in_(hits)]
    if only_dirty:
        concerned.append(is_dirty(table, placed.c[table.key[0]]))
    if check.effect is Effect.HOLD:
        return literal_sql(sa.delete(placed).where(*concerned), dialect_name)
    value: sa.ColumnElement[Any] = sa.null()
    if check.to is not None:
        own = {f"{table.name}.{name}": placed.c[name] for name in table.column_names}
        value = _as_kept(check, to_sql(check.to, own.__getitem__))
    key = record_key(table, placed)
    changes = {
        column: sa.case((is_settled(table.name, column, key), placed.c[column]), else_=value)
        for column in check.columns
    }
    return literal_sql(sa.update(placed).values(changes).where(*concerned), dialect_name)


def _as_kept(check: PlannedCheck, value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A day is text where moments are kept."""
    kind = TABLES[check.table].column(check.columns[0]).type
    return sa.cast(value, sa.Text()) if kind == "datetime" else value
