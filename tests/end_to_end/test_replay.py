"""Sending again, in another order or to another store, changes nothing."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
from pathlib import Path

import orjson
import pytest

from fhir_adapter.store.database import open_database, reading
from fhir_adapter.store.snapshot import write_snapshot
from tests.end_to_end.conftest import AS_OF, KEY, REFERENCE_FILES, Perinatal, take_in

EVALUATE = ("evaluate", "--as-of", AS_OF, "--from", "2021-05", "--to", "2026-04", "--json")


def snapshot_of(perinatal: Perinatal, folder: Path) -> str:
    """Digest of the resolved model."""
    store = open_database(perinatal.settings["database_url"])
    try:
        with reading(store) as connection:
            return write_snapshot(connection, folder)
    finally:
        store.dispose()


def published(perinatal: Perinatal) -> dict[str, bytes]:
    """Every current resource by name, without the moment of its release."""
    store = open_database(perinatal.settings["database_url"])
    try:
        with reading(store) as connection:
            rows = connection.exec_driver_sql("SELECT type, id, content FROM resource WHERE is_current").fetchall()
    finally:
        store.dispose()
    return {f"{kind}/{name}": without_moment(bytes(content)) for kind, name, content in rows}


def without_moment(content: bytes) -> bytes:
    """A resource without `date`."""
    resource = orjson.loads(content)
    resource.pop("date", None)
    return orjson.dumps(resource)


def test_a_replayed_world_is_already_processed_and_changes_no_row(
    filled_sqlite: Perinatal, world: Path, tmp_path: Path
) -> None:
    before = snapshot_of(filled_sqlite, tmp_path / "before")
    again = filled_sqlite("ingest", str(world), "--json").document
    assert (again["accepted"], again["quarantined"]) == (0, 0)
    assert again["already_processed"] > 0
    assert snapshot_of(filled_sqlite, tmp_path / "after") == before


def test_the_order_and_the_batching_of_files_change_nothing(
    filled_sqlite: Perinatal, world: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Perinatal(folder, {"key": KEY, "synthetic": "1", "database_url": f"sqlite:///{folder / 'perinatal.db'}"})
    for kind, name in REFERENCE_FILES.items():
        other("reference", "load", kind, str(world / "reference" / f"{name}.csv"))
    feeds = sorted(world.rglob("*.ndjson.gz"), reverse=True)
    for start in range(0, len(feeds), 17):
        assert other("ingest", *map(str, feeds[start : start + 17])).code == 0
    assert snapshot_of(other, tmp_path / "two") == snapshot_of(filled_sqlite, tmp_path / "one")


def test_both_stores_publish_the_same_bytes(filled_sqlite: Perinatal, filled_postgres: Perinatal) -> None:
    for perinatal in (filled_sqlite, filled_postgres):
        assert perinatal(*EVALUATE).code == 0
        assert perinatal("publish").code == 0
    assert published(filled_sqlite) == published(filled_postgres)


def test_a_second_release_of_the_same_counts_changes_no_resource(filled_sqlite: Perinatal) -> None:
    filled_sqlite(*EVALUATE)
    filled_sqlite("publish")
    again = filled_sqlite("publish", "--json").document
    assert (again["changed"], again["queued"]) == (0, 0)


def test_a_reference_table_that_is_loaded_late_reaches_what_is_there(world: Path, perinatal: Perinatal) -> None:
    one = next(world.rglob("*.ndjson.gz"))
    perinatal("reference", "load", "postcodes", str(world / "reference" / "postcodes.csv"))
    assert perinatal("ingest", str(one)).code == 0
    perinatal("reference", "load", "imd", str(world / "reference" / "imd2019.csv"))
    with sqlite3.connect(perinatal.folder / "perinatal.db") as connection:
        (known,) = connection.execute("SELECT count(*) FROM residence WHERE imd_2019_decile IS NOT NULL").fetchone()
    connection.close()
    assert known > 0


@pytest.mark.parametrize("fault", ["NHS number", "postcode", "family name"])
def test_no_identifier_can_be_read_in_the_database_file(world: Path, perinatal: Perinatal, fault: str) -> None:
    folder = perinatal.folder / "one"
    folder.mkdir()
    shutil.copy(next(world.rglob("*.ndjson.gz")), folder)
    shutil.copytree(world / "reference", folder / "reference")
    take_in(perinatal, folder)
    planted = identifiers(next(folder.rglob("*.ndjson.gz")))[fault]
    content = b"".join(path.read_bytes() for path in perinatal.folder.glob("perinatal.db*"))
    readable = {each for each in planted if each.encode() in content}
    assert planted
    assert readable == set()


def identifiers(feed: Path) -> dict[str, set[str]]:
    """What a feed holds that must never be readable: NHS numbers, home postcodes of the feed, names."""
    with gzip.open(feed) as lines:
        bundles = [orjson.loads(line) for line in lines]
    patients = [
        entry["resource"]
        for bundle in bundles
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    return {
        "NHS number": {
            each["value"]
            for patient in patients
            for each in patient["identifier"]
            if each["system"] == "https://fhir.nhs.uk/Id/nhs-number"
        },
        "postcode": {each["postalCode"] for patient in patients for each in patient.get("address", ())},
        "family name": {each["family"] for patient in patients for each in patient.get("name", ())},
    }
