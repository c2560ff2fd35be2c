"""Tables that the service itself keeps: inputs, links, reference tables, counts, releases and the outbox.

Every `_at` column is an instant in UTC as text `YYYY-MM-DDTHH:MM:SSZ`, so that text order is order in time.
"""

from __future__ import annotations

import sqlalchemy as sa

from fhir_adapter.store.column_types import IsoDate, text_type
from fhir_adapter.store.metadata import METADATA


def key(name: str) -> sa.Column[str]:
    """A text column that is part of the primary key."""
    return sa.Column(name, text_type(), primary_key=True)


def words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text column."""
    return sa.Column(name, text_type(), nullable=nullable)


def number(name: str) -> sa.Column[int]:
    """A whole number that is never null."""
    return sa.Column(name, sa.Integer(), nullable=False)


def number_key(name: str) -> sa.Column[int]:
    """A whole number that is part of the primary key and is never made by the database."""
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=False)


PAYLOAD = sa.Table(
    "payload",
    METADATA,
    key("digest"),
    words("media_type"),
    words("adapter", nullable=True),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    words("key_id"),
    number("bytes"),
    words("received_at"),
    words("receipt_id"),
)
RECEIPT = sa.Table(
    "receipt",
    METADATA,
    key("id"),
    sa.Column("digest", text_type(), nullable=False, index=True),
    words("source_name"),
    words("adapter", nullable=True),
    words("mapping_version", nullable=True),
    words("status"),
    words("received_at"),
    number("accepted"),
    number("quarantined"),
    number("issue_count"),
    words("rows"),
)
# Receipts whose rows stand in the source tables and not yet in the resolved model; empty once all is resolved.
UNRESOLVED_RECEIPT = sa.Table("unresolved_receipt", METADATA, key("receipt_id"))
RECEIPT_ISSUE = sa.Table(
    "receipt_issue",
    METADATA,
    key("receipt_id"),
    number_key("position"),
    words("severity"),
    words("code"),
    words("location"),
    words("text"),
)
QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    key("id"),
    sa.Column("receipt_id", text_type(), nullable=False, index=True),
    words("digest"),
    words("location"),
    words("reason_code"),
    words("text"),
    sa.Column("sealed", sa.LargeBinary()),
    words("key_id", nullable=True),
    words("status"),
    words("created_at"),
)
LINKAGE_ZONE = sa.Table(
    "linkage_zone",
    METADATA,
    key("source_key"),
    key("source"),
    sa.Column("person_key", text_type(), nullable=False, index=True),
    sa.Column("nhs_number_hmac", text_type(), index=True),
    sa.Column("sealed", sa.LargeBinary()),
    words("key_id"),
    sa.Column("entry_key", text_type(), nullable=False, index=True),
    words("role"),
    words("rank"),
    words("number_state"),
    words("organisation"),
    sa.Column("local_id_hmac", text_type(), index=True),
    words("sex", nullable=True),
    words("birth_date_hmac", nullable=True),
    words("birth_eve_hmac", nullable=True),
    words("birth_year_hmac", nullable=True),
    words("birth_month_hmac", nullable=True),
    words("birth_day_hmac", nullable=True),
    words("family_name_hmac", nullable=True),
    words("family_sound_hmac", nullable=True),
    words("given_name_hmac", nullable=True),
    words("given_sound_hmac", nullable=True),
    words("postcode_hmac", nullable=True),
    words("district_hmac", nullable=True),
    sa.Column("core_key", text_type(), index=True),
    words("core_pass", nullable=True),
    # of those born on a day the few without number are found without reading the others
    sa.Index(None, "birth_date_hmac", "core_pass"),
)
LINK = sa.Table(
    "link",
    METADATA,
    key("source_key"),
    key("entity"),
    key("source"),
    words("resolved_key"),
    words("pass_name"),
    sa.Column("weight", sa.Double()),
    words("model_version", nullable=True),
    words("status", nullable=True),
    sa.Index(None, "resolved_key", "entity"),
)
# Rows of the next two live inside one transaction of the resolution, except dirty keys that a changed link leaves
# for it. They hold duplicates, for a unique key would make two transactions wait for each other.
TOUCHED_KEY = sa.Table(
    "touched_key",
    METADATA,
    words("entity"),
    words("source"),
    words("source_key"),
    sa.Index(None, "source_key", "entity", "source"),
)
DIRTY_KEY = sa.Table(
    "dirty_key",
    METADATA,
    words("entity"),
    words("resolved_key"),
    sa.Index(None, "resolved_key", "entity"),
)
# Which kind of system sends a feed: the adapter says so.
SOURCE_SYSTEM = sa.Table("source_system", METADATA, key("source"), words("system"))
# Cells to be explained; its rows live inside one transaction of the resolution.
CONTESTED_CELL = sa.Table(
    "contested_cell",
    METADATA,
    words("table_name"),
    words("resolved_key"),
    words("record_key"),
    words("column_name"),
    words("reason"),
    sa.Index(None, "table_name", "column_name", "resolved_key"),
)
# What each source says of a contested cell, in the order of the choice. A cell on which nobody differs has no rows
# here: its values stand in the source rows, and keeping every one twice would double the store.
FIELD_VALUE = sa.Table(
    "field_value",
    METADATA,
    key("record_key"),
    key("table_name"),
    key("column_name"),
    number_key("position"),
    sa.Column("resolved_key", text_type(), nullable=False, index=True),
    words("source"),
    words("source_key"),
    words("source_record_id", nullable=True),
    words("system"),
    words("value"),
    words("standing"),
    number("level"),
    words("observed_at", nullable=True),
    words("recorded_at", nullable=True),
    words("received_at"),
    words("mapping_version"),
)
# A person's decision on one cell. It hangs on a key of a source, so that it follows what that key is linked to.
SETTLEMENT = sa.Table(
    "settlement",
    METADATA,
    key("id"),
    words("table_name"),
    words("column_name"),
    words("entity"),
    words("source"),
    words("source_key"),
    words("record_key"),
    words("rest_of_key"),
    words("value"),
    words("taken_from", nullable=True),
    words("author"),
    words("reason"),
    words("settled_at"),
    words("withdrawn_by", nullable=True),
    words("withdrawn_at", nullable=True),
    words("withdrawn_because", nullable=True),
    sa.Index(None, "source_key", "entity", "source"),
)
REFERENCE_IMD = sa.Table(
    "reference_imd", METADATA, key("lsoa"), key("version"), number("decile"), words("local_authority", nullable=True)
)
REFERENCE_POSTCODE = sa.Table(
    "reference_postcode",
    METADATA,
    key("postcode"),
    words("lsoa_2011", nullable=True),
    words("lsoa_2021", nullable=True),
    words("local_authority", nullable=True),
)
# Which records break which rules, worked out with the resolved model. of_key: first part of the key of the record, by
# which the hits of what is resolved again are found. columns: names, joined by spaces; never a value.
RULE_HIT = sa.Table(
    "rule_hit",
    METADATA,
    key("record_key"),
    key("table_name"),
    key("rule_id"),
    number_key("check_number"),
    words("of_key"),
    words("severity"),
    words("effect"),
    words("columns"),
    sa.Index(None, "of_key", "table_name"),
)
COUNT_RUN = sa.Table(
    "count_run",
    METADATA,
    key("id"),
    sa.Column("created_at", text_type(), nullable=False, index=True),
    sa.Column("as_of", IsoDate(), nullable=False),
    words("engine"),
    words("definition_hash"),
    words("snapshot_hash"),
)


def _cell_table(name: str) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        key("run_id"),
        key("indicator"),
        key("version"),
        number_key("month"),
        key("provider"),
        key("site"),
        key("dimension"),
        key("stratum"),
        number("population"),
        number("denominator"),
        number("numerator"),
    )


COUNT_CELL = _cell_table("count_cell")
# the same counts of those alone whom an open conflict between sources leaves in doubt
FLAGGED_CELL = _cell_table("flagged_cell")
# single events of rare indicators: they stay inside, always
COUNTED_EVENT = sa.Table(
    "counted_event",
    METADATA,
    key("run_id"),
    number_key("position"),
    words("indicator"),
    words("version"),
    words("provider"),
    number("month"),
    number("place_in_whole"),
    number("place_in_provider"),
)
RELEASE = sa.Table(
    "release",
    METADATA,
    key("id"),
    sa.Column("number", sa.Integer(), nullable=False, unique=True),
    words("created_at"),
    sa.Column("as_of", IsoDate(), nullable=False),
    words("preset"),
    words("audience"),
    words("reporter"),
    words("engine"),
    words("inputs_hash"),
    words("status"),
    number("report_count"),
)
RESOURCE = sa.Table(
    "resource",
    METADATA,
    key("type"),
    key("id"),
    number_key("version_id"),
    words("release_id"),
    words("last_updated"),
    sa.Column("content", sa.LargeBinary(), nullable=False),
    words("digest"),
    sa.Column("is_current", sa.Boolean(), nullable=False),
    words("measure", nullable=True),
    words("measure_version", nullable=True),
    words("subject", nullable=True),
    words("reporter", nullable=True),
    words("identifier_system", nullable=True),
    words("identifier", nullable=True),
    words("name", nullable=True),
    words("url", nullable=True),
    sa.Column("period_start", IsoDate()),
    sa.Column("period_end", IsoDate()),
    sa.Column("date", text_type()),
    words("status", nullable=True),
    words("length", nullable=True),
    words("audience", nullable=True),
    sa.Index(None, "type", "is_current", "measure", "period_start"),
    sa.Index(None, "type", "is_current", "last_updated"),
)
OUTBOX = sa.Table(
    "outbox",
    METADATA,
    key("id"),
    words("target"),
    words("resource_type"),
    words("resource_id"),
    number("version_id"),
    words("digest"),
    words("status"),
    number("attempts"),
    words("next_at"),
    words("last_error", nullable=True),
    words("leased_until", nullable=True),
    words("created_at"),
    sa.UniqueConstraint("target", "resource_type", "resource_id", "version_id"),
    sa.Index(None, "status", "next_at"),
)
