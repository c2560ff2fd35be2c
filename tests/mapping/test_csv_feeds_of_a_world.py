"""Every CSV feed of a synthetic world gives the world back: each mapped column of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.csv_text import read_header
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import AdapterRegistry
from indicator_engine.tables import TABLES, ColumnType
from synthetic_bundles.neonatal_records import neonatal_records
from synthetic_bundles.records import bundle_records
from synthetic_bundles.referral_records import referral_records
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import contact_records
from synthetic_bundles.world import Plan, generate_part
from synthetic_bundles.write_world import Writing, write_world
from tests.mapping.world_rows import Told, badgernet_rows, csds_rows, e3_rows, mhsds_rows, msds_rows

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
PLAN = Plan(350, 11, load_scenario("llr"), "2024-01", 24)
LINES_AT_ONCE = 7  # so few that what is told of one birth often stands in two batches
FEEDS: Mapping[str, tuple[str, Callable[[World], Iterable[Told]]]] = {
    "msds": ("msds-csv", lambda world: (told for each in bundle_records(world) for told in msds_rows(each))),
    "e3": ("e3-csv", lambda world: (told for each in bundle_records(world) for told in e3_rows(each))),
    "badgernet": (
        "badgernet-neonatal-csv",
        lambda world: (told for each in neonatal_records(world) for told in badgernet_rows(each)),
    ),
    "csds": ("csds-csv", lambda world: (told for each in contact_records(world) for told in csds_rows(each))),
    "mhsds": ("mhsds-csv", lambda world: (told for each in referral_records(world) for told in mhsds_rows(each))),
}


@pytest.fixture(scope="module")
def world() -> World:
    return generate_part(PLAN, 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(PLAN, folder, Writing(("csv",)))
    return folder / "csv"


def mapped(registry: AdapterRegistry, files: Sequence[Path]) -> list[MappedRecord]:
    found: list[MappedRecord] = []
    for file in files:
        with file.open("rb") as stream:
            adapter = registry.for_header(read_header(stream, name=file.name), file.name)
            found += map_csv(adapter, stream, name=file.name, digest="digest", batch_rows=LINES_AT_ONCE)
    return found


def merged(told: Iterable[Told]) -> Rows:
    """Rows with one key as one: the first value of each cell, sets of codes together, absent cells left out."""
    found: Rows = {}
    for table, row in told:
        described = TABLES[table]
        whole = found.setdefault(table, {}).setdefault(tuple(row[name] for name in described.key), {})
        for name, cell in row.items():
            if cell is not None and name in whole and described.column(name).type is ColumnType.CODE_SET:
                codes = sorted({code for code in f"{whole[name]}{cell}".split("|") if code})
                whole[name] = f"|{'|'.join(codes)}|"
            elif cell is not None:
                whole.setdefault(name, cell)
    return found


def rows_of(records: Iterable[MappedRecord]) -> list[Told]:
    return [(table, row) for record in records for table, rows in record.rows.items() for row in rows]


@pytest.mark.parametrize("feed", FEEDS)
def test_the_rows_of_a_feed_are_those_of_the_world(
    registry: AdapterRegistry, world: World, written: Path, feed: str
) -> None:
    expected = merged(FEEDS[feed][1](world))
    found = merged(rows_of(mapped(registry, sorted((written / feed).glob("*.csv")))))
    assert {table: len(rows) for table, rows in found.items()} == {table: len(rows) for table, rows in expected.items()}
    assert found == expected


@pytest.mark.parametrize("feed", FEEDS)
def test_the_order_of_the_files_changes_no_row(registry: AdapterRegistry, written: Path, feed: str) -> None:
    files = sorted((written / feed).glob("*.csv"))
    assert merged(rows_of(mapped(registry, files))) == merged(rows_of(mapped(registry, files[::-1])))


@pytest.mark.parametrize("feed", FEEDS)
def test_every_file_of_a_feed_is_known_by_its_header_and_holds_no_fault(
    registry: AdapterRegistry, written: Path, feed: str
) -> None:
    records = mapped(registry, sorted((written / feed).glob("*.csv")))
    faults = {issue.code for each in records for issue in each.issues if issue.severity is not Severity.INFORMATION}
    assert (faults, {each.source.split(":")[0] for each in records}) == (set(), {FEEDS[feed][0]})


def test_every_home_keeps_its_own_postcode(registry: AdapterRegistry, world: World, written: Path) -> None:
    homes = {
        key: postcode
        for each in mapped(registry, sorted((written / "e3").glob("*.csv")))
        for key, postcode in each.homes.items()
    }
    told = {
        (row["person_key"], home.valid_from): home.postcode
        for record in bundle_records(world)
        for table, row in e3_rows(record)
        if table == "person" and row["role"] == "mother"
        for home in record.antenatal.homes[:4]
        if home.postcode is not None
    }
    assert {key: homes.get(key) for key in told} == told
