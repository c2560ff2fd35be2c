"""Resources of a baby: itself, who its mother is, and what was found at birth."""

from __future__ import annotations

from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import Resource, quantity
from synthetic_bundles.identifiers import HOSPITAL_NUMBER_SYSTEM, baby_hospital_number
from synthetic_bundles.maternal_resources import (
    FIRST_OF_BABIES,
    ethnic_extension,
    nhs_identifiers,
    related_person_number,
)
from synthetic_bundles.plain_records import BabyRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.vocabulary import LIVE

FIRST_FACT = 2  # after the baby and its related person
WEEKS_AND_KILOGRAMS_TRUST = "RSB"  # its system writes weeks and kilograms; the other's writes days and grams


def add_baby_resources(entries: Entries, birth: BirthRecord) -> None:
    """Write every baby of the birth, with its facts."""
    for baby in birth.babies:
        _add_baby(entries, birth, baby)
        _add_related_person(entries, baby)
        _add_facts(entries, birth, baby)


def _baby_number(baby: BabyRecord) -> int:
    return FIRST_OF_BABIES * baby.birth_order


def _add_baby(entries: Entries, birth: BirthRecord, baby: BabyRecord) -> None:
    trust = birth.delivery.provider
    hospital_number = baby_hospital_number(trust, birth.row, baby.birth_order)
    patient: Resource = {
        "extension": [ethnic_extension(baby.ethnic_category)],
        "identifier": [
            *nhs_identifiers(baby.nhs_number, baby.nhs_number_status),
            {"system": HOSPITAL_NUMBER_SYSTEM + trust, "value": hospital_number},
        ],
        "name": [{"use": "official", "family": birth.mother.family_name}],
        "gender": codes.GENDERS[baby.sex],
        "birthDate": baby.birth_datetime[:10],
        "_birthDate": {"extension": [{"url": codes.BIRTH_TIME_EXTENSION, "valueDateTime": baby.birth_datetime}]},
    }
    if birth.delivery.babies > 1:
        patient["multipleBirthInteger"] = baby.birth_order
    else:
        patient["multipleBirthBoolean"] = False
    if baby.outcome != LIVE:
        patient["deceasedBoolean"] = True
    elif baby.death_datetime is not None:
        patient["deceasedDateTime"] = baby.death_datetime
    entries.add(_baby_number(baby), "Patient", patient)


def _add_related_person(entries: Entries, baby: BabyRecord) -> None:
    content = {"patient": entries.reference(_baby_number(baby)), "relationship": codes.MOTHER_OF}
    entries.add(related_person_number(baby.birth_order), "RelatedPerson", content)


def _add_facts(entries: Entries, birth: BirthRecord, baby: BabyRecord) -> None:
    trust = birth.delivery.provider
    values: list[tuple[Resource, Resource]] = [
        (codes.BIRTH_OUTCOME, {"valueCodeableConcept": codes.OUTCOME_CODES[baby.outcome]}),
        (codes.GESTATION_AT_BIRTH, {"valueQuantity": _gestation(trust, baby.gestation_days)}),
        (codes.BIRTH_WEIGHT, {"valueQuantity": _weight(trust, baby.birth_weight_g)}),
    ]
    if baby.apgar_5 is not None:
        values.append((codes.APGAR_AT_5_MINUTES, {"valueInteger": baby.apgar_5}))
    if baby.first_feed is not None:
        values.append((codes.FIRST_FEED, {"valueCodeableConcept": codes.FIRST_FEED_CODES[baby.first_feed]}))
    subject = entries.reference(_baby_number(baby))
    for number, (code, value) in enumerate(values, start=_baby_number(baby) + FIRST_FACT):
        entries.add_observation(number, code, subject, baby.birth_datetime, value)


def _gestation(trust: str, days: int) -> Resource:
    if trust == WEEKS_AND_KILOGRAMS_TRUST:
        return quantity(round(days / 7, 2), "wk", "wk")
    return quantity(days, "d", "d")


def _weight(trust: str, grams: int) -> Resource:
    if trust == WEEKS_AND_KILOGRAMS_TRUST:
        return quantity(grams / 1000, "kg", "kg")
    return quantity(grams, "g", "g")
