"""Resources of the mother: herself, her pregnancy, her booking visit and her stay for the delivery."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import Resource, coding, concept
from synthetic_bundles.fhir_values import concept_of
from synthetic_bundles.homes import HomeRecord
from synthetic_bundles.identifiers import HOSPITAL_NUMBER_SYSTEM, mother_hospital_number
from synthetic_bundles.plain_records import MotherRecord
from synthetic_bundles.records import BirthRecord, BundleRecord, ExpectantRecord
from synthetic_bundles.resource_numbers import (
    BOOKING,
    DELIVERY,
    MOTHER,
    MOTHER_OF_BABY,
    PREGNANCY,
    baby_number,
)

NUMBER_VERIFIED = "01"


def add_maternal_resources(entries: Entries, record: BundleRecord) -> None:
    """Write the mother, her pregnancy and its booking, and the delivery of one that ended in birth."""
    _add_mother(entries, record)
    _add_pregnancy(entries, record)
    _add_booking(entries, record)
    if isinstance(record, BirthRecord):
        _add_delivery(entries, record)


def nhs_identifiers(number: str | None, status: str | None) -> list[Resource]:
    """The NHS number with its status where one is known, or nothing for who has none."""
    if number is None:
        return []
    identifier: Resource = {"system": codes.NHS_NUMBER_SYSTEM, "value": number}
    if status is None:
        return [identifier]
    return [{"extension": codes.NUMBER_STATUSES.get(status) or codes.number_status(status), **identifier}]


def ethnic_extension(category: str) -> Resource:
    return {
        "url": codes.ETHNIC_EXTENSION,
        "valueCodeableConcept": {"coding": [{"system": codes.ETHNIC_SYSTEM, "code": category}]},
    }


def organisation(code: str) -> Resource:
    """A reference to an organisation by its ODS code."""
    return {"identifier": {"system": codes.ODS_ORGANISATION_SYSTEM, "value": code}}


def place(provider: str | None, site: str | None, physical_type: Resource | None = None) -> Resource:
    """The provider and the site of an encounter, by their ODS codes. physical_type: what kind of place it was."""
    where: Resource = {}
    if provider is not None:
        where["serviceProvider"] = organisation(provider)
    if site is not None:
        location: Resource = {"location": {"identifier": {"system": codes.ODS_SITE_SYSTEM, "value": site}}}
        if physical_type is not None:
            location["physicalType"] = physical_type
        where["location"] = [location]
    return where


def period(start: str | None, end: str | None = None) -> Resource | None:
    """From `start` to `end`, dates or date-times, as far as they are known."""
    known = {name: moment for name, moment in (("start", start), ("end", end)) if moment is not None}
    return {**known} or None


def _add_mother(entries: Entries, record: BundleRecord) -> None:
    mother, history, trust = record.mother, record.antenatal.history, record.trust
    patient: Resource = {
        "extension": _mother_extensions(mother) or None,
        "identifier": [
            *nhs_identifiers(mother.nhs_number, NUMBER_VERIFIED),
            {"system": HOSPITAL_NUMBER_SYSTEM + trust, "value": mother_hospital_number(trust, record.row)},
        ],
        "name": [person_name(mother.family_name, mother.given_name)],
        "gender": "female",
        "birthDate": mother.birth_date,
        "deceasedDateTime": history.mother_death_datetime,
        "link": _links(entries, record) or None,
        "address": _addresses(record.mother.postcode, record.booking.booking_date, record.antenatal.homes) or None,
    }
    if history.gp_practice_code is not None:
        patient["generalPractitioner"] = [organisation(history.gp_practice_code)]
    if mother.language is not None:
        language = concept(coding("urn:ietf:bcp:47", mother.language))
        patient["communication"] = [{"language": language, "preferred": True}]
    entries.add(MOTHER, "Patient", patient)


def _links(entries: Entries, record: BundleRecord) -> list[Resource]:
    """A link to the related person of each baby; an ongoing pregnancy has none."""
    if isinstance(record, ExpectantRecord):
        return []
    return [
        {"other": entries.reference(baby_number(position) + MOTHER_OF_BABY), "type": "seealso"}
        for position in range(1, len(record.babies) + 1)
    ]


def _addresses(postcode: str | None, booked: str | None, homes: Sequence[HomeRecord]) -> list[Resource]:
    """The home at booking, then those left by then; moves after the birth are never heard of in maternity systems.

    postcode: of the home at booking. booked: the date. The day on which a home was left is the first in the next.
    """
    addresses: list[Resource] = []
    if postcode is not None:
        addresses.append(_address("home", postcode, period(booked)))
    for home in homes:
        if booked is not None and home.postcode is not None and home.valid_to is not None and home.valid_to <= booked:
            addresses.append(_address("old", home.postcode, period(home.valid_from, home.valid_to)))
    return addresses


def _address(use: str, postcode: str, lived: Resource | None) -> Resource:
    address: Resource = {"use": use, "postalCode": postcode}
    return address if lived is None else {**address, "period": lived}


def person_name(family: str | None, given: str | None = None) -> Resource:
    """The official name, as far as it is known."""
    name: Resource = {"use": "official"}
    if family is not None:
        name["family"] = family
    if given is not None:
        name["given"] = [given]
    return name


def _mother_extensions(mother: MotherRecord) -> list[Resource]:
    extensions: list[Resource] = []
    if mother.interpreter_required is not None:
        extensions.append({"url": codes.INTERPRETER_EXTENSION, "valueBoolean": bool(mother.interpreter_required)})
    if mother.recorded_ethnic_category is not None:
        extensions.append(ethnic_extension(mother.recorded_ethnic_category))
    return extensions


def _add_pregnancy(entries: Entries, record: BundleRecord) -> None:
    condition = {
        "clinicalStatus": codes.RESOLVED if isinstance(record, BirthRecord) else codes.ACTIVE,
        "code": codes.PREGNANT,
        "subject": entries.reference(MOTHER),
        "recordedDate": record.booking.booking_date,
    }
    entries.add(PREGNANCY, "Condition", condition)


def _add_booking(entries: Entries, record: BundleRecord) -> None:
    booking, answers = record.booking, record.antenatal.answers
    encounter: Resource = {
        "status": "finished",
        "class": codes.OUTPATIENT,
        "type": codes.BOOKING_VISIT,
        "subject": entries.reference(MOTHER),
        "period": period(booking.booking_date),
        **place(booking.provider, booking.site),
    }
    if answers.late_booking_reason is not None:
        encounter["reasonCode"] = [concept_of(answers.late_booking_reason, care_codes.LATE_BOOKING_REASONS)]
    if answers.referral_source is not None:
        source = concept_of(answers.referral_source, care_codes.REFERRAL_SOURCES)
        encounter["hospitalization"] = {"admitSource": source}
    entries.add(BOOKING, "Encounter", encounter)


def _add_delivery(entries: Entries, birth: BirthRecord) -> None:
    delivery = birth.delivery
    encounter: Resource = {
        "status": "finished",
        "class": codes.INPATIENT,
        "type": codes.DELIVERY_STAY,
        "subject": entries.reference(MOTHER),
        "period": period(delivery.admission_datetime, birth.labour.mother_discharge_datetime),
        **place(delivery.provider, delivery.site),
    }
    entries.add(DELIVERY, "Encounter", encounter)
