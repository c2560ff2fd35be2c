"""The resolved model as Parquet, for engines that do not read the store itself."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.model_schema import RESOLVED
from indicator_engine.tables import TABLES, ColumnType, Table

ROWS_AT_ONCE = 50_000
ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.INTEGER: pa.int32(),
    ColumnType.DECIMAL: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.DATE: pa.date32(),
}
BESIDE = frozenset(("record_source", "resolution"))
Cell = str | int | float | bool | None


def write_snapshot(connection: Connection, folder: Path) -> str:
    """Write every counted table as `<table>/part-0.parquet` under `folder`, in the order of its key.

    Memory does not grow with the number of rows. Returns the digest of the whole: same rows, same digest, whatever
    the store. A snapshot that stood in the folder is replaced.
    """
    digest = hashlib.sha256()
    for table in counted_tables():
        place = folder / table.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        path = place / "part-0.parquet"
        _write_table(connection, table, path)
        digest.update(path.read_bytes())
    return digest.hexdigest()


def remove_snapshot(folder: Path) -> None:
    """Remove the snapshot of a folder, and nothing else that stands in it."""
    for table in counted_tables():
        shutil.rmtree(folder / table.name, ignore_errors=True)


def read_tables(connection: Connection) -> dict[str, list[dict[str, Cell]]]:
    """Every counted table as rows in memory, with cells in their canonical form: for the reference engine alone."""
    found: dict[str, list[dict[str, Cell]]] = {}
    for table in counted_tables():
        columns = [table.column(name) for name in table.column_names]
        rows = connection.execute(_ordered(table)).all()
        kinds = [column.type for column in columns]
        found[table.name] = [
            {name: _plain(cell, kind) for name, cell, kind in zip(table.column_names, row, kinds, strict=True)}
            for row in rows
        ]
    return found


def counted_tables() -> list[Table]:
    """Every clinical table, and the two that say how the records of them came to be."""
    return [table for table in TABLES.values() if table.clinical or table.name in BESIDE]


def _ordered(table: Table) -> sa.Select[Any]:
    resolved = RESOLVED[table.name]
    columns = [resolved.c[name] for name in table.column_names]
    return sa.select(*columns).order_by(*(resolved.c[name] for name in table.key))


def _write_table(connection: Connection, table: Table, path: Path) -> None:
    types = [ARROW_TYPES.get(table.column(name).type, pa.string()) for name in table.column_names]
    schema = pa.schema(list(zip(table.column_names, types, strict=True)))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _batches(connection, table):
            columns = zip(zip(*rows, strict=True), types, strict=True)
            arrays = [_column(cells, kind) for cells, kind in columns]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _batches(connection: Connection, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
    result = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(_ordered(table))
    yield from result.partitions()


def _column(cells: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """One column of a batch; dates are read from their text in one go, truth values from SQLite's whole numbers."""
    if pa.types.is_date(kind):
        return pa.array(cells, pa.string()).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array([None if cell is None else bool(cell) for cell in cells], kind)
    return pa.array(cells, kind)


def _plain(cell: Any, kind: ColumnType) -> Cell:
    plain: Cell = bool(cell) if kind is ColumnType.BOOLEAN and cell is not None else cell
    return plain
