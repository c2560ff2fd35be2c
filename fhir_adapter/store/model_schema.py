"""Tables of the common model and the `source_` twins of those that are clinical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from fhir_adapter.store.column_types import DATETIME_LENGTH, sql_type, text_type
from fhir_adapter.store.metadata import METADATA
from indicator_engine.tables import TABLES, Table

# columns by which the resolution and the engines look rows up, beside the keys
LOOKED_UP: Mapping[str, tuple[str, ...]] = {
    "baby": ("delivery_key", "birth_datetime", "mother_key"),
    "booking": ("pregnancy_key", "booking_date"),
    "delivery": ("pregnancy_key",),
    "pregnancy": ("mother_key",),
    "neonatal_episode": ("baby_key",),
    "hv_contact": ("child_key",),
    "mh_referral": ("mother_key",),
    "mh_contact": ("referral_key",),
    "care_plan": ("pregnancy_key",),
    "record_source": ("record_key",),
    "resolution": ("conflict_id", "resolved_key"),
}
# what the store keeps of a choice beside the columns of the model: resolved_key, key of the entity of the record;
# reason, why the cell is listed: `difference`, `only-one-source` or `settlement`
KEPT_BESIDE: Mapping[str, Mapping[str, TypeEngine[Any]]] = {
    "resolution": {
        "conflict_id": text_type(),
        "resolved_key": text_type(),
        "within_tolerance": sa.Boolean(),
        "reason": text_type(),
    },
}
# the primary key of a twin finds rows by their own key; these are the other ways in
SOURCE_LOOKED_UP: Mapping[str, tuple[str, ...]] = {
    "residence": ("person_key",),
    "baby": ("person_key", "delivery_key", "mother_key"),
    "booking": ("pregnancy_key",),
    "care_plan": ("pregnancy_key",),
    "delivery": ("pregnancy_key",),
    "pregnancy": ("mother_key",),
    "neonatal_episode": ("baby_key",),
    "neonatal_day": ("episode_key",),
    "hv_contact": ("child_key", "mother_key"),
    "mh_referral": ("mother_key", "pregnancy_key"),
    "mh_contact": ("referral_key",),
}
PROVENANCE = (
    "record_key",
    "source",
    "row_hash",
    "source_record_id",
    "observed_at",
    "recorded_at",
    "received_at",
    "receipt_id",
    "mapping_version",
)


def twin_name(column: str) -> str:
    """Name of a column of the model in the twin: its own, unless provenance has a column of that name."""
    return f"model_{column}" if column in PROVENANCE else column


def record_keys_of(parts: Sequence[Sequence[object]]) -> list[str]:
    """The key of each row as one text; parts: the columns of the key, which are joined by `|`."""
    return ["|".join(map(str, key)) for key in zip(*parts, strict=True)]


def resolved_table(table: Table) -> sa.Table:
    """A table of the resolved model: the columns that place a record are never null."""
    return sa.Table(
        table.name,
        METADATA,
        *(
            sa.Column(
                column.name,
                sql_type(column.type),
                nullable=column not in table.needed_columns,
                primary_key=column.name in table.key,
            )
            for column in table.columns
        ),
        *(sa.Column(name, kind, nullable=False) for name, kind in KEPT_BESIDE.get(table.name, {}).items()),
        *(sa.Index(None, name) for name in LOOKED_UP.get(table.name, ())),
    )


def source_table(table: Table) -> sa.Table:
    """The twin that keeps every row as each source sent it; any column of the model may be null.

    record_key: key of the row in its source, as one text. row_hash: of the columns of the model and recorded_at.
    recorded_at: instant in UTC, or a date. observed_at, received_at: as they were given.
    """
    return sa.Table(
        f"source_{table.name}",
        METADATA,
        # the selective column comes first in every key: SQLite, without statistics, trusts the first column most
        sa.Column("record_key", text_type(), primary_key=True),
        sa.Column("source", text_type(), primary_key=True),
        sa.Column("row_hash", text_type(32), primary_key=True),
        sa.Column("source_record_id", text_type()),
        sa.Column("observed_at", text_type(DATETIME_LENGTH)),
        sa.Column("recorded_at", text_type(DATETIME_LENGTH)),
        sa.Column("received_at", text_type(DATETIME_LENGTH), nullable=False),
        sa.Column("receipt_id", text_type(), nullable=False, index=True),
        sa.Column("mapping_version", text_type(), nullable=False),
        *(sa.Column(twin_name(column.name), sql_type(column.type)) for column in table.columns),
        *(sa.Index(None, name, "source") for name in SOURCE_LOOKED_UP.get(table.name, ())),
        sqlite_with_rowid=False,
    )


RESOLVED: Mapping[str, sa.Table] = {
    table.name: resolved_table(table) for table in TABLES.values() if table.name != "linkage_zone"
}
SOURCE: Mapping[str, sa.Table] = {table.name: source_table(table) for table in TABLES.values() if table.clinical}
