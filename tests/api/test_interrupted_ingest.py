"""An ingest that is killed in the middle and run again ends as one that was left alone."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

from fhir_adapter.store.database import open_database, reading
from fhir_adapter.store.snapshot import write_snapshot
from tests.serving import COMMAND, running, wait_until
from tests.worlds import Perinatal, load_tables, perinatal_at


def resolved_digest(perinatal: Perinatal, folder: Path) -> str:
    """Digest of the resolved model."""
    store = open_database(perinatal.settings["database_url"])
    try:
        with reading(store) as connection:
            return write_snapshot(connection, folder)
    finally:
        store.dispose()


def receipts(perinatal: Perinatal) -> int:
    """How many receipts the store holds at this moment."""
    connection = sqlite3.connect(perinatal.folder / "perinatal.db")
    try:
        (count,) = connection.execute("SELECT count(*) FROM receipt").fetchone()
    finally:
        connection.close()
    return int(count)


def test_an_ingest_that_was_killed_and_run_again_gives_the_undisturbed_model(
    published: Perinatal, small_feed: Path, tmp_path: Path
) -> None:
    killed = perinatal_at(tmp_path)
    load_tables(killed, small_feed)
    with running([*COMMAND, "ingest", str(small_feed)], tmp_path, killed.environment()) as process:
        wait_until(lambda: receipts(killed) > 0)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    kept = receipts(killed)
    again = killed("ingest", str(small_feed), "--json").document
    assert (again["already_processed"] >= kept > 0, again["accepted"] > 0) == (True, True)
    assert resolved_digest(killed, tmp_path / "killed") == resolved_digest(published, tmp_path / "undisturbed")
