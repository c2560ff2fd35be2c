"""No identifier of a patient can be read anywhere outside the sealed linkage zone, whatever systems it came from."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.end_to_end.planted import Finder, cells_of, compressed_in, parquet_text, planted_in
from tests.postgres import PostgresServer
from tests.serving import application
from tests.worlds import AS_OF, Perinatal, perinatal_at

FORMATS = ("bundles", "ndjson", "bfdr", "csv")
PAGES = ("/", "/fhir/metadata", "/fhir/MeasureReport?_count=50", "/fhir/Measure", "/fhir/Organization", "/metrics")
# commands that read records or what became of them, after the files went in
COMMANDS = (
    ("evaluate", "--as-of", AS_OF, "--from", "2025-04", "--to", "2025-06", "--json"),
    ("publish", "--audience", "internal", "--preset", "none"),
    ("publish",),
    ("conflicts", "list", "--json"),
    ("quarantine", "list", "--json"),
    ("ingest", "--remap", "--json"),
    ("audit", "list", "--json"),
    ("audit", "verify"),
    ("release", "list", "--json"),
)
PUBLIC_POSTCODES = frozenset(("reference_postcode",))  # every postcode of the country stands there; nobody's


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with a world in it, and all that was said meanwhile."""

    perinatal: Perinatal
    told: bytes

    @property
    def url(self) -> str:
        """URL of the store."""
        return self.perinatal.settings["database_url"]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small world of every system and format, with faults."""
    folder = tmp_path_factory.mktemp("everything")
    write_world(Plan(12, 3, load_scenario("llr"), "2025-04", 3), folder, Writing(FORMATS, faults="heavy"))
    return folder


@pytest.fixture(scope="module")
def finder(everything: Path) -> Finder:
    return Finder(planted_in(everything))


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory, everything: Path) -> Filled:
    """An SQLite store without postcodes, for its file is looked through as a whole."""
    perinatal = perinatal_at(tmp_path_factory.mktemp("sqlite"))
    return Filled(perinatal, told_of(perinatal, everything, ("organisations", "imd2019")))


@pytest.fixture(scope="module")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, everything: Path, postgres_server: PostgresServer
) -> Iterator[Filled]:
    """A PostgreSQL store with postcodes."""
    name = f"readable_{os.getpid()}"
    perinatal = perinatal_at(tmp_path_factory.mktemp("postgresql"), postgres_server.create_database(name))
    yield Filled(perinatal, told_of(perinatal, everything, ("organisations", "imd2019", "postcodes")))
    postgres_server.drop_database(name)


def told_of(perinatal: Perinatal, world: Path, tables: tuple[str, ...]) -> bytes:
    """Take a world in and use it; everything that commands, pages and logs said."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with capture_logs() as events:
            said = [*run_commands(perinatal, world, tables), *ask_service(perinatal, world)]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return "\n".join([*said, lines.getvalue(), repr(events)]).encode()


def run_commands(perinatal: Perinatal, world: Path, tables: tuple[str, ...]) -> Iterator[str]:
    """What commands print, of a store that is filled by the first of them."""
    loads = [
        ("reference", "load", table.removesuffix("2019"), str(world / "reference" / f"{table}.csv")) for table in tables
    ]
    feeds = [str(each) for each in sorted(world.iterdir()) if each.is_dir() and each.name != "reference"]
    for command in (*loads, ("ingest", *feeds, "--json"), *COMMANDS):
        ran = perinatal(*command)
        assert ran.code in (0, 1), (command, ran.err)
        yield ran.out + ran.err


def ask_service(perinatal: Perinatal, world: Path) -> Iterator[str]:
    """What the service answers: to records that it has and records that are broken, and on its pages."""
    bundle = next(world.glob("bundles/**/*.json")).read_bytes()
    table = next(world.glob("csv/e3/*.csv")).read_bytes()
    with application(perinatal.settings["database_url"]) as client:
        for answer in (
            client.post("/fhir", bundle),
            client.post("/intake", bundle[:-20]),
            client.post("/intake?name=births.csv", table, "text/csv"),
            client.post("/intake?name=births.csv", table.replace(b",", b";", 40), "text/csv"),
            *(client.get(page) for page in PAGES),
        ):
            yield answer.text + repr(dict(answer.headers))


def places(found: Iterator[tuple[str, bytes]], finder: Finder) -> dict[str, int]:
    """How many planted values each place shows; a message never repeats one."""
    return {place: count for place, content in found if (count := len(finder.found(content)))}


def test_a_world_plants_identifiers_of_every_kind(finder: Finder, everything: Path) -> None:
    sources = [each.read_bytes() for each in everything.glob("csv/e3/*.csv")]
    assert len(finder.found(b"\n".join(sources))) > 30


def test_no_column_of_an_sqlite_store_shows_an_identifier(on_sqlite: Filled, finder: Finder) -> None:
    assert places(cells_of(on_sqlite.url), finder) == {}


def test_no_column_of_a_postgresql_store_shows_an_identifier(on_postgresql: Filled, finder: Finder) -> None:
    url = on_postgresql.url.replace("postgresql://", "postgresql+psycopg://")
    assert places(cells_of(url, without=PUBLIC_POSTCODES), finder) == {}


@pytest.mark.parametrize("suffix", ["", "-wal"])
def test_no_file_of_the_store_shows_an_identifier(on_sqlite: Filled, finder: Finder, suffix: str) -> None:
    path = on_sqlite.perinatal.folder / f"perinatal.db{suffix}"
    content = path.read_bytes() if path.exists() else b""
    assert finder.found(b"\n".join([content, *compressed_in(content)])) == []


@pytest.mark.parametrize("store", ["on_sqlite", "on_postgresql"])
def test_no_output_page_or_log_line_shows_an_identifier(
    request: pytest.FixtureRequest, store: str, finder: Finder
) -> None:
    filled: Filled = request.getfixturevalue(store)
    assert finder.found(filled.told) == []


def test_no_snapshot_shows_an_identifier(on_sqlite: Filled, finder: Finder) -> None:
    assert places(parquet_text(on_sqlite.perinatal.folder), finder) == {}


def test_the_snapshot_that_is_looked_through_holds_rows(on_sqlite: Filled) -> None:
    assert any(
        place == "baby.baby_key" and len(content) > 100 for place, content in parquet_text(on_sqlite.perinatal.folder)
    )
