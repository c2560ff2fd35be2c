"""A small synthetic world, taken in, evaluated and published through the command itself."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fhir_adapter.cli import main
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import generate_world
from synthetic_bundles.write_world import write_world
from tests.postgres import PostgresServer

BIRTHS = 1_200
SEED = 3
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # of the tests alone
AS_OF = "2026-05-15"
REFERENCE_FILES = {"organisations": "organisations", "imd": "imd2019", "postcodes": "postcodes"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Perinatal:
    """The command, run in a folder of its own with settings that nothing outside leaks into."""

    folder: Path
    settings: dict[str, str]

    def __call__(self, *arguments: str, **settings: str) -> Ran:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PERINATAL_")}
        inside = {f"PERINATAL_{name.upper()}": value for name, value in (self.settings | settings).items()}
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            mock.patch.dict(os.environ, outside | inside, clear=True),
            mock.patch.object(sys, "argv", ["perinatal", *arguments]),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run_main()
        out.seek(0)
        return Ran(code, out.read(), err.getvalue())


def run_main() -> int:
    """The exit code of the command."""
    try:
        main()
    except SystemExit as finished:
        return int(finished.code or 0)
    return 0


@pytest.fixture
def perinatal(tmp_path: Path) -> Perinatal:
    """The command on an empty SQLite store."""
    database = f"sqlite:///{tmp_path / 'perinatal.db'}"
    return Perinatal(tmp_path, {"key": KEY, "synthetic": "1", "database_url": database})


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a synthetic world: its feeds, its reference tables and its truth."""
    folder = tmp_path_factory.mktemp("world")
    write_world(generate_world(births=BIRTHS, seed=SEED, scenario=load_scenario("llr")), folder, formats=("ndjson",))
    return folder


def take_in(perinatal: Perinatal, world: Path) -> Ran:
    """Load the reference tables of a world and take its feeds in."""
    for kind, name in REFERENCE_FILES.items():
        loaded = perinatal("reference", "load", kind, str(world / "reference" / f"{name}.csv"))
        assert loaded.code == 0, loaded.err
    return perinatal("ingest", str(world), "--json")


MakeStore = Callable[[str], Perinatal]


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Perinatal:
    """The command on an SQLite store that holds the world."""
    folder = tmp_path_factory.mktemp("sqlite")
    perinatal = Perinatal(
        folder, {"key": KEY, "synthetic": "1", "database_url": f"sqlite:///{folder / 'perinatal.db'}"}
    )
    assert take_in(perinatal, world).code == 0
    return perinatal


@pytest.fixture(scope="session")
def filled_postgres(
    tmp_path_factory: pytest.TempPathFactory, world: Path, postgres_server: PostgresServer
) -> Iterator[Perinatal]:
    """The command on a PostgreSQL store that holds the same world."""
    folder = tmp_path_factory.mktemp("postgresql")
    name = f"world_{os.getpid()}"
    url = postgres_server.create_database(name)
    perinatal = Perinatal(folder, {"key": KEY, "synthetic": "1", "database_url": url})
    assert take_in(perinatal, world).code == 0
    yield perinatal
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest) -> Perinatal:
    """The command on a store that holds the world; the test runs once on each kind of store."""
    name = {"sqlite": "filled_sqlite", "postgresql": "filled_postgres"}[request.param]
    found = request.getfixturevalue(name)
    assert isinstance(found, Perinatal)
    return found
