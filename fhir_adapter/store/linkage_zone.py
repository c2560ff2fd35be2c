"""The linkage zone: identifiers as received, sealed, and the keyed digests by which people are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import DIALECTS, INSERTS, BoundText, bound_text, insert_sql
from fhir_adapter.store.linkage_schema import LINK_TOUCHED
from fhir_adapter.store.operational_schema import LINKAGE_ZONE
from fhir_adapter.store.running import change_each
from fhir_adapter.store.sealing import Sealer

# in the order of the table
FEATURES = (
    "entry_key",
    "role",
    "rank",
    "number_state",
    "organisation",
    "local_id_hmac",
    "sex",
    "birth_date_hmac",
    "birth_eve_hmac",
    "birth_year_hmac",
    "birth_month_hmac",
    "birth_day_hmac",
    "family_name_hmac",
    "family_sound_hmac",
    "given_name_hmac",
    "given_sound_hmac",
    "postcode_hmac",
    "district_hmac",
)
COLUMNS = ("source_key", "source", "person_key", "nhs_number_hmac", "sealed", "key_id", *FEATURES)


class NumberState(StrEnum):
    """What an entry says of an NHS number; only an accepted one is joined on."""

    ACCEPTED = "accepted"
    ABSENT = "absent"
    TEMPORARY = "temporary"
    INVALID = "invalid"
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True)
class ZoneEntry:
    """Identifiers of one person as one source knows them. plain is sealed before it is stored.

    entry_key: names the entry without telling who it is. person_key: of the NHS number, else the entry's own.
    rank: of two statements of one source about one person the one with the greater rank stands, in whatever order
    they come. organisation: the provider that speaks, else who assigned the local number. `_hmac`: keyed digests; a
    birth date also by its parts and by the day before, so that neighbouring dates are told. sex: 1 or 2 where the
    record says so.
    """

    source: str
    source_key: str
    entry_key: str
    person_key: str
    role: str
    rank: str
    number_state: NumberState
    nhs_number_hmac: str | None
    organisation: str
    local_id_hmac: str | None
    sex: str | None
    birth_date_hmac: str | None
    birth_eve_hmac: str | None
    birth_year_hmac: str | None
    birth_month_hmac: str | None
    birth_day_hmac: str | None
    family_name_hmac: str | None
    family_sound_hmac: str | None
    given_name_hmac: str | None
    given_sound_hmac: str | None
    postcode_hmac: str | None
    district_hmac: str | None
    plain: bytes


def save_zone_entries(connection: Connection, entries: Sequence[ZoneEntry], sealer: Sealer) -> None:
    """Keep identifiers; of what a source said of one person the statement of the greatest rank stands.

    Every entry, and everybody who so far shared a number with it, is noted to be linked again.
    """
    if not entries:
        return
    for column in ("nhs_number_hmac", "local_id_hmac"):
        mates = _touch_mates(column, connection.dialect.name)
        named = ({"asked_source": each.source, "asked_key": each.source_key} for each in entries)
        change_each(connection, mates.text, [mates.parameters(each) for each in named])
    rows = [_row(each, sealer) for each in entries]
    change_each(connection, _upsert_sql(connection.dialect.name), rows)
    note = insert_sql(LINK_TOUCHED, ("entry_key",), connection.dialect.name)
    change_each(connection, note, [(each.entry_key,) for each in entries])


def _row(entry: ZoneEntry, sealer: Sealer) -> tuple[str | bytes | None, ...]:
    sealed = sealer.seal(entry.plain, bound_to=f"{entry.source}|{entry.source_key}")
    first = (entry.source_key, entry.source, entry.person_key, entry.nhs_number_hmac, sealed, sealer.key_id)
    return (*first, *(getattr(entry, name) for name in FEATURES))


@cache
def _touch_mates(column: str, dialect_name: str) -> BoundText:
    entry, mate = LINKAGE_ZONE.alias("entry"), LINKAGE_ZONE.alias("mate")
    found = (
        sa.select(mate.c.entry_key)
        .join_from(entry, mate, entry.c[column] == mate.c[column])
        .where(
            entry.c.source == sa.bindparam("asked_source"),
            entry.c.source_key == sa.bindparam("asked_key"),
        )
    )
    return bound_text(sa.insert(LINK_TOUCHED).from_select(["entry_key"], found), dialect_name)


@cache
def _upsert_sql(dialect_name: str) -> str:
    statement = INSERTS[dialect_name](LINKAGE_ZONE)
    replacing = statement.on_conflict_do_update(
        index_elements=["source_key", "source"],
        set_={name: statement.excluded[name] for name in COLUMNS if name not in ("source_key", "source")},
        where=statement.excluded.rank >= LINKAGE_ZONE.c.rank,
    )
    compiled = replacing.compile(dialect=DIALECTS[dialect_name], column_keys=list(COLUMNS))
    assert compiled.positiontup == list(COLUMNS), "columns of the linkage zone are not in the order of the table"
    return str(compiled)
