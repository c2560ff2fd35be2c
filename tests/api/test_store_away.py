"""A store that goes away while the service runs: callers are told to come back, and are served once it is back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import maternity_bundle
from tests.postgres import PostgresServer
from tests.serving import application, counted_rows


@dataclass(frozen=True, slots=True)
class Away:
    """A service whose database was taken away, and what brings it back."""

    client: Client
    server: PostgresServer
    name: str
    template: str

    def bring_back(self) -> None:
        """The same database again, empty."""
        self.server.create_database(self.name, template=self.template)


@pytest.fixture
def away(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Away]:
    """A service that had answered once, and lost its PostgreSQL database then."""
    name = f"away_{uuid.uuid4().hex}"
    url = postgres_server.create_database(name, template=postgres_template)
    with application(url) as client:
        assert client.get("/health/ready").status_code == 200
        postgres_server.drop_database(name)
        yield Away(client, postgres_server, name, postgres_template)
    postgres_server.drop_database(name)


@pytest.fixture
def away_for_good(away: Away) -> Iterator[Client]:
    """A service without its database until the end of the test."""
    yield away.client
    away.bring_back()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health/ready"),
        ("GET", "/fhir/MeasureReport"),
        ("GET", "/fhir/Measure"),
        ("GET", "/fhir/MeasureReport/x"),
        ("GET", "/fhir/MeasureReport/x/_history"),
    ],
)
def test_a_reader_is_told_when_to_come_back(away_for_good: Client, method: str, path: str) -> None:
    answer = away_for_good.request(method, path)
    assert (answer.status_code, answer.json()["resourceType"], "retry-after" in answer.headers) == (
        503,
        "OperationOutcome",
        True,
    )


@pytest.mark.parametrize("path", ["/fhir", "/intake"])
def test_a_sender_is_told_when_to_come_back(away_for_good: Client, path: str) -> None:
    answer = away_for_good.post(path, maternity_bundle())
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_the_process_stays_alive(away_for_good: Client) -> None:
    assert away_for_good.get("/health/live").status_code == 200


def test_a_store_that_is_back_is_served_without_a_restart(away: Away) -> None:
    assert away.client.post("/fhir", maternity_bundle()).status_code == 503
    away.bring_back()
    assert away.client.post("/fhir", maternity_bundle()).status_code == 200
    assert counted_rows(away.server.url(away.name), "baby") == {"baby": 1}
