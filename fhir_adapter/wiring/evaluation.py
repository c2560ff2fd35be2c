"""Counting, disclosing and publishing over an open store, with what the settings say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date

import httpx
from sqlalchemy.engine import Engine

from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.publisher.push import Drained, drain_outbox
from fhir_adapter.publisher.worker import REQUEST_SECONDS, run_worker
from fhir_adapter.settings import Settings
from fhir_adapter.store.counts_store import CountRun
from fhir_adapter.store.releases import SavedRelease
from fhir_adapter.version import SOFTWARE_DATE, SOFTWARE_VERSION
from fhir_adapter.wiring.store import canonicals_of, catalogue, now
from fhir_adapter.workflows.evaluate import (
    EngineName,
    count_store,
    disclose_counts,
    gate_counts,
    load_latest,
    save_counts,
)
from fhir_adapter.workflows.organisations import OrganisationTree, read_tree
from fhir_adapter.workflows.outgoing import StoredOutbox
from fhir_adapter.workflows.publish import Publication, publish_table
from indicator_engine.counts import MonthRange
from indicator_engine.disclosure import DisclosedTable, preset_named
from indicator_engine.evaluate import Catalogue, EvaluationSettings

PUBLIC = "public"


def tree_of(settings: Settings, store: Engine) -> OrganisationTree:
    """The organisations of the store with the reporter that is set or found."""
    return read_tree(store, settings.reporter)


def count_and_keep(
    settings: Settings,
    store: Engine,
    *,
    months: MonthRange,
    indicators: Sequence[str],
    engine: EngineName,
    as_of: date,
) -> CountRun:
    """Count the chosen indicators (all when none is named) and keep the counts."""
    chosen = catalogue().chosen(indicators)
    counted = count_store(store, chosen, engine=engine, months=months, snapshot_folder=settings.snapshot_folder)
    return save_counts(store, counted, chosen, as_of=as_of, created_at=now())


def disclosed_latest(settings: Settings, store: Engine, *, audience: str) -> tuple[CountRun, DisclosedTable]:
    """What may be shown of the latest run; raises NothingToPublish and PresetUnknown."""
    latest = load_latest(store)
    tree = tree_of(settings, store)
    evaluation = EvaluationSettings(
        reporter=tree.reporter.code,
        as_of=date.fromisoformat(latest.run.as_of),
        months=MonthRange(),
        submission_lag_days=settings.submission_lag_days,
        subject_of=tree.subject_of(),
    )
    table = disclose_counts(
        latest.counted,
        _counted_catalogue(list(latest.counted.counts.cells["indicator"].unique())),
        evaluation,
        preset=settings.preset,
        audience=audience,
        gates=gate_counts(store, latest.gates),
    )
    return latest.run, table


def publish_latest(
    settings: Settings, store: Engine, *, audience: str, targets: Sequence[str]
) -> tuple[SavedRelease, DisclosedTable]:
    """Release what may be shown of the latest run, and queue what changed for every target."""
    if audience == PUBLIC and preset_named(settings.preset).internal_only:
        text = (
            f"preset {settings.preset} controls nothing: publish it with --audience internal, or choose another preset"
        )
        raise SettingsInvalid(text)
    run, table = disclosed_latest(settings, store, audience=audience)
    publication = Publication(
        canonicals=canonicals_of(settings),
        software_version=SOFTWARE_VERSION,
        software_date=SOFTWARE_DATE,
        synthetic=settings.synthetic,
        released_at=now(),
    )
    tree = tree_of(settings, store)
    return publish_table(store, table, catalogue(), run, tree, publication, targets=list(targets)), table


def drain(store: Engine, *, progress: Callable[[int], None] | None = None) -> Drained:
    """Send everything in the outbox that is due."""
    with httpx.Client(timeout=REQUEST_SECONDS, follow_redirects=False) as client:
        return drain_outbox(StoredOutbox(store, now), client, progress=progress)


def work(store: Engine, stop: threading.Event, *, pause_seconds: float, report: Callable[[Drained], None]) -> None:
    """Empty the outbox again and again until `stop` is set."""
    run_worker(StoredOutbox(store, now), stop, pause_seconds=pause_seconds, report=report)


def _counted_catalogue(indicators: Sequence[str]) -> Catalogue:
    return catalogue().chosen(sorted(indicators))
