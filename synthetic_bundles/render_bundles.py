"""UK Core maternity bundles (FHIR R4 4.0.1): one transaction a pregnancy that ended in birth."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from synthetic_bundles.baby_resources import add_baby_resources
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import SYNTHETIC_META
from synthetic_bundles.identifiers import BUNDLE_SYSTEM, bundle_identifier, uuid_prefix, world_stamp
from synthetic_bundles.maternal_resources import add_maternal_resources
from synthetic_bundles.records import BirthRecord, birth_records
from synthetic_bundles.tables import World

BUNDLE = 0


def bundles_of(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """One JSON bundle a birth, rows `start` up to but not including `stop`, in order of birth; memory stays flat."""
    stamp = world_stamp(world)
    for birth in birth_records(world, start=start, stop=stop):
        yield render_bundle(stamp, birth)


def render_bundle(stamp: str, birth: BirthRecord) -> bytes:
    """The bundle of one birth. stamp: of its world."""
    entries = Entries(uuid_prefix(stamp, birth.row))
    add_maternal_resources(entries, birth)
    add_baby_resources(entries, birth)
    bundle = {
        "resourceType": "Bundle",
        "id": entries.resource_id(BUNDLE),
        "meta": SYNTHETIC_META,
        "identifier": {"system": BUNDLE_SYSTEM, "value": bundle_identifier(stamp, birth.row)},
        "type": "transaction",
        "timestamp": birth.delivery.recorded_datetime,
        "entry": entries.written,
    }
    return orjson.dumps(bundle)
