"""What the maternity bundle tells besides the six indicators, beside the record that it was written from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.careplan import CarePlan

from fhir_adapter.fhir.r4_schema import R4Schema
from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord, BundleRecord, ExpectantRecord, bundle_records
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.tables import World
from tests.synthetic.recount import BundleReader, code_of

Json = dict[str, Any]
Told = tuple[BundleRecord, BundleReader]
LOCAL_CODES = "https://perinatal-equity.example/synthetic/local-code"
STAMP = "00000000"
KEPT = {"provider"}  # a bundle always has a sender
ANSWER_OF = {1: "Y", 0: "N", None: None}
KNOWN_TYPES = ("Patient", "RelatedPerson", "Condition", "Encounter", "Observation", "Procedure")


@pytest.fixture(scope="module")
def told(llr_world: World) -> list[Told]:
    """Some births and ongoing pregnancies, each beside what its bundle says."""
    stamp, born = world_stamp(llr_world), llr_world.births
    records = [*bundle_records(llr_world, stop=1500), *bundle_records(llr_world, start=born, stop=born + 400)]
    return [(record, read(render_bundle(stamp, record))) for record in records]


@pytest.fixture(scope="module")
def births(told: list[Told]) -> list[tuple[BirthRecord, BundleReader]]:
    return [(record, reader) for record, reader in told if isinstance(record, BirthRecord)]


@pytest.fixture(scope="module")
def babies(births: list[tuple[BirthRecord, BundleReader]]) -> list[tuple[BabyRecord, NewbornRecord, str, BundleReader]]:
    """Each baby with its URL."""
    return [
        (baby, newborn, url, reader)
        for record, reader in births
        for baby, newborn, (url, _) in zip(record.babies, record.newborns, reader.babies, strict=True)
    ]


@pytest.fixture(scope="module")
def birth(births: list[tuple[BirthRecord, BundleReader]]) -> BirthRecord:
    """The birth of a single child of a known father."""
    return next(
        record for record, _ in births if len(record.babies) == 1 and record.antenatal.father and record.labour.steroids
    )


def read(bundle: bytes) -> BundleReader:
    return BundleReader(orjson.loads(bundle))


def mother_url(reader: BundleReader) -> str:
    return next(str(url) for url, resource in reader.by_url.items() if resource is reader.mother)


def of_type(reader: BundleReader, resource_type: str) -> list[Json]:
    return [resource for resource in reader.by_url.values() if resource["resourceType"] == resource_type]


def value_of(reader: BundleReader, url: str, code: str) -> object:
    """The value of the only resource of the subject with this code, which may be None."""
    found = [
        resource
        for resource in reader.of_subject[url]
        if code_of(resource.get("code", {"coding": [{"code": ""}]})) == code and "focus" not in resource
    ]
    assert len(found) <= 1
    return plain_value(found[0]) if found else None


def plain_value(resource: Json) -> object:
    values = [value for name, value in resource.items() if name.startswith("value")]
    value = values[0] if values else resource["status"]
    return value.get("value", code_of(value) if "coding" in value else None) if isinstance(value, dict) else value


def codes_of(resources: list[Json], status: str) -> set[str]:
    return {code_of(resource["code"]) for resource in resources if resource.get("status") == status}


def addresses(mother: Json, use: str) -> list[tuple[str, str, str | None]]:
    return [
        (address["postalCode"], address["period"]["start"], address["period"].get("end"))
        for address in mother.get("address", [])
        if address["use"] == use
    ]


OF_MOTHER: list[tuple[str, Callable[[BundleRecord], object]]] = [
    ("8665-2", lambda record: record.antenatal.history.lmp_date),
    ("161714006", lambda record: record.antenatal.history.edd_agreed),
    ("previous-stillbirths", lambda record: record.antenatal.history.previous_stillbirths),
    ("previous-losses-before-24-weeks", lambda record: record.antenatal.history.previous_losses_lt24w),
    ("11996-6", lambda record: record.antenatal.history.gravidity),
    ("11977-6", lambda record: record.antenatal.history.parity),
    ("11639-2", lambda record: record.antenatal.history.previous_term_births),
    ("11637-6", lambda record: record.antenatal.history.previous_preterm_births),
    ("74165-2", lambda record: record.antenatal.history.employment_status),
    ("230056004", lambda record: record.antenatal.answers.cigarettes_per_day),
    ("1082641000000106", lambda record: record.antenatal.answers.alcohol_units_week),
    ("folic-acid", lambda record: record.antenatal.answers.folic_acid),
    ("complex-social-factors", lambda record: record.antenatal.answers.complex_social_factors),
    ("disability", lambda record: record.antenatal.answers.disability),
    ("mental-health-prediction-asked", lambda record: record.antenatal.answers.mh_prediction_asked),
    ("support-status", lambda record: record.antenatal.answers.support_status),
    ("pre-eclampsia-high-risk-factors", lambda record: record.antenatal.answers.pre_eclampsia_high_risk_factors),
    (
        "pre-eclampsia-moderate-risk-factors",
        lambda record: record.antenatal.answers.pre_eclampsia_moderate_risk_factors,
    ),
]
OF_LABOUR: list[tuple[str, Callable[[BirthRecord], object]]] = [
    ("labour-onset-method", lambda record: record.labour.onset_method),
    ("labour-onset", lambda record: record.labour.onset_datetime),
    ("blood-loss-at-delivery", lambda record: record.labour.blood_loss_ml),
    ("antenatal-steroids", lambda record: record.labour.steroids),
    ("antenatal-steroids-last-dose", lambda record: record.labour.steroid_last_dose_datetime),
    ("magnesium-sulphate-24h-before-birth", lambda record: ANSWER_OF[record.labour.magnesium_24h]),
]
OF_BABY: list[tuple[str, Callable[[BabyRecord, NewbornRecord], object]]] = [
    ("9272-6", lambda _, newborn: newborn.apgar_1),
    ("169876006", lambda _, newborn: newborn.head_circumference_cm),
    ("73761-9", lambda baby, _: baby.presentation),
    ("skin-to-skin-1h", lambda baby, _: baby.skin_to_skin),
    ("death-confirmed-gestation", lambda _, newborn: newborn.death_confirmed_gestation_days),
    ("feeding-at-discharge", lambda _, newborn: newborn.feeding_at_discharge),
]


@pytest.mark.parametrize(("code", "of_record"), OF_MOTHER)
def test_what_is_known_of_a_pregnancy_is_told(
    told: list[Told], code: str, of_record: Callable[[BundleRecord], object]
) -> None:
    found = [value_of(reader, mother_url(reader), code) for _, reader in told]
    assert found == [of_record(record) for record, _ in told]
    assert set(found) != {None}


@pytest.mark.parametrize(("code", "of_record"), OF_LABOUR)
def test_what_is_known_of_a_labour_is_told(
    births: list[tuple[BirthRecord, BundleReader]], code: str, of_record: Callable[[BirthRecord], object]
) -> None:
    found = [value_of(reader, mother_url(reader), code) for _, reader in births]
    assert found == [of_record(record) for record, _ in births]
    assert set(found) != {None}


@pytest.mark.parametrize(("code", "of_record"), OF_BABY)
def test_what_is_known_of_a_baby_is_told(
    babies: list[tuple[BabyRecord, NewbornRecord, str, BundleReader]],
    code: str,
    of_record: Callable[[BabyRecord, NewbornRecord], object],
) -> None:
    found = [value_of(reader, url, code) for _, _, url, reader in babies]
    assert found == [of_record(baby, newborn) for baby, newborn, _, _ in babies]
    assert set(found) != {None}


def test_the_way_of_dating_stands_with_the_expected_date(told: list[Told]) -> None:
    methods = [
        code_of(fact["method"]) for _, reader in told for fact in of_type(reader, "Observation") if "method" in fact
    ]
    assert methods == [record.antenatal.history.edd_method for record, _ in told]


def test_the_mother_has_her_general_practice(told: list[Told]) -> None:
    practices = [reader.mother["generalPractitioner"][0]["identifier"]["value"] for _, reader in told]
    assert practices == [record.antenatal.history.gp_practice_code for record, _ in told]


def test_the_only_home_is_the_one_at_booking(told: list[Told]) -> None:
    homes = [address for _, reader in told for address in addresses(reader.mother, "home")]
    known = [record for record, _ in told if record.mother.postcode is not None]
    assert homes == [(record.mother.postcode, record.booking.booking_date, None) for record in known]


def test_earlier_homes_are_old_and_later_ones_are_not_told(told: list[Told]) -> None:
    old = [address for _, reader in told for address in addresses(reader.mother, "old")]
    left = [
        (home.postcode, home.valid_from, home.valid_to)
        for record, _ in told
        for home in record.antenatal.homes
        if home.valid_to is not None and home.valid_to <= record.booking.booking_date
    ]
    assert old == left != []


def test_the_booking_visit_says_why_it_was_late_and_who_referred(told: list[Told]) -> None:
    visits = [reader.encounter("424441002")[1] for _, reader in told]
    reasons = [code_of(visit["reasonCode"][0]) if "reasonCode" in visit else None for visit in visits]
    sources = [code_of(visit["hospitalization"]["admitSource"]) for visit in visits]
    answers = [record.antenatal.answers for record, _ in told]
    assert reasons == [answer.late_booking_reason for answer in answers]
    assert sources == [answer.referral_source for answer in answers]


def test_every_care_plan_is_told(told: list[Told]) -> None:
    plans = [
        (
            code_of(plan["category"][0]),
            plan["created"],
            code_of(plan["activity"][0]["outcomeCodeableConcept"][0]),
            plan.get("author", {}).get("identifier", {}).get("value"),
            plan.get("careTeam", [{}])[0].get("identifier", {}).get("value"),
        )
        for _, reader in told
        for plan in of_type(reader, "CarePlan")
    ]
    assert plans == [tuple(plan[1:]) for record, _ in told for plan in record.antenatal.plans]


def test_plans_end_with_the_birth_but_for_those_after_it(told: list[Told]) -> None:
    statuses = {
        (isinstance(record, BirthRecord), code_of(plan["category"][0]), plan["status"])
        for record, reader in told
        for plan in of_type(reader, "CarePlan")
    }
    assert statuses == {
        (True, "05", "completed"),
        (True, "06", "completed"),
        (True, "07", "active"),
        (False, "05", "active"),
        (False, "06", "active"),
    }


def test_the_delivery_ends_with_the_discharge_of_the_mother(births: list[tuple[BirthRecord, BundleReader]]) -> None:
    ends = [reader.encounter("3950001")[1]["period"].get("end") for _, reader in births]
    assert ends == [record.labour.mother_discharge_datetime for record, _ in births]


def test_a_caesarean_has_its_own_time(births: list[tuple[BirthRecord, BundleReader]]) -> None:
    times = [
        procedure["performedDateTime"]
        for _, reader in births
        for procedure in of_type(reader, "Procedure")
        if code_of(procedure["code"]) in ("177141003", "274130007", "11466000")
    ]
    caesareans = [record.labour.caesarean_datetime for record, _ in births if record.delivery.method in (7, 8)]
    assert times == caesareans != []


def test_only_one_procedure_of_a_birth_has_a_time(births: list[tuple[BirthRecord, BundleReader]]) -> None:
    assert all(
        sum("performedDateTime" in procedure for procedure in of_type(reader, "Procedure")) == 1 for _, reader in births
    )


@pytest.mark.parametrize("column", ["induction_code", "analgesia_code", "episiotomy_code"])
def test_what_was_done_in_labour_is_a_procedure(births: list[tuple[BirthRecord, BundleReader]], column: str) -> None:
    done = [
        (codes_of(of_type(reader, "Procedure"), "completed"), getattr(labour.labour, column))
        for labour, reader in births
    ]
    assert all(code is None or code in codes for codes, code in done)
    assert {code for _, code in done} != {None}


def test_an_augmentation_is_done_or_not_done(births: list[tuple[BirthRecord, BundleReader]]) -> None:
    done = ["237001001" in codes_of(of_type(reader, "Procedure"), "completed") for _, reader in births]
    not_done = ["237001001" in codes_of(of_type(reader, "Procedure"), "not-done") for _, reader in births]
    assert done == [record.labour.augmentation == 1 for record, _ in births]
    assert not_done == [record.labour.augmentation == 0 for record, _ in births]


@pytest.mark.parametrize("column", ["haemorrhage_code", "critical_incident"])
def test_what_befell_the_mother_is_a_condition(births: list[tuple[BirthRecord, BundleReader]], column: str) -> None:
    found = [
        ({code_of(condition["code"]) for condition in of_type(reader, "Condition")}, getattr(record.labour, column))
        for record, reader in births
    ]
    assert all(code is None or code in codes for codes, code in found)
    assert {code for _, code in found} != {None}


def test_the_stay_of_a_baby_is_part_of_the_delivery(
    babies: list[tuple[BabyRecord, NewbornRecord, str, BundleReader]],
) -> None:
    stays = [newborn_stay(reader, url) for _, _, url, reader in babies]
    deliveries = [reader.encounter("3950001")[0] for _, _, _, reader in babies]
    assert [stay["partOf"]["reference"] for stay in stays] == deliveries


def test_the_stay_of_a_baby_says_where_it_was_born_and_when_it_went_home(
    babies: list[tuple[BabyRecord, NewbornRecord, str, BundleReader]],
) -> None:
    stays = [newborn_stay(reader, url) for _, _, url, reader in babies]
    kinds = [stay["location"][0].get("physicalType") for stay in stays]
    assert [kind and code_of(kind) for kind in kinds] == [baby.place_of_birth for baby, _, _, _ in babies]
    assert [stay["period"].get("end") for stay in stays] == [newborn.discharge_datetime for _, newborn, _, _ in babies]


def newborn_stay(reader: BundleReader, url: str) -> Json:
    (stay,) = (resource for resource in reader.of_subject[url] if resource["resourceType"] == "Encounter")
    return stay


def test_every_baby_of_a_known_father_has_him_as_a_related_person(
    births: list[tuple[BirthRecord, BundleReader]],
) -> None:
    fathers = [fathers_in(reader) for _, reader in births]
    known = [record.antenatal.father for record, _ in births]
    expected = [
        [(father.birth_date, father.occupation, father.employment_status, father.ethnic_category)] * len(record.babies)
        if father
        else []
        for (record, _), father in zip(births, known, strict=True)
    ]
    assert fathers == expected


def fathers_in(reader: BundleReader) -> list[tuple[object, ...]]:
    """Birth date, occupation, employment status and ethnic category of the father of each baby."""
    return [
        (person["birthDate"], *(plain_value(fact) for fact in facts_that_focus_on(reader, url)))
        for url, person in reader.by_url.items()
        if person["resourceType"] == "RelatedPerson" and code_of(person["relationship"][0]) == "FTH"
    ]


def facts_that_focus_on(reader: BundleReader, url: str) -> list[Json]:
    return [fact for fact in of_type(reader, "Observation") if fact.get("focus") == [{"reference": url}]]


def test_an_ongoing_pregnancy_has_no_father_yet(told: list[Told]) -> None:
    ongoing = [reader for record, reader in told if isinstance(record, ExpectantRecord)]
    assert not any(of_type(reader, "RelatedPerson") for reader in ongoing)


def test_the_death_of_a_mother_is_told(birth: BirthRecord) -> None:
    history = birth.antenatal.history._replace(mother_death_datetime="2024-05-01T10:00:00+01:00")
    reader = rendered(birth._replace(antenatal=birth.antenatal._replace(history=history)))
    assert reader.mother["deceasedDateTime"] == "2024-05-01T10:00:00+01:00"


@pytest.mark.parametrize(
    ("early", "late", "outcome", "deceased"),
    [
        (None, None, "01", {}),
        ("2024-05-01", "2024-07-01", "01", {"deceasedDateTime": "2024-05-01"}),
        (None, "2024-07-01", "01", {"deceasedDateTime": "2024-07-01"}),
        (None, None, "02", {"deceasedBoolean": True}),
    ],
)
def test_a_baby_has_its_earlier_death_else_the_later(
    birth: BirthRecord, early: str | None, late: str | None, outcome: str, deceased: Json
) -> None:
    baby = birth.babies[0]._replace(death_datetime=early, outcome=outcome)
    newborn = birth.newborns[0]._replace(late_death_datetime=late)
    ((_, patient),) = rendered(birth._replace(babies=[baby], newborns=[newborn])).babies
    assert {name: value for name, value in patient.items() if name.startswith("deceased")} == deceased


def rendered(record: BundleRecord) -> BundleReader:
    return read(render_bundle(STAMP, record))


@pytest.fixture
def strange_birth(birth: BirthRecord) -> BirthRecord:
    """A birth whose record holds what no list knows."""
    answers = birth.antenatal.answers._replace(disability="LOC1", referral_source="LOC2", late_booking_reason="77")
    strange_numbers: Json = {"apgar_1": 9.5}
    return birth._replace(
        antenatal=birth.antenatal._replace(answers=answers),
        mother=birth.mother._replace(nhs_number="T:0000123", birth_date="1994-02-30"),
        delivery=birth.delivery._replace(method=99, perineal_trauma="LOC3"),
        labour=birth.labour._replace(induction_code="LOC4", caesarean_datetime="2024-05-01T10:00:00+01:00"),
        babies=[birth.babies[0]._replace(first_feed="LOC5", outcome="LOC6", sex="Q", birth_weight_g=2.64)],
        newborns=[birth.newborns[0]._replace(**strange_numbers, feeding_at_discharge="LOC7")],
    )


def test_what_no_list_knows_is_a_code_of_the_sender(strange_birth: BirthRecord) -> None:
    found = local_codes_in(orjson.loads(render_bundle(STAMP, strange_birth)))
    assert sorted(found) == ["77", "99", "LOC1", "LOC2", "LOC3", "LOC4", "LOC5", "LOC6", "LOC7", "Q"]


def local_codes_in(value: object) -> list[str]:
    """Every code of the sender's own below a JSON value."""
    if isinstance(value, dict):
        own = [value["code"]] if value.get("system") == LOCAL_CODES else []
        return own + [code for child in value.values() for code in local_codes_in(child)]
    return [code for child in value for code in local_codes_in(child)] if isinstance(value, list) else []


def test_a_time_of_caesarean_without_one_stands_by_itself(strange_birth: BirthRecord) -> None:
    reader = rendered(strange_birth)
    assert value_of(reader, mother_url(reader), "caesarean-datetime") == "2024-05-01T10:00:00+01:00"


def test_two_babies_that_claim_the_same_order_stay_two(births: list[tuple[BirthRecord, BundleReader]]) -> None:
    twins = next(record for record, _ in births if len(record.babies) == 2)
    reader = rendered(twins._replace(babies=[baby._replace(birth_order=1) for baby in twins.babies]))
    assert [baby["multipleBirthInteger"] for _, baby in reader.babies] == [1, 1]


def test_a_strange_record_is_still_valid_r4(strange_birth: BirthRecord) -> None:
    assert faults_in([rendered(strange_birth)]) == []


def test_every_resource_fits_the_r4_schema(told: list[Told]) -> None:
    assert faults_in([reader for _, reader in told[::10]]) == []


def faults_in(readers: list[BundleReader]) -> list[tuple[str, str]]:
    schema = R4Schema()
    return [
        fault
        for reader in readers
        for resource_type in KNOWN_TYPES
        for resource in of_type(reader, resource_type)
        for fault in schema.faults(resource_type, resource)
    ]


def test_a_care_plan_is_valid(told: list[Told]) -> None:
    plans = [plan for _, reader in told[::10] for plan in of_type(reader, "CarePlan")]
    assert all(CarePlan.model_validate(plan).status == plan["status"] for plan in plans)


def test_the_same_record_gives_the_same_bytes(birth: BirthRecord) -> None:
    assert render_bundle(STAMP, birth) == render_bundle(STAMP, birth)


@pytest.mark.parametrize("part", ["mother", "pregnancy", "booking", "labour"])
def test_a_record_of_which_hardly_anything_is_known_is_still_told(birth: BirthRecord, part: str) -> None:
    known = getattr(birth, part)
    emptied = known._make([None] * len(known))._replace(
        **{name: getattr(known, name) for name in KEPT & set(known._fields)}
    )
    assert b"null" not in render_bundle(STAMP, birth._replace(**{part: emptied}))
