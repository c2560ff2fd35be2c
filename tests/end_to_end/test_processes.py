"""The same rows come of a file however many processes read it."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import KEY, Perinatal


def taken_in(folder: Path, processes: int) -> tuple[Any, dict[str, list[Any]]]:
    """The report of an ingest of a world with a broken line in it, and every source row."""
    folder.mkdir()
    command = Perinatal(folder, {"key": KEY, "synthetic": "1", "database_url": f"sqlite:///{folder}/perinatal.db"})
    assert command("synth", "--births", "120", "--format", "ndjson", "--out", "world").code == 0
    [feed, *_] = sorted((folder / "world").glob("**/*.ndjson.gz"))
    records = gzip.decompress(feed.read_bytes()).splitlines(keepends=True)
    (folder / "feed.ndjson").write_bytes(b"".join((*records[:7], b"{broken\n", *records[7:])))
    report = command("ingest", "feed.ndjson", "--processes", str(processes), "--json").document
    with sqlite3.connect(folder / "perinatal.db") as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'source_%'")]
        hashes = {
            table: connection.execute(f"SELECT record_key, row_hash FROM {table} ORDER BY 1, 2").fetchall()
            for table in tables
        }
    return report, hashes


@pytest.mark.parametrize("processes", [2])
def test_the_number_of_processes_changes_no_row_and_no_report(tmp_path: Path, processes: int) -> None:
    report, rows = taken_in(tmp_path / "one", 1)
    assert taken_in(tmp_path / "many", processes) == (report, rows)
    assert (report["quarantined"], sum(map(len, rows.values())) > 0) == (1, True)
