"""The audit of openings: who opened how many sealed records, when and what for; never which person or value.

Each event holds a keyed digest of itself and of the event before it, so that nobody without the key can change, add or
remove one unseen. Events cut off at the end are seen by who kept an earlier head, the digest of the last event.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.person_schema import AUDIT_EVENT
from fhir_adapter.store.resolved import wait_for_other_writers

BEFORE_THE_FIRST = "0" * 64
BETWEEN = "\x1f"  # in no word of an event


class Opened(StrEnum):
    """Kinds of sealed records."""

    PAYLOAD = "payload"
    QUARANTINE = "quarantine"
    IDENTITY = "identity"


class Purpose(StrEnum):
    """Why sealed records are opened."""

    REMAP = "remap"
    EXPLAIN = "explain"
    LINKAGE = "linkage"
    STEWARD = "steward"
    ROTATE = "rotate"
    ERASE = "erase"
    OPT_OUT = "opt-out"


@dataclass(frozen=True, slots=True)
class Opening:
    """Sealed records that were opened. actor: user of the machine or client of the service. at: instant in UTC."""

    actor: str
    purpose: Purpose
    kind: Opened
    records: int
    at: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An opening as it was written."""

    position: int
    at: str
    actor: str
    purpose: str
    kind: str
    records: int
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What checking found. head: digest of the last event. broken_at: position of the first that is not as written."""

    events: int
    head: str
    broken_at: int | None


def note_opening(connection: Connection, opening: Opening, secret: bytes) -> None:
    """Write an opening down, in the transaction that opens; nothing when no record was opened."""
    if not opening.records:
        return
    wait_for_other_writers(connection)
    last = connection.execute(
        sa.select(AUDIT_EVENT.c.position, AUDIT_EVENT.c.hash).order_by(AUDIT_EVENT.c.position.desc()).limit(1)
    ).first()
    position, previous = (1, BEFORE_THE_FIRST) if last is None else (last.position + 1, last.hash)
    plain = AuditEvent(
        position,
        opening.at,
        opening.actor,
        str(opening.purpose),
        str(opening.kind),
        opening.records,
        previous,
        "",
    )
    written = {name: getattr(plain, name) for name in AuditEvent.__dataclass_fields__}
    connection.execute(sa.insert(AUDIT_EVENT).values(written | {"hash": digest_of(plain, secret)}))


def list_openings(connection: Connection) -> Iterator[AuditEvent]:
    """Every event, in order."""
    columns = [AUDIT_EVENT.c[name] for name in AuditEvent.__dataclass_fields__]
    for row in connection.execute(sa.select(*columns).order_by(AUDIT_EVENT.c.position)):
        yield AuditEvent(*row)


def verify_audit(connection: Connection, secret: bytes, *, known_head: str | None = None) -> AuditVerdict:
    """Check every event against the one before it.

    known_head: a head that was noted earlier; when no event has it, the audit is broken after its last event.
    """
    previous, count, is_met = BEFORE_THE_FIRST, 0, known_head in (None, BEFORE_THE_FIRST)
    for event in list_openings(connection):
        count += 1
        is_whole = event.position == count and event.previous == previous
        if not (is_whole and hmac.compare_digest(event.hash, digest_of(event, secret))):
            return AuditVerdict(count, event.hash, event.position)
        previous = event.hash
        is_met = is_met or event.hash == known_head
    return AuditVerdict(count, previous, None if is_met else count + 1)


def digest_of(event: AuditEvent, secret: bytes) -> str:
    """Keyed digest of all of an event but its digest."""
    words = (event.position, event.at, event.actor, event.purpose, event.kind, event.records, event.previous)
    text = BETWEEN.join(map(str, ("audit", *words)))
    return hmac.digest(secret, text.encode(), "sha256").hex()
