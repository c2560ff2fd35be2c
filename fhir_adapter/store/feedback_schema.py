"""Tables of what senders are told of their records, and of working it out."""

from __future__ import annotations

import sqlalchemy as sa

from fhir_adapter.store.metadata import METADATA
from fhir_adapter.store.operational_schema import key, number, words

# What was told of a record when it was resolved, so that it is told the same when it is sent again.
RECEIPT_FEEDBACK = sa.Table("receipt_feedback", METADATA, key("receipt_id"), words("document"))
# Rows of the next three live inside one transaction of the resolution.
# Receipts that are told of; without a key, so that SQLite, which has no statistics, starts from these few.
TOLD_RECEIPT = sa.Table("told_receipt", METADATA, words("receipt_id"))
# Resolved keys of the rows of these receipts. is_own: the row is of this key, and does not only name it.
TOLD_KEY = sa.Table(
    "told_key",
    METADATA,
    words("receipt_id"),
    words("table_name"),
    words("entity"),
    words("resolved_key"),
    number("is_own"),
    sa.Index(None, "resolved_key", "entity"),
)
# Conflicts that were open before a resolution, and those that it opened or closed. state: before, opened.
CHANGED_CONFLICT = sa.Table(
    "changed_conflict",
    METADATA,
    words("state"),
    words("conflict_id"),
    words("table_name"),
    words("column_name"),
    words("resolved_key"),
    words("severity"),
    words("rule_id"),
    sa.Index(None, "conflict_id"),
)
