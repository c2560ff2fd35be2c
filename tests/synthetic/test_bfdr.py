from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.composition import Composition

from fhir_adapter.fhir.r4_schema import R4Schema
from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.plain_records import BabyRecord
from synthetic_bundles.records import BirthRecord, birth_records
from synthetic_bundles.render_bfdr import render_bfdr_bundles
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.tables import World

Json = dict[str, Any]
SCHEMA = R4Schema()
STAMP = "0badcafe"
BIRTHS = 300
SAMPLE = 60  # certificates that are checked against the schema
PROFILES = "http://hl7.org/fhir/us/"
LOCAL = "https://perinatal-equity.example/synthetic/local-code"
SAMPLES = {False: "BasicBirthRecord2.json", True: "BasicFetalDeathRecord2.json"}
OF_A_PARENT = ("69044-6", "8665-2", "8302-2", "56077-1", "11638-4", "69043-8", "68497-7", "73773-4")
OF_THE_CHILD = ("8339-4", "11884-4", "9272-6", "9274-2", "73756-9", "73757-7", "73761-9")


@pytest.fixture(scope="module")
def births(llr_world: World) -> list[BirthRecord]:
    """300 births, those of several babies and of babies that did not live first."""
    return sorted(birth_records(llr_world), key=lambda birth: (-rarity(birth), birth.row))[:BIRTHS]


@pytest.fixture(scope="module")
def certificates(llr_world: World, births: list[BirthRecord]) -> list[Json]:
    stamp = world_stamp(llr_world)
    return [orjson.loads(line) for birth in births for line in render_bfdr_bundles(stamp, birth)]


@pytest.fixture(scope="module")
def plain_birth(llr_world: World) -> BirthRecord:
    """A live birth of one baby of which everything is known that a test changes."""
    return next(
        birth
        for birth in birth_records(llr_world, stop=2000)
        if birth.delivery.babies == 1
        and birth.babies[0].outcome == "01"
        and birth.newborns[0].feeding_at_discharge
        and birth.antenatal.father
        and birth.antenatal.answers.cigarettes_per_day
    )


def rarity(birth: BirthRecord) -> int:
    """At least 2 where a baby was not born alive; 1 for a third of the births of several babies; 0 for the rest."""
    return 2 * any(baby.outcome != "01" for baby in birth.babies) + (birth.delivery.babies > 1 and birth.row % 3 == 0)


def with_baby(birth: BirthRecord, **changes: Any) -> BirthRecord:
    return birth._replace(babies=[birth.babies[0]._replace(**changes)])


def only_certificate(birth: BirthRecord) -> Json:
    (line,) = render_bfdr_bundles(STAMP, birth)
    certificate: Json = orjson.loads(line)
    return certificate


def resources(certificate: Json, resource_type: str) -> list[Json]:
    return [each["resource"] for each in certificate["entry"] if each["resource"]["resourceType"] == resource_type]


def observation(certificate: Json, code: str) -> Json:
    (found,) = [each for each in resources(certificate, "Observation") if code_of(each["code"]) == code]
    return found


def child_of(certificate: Json) -> Json:
    return resources(certificate, "Patient")[0]


def code_of(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def references_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["reference"]] if "reference" in value else []
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from references_in(each)


def days_of(quantity: Json) -> int:
    return int(quantity["value"] * {"wk": 7, "d": 1}[quantity["code"]])


def told(certificate: Json) -> tuple[str, tuple[float, int, int, bool]]:
    """Hospital number of a baby, with its weight in g, its gestation in days, how many were born and if it is dead."""
    child = child_of(certificate)
    total = child.get("_multipleBirthInteger", {}).get("extension", [{"valuePositiveInt": 1}])[0]["valuePositiveInt"]
    weight = observation(certificate, "8339-4")["valueQuantity"]
    assert weight["code"] == "g"
    gestation = days_of(observation(certificate, "11884-4")["valueQuantity"])
    number = next(each["value"] for each in child["identifier"] if code_of(each["type"]) == "MR")
    return number, (weight["value"], gestation, total, child.get("deceasedBoolean", False))


def true_facts(world: World, rows: set[int]) -> dict[str, tuple[float, int, int, bool]]:
    """The same out of the tables, of every baby of these births that was not a termination."""
    deliveries = world.deliveries
    return {
        f"{deliveries['provider'][baby['delivery']]}B{baby['delivery']:07d}{baby['birth_order']}": (
            int(baby["birth_weight_g"]),
            int(baby["gestation_days"]),
            int(deliveries["babies"][baby["delivery"]]),
            str(baby["outcome"]) in {"02", "03", "04"},
        )
        for baby in world.babies
        if int(baby["delivery"]) in rows and baby["outcome"] != "05"
    }


def test_weight_gestation_plurality_and_stillbirth_are_those_of_the_tables(
    llr_world: World, births: list[BirthRecord], certificates: list[Json]
) -> None:
    assert dict(map(told, certificates)) == true_facts(llr_world, {birth.row for birth in births})


def test_the_births_hold_twins_stillbirths_and_plain_ones(certificates: list[Json]) -> None:
    kinds = {(total > 1, is_dead) for _, (_, _, total, is_dead) in map(told, certificates)}
    assert kinds >= {(True, False), (False, True), (False, False)}


def test_every_certificate_is_a_document_that_begins_with_a_composition(certificates: list[Json]) -> None:
    kinds = {(each["type"], each["entry"][0]["resource"]["resourceType"]) for each in certificates}
    assert kinds == {("document", "Composition")}


def test_every_resource_satisfies_the_official_r4_schema(certificates: list[Json]) -> None:
    held = [entry["resource"] for each in certificates[::5][:SAMPLE] for entry in each["entry"][1:]]
    assert [fault for each in held for fault in SCHEMA.faults(each["resourceType"], each)] == []


def test_every_bundle_satisfies_the_official_r4_schema(certificates: list[Json]) -> None:
    envelopes = [{name: value for name, value in each.items() if name != "entry"} for each in certificates]
    assert [fault for each in envelopes for fault in SCHEMA.faults("Bundle", each)] == []


def test_every_composition_is_one_of_r4(certificates: list[Json]) -> None:
    compositions = [each["entry"][0]["resource"] for each in certificates]
    assert all(Composition.model_validate(each).status == "final" for each in compositions)


def test_every_reference_resolves_within_its_certificate(certificates: list[Json]) -> None:
    assert all(set(references_in(each)) <= {entry["fullUrl"] for entry in each["entry"]} for each in certificates)


def test_every_full_url_names_its_resource(certificates: list[Json]) -> None:
    entries = [entry for each in certificates for entry in each["entry"]]
    assert all(entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}" for entry in entries)


def test_no_two_resources_share_an_id_nor_do_certificates_and_maternity_bundles(
    births: list[BirthRecord],
) -> None:
    lines = [line for birth in births for line in (*render_bfdr_bundles(STAMP, birth), render_bundle(STAMP, birth))]
    bundles = [orjson.loads(line) for line in lines]
    ids = [each["id"] for each in bundles] + [entry["resource"]["id"] for each in bundles for entry in each["entry"]]
    assert len(set(ids)) == len(ids)


def test_every_fact_stands_in_exactly_one_section(certificates: list[Json]) -> None:
    listed = [
        sorted(references_in([s["entry"] for s in each["entry"][0]["resource"]["section"]])) for each in certificates
    ]
    facts = [
        sorted(
            e["fullUrl"]
            for e in each["entry"]
            if e["resource"]["resourceType"] in {"Observation", "Procedure", "Condition"}
        )
        for each in certificates
    ]
    assert listed == facts


def test_no_certificate_tells_an_nhs_number(births: list[BirthRecord], certificates: list[Json]) -> None:
    numbers = {birth.mother.nhs_number for birth in births} | {b.nhs_number for each in births for b in each.babies}
    identifiers = {i["value"] for each in certificates for p in resources(each, "Patient") for i in p["identifier"]}
    assert (identifiers & numbers, b"nhs-number" in orjson.dumps(certificates)) == (set(), False)


def test_the_certificate_number_is_the_hospital_number_of_the_baby(certificates: list[Json]) -> None:
    numbers = [each["identifier"]["extension"][0]["valueString"] for each in certificates]
    assert numbers == [told(each)[0] for each in certificates]


def test_every_certificate_is_marked_as_test_data(certificates: list[Json]) -> None:
    assert {each["meta"]["tag"][0]["code"] for each in certificates} == {"HTEST"}


@pytest.mark.parametrize("code", OF_A_PARENT)
def test_a_fact_of_the_mother_is_about_the_child_with_the_mother_in_focus(plain_birth: BirthRecord, code: str) -> None:
    certificate = only_certificate(plain_birth)
    child, mother = (f"urn:uuid:{each['id']}" for each in resources(certificate, "Patient"))
    fact = observation(certificate, code)
    assert (fact["subject"], fact["focus"]) == ({"reference": child}, [{"reference": mother}])


def test_the_work_of_the_father_has_the_father_in_focus(plain_birth: BirthRecord) -> None:
    certificate = only_certificate(plain_birth)
    (father,) = resources(certificate, "RelatedPerson")
    assert observation(certificate, "11341-5")["focus"] == [{"reference": f"urn:uuid:{father['id']}"}]


@pytest.mark.parametrize("code", OF_THE_CHILD)
def test_a_fact_of_the_child_has_nobody_else_in_focus(plain_birth: BirthRecord, code: str) -> None:
    certificate = only_certificate(plain_birth)
    fact = observation(certificate, code)
    assert (fact["subject"], "focus" in fact) == ({"reference": f"urn:uuid:{child_of(certificate)['id']}"}, False)


@pytest.mark.parametrize(
    ("code", "column", "metric", "unit", "expected"),
    [("8302-2", "height_cm", 165.1, "[in_i]", 65.0), ("56077-1", "weight_kg", 68.0, "[lb_av]", 149.9)],
)
def test_height_and_weight_are_in_inches_and_pounds(
    plain_birth: BirthRecord, code: str, column: str, metric: float, unit: str, expected: float
) -> None:
    measures: dict[str, Any] = {column: metric}
    changed = plain_birth._replace(booking=plain_birth.booking._replace(**measures))
    quantity = observation(only_certificate(changed), code)["valueQuantity"]
    assert (quantity["value"], quantity["code"]) == (expected, unit)


@pytest.mark.parametrize(
    ("days", "expected"), [(280, (40, "wk")), (281, (281, "d")), (1799, (257, "wk")), (1800, (1800, "d"))]
)
def test_gestation_is_in_weeks_where_they_are_whole_and_else_in_days(
    plain_birth: BirthRecord, days: int, expected: tuple[int, str]
) -> None:
    quantity = observation(only_certificate(with_baby(plain_birth, gestation_days=days)), "11884-4")["valueQuantity"]
    assert (quantity["value"], quantity["code"]) == expected


@pytest.mark.parametrize(
    ("gestation_days", "code"), [(60, "87298-6"), (98, "87299-4"), (195, "87299-4"), (196, "64795-8")]
)
def test_cigarettes_stand_in_the_trimester_of_the_booking(
    plain_birth: BirthRecord, gestation_days: int, code: str
) -> None:
    changed = plain_birth._replace(booking=plain_birth.booking._replace(gestation_days=gestation_days))
    cigarettes = plain_birth.antenatal.answers.cigarettes_per_day
    assert observation(only_certificate(changed), code)["valueInteger"] == cigarettes


@pytest.mark.parametrize(("feeding", "expected"), [("01", True), ("02", True), ("03", False)])
def test_any_breast_milk_at_discharge_is_breastfed(plain_birth: BirthRecord, feeding: str, expected: bool) -> None:
    changed = plain_birth._replace(newborns=[plain_birth.newborns[0]._replace(feeding_at_discharge=feeding)])
    assert observation(only_certificate(changed), "73756-9")["valueBoolean"] is expected


@pytest.mark.parametrize(("outcome", "code"), [("02", "434681000124104"), ("03", "434631000124100"), ("04", "UNK")])
def test_a_stillbirth_is_a_decedent_fetus_with_a_time_of_death(
    plain_birth: BirthRecord, outcome: str, code: str
) -> None:
    report = only_certificate(with_baby(plain_birth, outcome=outcome))
    time_of_death = code_of(observation(report, "73811-2")["valueCodeableConcept"])
    assert (child_of(report)["deceasedBoolean"], time_of_death) == (True, code)


def test_a_termination_has_no_certificate(plain_birth: BirthRecord) -> None:
    assert list(render_bfdr_bundles(STAMP, with_baby(plain_birth, outcome="05"))) == []


@pytest.mark.parametrize(("outcome", "is_dead"), [("01", False), ("02", True)])
def test_profiles_of_the_document_and_its_child_are_those_of_the_sample(
    plain_birth: BirthRecord, samples: Path, outcome: str, is_dead: bool
) -> None:
    sample = orjson.loads((samples / "bfdr" / SAMPLES[is_dead]).read_bytes())
    certificate = only_certificate(with_baby(plain_birth, outcome=outcome))
    assert profiles_of(certificate) == profiles_of(sample)


def profiles_of(certificate: Json) -> list[list[str]]:
    people = [certificate, certificate["entry"][0]["resource"], *resources(certificate, "Patient")]
    return [each["meta"]["profile"] for each in [*people, *resources(certificate, "RelatedPerson")]]


@pytest.mark.parametrize(
    ("is_dead", "code"),
    [(False, code) for code in ("92011-6", "57075-4", "55752-0", "92013-2", "73762-7", "700000006", "NFTH", "MR")]
    + [(True, code) for code in ("92010-8", "57073-9", "11884-4", "8339-4", "69044-6", "8302-2", "56077-1", "8665-2")]
    + [(True, code) for code in ("87298-6", "11341-5", "loc_birth", "MTH")],
)
def test_codes_are_those_of_the_sample(plain_birth: BirthRecord, samples: Path, is_dead: bool, code: str) -> None:
    sample = (samples / "bfdr" / SAMPLES[is_dead]).read_text(encoding="utf-8")
    early = plain_birth._replace(
        booking=plain_birth.booking._replace(gestation_days=60), delivery=plain_birth.delivery._replace(method=0)
    )
    certificate = only_certificate(with_baby(early, outcome="02" if is_dead else "01"))
    assert [f'"{code}"' in sample, f'"{code}"' in orjson.dumps(certificate).decode()] == [True, True]


@pytest.mark.parametrize(
    ("column", "value", "code", "expected"),
    [
        ("birth_weight_g", 2.64, "8339-4", {"value": 2.64, "unit": "g"}),
        ("birth_weight_g", 26400, "8339-4", {"value": 26400, "unit": "g"}),
        ("gestation_days", 36.2, "11884-4", {"value": 36.2, "unit": "d"}),
    ],
)
def test_a_number_is_printed_as_it_is(
    plain_birth: BirthRecord, column: str, value: float, code: str, expected: Json
) -> None:
    quantity = observation(only_certificate(with_baby(plain_birth, **{column: value})), code)["valueQuantity"]
    assert {"value": quantity["value"], "unit": quantity["unit"]} == expected


def test_a_method_without_a_route_is_a_local_code(plain_birth: BirthRecord) -> None:
    changed = plain_birth._replace(delivery=plain_birth.delivery._replace(method=99))
    route = resources(only_certificate(changed), "Procedure")[0]["code"]
    assert route == {"coding": [{"system": LOCAL, "code": "99"}]}


def test_a_feeding_of_no_list_is_a_local_code(plain_birth: BirthRecord) -> None:
    changed = plain_birth._replace(newborns=[plain_birth.newborns[0]._replace(feeding_at_discharge="LOC1")])
    value = observation(only_certificate(changed), "73756-9")["valueCodeableConcept"]
    assert value == {"coding": [{"system": LOCAL, "code": "LOC1"}]}


def test_a_date_that_is_none_is_printed_as_it_is(plain_birth: BirthRecord) -> None:
    changed = plain_birth._replace(mother=plain_birth.mother._replace(birth_date="1994-02-30"))
    assert resources(only_certificate(changed), "Patient")[1]["birthDate"] == "1994-02-30"


@pytest.mark.parametrize("column", [name for name in BabyRecord._fields if name not in {"delivery", "mother"}])
def test_a_cell_that_is_absent_is_left_out_and_never_null(plain_birth: BirthRecord, column: str) -> None:
    (line,) = render_bfdr_bundles(STAMP, with_baby(plain_birth, **{column: None}))
    assert b":null" not in line


def test_the_same_record_gives_the_same_bytes(plain_birth: BirthRecord) -> None:
    assert list(render_bfdr_bundles(STAMP, plain_birth)) == list(render_bfdr_bundles(STAMP, plain_birth))
