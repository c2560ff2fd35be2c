"""Tables that guard people: what seals and names them, who may not be here, what was taken back, and who looked.

None of them holds a readable identifier: a `word` is a keyed digest, a `source_key` a name given by one.
"""

from __future__ import annotations

import sqlalchemy as sa

from fhir_adapter.store.metadata import METADATA
from fhir_adapter.store.operational_schema import key, number, number_key, words

# The secret under which names and words are made, sealed under the deployment key; one row, for as long as the store.
NAMING_SECRET = sa.Table(
    "naming_secret",
    METADATA,
    key("id"),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    words("key_id"),
    words("made_at"),
)
# People whose records are not kept. reason: opt-out, of the list loaded last, or erased.
BARRED_PERSON = sa.Table("barred_person", METADATA, key("word"), key("reason"), words("since"))
# What sources took back. kind: withdrawn, rows recorded up to the moment are out; superseded, rows before it are.
WITHDRAWAL = sa.Table(
    "withdrawal",
    METADATA,
    key("source_key"),
    key("source"),
    key("kind"),
    key("moment"),
    words("receipt_id"),
)
# Payloads that are not kept though they were accepted. digest: of the whole file. reason: a word, no name.
DROPPED_PAYLOAD = sa.Table("dropped_payload", METADATA, key("digest"), words("reason"), words("dropped_at"))
# Who opened what is sealed. Rows are never changed or removed: the database itself refuses it.
AUDIT_EVENT = sa.Table(
    "audit_event",
    METADATA,
    number_key("position"),
    words("at"),
    words("actor"),
    words("purpose"),
    words("kind"),
    number("records"),
    words("previous"),
    words("hash"),
)
REFERENCE_BENCHMARK = sa.Table(
    "reference_benchmark",
    METADATA,
    key("indicator"),
    key("area"),
    key("period_start"),
    key("period_end"),
    sa.Column("value", sa.Double(), nullable=False),
    words("unit"),
    words("source"),
)
