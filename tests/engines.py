"""Every engine behind one call, so that a test can ask them all the same question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from fhir_adapter.store.database import open_database, reading, writing
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.schema import METADATA
from fhir_adapter.store.snapshot import counted_tables, write_snapshot
from indicator_engine.counts import Counted, MonthRange
from indicator_engine.engines.duck import count_on_snapshot, members_on_snapshot
from indicator_engine.engines.members import Members
from indicator_engine.engines.reference import count_rows_in_memory, members_in_memory
from indicator_engine.engines.sql import count_on_connection
from indicator_engine.plan import Family
from tests.builders import Row

Tables = Mapping[str, Sequence[Row]]
Run = Callable[[Sequence[Family], Tables], Counted]

EVERYTHING = MonthRange()
# what the store keeps of a choice beside the columns of the model, which no engine reads
BESIDE: Mapping[str, Row] = {
    "resolution": {"conflict_id": "x", "resolved_key": "x", "within_tolerance": False, "reason": "difference"}
}


def run_reference(families: Sequence[Family], tables: Tables) -> Counted:
    """The interpreter, on rows in memory."""
    return count_rows_in_memory(families, tables, months=EVERYTHING)


def run_in_place(url: str) -> Run:
    """SQL on the store itself."""

    def run(families: Sequence[Family], tables: Tables) -> Counted:
        engine = open_database(url)
        try:
            _fill(engine, tables)
            with writing(engine) as connection:
                return count_on_connection(families, connection, months=EVERYTHING)
        finally:
            engine.dispose()

    return run


def run_duckdb(url: str, folder: Path) -> Run:
    """DuckDB over a Parquet snapshot of the store."""

    def run(families: Sequence[Family], tables: Tables) -> Counted:
        engine = open_database(url)
        try:
            _fill(engine, tables)
            with reading(engine) as connection:
                write_snapshot(connection, folder)
            return count_on_snapshot(families, folder, months=EVERYTHING)
        finally:
            engine.dispose()

    return run


def members_by_reference(family: Family, tables: Tables) -> Members:
    """Who is in which population, by the interpreter."""
    return members_in_memory(family, tables, months=EVERYTHING)


def members_by_duckdb(family: Family, tables: Tables, folder: Path) -> Members:
    """Who is in which population, by DuckDB over a Parquet snapshot."""
    engine = open_database(f"sqlite:///{folder / 'members.db'}")
    try:
        _fill(engine, tables)
        with reading(engine) as connection:
            write_snapshot(connection, folder / "snapshot")
        return members_on_snapshot(family, folder / "snapshot", months=EVERYTHING)
    finally:
        engine.dispose()


def _fill(engine: sa.Engine, tables: Tables) -> None:
    METADATA.create_all(engine, [RESOLVED[table.name] for table in counted_tables()])
    with writing(engine) as connection:
        for name in tables:
            connection.execute(sa.delete(RESOLVED[name]))
        for name, rows in tables.items():
            if rows:
                beside = BESIDE.get(name, {})
                connection.execute(sa.insert(RESOLVED[name]), [{**beside, **row} for row in rows])
