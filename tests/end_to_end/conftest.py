"""A small synthetic world, taken in, evaluated and published through the command itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import write_world
from tests.postgres import PostgresServer
from tests.worlds import AS_OF, KEY, MATERNITY_LINES, REFERENCE_FILES, Perinatal, Ran, perinatal_at, take_in

__all__ = ["AS_OF", "KEY", "REFERENCE_FILES", "Perinatal", "Ran", "take_in"]

BIRTHS = 1_200
SEED = 3


@pytest.fixture
def perinatal(tmp_path: Path) -> Perinatal:
    """The command on an empty SQLite store."""
    return perinatal_at(tmp_path)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a synthetic world: its feeds, its reference tables and its truth."""
    folder = tmp_path_factory.mktemp("world")
    write_world(Plan(BIRTHS, SEED, load_scenario("llr")), folder, MATERNITY_LINES)
    return folder


@pytest.fixture(scope="session")
def filled_sqlite(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Perinatal:
    """The command on an SQLite store that holds the world."""
    perinatal = perinatal_at(tmp_path_factory.mktemp("sqlite"))
    assert take_in(perinatal, world).code == 0
    return perinatal


@pytest.fixture(scope="session")
def filled_postgres(
    tmp_path_factory: pytest.TempPathFactory, world: Path, postgres_server: PostgresServer
) -> Iterator[Perinatal]:
    """The command on a PostgreSQL store that holds the same world."""
    name = f"world_{os.getpid()}"
    perinatal = perinatal_at(tmp_path_factory.mktemp("postgresql"), postgres_server.create_database(name))
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
