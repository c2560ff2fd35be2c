"""What is sent to us is read within limits; what cannot be read alike by everybody is refused with its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.incoming import IncomingLimits, check_bundle, parse_json, refuse_duplicate_keys
from fhir_adapter.fhir.r4_schema import R4Schema

SCHEMA = R4Schema()
LIMITS = IncomingLimits(max_bytes=10_000, max_depth=20)
CANARY = "Zebediah-Canary"
SAMPLE = "one-birth-four-sources/maternity_bundle.r4.json"

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "payload.not-json"),
    "half a document": (b'{"resourceType": "Bundle"', "payload.not-json"),
    "not a number": (b'{"value": NaN}', "payload.not-json"),
    "infinity": (b'{"value": Infinity}', "payload.not-json"),
    "a lone surrogate": (b'{"value": "\\ud800"}', "payload.not-json"),
    "a raw NUL": (b'{"value": "a\x00b"}', "payload.not-json"),
    "an escaped NUL": (b'{"value": "a\\u0000b"}', "payload.nul"),
    "an escaped NUL in a key": (b'{"a\\u0000": 1}', "payload.nul"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "payload.encoding"),
    "UTF-16 with its mark": ("{}".encode("utf-16"), "payload.encoding"),
    "UTF-16 without a mark": ("{}".encode("utf-16-le"), "payload.encoding"),
    "not UTF-8": (b'{"value": "\xff"}', "payload.not-json"),
    "a list": (b"[]", "payload.not-an-object"),
    "a text": (b'"Bundle"', "payload.not-an-object"),
    "too deep": (b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", "payload.too-deep"),
    "absurdly deep": (b"[" * 5_000, "payload.not-json"),
    "too large": (b'{"a": "' + b"x" * 10_000 + b'"}', "payload.too-large"),
}


@pytest.mark.parametrize(("raw", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_unreadable_input_is_refused_with_its_code(raw: bytes, code: str) -> None:
    with pytest.raises(PayloadRefused) as refusal:
        parse_json(raw, LIMITS)
    assert refusal.value.code == code


@pytest.mark.parametrize("limit", [1, 100, 253, 254, 255, 400])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_a_document_may_be_as_deep_as_the_limit_and_no_deeper(limit: int, opening: bytes, closing: bytes) -> None:
    within = b'{"a":' + opening * (limit - 1) + b"1" + closing * (limit - 1) + b"}"
    beyond = b'{"a":' + opening * limit + b"1" + closing * limit + b"}"
    assert parse_json(within, IncomingLimits(max_depth=limit))
    with pytest.raises(PayloadRefused) as refusal:
        parse_json(beyond, IncomingLimits(max_depth=limit))
    assert refusal.value.code == "payload.too-deep"


@pytest.mark.parametrize("layout", [None, orjson.OPT_INDENT_2], ids=["compact", "indented"])
def test_a_key_given_twice_is_found_in_any_layout(layout: int | None) -> None:
    raw = orjson.dumps({"a": 1.5, "b": {"c": "x", "d": "y"}}, option=layout).replace(b'"d"', b'"c"')
    with pytest.raises(PayloadRefused) as refusal:
        parse_json(raw, LIMITS)
    assert refusal.value.code == "payload.duplicate-key"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' + b"[" * 19 + b"]" * 19 + b"}",
        b'{"a": "' + b"[" * 500 + b'"}',
        b'{"a": "\\\\u0000"}',
    ],
    ids=["as deep as allowed", "brackets in a text", "a backslash before u0000"],
)
def test_input_within_the_limits_is_read(raw: bytes) -> None:
    assert parse_json(raw, LIMITS) == orjson.loads(raw)


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 2}', b'{"a": [{"b": 1, "c": 2, "b": 1}]}'], ids=["top", "nested"])
def test_a_key_given_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(PayloadRefused, match="same key twice"):
        parse_json(raw, LIMITS)


@pytest.mark.parametrize(
    "raw",
    [b'{"a": "\\u0022\\u0022", "a": "\\""}', b'{"a": "\\\\u0022", "b": 1, "b": 1}', b'{"\\u0061": 1, "a": 1}'],
    ids=["marks by number", "a backslash before u0022", "a key by number"],
)
def test_no_way_to_write_a_text_hides_a_key_given_twice(raw: bytes) -> None:
    with pytest.raises(PayloadRefused, match="same key twice"):
        parse_json(raw, LIMITS)


def test_the_same_key_in_two_objects_is_no_fault() -> None:
    assert parse_json(b'{"a": {"b": 1}, "c": {"b": 1}}', LIMITS)


def test_a_number_of_thousands_of_digits_is_no_fault_of_the_keys() -> None:
    refuse_duplicate_keys(b'{"value": ' + b"9" * 5_000 + b"}")


def test_a_refusal_never_quotes_the_payload() -> None:
    with pytest.raises(PayloadRefused) as refusal:
        parse_json(b'{"family": "' + CANARY.encode() + b'"', LIMITS)
    assert CANARY not in repr(refusal.value) + repr(refusal.value.__cause__)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"resourceType": "Patient"}, "bundle.not-a-bundle"),
        ({}, "bundle.not-a-bundle"),
        ({"resourceType": "Bundle"}, "bundle.type-unknown"),
        ({"resourceType": "Bundle", "type": ["batch"]}, "bundle.type-unknown"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "bundle.entry-invalid"),
    ],
)
def test_what_is_no_bundle_is_refused(document: Json, code: str) -> None:
    with pytest.raises(PayloadRefused) as refusal:
        check_bundle(document)
    assert refusal.value.code == code


def test_the_type_of_a_bundle_is_told() -> None:
    assert check_bundle({"resourceType": "Bundle", "type": "transaction"}) == "transaction"


def patient(**changes: object) -> Json:
    """A valid Patient, changed where named."""
    return {
        "resourceType": "Patient",
        "name": [{"family": CANARY}],
        "gender": "female",
        "birthDate": "1996-07-14",
        **changes,
    }


PATIENT_FAULTS: dict[str, tuple[Json, str, str]] = {
    "code outside its list": (patient(gender=CANARY), "Patient.gender", "not one of: male, female, other, unknown"),
    "date of another form": (patient(birthDate="14/07/1996"), "Patient.birthDate", "not written as"),
    "number for text": (patient(name=[{"family": 7}]), "Patient.name[0].family", "JSON type string"),
    "element of another type": (patient(subject={"display": CANARY}), "Patient", "no such element here: subject"),
    "element of no type": (patient(Zebediah=CANARY), "Patient", "not known to R4"),
    "empty list": (patient(name=[]), "Patient.name", "empty"),
    "null": (patient(gender=None), "Patient.gender", "not one of"),
    "required element": (
        patient(link=[{"other": {"display": CANARY}}]),
        "Patient.link[0]",
        "element `type` is required",
    ),
    "contained resource": (
        patient(contained=[{"resourceType": "Organization", "active": CANARY}]),
        "Patient.contained[0].active",
        "JSON type boolean",
    ),
    "extension without a url": (
        patient(extension=[{"valueString": CANARY}]),
        "Patient.extension[0]",
        "`url` is required",
    ),
}


@pytest.mark.parametrize(("resource", "path", "words"), PATIENT_FAULTS.values(), ids=PATIENT_FAULTS.keys())
def test_a_fault_of_a_resource_is_placed_and_explained(resource: Json, path: str, words: str) -> None:
    found_path, text = SCHEMA.faults("Patient", resource)[0]
    assert (found_path, words in text) == (path, True)


@pytest.mark.parametrize("resource", [each for each, _, _ in PATIENT_FAULTS.values()], ids=PATIENT_FAULTS.keys())
def test_a_fault_of_a_resource_never_shows_a_value(resource: Json) -> None:
    assert "Zebediah" not in repr(SCHEMA.faults("Patient", resource))


@pytest.mark.parametrize("resource", [each for each, _, _ in PATIENT_FAULTS.values()], ids=PATIENT_FAULTS.keys())
def test_the_fast_answer_agrees_with_the_list_of_faults(resource: Json) -> None:
    assert not SCHEMA.is_valid("Patient", resource)


FAULTS_OF_KNOWN_SHAPES: dict[str, tuple[Json, Json]] = {
    "code outside its list": (patient(), patient(gender=CANARY)),
    "date of another form": (patient(), patient(birthDate="14/07/1996")),
    "number for text": (patient(), patient(name=[{"family": 7}])),
    "name of another type": (patient(), patient(resourceType="Observation")),
    "empty list": (patient(), patient(name=[])),
    "null": (patient(), patient(gender=None)),
    "required element inside": (
        patient(link=[{"other": {"display": CANARY}, "type": "seealso"}]),
        patient(link=[{"other": {"display": CANARY}}]),
    ),
    "unknown element inside": (patient(), patient(name=[{"subject": CANARY}])),
    "a further element": (patient(), patient(subject={"display": CANARY})),
    "two types of one choice": (
        patient(deceasedBoolean=False),
        patient(deceasedBoolean=False, deceasedDateTime="2024"),
    ),
}


@pytest.mark.parametrize(("valid", "faulty"), FAULTS_OF_KNOWN_SHAPES.values(), ids=FAULTS_OF_KNOWN_SHAPES.keys())
def test_a_valid_resource_of_the_same_elements_hides_no_fault(valid: Json, faulty: Json) -> None:
    answer = R4Schema().own_answer("Patient")
    assert answer is not None
    assert [answer(each) for each in (valid, valid, faulty, faulty, valid)] == [True, True, False, False, True]


def test_an_unknown_resource_type_is_one_fault() -> None:
    assert len(SCHEMA.faults("Starship", {"resourceType": "Starship"})) == 1


def test_a_primitive_may_be_absent_beside_its_reason() -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    observation = {"resourceType": "Observation", "_status": absent, "code": {"text": "Apgar score"}}
    assert SCHEMA.faults("Observation", observation) == []


def entries_of(samples: Path) -> list[Json]:
    """Resources of the third-party style bundle."""
    return [entry["resource"] for entry in orjson.loads((samples / SAMPLE).read_bytes())["entry"]]


def test_the_third_party_bundle_has_no_fault(samples: Path) -> None:
    faults = [fault for each in entries_of(samples) for fault in SCHEMA.faults(each["resourceType"], each)]
    assert faults == []


def break_gender(resource: Any) -> None:
    """Another sender's code for the sex of a person."""
    resource["gender"] = "F"


def misspell_birth_date(resource: Any) -> None:
    """An element that FHIR spells otherwise."""
    resource["birthdate"] = resource.pop("birthDate")


@pytest.mark.parametrize("fault", [break_gender, misspell_birth_date])
def test_a_fault_in_the_third_party_bundle_is_noticed(samples: Path, fault: Callable[[Any], None]) -> None:
    mother = copy.deepcopy(entries_of(samples)[0])
    fault(mother)
    assert not SCHEMA.is_valid("Patient", mother)
