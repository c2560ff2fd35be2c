"""Payloads for the intake, and bodies that nobody should send: every one gets an answer that says what to do."""

from __future__ import annotations

import gzip

import orjson
import pytest

from fhir_adapter.fhir.r4_schema import R4Schema
from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import maternity_bundle
from tests.serving import application, counted_rows

SCHEMA = R4Schema()
HEADER = (
    "UniqPregID,LabourDeliveryID,LPIDBaby,NHSNumberBaby,NHSNumberStatusBaby,PersonBirthDateBaby,PersonBirthTimeBaby,"
    "PersonPhenSex,PregOutcome,GestationLengthBirth,DeliveryMethodCode,FetusPresentation,SettingPlaceBirth,"
    "BabyFirstFeedIndCode,SkinToSkinContact1HourInd,EthnicCategoryBaby"
)
GOOD_LINE = "P1,D1,B1,,,2026-03-02,04:15:00,2,01,257,0,01,01,01,Y,H"
NO_SUCH_DATE = "P2,D2,B2,,,2026-02-30,,2,01,257,0,01,01,01,Y,H"
NDJSON = "application/x-ndjson"
JSON = "application/fhir+json"
CSV = "text/csv"
GOOD_BUNDLE = orjson.dumps(maternity_bundle() | {"type": "collection"})

HOSTILE: dict[str, tuple[str, bytes, str, int, str]] = {
    "no byte": ("/intake", b"", JSON, 422, "payload.empty"),
    "blank lines": ("/intake", b"\n \n", NDJSON, 422, "payload.empty"),
    "an empty CSV": ("/intake", b"", CSV, 422, "payload.empty"),
    "no JSON": ("/intake", b'{"resourceType":', JSON, 422, "payload.not-json"),
    "UTF-16": ("/intake", GOOD_BUNDLE.decode().encode("utf-16"), JSON, 422, "payload.encoding"),
    "Latin letters in another encoding": ("/intake", f"{HEADER}\nP\xe9".encode("cp1252"), CSV, 422, "csv.encoding"),
    "a resource that is no Bundle": ("/intake", b'{"resourceType":"Patient"}', JSON, 422, "bundle.not-a-bundle"),
    "an array": ("/intake", b"[1]", JSON, 422, "payload.not-an-object"),
    "a header that nobody knows": ("/intake", b"one,two\n1,2\n", CSV, 422, "adapter.unknown"),
    "an adapter that is not there": ("/intake/msds", GOOD_BUNDLE, JSON, 422, "adapter.unknown"),
    "an adapter for something else": ("/intake/msds-csv", GOOD_BUNDLE, JSON, 422, "adapter.wrong-kind"),
    "a key twice": ("/intake", GOOD_BUNDLE[:-1] + b',"type":"collection"}', JSON, 422, "payload.duplicate-key"),
    "a key twice in a line": (
        "/intake",
        GOOD_BUNDLE[:-1] + b',"id":"a","id":"b"}',
        NDJSON,
        422,
        "payload.duplicate-key",
    ),
    "not a number": ("/intake", GOOD_BUNDLE.replace(b"3410", b"NaN"), JSON, 422, "payload.not-json"),
    "infinity": ("/fhir", GOOD_BUNDLE.replace(b"3410", b"-Infinity"), JSON, 400, "payload.not-json"),
    "half of a character": ("/intake", GOOD_BUNDLE.replace(b"Canaryfamily", b"\\ud800"), JSON, 422, "payload.not-json"),
    "deep nesting": ("/intake", b'{"a":' * 70 + b"1" + b"}" * 70, JSON, 422, "payload.too-deep"),
    "absurd nesting": ("/fhir", b"[" * 100_000, JSON, 400, "payload.not-json"),
    "a NUL": ("/intake", GOOD_BUNDLE.replace(b"Canaryfamily", b"a\\u0000b"), JSON, 422, "payload.nul"),
    "a NUL in a CSV": ("/intake", f"{HEADER}\nP1,D\0,B1\n".encode(), CSV, 422, "csv.nul"),
    "XML": ("/intake", b"<Bundle/>", "application/fhir+xml", 415, "http.media-type"),
}


@pytest.mark.parametrize(("path", "body", "media_type", "status", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_body_that_cannot_be_taken_is_refused_with_its_reason(
    sqlite_client: Client, path: str, body: bytes, media_type: str, status: int, code: str
) -> None:
    answer = sqlite_client.post(path, body, media_type)
    outcome = answer.json()
    assert (answer.status_code, SCHEMA.faults("OperationOutcome", outcome)) == (status, [])
    assert outcome["issue"][0]["details"]["coding"][0]["code"] == code


@pytest.mark.parametrize("body", [GOOD_BUNDLE.replace(b"3410", b"1" * 5_000), GOOD_BUNDLE.replace(b"3410", b"1e400")])
def test_an_absurd_number_is_answered_and_never_a_fault_of_ours(sqlite_client: Client, body: bytes) -> None:
    assert sqlite_client.post("/intake", body, JSON).status_code in (200, 422)


@pytest.mark.parametrize("path", ["/fhir", "/intake"])
def test_a_body_beyond_the_limit_is_refused(sqlite_store_url: str, path: str) -> None:
    with application(sqlite_store_url, largest_body_bytes=1_000) as client:
        answer = client.post(path, GOOD_BUNDLE)
    assert (answer.status_code, "1,000 bytes" in answer.text) == (413, True)


@pytest.mark.parametrize("path", ["/fhir", "/intake"])
def test_a_compressed_body_is_refused_and_not_inflated(sqlite_client: Client, path: str) -> None:
    headers = {"content-type": JSON, "content-encoding": "gzip"}
    answer = sqlite_client.request("POST", path, content=gzip.compress(GOOD_BUNDLE), headers=headers)
    assert (answer.status_code, "send the body as it is" in answer.text) == (415, True)


@pytest.mark.parametrize("media_type", ["application/ndjson", NDJSON, "application/fhir+ndjson; charset=UTF-8"])
def test_lines_of_bundles_are_stored_and_a_bad_line_sinks_no_other(
    client: Client, store_url: str, media_type: str
) -> None:
    answer = client.post("/intake", GOOD_BUNDLE + b"\nno json\n", f"{media_type}")
    receipt = answer.json()
    places = [(each["location"], each["code"]) for each in receipt["issues"]]
    assert (answer.status_code, receipt["status"], places) == (200, "accepted", [("payload:2", "payload.not-json")])
    assert counted_rows(store_url, "baby", "quarantine") == {"baby": 1, "quarantine": 1}


@pytest.mark.parametrize("path", ["/intake", "/intake/msds-csv"])
def test_a_csv_is_stored_and_every_fault_is_named_by_line_and_column(client: Client, store_url: str, path: str) -> None:
    body = f"{HEADER}\n{GOOD_LINE}\n{NO_SUCH_DATE}\n".encode()
    answer = client.request("POST", f"{path}?name=march.csv", content=body, headers={"content-type": CSV})
    receipt = answer.json()
    assert (answer.status_code, receipt["adapter"], receipt["rows"]["baby"]) == (200, "msds-csv", 2)
    assert ("march.csv:3 column PersonBirthDateBaby", "value.no-such-date") in [
        (each["location"], each["code"]) for each in receipt["issues"]
    ]
    assert counted_rows(store_url, "source_baby", "baby") == {"source_baby": 2, "baby": 1}


def test_the_same_csv_again_is_already_processed(client: Client, store_url: str) -> None:
    body = f"{HEADER}\n{GOOD_LINE}\n".encode()
    first, second = (client.post("/intake", body, CSV).json() for _ in range(2))
    assert (first["status"], second["status"]) == ("accepted", "already-processed")
    assert counted_rows(store_url, "source_baby", "baby") == {"source_baby": 1, "baby": 1}


def test_an_unknown_adapter_is_answered_with_the_nearest(sqlite_client: Client) -> None:
    answer = sqlite_client.post("/intake/ukcore-maternty", GOOD_BUNDLE)
    assert (answer.status_code, "did you mean ukcore-maternity?" in answer.text) == (422, True)


def test_what_was_refused_at_the_intake_waits_in_quarantine(sqlite_client: Client, sqlite_store_url: str) -> None:
    sqlite_client.post("/intake", b"[1]", JSON)
    assert counted_rows(sqlite_store_url, "quarantine", "payload") == {"quarantine": 1, "payload": 0}
