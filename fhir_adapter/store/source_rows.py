"""Source rows: what each source sent, every version of it, kept apart from the resolved model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import repeat
from typing import TypeAlias

import orjson
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.instants import to_utc_text
from fhir_adapter.store.model_schema import PROVENANCE, SOURCE, record_keys_of, twin_name
from fhir_adapter.store.running import change_each
from indicator_engine.tables import TABLES, Table

Cell: TypeAlias = str | int | float | bool | None
SourceRow: TypeAlias = Mapping[str, Cell]
HASH_BYTES = 16
NAMED_BEFORE = 3  # columns of provenance that come first: key, source, hash


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows came from. The moments are ISO text with an offset, or a date; recorded_at is kept in UTC."""

    source: str
    source_record_id: str | None
    observed_at: str | None
    recorded_at: str | None
    received_at: str
    receipt_id: str
    mapping_version: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """The rows of one table that one record of a source gave, by column; a column that is not here is null.

    cells: by column, one for each of so many rows.
    """

    provenance: Provenance
    cells: Mapping[str, Sequence[Cell]]
    rows: int


def source_record(provenance: Provenance, table: str, rows: Sequence[SourceRow]) -> SourceRecord:
    """The rows of one table by column."""
    cells = {name: [row.get(name) for row in rows] for name in TABLES[table].column_names}
    return SourceRecord(provenance, cells, len(rows))


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A source row as it is held. cells: in the order of the columns of its table."""

    source: str
    record_key: str
    row_hash: str
    receipt_id: str
    cells: tuple[object, ...]


def save_source_rows(connection: Connection, table: str, rows: Sequence[SourceRow], provenance: Provenance) -> int:
    """Keep the rows of one record; gives how many were not known before. See save_source_records."""
    return save_source_records(connection, table, [source_record(provenance, table, rows)])


def save_source_records(connection: Connection, table: str, records: Iterable[SourceRecord]) -> int:
    """Keep the rows of many records in one statement; gives how many were not known before.

    A row is known when its source, its key, its cells and its recorded_at are all the same; it is then left as it is.
    A column that a row lacks is null. Raises ValueError when a row lacks a column of its key.
    """
    described = TABLES[table]
    stored = [row for record in records for row in _stored_rows(described, record)]
    if not stored:
        return 0
    statement = insert_sql(SOURCE[table], _stored_columns(table), connection.dialect.name)
    return change_each(connection, statement, stored)


def rows_to_store(table: str, record: SourceRecord) -> Iterator[HeldRow]:
    """The rows of a record as they would be held, to be compared with those that are."""
    for key, source, row_hash, *others in _stored_rows(TABLES[table], record):
        cells = tuple(others[len(PROVENANCE) - NAMED_BEFORE :])
        yield HeldRow(str(source), str(key), str(row_hash), record.provenance.receipt_id, cells)


@cache
def _stored_columns(table: str) -> tuple[str, ...]:
    return (*PROVENANCE, *(twin_name(name) for name in TABLES[table].column_names))


def _stored_rows(table: Table, record: SourceRecord) -> Iterator[tuple[Cell, ...]]:
    given = record.provenance
    recorded_at = None if given.recorded_at is None else to_utc_text(given.recorded_at)
    columns = [record.cells.get(name) or repeat(None, record.rows) for name in table.column_names]
    for key, cells in zip(_record_keys(table, record), zip(*columns, strict=True), strict=True):
        yield (
            key,
            given.source,
            _row_hash(cells, recorded_at),
            given.source_record_id,
            given.observed_at,
            recorded_at,
            given.received_at,
            given.receipt_id,
            given.mapping_version,
            *cells,
        )


def _record_keys(table: Table, record: SourceRecord) -> list[str]:
    for name in table.key:
        if record.rows and None in record.cells.get(name, (None,)):
            raise ValueError(f"a row of {table.name} lacks {name}, which is part of its key; set the row aside before")
    return record_keys_of([record.cells[name] for name in table.key]) if record.rows else []


def _row_hash(cells: tuple[Cell, ...], recorded_at: str | None) -> str:
    return blake2b(orjson.dumps((*cells, recorded_at)), digest_size=HASH_BYTES).hexdigest()
