"""UK Core maternity bundles (FHIR R4 4.0.1): one transaction a pregnancy, born or ongoing."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from synthetic_bundles.antenatal_resources import add_antenatal_resources
from synthetic_bundles.baby_resources import add_baby_resources
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import SYNTHETIC_META
from synthetic_bundles.identifiers import BUNDLE_SYSTEM, bundle_identifier, uuid_prefix, world_stamp
from synthetic_bundles.labour_resources import add_labour_resources
from synthetic_bundles.maternal_resources import add_maternal_resources
from synthetic_bundles.newborn_resources import add_newborn_resources
from synthetic_bundles.records import BirthRecord, BundleRecord, bundle_records
from synthetic_bundles.tables import World

BUNDLE = 0


def bundles_of(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """One JSON bundle a pregnancy, rows `start` up to but not including `stop`; memory stays flat.

    The births come first, in their order, then the ongoing pregnancies in order of booking.
    """
    stamp = world_stamp(world)
    for record in bundle_records(world, start=start, stop=stop):
        yield render_bundle(stamp, record)


def render_bundle(stamp: str, record: BundleRecord) -> bytes:
    """The bundle of one pregnancy. stamp: of its world."""
    entries = Entries(uuid_prefix(stamp, record.row))
    add_maternal_resources(entries, record)
    add_antenatal_resources(entries, record)
    if isinstance(record, BirthRecord):
        add_labour_resources(entries, record)
        for position in range(1, len(record.babies) + 1):
            add_baby_resources(entries, record, position)
            add_newborn_resources(entries, record, position)
    bundle = {
        "resourceType": "Bundle",
        "id": entries.resource_id(BUNDLE),
        "meta": SYNTHETIC_META,
        "identifier": {"system": BUNDLE_SYSTEM, "value": bundle_identifier(stamp, record.row)},
        "type": "transaction",
        "timestamp": record.recorded_datetime,
        "entry": entries.written,
    }
    return orjson.dumps(bundle)
