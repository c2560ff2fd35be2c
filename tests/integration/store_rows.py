"""Source rows for tests of the store: one birth, valid by default; a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.database import reading
from fhir_adapter.store.links import PersonLink, save_person_links
from fhir_adapter.store.schema import RESOLVED
from fhir_adapter.store.source_rows import Cell, Provenance, save_source_rows
from fhir_adapter.store.source_systems import save_source_systems

Rows = Mapping[str, Sequence[Mapping[str, Cell]]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one source sent in one receipt. persons: resolved key of each source key that is a person.

    system: which kind of system the source is.
    """

    receipt: str
    source: str
    recorded_at: str | None
    rows: Rows
    persons: Mapping[str, str] = field(default_factory=dict)
    system: str = "other"


def birth(
    *,
    receipt: str = "receipt-1",
    source: str = "feed",
    recorded_at: str | None = "2026-03-02T12:00:00+00:00",
    baby: Mapping[str, Cell] | None = None,
    mother: Mapping[str, Cell] | None = None,
    delivery: Mapping[str, Cell] | None = None,
    residence: Mapping[str, Cell] | None = None,
    booking: Mapping[str, Cell] | None = None,
    system: str = "other",
) -> Sent:
    """One birth as a source sends it; the mappings replace or add cells."""
    rows: dict[str, list[Mapping[str, Cell]]] = {
        "person": [
            {"person_key": "m", "role": "mother", "birth_date": "1990-05-01", "ethnic_category": "H"}
            | dict(mother or {}),
            {"person_key": "b", "role": "baby", "birth_date": "2026-03-02", "sex": "2", "ethnic_category": "H"},
        ],
        "residence": [_with({"person_key": "m", "valid_from": "2025-09-01", "lsoa_2011": "E01"}, residence)],
        "pregnancy": [{"pregnancy_key": "p", "mother_key": "m", "num_fetuses": 1}],
        "booking": [
            _with({"booking_key": "k", "pregnancy_key": "p", "booking_date": "2025-09-01", "bmi": 24.5}, booking)
        ],
        "delivery": [
            _with({"delivery_key": "d", "pregnancy_key": "p", "provider_code": "RSA", "augmentation": True}, delivery)
        ],
        "baby": [_with(one_baby(), baby)],
    }
    return Sent(receipt, source, recorded_at, rows, {"m": "person-m", "b": "person-b"}, system)


def _with(row: Mapping[str, Cell], changes: Mapping[str, Cell] | None) -> Mapping[str, Cell]:
    return {**row, **(changes or {})}


def one_baby() -> dict[str, Cell]:
    """A live baby with every required column."""
    return {
        "baby_key": "b",
        "person_key": "b",
        "delivery_key": "d",
        "mother_key": "m",
        "birth_datetime": "2026-03-02T04:15:00+00:00",
        "outcome": "01",
        "gestation_days": 257,
        "birth_weight_g": 2460,
        "delivery_method": "0",
    }


def save(connection: Connection, sent: Sent) -> int:
    """Keep what was sent and its person links; gives the rows that were new."""
    provenance = Provenance(
        source=sent.source,
        source_record_id="record",
        observed_at=None,
        recorded_at=sent.recorded_at,
        received_at="2026-03-03T00:00:00Z",
        receipt_id=sent.receipt,
        mapping_version="1",
    )
    links = [PersonLink(sent.source, key, person, "test") for key, person in sent.persons.items()]
    save_person_links(connection, links)
    save_source_systems(connection, {sent.source: sent.system})
    return sum(save_source_rows(connection, table, rows, provenance) for table, rows in sent.rows.items())


def resolved_rows(store: sa.Engine, table: str) -> list[dict[str, Cell]]:
    """Every row of a resolved table, in the order of its key, without the columns that are null."""
    resolved = RESOLVED[table]
    with reading(store) as connection:
        rows = connection.execute(sa.select(resolved).order_by(*resolved.primary_key)).mappings()
        return [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
