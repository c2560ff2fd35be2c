"""What every test may ask for: the samples, and a fresh database of either kind."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresMissingError, PostgresServer, running_postgres

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
