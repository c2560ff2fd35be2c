"""A Bundle that comes in is held against R4: every fault has its place, and only what cannot be read is left out."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.incoming import IncomingLimits, check_bundle, parse_json, refuse_duplicate_keys
from fhir_adapter.fhir.incoming_check import incoming_schema, settle_bundle
from fhir_adapter.sources.issues import MOST_ALIKE, Issue, Severity, capped

CANARY = "Zebediah"
WEIGHT: Json = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "weight"},
    "valueQuantity": {"value": 3150, "code": "g"},
}


def bundle(*resources: Json, **changes: object) -> dict[str, Any]:
    """A collection of the resources."""
    entries = [{"fullUrl": f"urn:uuid:{place}", "resource": each} for place, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **changes}


FAULTS: dict[str, tuple[Json, str, str, bool]] = {
    "text for a number": (
        {**WEIGHT, "valueQuantity": {"value": "3150"}},
        "wrong-type",
        "Bundle.entry[1].resource.valueQuantity.value",
        True,
    ),
    "object for a list": ({**WEIGHT, "note": {"text": CANARY}}, "wrong-type", "Bundle.entry[1].resource.note", True),
    "null in a list": (
        {**WEIGHT, "note": [{"text": "a"}, None]},
        "wrong-type",
        "Bundle.entry[1].resource.note[1]",
        True,
    ),
    "number for an id": ({**WEIGHT, "id": 7}, "wrong-type", "Bundle.entry[1].resource.id", False),
    "code of no list": ({**WEIGHT, "status": CANARY}, "format", "Bundle.entry[1].resource.status", False),
    "date of another form": ({**WEIGHT, "issued": "2 March"}, "format", "Bundle.entry[1].resource.issued", False),
    "empty list": ({**WEIGHT, "note": []}, "empty", "Bundle.entry[1].resource.note", False),
    "missing element": (
        {"resourceType": "Observation", "status": "final"},
        "missing",
        "Bundle.entry[1].resource",
        False,
    ),
    "unknown element": ({**WEIGHT, CANARY: 1}, "unknown", "Bundle.entry[1].resource", False),
    "two types of one choice": ({**WEIGHT, "valueInteger": 1}, "repeated-choice", "Bundle.entry[1].resource", False),
    "in a contained resource": (
        {**WEIGHT, "contained": [{"resourceType": "Patient", "active": "yes"}]},
        "wrong-type",
        "Bundle.entry[1].resource.contained[0].active",
        True,
    ),
}


@pytest.mark.parametrize(("resource", "rule", "place", "is_left_out"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_placed_from_the_bundle_down(resource: Json, rule: str, place: str, is_left_out: bool) -> None:
    (fault,) = settle_bundle(bundle(WEIGHT, copy.deepcopy(resource))).faults
    assert (fault.rule, fault.location, fault.is_left_out) == (rule, place, is_left_out)
    assert CANARY not in repr(fault)


def test_only_what_is_of_another_type_is_taken_out() -> None:
    document = bundle({**WEIGHT, "status": "finale", "note": [1, {"text": "kept"}, 2], "valueQuantity": {"value": "1"}})
    settle_bundle(document)
    expected = {**WEIGHT, "status": "finale", "note": [{"text": "kept"}], "valueQuantity": {}}
    assert document["entry"][0]["resource"] == expected


def test_a_valid_bundle_is_left_as_it_is() -> None:
    document = bundle(WEIGHT, {"resourceType": "Patient", "birthDate": "1990-01-01"})
    before = copy.deepcopy(document)
    assert settle_bundle(document).faults == ()
    assert document == before


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"timestamp": 7, "entry": [{"resource": WEIGHT}]}, "Bundle.timestamp"),
        ({"entry": []}, "Bundle.entry"),
        ({"entry": [7]}, "Bundle.entry[0]"),
        (
            {"entry": [{"resource": WEIGHT, "request": {"method": "SEND", "url": "a"}}]},
            "Bundle.entry[0].request.method",
        ),
        ({"entry": [{"fullUrl": "a b", "resource": WEIGHT}]}, "Bundle.entry[0].fullUrl"),
    ],
)
def test_the_bundle_around_its_resources_is_checked(changes: Json, place: str) -> None:
    assert [each.location for each in settle_bundle(bundle(**changes)).faults] == [place]


def test_a_resource_without_a_schema_passes_and_is_counted() -> None:
    unknown: list[Json] = [
        {"resourceType": "ValueSet", "status": 7},
        {"resourceType": "ValueSet"},
        {"resourceType": CANARY},
    ]
    found = settle_bundle(bundle(*unknown))
    assert (found.faults, dict(found.unchecked)) == ((), {"ValueSet": 2, "(no type of R4)": 1})


REFUSED_AT: dict[str, tuple[bytes, str]] = {
    "a key given twice": (
        b'{"entry": [{}, {"resource": {"name": [{"family": "a", "family": "b"}]}}]}',
        "Bundle.entry[1].resource.name[0]",
    ),
    "a key given twice below a name of no element": (b'{"Zebediah": {"a": 1, "a": 2}}', "payload.(other)"),
}


@pytest.mark.parametrize(("raw", "place"), REFUSED_AT.values(), ids=REFUSED_AT.keys())
def test_a_key_given_twice_is_refused_with_its_path(raw: bytes, place: str) -> None:
    with pytest.raises(PayloadRefused) as refusal:
        refuse_duplicate_keys(raw)
    assert refusal.value.location == place


PLACED: dict[str, tuple[bytes, str, str]] = {
    "NUL": (b'{"entry": [{"fullUrl": "a\\u0000"}]}', "payload.nul", "Bundle.entry[0].fullUrl"),
    "too deep": (b'{"entry": [{"link": [[[[[1]]]]]}]}', "payload.too-deep", "Bundle.entry[0].link[0][0][0]"),
}


@pytest.mark.parametrize(("raw", "code", "place"), PLACED.values(), ids=PLACED.keys())
def test_what_breaks_a_limit_is_refused_with_its_path(raw: bytes, code: str, place: str) -> None:
    with pytest.raises(PayloadRefused) as refusal:
        parse_json(raw, IncomingLimits(max_depth=6))
    assert (refusal.value.code, refusal.value.location) == (code, place)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a": NaN}', "NaN and Infinity"),
        (b'{"a": -Infinity}', "NaN and Infinity"),
        (b'{"a": 1e999}', "NaN and Infinity"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": "\xed\xa0\x80"}', "surrogate"),
    ],
)
def test_what_is_no_json_is_named(raw: bytes, words: str) -> None:
    with pytest.raises(PayloadRefused, match=words):
        parse_json(raw, IncomingLimits())


def test_a_bundle_of_too_many_entries_is_refused_at_the_first_one_too_many() -> None:
    with pytest.raises(PayloadRefused) as refusal:
        check_bundle(bundle(WEIGHT, WEIGHT, WEIGHT), IncomingLimits(max_entries=2))
    assert (refusal.value.code, refusal.value.location) == ("bundle.too-many-entries", "Bundle.entry[2]")


def test_alike_faults_are_listed_up_to_a_number_and_counted_to_the_last() -> None:
    alike = [
        Issue(Severity.ERROR, "element.format", f"Bundle.entry[{at}].resource.status", "wrong") for at in range(500)
    ]
    other = Issue(Severity.WARNING, "element.missing", "Bundle.entry[7].resource", "required")
    found = capped([*alike, other])
    assert (len(found), sum(each.count for each in found)) == (MOST_ALIKE + 2, 501)
    assert found[-1].location == "Bundle.entry.resource.status"
    assert "480 more" in found[-1].text
    assert "500 in all" in found[-1].text


def test_lines_of_one_column_are_one_element() -> None:
    alike = [Issue(Severity.ERROR, "value.missing", f"a.csv:{line} column B1", "send it") for line in range(2, 52)]
    assert capped(alike)[-1].location == "a.csv column B1"


def test_the_schema_has_every_type_that_perinatal_bundles_use() -> None:
    used = (
        "Patient RelatedPerson Encounter Observation Condition Procedure CarePlan ServiceRequest "
        "MedicationAdministration Composition Organization Practitioner Location QuestionnaireResponse Bundle Coverage"
    )
    assert [each for each in used.split() if not incoming_schema().knows(each)] == []


def test_what_is_checked_is_what_was_parsed() -> None:
    raw = orjson.dumps(bundle(WEIGHT))
    assert settle_bundle(parse_json(raw, IncomingLimits())).faults == ()
