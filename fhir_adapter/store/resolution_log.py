"""Conflicts between sources and how they were settled; names of fields and sources, never values."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.model_schema import RESOLVED


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field of one resolved record for which several values were offered."""

    table_name: str
    record_key: str
    column_name: str
    candidate_count: int
    chosen_source: str
    rule_id: str
    severity: str
    status: str


def list_conflicts(connection: Connection) -> tuple[Conflict, ...]:
    """Every conflict, by table, record and field."""
    table = RESOLVED["resolution"]
    columns = [table.c[name] for name in Conflict.__dataclass_fields__]
    order = (table.c.table_name, table.c.record_key, table.c.column_name)
    statement = sa.select(*columns).where(table.c.conflict).order_by(*order)
    return tuple(Conflict(*row) for row in connection.execute(statement))
