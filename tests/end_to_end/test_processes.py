"""The same rows come of a file however many processes read it."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.store.model_schema import SOURCE
from tests.worlds import KEY, Perinatal


def written_lines(folder: Path, command: Perinatal) -> str:
    """Bundles of a world with a broken line among them."""
    assert command("synth", "--births", "120", "--format", "ndjson", "--out", "world").code == 0
    [feed, *_] = sorted((folder / "world").glob("**/*.ndjson.gz"))
    records = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    (folder / "feed.ndjson").write_bytes(b"".join((*records[:7], b"{broken\n", *records[7:])))
    return "feed.ndjson"


def written_export(folder: Path, command: Perinatal) -> str:
    """An export of a world with a broken line in one of its files."""
    arguments = ("--births", "120", "--months", "12", "--format", "bulk", "--system", "maternity", "--out", "world")
    assert command("synth", *arguments).code == 0
    [file, *_] = sorted((folder / "world" / "bulk").glob("**/Observation*.ndjson.gz"))
    file.write_bytes(gzip.compress(b"{broken\n" + gzip.decompress(file.read_bytes()), mtime=0))
    return "world/bulk"


FEEDS = {"lines": written_lines, "export": written_export}


def taken_in(folder: Path, feed: str, processes: int) -> tuple[Any, dict[str, list[Any]]]:
    """The report of an ingest of a world, and every source row."""
    folder.mkdir()
    command = Perinatal(folder, {"key": KEY, "synthetic": "1", "database_url": f"sqlite:///{folder}/perinatal.db"})
    path = FEEDS[feed](folder, command)
    report = command("ingest", path, "--processes", str(processes), "--json").document
    with sqlite3.connect(folder / "perinatal.db") as connection:
        hashes = {
            table.name: connection.execute(f"SELECT record_key, row_hash FROM {table.name} ORDER BY 1, 2").fetchall()
            for table in SOURCE.values()
        }
    return report, hashes


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("processes", [2])
def test_the_number_of_processes_changes_no_row_and_no_report(tmp_path: Path, processes: int, feed: str) -> None:
    report, rows = taken_in(tmp_path / "one", feed, 1)
    assert taken_in(tmp_path / "many", feed, processes) == (report, rows)
    assert (report["accepted"] > 0, sum(map(len, rows.values())) > 0) == (True, True)
    assert report["quarantined"] + report["files"][0]["issue_count"] > 0
