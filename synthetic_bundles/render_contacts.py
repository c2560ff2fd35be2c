"""UK Core bundles (FHIR R4 4.0.1) of the contacts with health visitors: one transaction a contact."""

from __future__ import annotations

import orjson

from synthetic_bundles.contact_resources import add_contact, add_findings, add_people
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import SYNTHETIC_META
from synthetic_bundles.identifiers import BUNDLE_SYSTEM, Kind, bundle_identifier, uuid_prefix
from synthetic_bundles.visit_records import ContactRecord

BUNDLE = 0
LENGTH_OF_DATE = 10
EVENING = "T18:00:00+00:00"  # of the same day in London, in winter and in summer


def render_contact_bundle(stamp: str, record: ContactRecord) -> bytes:
    """The bundle of one contact. stamp: of its world."""
    entries = Entries(uuid_prefix(stamp, record.row, Kind.VISIT))
    add_people(entries, record)
    add_contact(entries, record)
    add_findings(entries, record)
    bundle = {
        "resourceType": "Bundle",
        "id": entries.resource_id(BUNDLE),
        "meta": SYNTHETIC_META,
        "identifier": {"system": BUNDLE_SYSTEM, "value": bundle_identifier(stamp, record.row, Kind.VISIT)},
        "type": "transaction",
        "timestamp": _instant(record.recorded_on),
        "entry": entries.written,
    }
    return orjson.dumps(bundle)


def _instant(recorded: str) -> str:
    """A moment, which R4 wants with its time: the evening of a day of which no time was told."""
    return recorded + EVENING if len(recorded) == LENGTH_OF_DATE else recorded
