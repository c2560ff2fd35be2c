"""Count the resolved model with one engine and keep the counts; estimate and disclose what was counted."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy.engine import Engine

from fhir_adapter.errors import NothingToPublish
from fhir_adapter.store.benchmarks import hes_averages
from fhir_adapter.store.counts_store import (
    CountRun,
    latest_run,
    load_cells,
    load_events,
    load_flagged,
    save_count_run,
)
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.instants import exact_instant_text
from fhir_adapter.store.snapshot import read_tables, write_snapshot
from fhir_adapter.workflows.resolve import resolve_store
from indicator_engine.counts import Counted, CountTable, MonthRange, gather
from indicator_engine.definition import WHOLE, shipped_gates, shipped_stratifiers
from indicator_engine.disclosure import DisclosedTable, disclose
from indicator_engine.engines.duck import count_on_snapshot
from indicator_engine.engines.reference import count_rows_in_memory
from indicator_engine.engines.sql import count_on_connection
from indicator_engine.evaluate import Catalogue, EvaluationSettings, count_catalogue, estimate_counts
from indicator_engine.gates import NO_GATES, GateCounts
from indicator_engine.plan import Family


class EngineName(StrEnum):
    """Engines that can count: DuckDB over a snapshot, SQL in place, the plain interpreter."""

    DUCKDB = "duckdb"
    SQL = "sql"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class CountedStore:
    """Counts of the store and of the gates that guard them, with what they were made from."""

    counted: Counted
    gates: CountTable
    engine: str
    snapshot_hash: str


def count_store(
    database: Engine, catalogue: Catalogue, *, engine: EngineName, months: MonthRange, snapshot_folder: Path
) -> CountedStore:
    """Count every indicator of the catalogue over the resolved model; raises DefinitionInvalid before counting.

    What a crash left unresolved is resolved first. The snapshot is written whatever the engine, since its digest
    says what was counted.
    """
    resolve_store(database)
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

    counted = count_catalogue(catalogue, counter, months)
    return CountedStore(counted, _count_gates(catalogue, snapshot_folder), str(engine), snapshot_hash)


def _count_gates(catalogue: Catalogue, snapshot_folder: Path) -> CountTable:
    """Counts of the gates that guard the catalogue, over every month: a gate may look back further than a rate."""
    guarding = {
        each.id: each for each in shipped_gates().values() if not catalogue.definitions.keys().isdisjoint(each.guards)
    }
    if not guarding:
        return CountTable.of_rows(())

    def counter(families: Sequence[Family], asked: MonthRange) -> Counted:
        return count_on_snapshot(families, snapshot_folder, months=asked)

    counts = count_catalogue(Catalogue(guarding, shipped_stratifiers()), counter, MonthRange()).counts
    return CountTable(counts.cells[counts.cells["dimension"] == WHOLE].reset_index(drop=True))


def save_counts(
    database: Engine, store: CountedStore, catalogue: Catalogue, *, as_of: date, created_at: datetime
) -> CountRun:
    """Keep the counts of one run; what is published is made from the latest run."""
    run = CountRun(
        id=uuid.uuid4().hex,
        created_at=exact_instant_text(created_at),
        as_of=as_of.isoformat(),
        engine=store.engine,
        definition_hash=catalogue.digest(),
        snapshot_hash=store.snapshot_hash,
    )
    with writing(database) as connection:
        counted, cells = store.counted, [*store.counted.counts.rows(), *store.gates.rows()]
        save_count_run(connection, run, cells, counted.events.rows(), counted.flagged.rows())
    return run


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run with its counts and those of the gates."""

    run: CountRun
    counted: Counted
    gates: CountTable


def load_latest(database: Engine) -> LoadedRun:
    """The latest run with its counts; raises NothingToPublish before the first."""
    with reading(database) as connection:
        run = latest_run(connection)
        if run is None:
            raise NothingToPublish("nothing has been evaluated yet; run `perinatal evaluate` first")
        cells, gates = load_cells(connection, run.id), shipped_gates()
        counted = gather(
            [cell for cell in cells if cell[0] not in gates],
            load_events(connection, run.id),
            load_flagged(connection, run.id),
        )
        return LoadedRun(run, counted, CountTable.of_rows(cell for cell in cells if cell[0] in gates))


def gate_counts(database: Engine, counts: CountTable) -> GateCounts:
    """What the gates of a run are judged by: their counts, and the averages of HES as they are loaded now."""
    with reading(database) as connection:
        return GateCounts(counts, shipped_gates(), hes_averages(connection))


def disclose_counts(
    counted: Counted,
    catalogue: Catalogue,
    settings: EvaluationSettings,
    *,
    preset: str,
    audience: str,
    gates: GateCounts = NO_GATES,
) -> DisclosedTable:
    """What may be published of the counts of a run; indicators that the catalogue does not hold are left out."""
    estimates = estimate_counts(counted, catalogue, settings)
    return disclose(estimates, preset=preset, audience=audience, gates=gates)
