"""Links: which resolved key stands for a key of a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import upsert_sql
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, TOUCHED_KEY

LINK_COLUMNS = ("source_key", "entity", "source", "resolved_key", "pass_name")


@dataclass(frozen=True, slots=True)
class PersonLink:
    """The person that a key of a source stands for, and the pass of the linkage that found it."""

    source: str
    source_key: str
    person_key: str
    pass_name: str


def save_person_links(connection: Connection, links: Sequence[PersonLink]) -> None:
    """Keep links, replacing older ones; what hung on a changed link is resolved again by the next resolution."""
    if not links:
        return
    changed = [{"asked_source": each.source, "asked_key": each.source_key, "now": each.person_key} for each in links]
    connection.execute(_TOUCH_CHANGED, changed)
    connection.execute(_DIRTY_CHANGED, changed)
    statement = upsert_sql(LINK, LINK_COLUMNS, connection.dialect.name)
    rows = [(each.source_key, "person", each.source, each.person_key, each.pass_name) for each in links]
    connection.exec_driver_sql(statement, rows)


_CHANGED = (
    LINK.c.entity == "person",
    LINK.c.source == sa.bindparam("asked_source"),
    LINK.c.source_key == sa.bindparam("asked_key"),
    LINK.c.resolved_key != sa.bindparam("now"),
)
_TOUCH_CHANGED = sa.insert(TOUCHED_KEY).from_select(
    ["entity", "source", "source_key"], sa.select(LINK.c.entity, LINK.c.source, LINK.c.source_key).where(*_CHANGED)
)
_DIRTY_CHANGED = sa.insert(DIRTY_KEY).from_select(
    ["entity", "resolved_key"], sa.select(LINK.c.entity, LINK.c.resolved_key).where(*_CHANGED)
)
