"""Source rows with every key replaced by the resolved key that it is linked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.entities import entity_of, own_key
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, SOURCE_SYSTEM
from fhir_adapter.systems import System
from indicator_engine.tables import Column, Table

# labels of the provenance, apart from every column of the model
SOURCE_LABEL, RECORDED_LABEL, HASH_LABEL = "of_source", "of_recorded_at", "of_row_hash"
SOURCE_KEY_LABEL, SYSTEM_LABEL, RECORD_ID_LABEL = "of_source_key", "of_system", "of_record_id"
OBSERVED_LABEL, RECEIVED_LABEL, MAPPING_LABEL = "of_observed_at", "of_received_at", "of_mapping_version"


def linked_keys(table: Table, *, only_dirty: bool) -> sa.Select[Any]:
    """The resolved key of each source row, and nothing else."""
    twin = SOURCE[table.name]
    link = LINK.alias("own_link")
    keys = _key_columns(table, twin, link, only_dirty=only_dirty)
    return _joined(sa.select(*keys), table, twin, link, only_dirty)


def linked_rows(table: Table, *, only_dirty: bool = False, only_keys: sa.Select[str] | None = None) -> sa.Select[Any]:
    """Each source row under its resolved keys, with its source and system, when it was recorded and its hash.

    only_dirty: of keys to be resolved again. only_keys: of these resolved keys.
    """
    twin = SOURCE[table.name]
    link = LINK.alias("own_link")
    parents = {column.name: LINK.alias(f"{column.name}_link") for column in _parents(table)}
    own = _resolved_key(table, twin, link, only_dirty=only_dirty)
    columns = [own if each.name == own.name else _linked_column(each, twin, parents) for each in table.columns]
    provenance = [
        twin.c.source.label(SOURCE_LABEL),
        twin.c.recorded_at.label(RECORDED_LABEL),
        twin.c.row_hash.label(HASH_LABEL),
        _place(table, twin).label(SOURCE_KEY_LABEL),
        sa.func.coalesce(SOURCE_SYSTEM.c.system, System.OTHER.value).label(SYSTEM_LABEL),
        twin.c.source_record_id.label(RECORD_ID_LABEL),
        twin.c.observed_at.label(OBSERVED_LABEL),
        twin.c.received_at.label(RECEIVED_LABEL),
        twin.c.mapping_version.label(MAPPING_LABEL),
    ]
    selected = _joined(sa.select(*columns, *provenance), table, twin, link, only_dirty, only_keys)
    selected = selected.outerjoin(SOURCE_SYSTEM, SOURCE_SYSTEM.c.source == twin.c.source)
    for column in _parents(table):
        parent = parents[column.name]
        selected = selected.outerjoin(parent, _points_to(parent, column, twin))
    return selected


def is_dirty(table: Table, key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a resolved key is one of those to be resolved again."""
    return key.in_(sa.select(DIRTY_KEY.c.resolved_key).where(DIRTY_KEY.c.entity == entity_of(table)))


def _joined(
    selected: sa.Select[Any],
    table: Table,
    twin: sa.Table,
    link: sa.FromClause,
    only_dirty: bool,
    only_keys: sa.Select[str] | None = None,
) -> sa.Select[Any]:
    is_own = sa.and_(
        link.c.entity == entity_of(table), link.c.source == twin.c.source, link.c.source_key == _place(table, twin)
    )
    if only_keys is not None:
        return selected.select_from(twin.join(link, is_own)).where(link.c.resolved_key.in_(only_keys))
    if only_dirty:
        return selected.select_from(twin.join(link, is_own)).where(is_dirty(table, link.c.resolved_key))
    # an outer join makes SQLite, which has no statistics, start from the rows and look each link up
    return selected.select_from(twin.outerjoin(link, is_own))


def _place(table: Table, twin: sa.Table) -> sa.ColumnElement[str]:
    # a single key is found through the primary key of the twin
    return twin.c.record_key if len(table.key) == 1 else twin.c[own_key(table)]


def _resolved_key(table: Table, twin: sa.Table, link: sa.FromClause, *, only_dirty: bool) -> sa.Label[str]:
    if only_dirty:
        # the link is always there, and the bare column is found through its index when rows are joined by it
        return link.c.resolved_key.label(own_key(table))
    return sa.func.coalesce(link.c.resolved_key, _place(table, twin)).label(own_key(table))


def _key_columns(table: Table, twin: sa.Table, link: sa.FromClause, *, only_dirty: bool) -> list[sa.Label[Any]]:
    others = [twin.c[twin_name(name)].label(name) for name in table.key[1:]]
    return [_resolved_key(table, twin, link, only_dirty=only_dirty), *others]


def _parents(table: Table) -> list[Column]:
    return [column for column in table.columns if column.references and column.name != own_key(table)]


def _linked_column(column: Column, twin: sa.Table, parents: Mapping[str, sa.FromClause]) -> sa.Label[Any]:
    stored = twin.c[twin_name(column.name)]
    if column.name in parents:
        return sa.func.coalesce(parents[column.name].c.resolved_key, stored).label(column.name)
    return stored.label(column.name)


def _points_to(parent: sa.FromClause, column: Column, twin: sa.Table) -> sa.ColumnElement[bool]:
    key = twin.c[twin_name(column.name)]
    return sa.and_(parent.c.entity == column.references, parent.c.source == twin.c.source, parent.c.source_key == key)
