"""Bundles posted to the FHIR base: what is stored, what is refused, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.r4_schema import R4Schema
from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import Bundle, changed, maternity_bundle, place_of, quantity
from tests.serving import counted_rows

SCHEMA = R4Schema()
CLINICAL = ("source_baby", "source_booking", "source_delivery", "source_pregnancy", "baby", "delivery", "person")
ONE_BIRTH = dict.fromkeys(CLINICAL, 1) | {"person": 2}
NOTHING = dict.fromkeys(CLINICAL, 0)

FAULTY: dict[str, tuple[str, Json, str, str]] = {
    "a code outside its list": (
        "outcome",
        {"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "999999"}]}},
        "code.unmapped",
        "value",
    ),
    "a date that no calendar has": ("baby", {"birthDate": "2026-02-30"}, "value.no-such-date", "birthDate"),
    "a baby of 70 kg": ("birth-weight", quantity(70_000, "g"), "value.out-of-range", "value"),
}


def faulty_bundle(kind: str, name: str, elements: Json) -> Bundle:
    """A bundle of a type with one resource changed for the worse."""
    return maternity_bundle(changed(name, **elements)) | {"type": kind}


def codes_of(outcome: Json) -> set[str]:
    """Our own codes in an OperationOutcome."""
    return {each["details"]["coding"][0]["code"] for each in outcome["issue"]}


def test_a_transaction_is_stored_and_resolved(client: Client, store_url: str) -> None:
    answer = client.post("/fhir", maternity_bundle())
    statuses = {each["response"]["status"] for each in answer.json()["entry"]}
    assert (answer.status_code, answer.json()["type"], statuses) == (200, "transaction-response", {"200 OK"})
    assert counted_rows(store_url, *CLINICAL) == ONE_BIRTH


def test_the_answer_to_a_transaction_is_valid_fhir(sqlite_client: Client) -> None:
    assert SCHEMA.faults("Bundle", sqlite_client.post("/fhir", maternity_bundle()).json()) == []


def test_the_same_transaction_again_is_already_processed_and_changes_nothing(client: Client, store_url: str) -> None:
    client.post("/fhir", maternity_bundle())
    again = client.post("/fhir", maternity_bundle())
    outcomes = [each["response"]["outcome"] for each in again.json()["entry"]]
    assert again.status_code == 200
    assert {each["issue"][0]["details"]["coding"][0]["code"] for each in outcomes} == {"receipt.already-processed"}
    assert counted_rows(store_url, *CLINICAL, "receipt") == ONE_BIRTH | {"receipt": 1}


@pytest.mark.parametrize(("name", "elements", "code", "path"), FAULTY.values(), ids=FAULTY.keys())
def test_one_bad_entry_refuses_the_whole_transaction_and_is_named(
    client: Client, store_url: str, name: str, elements: Json, code: str, path: str
) -> None:
    bundle = faulty_bundle("transaction", name, elements)
    answer = client.post("/fhir", bundle)
    place = f"Bundle.entry[{place_of(bundle, name)}].resource.{path}"
    expressions = [expression for each in answer.json()["issue"] for expression in each.get("expression", ())]
    assert (answer.status_code, answer.json()["resourceType"]) == (422, "OperationOutcome")
    assert code in codes_of(answer.json())
    assert [each for each in expressions if not each.startswith(place)] == []
    assert counted_rows(store_url, *CLINICAL) == NOTHING


def test_a_refused_transaction_is_taken_once_it_was_corrected(client: Client, store_url: str) -> None:
    client.post("/fhir", faulty_bundle("transaction", "baby", {"birthDate": "2026-02-30"}))
    assert client.post("/fhir", maternity_bundle()).status_code == 200
    assert counted_rows(store_url, *CLINICAL) == ONE_BIRTH


@pytest.mark.parametrize(("name", "elements", "code", "path"), FAULTY.values(), ids=FAULTY.keys())
def test_a_batch_keeps_the_good_neighbours_of_a_bad_entry(
    client: Client, store_url: str, name: str, elements: Json, code: str, path: str
) -> None:
    bundle = faulty_bundle("batch", name, elements)
    answer = client.post("/fhir", bundle)
    refused = {
        place: codes_of(each["response"]["outcome"])
        for place, each in enumerate(answer.json()["entry"])
        if each["response"]["status"].startswith("422")
    }
    assert (answer.status_code, refused) == (200, {place_of(bundle, name): {code}})
    assert counted_rows(store_url, "source_delivery", "source_booking", "source_baby") == {
        "source_delivery": 1,
        "source_booking": 1,
        "source_baby": 1,
    }


@pytest.mark.parametrize("kind", ["collection", "document", "message"])
def test_other_bundles_are_stored_by_the_intake(sqlite_client: Client, sqlite_store_url: str, kind: str) -> None:
    answer = sqlite_client.post("/intake", maternity_bundle() | {"type": kind})
    receipt = answer.json()
    assert (answer.status_code, receipt["status"], receipt["adapter"]) == (200, "accepted", "ukcore-maternity")
    assert receipt["rows"] == {"baby": 1, "booking": 1, "delivery": 1, "person": 2, "pregnancy": 1, "residence": 1}
    assert counted_rows(sqlite_store_url, *CLINICAL) == ONE_BIRTH


def test_a_bundle_that_no_adapter_recognises_is_answered_with_those_known(sqlite_client: Client) -> None:
    unknown: dict[str, Any] = {"resourceType": "Bundle", "type": "transaction", "entry": []}
    answer = sqlite_client.post("/fhir", unknown)
    assert (answer.status_code, codes_of(answer.json())) == (422, {"adapter.unknown"})
    assert "msds-csv" in answer.text
