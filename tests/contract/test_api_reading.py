"""What FHIR clients can read, as they would ask for it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fhir_adapter.api.served import SERVED
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.r4_schema import R4Schema
from tests.contract.api_world import BASE_URL, World, client_of, stored
from tests.contract.report_builders import built, definition, disclosed_report

SCHEMA = R4Schema()
VERSION = definition().version
REPORT = f"LB06-{VERSION}-public-hes-RSA-2026-01-P3M"
EARLIER = f"LB06-{VERSION}-public-hes-RSA-2025-10-P3M"
OTHER_TRUST = f"LB06-{VERSION}-public-hes-RSB-2026-01-P3M"
SMOKING = f"LB01-{VERSION}-public-hes-RSA-2026-01-P3M"
FIRST_OF_TYPE = {"MeasureReport": REPORT, "Measure": "LB06", "Organization": "QSY", "Location": "RSA"}
REPORT_KEY = f"LB06|{VERSION}|public|hes|RSA|2026-01-01|P3M"
KEY_SYSTEM = "https://perinatal-equity.example/fhir/report-key"
MEASURE_URL = "https://perinatal-equity.example/fhir/Measure/LB06"
SAMPLE_VALUES = {
    ("MeasureReport", "_id"): REPORT,
    ("MeasureReport", "_lastUpdated"): "ge2026-01-01",
    ("MeasureReport", "identifier"): REPORT_KEY,
    ("MeasureReport", "measure"): "Measure/LB06",
    ("MeasureReport", "subject"): "Location/RSA",
    ("MeasureReport", "reporter"): "Organization/QSY",
    ("MeasureReport", "status"): "complete",
    ("MeasureReport", "period"): "ge2026-01-01",
    ("MeasureReport", "date"): "ge2026-01-01",
    ("Measure", "_id"): "LB06",
    ("Measure", "_lastUpdated"): "ge2026-01-01",
    ("Measure", "url"): MEASURE_URL,
    ("Measure", "version"): VERSION,
    ("Measure", "title"): "third",
    ("Measure", "status"): "active",
    ("Organization", "_id"): "RSA",
    ("Organization", "_lastUpdated"): "ge2026-01-01",
    ("Organization", "identifier"): "https://fhir.nhs.uk/Id/ods-organization-code|RSA",
    ("Organization", "name"): "f",
    ("Location", "_id"): "RSA",
    ("Location", "_lastUpdated"): "ge2026-01-01",
    ("Location", "identifier"): "RSA",
    ("Location", "name"): "First",
}


def entries_in(bundle: Json) -> list[Any]:
    """Entries of a bundle; none when it has no entry element."""
    return list(bundle.get("entry", []))


def test_the_capability_statement_is_valid_r4() -> None:
    assert SCHEMA.faults("CapabilityStatement", client_of().get("/fhir/metadata").json()) == []


def test_the_capability_statement_names_what_the_table_serves() -> None:
    resources = client_of().get("/fhir/metadata").json()["rest"][0]["resource"]
    assert {each["type"] for each in resources} == set(SERVED)


@pytest.mark.parametrize("resource_type", SERVED)
@pytest.mark.parametrize("path", ["", "/_history", "/_history/1"])
def test_every_advertised_read_works(resource_type: str, path: str) -> None:
    answer = client_of().get(f"/fhir/{resource_type}/{FIRST_OF_TYPE[resource_type]}{path}")
    assert (answer.status_code, SCHEMA.faults(answer.json()["resourceType"], answer.json())) == (200, [])


@pytest.mark.parametrize(
    ("resource_type", "parameter"), [(name, each.name) for name, served in SERVED.items() for each in served.search]
)
def test_every_advertised_search_parameter_finds_something(resource_type: str, parameter: str) -> None:
    value = SAMPLE_VALUES[resource_type, parameter]
    assert client_of().get(f"/fhir/{resource_type}?{parameter}={value}").json()["total"] >= 1


SEARCHES: dict[str, tuple[str, list[str]]] = {
    "measure by url": (f"measure={MEASURE_URL}", [EARLIER, REPORT, OTHER_TRUST]),
    "measure by url and version": (f"measure={MEASURE_URL}|{VERSION}", [EARLIER, REPORT, OTHER_TRUST]),
    "measure by another version": (f"measure={MEASURE_URL}|9.9.9", []),
    "measure by reference": ("measure=Measure/LB06", [EARLIER, REPORT, OTHER_TRUST]),
    "measure by absolute reference": (f"measure={BASE_URL}/fhir/Measure/LB06", [EARLIER, REPORT, OTHER_TRUST]),
    "either of two measures": ("measure=Measure/LB01,Measure/LB06&subject=RSA", [SMOKING, EARLIER, REPORT]),
    "subject by reference": ("subject=Location/RSB", [OTHER_TRUST]),
    "subject by code": ("subject=RSB", [OTHER_TRUST]),
    "subject by absolute reference": (f"subject={BASE_URL}/fhir/Location/RSB", [OTHER_TRUST]),
    "subject of another type": ("subject=Group/RSB", []),
    "subject by identifier": (
        "subject:identifier=https://fhir.nhs.uk/Id/ods-organization-code|RSB",
        [OTHER_TRUST],
    ),
    "subject by identifier of another system": ("subject:identifier=https://example.org|RSB", []),
    "identifier": (f"identifier={REPORT_KEY}", [REPORT]),
    "identifier with its system": (f"identifier={KEY_SYSTEM}|{REPORT_KEY}", [REPORT]),
    "identifier with escaped pipes": (
        f"identifier={KEY_SYSTEM}|{REPORT_KEY}".replace("|", "\\|").replace("\\|", "|", 1),
        [REPORT],
    ),
    "two conditions": ("measure=Measure/LB06&period=2025-10-01", []),
    "status": ("status=pending", []),
    "period equal to the quarter": ("period=ge2026-01-01&period=le2026-03-31&subject=RSB", [OTHER_TRUST]),
    "period within a year": ("period=2025", [EARLIER]),
    "period reaching a day": ("period=gt2025-12-31", [SMOKING, REPORT, OTHER_TRUST]),
    "period before a day": ("period=lt2026-01-01", [EARLIER]),
    "period at most": ("period=le2025-12", [EARLIER]),
    "sorted by period": ("measure=Measure/LB06&subject=RSA&_sort=period", [EARLIER, REPORT]),
    "sorted by period, newest first": ("measure=Measure/LB06&subject=RSA&_sort=-period", [REPORT, EARLIER]),
    "sorted by two keys": ("_sort=-period,-_id", [OTHER_TRUST, REPORT, SMOKING, EARLIER]),
    "last updated": ("_lastUpdated=lt2026-05-01", []),
    "last updated to the second": ("_lastUpdated=ge2026-05-12T05:00:00Z&_id=" + REPORT, [REPORT]),
}


@pytest.mark.parametrize(("query", "expected"), SEARCHES.values(), ids=SEARCHES.keys())
def test_a_search_finds_what_it_names(query: str, expected: list[str]) -> None:
    answer = client_of().get(f"/fhir/MeasureReport?{query}")
    matches = [each["resource"]["id"] for each in entries_in(answer.json())]
    assert (matches, answer.json()["total"]) == (expected, len(expected))


@pytest.mark.parametrize("query", ["", "?_count=1", "?_count=0", "?foo=1", "?status=pending"])
def test_a_searchset_is_valid_r4(query: str) -> None:
    assert SCHEMA.faults("Bundle", client_of().get(f"/fhir/MeasureReport{query}").json()) == []


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    client = client_of()
    first = client.get("/fhir/MeasureReport?_count=3&_sort=-period").json()
    second = client.get(next(each["url"] for each in first["link"] if each["relation"] == "next")).json()
    assert [each["resource"]["id"] for each in first["entry"] + second["entry"]] == [
        SMOKING,
        REPORT,
        OTHER_TRUST,
        EARLIER,
    ]


def test_the_last_page_has_no_next_link() -> None:
    links = client_of().get("/fhir/MeasureReport?_count=4").json()["link"]
    assert [each["relation"] for each in links] == ["self"]


def test_the_self_link_leaves_out_what_was_ignored() -> None:
    bundle = client_of().get("/fhir/MeasureReport?foo=1&status=complete").json()
    assert bundle["link"][0]["url"] == f"{BASE_URL}/fhir/MeasureReport?status=complete"


def test_an_unknown_parameter_is_told_in_an_outcome_entry() -> None:
    last = client_of().get("/fhir/MeasureReport?foo=1").json()["entry"][-1]
    assert (last["search"]["mode"], last["resource"]["resourceType"]) == ("outcome", "OperationOutcome")


def test_an_unknown_parameter_is_refused_under_strict_handling() -> None:
    assert client_of().get("/fhir/MeasureReport?foo=1", prefer="handling=strict").status_code == 400


REFUSED_SEARCHES = (
    "period=yesterday",
    "period=2026-13",
    "period=2026-02-30",
    "period=sa2026-01-01",
    "date=2026-01-01T25:00:00Z",
    "_lastUpdated=ge",
    "_count=many",
    "_count=-1",
    "_sort=rate",
    "status:not=complete",
    "measure:Measure=LB06",
    "_cursor=nonsense",
)


@pytest.mark.parametrize("query", REFUSED_SEARCHES)
def test_a_parameter_that_cannot_be_read_is_refused_with_an_outcome(query: str) -> None:
    answer = client_of().get(f"/fhir/MeasureReport?{query}")
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


def test_a_read_carries_its_version_as_entity_tag_and_date() -> None:
    headers = client_of().get(f"/fhir/MeasureReport/{REPORT}").headers
    assert (headers["etag"], headers["last-modified"]) == ('W/"2"', "Tue, 12 May 2026 05:00:00 GMT")


def test_a_read_says_version_and_date_in_its_meta() -> None:
    meta = client_of().get(f"/fhir/MeasureReport/{REPORT}").json()["meta"]
    assert (meta["versionId"], meta["lastUpdated"]) == ("2", "2026-05-12T06:00:00+01:00")


@pytest.mark.parametrize("tag", ['W/"2"', '"2"', 'W/"1", W/"2"', "*"])
def test_a_caller_that_has_the_current_version_gets_304(tag: str) -> None:
    answer = client_of().get(f"/fhir/MeasureReport/{REPORT}", if_none_match=tag)
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_caller_that_has_an_older_version_gets_the_new_one() -> None:
    assert client_of().get(f"/fhir/MeasureReport/{REPORT}", if_none_match='W/"1"').status_code == 200


def test_the_history_lists_the_newest_version_first() -> None:
    bundle = client_of().get(f"/fhir/MeasureReport/{REPORT}/_history").json()
    assert [each["response"]["etag"] for each in bundle["entry"]] == ['W/"2"', 'W/"1"']


@pytest.mark.parametrize(
    "path", ["MeasureReport/none", f"MeasureReport/{REPORT}/_history/3", "Measure/LB06/_history/x"]
)
def test_what_is_not_published_is_not_found(path: str) -> None:
    assert client_of().get(f"/fhir/{path}").status_code == 404


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/json", "*/*", "text/html, */*;q=0.1"])
def test_json_is_sent_to_whoever_takes_it(accept: str) -> None:
    answer = client_of().get("/fhir/metadata", accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")


def test_xml_is_refused_by_header() -> None:
    assert client_of().get("/fhir/metadata", accept="application/fhir+xml").status_code == 406


def test_the_format_parameter_stands_over_the_header() -> None:
    assert client_of().get("/fhir/metadata?_format=json", accept="application/fhir+xml").status_code == 200


def test_a_report_is_indented_on_request() -> None:
    assert b"\n  " in client_of().get(f"/fhir/MeasureReport/{REPORT}?_pretty=true").content


def test_a_search_stays_correct_when_a_report_is_added() -> None:
    world = World()
    world.resources.append(stored(built(disclosed_report(start=date(2026, 4, 1), end=date(2026, 6, 30)))))
    assert client_of(world).get("/fhir/MeasureReport?period=ge2026-04-01").json()["total"] == 1
