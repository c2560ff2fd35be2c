"""A corrected mapping is applied to what is stored: exactly the cells that it corrects change."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.worlds import KEY, Perinatal

SHIPPED = Path(__file__).parents[2] / "mappings"
DELIVERY_MAP = "ukcore-maternity/conceptmaps/delivery-method.json"
BIRTHS = 30
NOT_SAID = ("row_hash", "receipt_id")


def mistaken(folder: Path) -> None:
    """The shipped mappings with one wrong row: a spontaneous vertex birth is taken for another kind."""
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    file = folder / DELIVERY_MAP
    document = json.loads(file.read_text("utf-8"))
    for element in (each for group in document["group"] for each in group["element"] if each["code"] == "48782003"):
        element["target"][0]["code"] = "9"
    file.write_text(json.dumps(document), "utf-8")


@pytest.fixture
def perinatal(tmp_path: Path) -> Perinatal:
    """The command over a store that was filled with a mistaken mapping, which was then corrected."""
    mistaken(tmp_path / "maps")
    command = Perinatal(
        tmp_path,
        {
            "key": KEY,
            "synthetic": "1",
            "database_url": f"sqlite:///{tmp_path}/perinatal.db",
            "mappings_folder": str(tmp_path / "maps"),
        },
    )
    assert (
        command("synth", "--births", str(BIRTHS), "--format", "ndjson", "--system", "maternity", "--out", "world").code
        == 0
    )
    assert command("ingest", "world", "--json").code == 0
    shutil.copy(SHIPPED / DELIVERY_MAP, tmp_path / "maps" / DELIVERY_MAP)
    return command


def source_cells(perinatal: Perinatal) -> dict[str, list[tuple[object, ...]]]:
    """Every source row by table, without its hash and which of the payloads that hold it came first."""
    with sqlite3.connect(perinatal.folder / "perinatal.db") as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'source_%'")]
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in NOT_SAID]
            for table in tables
        }
        return {
            table: sorted(connection.execute(f"SELECT {', '.join(columns[table])} FROM {table}").fetchall(), key=repr)
            for table in tables
        }


def differing_cells(before: list[tuple[object, ...]], after: list[tuple[object, ...]]) -> int:
    """How many cells differ between rows in the same order."""
    return sum(
        one != other for left, right in zip(before, after, strict=True) for one, other in zip(left, right, strict=True)
    )


def test_a_remap_changes_exactly_the_cells_that_the_correction_means(perinatal: Perinatal) -> None:
    before = source_cells(perinatal)
    report = perinatal("ingest", "--remap", "--json").document
    after = source_cells(perinatal)
    changed = {table: each["columns"] for table, each in report["tables"].items() if each["columns"]}
    [(table, columns)] = changed.items()
    [(column, cells)] = columns.items()
    assert column == "delivery_method"
    assert cells > 0
    assert {name for name in before if before[name] != after[name]} == {f"source_{table}"}
    assert differing_cells(before[f"source_{table}"], after[f"source_{table}"]) == cells
    assert {(each["added"], each["removed"]) for each in report["tables"].values()} == {(0, 0)}


def test_a_dry_remap_tells_the_same_and_writes_nothing(perinatal: Perinatal) -> None:
    before = source_cells(perinatal)
    told = perinatal("ingest", "--remap", "--dry-run", "--json").document
    assert source_cells(perinatal) == before
    assert perinatal("ingest", "--remap", "--json").document == {**told, "written": True}


def test_a_second_remap_finds_nothing_to_change(perinatal: Perinatal) -> None:
    perinatal("ingest", "--remap")
    before = source_cells(perinatal)
    said = perinatal("ingest", "--remap").out
    assert "differ" not in said
    assert source_cells(perinatal) == before


def test_a_remap_of_one_adapter_leaves_the_others_alone(perinatal: Perinatal) -> None:
    report = perinatal("ingest", "--remap", "--adapter", "msds-csv", "--json").document
    assert [table for table, each in report["tables"].items() if each["columns"]] == []


@pytest.mark.parametrize("arguments", [("ingest",), ("ingest", "world", "--remap")])
def test_files_and_a_remap_exclude_each_other(perinatal: Perinatal, arguments: tuple[str, ...]) -> None:
    assert perinatal(*arguments).code == 2
