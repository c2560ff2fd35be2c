"""A baby after birth: its stay, how it was fed when it went home, and its father."""

from __future__ import annotations

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import Resource, coding, concept
from synthetic_bundles.fhir_values import coded, concept_of
from synthetic_bundles.maternal_resources import period, place
from synthetic_bundles.plain_records import BabyRecord, DeliveryRecord, FatherRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.resource_numbers import DELIVERY, FATHER, FEEDING, FIRST_OF_FATHER, STAY, baby_number


def add_newborn_resources(entries: Entries, birth: BirthRecord, position: int) -> None:
    """Write the stay of one baby, its feeding at discharge, and its father where he is known. position: from 1 on."""
    own = baby_number(position)
    baby, newborn, subject = birth.babies[position - 1], birth.newborns[position - 1], entries.reference(own)
    stay = {**_stay(birth.delivery, baby, newborn), "subject": subject, "partOf": entries.reference(DELIVERY)}
    entries.add(own + STAY, "Encounter", stay)
    feeding = coded(newborn.feeding_at_discharge, care_codes.FEEDING_STATUSES)
    facts: list[Fact] = [(care_codes.FEEDING_AT_DISCHARGE, feeding)]
    entries.add_observations(own + FEEDING, facts, subject, newborn.discharge_datetime)
    if birth.antenatal.father is not None:
        _add_father(entries, own, baby, birth.antenatal.father)


def _stay(delivery: DeliveryRecord, baby: BabyRecord, newborn: NewbornRecord) -> Resource:
    """Where it ends is not known of a baby that did not go home or is still there."""
    kind = None
    if baby.place_of_birth is not None:
        kind = concept_of(baby.place_of_birth, care_codes.PLACES_OF_BIRTH)
    return {
        "status": "unknown" if newborn.discharge_datetime is None else "finished",
        "class": codes.INPATIENT,
        "type": care_codes.NEWBORN_STAY,
        "period": period(baby.birth_datetime, newborn.discharge_datetime),
        **place(delivery.provider, delivery.site, kind),
    }


def _add_father(entries: Entries, own: int, baby: BabyRecord, father: FatherRecord) -> None:
    """A related person of the baby; what he does and is are facts of the baby that focus on him. own: of the baby."""
    person = {"patient": entries.reference(own), "relationship": codes.FATHER_OF, "birthDate": father.birth_date}
    entries.add(own + FATHER, "RelatedPerson", person)
    facts: list[Fact] = [
        (care_codes.OCCUPATION, _own_code(care_codes.OCCUPATION_SYSTEM, father.occupation)),
        (care_codes.EMPLOYMENT_STATUS, coded(father.employment_status, care_codes.EMPLOYMENT_STATUSES)),
        (care_codes.ETHNIC_CATEGORY, _own_code(codes.ETHNIC_SYSTEM, father.ethnic_category)),
    ]
    about = {"focus": [entries.reference(own + FATHER)]}
    entries.add_observations(own + FIRST_OF_FATHER, facts, entries.reference(own), baby.birth_datetime, about)


def _own_code(system: str, code: str | None) -> Resource | None:
    return None if code is None else {"valueCodeableConcept": concept(coding(system, code))}
