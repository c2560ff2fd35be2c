"""Payloads that were kept, opened again, and the source rows that came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.dropped_payloads import is_of_file
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.intake_log import ReceiptStatus, ReceivedIssue
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import PAYLOAD, QUARANTINE, RECEIPT, RECEIPT_ISSUE
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.store.source_rows import HeldRow
from indicator_engine.tables import TABLES

AT_ONCE = 500  # SQLite takes a limited number of parameters


@dataclass(frozen=True, slots=True)
class StoredPayload:
    """One payload, or one piece of a large one, that was accepted; digest: as it is named, `<digest>/<piece>`."""

    digest: str
    receipt_id: str
    adapter: str
    media_type: str
    received_at: str


def list_payloads(connection: Connection, adapter: str | None) -> list[StoredPayload]:
    """What was accepted, of one adapter or of all, in the order in which it came."""
    statement = (
        sa.select(
            PAYLOAD.c.digest, PAYLOAD.c.receipt_id, RECEIPT.c.adapter, PAYLOAD.c.media_type, RECEIPT.c.received_at
        )
        .join_from(PAYLOAD, RECEIPT, RECEIPT.c.id == PAYLOAD.c.receipt_id)
        .where(RECEIPT.c.status == str(ReceiptStatus.ACCEPTED), RECEIPT.c.adapter.is_not(None))
        .order_by(RECEIPT.c.received_at, PAYLOAD.c.digest)
    )
    if adapter is not None:
        statement = statement.where(RECEIPT.c.adapter == adapter)
    return [StoredPayload(*row) for row in connection.execute(statement)]


def open_payload(connection: Connection, digest: str, sealer: Sealer) -> bytes:
    """The bytes as they came; raises SealBroken."""
    sealed = connection.execute(sa.select(PAYLOAD.c.sealed).where(PAYLOAD.c.digest == digest)).scalar_one()
    return sealer.open(bytes(sealed), bound_to=digest)


def open_inputs(
    connection: Connection, stored: Sequence[StoredPayload], sealer: Sealer
) -> Iterator[tuple[tuple[StoredPayload, ...], bytes]]:
    """Each input as it came, with the receipts of its pieces; one at a time is in memory. Raises SealBroken."""
    for _, pieces in groupby(stored, key=lambda each: each.digest.partition("/")[0]):
        receipts = tuple(pieces)
        yield receipts, b"".join(open_payload(connection, each.digest, sealer) for each in receipts)


def rows_of_receipts(connection: Connection, table: str, receipt_ids: Sequence[str]) -> Iterator[HeldRow]:
    """The source rows of one table that came of these receipts."""
    yield from _held(connection, table, "receipt_id", receipt_ids)


def rows_of_keys(connection: Connection, table: str, record_keys: Sequence[str]) -> Iterator[HeldRow]:
    """The source rows of one table with these keys, of every source and receipt."""
    yield from _held(connection, table, "record_key", record_keys)


def delete_source_rows(connection: Connection, receipt_ids: Sequence[str]) -> None:
    """Take back every source row that came of these receipts."""
    for batch in _batches(receipt_ids):
        for table in CLINICAL_TABLES:
            twin = SOURCE[table.name]
            connection.execute(sa.delete(twin).where(twin.c.receipt_id.in_(batch)))


def listed_issues(connection: Connection, receipt_ids: Sequence[str]) -> Counter[str]:
    """How many issues these receipts list, by code."""
    found: Counter[str] = Counter()
    for batch in _batches(receipt_ids):
        statement = (
            sa.select(RECEIPT_ISSUE.c.code, sa.func.count())
            .where(RECEIPT_ISSUE.c.receipt_id.in_(batch))
            .group_by(RECEIPT_ISSUE.c.code)
        )
        found.update({str(code): int(count) for code, count in connection.execute(statement)})
    return found


def renew_receipt(
    connection: Connection,
    receipt_id: str,
    *,
    mapping_version: str,
    rows: Mapping[str, int],
    issues: Sequence[ReceivedIssue],
) -> None:
    """Write into a receipt what the mapping of today makes of its payload."""
    changed = {
        "mapping_version": mapping_version,
        "rows": orjson.dumps(dict(rows)).decode(),
        "issue_count": sum(each.count for each in issues),
    }
    connection.execute(sa.update(RECEIPT).where(RECEIPT.c.id == receipt_id).values(changed))
    connection.execute(sa.delete(RECEIPT_ISSUE).where(RECEIPT_ISSUE.c.receipt_id == receipt_id))
    written = [
        {
            "receipt_id": receipt_id,
            "position": position,
            "severity": each.severity,
            "code": each.code,
            "location": each.location,
            "text": each.text,
        }
        for position, each in enumerate(issues)
    ]
    if written:
        connection.execute(sa.insert(RECEIPT_ISSUE), written)


def _held(connection: Connection, table: str, column: str, values: Sequence[str]) -> Iterator[HeldRow]:
    twin = SOURCE[table]
    names = [twin.c[twin_name(name)] for name in TABLES[table].column_names]
    for batch in _batches(values):
        statement = sa.select(twin.c.source, twin.c.record_key, twin.c.row_hash, twin.c.receipt_id, *names)
        for source, record_key, row_hash, receipt_id, *cells in connection.execute(
            statement.where(twin.c[column].in_(batch))
        ):
            yield HeldRow(source, record_key, row_hash, receipt_id, tuple(cells))


def _batches(values: Sequence[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(values))
    return (distinct[start : start + AT_ONCE] for start in range(0, len(distinct), AT_ONCE))


def open_each_payload(connection: Connection, sealer: Sealer) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every payload and every piece, pieces of a file in order; raises SealBroken."""
    names = connection.execute(sa.select(PAYLOAD.c.digest).order_by(PAYLOAD.c.digest)).scalars().all()
    for batch in _batches(names):
        statement = sa.select(PAYLOAD.c.digest, PAYLOAD.c.sealed).where(PAYLOAD.c.digest.in_(batch))
        for digest, sealed in connection.execute(statement.order_by(PAYLOAD.c.digest)).all():
            yield digest, sealer.open(bytes(sealed), bound_to=digest)


def open_each_quarantined(connection: Connection, sealer: Sealer) -> Iterator[tuple[str, bytes]]:
    """Id and bytes of everything set aside whose bytes are kept; raises SealBroken."""
    statement = sa.select(QUARANTINE.c.id, QUARANTINE.c.sealed).where(QUARANTINE.c.sealed.is_not(None))
    for name, sealed in connection.execute(statement.order_by(QUARANTINE.c.id)).all():
        yield name, sealer.open(bytes(sealed), bound_to=f"quarantine/{name}")


def clear_quarantined(connection: Connection, names: Sequence[str]) -> None:
    """Remove the bytes of what was set aside; that it was, and why, stays."""
    for batch in _batches(names):
        cleared = sa.update(QUARANTINE).where(QUARANTINE.c.id.in_(batch))
        connection.execute(cleared.values(sealed=None, key_id=None))


def add_issue_to_files(connection: Connection, files: Sequence[str], issue: ReceivedIssue) -> None:
    """Add an issue to every receipt of these files."""
    for file in files:
        receipts = sa.select(RECEIPT.c.id).where(is_of_file(RECEIPT.c.digest, file))
        for receipt_id in connection.execute(receipts).scalars().all():
            last = sa.select(sa.func.max(RECEIPT_ISSUE.c.position)).where(RECEIPT_ISSUE.c.receipt_id == receipt_id)
            position = connection.execute(last).scalar()
            row = {"severity": issue.severity, "code": issue.code, "location": issue.location, "text": issue.text}
            place = {"receipt_id": receipt_id, "position": 0 if position is None else position + 1}
            connection.execute(sa.insert(RECEIPT_ISSUE).values(place | row))
            counted = sa.update(RECEIPT).where(RECEIPT.c.id == receipt_id)
            connection.execute(counted.values(issue_count=RECEIPT.c.issue_count + 1))
