"""Which entity a table or a key column speaks of, that is, through which links its keys are resolved."""

from __future__ import annotations

from collections.abc import Mapping

from indicator_engine.tables import TABLES, Column, Table

# tables whose rows are keyed by another entity and a date
KEYED_BY_ANOTHER: Mapping[str, str] = {"residence": "person", "neonatal_day": "neonatal_episode"}
CLINICAL_TABLES: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.clinical)


def entity_of(table: Table) -> str:
    """The entity whose link resolves the key of this table."""
    return KEYED_BY_ANOTHER.get(table.name, table.name)


def own_key(table: Table) -> str:
    """The column of a twin that holds the source key of its entity."""
    return table.key[0]


def references_of(table: Table) -> tuple[Column, ...]:
    """Columns that point to another entity, the key of the table itself apart."""
    return tuple(column for column in table.columns if column.references and column.name != own_key(table))


def parent_references() -> tuple[tuple[Table, str, str], ...]:
    """Every (table, column, entity that the column points to) of the clinical tables."""
    return tuple(
        (table, column.name, column.references)
        for table in CLINICAL_TABLES
        for column in references_of(table)
        if column.references is not None
    )
