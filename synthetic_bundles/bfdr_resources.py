"""People and places of a US certificate: the child, its parents, their encounters and where it was born."""

from __future__ import annotations

from synthetic_bundles import bfdr_codes as codes
from synthetic_bundles.bfdr_document import BIRTH, CHILD, FATHER, MATERNITY, MOTHER, PLACE, Document
from synthetic_bundles.fhir_codes import (
    BIRTH_TIME_EXTENSION,
    INPATIENT,
    ODS_ORGANISATION_SYSTEM,
    ODS_SITE_SYSTEM,
    Resource,
)
from synthetic_bundles.fhir_values import concept_of
from synthetic_bundles.identifiers import HOSPITAL_NUMBER_SYSTEM, baby_hospital_number, mother_hospital_number
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord


def add_people(document: Document, birth: BirthRecord, baby: BabyRecord) -> None:
    """Write the child or fetus, the mother, and the father where he is known."""
    _add_child(document, birth, baby)
    _add_mother(document, birth)
    father = birth.antenatal.father
    if father is not None:
        content: Resource = {
            "meta": codes.FATHER_META,
            "patient": document.reference(CHILD),
            "relationship": codes.NATURAL_FATHER,
        }
        document.add(FATHER, "RelatedPerson", content | _known("birthDate", father.birth_date))


def add_encounters(document: Document, birth: BirthRecord, baby: BabyRecord, newborn: NewbornRecord) -> None:
    """Write the stay of the mother, that of a child born alive, and the place of birth."""
    place = _place_of(document, baby)
    mother: Resource = {
        "meta": codes.MATERNITY_META,
        "extension": codes.ROLE_MOTHER,
        "subject": document.reference(MOTHER),
        **_period(birth.delivery.admission_datetime, birth.labour.mother_discharge_datetime),
    }
    document.add(MATERNITY, "Encounter", _stay(birth) | mother | place)
    if document.certificate is codes.LIVE_BIRTH:
        child: Resource = {
            "meta": codes.BIRTH_META,
            "extension": codes.ROLE_CHILD,
            "subject": document.reference(CHILD),
            **_period(baby.birth_datetime, newborn.discharge_datetime),
            "partOf": document.reference(MATERNITY),
        }
        document.add(BIRTH, "Encounter", _stay(birth) | child | place)
    _add_place(document, birth)


def encounter_of(document: Document) -> Resource:
    """The encounter of the whole document: of a child its birth, of a fetus the stay of the mother."""
    if document.certificate is codes.FETAL_DEATH:
        return document.reference(MATERNITY)
    maternity = {"url": codes.MATERNITY_ENCOUNTER_EXTENSION, "valueReference": document.reference(MATERNITY)}
    return {"extension": [maternity], **document.reference(BIRTH)}


def _add_child(document: Document, birth: BirthRecord, baby: BabyRecord) -> None:
    number = baby_hospital_number(birth.trust, birth.row, baby.birth_order)
    patient: Resource = {
        "meta": document.certificate.child_meta,
        **_sex(document, baby.sex),
        "identifier": [_medical_record(birth.trust, number)],
        **_known("name", _official_name(birth.mother.family_name, None)),
        **_born(baby.birth_datetime),
        **_plurality(birth.delivery.babies, baby.birth_order),
    }
    if document.certificate is codes.FETAL_DEATH:
        patient |= {"deceasedBoolean": True, "_deceasedBoolean": codes.FETAL_DEATH_MARK}
    else:
        patient |= _known("deceasedDateTime", baby.death_datetime)
    document.add(CHILD, "Patient", patient)


def _add_mother(document: Document, birth: BirthRecord) -> None:
    mother = birth.mother
    home = None if mother.postcode is None else [{"use": "home", "postalCode": mother.postcode}]
    patient: Resource = {
        "meta": codes.MOTHER_META,
        "identifier": [_medical_record(birth.trust, mother_hospital_number(birth.trust, birth.row))],
        **_known("name", _official_name(mother.family_name, mother.given_name)),
        **_known("birthDate", mother.birth_date),
        **_known("deceasedDateTime", birth.antenatal.history.mother_death_datetime),
        **_known("address", home),
    }
    document.add(MOTHER, "Patient", patient)


def _add_place(document: Document, birth: BirthRecord) -> None:
    place: Resource = {
        "meta": codes.PLACE_META,
        **_known("identifier", _identifiers(ODS_SITE_SYSTEM, birth.delivery.site)),
        "type": codes.PLACE_OF_BIRTH,
    }
    document.add(PLACE, "Location", place)


def _stay(birth: BirthRecord) -> Resource:
    provider = {"identifier": {"system": ODS_ORGANISATION_SYSTEM, "value": birth.delivery.provider}}
    return {"status": "finished", "class": INPATIENT, "serviceProvider": provider}


def _place_of(document: Document, baby: BabyRecord) -> Resource:
    place: Resource = {"location": document.reference(PLACE)}
    if baby.place_of_birth is not None:
        place["physicalType"] = concept_of(baby.place_of_birth, codes.PLACES)
    return {"location": [place]}


def _sex(document: Document, sex: str | None) -> Resource:
    """The two samples write it differently, each in its own way."""
    if sex is None:
        return {}
    if document.certificate is codes.FETAL_DEATH:
        value: Resource = {"valueCode": codes.SEX_CODES.get(sex, sex)}
    else:
        value = {"valueCodeableConcept": concept_of(sex, codes.SEXES)}
    return {"extension": [{"url": codes.BIRTH_SEX_EXTENSION, **value}]}


def _born(moment: str | None) -> Resource:
    """moment: a date-time, or a date that no time is known of."""
    if moment is None:
        return {}
    time = {"_birthDate": {"extension": [{"url": BIRTH_TIME_EXTENSION, "valueDateTime": moment}]}}
    return {"birthDate": moment[:10], **(time if len(moment) > len("YYYY-MM-DD") else {})}


def _plurality(babies: int, birth_order: int) -> Resource:
    if babies == 1:
        return {"multipleBirthBoolean": False}
    total = {"url": codes.BIRTH_TOTAL_EXTENSION, "valuePositiveInt": babies}
    return {**_known("multipleBirthInteger", birth_order), "_multipleBirthInteger": {"extension": [total]}}


def _official_name(family: str | None, given: str | None) -> list[Resource] | None:
    name = _known("family", family) | _known("given", None if given is None else [given])
    return [{"use": "official", **name}] if name else None


def _medical_record(trust: str, number: str) -> Resource:
    return {"type": codes.MEDICAL_RECORD_NUMBER, "system": HOSPITAL_NUMBER_SYSTEM + trust, "value": number}


def _identifiers(system: str, value: str | None) -> list[Resource] | None:
    return None if value is None else [{"system": system, "value": value}]


def _period(start: str | None, end: str | None) -> Resource:
    period = _known("start", start) | _known("end", end)
    return {"period": period} if period else {}


def _known(name: str, value: object | None) -> Resource:
    """The element, or nothing where it is absent."""
    return {} if value is None else {name: value}
