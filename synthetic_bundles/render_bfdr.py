"""US birth certificates and fetal death reports (BFDR, FHIR R4 4.0.1): one document a baby."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from synthetic_bundles import bfdr_codes as codes
from synthetic_bundles.bfdr_document import BUNDLE, CHILD, COMPOSITION, FATHER, MOTHER, Document
from synthetic_bundles.bfdr_facts import add_labour_facts, add_newborn_facts, add_pregnancy_facts
from synthetic_bundles.bfdr_resources import add_encounters, add_people, encounter_of
from synthetic_bundles.fhir_codes import Resource, loinc
from synthetic_bundles.identifiers import BUNDLE_SYSTEM, Kind, baby_hospital_number, bundle_identifier, uuid_prefix
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.vocabulary import STILLBORN, TERMINATED

FOCUS = {"57073-9": MOTHER, "55752-0": MOTHER, "57075-4": CHILD, "76400-1": CHILD, "11884-4": CHILD, "92013-2": FATHER}


def render_bfdr_bundles(stamp: str, record: BirthRecord) -> Iterator[bytes]:
    """One certificate a baby, in their order. stamp: of the world.

    Outcomes 02-04 give a fetal death report and a termination gives nothing; any other outcome gives a birth
    certificate, for the format has no element that could hold it.
    """
    for position, (baby, newborn) in enumerate(zip(record.babies, record.newborns, strict=True), start=1):
        if baby.outcome != TERMINATED:
            yield _render(stamp, record, position, baby, newborn)


def _render(stamp: str, record: BirthRecord, position: int, baby: BabyRecord, newborn: NewbornRecord) -> bytes:
    certificate = codes.FETAL_DEATH if baby.outcome in STILLBORN else codes.LIVE_BIRTH
    document = Document(certificate, uuid_prefix(stamp, record.row, Kind.CERTIFICATE), position)
    add_people(document, record, baby)
    add_encounters(document, record, baby, newborn)
    add_newborn_facts(document, record, baby, newborn)
    add_pregnancy_facts(document, record)
    add_labour_facts(document, record, baby)
    number = baby_hospital_number(record.trust, record.row, baby.birth_order)
    bundle = {
        "resourceType": "Bundle",
        "id": document.resource_id(BUNDLE),
        "meta": certificate.bundle_meta,
        "identifier": {
            "extension": [{"url": codes.CERTIFICATE_NUMBER_EXTENSION, "valueString": number}],
            "system": BUNDLE_SYSTEM,
            "value": f"{bundle_identifier(stamp, record.row, Kind.CERTIFICATE)}-{position}",
        },
        "type": "document",
        "timestamp": record.recorded_datetime,
        "entry": [_composition(document, record.recorded_datetime), *document.entries],
    }
    return orjson.dumps(bundle)


def _composition(document: Document, date: str) -> Resource:
    """The first entry: what the document is, and its facts by section. date: when it was recorded."""
    resource_id = document.resource_id(COMPOSITION)
    resource = {
        "resourceType": "Composition",
        "id": resource_id,
        **document.certificate.composition,
        "subject": document.reference(CHILD),
        "encounter": encounter_of(document),
        "date": date,
        "section": [
            {"code": loinc(code), "focus": document.reference(FOCUS[code]), "entry": references}
            for code, references in document.sections.items()
        ],
    }
    return {"fullUrl": f"urn:uuid:{resource_id}", "resource": resource}
