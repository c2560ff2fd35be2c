"""Whatever systems send of a small world, with faults, twins and corrections, its order and batches change nothing."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.sources.registry import shipped_adapters
from fhir_adapter.store.database import open_database, writing
from fhir_adapter.store.schema import METADATA
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.workflows.files import find_files
from fhir_adapter.workflows.identities import Pseudonyms
from fhir_adapter.workflows.ingest import Intake, ReadPayload, read_bundle
from fhir_adapter.workflows.ingest_files import read_file
from fhir_adapter.workflows.keep import keep_payloads
from fhir_adapter.workflows.resolve import resolve_everything, resolve_pending
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.postgres import PostgresServer
from tests.worlds import KEY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EARLIER, LATER = "2025-01-02T10:00:00+00:00", "2025-12-02T10:00:00+00:00"
ADAPTERS = shipped_adapters()
# What came, what its sender was told then, and working tables: none says what the store makes of it.
NO_RESULT = frozenset(
    (
        "payload",
        "unresolved_receipt",
        "told_receipt",
        "receipt",
        "receipt_issue",
        "receipt_feedback",
        "quarantine",
        "audit_event",
        "link_history",
    )
)
# By which of several equal rows was first, and what is sealed under chance.
OF_ARRIVAL = frozenset(("receipt_id", "received_at", "sealed", "source_record_id", "mapping_version"))
Everything = dict[str, list[tuple[object, ...]]]
Stores = Callable[[], Any]


def intake_over(engine: sa.Engine) -> Intake:
    """An intake of synthetic people at one moment."""
    key = base64.b64decode(KEY)
    return Intake(engine, ADAPTERS, Sealer(key), Pseudonyms(key), IncomingLimits(), synthetic=True, now=lambda: NOW)


READER = intake_over(sa.create_engine("sqlite://"))  # reading needs no store


class Sent(list[ReadPayload]):
    """Payloads that Hypothesis does not print whole beside a failure: it warns of texts that long."""

    def __repr__(self) -> str:
        return f"<{len(self)} payloads>"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Every payload of a world of all systems with faults, and later versions of its bundles."""
    folder = tmp_path_factory.mktemp("world")
    write_world(Plan(5, 2, load_scenario("llr"), "2025-04", 1), folder, Writing(("ndjson", "bfdr", "csv"), "heavy"))
    feeds = find_files([folder / name for name in ("ndjson", "bfdr", "csv")])
    found = [payload for file in feeds for payload in read_file(file, READER, adapter_name=None)]
    return Sent([*found, *(version for payload in found for version in versions(payload))])


def versions(payload: ReadPayload) -> Iterator[ReadPayload]:
    """A bundle taken back in part, without the NHS number of its first patient, and with a deletion."""
    if payload.refused is not None or not payload.media_type.startswith("application/fhir"):
        return
    for name, change, at in (("taken back", in_error, LATER), ("late", nameless, EARLIER), ("deleted", deleted, LATER)):
        bundle = orjson.loads(payload.raw) | {"id": name, "timestamp": at}
        change(bundle["entry"])
        read = read_bundle(orjson.dumps(bundle), READER, location=name, adapter_name=payload.adapter)
        yield from [read] if read.refused is None else []


def in_error(entries: list[Any]) -> None:
    for each in entries:
        if each.get("resource", {}).get("resourceType") == "Encounter":
            each["resource"]["status"] = "entered-in-error"


def nameless(entries: list[Any]) -> None:
    patients = [each["resource"] for each in entries if each.get("resource", {}).get("resourceType") == "Patient"]
    for each in patients[:1]:
        each.pop("identifier", None)


def deleted(entries: list[Any]) -> None:
    resource = entries[-1].get("resource", {})
    entries[-1] = {"request": {"method": "DELETE", "url": f"{resource.get('resourceType')}/{resource.get('id')}"}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """What gives a store with the schema and no data, for the length of a block."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        folder = tmp_path_factory.mktemp("stores")
        return lambda: sqlite_store(template, folder / f"{uuid4().hex}.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return lambda: postgres_store(server, request.getfixturevalue("postgres_template"))


@contextmanager
def sqlite_store(template: Path, path: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{shutil.copy(template, path)}")
    yield engine
    engine.dispose()
    path.unlink()


@contextmanager
def postgres_store(server: PostgresServer, template: str) -> Iterator[sa.Engine]:
    name = f"arrival_{uuid4().hex}"
    engine = open_database(server.create_database(name, template=template))
    yield engine
    engine.dispose()
    server.drop_database(name)


def made_of(stores: Stores, batches: Sequence[Sequence[ReadPayload]], *, again: bool) -> Everything:
    """All that a store makes of these batches, one after the other. again: everything is resolved anew at the end."""
    with stores() as engine:
        for batch in batches:
            with writing(engine) as connection:
                keep_payloads(connection, batch, intake_over(engine))
                resolve_pending(connection)
        if again:
            resolve_everything(engine)
        with engine.connect() as connection:
            return {table.name: rows_of(connection, table) for table in METADATA.sorted_tables if is_result(table)}


def is_result(table: sa.Table) -> bool:
    return table.name not in NO_RESULT and not table.name.startswith("reference_")


def rows_of(connection: sa.Connection, table: sa.Table) -> list[tuple[object, ...]]:
    columns = [each for each in table.columns if each.name not in OF_ARRIVAL]
    return sorted((tuple(row) for row in connection.execute(sa.select(*columns))), key=repr)


def cut(payloads: Sequence[ReadPayload], chance: Random, most: int) -> list[Sequence[ReadPayload]]:
    """The payloads in batches of up to so many."""
    batches: list[Sequence[ReadPayload]] = []
    start = 0
    while start < len(payloads):
        end = start + chance.randint(1, most)
        batches.append(payloads[start:end])
        start = end
    return batches


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(seed=some.integers(0, 2**32), most=some.sampled_from([1, 2, 8]), count=some.integers(2, 14))
def test_order_and_batches_change_nothing_that_is_made_of_a_world(
    stores: Stores, sent: Sent, seed: int, most: int, count: int
) -> None:
    chance = Random(seed)
    some_of_it = chance.sample(sent, count)
    arrived = cut(chance.sample(some_of_it, count), chance, most)
    assert made_of(stores, arrived, again=False) == made_of(stores, [some_of_it], again=True)


def test_the_world_that_arrives_tells_of_twins(sent: Sent) -> None:
    babies = [row for each in sent for record in each.records for row in record.rows.get("baby", ())]
    assert max(int(row.get("birth_order") or 0) for row in babies) > 1
