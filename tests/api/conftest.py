"""The application over an empty store, and over a store from which a world was published."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.api_world import Client
from tests.serving import application
from tests.worlds import Perinatal


@pytest.fixture
def client(store_url: str) -> Iterator[Client]:
    """The application over an empty store; the test runs once on SQLite and once on PostgreSQL."""
    with application(store_url) as client:
        yield client


@pytest.fixture
def sqlite_client(sqlite_store_url: str) -> Iterator[Client]:
    """The application over an empty SQLite store: for what does not reach the store."""
    with application(sqlite_store_url) as client:
        yield client


@pytest.fixture(params=["sqlite", "postgresql"])
def reader(request: pytest.FixtureRequest) -> Iterator[Client]:
    """The application over a store with published reports, on SQLite and on PostgreSQL."""
    name = {"sqlite": "published", "postgresql": "published_on_postgresql"}[request.param]
    perinatal: Perinatal = request.getfixturevalue(name)
    with application(perinatal.settings["database_url"]) as client:
        yield client
