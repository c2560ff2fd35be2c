"""Conflicts that a resolution opens and closes: those open before, held against those open after."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.feedback_schema import CHANGED_CONFLICT
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import DIRTY_KEY

BEFORE, OPENED = "before", "opened"
OPEN = "open"
NAMES = ("conflict_id", "table_name", "column_name", "resolved_key", "severity", "rule_id")


def note_open_conflicts(connection: Connection, *, only_dirty: bool) -> int:
    """Note the conflicts that are open, before what is dirty (or everything) is resolved; gives how many."""
    return connection.exec_driver_sql(_before_sql(only_dirty, connection.dialect.name)).rowcount


def note_changed_conflicts(connection: Connection, before: int, *, only_dirty: bool) -> None:
    """Note what is open now and was not, and keep of what was open before the conflicts that no longer are."""
    connection.exec_driver_sql(_opened_sql(only_dirty, connection.dialect.name))
    if before:
        connection.exec_driver_sql(_still_open_sql(connection.dialect.name))


def _open_conflicts(state: str, *, only_dirty: bool) -> sa.Select[str]:
    choice = RESOLVED["resolution"]
    found = sa.select(sa.literal(state), *(choice.c[name] for name in NAMES))
    found = found.where(choice.c.conflict, choice.c.status == OPEN)
    # a key of another entity may be spelt alike; what it holds is open before and after
    return found.where(choice.c.resolved_key.in_(sa.select(DIRTY_KEY.c.resolved_key))) if only_dirty else found


@cache
def _before_sql(only_dirty: bool, dialect_name: str) -> str:
    found = _open_conflicts(BEFORE, only_dirty=only_dirty)
    return literal_sql(sa.insert(CHANGED_CONFLICT).from_select(["state", *NAMES], found), dialect_name)


@cache
def _opened_sql(only_dirty: bool, dialect_name: str) -> str:
    known = CHANGED_CONFLICT.alias("known")
    was_open = sa.exists().where(known.c.conflict_id == RESOLVED["resolution"].c.conflict_id)
    found = _open_conflicts(OPENED, only_dirty=only_dirty).where(~was_open)
    return literal_sql(sa.insert(CHANGED_CONFLICT).from_select(["state", *NAMES], found), dialect_name)


@cache
def _still_open_sql(dialect_name: str) -> str:
    choice = RESOLVED["resolution"]
    is_open = sa.exists().where(
        choice.c.conflict_id == CHANGED_CONFLICT.c.conflict_id, choice.c.conflict, choice.c.status == OPEN
    )
    gone = sa.delete(CHANGED_CONFLICT).where(CHANGED_CONFLICT.c.state == BEFORE, is_open)
    return literal_sql(gone, dialect_name)
