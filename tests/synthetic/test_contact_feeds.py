"""Contacts with health visitors as FHIR bundles and as CSDS tables, recounted from what was written."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from fhir_adapter.fhir.r4_schema import R4Schema
from synthetic_bundles import render_csds
from synthetic_bundles.care_tables import CONTACT_TYPES
from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.render_contacts import render_contact_bundle
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import ContactRecord, contact_records
from synthetic_bundles.world import generate_world

Json = dict[str, Any]
Tables = dict[str, list[dict[str, str]]]
Told = dict[str, Any]  # of one contact, by the column of the world's table

LOCAL_CODES = "https://perinatal-equity.example/synthetic/local-code"
NHS_NUMBERS = "https://fhir.nhs.uk/Id/nhs-number"
LOCAL_NUMBERS = "https://perinatal-equity.example/synthetic/health-visiting-id"
KINDS = {"04": "antenatal", "08": "new_birth", "09": "6_8_week", "10": "12_month", "11": "2_2h_year", "97": "other"}
ASQ_3 = {
    f"asq-3-{domain}": f"asq3_{domain.replace('-', '_')}"
    for domain in ("communication", "gross-motor", "fine-motor", "problem-solving", "personal-social")
}
FHIR_FINDINGS = {
    "breastfeeding-status": "breastfeeding_status",
    "29463-7": "weight_kg",
    "8306-3": "length_cm",
    "71354-5": "epds_score",
    "whooley-positive": "whooley_positive",
    **ASQ_3,
}
CSDS_SCORES = {"450320001": "epds_score", "whooley-positive": "whooley_positive", **ASQ_3}
NUMBERS = ("weight_kg", "length_cm", *CSDS_SCORES.values())
TEXTS = ("attendance", "mechanism", "breastfeeding_status")
COLUMNS = ("kind", "contact_date", *TEXTS, *NUMBERS)


@pytest.fixture(scope="module")
def world() -> World:
    """600 births over four years, so that some children are old enough for every review."""
    return generate_world(births=600, seed=3, scenario=load_scenario("llr"), first_month="2021-04", months=48)


@pytest.fixture(scope="module")
def records(world: World) -> list[ContactRecord]:
    return list(contact_records(world))


@pytest.fixture(scope="module")
def bundles(world: World, records: list[ContactRecord]) -> list[Json]:
    return [bundle_of(record, stamp=world_stamp(world)) for record in records]


@pytest.fixture(scope="module")
def tables(records: list[ContactRecord]) -> Tables:
    return tables_of(records)


@pytest.fixture(scope="module")
def fhir(bundles: list[Json]) -> list[Told]:
    return [told_by_bundle(bundle) for bundle in bundles]


@pytest.fixture(scope="module")
def csds(tables: Tables) -> list[Told]:
    return told_by_tables(tables)


@pytest.fixture(scope="module")
def child_contact(records: list[ContactRecord]) -> ContactRecord:
    """A review at six to eight weeks with everything that is found then."""
    return next(record for record in records if record.visit.epds_score is not None)


@pytest.fixture(scope="module")
def antenatal_contact(records: list[ContactRecord]) -> ContactRecord:
    return next(record for record in records if record.contact_type == "antenatal")


def bundle_of(record: ContactRecord, *, stamp: str = "0badcafe") -> Json:
    bundle: Json = orjson.loads(render_contact_bundle(stamp, record))
    return bundle


def tables_of(records: Iterable[ContactRecord]) -> Tables:
    """Every table as a reader of CSV finds it."""
    lines = defaultdict(list, {stem: [csv_line(header)] for stem, header in render_csds.TABLES.items()})
    for record in records:
        for stem, cells in render_csds.rows_of(record):
            lines[stem].append(csv_line(cells))
    return {stem: list(csv.DictReader(io.StringIO(b"".join(own).decode(), newline=""))) for stem, own in lines.items()}


def resources_of(bundle: Json, resource_type: str) -> list[Json]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def codings_of(bundle: Json) -> dict[str, str]:
    """Codes of the contact's types by the last word of their system."""
    (encounter,) = resources_of(bundle, "Encounter")
    codings = [coding for kind in encounter["type"] for coding in kind["coding"]]
    return {coding["system"].rpartition("/")[2]: coding["code"] for coding in codings}


def value_of(observation: Json) -> object:
    """The value of a finding: a number, a code or a yes or no."""
    if "valueCodeableConcept" in observation:
        code = observation["valueCodeableConcept"]["coding"][0]["code"]
        return {"Y": 1, "N": 0}.get(code, code)
    return observation.get("valueInteger", observation.get("valueQuantity", {}).get("value"))


def told_by_bundle(bundle: Json) -> Told:
    (encounter,) = resources_of(bundle, "Encounter")
    codes = codings_of(bundle)
    told: Told = dict.fromkeys(COLUMNS)
    told["contact"] = encounter["identifier"][0]["value"]
    told["kind"] = KINDS[codes["csds-activity-type"]]
    told["contact_date"] = encounter["period"]["start"]
    told["attendance"], told["mechanism"] = codes["csds-attendance"], codes["csds-mechanism"]
    for observation in resources_of(bundle, "Observation"):
        told[FHIR_FINDINGS[observation["code"]["coding"][0]["code"]]] = value_of(observation)
    return told | people_of_bundle(bundle)


def people_of_bundle(bundle: Json) -> Told:
    """Numbers and birth dates of the mother and of the child, who alone is the patient of a related person."""
    children = {related["patient"]["reference"] for related in resources_of(bundle, "RelatedPerson")}
    told: Told = {}
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            role = "child" if entry["fullUrl"] in children else "mother"
            numbers = {each["system"]: each["value"] for each in entry["resource"]["identifier"]}
            told[f"{role}_nhs_number"], told[f"{role}_number"] = numbers.get(NHS_NUMBERS), numbers[LOCAL_NUMBERS]
            told[f"{role}_birth_date"] = entry["resource"]["birthDate"]
    return told


def told_by_tables(tables: Tables) -> list[Told]:
    """What all tables tell of each contact, joined by its number."""
    told = {row["CareContactID"]: told_by_contact(row) for row in tables["cyp201_202"]}
    for row in tables["cyp611"]:
        told[row["CareContactID"]]["weight_kg"] = float(row["Weight"]) if row["Weight"] else None
        told[row["CareContactID"]]["length_cm"] = float(row["Length"]) if row["Length"] else None
    for row in tables["cyp612"]:
        told[row["CareContactID"]][CSDS_SCORES[row["CodedAssToolType"]]] = int(row["PersScore"])
    return [
        contact | people_of_row(row) for contact, row in zip(told.values(), tables["cyp001"], strict=True)
    ]  # both have one row a contact, in the same order


def told_by_contact(row: Mapping[str, str]) -> Told:
    told: Told = dict.fromkeys(COLUMNS)
    told["contact"], told["contact_date"] = row["CareContactID"], row["Contact_Date"]
    told["kind"] = KINDS[row["ActivityCode"]]
    told["attendance"], told["mechanism"] = row["AttendCode"], row["Medium"]
    told["breastfeeding_status"] = row["BreastFeedingStatus"] or None
    return told


def people_of_row(row: Mapping[str, str]) -> Told:
    told: Told = {
        "mother_nhs_number": row["NHSNumberMother"] or None,
        "mother_number": row["MotherLocalPatientId"],
        "mother_birth_date": row["PersonBirthDateMother"],
    }
    if row["LocalPatientId"]:
        told["child_nhs_number"] = row["NHSNumber"] or None
        told["child_number"], told["child_birth_date"] = row["LocalPatientId"], row["PersonBirthDate"]
    return told


def column_of(world: World, name: str) -> list[object]:
    """A column of the world's contacts in plain values, None where a value is absent."""
    visits = world.care.health_visits
    if name == "kind":
        return [CONTACT_TYPES[kind] for kind in visits["contact_type"]]
    values = [value.item() for value in visits[name]]
    if name in NUMBERS and visits[name].dtype.kind == "f":
        return [None if value != value else float(np.format_float_positional(np.float32(value))) for value in values]
    if name in NUMBERS:
        return [None if value == -1 else value for value in values]
    return [str(value) or None for value in values]


def references_in(value: object) -> list[str]:
    """Every reference below a JSON value."""
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [found for child in value.values() for found in references_in(child)]
    if isinstance(value, list):
        return [found for child in value for found in references_in(child)]
    return []


def faults_in(bundle: Json, schema: R4Schema) -> list[tuple[str, str]]:
    """Faults of the bundle and of each resource in it."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [fault for each in (bundle, *resources) for fault in schema.faults(each["resourceType"], each)]


@pytest.mark.parametrize("column", COLUMNS)
def test_the_bundles_tell_what_happened(world: World, fhir: list[Told], column: str) -> None:
    assert [told[column] for told in fhir] == column_of(world, column)


@pytest.mark.parametrize("column", COLUMNS)
def test_the_tables_tell_what_happened(world: World, csds: list[Told], column: str) -> None:
    assert [told[column] for told in csds] == column_of(world, column)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_the_world_has_values(world: World, column: str) -> None:
    assert set(column_of(world, column)) - {None}


def test_bundles_and_tables_agree(fhir: list[Told], csds: list[Told]) -> None:
    assert fhir == csds


def test_every_kind_of_contact_is_told(csds: list[Told]) -> None:
    assert set(Counter(told["kind"] for told in csds)) == set(CONTACT_TYPES)


def test_a_contact_is_finished_where_somebody_was_seen(bundles: list[Json]) -> None:
    pairs = {
        (codings_of(bundle)["csds-attendance"], resources_of(bundle, "Encounter")[0]["status"]) for bundle in bundles
    }
    assert pairs == {
        ("2", "cancelled"),
        ("3", "cancelled"),
        ("4", "cancelled"),
        ("5", "finished"),
        ("6", "finished"),
    }


def test_only_face_to_face_contacts_are_in_person(bundles: list[Json]) -> None:
    pairs = {
        (codings_of(bundle)["csds-mechanism"], resources_of(bundle, "Encounter")[0]["class"]["code"])
        for bundle in bundles
    }
    assert pairs == {("01", "AMB"), ("02", "VR"), ("11", "VR")}


def test_no_two_resources_of_the_feed_share_an_id(bundles: list[Json]) -> None:
    ids = [entry["resource"]["id"] for bundle in bundles for entry in bundle["entry"]] + [b["id"] for b in bundles]
    assert len(set(ids)) == len(ids)


def test_every_entry_is_put_under_its_own_name(bundles: list[Json]) -> None:
    assert all(
        (entry["fullUrl"], entry["request"])
        == (
            f"urn:uuid:{entry['resource']['id']}",
            {"method": "PUT", "url": f"{entry['resource']['resourceType']}/{entry['resource']['id']}"},
        )
        for bundle in bundles
        for entry in bundle["entry"]
    )


def test_every_reference_resolves_within_its_bundle(bundles: list[Json]) -> None:
    assert all(set(references_in(bundle)) <= {entry["fullUrl"] for entry in bundle["entry"]} for bundle in bundles)


def test_an_absent_value_is_left_out_and_never_null(bundles: list[Json]) -> None:
    assert b"null" not in orjson.dumps(bundles)


def test_the_same_record_gives_the_same_bytes(child_contact: ContactRecord) -> None:
    assert render_contact_bundle("0badcafe", child_contact) == render_contact_bundle("0badcafe", child_contact)


def test_a_sample_of_bundles_fits_the_r4_schema(bundles: list[Json]) -> None:
    schema = R4Schema()
    assert [fault for bundle in bundles[::9] for fault in faults_in(bundle, schema)] == []


def test_a_contact_belongs_to_the_health_visitors(bundles: list[Json]) -> None:
    providers = {resources_of(bundle, "Encounter")[0]["serviceProvider"]["identifier"]["value"] for bundle in bundles}
    assert providers == {"RSV"}


def test_the_subject_of_a_contact_is_the_child(child_contact: ContactRecord) -> None:
    bundle = bundle_of(child_contact)
    (related,), (encounter,) = resources_of(bundle, "RelatedPerson"), resources_of(bundle, "Encounter")
    assert encounter["subject"] == related["patient"]


@pytest.mark.parametrize(
    ("code", "role"), [("29463-7", "child"), ("71354-5", "mother"), ("whooley-positive", "mother")]
)
def test_a_finding_is_about_the_one_it_was_made_of(child_contact: ContactRecord, code: str, role: str) -> None:
    bundle = bundle_of(child_contact)
    (related,) = resources_of(bundle, "RelatedPerson")
    findings = {each["code"]["coding"][0]["code"]: each for each in resources_of(bundle, "Observation")}
    assert (findings[code]["subject"] == related["patient"]) is (role == "child")


def test_a_score_of_the_mother_names_her_as_its_focus(child_contact: ContactRecord) -> None:
    findings = resources_of(bundle_of(child_contact), "Observation")
    focused = {
        each["code"]["coding"][0]["code"]: each["focus"] == [each["subject"]] for each in findings if "focus" in each
    }
    assert focused == {"71354-5": True, "whooley-positive": True}


def test_the_mother_of_a_bundle_links_to_the_related_person_of_her_child(child_contact: ContactRecord) -> None:
    bundle = bundle_of(child_contact)
    links = [patient["link"] for patient in resources_of(bundle, "Patient") if "link" in patient]
    (related,) = resources_of(bundle, "RelatedPerson")
    assert links == [[{"other": {"reference": f"urn:uuid:{related['id']}"}, "type": "seealso"}]]


def test_the_bundle_of_an_antenatal_contact_names_no_child(antenatal_contact: ContactRecord) -> None:
    bundle = bundle_of(antenatal_contact)
    (mother,) = resources_of(bundle, "Patient")
    (encounter,) = resources_of(bundle, "Encounter")
    assert (encounter["subject"]["reference"], resources_of(bundle, "RelatedPerson")) == (
        f"urn:uuid:{mother['id']}",
        [],
    )


def test_the_rows_of_an_antenatal_contact_name_no_child(antenatal_contact: ContactRecord) -> None:
    tables = tables_of([antenatal_contact])
    of_child = ("LocalPatientId", "NHSNumber")
    assert {row[name] for stem in ("cyp001", "cyp201_202") for row in tables[stem] for name in of_child} == {""}


def test_the_contacts_begin_with_the_columns_of_the_sample(samples: Path) -> None:
    sample = (samples / "one-birth-four-sources" / "csds_cyp201_202.csv").read_text(encoding="utf-8")
    header = tuple(sample.splitlines()[0].split(","))
    assert render_csds.TABLES["cyp201_202"][: len(header)] == header


@pytest.mark.parametrize("stem", render_csds.TABLES)
def test_a_header_names_each_column_once(stem: str) -> None:
    assert len(set(render_csds.TABLES[stem])) == len(render_csds.TABLES[stem])


def test_every_row_is_as_long_as_its_header(records: list[ContactRecord]) -> None:
    lengths = {(stem, len(cells)) for record in records for stem, cells in render_csds.rows_of(record)}
    assert lengths == {(stem, len(header)) for stem, header in render_csds.TABLES.items()}


def test_a_score_of_the_mother_is_told_of_her(child_contact: ContactRecord) -> None:
    rows = tables_of([child_contact])["cyp612"]
    assert {row["LocalPatientId"] for row in rows} == {child_contact.mother_number}


ODD_CELLS = {
    "cyp001": {
        "NHSNumber": "T:0000123",
        "NHSNumberStatus": "77",
        "PersonBirthDate": "1994-02-30",
        "PersonPhenSex": "M",
        "EthnicCategory": "LOC2",
        "NHSNumberMother": "9990001000",
    },
    "cyp201_202": {
        "NHSNumber": "T:0000123",
        "AttendCode": "Q",
        "Medium": "ZZ",
        "ActivityCode": "tea",
        "BreastFeedingStatus": "LOC1",
    },
    "cyp611": {"Weight": "4900", "Length": "0.57"},
}


@pytest.fixture(scope="module")
def odd_contact(child_contact: ContactRecord) -> ContactRecord:
    """A contact in which hardly anything is as it should be."""
    visit = child_contact.visit._replace(
        attendance="Q", mechanism="ZZ", breastfeeding_status="LOC1", weight_kg=4900.0, length_cm=0.57, epds_score=310
    )
    return child_contact._replace(
        visit=visit,
        contact_type="tea",
        nhs_number="T:0000123",
        nhs_number_status="77",
        mother_nhs_number="9990001000",
        birth_date="1994-02-30",
        sex="M",
        ethnic_category="LOC2",
    )


@pytest.mark.parametrize(
    ("stem", "column", "text"), [(stem, *cell) for stem, cells in ODD_CELLS.items() for cell in cells.items()]
)
def test_the_tables_print_odd_values_as_they_are(odd_contact: ContactRecord, stem: str, column: str, text: str) -> None:
    assert [row[column] for row in tables_of([odd_contact])[stem]] == [text]


@pytest.mark.parametrize(
    "text",
    [
        '"value":"T:0000123"',
        '"code":"77"',
        '"value":"9990001000"',
        '"birthDate":"1994-02-30"',
        '"gender":"unknown"',
        f'{{"system":"{LOCAL_CODES}","code":"M"}}',
        '"code":"LOC2"',
        '"code":"Q"',
        '"code":"ZZ"',
        '"code":"tea"',
        f'{{"system":"{LOCAL_CODES}","code":"LOC1"}}',
        '"value":4900',
        '"value":0.57',
        '"valueInteger":310',
    ],
)
def test_the_bundle_prints_odd_values_as_they_are(odd_contact: ContactRecord, text: str) -> None:
    assert text in render_contact_bundle("0badcafe", odd_contact).decode()


def test_a_bundle_of_odd_values_still_fits_the_r4_schema(odd_contact: ContactRecord) -> None:
    assert faults_in(bundle_of(odd_contact), R4Schema()) == []


def test_a_contact_of_which_little_is_known_is_told_all_the_same(child_contact: ContactRecord) -> None:
    visit = child_contact.visit._replace(mechanism=None, weight_kg=None, length_cm=None, epds_score=None)
    bare = child_contact._replace(
        visit=visit, nhs_number=None, nhs_number_status=None, mother_nhs_number=None, postcode=None, language=None
    )._replace(interpreter_required=None, mother_ethnic_category=None, ethnic_category=None, sex=None)
    assert faults_in(bundle_of(bare), R4Schema()) == []
