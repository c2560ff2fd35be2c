from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from fhir_adapter.fhir.r4_schema import R4Schema
from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.neonatal_records import NeonatalRecord, neonatal_records
from synthetic_bundles.render_badgernet import TABLES, rows_of
from synthetic_bundles.render_neonatal import render_neonatal_bundle
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import generate_world
from tests.synthetic.read_neonatal import (
    BIRTH_COLUMNS,
    EPISODE_COLUMNS,
    PEOPLE_COLUMNS,
    Cell,
    Stay,
    badger_of,
    cells_of,
    code_of,
    day_of_bundle,
    day_of_row,
    days_of,
    identifier,
    stay_of,
)

Tables = dict[str, list[dict[str, str]]]
EPISODES, DAYS = "badgernet_episodes", "badgernet_days"
HOSPITAL = "https://perinatal-equity.example/synthetic/hospital-number/"
OWN_NUMBER = "https://perinatal-equity.example/synthetic/neonatal-id"
LOCAL = "https://perinatal-equity.example/synthetic/local-code"
READERS = EPISODE_COLUMNS | PEOPLE_COLUMNS | BIRTH_COLUMNS


@pytest.fixture(scope="module")
def world() -> World:
    """4,000 births over two years: some 60 stays of babies born before 32 weeks, some 20 that cannot be linked."""
    return generate_world(births=4000, seed=11, scenario=load_scenario("llr"), first_month="2023-10", months=24)


@pytest.fixture(scope="module")
def records(world: World) -> list[NeonatalRecord]:
    return list(neonatal_records(world))


@pytest.fixture(scope="module")
def stays(world: World, records: list[NeonatalRecord]) -> list[Stay]:
    stamp = world_stamp(world)
    return [stay_of(record, stamp) for record in records]


@pytest.fixture(scope="module")
def badger(records: list[NeonatalRecord]) -> Tables:
    """Both tables, as rows of text by column."""
    return badger_of(*records)


@pytest.fixture(scope="module")
def preterm(records: list[NeonatalRecord]) -> NeonatalRecord:
    """A linked stay of a baby born before 32 weeks, in a unit that writes days and grams."""
    return next(
        each for each in records if each.gestation_days < 224 and each.episode.is_linked and each.trust == "RSA"
    )


@pytest.fixture(scope="module")
def unlinked(records: list[NeonatalRecord]) -> NeonatalRecord:
    return next(each for each in records if not each.episode.is_linked)


def truth_of(world: World, name: str) -> list[Cell]:
    """A column of the world for each stay; what names somebody is absent where the stay cannot be linked."""
    cells = cells_of(world, name)
    is_linked = world.care.neonatal_episodes["is_linked"].tolist()
    names_nobody = name not in PEOPLE_COLUMNS
    return [cell if linked or names_nobody else None for cell, linked in zip(cells, is_linked, strict=True)]


@pytest.mark.parametrize("name", READERS)
def test_the_bundles_say_what_the_world_says(world: World, stays: list[Stay], name: str) -> None:
    assert [READERS[name][0](stay) for stay in stays] == truth_of(world, name)


@pytest.mark.parametrize("name", READERS)
def test_the_rows_say_what_the_world_says(world: World, badger: Tables, name: str) -> None:
    assert [READERS[name][1](row) for row in badger[EPISODES]] == truth_of(world, name)


def test_the_readers_read_every_column_of_an_episode(world: World) -> None:
    columns = set(world.care.neonatal_episodes.dtype.names or ())
    assert columns - EPISODE_COLUMNS.keys() == {"baby", "is_linked"}


def test_the_bundles_tell_every_day_of_care(world: World, stays: list[Stay]) -> None:
    told = [[day_of_bundle(day) for day in stay.days] for stay in stays]
    assert told == days_of(world)


def test_the_rows_tell_every_day_of_care(world: World, badger: Tables) -> None:
    assert [day_of_row(row) for row in badger[DAYS]] == [day for days in days_of(world) for day in days]


def test_the_rows_of_the_days_name_their_stay_and_baby(badger: Tables) -> None:
    babies = {row["BadgerUniqueID"]: row["NationalIDBaby"] for row in badger[EPISODES]}
    assert all(row["NationalIDBaby"] == babies[row["BadgerUniqueID"]] for row in badger[DAYS])


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ("ICCareDays2011", {1}),
        ("HDCareDays2011", {2}),
        ("SCCareDays2011", {3}),
        ("NormalCareDays2011", {4, 5}),
    ],
)
def test_the_totals_of_days_are_those_of_the_world(world: World, badger: Tables, column: str, levels: set[int]) -> None:
    days = world.care.neonatal_days
    at_level = Counter(days["episode"][np.isin(days["care_level"], list(levels))].tolist())
    assert [int(row[column]) for row in badger[EPISODES]] == [at_level[row] for row in range(len(badger[EPISODES]))]


def test_the_first_columns_are_those_of_the_unit_s_extract_in_its_order(samples: Path) -> None:
    with (samples / "one-birth-four-sources" / "badgernet_neonatal_episode.csv").open(encoding="utf-8") as stream:
        header = next(csv.reader(stream))
    assert TABLES[EPISODES][: len(header)] == tuple(header)


def test_every_row_has_a_cell_a_column(records: list[NeonatalRecord]) -> None:
    widths = {(table, len(cells)) for record in records for table, cells in rows_of(record)}
    assert widths == {(table, len(columns)) for table, columns in TABLES.items()}


def test_both_formats_call_a_stay_by_the_same_number(stays: list[Stay], badger: Tables) -> None:
    numbers = [stay.encounter["identifier"][0]["value"] for stay in stays]
    assert numbers == [row["BadgerUniqueID"] for row in badger[EPISODES]]


def test_both_formats_tell_the_same_hospital_numbers(stays: list[Stay], badger: Tables) -> None:
    told = [(identifier(stay.baby, HOSPITAL), identifier(stay.mother, HOSPITAL)) for stay in stays]
    assert told == [(row["HospitalIDBaby"] or None, row["HospitalIDMother"] or None) for row in badger[EPISODES]]


def test_a_hospital_number_stands_in_the_system_of_the_trust_that_gave_it(stays: list[Stay]) -> None:
    given = [
        each
        for stay in stays
        for patient in (stay.baby, stay.mother)
        for each in patient.get("identifier", [])
        if each["system"].startswith(HOSPITAL)
    ]
    assert {(each["system"], each["value"][:3]) for each in given} == {
        (HOSPITAL + trust, trust) for trust in ("RSA", "RSB")
    }


def test_every_resource_satisfies_the_official_r4_schema(stays: list[Stay]) -> None:
    schema = R4Schema()
    checked = [*stays[::10], *(stay for stay in stays if len(stay.days) > 40)]
    faults = [schema.faults("Bundle", stay.bundle) for stay in checked]
    faults += [schema.faults(each["resourceType"], each) for stay in checked for each in stay.resources]
    assert [fault for found in faults for fault in found] == []


def test_no_two_resources_of_the_feed_share_an_id(stays: list[Stay]) -> None:
    ids = [each["id"] for stay in stays for each in [stay.bundle, *stay.resources]]
    assert len(set(ids)) == len(ids)


def test_every_reference_resolves_within_its_bundle(stays: list[Stay]) -> None:
    assert all(set(references_in(stay.resources)) <= {e["fullUrl"] for e in stay.bundle["entry"]} for stay in stays)


def references_in(value: object) -> list[str]:
    """Every reference below a JSON value."""
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [found for child in value.values() for found in references_in(child)]
    if isinstance(value, list):
        return [found for child in value for found in references_in(child)]
    return []


def test_the_mother_links_to_the_related_person_of_her_baby(stays: list[Stay]) -> None:
    linked = {(stay.mother["link"][0]["other"]["reference"], stay.related["patient"]["reference"]) for stay in stays}
    expected = {(f"urn:uuid:{stay.related['id']}", f"urn:uuid:{stay.baby['id']}") for stay in stays}
    assert linked == expected


def test_the_same_record_gives_the_same_bytes(preterm: NeonatalRecord) -> None:
    assert render_neonatal_bundle("0badcafe", preterm) == render_neonatal_bundle("0badcafe", preterm)


def test_an_absent_value_is_left_out_and_never_null(stays: list[Stay]) -> None:
    assert not any(b"null" in orjson.dumps(stay.bundle) for stay in stays)


def test_a_stay_goes_on_until_the_discharge(stays: list[Stay]) -> None:
    told = {(stay.encounter["status"], "end" in stay.encounter["period"]) for stay in stays}
    assert told == {("finished", True), ("in-progress", False)}


@pytest.mark.parametrize(("trust", "units"), [("RSA", {"d", "g"}), ("RSB", {"wk", "kg"})])
def test_a_unit_writes_in_the_units_of_its_trust(stays: list[Stay], trust: str, units: set[str]) -> None:
    own = [stay for stay in stays if stay.encounter["serviceProvider"]["identifier"]["value"] == trust]
    written = {stay.with_code(code)["valueQuantity"]["code"] for stay in own for code in ("11884-4", "364589006")}
    assert written == units


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("gestation_days", 180, b'"value":25.71,"unit":"wk"'),
        ("gestation_days", 1799, b'"value":257.0,"unit":"wk"'),
        ("birth_weight_g", 916, b'"value":0.916,"unit":"kg"'),
        ("birth_weight_g", 2.64, b'"value":0.00264,"unit":"kg"'),
    ],
)
def test_weeks_have_two_decimals_and_kilograms_all(
    preterm: NeonatalRecord, field: str, value: Any, written: bytes
) -> None:
    elsewhere = preterm._replace(episode=preterm.episode._replace(provider="RSB"))
    assert written in render_neonatal_bundle("00000000", elsewhere._replace(**{field: value}))


def test_the_bundle_of_a_stay_that_cannot_be_linked_has_its_own_number_alone(unlinked: NeonatalRecord) -> None:
    stay = stay_of(unlinked)
    own = [{"system": OWN_NUMBER, "value": f"E{unlinked.row}"}]
    assert (stay.baby["identifier"], stay.mother.keys() & {"identifier", "name"}) == (own, set())


def test_the_mother_of_a_stay_that_cannot_be_linked_keeps_her_birth_date(unlinked: NeonatalRecord) -> None:
    assert stay_of(unlinked).mother["birthDate"] == unlinked.mother_birth_date


def test_the_row_of_a_stay_that_cannot_be_linked_names_nobody(unlinked: NeonatalRecord) -> None:
    row = badger_of(unlinked)[EPISODES][0]
    columns = ("NationalIDBaby", "NationalIDBabyStatus", "NationalIDMother", "HospitalIDBaby", "HospitalIDMother")
    assert [row[column] for column in columns] == [""] * 5


# Field of a record -> an odd value, and the cell in which it is to stand.
ODD_FIELDS: list[tuple[str, Any, str, str]] = [
    ("nhs_number", "T:0000123", "NationalIDBaby", "T:0000123"),
    ("nhs_number", "9990000000", "NationalIDBaby", "9990000000"),
    ("nhs_number_status", "04", "NationalIDBabyStatus", "04"),
    ("birth_weight_g", 2.64, "Birthweight", "2.64"),
    ("birth_weight_g", 2640.0, "Birthweight", "2640"),
    ("gestation_days", 1799, "GestationWeeks", "257"),
    ("mother_birth_date", "1994-02-30", "BirthDateMother", "1994-02-30"),
    ("apgar_5", 12, "Apgar5", "12"),
    ("ethnic_category", "h1", "EthnicityBaby", "h1"),
    ("sex", "X", "Sex", "U"),
    ("death_datetime", "2020-01-01", "DateTimeOfDeath", "2020-01-01"),
]
ODD_OF_EPISODE: list[tuple[str, Any, str, str]] = [
    ("discharge_destination", "77", "DischargeDestination", "77"),
    ("admission_reason", "LOC1", "AdmitPrincipalReason", "LOC1"),
    ("hie_grade", "7", "HIEGrade", "7"),
    ("temp_admission_c", 98.6, "AdmitTemperature", "98.6"),
    ("discharge_datetime", "2024-02-30T11:33:00+00:00", "DischTime", "2024-02-30 11:33"),
    ("cord_clamp_seconds", 725, "CordClampingTimeMinute", "12"),
    ("cord_clamp_seconds", 725, "CordClampingTimeSecond", "5"),
    ("late_onset_bsi", True, "LateOnsetBSI", "1"),
    ("stroke", True, "Stroke", "1"),
    ("cns_infection", True, "CNSInfection", "1"),
    ("kernicterus", True, "Kernicterus", "1"),
]


@pytest.mark.parametrize(("field", "value", "column", "expected"), ODD_FIELDS)
def test_a_row_prints_an_odd_value_as_it_is(
    preterm: NeonatalRecord, field: str, value: Any, column: str, expected: str
) -> None:
    assert badger_of(preterm._replace(**{field: value}))[EPISODES][0][column] == expected


@pytest.mark.parametrize(("field", "value", "column", "expected"), ODD_OF_EPISODE)
def test_a_row_prints_an_odd_value_of_the_stay_as_it_is(
    preterm: NeonatalRecord, field: str, value: Any, column: str, expected: str
) -> None:
    odd = preterm._replace(episode=preterm.episode._replace(**{field: value}))
    assert badger_of(odd)[EPISODES][0][column] == expected


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("nhs_number", "T:0000123", b'"value":"T:0000123"'),
        ("nhs_number_status", "04", b'"code":"04"'),
        ("birth_weight_g", 2.64, b'"value":2.64,"unit":"g"'),
        ("birth_weight_g", 2640.0, b'"value":2640,"unit":"g"'),
        ("gestation_days", 1799, b'"value":1799,"unit":"d"'),
        ("mother_birth_date", "1994-02-30", b'"birthDate":"1994-02-30"'),
        ("apgar_5", 12, b'"valueInteger":12'),
        ("ethnic_category", "h1", b'"code":"h1"'),
        ("hospital_number", "RSZB1", b'"system":"https://perinatal-equity.example/synthetic/hospital-number/RSZ"'),
        ("sex", "Q", b'{"system":"https://perinatal-equity.example/synthetic/local-code","code":"Q"}'),
        ("death_datetime", "2020-01-01", b'"deceasedDateTime":"2020-01-01"'),
    ],
)
def test_a_bundle_prints_an_odd_value_as_it_is(preterm: NeonatalRecord, field: str, value: Any, written: bytes) -> None:
    assert written in render_neonatal_bundle("00000000", preterm._replace(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("discharge_destination", "77"), ("admission_reason", "LOC1"), ("hie_grade", "7"), ("bpd", "severe")],
)
def test_a_code_that_its_list_does_not_have_is_a_local_code(preterm: NeonatalRecord, field: str, value: Any) -> None:
    odd = preterm._replace(episode=preterm.episode._replace(**{field: value}))
    assert f'{{"system":"{LOCAL}","code":"{value}"}}'.encode() in render_neonatal_bundle("00000000", odd)


@pytest.mark.parametrize("level", [0, 9])
def test_a_level_of_care_that_is_none_is_a_local_code(preterm: NeonatalRecord, level: int) -> None:
    stay = stay_of(preterm._replace(days=[preterm.days[0]._replace(care_level=level)]))
    coding = stay.days[0]["valueCodeableConcept"]["coding"]
    assert coding == [{"system": LOCAL, "code": str(level)}]


def test_a_temperature_taken_at_no_known_time_has_no_time(preterm: NeonatalRecord) -> None:
    timeless = preterm.episode._replace(temp_admission_c=36.4, temp_taken_datetime=None)
    assert "effectiveDateTime" not in stay_of(preterm._replace(episode=timeless)).with_code("8310-5")


@pytest.mark.parametrize(
    ("field", "value", "code", "status"),
    [
        ("nec", "none", "P77", "refuted"),
        ("nec", "suspected", "P77", "provisional"),
        ("nec", "confirmed", "P77", "confirmed"),
        ("bpd", "significant", "P27.1", "confirmed"),
        ("bpd", "none", "P27.1", "refuted"),
        ("hie_grade", "0", "P91.6", "refuted"),
        ("hie_grade", "2", "P91.6", "confirmed"),
        ("ivh_grade", "0", "P52.3", "refuted"),
        ("ivh_grade", "9", "P52.3", "unconfirmed"),
        ("ivh_grade", "4", "P52.2", "confirmed"),
        ("cystic_pvl", False, "P91.2", "refuted"),
        ("cystic_pvl", True, "P91.2", "confirmed"),
        ("late_onset_bsi", True, "P36.9", "confirmed"),
        ("seizures", True, "91175000", "confirmed"),
        ("stroke", True, "P91.0", "confirmed"),
        ("intracranial_haemorrhage", True, "P52.9", "confirmed"),
        ("cns_infection", True, "neonatal-central-nervous-system-infection", "confirmed"),
        ("kernicterus", True, "P57.9", "confirmed"),
    ],
)
def test_a_finding_says_whether_it_is_there(
    preterm: NeonatalRecord, field: str, value: Any, code: str, status: str
) -> None:
    told = stay_of(preterm._replace(episode=preterm.episode._replace(**{field: value}))).with_code(code)
    assert code_of(told["verificationStatus"]) == status


def test_a_finding_without_an_answer_is_left_out(preterm: NeonatalRecord) -> None:
    unanswered = preterm._replace(episode=preterm.episode._replace(ivh_grade=None))
    assert stay_of(unanswered).with_code("P52.0", "P52.1", "P52.2", "P52.3") == {}
