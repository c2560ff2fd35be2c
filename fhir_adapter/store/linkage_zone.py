"""The linkage zone: identifiers as received, sealed, and the word by which an NHS number is joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import upsert_sql
from fhir_adapter.store.operational_schema import LINKAGE_ZONE
from fhir_adapter.store.sealing import Sealer

COLUMNS = ("source_key", "source", "person_key", "nhs_number_hmac", "sealed", "key_id")


@dataclass(frozen=True, slots=True)
class ZoneEntry:
    """Identifiers of one person as one source knows them. plain is sealed before it is stored."""

    source: str
    source_key: str
    person_key: str
    nhs_number_hmac: str | None
    plain: bytes


def save_zone_entries(connection: Connection, entries: Sequence[ZoneEntry], sealer: Sealer) -> None:
    """Keep identifiers; the newest that a source sent for a key stand."""
    if not entries:
        return
    rows = [
        (
            each.source_key,
            each.source,
            each.person_key,
            each.nhs_number_hmac,
            sealer.seal(each.plain, bound_to=f"{each.source}|{each.source_key}"),
            sealer.key_id,
        )
        for each in entries
    ]
    connection.exec_driver_sql(upsert_sql(LINKAGE_ZONE, COLUMNS, connection.dialect.name), rows)
