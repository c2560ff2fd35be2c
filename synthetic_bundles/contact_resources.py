"""Resources of one contact with a health visitor: the people, the contact itself and what was found."""

from __future__ import annotations

from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import LOINC, SNOMED, Resource, coding, concept, data_item, local_concept
from synthetic_bundles.fhir_values import coded, measured, said, whole
from synthetic_bundles.maternal_resources import ethnic_extension, nhs_identifiers
from synthetic_bundles.render_csds import ASQ_3_TOOLS, activity_code, asq_3_scores, care_contact_number
from synthetic_bundles.visit_records import ContactRecord

LOCAL_NUMBER_SYSTEM = "https://perinatal-equity.example/synthetic/health-visiting-id"
CARE_CONTACT_SYSTEM = "https://perinatal-equity.example/synthetic/care-contact-id"
ACTIVITY_SYSTEM = codes.CODE_LISTS + "csds-activity-type"
ATTENDANCE_SYSTEM = codes.CODE_LISTS + "csds-attendance"
MECHANISM_SYSTEM = codes.CODE_LISTS + "csds-mechanism"
CHILD, MOTHER, MOTHER_OF_CHILD, CONTACT, FIRST_OF_CHILD, FIRST_OF_MOTHER = 1, 2, 3, 4, 16, 32

SEEN = frozenset(("5", "6"))
REMOTE = frozenset(("02", "04", "05", "09", "10", "11", "12", "13"))  # telephone, video and all that is written
IN_PERSON = codes.OUTPATIENT
VIRTUAL = coding(codes.ENCOUNTER_CLASS_SYSTEM, "VR")
NUMBER_VERIFIED = "01"
BREASTFEEDING_STATUSES = codes.code_list("breastfeeding-status", ("01", "02", "03"))

BREASTFEEDING_STATUS = data_item("breastfeeding-status")
WEIGHT = concept(coding(LOINC, "29463-7"), coding(SNOMED, "27113001"))
LENGTH = concept(coding(LOINC, "8306-3"))
ASQ_3_SCORES = tuple(map(data_item, ASQ_3_TOOLS))
EPDS_SCORE = concept(coding(LOINC, "71354-5"), coding(SNOMED, "450320001"))
WHOOLEY_POSITIVE = data_item("whooley-positive")


def is_about_child(record: ContactRecord) -> bool:
    """Whether a child was seen; an antenatal contact is about the mother alone."""
    return record.visit.baby is not None


def add_people(entries: Entries, record: ContactRecord) -> None:
    """Write the mother, and the child where there is one, with who its mother is."""
    if is_about_child(record):
        entries.add(CHILD, "Patient", _child(record))
        related = {"patient": entries.reference(CHILD), "relationship": codes.MOTHER_OF}
        entries.add(MOTHER_OF_CHILD, "RelatedPerson", related)
    entries.add(MOTHER, "Patient", _mother(entries, record))


def add_contact(entries: Entries, record: ContactRecord) -> None:
    """Write the contact with the codes of CSDS as they were recorded, whatever their status and class say of them."""
    visit = record.visit
    recorded = (
        (ACTIVITY_SYSTEM, activity_code(record.contact_type)),
        (ATTENDANCE_SYSTEM, visit.attendance),
        (MECHANISM_SYSTEM, visit.mechanism),
    )
    encounter = {
        "identifier": [{"system": CARE_CONTACT_SYSTEM, "value": care_contact_number(record.row)}],
        "status": "finished" if visit.attendance in SEEN else "cancelled",
        "class": VIRTUAL if visit.mechanism in REMOTE else IN_PERSON,
        "type": [concept(coding(system, code)) for system, code in recorded if code is not None],
        "subject": _subject(entries, record),
        "period": {"start": visit.contact_date},
        "serviceProvider": {"identifier": {"system": codes.ODS_ORGANISATION_SYSTEM, "value": record.trust}},
    }
    entries.add(CONTACT, "Encounter", encounter)


def add_findings(entries: Entries, record: ContactRecord) -> None:
    """Write what was found of the child, then of the mother; each finding has a number of its own."""
    visit = record.visit
    of_child: list[Fact] = [
        (BREASTFEEDING_STATUS, coded(visit.breastfeeding_status, BREASTFEEDING_STATUSES)),
        (WEIGHT, measured(visit.weight_kg, "kg", "kg")),
        (LENGTH, measured(visit.length_cm, "cm", "cm")),
        *zip(ASQ_3_SCORES, map(whole, asq_3_scores(visit)), strict=True),
    ]
    of_mother: list[Fact] = [
        (EPDS_SCORE, whole(visit.epds_score)),
        (WHOOLEY_POSITIVE, said(visit.whooley_positive)),
    ]
    on, mother, encounter = visit.contact_date, entries.reference(MOTHER), entries.reference(CONTACT)
    entries.add_observations(FIRST_OF_CHILD, of_child, _subject(entries, record), on, {"encounter": encounter})
    about_mother = {"encounter": encounter, "focus": [mother]}
    entries.add_observations(FIRST_OF_MOTHER, of_mother, mother, on, about_mother)


def _subject(entries: Entries, record: ContactRecord) -> Resource:
    return entries.reference(CHILD if is_about_child(record) else MOTHER)


def _child(record: ContactRecord) -> Resource:
    return {
        "extension": _child_extensions(record) or None,
        "identifier": _identifiers(record.nhs_number, record.nhs_number_status, record.child_number),
        "name": [{"use": "official", "family": record.family_name}],
        "gender": None if record.sex is None else codes.GENDERS.get(record.sex, "unknown"),
        "birthDate": record.birth_date,
        "address": _addresses(record),
    }


def _child_extensions(record: ContactRecord) -> list[Resource]:
    """The ethnic category, and a sex that FHIR has no word for."""
    extensions: list[Resource] = []
    if record.ethnic_category is not None:
        extensions.append(ethnic_extension(record.ethnic_category))
    if record.sex is not None and record.sex not in codes.GENDERS:
        extensions.append({"url": codes.BIRTH_SEX_EXTENSION, "valueCodeableConcept": local_concept(record.sex)})
    return extensions


def _mother(entries: Entries, record: ContactRecord) -> Resource:
    related = {"other": entries.reference(MOTHER_OF_CHILD), "type": "seealso"}
    return {
        "extension": _mother_extensions(record) or None,
        "identifier": _identifiers(record.mother_nhs_number, NUMBER_VERIFIED, record.mother_number),
        "name": [{"use": "official", "family": record.family_name}],
        "gender": "female",
        "birthDate": record.mother_birth_date,
        "address": _addresses(record),
        "communication": None if record.language is None else [_preferred(record.language)],
        "link": [related] if is_about_child(record) else None,
    }


def _mother_extensions(record: ContactRecord) -> list[Resource]:
    extensions: list[Resource] = []
    if record.interpreter_required is not None:
        extensions.append({"url": codes.INTERPRETER_EXTENSION, "valueBoolean": bool(record.interpreter_required)})
    if record.mother_ethnic_category is not None:
        extensions.append(ethnic_extension(record.mother_ethnic_category))
    return extensions


def _preferred(language: str) -> Resource:
    return {"language": concept(coding("urn:ietf:bcp:47", language)), "preferred": True}


def _identifiers(number: str | None, status: str | None, local_number: str | None) -> list[Resource] | None:
    identifiers = nhs_identifiers(number, status)
    if local_number is not None:
        identifiers.append({"system": LOCAL_NUMBER_SYSTEM, "value": local_number})
    return identifiers or None


def _addresses(record: ContactRecord) -> list[Resource] | None:
    """The home as it was at the contact."""
    if record.postcode is None:
        return None
    return [{"use": "home", "postalCode": record.postcode, "period": {"start": record.visit.contact_date}}]
