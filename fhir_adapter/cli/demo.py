"""perinatal demo: a whole synthetic system, from birth records to published reports, on one machine."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlalchemy.engine import Engine

from fhir_adapter import wiring
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import complain, print_json, progress_bar, say
from fhir_adapter.cli.serving import Port, serve_store
from fhir_adapter.settings import Settings, read_settings
from fhir_adapter.store.database import writing
from fhir_adapter.store.reference_tables import load_reference
from fhir_adapter.workflows.evaluate import EngineName
from fhir_adapter.workflows.files import find_inputs
from fhir_adapter.workflows.ingest_files import IngestReport, ingest_files
from fhir_adapter.workflows.results import largest_gap
from indicator_engine.counts import MonthRange, month_index
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world

FOLDER = Path("perinatal-demo")
SCENARIO = "llr"
FIRST_MONTH, LAST_MONTH = month_index(2021, 5), month_index(2026, 4)
AS_OF = date(2026, 5, 15)  # April 2026 is still coming in, every month before it is closed
REFERENCE_FILES = {"organisations": "organisations.csv", "imd": "imd2019.csv", "postcodes": "postcodes.csv"}


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo did."""

    births: int
    accepted: int
    quarantined: int
    conflicts: int
    reports: int
    largest_gap: str | None
    seconds: float
    urls: dict[str, str]


def demo(
    *,
    births: Annotated[int, typer.Option(min=100, help="Births in the world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed, same world.")] = 7,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the summary.")] = False,
    port: Port = 8080,
    database: Annotated[
        str | None, typer.Option("--database", metavar="URL", help="Use this store, not a file of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Generate a synthetic world, take it in, evaluate and publish it, and serve the reports."""
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    settings = read_settings(
        database_url=database or f"sqlite:///{FOLDER / 'perinatal.db'}",
        key_file=FOLDER / "perinatal.key",
        snapshot_folder=FOLDER / "snapshot",
        base_url=f"http://127.0.0.1:{port}",
        synthetic=True,
        workbench=True,
    )
    complain("Synthetic people only: do not use for care.")
    feeds, records = _write_world(births, seed)
    with wiring.opened_store(settings) as store:
        _load_tables(store)
        report = _ingest(settings, store, feeds, records)
        reports, gap = _evaluate_and_publish(settings, store)
        summary = Summary(
            births=births,
            accepted=report.total("accepted"),
            quarantined=report.total("quarantined"),
            conflicts=report.resolved.conflicts,
            reports=reports,
            largest_gap=gap,
            seconds=round(time.monotonic() - started, 1),
            urls=_urls(settings),
        )
        _tell(summary, settings, as_json=as_json, serves=not no_serve)
        if not no_serve:
            serve_store(settings, store, "127.0.0.1", port)


def _write_world(births: int, seed: int) -> tuple[list[Path], int]:
    complain("[1/4] Synthetic births")
    plan = Plan(births, seed, load_scenario(SCENARIO))
    writing = Writing(("ndjson",), systems=(System.MATERNITY,))
    folder = FOLDER / "world"
    with progress_bar("Synthetic", births) as move:
        written = write_world(plan, folder, writing, processes=os.cpu_count() or 1, progress=lambda done, _: move(done))
    records = orjson.loads((folder / "truth.json").read_bytes())["records"]["bundles"]
    return [path for path in written if path.name.endswith(".ndjson.gz")], int(records)


def _load_tables(store: Engine) -> None:
    with writing(store) as connection:
        for kind, name in REFERENCE_FILES.items():
            load_reference(connection, kind, FOLDER / "world" / "reference" / name)


def _ingest(settings: Settings, store: Engine, feeds: list[Path], records: int) -> IngestReport:
    complain("[2/4] Ingest")
    with progress_bar("Ingest", records) as move:
        return ingest_files(find_inputs(feeds), wiring.intake_of(settings, store), progress=move)


def _evaluate_and_publish(settings: Settings, store: Engine) -> tuple[int, str | None]:
    complain("[3/4] Evaluate")
    months = MonthRange(FIRST_MONTH, LAST_MONTH)
    wiring.count_and_keep(settings, store, months=months, indicators=(), engine=EngineName.DUCKDB, as_of=AS_OF)
    complain("[4/4] Publish")
    _, table = wiring.publish_latest(settings, store, audience="public", targets=())
    catalogue = wiring.catalogue()
    reporter = wiring.tree_of(settings, store).reporter.code
    gap = largest_gap(table, catalogue.definitions, catalogue.stratifiers, reporter=reporter)
    return len(table.reports), gap


def _urls(settings: Settings) -> dict[str, str]:
    base = settings.base_url
    return {
        "viewer": f"{base}/",
        "metadata": f"{base}/fhir/metadata",
        "reports": f"{base}/fhir/MeasureReport?measure=Measure/LB01&_sort=-period&_count=1",
    }


def _tell(summary: Summary, settings: Settings, *, as_json: bool, serves: bool) -> None:
    if as_json:
        print_json({name: getattr(summary, name) for name in summary.__dataclass_fields__})
        return
    say("")
    say(f"Births in         {summary.births}")
    say(f"Records accepted  {summary.accepted}, quarantined {summary.quarantined}, conflicts {summary.conflicts}")
    say(f"Reports out       {summary.reports}, disclosure preset {settings.preset}")
    say(f"Largest gap       {summary.largest_gap or 'none that the data show clearly'}")
    say(f"Took              {summary.seconds} s")
    say("")
    say(f"Viewer            {summary.urls['viewer']}")
    say(f"FHIR              {summary.urls['metadata']}")
    say(f"Try               curl '{summary.urls['reports']}'")
    say("Stop with Ctrl-C." if serves else "Serve it with: perinatal demo, without --no-serve")
