"""The outbox: versions of resources that wait to be sent, written in the transaction that made them.

An entry is `pending`, then `leased` by a worker for a while, then `sent`; `parked` waits for a person, and
`superseded` was overtaken by a newer version before it was sent. A lease that ran out is given again, so an entry is
sent at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.operational_schema import OUTBOX, RESOURCE

ENTRY_COLUMNS = tuple(column.name for column in OUTBOX.columns)


class OutboxStatus(StrEnum):
    """Where an entry stands."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    PARKED = "parked"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class VersionToSend:
    """One version of one resource that targets do not have yet."""

    resource_type: str
    resource_id: str
    version_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class LeasedEntry:
    """An entry that this worker alone may send now. attempts: how often it was tried before."""

    entry_id: str
    target: str
    resource_type: str
    resource_id: str
    version_id: int
    content: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """An entry as it is listed. next_at, created_at: instants in UTC as text."""

    id: str
    target: str
    resource_type: str
    resource_id: str
    version_id: int
    status: str
    attempts: int
    next_at: str
    last_error: str | None
    created_at: str


def enqueue(connection: Connection, versions: Sequence[VersionToSend], targets: Sequence[str], now: datetime) -> int:
    """Queue every version for every target that was never queued it; older versions still waiting are superseded.

    Gives the entries made.
    """
    moment = instant_text(now)
    rows = [_entry_row(version, target, moment) for target in targets for version in versions]
    if not rows:
        return 0
    overtaken = [
        {"of_target": target, "of_type": each.resource_type, "of_id": each.resource_id, "newer": each.version_id}
        for target in targets
        for each in versions
        if each.version_id > 1
    ]
    if overtaken:
        connection.execute(_SUPERSEDE, overtaken)
    return connection.exec_driver_sql(insert_sql(OUTBOX, ENTRY_COLUMNS, connection.dialect.name), rows).rowcount


def lease_next(connection: Connection, now: datetime, *, lease_seconds: int) -> LeasedEntry | None:
    """Take the entry that is due longest, for `lease_seconds`; None when nothing is due."""
    moment = instant_text(now)
    row = connection.execute(_DUE, {"moment": moment}).first()
    if row is None:
        return None
    connection.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.id == row.id)
        .values(
            status=OutboxStatus.LEASED,
            attempts=row.attempts + 1,
            leased_until=instant_text(now + timedelta(seconds=lease_seconds)),
        )
    )
    content = connection.execute(
        sa.select(RESOURCE.c.content).where(
            RESOURCE.c.type == row.resource_type,
            RESOURCE.c.id == row.resource_id,
            RESOURCE.c.version_id == row.version_id,
        )
    ).scalar_one()
    return LeasedEntry(row.id, row.target, row.resource_type, row.resource_id, row.version_id, content, row.attempts)


def mark_sent(connection: Connection, entry_id: str) -> None:
    """The target has it."""
    _settle(connection, entry_id, status=OutboxStatus.SENT, last_error=None)


def send_later(connection: Connection, entry_id: str, now: datetime, *, pause_seconds: int, reason: str) -> None:
    """Give the entry back; it is due again after `pause_seconds`."""
    due = instant_text(now + timedelta(seconds=pause_seconds))
    _settle(connection, entry_id, status=OutboxStatus.PENDING, last_error=reason, next_at=due)


def park(connection: Connection, entry_id: str, *, reason: str) -> None:
    """Keep the entry for a person."""
    _settle(connection, entry_id, status=OutboxStatus.PARKED, last_error=reason)


def list_outbox(connection: Connection, status: OutboxStatus | None = None) -> tuple[OutboxEntry, ...]:
    """Entries of a status, or all, oldest first."""
    columns = [OUTBOX.c[name] for name in OutboxEntry.__dataclass_fields__]
    statement = sa.select(*columns).order_by(OUTBOX.c.created_at, OUTBOX.c.id)
    if status is not None:
        statement = statement.where(OUTBOX.c.status == status)
    return tuple(OutboxEntry(*row) for row in connection.execute(statement))


def retry(connection: Connection, now: datetime, entry_ids: Sequence[str] | None = None) -> int:
    """Make parked and delayed entries due at once, those named or all; gives how many."""
    statement = sa.update(OUTBOX).where(OUTBOX.c.status.in_([OutboxStatus.PARKED, OutboxStatus.PENDING]))
    if entry_ids is not None:
        statement = statement.where(OUTBOX.c.id.in_(list(entry_ids)))
    return connection.execute(statement.values(status=OutboxStatus.PENDING, next_at=instant_text(now))).rowcount


def _settle(connection: Connection, entry_id: str, **values: str | None) -> None:
    connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id == entry_id).values(leased_until=None, **values))


def _entry_row(version: VersionToSend, target: str, moment: str) -> tuple[str | int | None, ...]:
    name = f"{target} {version.resource_type}/{version.resource_id}/{version.version_id}"
    return (
        blake2b(name.encode(), digest_size=16).hexdigest(),
        target,
        version.resource_type,
        version.resource_id,
        version.version_id,
        version.digest,
        OutboxStatus.PENDING.value,
        0,
        moment,
        None,
        None,
        moment,
    )


_OLDER = OUTBOX.alias("older")
_IN_FLIGHT = sa.exists().where(
    _OLDER.c.target == OUTBOX.c.target,
    _OLDER.c.resource_type == OUTBOX.c.resource_type,
    _OLDER.c.resource_id == OUTBOX.c.resource_id,
    _OLDER.c.version_id < OUTBOX.c.version_id,
    _OLDER.c.status == OutboxStatus.LEASED,
    _OLDER.c.leased_until >= sa.bindparam("moment"),
)
_DUE = (
    sa.select(OUTBOX)
    .where(
        sa.or_(
            sa.and_(OUTBOX.c.status == OutboxStatus.PENDING, OUTBOX.c.next_at <= sa.bindparam("moment")),
            sa.and_(OUTBOX.c.status == OutboxStatus.LEASED, OUTBOX.c.leased_until < sa.bindparam("moment")),
        ),
        # a newer version never overtakes an older one that is on its way
        ~_IN_FLIGHT,
    )
    .order_by(OUTBOX.c.next_at, OUTBOX.c.id)
    .limit(1)
    # other workers on PostgreSQL pass this entry by; SQLite has one writer at a time
    .with_for_update(skip_locked=True)
)
_SUPERSEDE = (
    sa.update(OUTBOX)
    .where(
        OUTBOX.c.target == sa.bindparam("of_target"),
        OUTBOX.c.resource_type == sa.bindparam("of_type"),
        OUTBOX.c.resource_id == sa.bindparam("of_id"),
        OUTBOX.c.version_id < sa.bindparam("newer"),
        OUTBOX.c.status.in_([OutboxStatus.PENDING, OutboxStatus.PARKED]),
    )
    .values(status=OutboxStatus.SUPERSEDED)
)
