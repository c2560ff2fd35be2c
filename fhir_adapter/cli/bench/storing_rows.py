"""Storing bundles durably in SQLite, through the workflows that the service itself uses."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from fhir_adapter.cli.bench.bundles import synthetic_bundles
from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.stores import throwaway_settings
from fhir_adapter.cli.bench.timing import median_seconds
from fhir_adapter.wiring import intake_of, opened_store
from fhir_adapter.workflows.files import find_files
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.ingest_files import ingest_files
from fhir_adapter.workflows.receive import receive_bundle

Bundles = Sequence[bytes]


def bench_storing(size: BenchSize, folder: Path, progress: Callable[[str], None]) -> list[BenchRow]:
    """Rows of storing one bundle a transaction, and of the bulk ingest of a file; databases go into `folder`.

    Every round stores bundles that the database has not seen, since those it has seen cost next to nothing.
    """
    progress(f"storing bundles, {size.stored:,} a round")
    rounds = size.repeats + 1
    bundles = synthetic_bundles(size.stored * rounds)
    batches = [bundles[first : first + size.stored] for first in range(0, len(bundles), size.stored)]
    files = iter([_write_lines(folder / f"round-{number}.ndjson", batch) for number, batch in enumerate(batches)])
    to_keep, to_insert, to_insert_at_once = iter(batches), iter(batches), iter(batches)
    with (
        _opened_intake(folder / "one.db") as one_by_one,
        _opened_intake(folder / "bulk.db") as bulk,
        closing(_open_bare(folder / "bare.db")) as bare,
    ):
        seconds = median_seconds(
            {
                "one": lambda: _keep_each(next(to_keep), one_by_one),
                "one floor": lambda: _insert_each(next(to_insert), bare),
                "bulk": lambda: ingest_files(find_files([next(files)]), bulk),
                "bulk floor": lambda: _insert_at_once(next(to_insert_at_once), bare),
            },
            repeats=size.repeats,
        )
    return list(_rows(seconds, size))


def _rows(seconds: dict[str, float], size: BenchSize) -> Iterator[BenchRow]:
    names = {
        "one": ("ingest store one by one", "what a POST of a bundle does behind HTTP, durable, SQLite"),
        "bulk": ("ingest store bulk", "an NDJSON file read, mapped, kept and resolved, SQLite"),
    }
    floors = {"one": "a durable SQLite transaction a bundle, its bytes alone", "bulk": "the same bytes in one"}
    for key, (name, work) in names.items():
        rate = size.stored / seconds[key]
        amount = f"{size.stored:,} bundles a round, {rate:,.0f} bundles a second"
        yield BenchRow(name, f"{work}; {amount}", seconds[key], floors[key], seconds[f"{key} floor"])


@contextmanager
def _opened_intake(path: Path) -> Iterator[Intake]:
    settings = throwaway_settings(path)
    with opened_store(settings) as store:
        yield intake_of(settings, store)


def _open_bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE payload (number INTEGER PRIMARY KEY, digest TEXT, content BLOB)",
    ):
        connection.execute(statement).close()
    return connection


def _write_lines(path: Path, bundles: Bundles) -> Path:
    path.write_bytes(b"\n".join(bundles) + b"\n")
    return path


def _keep_each(bundles: Bundles, intake: Intake) -> None:
    for raw in bundles:
        receive_bundle(raw, intake)


def _insert_each(bundles: Bundles, connection: sqlite3.Connection) -> None:
    for raw in bundles:
        _insert_at_once([raw], connection)


def _insert_at_once(bundles: Bundles, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    rows = [(sha256(raw).hexdigest(), raw) for raw in bundles]
    connection.executemany("INSERT INTO payload (digest, content) VALUES (?, ?)", rows)
    connection.execute("COMMIT")
