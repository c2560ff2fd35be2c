"""Reports read from a real store: by every parameter, page after page, while other releases are written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.r4_schema import R4Schema
from tests.contract.api_world import BASE_URL, Client
from tests.serving import application
from tests.worlds import Perinatal, perinatal_at

SCHEMA = R4Schema()
CANONICAL = "https://perinatal-equity.example/fhir"
ONE = "/fhir/MeasureReport?_count=1&measure=Measure/LB01&status=complete&_sort=-period"


def pages(client: Client, address: str) -> Iterator[Json]:
    """Every page of a search, by its links."""
    following: str | None = address
    while following is not None:
        page = client.get(following).json()
        yield page
        links = {each["relation"]: each["url"] for each in page["link"]}
        following = links["next"].removeprefix(BASE_URL) if "next" in links else None


def reports(client: Client, query: str) -> list[Json]:
    """Every report that a search finds."""
    address = f"/fhir/MeasureReport?_count=500&{query}"
    return [each["resource"] for page in pages(client, address) for each in page.get("entry", ())]


def one_report(client: Client) -> Json:
    """A complete report of smoking at delivery."""
    report: Json = client.get(ONE).json()["entry"][0]["resource"]
    return report


@pytest.fixture(scope="module")
def everything(published: Perinatal) -> list[Json]:
    """Every public report, as one search gives them."""
    with application(published.settings["database_url"]) as client:
        return reports(client, "_sort=_id")


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("measure=Measure/LB06", lambda report: report["measure"].startswith(f"{CANONICAL}/Measure/LB06|")),
        (f"measure={CANONICAL}/Measure/LB06", lambda report: "/LB06|" in report["measure"]),
        (f"measure={CANONICAL}/Measure/LB06|1.0.0", lambda report: report["measure"].endswith("/LB06|1.0.0")),
        ("period=2026-01", lambda report: report["period"] == {"start": "2026-01-01", "end": "2026-01-31"}),
        ("period=ge2026-04-01", lambda report: report["period"]["end"] >= "2026-04-01"),
        ("period=lt2025-06", lambda report: report["period"]["start"] < "2025-06-01"),
        ("reporter=Organization/QSY", lambda report: report["reporter"]["identifier"]["value"] == "QSY"),
        ("subject=Location/QSY", lambda report: report["subject"]["identifier"]["value"] == "QSY"),
        ("subject:identifier=QSY", lambda report: report["subject"]["identifier"]["value"] == "QSY"),
        ("status=pending", lambda report: report["status"] == "pending"),
        ("status=complete", lambda report: report["status"] == "complete"),
    ],
)
def test_a_search_finds_all_that_it_says_and_nothing_else(
    reader: Client, everything: list[Json], query: str, holds: Callable[[Json], bool]
) -> None:
    expected = {each["id"] for each in everything if holds(each)}
    assert {each["id"] for each in reports(reader, query)} == expected != set()


def test_a_report_is_found_by_its_identifier(reader: Client) -> None:
    report = one_report(reader)
    identifier = report["identifier"][0]
    escaped = identifier["value"].replace("|", "\\|")
    for value in (f"{identifier['system']}|{escaped}", escaped, identifier["value"]):
        assert [each["id"] for each in reports(reader, f"identifier={value}")] == [report["id"]]


def test_pages_give_every_report_once_and_the_total(reader: Client) -> None:
    found = list(pages(reader, "/fhir/MeasureReport?_count=37&_sort=-period"))
    ids = [each["resource"]["id"] for page in found for each in page["entry"]]
    assert (len(ids), len(set(ids))) == (found[0]["total"],) * 2
    assert {page["total"] for page in found} == {found[0]["total"]}


@pytest.mark.parametrize("sort", ["_id", "-period"])
def test_pages_give_every_report_once_while_another_release_is_written(
    published: Perinatal, tmp_path: Path, sort: str
) -> None:
    other = copy_of(published, tmp_path)
    with application(other.settings["database_url"]) as client:
        turning = pages(client, f"/fhir/MeasureReport?_count=50&_sort={sort}")
        first = next(turning)
        changed = other("publish", "--json", canonical_base="https://other.example/fhir").document["changed"]
        ids = [each["resource"]["id"] for page in (first, *turning) for each in page["entry"]]
    assert changed >= first["total"]
    assert (len(ids), len(set(ids))) == (first["total"],) * 2


def copy_of(perinatal: Perinatal, folder: Path) -> Perinatal:
    """The command on a copy of an SQLite store."""
    for path in perinatal.folder.glob("perinatal.db*"):
        shutil.copy(path, folder)
    return perinatal_at(folder)


def test_no_internal_report_is_found(everything: list[Json]) -> None:
    audiences = {each["identifier"][0]["value"].split("|")[2] for each in everything}
    assert audiences == {"public"}


def test_no_internal_report_is_counted(reader: Client, everything: list[Json]) -> None:
    assert reader.get("/fhir/MeasureReport?_count=0").json()["total"] == len(everything)


@pytest.mark.parametrize("suffix", ["", "/_history", "/_history/1"])
def test_an_internal_report_is_not_here_for_whoever_knows_its_id(published: Perinatal, suffix: str) -> None:
    name = internal_id(published)
    with application(published.settings["database_url"]) as client:
        assert client.get(f"/fhir/MeasureReport/{name}{suffix}").status_code == 404


def internal_id(published: Perinatal) -> str:
    """Id of a report that was published for the inside alone."""
    with sqlite3.connect(published.folder / "perinatal.db") as connection:
        (name,) = connection.execute("SELECT id FROM resource WHERE audience = 'internal' LIMIT 1").fetchone()
    connection.close()
    return str(name)


def test_a_report_says_its_version_and_is_not_sent_again_to_who_has_it(reader: Client) -> None:
    name = one_report(reader)["id"]
    first = reader.get(f"/fhir/MeasureReport/{name}")
    again = reader.get(f"/fhir/MeasureReport/{name}", if_none_match=first.headers["etag"])
    assert (first.headers["etag"], again.status_code, again.content) == ('W/"1"', 304, b"")


def test_every_reference_of_a_report_leads_to_a_resource_here(reader: Client) -> None:
    report = one_report(reader)
    addresses = [report["subject"]["reference"], report["reporter"]["reference"]]
    measure = report["measure"].partition("|")[0].rpartition("/")[2]
    answers = [reader.get(f"/fhir/{address}").status_code for address in (*addresses, f"Measure/{measure}")]
    assert answers == [200, 200, 200]


def test_links_of_a_page_keep_what_was_asked(reader: Client) -> None:
    page = reader.get("/fhir/MeasureReport?measure=Measure/LB06&_count=2&foo=1").json()
    following = urlsplit(next(each["url"] for each in page["link"] if each["relation"] == "next"))
    assert "measure=Measure%2FLB06" in following.query
    assert ("foo" in following.query, "_count=2" in following.query) == (False, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/MeasureReport/none"),
        ("GET", "/fhir/MeasureReport?period=never"),
        ("GET", "/fhir/MeasureReport?_cursor=bm90aGluZw"),
        ("GET", "/fhir/MeasureReport?_cursor=WyJfaWQiXQ"),
        ("GET", "/fhir/Patient"),
        ("GET", "/fhir/MeasureReport/%00"),
        ("GET", "/fhir/MeasureReport?identifier=%00"),
        ("GET", "/fhir/MeasureReport?subject=Location/%00"),
        ("GET", "/fhir/MeasureReport?_id=%ED%A0%80"),
        ("GET", "/fhir/MeasureReport?period=9999-12"),
        ("GET", "/fhir/MeasureReport?_lastUpdated=gt9999-12-31T23:59:59-12:00"),
        ("GET", "/fhir/MeasureReport?_lastUpdated=lt0001-01-01T00:00:00%2B12:00"),
        ("GET", "/fhir/MeasureReport?date=0001"),
        ("PUT", "/fhir/MeasureReport/x"),
        ("DELETE", "/fhir/Measure/LB01"),
        ("POST", "/fhir/MeasureReport/_search"),
    ],
)
def test_an_odd_request_is_answered_by_a_bundle_or_an_outcome_and_never_by_a_fault(
    reader: Client, method: str, path: str
) -> None:
    answer = reader.request(method, path)
    kind = answer.json()["resourceType"]
    assert answer.status_code < 500
    assert (kind, SCHEMA.faults(kind, answer.json())) == (
        "Bundle" if answer.status_code == 200 else "OperationOutcome",
        [],
    )
