"""Plain readers of what a neonatal unit's system writes, and of the world it tells of.

They share no line with the renderers: where each fact stands is written out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.render_badgernet import TABLES, rows_of
from synthetic_bundles.render_neonatal import render_neonatal_bundle
from synthetic_bundles.tables import World

Json = dict[str, Any]
Cell = str | None
Read = Callable[[Any], Cell]

YES_OR_NO = {"Y": "1", "N": "0"}
NHS = "https://fhir.nhs.uk/Id/nhs-number"


class Stay:
    """One bundle: its resources by type, its observations by code."""

    def __init__(self, bundle: Json) -> None:
        self.bundle = bundle
        self.resources: list[Json] = [entry["resource"] for entry in bundle["entry"]]
        self.baby, self.mother = self.of_type("Patient")
        (self.encounter,) = self.of_type("Encounter")
        (self.cooling,) = self.of_type("Procedure")
        (self.related,) = self.of_type("RelatedPerson")
        self.days = [each for each in self.of_type("Observation") if code_of(each["code"]) == "neonatal-care-level"]

    def of_type(self, resource_type: str) -> list[Json]:
        return [each for each in self.resources if each["resourceType"] == resource_type]

    def with_code(self, *codes: str) -> Json:
        """The only resource with one of these codes, or nothing."""
        found = [
            each for each in self.of_type("Observation") + self.of_type("Condition") if code_of(each["code"]) in codes
        ]
        assert len(found) < 2
        return found[0] if found else {}


def code_of(concept: Json) -> str:
    return str(concept["coding"][0]["code"])


def at(*path: str | int) -> Callable[[Json], Any]:
    """What stands at a path, None where nothing does."""

    def value_at(node: Any) -> Any:
        for step in path:
            node = node[step] if isinstance(step, int) else (node or {}).get(step)
        return node

    return value_at


def text(value: object) -> Cell:
    """Plain text of a cell, in which a yes is 1, a time ends with its minute and a number is the shortest."""
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, float | int):
        return f"{value:.10g}"
    return None if value is None or value == "" else str(value)[:16].replace("T", " ")


def value_of(*codes: str, element: str) -> Read:
    return lambda stay: text(at(element)(stay.with_code(*codes)))


def quantity_of(*codes: str) -> Read:
    """In the unit of the model: days, grams."""

    def read(stay: Stay) -> Cell:
        quantity = stay.with_code(*codes).get("valueQuantity")
        if quantity is None:
            return None
        factor = {"wk": 7, "kg": 1000}.get(quantity["code"])
        return text(quantity["value"] if factor is None else round(quantity["value"] * factor))

    return read


def concept_value_of(code: str) -> Read:
    def read(stay: Stay) -> Cell:
        concept = stay.with_code(code).get("valueCodeableConcept")
        return None if concept is None else code_of(concept)

    return read


def answer_of(code: str) -> Read:
    """1 for yes, 0 for no."""
    return lambda stay: YES_OR_NO.get(concept_value_of(code)(stay) or "")


def stage_of(*codes: str) -> Read:
    def read(stay: Stay) -> Cell:
        condition = stay.with_code(*codes)
        return code_of(condition["stage"][0]["summary"]) if condition else None

    return read


def found(code: str) -> Read:
    return lambda stay: {"confirmed": "1", "refuted": "0"}[code_of(stay.with_code(code)["verificationStatus"])]


def identifier(patient: Json, system: str) -> Cell:
    values = [each.get("value") for each in patient.get("identifier", []) if each["system"].startswith(system)]
    return values[0] if values else None


def number_status(stay: Stay) -> Cell:
    numbers = [each for each in stay.baby["identifier"] if each["system"] == NHS]
    return code_of(numbers[0]["extension"][0]["valueCodeableConcept"]) if numbers else None


def ethnic(patient: Json) -> Cell:
    return code_of(patient["extension"][0]["valueCodeableConcept"]) if "extension" in patient else None


def cell(name: str) -> Read:
    return lambda row: row[name] or None


def read_badger_seconds(row: dict[str, str]) -> Cell:
    minutes, seconds = row["CordClampingTimeMinute"], row["CordClampingTimeSecond"]
    return text(int(minutes) * 60 + int(seconds)) if minutes else None


def read_badger_days(row: dict[str, str]) -> Cell:
    return str(int(row["GestationWeeks"]) * 7 + int(row["GestationDays"]))


def read_steroids(row: dict[str, str]) -> Cell:
    return {("0", ""): "none", ("1", "0"): "partial", ("1", "1"): "full"}.get(
        (row["SteroidsAntenatalGiven"], row["SteroidsAntenatalCourses"])
    )


def read_destination(stay: Stay) -> Cell:
    destination = stay.encounter["hospitalization"].get("dischargeDisposition")
    return None if destination is None else code_of(destination)


# Column of the world -> how to read it in a bundle, how in a row of BadgerNet.
EPISODE_COLUMNS: dict[str, tuple[Read, Read]] = {
    "provider": (lambda stay: str(stay.encounter["serviceProvider"]["identifier"]["value"]), cell("ProviderNHSCode")),
    "unit": (lambda stay: str(stay.encounter["location"][0]["location"]["identifier"]["value"]), cell("UnitCode")),
    "inborn": (
        lambda stay: {"born": "1", "hosp-trans": "0"}[code_of(stay.encounter["hospitalization"]["admitSource"])],
        cell("Inborn"),
    ),
    "recorded_gestation_days": (quantity_of("11884-4"), read_badger_days),
    "recorded_birth_weight_g": (quantity_of("364589006"), cell("Birthweight")),
    "admit_datetime": (lambda stay: text(stay.encounter["period"]["start"]), cell("AdmitTime")),
    "discharge_datetime": (lambda stay: text(stay.encounter["period"].get("end")), cell("DischTime")),
    "discharge_destination": (read_destination, cell("DischargeDestination")),
    "admission_reason": (lambda stay: code_of(stay.encounter["reasonCode"][0]), cell("AdmitPrincipalReason")),
    "temp_admission_c": (quantity_of("8310-5"), cell("AdmitTemperature")),
    "temp_taken_datetime": (value_of("8310-5", element="effectiveDateTime"), cell("AdmitTempTime")),
    "cord_ph": (quantity_of("28646-8"), cell("CordArterialpH")),
    "cord_clamp_seconds": (quantity_of("cord-clamping-time"), read_badger_seconds),
    "hie_grade": (stage_of("P91.6"), cell("HIEGrade")),
    "therapeutic_hypothermia": (
        lambda stay: {"completed": "1", "not-done": "0"}[stay.cooling["status"]],
        cell("CooledTreatment"),
    ),
    "ivh_grade": (stage_of("P52.0", "P52.1", "P52.2", "P52.3"), cell("IVHGrade")),
    "cystic_pvl": (found("P91.2"), cell("CysticPVL")),
    "nec": (stage_of("P77"), cell("NECDiagnosis")),
    "bpd": (stage_of("P27.1"), cell("BPD")),
    "late_onset_bsi": (found("P36.9"), cell("LateOnsetBSI")),
    "seizures": (found("91175000"), cell("Convulsions")),
    "stroke": (found("P91.0"), cell("Stroke")),
    "intracranial_haemorrhage": (found("P52.9"), cell("IntracranialHaemorrhage")),
    "cns_infection": (found("neonatal-central-nervous-system-infection"), cell("CNSInfection")),
    "kernicterus": (found("P57.9"), cell("Kernicterus")),
    "own_mothers_milk_at_discharge": (
        answer_of("own-mothers-milk-at-discharge"),
        cell("DischargeMilk"),
    ),
}
PEOPLE_COLUMNS: dict[str, tuple[Read, Read]] = {
    "babies.nhs_number": (lambda stay: identifier(stay.baby, NHS), cell("NationalIDBaby")),
    "babies.nhs_number_status": (number_status, cell("NationalIDBabyStatus")),
    "mothers.nhs_number": (lambda stay: identifier(stay.mother, NHS), cell("NationalIDMother")),
}
BIRTH_COLUMNS: dict[str, tuple[Read, Read]] = {
    "babies.birth_datetime": (
        lambda stay: text(stay.baby["_birthDate"]["extension"][0]["valueDateTime"]),
        cell("BirthTimeBaby"),
    ),
    "babies.death_datetime": (lambda stay: text(stay.baby.get("deceasedDateTime")), cell("DateTimeOfDeath")),
    "babies.sex": (
        lambda stay: {"male": "1", "female": "2"}[stay.baby["gender"]],
        lambda row: {"M": "1", "F": "2"}[row["Sex"]],
    ),
    "babies.birth_order": (lambda stay: text(stay.baby.get("multipleBirthInteger", 1)), cell("BirthOrder")),
    "babies.apgar_5": (value_of("9274-2", element="valueInteger"), cell("Apgar5")),
    "babies.ethnic_category": (lambda stay: ethnic(stay.baby), cell("EthnicityBaby")),
    "mothers.birth_date": (lambda stay: str(stay.mother["birthDate"]), cell("BirthDateMother")),
    "mothers.recorded_ethnic_category": (lambda stay: ethnic(stay.mother), cell("EthnicityMother")),
    "newborns.apgar_1": (value_of("9272-6", element="valueInteger"), cell("Apgar1")),
    "newborns.head_circumference_cm": (quantity_of("169876006"), cell("BirthHeadCircumference")),
    "newborns.feeding_at_discharge": (concept_value_of("feeding-at-discharge"), cell("DischargeFeeding")),
    "deliveries.babies": (value_of("73773-4", element="valueInteger"), cell("FetusNumber")),
    "labours.onset_method": (concept_value_of("labour-onset-method"), cell("LabourOnset")),
    "labours.steroids": (concept_value_of("antenatal-steroids"), read_steroids),
    "labours.steroid_last_dose_datetime": (
        value_of("antenatal-steroids-last-dose", element="valueDateTime"),
        cell("SteroidsAntenatalLastDoseTime"),
    ),
    "labours.magnesium_24h": (
        answer_of("magnesium-sulphate-24h-before-birth"),
        cell("MagnesiumSulphate"),
    ),
}


def stay_of(record: NeonatalRecord, stamp: str = "00000000") -> Stay:
    return Stay(orjson.loads(render_neonatal_bundle(stamp, record)))


def badger_of(*records: NeonatalRecord) -> dict[str, list[dict[str, str]]]:
    lines = {table: [csv_line(columns)] for table, columns in TABLES.items()}
    for record in records:
        for table, cells in rows_of(record):
            lines[table].append(csv_line(cells))
    files = {table: io.StringIO(b"".join(written).decode(), newline="") for table, written in lines.items()}
    return {table: list(csv.DictReader(file, strict=True)) for table, file in files.items()}


def cells_of(world: World, name: str) -> list[Cell]:
    """A column of the world for each stay, as text."""
    table, _, column = name.rpartition(".")
    episodes = world.care.neonatal_episodes
    babies = world.babies[episodes["baby"]]
    tables = {
        "": episodes,
        "babies": babies,
        "mothers": world.mothers[babies["mother"]],
        "deliveries": world.deliveries[babies["delivery"]],
        "labours": world.care.labours[babies["delivery"]],
        "newborns": world.care.newborns[episodes["baby"]],
    }
    return plain_cells(tables[table][column])


def plain_cells(column: np.ndarray[Any, Any]) -> list[Cell]:
    if column.dtype.kind == "M":
        return [None if value == "NaT" else text(value) for value in np.datetime_as_string(column).tolist()]
    if column.dtype == "f4":
        return [None if np.isnan(value) else text(float(str(value))) for value in column]
    return [None if value == -1 else text(value) for value in column.tolist()]


def day_of_bundle(day: Json) -> tuple[Cell, ...]:
    """Date, level, support and own mother's milk."""
    components = {code_of(each["code"]): each for each in day["component"]}
    support = components["respiratory-support"]["valueCodeableConcept"]
    milk = YES_OR_NO[code_of(components["own-mothers-milk"]["valueCodeableConcept"])]
    return day["effectiveDateTime"], code_of(day["valueCodeableConcept"]), code_of(support), milk


def day_of_row(row: dict[str, str]) -> tuple[Cell, ...]:
    return row["CareDate"], row["bapm2011"], row["RespiratorySupport"], row["EnteralOwnMothersMilk"]


def days_of(world: World) -> list[list[tuple[Cell, ...]]]:
    """The days of each stay of the world, in order of date."""
    days = world.care.neonatal_days
    told: list[list[tuple[Cell, ...]]] = [[] for _ in world.care.neonatal_episodes]
    columns = [plain_cells(days[name]) for name in ("care_date", "care_level", "resp_support", "own_mothers_milk")]
    for episode, *cells in zip(days["episode"].tolist(), *columns, strict=True):
        told[episode].append(tuple(cells))
    return told
