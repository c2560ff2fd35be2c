"""Resources of a baby: itself, who its mother is, and what was found at birth."""

from __future__ import annotations

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import Resource, local_concept
from synthetic_bundles.fhir_values import answered, coded, measured, whole
from synthetic_bundles.identifiers import HOSPITAL_NUMBER_SYSTEM, baby_hospital_number
from synthetic_bundles.maternal_resources import ethnic_extension, nhs_identifiers, person_name
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.resource_numbers import FIRST_OF_BIRTH, FIRST_OF_NEWBORN, MOTHER_OF_BABY, baby_number
from synthetic_bundles.vocabulary import LIVE

WEEKS_AND_KILOGRAMS_TRUST = "RSB"  # its system writes weeks and kilograms; the other's writes days and grams


def add_baby_resources(entries: Entries, birth: BirthRecord, position: int) -> None:
    """Write one baby of the birth, who its mother is, and its facts at birth. position: from 1 on."""
    baby, newborn, trust = birth.babies[position - 1], birth.newborns[position - 1], birth.delivery.provider
    own = baby_number(position)
    subject, at = entries.reference(own), baby.birth_datetime
    entries.add(own, "Patient", _patient(birth, position))
    entries.add(own + MOTHER_OF_BABY, "RelatedPerson", {"patient": subject, "relationship": codes.MOTHER_OF})
    entries.add_observations(own + FIRST_OF_BIRTH, _birth_facts(trust, baby), subject, at)
    entries.add_observations(own + FIRST_OF_NEWBORN, _newborn_facts(baby, newborn), subject, at)


def _patient(birth: BirthRecord, position: int) -> Resource:
    """position: numbers the baby, because two may claim to be the first."""
    baby, trust = birth.babies[position - 1], birth.delivery.provider
    hospital_number = baby_hospital_number(trust, birth.row, position)
    return {
        "extension": _extensions(baby.ethnic_category, baby.sex) or None,
        "identifier": [
            *nhs_identifiers(baby.nhs_number, baby.nhs_number_status),
            {"system": HOSPITAL_NUMBER_SYSTEM + trust, "value": hospital_number},
        ],
        "name": [person_name(birth.mother.family_name)],
        "gender": codes.GENDERS.get(baby.sex, "unknown"),
        **_born(baby.birth_datetime),
        **_multiple(birth.delivery.babies, baby.birth_order),
        **_deceased(baby, birth.newborns[position - 1]),
    }


def _extensions(ethnic_category: str | None, sex: str | None) -> list[Resource]:
    """The ethnic category, and a sex that FHIR has no word for."""
    extensions: list[Resource] = []
    if ethnic_category is not None:
        extensions.append(ethnic_extension(ethnic_category))
    if sex is not None and sex not in codes.GENDERS:
        extensions.append({"url": codes.BIRTH_SEX_EXTENSION, "valueCodeableConcept": local_concept(sex)})
    return extensions


def _born(moment: str | None) -> Resource:
    if moment is None:
        return {}
    time = {"url": codes.BIRTH_TIME_EXTENSION, "valueDateTime": moment}
    return {"birthDate": moment[:10], "_birthDate": {"extension": [time]}}


def _multiple(babies: int, birth_order: int | str | None) -> Resource:
    """An order that is no number is not known."""
    if babies > 1 and isinstance(birth_order, int):
        return {"multipleBirthInteger": birth_order}
    return {"multipleBirthBoolean": babies > 1}


def _deceased(baby: BabyRecord, newborn: NewbornRecord) -> Resource:
    """When it died, or that it was not born alive."""
    died = baby.death_datetime or newborn.late_death_datetime
    if died is not None:
        return {"deceasedDateTime": died}
    return {} if baby.outcome == LIVE else {"deceasedBoolean": True}


def _birth_facts(trust: str, baby: BabyRecord) -> list[Fact]:
    return [
        (codes.BIRTH_OUTCOME, coded(baby.outcome, codes.OUTCOME_CODES)),
        (codes.GESTATION_AT_BIRTH, _gestation(trust, baby.gestation_days)),
        (codes.BIRTH_WEIGHT, _weight(trust, baby.birth_weight_g)),
        (codes.APGAR_AT_5_MINUTES, whole(baby.apgar_5)),
        (codes.FIRST_FEED, coded(baby.first_feed, codes.FIRST_FEED_CODES)),
    ]


def _newborn_facts(baby: BabyRecord, newborn: NewbornRecord) -> list[Fact]:
    return [
        (care_codes.APGAR_AT_1_MINUTE, whole(newborn.apgar_1)),
        (care_codes.HEAD_CIRCUMFERENCE, measured(newborn.head_circumference_cm, "cm", "cm")),
        (care_codes.PRESENTATION, coded(baby.presentation, care_codes.PRESENTATIONS)),
        (care_codes.SKIN_TO_SKIN, answered(baby.skin_to_skin)),
        (care_codes.DEATH_CONFIRMED_GESTATION, measured(newborn.death_confirmed_gestation_days, "d", "d")),
    ]


def _gestation(trust: str, days: float | str | None) -> Resource | None:
    if trust == WEEKS_AND_KILOGRAMS_TRUST and isinstance(days, int | float):
        return measured(round(days / 7, 2), "wk", "wk")
    return measured(days, "d", "d")


def _weight(trust: str, grams: float | str | None) -> Resource | None:
    if trust == WEEKS_AND_KILOGRAMS_TRUST and isinstance(grams, int | float):
        return measured(grams / 1000, "kg", "kg")
    return measured(grams, "g", "g")
