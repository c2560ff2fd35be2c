"""What every test may ask for: the samples, and a fresh database of either kind."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import open_database
from fhir_adapter.store.migrating import upgrade
from fhir_adapter.store.operational_schema import OUTBOX, RELEASE, RESOURCE
from tests.postgres import PostgresMissingError, PostgresServer, running_postgres
from tests.serving import listening
from tests.worlds import Perinatal, evaluate_and_publish, perinatal_at, take_in, write_small_world

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of the third-party samples: PERINATAL_SAMPLES, or beside the repository."""
    folder = Path(os.environ.get("PERINATAL_SAMPLES", REPOSITORY.parent / "shared" / "samples"))
    if folder.is_dir():
        return folder
    reason = f"the samples are not at {folder}: set PERINATAL_SAMPLES to where they are"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole session (one for each worker of pytest-xdist)."""
    try:
        with running_postgres() as server:
            yield server
    except PostgresMissingError as cause:
        pytest.fail(str(cause))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of an empty PostgreSQL database that only this test uses."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite file that does not exist yet and that only this test uses."""
    return f"sqlite:///{tmp_path / 'perinatal.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty database; the test runs once on SQLite and once on PostgreSQL."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def empty_store(database_url: str) -> Iterator[sa.Engine]:
    """A database of either kind without a schema, closed at the end."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema of this version, to be copied: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "perinatal.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """Name of a PostgreSQL database with the schema of this version, to be copied."""
    name = f"template_{uuid.uuid4().hex}"
    migrate(postgres_server.create_database(name))
    return name


@pytest.fixture
def sqlite_store_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of an SQLite file with the schema of this version and no data."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'perinatal.db')}"


@pytest.fixture
def postgres_store_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """URL of a PostgreSQL database with the schema of this version and no data."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres_server.create_database(name, template=postgres_template)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of a database with the schema and no data; the test runs once on SQLite and once on PostgreSQL."""
    fixture = {"sqlite": "sqlite_store_url", "postgresql": "postgres_store_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    """An open database of either kind with the schema of this version and no data, closed at the end."""
    engine = open_database(store_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def small_feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small synthetic world as NDJSON, with its reference tables."""
    return write_small_world(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, small_feed: Path) -> Perinatal:
    """The command on an SQLite store from which the small world was published, also for the inside; only to be read."""
    perinatal = perinatal_at(tmp_path_factory.mktemp("published"))
    assert take_in(perinatal, small_feed).code == 0
    evaluate_and_publish(perinatal)
    return perinatal


@pytest.fixture(scope="session")
def service(published: Perinatal) -> Iterator[str]:
    """Base URL of the service over the published world, in a process of its own."""
    with listening(published) as base:
        yield base


@pytest.fixture(scope="session")
def published_on_postgresql(
    tmp_path_factory: pytest.TempPathFactory,
    published: Perinatal,
    postgres_server: PostgresServer,
    postgres_template: str,
) -> Iterator[Perinatal]:
    """The command on a PostgreSQL store that holds the same releases; only to be read."""
    name = f"published_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name, template=postgres_template)
    copy_tables(published.settings["database_url"], url, [RELEASE, RESOURCE, OUTBOX])
    yield perinatal_at(tmp_path_factory.mktemp("published-postgresql"), url)
    postgres_server.drop_database(name)


def copy_tables(origin: str, destination: str, tables: list[sa.Table]) -> None:
    """Put every row of some tables of one store into another."""
    source, target = open_database(origin), open_database(destination)
    with source.connect() as reading, target.begin() as writing:
        for table in tables:
            rows = [dict(row) for row in reading.execute(sa.select(table)).mappings()]
            writing.execute(sa.insert(table), rows) if rows else None
    source.dispose()
    target.dispose()


def migrate(url: str) -> None:
    """Give a database the schema of this version."""
    engine = open_database(url)
    upgrade(engine)
    engine.dispose()
