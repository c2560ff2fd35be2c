"""How often the rules of data quality are broken."""

from __future__ import annotations

from datetime import date

from sqlalchemy.engine import Engine

from fhir_adapter.store.database import reading
from fhir_adapter.store.rule_counts import RuleCount, count_hits
from fhir_adapter.workflows.resolve import resolve_store


def hits_of_store(database: Engine, *, as_of: date) -> tuple[RuleCount, ...]:
    """Records that break each rule, by source and site; what a crash left unresolved is resolved first."""
    resolve_store(database)
    with reading(database) as connection:
        return count_hits(connection, as_of=as_of.isoformat())
