"""Resources of a neonatal stay beside its people: what was measured, done and found, and the days of care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import SNOMED, Resource, code_list, coding, concept, data_item, loinc
from synthetic_bundles.fhir_values import coded, concept_of, dated, measured, said, whole
from synthetic_bundles.neonatal_records import NeonatalRecord

BABY, RELATED_PERSON, MOTHER, STAY = 1, 2, 3, 4
TEMPERATURE_TAKEN, FIRST_AT_BIRTH, FIRST_AT_DISCHARGE, FIRST_OF_MOTHER, COOLED = 16, 17, 32, 48, 64
FIRST_FINDING, FIRST_DAY = 65, 256
WEEKS_AND_KILOGRAMS_TRUST = "RSB"  # its units write weeks and kilograms; the other's write days and grams
ICD_10 = "http://hl7.org/fhir/sid/icd-10"

Concepts = Mapping[str, Resource]


def _icd(code: str) -> Resource:
    return concept(coding(ICD_10, code))


TEMPERATURE = loinc("8310-5")
CORD_PH = loinc("28646-8")  # of arterial cord blood
CORD_CLAMPING = data_item("cord-clamping-time")
MILK_AT_DISCHARGE = data_item("own-mothers-milk-at-discharge")
COOLING = data_item("therapeutic-hypothermia")
CARE_LEVEL = data_item("neonatal-care-level")
CARE_LEVELS = code_list("neonatal-care-level", ("1", "2", "3", "4", "5"))
RESPIRATORY_SUPPORT = data_item("respiratory-support")
SUPPORT = code_list("respiratory-support", ("none", "oxygen", "high_flow", "cpap", "ventilated"))
OWN_MOTHERS_MILK = data_item("own-mothers-milk")
NOT_KNOWN = concept(coding("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown"))

VERIFICATION_SYSTEM = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CONFIRMED, REFUTED, PROVISIONAL, UNCONFIRMED = (
    concept(coding(VERIFICATION_SYSTEM, code)) for code in ("confirmed", "refuted", "provisional", "unconfirmed")
)
# A grade that is not here is one of the finding itself.
VERIFICATION_OF_GRADES = MappingProxyType(
    {
        **dict.fromkeys(("0", "none"), REFUTED),
        "suspected": PROVISIONAL,
        **dict.fromkeys(("9", "unknown", "died"), UNCONFIRMED),
    }
)


class Graded(NamedTuple):
    """A finding that comes in grades. by_grade: codes of the grades that have one of their own."""

    column: str
    code: Resource
    grades: Concepts
    by_grade: Concepts = MappingProxyType({})


GRADED = (
    Graded("hie_grade", _icd("P91.6"), code_list("hie-grade", ("0", "1", "2", "3", "9"))),
    Graded(
        "ivh_grade",
        _icd("P52.3"),
        code_list("ivh-grade", ("0", "1", "2", "3", "4", "9")),
        {"1": _icd("P52.0"), "2": _icd("P52.1"), "3": _icd("P52.2"), "4": _icd("P52.2")},
    ),
    Graded("nec", _icd("P77"), code_list("nec", ("none", "suspected", "confirmed"))),
    Graded("bpd", _icd("P27.1"), code_list("bpd", ("none", "mild", "significant", "died", "unknown"))),
)
# The ICD-10 codes are general knowledge; none covers every infection of the nervous system, so that code is our own.
FOUND_OR_NOT = MappingProxyType(
    {
        "seizures": concept(coding(SNOMED, "91175000"), coding(ICD_10, "P90")),
        "cystic_pvl": _icd("P91.2"),
        "late_onset_bsi": _icd("P36.9"),
        "stroke": _icd("P91.0"),
        "intracranial_haemorrhage": _icd("P52.9"),
        "cns_infection": data_item("neonatal-central-nervous-system-infection"),
        "kernicterus": _icd("P57.9"),
    }
)
_grades = attrgetter(*(finding.column for finding in GRADED))
_flags = attrgetter(*FOUND_OR_NOT)


def add_measures(entries: Entries, record: NeonatalRecord) -> None:
    """Write what was measured and answered: at birth, on admission, at discharge, and of the mother."""
    stay = {"encounter": entries.reference(STAY)}
    baby, mother, born = entries.reference(BABY), entries.reference(MOTHER), record.birth_datetime
    left = record.episode.discharge_datetime
    entries.add_observations(FIRST_AT_BIRTH, _facts_at_birth(record), baby, born, stay)
    entries.add_observations(FIRST_AT_DISCHARGE, _facts_at_discharge(record), baby, left, stay)
    entries.add_observations(FIRST_OF_MOTHER, _facts_of_mother(record), mother, born, stay)
    _add_temperature(entries, record)


def _facts_at_birth(record: NeonatalRecord) -> list[Fact]:
    episode, newborn = record.episode, record.newborn
    return [
        (codes.GESTATION_AT_BIRTH, _gestation(record.trust, record.gestation_days)),
        (codes.BIRTH_WEIGHT, _weight(record.trust, record.birth_weight_g)),
        (care_codes.APGAR_AT_1_MINUTE, whole(newborn.apgar_1)),
        (codes.APGAR_AT_5_MINUTES, whole(record.apgar_5)),
        (care_codes.HEAD_CIRCUMFERENCE, measured(newborn.head_circumference_cm, "cm", "cm")),
        (CORD_PH, measured(episode.cord_ph, "pH", "[pH]")),
        (CORD_CLAMPING, measured(episode.cord_clamp_seconds, "s", "s")),
    ]


def _facts_at_discharge(record: NeonatalRecord) -> list[Fact]:
    return [
        (MILK_AT_DISCHARGE, said(record.episode.own_mothers_milk_at_discharge)),
        (care_codes.FEEDING_AT_DISCHARGE, coded(record.newborn.feeding_at_discharge, care_codes.FEEDING_STATUSES)),
    ]


def _facts_of_mother(record: NeonatalRecord) -> list[Fact]:
    labour = record.labour
    return [
        (codes.NUMBER_OF_FETUSES, whole(record.births)),
        (care_codes.STEROIDS, coded(labour.steroids, care_codes.STEROID_COURSES)),
        (care_codes.STEROID_LAST_DOSE, dated(labour.steroid_last_dose_datetime)),
        (care_codes.MAGNESIUM, said(labour.magnesium_24h)),
        (care_codes.LABOUR_ONSET_METHOD, coded(labour.onset_method, care_codes.LABOUR_ONSET_METHODS)),
    ]


def _add_temperature(entries: Entries, record: NeonatalRecord) -> None:
    """The temperature on admission. Its effective time is when it was taken, never another in its stead."""
    value, taken = measured(record.episode.temp_admission_c, "Cel", "Cel"), record.episode.temp_taken_datetime
    if value is None and taken is not None:
        value = {"dataAbsentReason": NOT_KNOWN}
    stay = {"encounter": entries.reference(STAY)}
    entries.add_observations(TEMPERATURE_TAKEN, [(TEMPERATURE, value)], entries.reference(BABY), taken, stay)


def add_findings(entries: Entries, record: NeonatalRecord) -> None:
    """Write cooling, then what was found and what was looked for and not found."""
    about: Resource = {"subject": entries.reference(BABY), "encounter": entries.reference(STAY)}
    status = "completed" if record.episode.therapeutic_hypothermia else "not-done"
    entries.add(COOLED, "Procedure", {"status": status, "code": COOLING, **about})
    for number, condition in enumerate(_conditions(record), start=FIRST_FINDING):
        if condition is not None:
            entries.add(number, "Condition", {**condition, **about})


def _conditions(record: NeonatalRecord) -> Iterator[Resource | None]:
    """Status, code and grade of each finding; None for one that has no answer."""
    for finding, grade in zip(GRADED, _grades(record.episode), strict=True):
        yield None if grade is None else _graded(finding, grade)
    for code, is_found in zip(FOUND_OR_NOT.values(), _flags(record.episode), strict=True):
        yield {"verificationStatus": CONFIRMED if is_found else REFUTED, "code": code}


def _graded(finding: Graded, grade: str) -> Resource:
    return {
        "verificationStatus": VERIFICATION_OF_GRADES.get(grade, CONFIRMED),
        "code": finding.by_grade.get(grade, finding.code),
        "stage": [{"summary": concept_of(grade, finding.grades)}],
    }


def add_days(entries: Entries, record: NeonatalRecord) -> None:
    """Write one Observation a day of care."""
    baby, stay = entries.reference(BABY), entries.reference(STAY)
    for number, day in enumerate(record.days, start=FIRST_DAY):
        level: list[Fact] = [(CARE_LEVEL, coded(str(day.care_level), CARE_LEVELS))]
        parts = (
            (RESPIRATORY_SUPPORT, coded(day.resp_support, SUPPORT)),
            (OWN_MOTHERS_MILK, said(day.own_mothers_milk)),
        )
        components = [{"code": code, **value} for code, value in parts if value is not None]
        entries.add_observations(number, level, baby, day.care_date, {"encounter": stay, "component": components})


def _gestation(trust: str, days: int) -> Resource | None:
    if trust == WEEKS_AND_KILOGRAMS_TRUST:
        return measured(round(days / 7, 2), "wk", "wk")
    return measured(days, "d", "d")


def _weight(trust: str, grams: float) -> Resource | None:
    """Grams are written whole where they are; a thousandth of a record's number keeps its digits."""
    if trust == WEEKS_AND_KILOGRAMS_TRUST:
        return measured(round(grams / 1000, 6), "kg", "kg")
    return measured(int(grams) if grams == int(grams) else grams, "g", "g")
