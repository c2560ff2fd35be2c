"""Bundles to rows: what a whole record gives, and what each kind of bad input costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.golden_case import present_rows
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import Adapter, shipped_adapters
from tests.mapping.maternity_bundles import (
    LOINC,
    SNOMED,
    Bundle,
    added,
    changed,
    concept,
    maternity_bundle,
    observation,
    patient,
    place_of,
    quantity,
    reference,
    removed,
)

KEY = "record-1/Patient"
UKCORE = shipped_adapters().by_name("ukcore-maternity")


def mapped(adapter: Adapter, *changes: Callable[[Bundle], None]) -> MappedRecord:
    return map_bundle(adapter, maternity_bundle(*changes), digest="digest")


def codes(record: MappedRecord) -> list[str]:
    return sorted(issue.code for issue in record.issues)


def test_a_whole_record_gives_one_row_of_each_table_and_no_issue(ukcore: Adapter) -> None:
    record = mapped(ukcore)
    assert {table: len(rows) for table, rows in record.rows.items()} == {
        "person": 2,
        "pregnancy": 1,
        "booking": 1,
        "delivery": 1,
        "baby": 1,
        "residence": 1,
    }
    assert record.issues == ()


def test_the_booking_row_holds_what_was_found_at_booking(ukcore: Adapter) -> None:
    assert present_rows(mapped(ukcore).rows["booking"]) == [
        {
            "pregnancy_key": "record-1/Condition/pregnancy",
            "booking_key": "record-1/Encounter/booking",
            "booking_date": "2025-09-01",
            "gestation_days": 63,
            "site_code": "RWEAA",
            "height_cm": 162.0,
            "weight_kg": 65.2,
            "bmi": 24.8,
            "smoking_status": "smoker",
            "co_ppm": 2.0,
        }
    ]


def test_the_delivery_row_holds_its_own_smoking_status_and_tear(ukcore: Adapter) -> None:
    assert present_rows(mapped(ukcore).rows["delivery"]) == [
        {
            "delivery_key": "record-1/Encounter/delivery",
            "pregnancy_key": "record-1/Condition/pregnancy",
            "provider_code": "RWE",
            "site_code": "RWEAA",
            "perineal_trauma": "|10217006|",
            "condition_codes": "|10217006|",
            "smoking_at_delivery": "non_smoker",
            "admission_datetime": "2026-03-01T22:00:00+00:00",
            "encounter_class": "inpatient",
        }
    ]


def test_the_baby_row_holds_its_links_and_what_was_found_at_birth(ukcore: Adapter) -> None:
    assert present_rows(mapped(ukcore).rows["baby"]) == [
        {
            "baby_key": f"{KEY}/baby",
            "person_key": f"{KEY}/baby",
            "delivery_key": "record-1/Encounter/delivery",
            "mother_key": f"{KEY}/mother",
            "birth_datetime": "2026-03-02T04:15:00+00:00",
            "outcome": "01",
            "gestation_days": 280,
            "birth_weight_g": 3410,
            "delivery_method": "0",
            "apgar_5": 9,
            "first_feed": "01",
        }
    ]


def test_the_residence_is_the_one_known_at_booking_and_holds_no_postcode(ukcore: Adapter) -> None:
    assert present_rows(mapped(ukcore).rows["residence"]) == [
        {"person_key": f"{KEY}/mother", "valid_from": "2025-09-01"}
    ]


def test_identifiers_leave_apart_from_the_rows(ukcore: Adapter) -> None:
    record = mapped(ukcore)
    mother = next(each for each in record.identities if each.role == "mother")
    assert (mother.nhs_number, mother.local_id, mother.family_name, mother.postcode) == (
        "9990001006",
        "H-mother",
        "Canaryfamily",
        "LE1 5WW",
    )
    assert "9990001006" not in str(record.rows)
    assert "LE1 5WW" not in str(record.rows)


def test_the_record_is_named_by_its_identifier_and_its_provider(ukcore: Adapter) -> None:
    record = mapped(ukcore)
    assert (record.source, record.source_record_id, record.recorded_at) == (
        "ukcore-maternity:RWE",
        "https://perinatal-equity.example/synthetic|record-1",
        "2026-03-04T10:00:00+00:00",
    )


def test_the_third_party_sample_gives_its_rows_under_the_mothers_key(ukcore: Adapter, samples: Path) -> None:
    document = json.loads((samples / "one-birth-four-sources" / "maternity_bundle.r4.json").read_bytes())
    record = map_bundle(ukcore, document, digest="digest")
    baby, delivery, residence = (record.rows[table][0] for table in ("baby", "delivery", "residence"))
    assert (baby["gestation_days"], baby["birth_weight_g"], baby["apgar_5"]) == (257, 2460, 9)
    assert (baby["delivery_method"], delivery["perineal_trauma"]) == ("0", "|6234006|")
    assert delivery["delivery_key"] == baby["mother_key"] == "synthetic-uk-birth-1/Patient/mother"
    assert residence["imd_missing_reason"] == "pseudo_postcode"


def test_a_summer_birth_is_told_in_summer_time(ukcore: Adapter) -> None:
    born = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
    twin = {"extension": [{"url": born, "valueDateTime": "2026-07-02T23:30:00Z"}]}
    record = mapped(ukcore, changed("baby", birthDate="2026-07-03", _birthDate=twin))
    assert record.rows["baby"][0]["birth_datetime"] == "2026-07-03T00:30:00+01:00"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-03-29T00:30:00+00:00", "2026-03-29T00:30:00+00:00"),
        ("2026-03-29T01:30:00+00:00", "2026-03-29T02:30:00+01:00"),
        ("2026-07-02T10:00:00+02:00", "2026-07-02T09:00:00+01:00"),
        ("2026-07-02T24:10:00+01:00", None),
    ],
)
def test_a_moment_is_kept_with_the_offset_that_london_had_then(ukcore: Adapter, sent: str, kept: str | None) -> None:
    record = mapped(ukcore, changed("delivery", period={"start": sent}))
    assert record.rows["delivery"][0]["admission_datetime"] == kept


def test_a_record_before_the_birth_gives_a_booking_and_no_delivery(ukcore: Adapter) -> None:
    of_the_birth = ["baby", "mother-of-baby", "gestation", "birth-weight", "apgar", "outcome", "feed", "delivery"]
    at_delivery = ["smoking-at-delivery", "fetuses", "method", "tear"]
    record = mapped(ukcore, removed(*of_the_birth, *at_delivery), changed("mother", link=[]))
    assert sorted(record.rows) == ["booking", "person", "pregnancy", "residence"]
    assert record.issues == ()


def test_twins_share_the_delivery_and_its_method(ukcore: Adapter) -> None:
    twin = patient("twin", "9990001081", birthDate="2026-03-02", multipleBirthInteger=2)
    record = mapped(ukcore, added(twin), changed("baby", multipleBirthInteger=1))
    assert [(row["delivery_key"], row["delivery_method"]) for row in record.rows["baby"]] == [
        ("record-1/Encounter/delivery", "0"),
        ("record-1/Encounter/delivery", "0"),
    ]


def test_the_most_interventional_of_several_methods_counts(ukcore: Adapter) -> None:
    caesarean = {
        "resourceType": "Procedure",
        "id": "caesarean",
        "status": "completed",
        "code": concept(SNOMED, "274130007"),
        "subject": reference("mother"),
        "encounter": reference("delivery"),
    }
    record = mapped(ukcore, added(caesarean))
    assert record.rows["baby"][0]["delivery_method"] == "8"
    assert record.issues == ()


def test_two_tears_are_one_set_of_codes(ukcore: Adapter) -> None:
    second = {
        "resourceType": "Condition",
        "id": "second-tear",
        "code": concept(SNOMED, "15413009"),
        "subject": reference("mother"),
        "encounter": reference("delivery"),
    }
    assert mapped(ukcore, added(second)).rows["delivery"][0]["perineal_trauma"] == "|10217006|15413009|"


def test_an_observation_entered_in_error_counts_for_nothing(ukcore: Adapter) -> None:
    assert mapped(ukcore, changed("apgar", status="entered-in-error")).rows["baby"][0]["apgar_5"] is None


BAD_INPUTS: dict[str, tuple[Callable[[Bundle], None], str, str]] = {
    "a unit outside the list": (changed("birth-weight", **quantity(3410, "stone")), "unit.not-allowed", "value"),
    "a weight of 70,000 g": (changed("birth-weight", **quantity(70_000, "g")), "value.out-of-range", "value"),
    "a weight that is a text": (changed("birth-weight", **quantity("heavy", "g")), "value.wrong-type", "value"),
    "a score with a fraction": (changed("apgar", valueInteger=8.5), "value.not-whole", "value"),
    "a date that is none": (changed("mother", birthDate="1996-02-30"), "value.no-such-date", "birthDate"),
    "a date without a day": (changed("mother", birthDate="1996-02"), "value.no-such-date", "birthDate"),
    "a moment that is none": (
        changed("delivery", period={"start": "2026-03-01T25:00:00Z"}),
        "value.no-such-time",
        "period.start",
    ),
    "a code outside its list": (
        changed(
            "feed", valueCodeableConcept=concept("https://perinatal-equity.example/fhir/CodeSystem/first-feed", "9")
        ),
        "code.not-in-list",
        "value",
    ),
    "a code without a translation": (
        changed("smoking", valueCodeableConcept=concept(SNOMED, "123456")),
        "code.unmapped",
        "value",
    ),
    "an unresolvable reference": (
        changed("apgar", subject={"reference": "Patient/elsewhere"}),
        "reference.unresolved",
        "subject.reference",
    ),
}


@pytest.mark.parametrize(("change", "code", "path"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
def test_a_bad_value_is_an_issue_at_its_place_and_its_cell_is_absent(
    ukcore: Adapter, change: Callable[[Bundle], None], code: str, path: str
) -> None:
    issues = [(issue.code, path in issue.location) for issue in mapped(ukcore, change).issues]
    assert (code, True) in issues


def test_a_weight_out_of_range_is_set_aside(ukcore: Adapter) -> None:
    record = mapped(ukcore, changed("birth-weight", **quantity(70_000, "g")))
    place = place_of(maternity_bundle(), "birth-weight")
    assert record.rows["baby"][0]["birth_weight_g"] is None
    assert [issue.location for issue in record.issues] == [f"Bundle.entry[{place}].resource.valueQuantity.value"]


def test_two_weights_are_a_contradiction_and_the_first_is_kept(ukcore: Adapter) -> None:
    again = observation("again", concept(LOINC, "8339-4"), "baby", None, quantity(2900, "g"))
    record = mapped(ukcore, added(again))
    assert record.rows["baby"][0]["birth_weight_g"] == 3410
    assert codes(record) == ["record.contradicts-itself"]


def test_the_same_weight_twice_is_no_contradiction(ukcore: Adapter) -> None:
    again = observation("again", concept(LOINC, "8339-4"), "baby", None, quantity(3.41, "kg"))
    assert mapped(ukcore, added(again)).issues == ()


def test_a_row_without_its_key_is_set_aside_and_its_neighbours_stay(ukcore: Adapter) -> None:
    record = mapped(ukcore, changed("booking", period={}), removed("baby", "mother-of-baby"), without_timestamp)
    assert "residence" not in record.rows
    assert len(record.rows["booking"]) == 1
    assert "record.key-missing" in codes(record)


def without_timestamp(bundle: Bundle) -> None:
    del bundle["timestamp"]


def test_two_mothers_and_no_link_leave_the_baby_without_a_mother(ukcore: Adapter) -> None:
    record = mapped(
        ukcore, removed("mother-of-baby"), added(patient("other", "9990001081")), changed("mother", link=[])
    )
    assert record.rows["baby"][0]["mother_key"] is None
    assert "record.not-the-only-one" in codes(record)


def test_a_fact_that_belongs_to_nothing_is_named(ukcore: Adapter) -> None:
    stray = observation("stray", concept(SNOMED, "251900003"), "mother", "elsewhere", quantity(3, "[ppm]"))
    record = mapped(ukcore, removed("booking"), added(stray))
    assert "record.fact-unplaced" in codes(record)


def test_resources_of_two_senders_with_the_same_ids_never_meet(ukcore: Adapter) -> None:
    other = maternity_bundle()
    other["identifier"]["value"] = "record-2"
    keys = {row["person_key"] for row in map_bundle(ukcore, other, digest="digest").rows["person"]}
    assert keys.isdisjoint({row["person_key"] for row in mapped(ukcore).rows["person"]})


def test_a_bundle_of_many_mothers_keeps_each_baby_with_its_own(ukcore: Adapter) -> None:
    people = [
        person
        for number in range(12)
        for person in (
            patient(
                f"mother{number}",
                "9990001006",
                birthDate="1990-01-01",
                link=[{"other": reference(f"link{number}"), "type": "seealso"}],
            ),
            patient(f"baby{number}", "9990001073", birthDate="2026-03-02", multipleBirthBoolean=False),
            {
                "resourceType": "RelatedPerson",
                "id": f"link{number}",
                "patient": reference(f"baby{number}"),
                "relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH")],
            },
        )
    ]
    record = mapped(ukcore, added(*people))
    links = {str(row["baby_key"]): str(row["mother_key"]) for row in record.rows["baby"]}
    assert len(links) == 13
    assert all(mother == baby.replace("baby", "mother") for baby, mother in links.items())


def test_references_by_type_and_id_resolve_as_well(ukcore: Adapter) -> None:
    text = json.dumps(maternity_bundle())
    for name, kind in (("mother", "Patient"), ("baby", "Patient"), ("booking", "Encounter"), ("delivery", "Encounter")):
        text = text.replace(f'"reference": "urn:uuid:{name}"', f'"reference": "{kind}/{name}"')
    assert map_bundle(ukcore, json.loads(text), digest="digest") == mapped(ukcore)


@pytest.mark.parametrize("document", [{"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": {}}])
def test_what_is_no_bundle_is_refused(ukcore: Adapter, document: dict[str, Any]) -> None:
    with pytest.raises(PayloadRefused):
        map_bundle(ukcore, document, digest="digest")


def test_an_entry_without_a_resource_is_an_issue(ukcore: Adapter) -> None:
    bundle = maternity_bundle()
    bundle["entry"].append({"fullUrl": "urn:uuid:nothing"})
    assert codes(map_bundle(ukcore, bundle, digest="digest")) == ["bundle.entry-empty"]


CANARIES = {
    "birthDate": "1996-02-30",
    "link": [{"other": reference("canary"), "type": "seealso"}],
    "gender": "canary-gender",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "canary-number"}],
    "address": [{"use": "home", "postalCode": "CANARY1"}],
    "name": [{"family": "canary-name", "given": ["canary-given"]}],
    "communication": [{"language": concept("urn:ietf:bcp:47", "canary-language"), "preferred": True}],
    "deceasedDateTime": "canary-death",
}


def test_no_issue_tells_a_value_of_the_patient(ukcore: Adapter) -> None:
    values = {"birth-weight": 987654, "height": 98765.4, "gestation": 9876}
    record = mapped(
        ukcore,
        changed("mother", **CANARIES),
        *(changed(name, **quantity(value, "canary-unit")) for name, value in values.items()),
        changed("weight", **quantity(98765, "kg")),
        changed("bmi", **quantity("98765", "kg/m2")),
        changed("smoking", valueCodeableConcept=concept(SNOMED, "canary-code")),
        changed("tear", subject={"reference": "canary-reference"}, encounter={"reference": "canary-reference"}),
    )
    told = " ".join(f"{issue.code} {issue.location} {issue.text}" for issue in record.issues)
    assert len(record.issues) > 8
    assert "canary" not in told.lower()
    assert "9876" not in told
    assert "1996" not in told


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(maternity_bundle()["entry"]))))
def test_the_order_of_entries_changes_nothing(order: list[int]) -> None:
    bundle = maternity_bundle()
    bundle["entry"] = [bundle["entry"][place] for place in order]
    record = map_bundle(UKCORE, bundle, digest="digest")
    expected = mapped(UKCORE)
    assert (record.rows, record.issues, set(record.identities)) == (
        expected.rows,
        expected.issues,
        set(expected.identities),
    )


JUNK: list[Any] = [
    None,
    True,
    -1.5,
    "",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    ["x", "y"],
    10**30,
    "\x00",
    {"extension": 3},
]


def places_in(part: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document, as the keys that lead to it."""
    keys = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
    return [(*before, key) for key in keys] + [place for key in keys for place in places_in(part[key], (*before, key))]


def replaced(place: tuple[Any, ...], value: Any) -> Bundle:
    """The bundle with another value at one place."""
    bundle = maternity_bundle()
    part: Any = bundle
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return bundle


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(places_in(maternity_bundle()["entry"])), junk=st.sampled_from(JUNK))
def test_junk_anywhere_in_an_entry_breaks_nothing(place: tuple[Any, ...], junk: Any) -> None:
    record = map_bundle(UKCORE, replaced(("entry", *place), junk), digest="digest")
    assert set(record.rows) <= {"person", "pregnancy", "booking", "delivery", "baby", "residence"}
