"""What happened to the mother in labour and at the birth."""

from __future__ import annotations

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.antenatal_resources import smoking_value
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import Resource
from synthetic_bundles.fhir_values import clinical, coded, dated, measured, one_of, said, whole
from synthetic_bundles.plain_records import LabourRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.resource_numbers import DELIVERY, FIRST_OF_DELIVERY, FIRST_OF_LABOUR, MOTHER
from synthetic_bundles.vocabulary import CAESAREAN

FIRST_PROCEDURE, FIRST_CONDITION = 8, 16  # after the observations of labour


def add_labour_resources(entries: Entries, birth: BirthRecord) -> None:
    """Write the way of birth, what was done and found, all of the delivery's encounter."""
    about: Resource = {"subject": entries.reference(MOTHER), "encounter": entries.reference(DELIVERY)}
    _add_method(entries, birth, about)
    _add_observations(entries, birth, about)
    _add_procedures(entries, birth.labour, about)
    _add_conditions(entries, birth, about)


def _add_method(entries: Entries, birth: BirthRecord, about: Resource) -> None:
    """A caesarean has the time that was noted for it, any other birth the time of the birth."""
    delivery = birth.delivery
    code = one_of(delivery.method, codes.METHOD_CODES, birth.row)
    if code is not None:
        at = birth.labour.caesarean_datetime if delivery.method in CAESAREAN else delivery.birth_datetime
        procedure = {"status": "completed", "code": code, **about, "performedDateTime": at}
        entries.add(FIRST_OF_DELIVERY, "Procedure", procedure)


def _add_observations(entries: Entries, birth: BirthRecord, about: Resource) -> None:
    delivery = birth.delivery
    mother, visit, at = entries.reference(MOTHER), {"encounter": about["encounter"]}, delivery.birth_datetime
    at_birth: list[Fact] = [
        (codes.NUMBER_OF_FETUSES, whole(birth.pregnancy.number_of_fetuses)),
        (codes.SMOKING_STATUS, smoking_value(delivery.smoking_status, birth.row)),
    ]
    entries.add_observations(FIRST_OF_DELIVERY + 1, at_birth, mother, at, visit)
    facts = _labour_facts(birth.labour, is_caesarean=delivery.method in CAESAREAN)
    entries.add_observations(FIRST_OF_LABOUR, facts, mother, at, visit)


def _labour_facts(labour: LabourRecord, *, is_caesarean: bool) -> list[Fact]:
    """A time of caesarean that no caesarean goes with stands by itself."""
    return [
        (care_codes.LABOUR_ONSET_METHOD, coded(labour.onset_method, care_codes.LABOUR_ONSET_METHODS)),
        (care_codes.LABOUR_ONSET, dated(labour.onset_datetime)),
        (care_codes.BLOOD_LOSS, measured(labour.blood_loss_ml, "mL", "mL")),
        (care_codes.STEROIDS, coded(labour.steroids, care_codes.STEROID_COURSES)),
        (care_codes.STEROID_LAST_DOSE, dated(labour.steroid_last_dose_datetime)),
        (care_codes.MAGNESIUM, said(labour.magnesium_24h)),
        (care_codes.CAESAREAN_TIME, None if is_caesarean else dated(labour.caesarean_datetime)),
    ]


def _add_procedures(entries: Entries, labour: LabourRecord, about: Resource) -> None:
    """Induction, analgesia, episiotomy, and augmentation, which is also told when it was not done."""
    number = FIRST_OF_LABOUR + FIRST_PROCEDURE
    done = (labour.induction_code, labour.analgesia_code, labour.episiotomy_code)
    for place, code in enumerate(done, start=number + 1):
        if code is not None:
            entries.add(place, "Procedure", {"status": "completed", "code": clinical(code), **about})
    if labour.augmentation is not None:
        status = "completed" if labour.augmentation else "not-done"
        entries.add(number, "Procedure", {"status": status, "code": care_codes.AUGMENTATION, **about})


def _add_conditions(entries: Entries, birth: BirthRecord, about: Resource) -> None:
    delivery, labour = birth.delivery, birth.labour
    number = FIRST_OF_LABOUR + FIRST_CONDITION
    found = (
        (FIRST_OF_DELIVERY + 3, delivery.perineal_trauma),
        (FIRST_OF_DELIVERY + 4, delivery.second_trauma),
        (number, labour.haemorrhage_code),
        (number + 1, labour.critical_incident),
    )
    for place, code in found:
        if code is not None:
            condition = {
                "clinicalStatus": codes.ACTIVE,
                "code": clinical(code),
                **about,
                "onsetDateTime": delivery.birth_datetime,
            }
            entries.add(place, "Condition", condition)
