"""Conflicts over HTTP: values for those who send the token, for nobody else, and never in an address or a log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from fhir_adapter import wiring
from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.settings import Settings
from tests.contract.api_world import Client
from tests.serving import application

TOKEN = "a-token-of-the-tests"
SIGNED = {"Authorization": f"Bearer {TOKEN}"}
TAKEN = {"author": "A. Midwife", "reason": "the notes", "take_source": "badgernet-neonatal-csv"}


@pytest.fixture
def worklist(sqlite_store_url: str) -> Iterator[Client]:
    """The application with the worklist turned on, over one birth whose gestation differs."""
    with application(sqlite_store_url, worklist=True, worklist_token=SecretStr(TOKEN)) as client:
        yield client


def send_a_conflict(client: Client, samples: Path) -> str:
    """Take two sources in that differ; gives the id of the conflict."""
    for name in ("msds_msd401_babydemographics.csv", "badgernet_neonatal_episode.csv"):
        raw = (samples / "one-birth-four-sources" / name).read_bytes()
        assert client.post("/intake", raw, "text/csv").status_code == 200
    [found] = client.request("GET", "/conflicts", headers=SIGNED).json()["conflicts"]
    return str(found["id"])


def decide(client: Client, path: str, body: object) -> httpx.Response:
    """POST of a decision with the token."""
    headers = SIGNED | {"Content-Type": "application/json"}
    return client.request("POST", f"/conflicts/{path}", content=orjson.dumps(body), headers=headers)


def test_there_is_no_such_address_unless_it_is_turned_on(sqlite_store_url: str) -> None:
    with application(sqlite_store_url) as client:
        assert client.request("GET", "/conflicts", headers=SIGNED).status_code == 404


@pytest.mark.parametrize("token", [None, "short"])
def test_the_worklist_is_not_served_without_a_token_worth_the_name(sqlite_store_url: str, token: str | None) -> None:
    secret = None if token is None else SecretStr(token)
    settings = Settings(database_url=sqlite_store_url, worklist=True, worklist_token=secret)
    with wiring.opened_store(settings) as store, pytest.raises(SettingsInvalid, match="PERINATAL_WORKLIST_TOKEN"):
        wiring.app_of(settings, store)


@pytest.mark.parametrize("sent", [{}, {"Authorization": TOKEN}, {"Authorization": "Bearer another"}])
@pytest.mark.parametrize("path", ["GET /conflicts", "POST /conflicts/0/settle", "POST /conflicts/0/withdraw"])
def test_nobody_without_the_token_sees_or_settles_anything(worklist: Client, sent: dict[str, str], path: str) -> None:
    method, address = path.split()
    answer = worklist.request(method, address, headers=sent)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["issue"][0]["code"] == "login"


def test_the_worklist_shows_both_values_and_is_kept_nowhere(worklist: Client, samples: Path) -> None:
    send_a_conflict(worklist, samples)
    answer = worklist.request("GET", "/conflicts?table=baby&severity=warn", headers=SIGNED)
    [found] = answer.json()["conflicts"]
    assert [each["value"] for each in found["candidates"]] == ["257", "254"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_conflict_is_settled_and_withdrawn(worklist: Client, samples: Path) -> None:
    found = send_a_conflict(worklist, samples)
    settled = decide(worklist, f"{found}/settle", TAKEN).json()
    words = {"author": "B. Doctor", "reason": "a mistake"}
    withdrawn = decide(worklist, f"{found}/withdraw", words).json()
    assert (settled["status"], settled["settlement"]["value"], withdrawn["status"]) == ("settled", "254", "open")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**TAKEN, "take_source": "e3"}, 422, "business-rule"),
        ({**TAKEN, "value": "73918"}, 422, "business-rule"),
        ({"author": "A", "reason": "b", "value": "73918"}, 422, "business-rule"),
        ({"author": "A", "value": "73918"}, 422, "invalid"),
    ],
)
def test_a_settlement_that_is_refused_never_repeats_the_value(
    worklist: Client, samples: Path, body: dict[str, object], status: int, code: str
) -> None:
    found = send_a_conflict(worklist, samples)
    answer = decide(worklist, f"{found}/settle", body)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, code)
    assert b"73918" not in answer.content


def test_a_conflict_that_is_not_listed_is_not_found(worklist: Client) -> None:
    answer = decide(worklist, "0000/settle", TAKEN)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


def test_no_log_line_holds_a_value(worklist: Client, samples: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), capture_logs() as logs:
        found = send_a_conflict(worklist, samples)
        body = {"author": "A", "reason": "b", "value": "255"}
        decide(worklist, f"{found}/settle", body)
    lines = " ".join([caplog.text, *(str(each) for each in logs)])
    assert not any(value in lines for value in ("257", "254", "255"))
