"""What came in: sealed payloads, receipts with their issues, and what was set aside for a person to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import BoundText, bound_text, insert_sql, is_listed, listed, listed_places
from fhir_adapter.store.operational_schema import PAYLOAD, QUARANTINE, RECEIPT, RECEIPT_ISSUE, UNRESOLVED_RECEIPT
from fhir_adapter.store.running import change, change_each, fetch
from fhir_adapter.store.sealing import Sealer

DIGESTS_AT_ONCE = 500  # SQLite takes a limited number of parameters


class ReceiptStatus(StrEnum):
    """accepted: its rows were kept. quarantined: nothing of it was kept but the payload itself."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class ReceivedIssue:
    """One issue of a receipt, as stored. count: how many faults it stands for, in the count of its receipt."""

    severity: str
    code: str
    location: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Received:
    """One payload, or one piece of a large one, with its receipt.

    pieces: the raw bytes, in one piece or several; sealed before they are stored, none where they are not kept.
    rows: rows mapped, by table. takes_back: whether it takes back rows that came before.
    """

    receipt_id: str
    digest: str
    source_name: str
    adapter: str | None
    mapping_version: str | None
    media_type: str
    status: ReceiptStatus
    received_at: str
    rows: dict[str, int]
    issues: Sequence[ReceivedIssue]
    pieces: Sequence[bytes]
    takes_back: bool = False

    @property
    def is_unresolved(self) -> bool:
        """Whether source rows were kept or taken back that must still be resolved."""
        return self.status is ReceiptStatus.ACCEPTED and (bool(self.rows) or self.takes_back)


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """A receipt that was given before."""

    receipt_id: str
    digest: str
    adapter: str | None
    status: str
    rows: dict[str, int]
    issues: tuple[ReceivedIssue, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A payload that was set aside, without its bytes."""

    id: str
    receipt_id: str
    location: str
    reason_code: str
    text: str
    status: str
    created_at: str


def known_digests(connection: Connection, digests: Iterable[str]) -> frozenset[str]:
    """Which of the digests were accepted before. What was quarantined may be sent again."""
    wanted = list(dict.fromkeys(digests))
    found: set[str] = set()
    for start in range(0, len(wanted), DIGESTS_AT_ONCE):
        batch = wanted[start : start + DIGESTS_AT_ONCE]
        asked = _known(listed_places(batch), connection.dialect.name)
        found.update(digest for (digest,) in fetch(connection, asked.text, asked.parameters(listed(batch))))
    return frozenset(found)


def find_receipt(connection: Connection, digest: str) -> KnownReceipt | None:
    """The receipt that was given for a payload, the accepted one first."""
    statement = (
        sa.select(RECEIPT.c.id, RECEIPT.c.adapter, RECEIPT.c.status, RECEIPT.c.rows)
        .where(RECEIPT.c.digest == digest)
        .order_by(RECEIPT.c.status, RECEIPT.c.received_at.desc())
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    issues = connection.execute(
        sa.select(RECEIPT_ISSUE.c.severity, RECEIPT_ISSUE.c.code, RECEIPT_ISSUE.c.location, RECEIPT_ISSUE.c.text)
        .where(RECEIPT_ISSUE.c.receipt_id == row.id)
        .order_by(RECEIPT_ISSUE.c.position)
    )
    found = tuple(ReceivedIssue(*each) for each in issues)
    return KnownReceipt(row.id, digest, row.adapter, row.status, orjson.loads(row.rows), found)


def save_received(connection: Connection, received: Sequence[Received], sealer: Sealer) -> None:
    """Keep payloads, receipts, issues and quarantine of many records; what has a receipt already is left alone."""
    for statement, rows in (
        (_insert("payload", connection), [row for each in received for row in _payload_rows(each, sealer)]),
        (_insert("receipt", connection), [_receipt_row(each) for each in received]),
        (_insert("unresolved_receipt", connection), [(each.receipt_id,) for each in received if each.is_unresolved]),
        (_insert("receipt_issue", connection), [row for each in received for row in _issue_rows(each)]),
        (_insert("quarantine", connection), [row for each in received for row in _quarantine_rows(each, sealer)]),
    ):
        change_each(connection, statement, rows)


def unresolved_receipts(connection: Connection) -> list[str]:
    """Receipts whose rows are not yet in the resolved model, as after a crash between keeping and resolving."""
    return [receipt_id for (receipt_id,) in fetch(connection, "SELECT receipt_id FROM unresolved_receipt")]


def count_receipts(connection: Connection) -> int:
    """How many receipts were ever given."""
    return connection.execute(sa.select(sa.func.count()).select_from(RECEIPT)).scalar_one()


def newest_receipt(connection: Connection, receipt_ids: Sequence[str] | None) -> str:
    """When the newest of these receipts was given, or of all; "" without any."""
    asked = receipt_ids if receipt_ids is not None and len(receipt_ids) <= DIGESTS_AT_ONCE else ()
    newest = _newest(listed_places(asked) if asked else 0, connection.dialect.name)
    [(received_at,)] = fetch(connection, newest.text, newest.parameters(listed(asked) if asked else {}))
    return received_at or ""


def mark_resolved(connection: Connection, receipt_ids: Sequence[str]) -> None:
    """Note that the rows of these receipts are in the resolved model."""
    for start in range(0, len(receipt_ids), DIGESTS_AT_ONCE):
        batch = receipt_ids[start : start + DIGESTS_AT_ONCE]
        gone = _resolved(listed_places(batch), connection.dialect.name)
        change(connection, gone.text, gone.parameters(listed(batch)))


def list_quarantine(connection: Connection) -> tuple[Quarantined, ...]:
    """Everything that is set aside and open, oldest first."""
    columns = [QUARANTINE.c[name] for name in Quarantined.__dataclass_fields__]
    statement = (
        sa.select(*columns).where(QUARANTINE.c.status == "open").order_by(QUARANTINE.c.created_at, QUARANTINE.c.id)
    )
    return tuple(Quarantined(*row) for row in connection.execute(statement))


@cache
def _known(digests: int, dialect_name: str) -> BoundText:
    is_accepted = RECEIPT.c.status == str(ReceiptStatus.ACCEPTED)
    return bound_text(
        sa.select(RECEIPT.c.digest).where(is_listed(RECEIPT.c.digest, digests), is_accepted), dialect_name
    )


@cache
def _newest(receipts: int, dialect_name: str) -> BoundText:
    """The newest of so many receipts; of all when there are none."""
    newest = sa.select(sa.func.max(RECEIPT.c.received_at))
    return bound_text(newest.where(is_listed(RECEIPT.c.id, receipts)) if receipts else newest, dialect_name)


@cache
def _resolved(receipts: int, dialect_name: str) -> BoundText:
    gone = sa.delete(UNRESOLVED_RECEIPT).where(is_listed(UNRESOLVED_RECEIPT.c.receipt_id, receipts))
    return bound_text(gone, dialect_name)


TABLES = {
    "payload": PAYLOAD,
    "receipt": RECEIPT,
    "unresolved_receipt": UNRESOLVED_RECEIPT,
    "receipt_issue": RECEIPT_ISSUE,
    "quarantine": QUARANTINE,
}


def _insert(name: str, connection: Connection) -> str:
    table = TABLES[name]
    return insert_sql(table, tuple(column.name for column in table.columns), connection.dialect.name)


Stored = tuple[str | int | bytes | None, ...]


def _payload_rows(received: Received, sealer: Sealer) -> list[Stored]:
    if received.status is not ReceiptStatus.ACCEPTED:
        return []
    rows: list[Stored] = []
    for place, piece in enumerate(received.pieces):
        name = received.digest if place == 0 else f"{received.digest}/{place}"
        sealed = sealer.seal(piece, bound_to=name)
        rows.append(
            (
                name,
                received.media_type,
                received.adapter,
                sealed,
                sealer.key_id,
                len(piece),
                received.received_at,
                received.receipt_id,
            )
        )
    return rows


def _receipt_row(received: Received) -> Stored:
    is_accepted = received.status is ReceiptStatus.ACCEPTED
    return (
        received.receipt_id,
        received.digest,
        received.source_name,
        received.adapter,
        received.mapping_version,
        str(received.status),
        received.received_at,
        int(is_accepted),
        int(not is_accepted),
        sum(each.count for each in received.issues),
        orjson.dumps(received.rows).decode(),
    )


def _issue_rows(received: Received) -> list[Stored]:
    return [
        (received.receipt_id, place, each.severity, each.code, each.location, each.text)
        for place, each in enumerate(received.issues)
    ]


def _quarantine_rows(received: Received, sealer: Sealer) -> list[Stored]:
    if received.status is ReceiptStatus.ACCEPTED:
        return []
    first = received.issues[0]
    name = f"quarantine/{received.receipt_id}"
    sealed = sealer.seal(b"".join(received.pieces), bound_to=name) if received.pieces else None
    return [
        (
            received.receipt_id,
            received.receipt_id,
            received.digest,
            first.location,
            first.code,
            first.text,
            sealed,
            None if sealed is None else sealer.key_id,
            "open",
            received.received_at,
        )
    ]
