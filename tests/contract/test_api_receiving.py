"""What can be sent to the service, and how every fault is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import orjson
import pytest
from structlog.testing import capture_logs

from fhir_adapter import errors
from fhir_adapter.api.outcomes import ANSWERS
from fhir_adapter.errors import FhirAdapterError, StoreUnavailable
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.outcome import Fault
from fhir_adapter.fhir.r4_schema import R4Schema
from tests.contract.api_world import CANARY, LIMITS, World, client_of, transaction

SCHEMA = R4Schema()
ENTRY_FAULT = Fault("error", "value.out-of-range", "Bundle.entry[1].resource.birthDate", "is outside its range")
ENTRY_WARNING = Fault("warning", "reference.unresolved", "Bundle.entry[0].resource.link[0]", "points nowhere")


def kinds_below(kind: type[FhirAdapterError]) -> Iterator[type[FhirAdapterError]]:
    """An error type and every type below it that `errors.py` defines."""
    yield kind
    for below in kind.__subclasses__():
        yield from kinds_below(below)


@pytest.mark.parametrize("kind", [each for each in kinds_below(FhirAdapterError) if each.__module__ == errors.__name__])
def test_every_error_of_the_adapter_has_its_answer(kind: type[FhirAdapterError]) -> None:
    assert kind in ANSWERS


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_bundle_is_answered_entry_by_entry(kind: str) -> None:
    answer = client_of().post("/fhir", transaction(kind))
    assert (answer.status_code, answer.json()["type"], SCHEMA.faults("Bundle", answer.json())) == (
        200,
        f"{kind}-response",
        [],
    )
    assert [each["response"]["status"] for each in answer.json()["entry"]] == ["200 OK", "201 Created"]


def test_the_receipt_is_named_in_the_response() -> None:
    assert client_of().post("/fhir", transaction()).json()["identifier"]["value"]


def test_the_same_bundle_again_is_answered_as_already_processed() -> None:
    client = client_of()
    client.post("/fhir", transaction())
    again = client.post("/fhir", transaction())
    codes = {each["response"]["outcome"]["issue"][0]["details"]["coding"][0]["code"] for each in again.json()["entry"]}
    assert (again.status_code, codes) == (200, {"receipt.already-processed"})


def test_a_transaction_with_an_error_is_refused_whole_and_says_where() -> None:
    answer = client_of(World(issues=(ENTRY_WARNING, ENTRY_FAULT))).post("/fhir", transaction())
    places = [each["expression"][0] for each in answer.json()["issue"]]
    assert (answer.status_code, answer.json()["resourceType"], places) == (
        422,
        "OperationOutcome",
        [ENTRY_WARNING.location, ENTRY_FAULT.location],
    )


def test_a_batch_with_an_error_keeps_the_other_entries() -> None:
    answer = client_of(World(issues=(ENTRY_FAULT,))).post("/fhir", transaction("batch"))
    statuses = [each["response"]["status"] for each in answer.json()["entry"]]
    assert (answer.status_code, statuses) == (200, ["200 OK", "422 Unprocessable Entity"])


def test_an_empty_bundle_is_answered_by_an_empty_response() -> None:
    answer = client_of().post("/fhir", {"resourceType": "Bundle", "type": "batch"})
    assert (answer.status_code, "entry" in answer.json()) == (200, False)


@pytest.mark.parametrize("kind", ["collection", "document", "message", "searchset"])
def test_other_bundles_are_sent_to_the_intake(kind: str) -> None:
    answer = client_of().post("/fhir", transaction(kind))
    assert (answer.status_code, "/intake" in answer.text) == (400, True)


REFUSED_BODIES: dict[str, tuple[bytes, str, int]] = {
    "no bundle": (b'{"resourceType": "Patient"}', "application/fhir+json", 400),
    "no JSON": (b'{"resourceType":', "application/fhir+json", 400),
    "nothing": (b"", "application/fhir+json", 400),
    "a key twice": (b'{"resourceType":"Bundle","type":"batch","type":"batch"}', "application/fhir+json", 400),
    "too deep": (b'{"a":' * 60 + b"1" + b"}" * 60, "application/fhir+json", 400),
    "absurdly deep": (b"[" * 10_000, "application/fhir+json", 400),
    "a byte order mark": (b"\xef\xbb\xbf{}", "application/fhir+json", 400),
    "XML": (b"<Bundle/>", "application/fhir+xml", 415),
    "no media type": (b"{}", "", 415),
    "another character set": (b"{}", "application/fhir+json; charset=utf-16", 415),
    "too large": (b" " * (LIMITS.max_bytes + 1), "application/fhir+json", 413),
}


@pytest.mark.parametrize(("body", "media_type", "status"), REFUSED_BODIES.values(), ids=REFUSED_BODIES.keys())
def test_a_body_that_cannot_be_read_is_refused_with_an_outcome(body: bytes, media_type: str, status: int) -> None:
    answer = client_of().post("/fhir", body, media_type)
    assert (answer.status_code, SCHEMA.faults("OperationOutcome", answer.json())) == (status, [])


def test_a_compressed_body_is_refused() -> None:
    headers = {"content-type": "application/fhir+json", "content-encoding": "gzip"}
    assert client_of().request("POST", "/fhir", content=b"\x1f\x8b", headers=headers).status_code == 415


def test_a_body_of_unknown_length_is_stopped_at_the_limit() -> None:
    asked = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            asked.append(1)
            yield b" " * 1_000

    answer = client_of().post("/fhir", endless())
    assert (answer.status_code, len(asked) <= LIMITS.max_bytes // 1_000 + 2) == (413, True)


@pytest.mark.parametrize(
    ("path", "media_type", "adapter"),
    [
        ("/intake", "application/fhir+json", "chosen-for-application/fhir+json"),
        ("/intake", "application/x-ndjson", "chosen-for-application/x-ndjson"),
        ("/intake", "text/csv; charset=utf-8", "chosen-for-text/csv"),
        ("/intake/msds-csv", "text/csv", "msds-csv"),
    ],
)
def test_the_intake_answers_a_receipt(path: str, media_type: str, adapter: str) -> None:
    receipt = client_of(World(issues=(ENTRY_WARNING,))).post(path, b"x", media_type).json()
    assert {name: receipt[name] for name in ("status", "adapter", "rows", "issues")} == {
        "status": "accepted",
        "adapter": adapter,
        "rows": {"baby": 1},
        "issues": [
            {
                "severity": "warning",
                "code": "reference.unresolved",
                "location": "Bundle.entry[0].resource.link[0]",
                "text": "points nowhere",
            }
        ],
    }


def test_an_unknown_adapter_is_answered_with_those_known() -> None:
    answer = client_of().post("/intake/unknown", b"x", "text/csv")
    assert (answer.status_code, "ukcore-maternity" in answer.text) == (422, True)


def test_the_intake_takes_no_picture() -> None:
    assert client_of().post("/intake", b"x", "image/png").status_code == 415


@pytest.mark.parametrize("name", ["../etc/passwd", "a b", "", "x" * 101])
def test_a_payload_name_that_is_no_plain_file_name_is_refused(name: str) -> None:
    assert (
        client_of()
        .request("POST", "/intake", params={"name": name}, content=b"x", headers={"content-type": "text/csv"})
        .status_code
        == 400
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/fhir/Patient", 404),
        ("GET", "/fhir/Patient/1", 404),
        ("GET", "/fhir/Patient/1/_history/1", 404),
        ("GET", "/fhir/MeasureReport/x/y", 404),
        ("GET", "/fhir", 405),
        ("POST", "/fhir/MeasureReport", 405),
        ("PUT", "/fhir/MeasureReport/x", 405),
        ("PATCH", "/fhir/MeasureReport/x", 405),
        ("DELETE", "/fhir/MeasureReport/x", 405),
        ("GET", "/intake", 405),
        ("DELETE", "/health/live", 405),
    ],
)
def test_what_is_not_advertised_is_refused_with_an_outcome(method: str, path: str, status: int) -> None:
    answer = client_of().request(method, path)
    assert (answer.status_code, SCHEMA.faults("OperationOutcome", answer.json())) == (status, [])


def test_the_request_id_is_echoed() -> None:
    assert client_of().get("/fhir/metadata", x_request_id="abc-1").headers["x-request-id"] == "abc-1"


@pytest.mark.parametrize("sent", ["", "a b", "<script>", "x" * 129])
def test_a_request_id_that_is_none_is_replaced(sent: str) -> None:
    answered = client_of().get("/nowhere", x_request_id=sent).headers["x-request-id"]
    assert answered not in ("", sent)


def test_a_live_service_says_so_though_its_store_is_away() -> None:
    assert client_of(World(is_ready=False)).get("/health/live").status_code == 200


def test_a_service_without_its_store_is_not_ready_and_says_when_to_come_back() -> None:
    answer = client_of(World(is_ready=False)).get("/health/ready")
    assert (answer.status_code, answer.json()["resourceType"], "retry-after" in answer.headers) == (
        503,
        "OperationOutcome",
        True,
    )


def test_a_store_that_is_away_makes_a_search_come_back_later() -> None:
    answer = client_of(World(failure=StoreUnavailable("sqlite:///secret.db"))).get("/fhir/Measure")
    assert (answer.status_code, "secret" in answer.text) == (503, False)


def test_an_unforeseen_fault_is_an_outcome_without_its_message() -> None:
    answer = client_of(World(failure=RuntimeError(CANARY))).get("/fhir/Measure")
    assert (answer.status_code, answer.json()["resourceType"], CANARY in answer.text) == (
        500,
        "OperationOutcome",
        False,
    )


def test_an_unforeseen_fault_is_logged_without_its_message() -> None:
    with capture_logs() as logs:
        client_of(World(failure=RuntimeError(CANARY))).get("/fhir/Measure", x_request_id="abc-1")
    assert [each["request_id"] for each in logs] == ["abc-1"]
    assert CANARY not in repr(logs)


CANARIES: dict[str, Json] = {
    "in a value": transaction(note=CANARY),
    "in a type": transaction(kind=CANARY),
    "in a key": {**transaction(), CANARY: 1},
    "in another resource": {"resourceType": CANARY},
}


@pytest.mark.parametrize("body", CANARIES.values(), ids=CANARIES.keys())
def test_an_answer_never_repeats_what_was_sent(body: Json) -> None:
    answer = client_of(World(issues=(ENTRY_FAULT,))).post("/fhir", orjson.dumps(body))
    assert CANARY not in answer.text
