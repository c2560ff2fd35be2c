"""Resources of the mother: herself, her pregnancy, her booking and her delivery."""

from __future__ import annotations

from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import Resource, quantity
from synthetic_bundles.identifiers import HOSPITAL_NUMBER_SYSTEM, mother_hospital_number
from synthetic_bundles.plain_records import MotherRecord
from synthetic_bundles.records import BirthRecord, BundleRecord, ExpectantRecord

MOTHER, PREGNANCY, BOOKING, DELIVERY = 1, 2, 3, 4
FIRST_OF_BOOKING, FIRST_OF_DELIVERY = 16, 32
FIRST_OF_BABIES = 256  # each baby has 256 numbers of its own
NUMBER_VERIFIED = "01"


def add_birth_resources(entries: Entries, birth: BirthRecord) -> None:
    """Write everything whose subject is the mother, of a pregnancy that ended in birth."""
    _add_mother(entries, birth, links=_links(entries, birth))
    _add_pregnancy(entries, birth, codes.RESOLVED)
    _add_booking(entries, birth)
    _add_booking_observations(entries, birth)
    _add_delivery(entries, birth)
    _add_delivery_facts(entries, birth)


def add_expectant_resources(entries: Entries, expectant: ExpectantRecord) -> None:
    """Write what is known of an ongoing pregnancy: the mother, the pregnancy and its booking."""
    _add_mother(entries, expectant, links=[])
    _add_pregnancy(entries, expectant, codes.ACTIVE)
    _add_booking(entries, expectant)
    _add_booking_observations(entries, expectant)


def related_person_number(birth_order: int) -> int:
    return FIRST_OF_BABIES * birth_order + 1


def nhs_identifiers(number: str | None, status: str | None) -> list[Resource]:
    """The NHS number with its status, or nothing for who has none."""
    if number is None or status is None:
        return []
    return [{"extension": codes.NUMBER_STATUSES[status], "system": codes.NHS_NUMBER_SYSTEM, "value": number}]


def ethnic_extension(category: str) -> Resource:
    return {
        "url": codes.ETHNIC_EXTENSION,
        "valueCodeableConcept": {"coding": [{"system": codes.ETHNIC_SYSTEM, "code": category}]},
    }


def _add_mother(entries: Entries, record: BundleRecord, *, links: list[Resource]) -> None:
    mother, trust = record.mother, record.trust
    patient: Resource = {
        "extension": _mother_extensions(mother),
        "identifier": [
            *nhs_identifiers(mother.nhs_number, NUMBER_VERIFIED),
            {"system": HOSPITAL_NUMBER_SYSTEM + trust, "value": mother_hospital_number(trust, record.row)},
        ],
        "name": [{"use": "official", "family": mother.family_name, "given": [mother.given_name]}],
        "gender": "female",
        "birthDate": mother.birth_date,
    }
    if links:
        patient["link"] = links
    if mother.postcode is not None:
        period = {"start": record.booking.booking_date}
        patient["address"] = [{"use": "home", "postalCode": mother.postcode, "period": period}]
    if mother.language is not None:
        language = {"coding": [{"system": "urn:ietf:bcp:47", "code": mother.language}]}
        patient["communication"] = [{"language": language, "preferred": True}]
    entries.add(MOTHER, "Patient", patient)


def _links(entries: Entries, birth: BirthRecord) -> list[Resource]:
    """A link to the related person of each baby; an ongoing pregnancy has none."""
    return [
        {"other": entries.reference(related_person_number(baby.birth_order)), "type": "seealso"}
        for baby in birth.babies
    ]


def _mother_extensions(mother: MotherRecord) -> list[Resource]:
    extensions: list[Resource] = []
    if mother.interpreter_required is not None:
        extensions.append({"url": codes.INTERPRETER_EXTENSION, "valueBoolean": bool(mother.interpreter_required)})
    if mother.recorded_ethnic_category is not None:
        extensions.append(ethnic_extension(mother.recorded_ethnic_category))
    return extensions


def _add_pregnancy(entries: Entries, record: BundleRecord, status: Resource) -> None:
    condition = {
        "clinicalStatus": status,
        "code": codes.PREGNANT,
        "subject": entries.reference(MOTHER),
        "recordedDate": record.booking.booking_date,
    }
    entries.add(PREGNANCY, "Condition", condition)


def _add_booking(entries: Entries, record: BundleRecord) -> None:
    booking = record.booking
    encounter = {
        "status": "finished",
        "class": codes.OUTPATIENT,
        "type": codes.BOOKING_VISIT,
        "subject": entries.reference(MOTHER),
        "period": {"start": booking.booking_date},
        **_place(booking.provider, booking.site),
    }
    entries.add(BOOKING, "Encounter", encounter)


def _add_delivery(entries: Entries, birth: BirthRecord) -> None:
    delivery = birth.delivery
    encounter = {
        "status": "finished",
        "class": codes.INPATIENT,
        "type": codes.DELIVERY_STAY,
        "subject": entries.reference(MOTHER),
        "period": {"start": delivery.admission_datetime},
        **_place(delivery.provider, delivery.site),
    }
    entries.add(DELIVERY, "Encounter", encounter)


def _place(provider: str, site: str) -> Resource:
    return {
        "serviceProvider": {"identifier": {"system": codes.ODS_ORGANISATION_SYSTEM, "value": provider}},
        "location": [{"location": {"identifier": {"system": codes.ODS_SITE_SYSTEM, "value": site}}}],
    }


def _add_booking_observations(entries: Entries, record: BundleRecord) -> None:
    booking, pregnancy = record.booking, record.pregnancy
    values: list[tuple[Resource, Resource]] = [
        (codes.GESTATION_AT_BOOKING, {"valueQuantity": quantity(booking.gestation_days, "d", "d")}),
        (codes.HEIGHT, {"valueQuantity": quantity(booking.height_cm, "cm", "cm")}),
        (codes.WEIGHT, {"valueQuantity": quantity(booking.weight_kg, "kg", "kg")}),
        (codes.BODY_MASS_INDEX, {"valueQuantity": quantity(booking.bmi, "kg/m2", "kg/m2")}),
        (codes.PREVIOUS_LIVE_BIRTHS, {"valueInteger": pregnancy.previous_live_births}),
        (codes.PREVIOUS_CAESAREANS, {"valueInteger": pregnancy.previous_caesareans}),
    ]
    if booking.smoking_status is not None:
        values.append((codes.SMOKING_STATUS, _smoking_value(booking.smoking_status, record.row)))
    if booking.carbon_monoxide_ppm is not None:
        reading = quantity(booking.carbon_monoxide_ppm, "ppm", "[ppm]")
        values.append((codes.CARBON_MONOXIDE, {"valueQuantity": reading}))
    mother, encounter = entries.reference(MOTHER), entries.reference(BOOKING)
    for number, (code, value) in enumerate(values, start=FIRST_OF_BOOKING):
        value["encounter"] = encounter
        entries.add_observation(number, code, mother, booking.booking_date, value)


def _smoking_value(status: str, row: int) -> Resource:
    choices = codes.SMOKING_CODES[status]
    return {"valueCodeableConcept": choices[row % len(choices)]}


def _add_delivery_facts(entries: Entries, birth: BirthRecord) -> None:
    delivery = birth.delivery
    mother, encounter = entries.reference(MOTHER), entries.reference(DELIVERY)
    number = FIRST_OF_DELIVERY
    methods = codes.METHOD_CODES[delivery.method]
    procedure = {
        "status": "completed",
        "code": methods[birth.row % len(methods)],
        "subject": mother,
        "encounter": encounter,
        "performedDateTime": delivery.birth_datetime,
    }
    entries.add(number, "Procedure", procedure)
    fetuses = {"valueInteger": birth.pregnancy.number_of_fetuses, "encounter": encounter}
    entries.add_observation(number + 1, codes.NUMBER_OF_FETUSES, mother, delivery.birth_datetime, fetuses)
    if delivery.smoking_status is not None:
        smoking = {**_smoking_value(delivery.smoking_status, birth.row), "encounter": encounter}
        entries.add_observation(number + 2, codes.SMOKING_STATUS, mother, delivery.birth_datetime, smoking)
    traumata = (delivery.perineal_trauma, delivery.second_trauma)
    for trauma_number, trauma in enumerate(traumata, start=number + 3):
        if trauma is not None:
            _add_trauma(entries, trauma_number, trauma, at=delivery.birth_datetime)


def _add_trauma(entries: Entries, number: int, trauma: str, *, at: str) -> None:
    condition = {
        "clinicalStatus": codes.ACTIVE,
        "code": codes.snomed(trauma),
        "subject": entries.reference(MOTHER),
        "encounter": entries.reference(DELIVERY),
        "onsetDateTime": at,
    }
    entries.add(number, "Condition", condition)
