"""Reading: a bundle against the bare parse of its bytes, a CSV file against the bare reader."""

from __future__ import annotations

import csv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from fhir_adapter.cli.bench.bundles import synthetic_bundles, synthetic_msd401
from fhir_adapter.cli.bench.other_readers import other_rows
from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.timing import median_seconds
from fhir_adapter.fhir.incoming import IncomingLimits, check_bundle, parse_json
from fhir_adapter.fhir.incoming_check import settle_bundle
from fhir_adapter.sources.bundle_index import BundleIndex, record_scope
from fhir_adapter.sources.bundle_source import bundle_entries, map_bundle, run_views
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.registry import Adapter, AdapterRegistry, shipped_adapters

DIGEST = "0" * 64
OTHERS_READ = 20  # bundles: other readers take a hundred times as long
VIEWS_BAR = 3.0
CHECKED_BAR = 4.5
READING_BAR = 6.0
CSV_BAR = 4.0


def bench_reading(size: BenchSize, folder: Path, progress: Callable[[str], None]) -> list[BenchRow]:
    """Rows of the reading of bundles and of a CSV file; the file is written into `folder`."""
    adapters = shipped_adapters()
    progress(f"reading {size.bundles:,} bundles")
    rows = _bundle_rows(synthetic_bundles(size.bundles), adapters, size)
    progress(f"reading a CSV file of {size.csv_rows:,} rows")
    path = folder / "msd401.csv"
    path.write_bytes(synthetic_msd401(size.csv_rows))
    progress("reading with other libraries, where they are installed")
    others = other_rows(synthetic_bundles(size.bundles)[:OTHERS_READ], repeats=size.repeats)
    return [*rows, *others, _csv_row(path, adapters, size)]


def _bundle_rows(bundles: list[bytes], adapters: AdapterRegistry, size: BenchSize) -> list[BenchRow]:
    adapter = adapters.for_bundle(orjson.loads(bundles[0]), "the first bundle")
    limits = IncomingLimits()
    seconds = median_seconds(
        {
            "floor": lambda: _for_each(bundles, orjson.loads),
            "guarded": lambda: _for_each(bundles, lambda raw: parse_json(raw, limits)),
            "views": lambda: _for_each(bundles, lambda raw: _run_views(raw, adapter)),
            "checked": lambda: _for_each(bundles, lambda raw: _check_and_run_views(raw, adapter)),
            "whole": lambda: _for_each(bundles, lambda raw: _read_whole(raw, adapters, limits)),
        },
        repeats=size.repeats,
    )
    kilobytes = sum(map(len, bundles)) / len(bundles) / 1000
    resources = sum(len(orjson.loads(raw)["entry"]) for raw in bundles) / len(bundles)
    floor = "orjson.loads of the same bytes"
    amount = f"{len(bundles):,} bundles, {resources:.0f} resources and {kilobytes:.0f} kB each"
    works = {
        "guarded": ("ingest parse", f"parse within limits; {amount}", None),
        "views": ("ingest parse+map", f"parse, run every compiled view; {amount}", VIEWS_BAR),
        "checked": (
            "ingest parse+validate+map",
            f"parse, hold against the R4 schema, run every compiled view; {amount}",
            CHECKED_BAR,
        ),
        "whole": (
            "ingest whole",
            f"parse within limits, digest, choose the adapter, validate, map with translation, units, issues; {amount}",
            READING_BAR,
        ),
    }
    return [
        BenchRow(name, work, seconds[key], floor, seconds["floor"], bar) for key, (name, work, bar) in works.items()
    ]


def _for_each(bundles: list[bytes], read: Callable[[bytes], object]) -> None:
    """Read one after the other; each result goes at once, so that no step keeps more in memory than another."""
    for raw in bundles:
        read(raw)


def _run_views(raw: bytes, adapter: Adapter) -> None:
    _views_of(orjson.loads(raw), adapter)


def _check_and_run_views(raw: bytes, adapter: Adapter) -> None:
    document = orjson.loads(raw)
    settle_bundle(document)
    _views_of(document, adapter)


def _views_of(document: dict[str, Any], adapter: Adapter) -> None:
    assert adapter.bundle_plan is not None
    run_views(adapter.bundle_plan, BundleIndex(record_scope(document), DIGEST), bundle_entries(document))


def _read_whole(raw: bytes, adapters: AdapterRegistry, limits: IncomingLimits) -> None:
    digest = sha256(raw).hexdigest()
    document = parse_json(raw, limits)
    check_bundle(document, limits)
    adapter = adapters.for_bundle(document, "bundle")
    settle_bundle(document)
    map_bundle(adapter, document, digest=digest)


def _csv_row(path: Path, adapters: AdapterRegistry, size: BenchSize) -> BenchRow:
    with path.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    adapter = adapters.for_header(header, path.name)
    seconds = median_seconds(
        {"map": lambda: _map_file(path, adapter), "floor": lambda: _read_file(path)}, repeats=size.repeats
    )
    return BenchRow(
        "ingest csv",
        f"every cell typed, every error placed; {size.csv_rows:,} rows of {len(header)} columns",
        seconds["map"],
        "csv.reader over the same file",
        seconds["floor"],
        CSV_BAR,
    )


def _map_file(path: Path, adapter: Adapter) -> None:
    with path.open("rb") as stream:
        for _ in map_csv(adapter, stream, name=path.name, digest=DIGEST):
            pass


def _read_file(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        for _ in csv.reader(stream):
            pass
