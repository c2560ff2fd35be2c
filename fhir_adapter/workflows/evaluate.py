"""Count the resolved model with one engine and keep the counts; estimate and disclose what was counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy.engine import Engine

from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.snapshot import read_tables, write_snapshot
from indicator_engine.counts import Counted, MonthRange
from indicator_engine.engines.duck import count_on_snapshot
from indicator_engine.engines.reference import count_rows_in_memory
from indicator_engine.engines.sql import count_on_connection
from indicator_engine.evaluate import Catalogue, count_catalogue
from indicator_engine.plan import Family


class EngineName(StrEnum):
    """Engines that can count: DuckDB over a snapshot, SQL in place, the plain interpreter."""

    DUCKDB = "duckdb"
    SQL = "sql"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class CountedStore:
    """Counts of the store, with what they were made from."""

    counted: Counted
    engine: str
    snapshot_hash: str


def count_store(
    database: Engine, catalogue: Catalogue, *, engine: EngineName, months: MonthRange, snapshot_folder: Path
) -> CountedStore:
    """Count every indicator of the catalogue over the resolved model; raises DefinitionInvalid before counting.

    The snapshot is written whatever the engine, since its digest says what was counted.
    """
    with reading(database) as connection:
        snapshot_hash = write_snapshot(connection, snapshot_folder)

    def counter(families: Sequence[Family], asked: MonthRange) -> Counted:
        if engine is EngineName.DUCKDB:
            return count_on_snapshot(families, snapshot_folder, months=asked)
        if engine is EngineName.REFERENCE:
            with reading(database) as connection:
                return count_rows_in_memory(families, read_tables(connection), months=asked)
        with writing(database) as connection:
            return count_on_connection(families, connection, months=asked)

    return CountedStore(count_catalogue(catalogue, counter, months), str(engine), snapshot_hash)


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What is kept beside the counts of one run."""

    run_id: str
    created_at: datetime
    as_of: date
    engine: str
    definition_hash: str
    snapshot_hash: str
