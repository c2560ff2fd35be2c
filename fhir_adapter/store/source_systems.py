"""Which kind of system each source is, as its adapter says."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import upsert_sql
from fhir_adapter.store.operational_schema import SOURCE_SYSTEM
from fhir_adapter.store.running import change_each


def save_source_systems(connection: Connection, systems: Mapping[str, str]) -> None:
    """Keep the kind of system of each source; what was known of it before is replaced."""
    if systems:
        statement = upsert_sql(SOURCE_SYSTEM, ("source", "system"), connection.dialect.name)
        change_each(connection, statement, sorted(systems.items()))
