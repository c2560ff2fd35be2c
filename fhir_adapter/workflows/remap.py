"""Stored payloads mapped again: what a corrected mapping changes, told first and then written.

Two passes over the payloads, in the order in which they came. The first compares and writes nothing. The second takes
back the rows of every payload and writes those of today; both stand in one transaction, so that a fault leaves all as
it was. Memory is flat in the number of bundles; a CSV file is held as a whole while it is read.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from sqlalchemy.engine import Connection

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.store.audit_log import Opened, Purpose
from fhir_adapter.store.database import writing
from fhir_adapter.store.dropped_payloads import count_without_payload
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.intake_log import ReceivedIssue
from fhir_adapter.store.source_rows import HeldRow, rows_to_store
from fhir_adapter.store.stored_payloads import (
    StoredPayload,
    delete_source_rows,
    list_payloads,
    listed_issues,
    open_inputs,
    renew_receipt,
    rows_of_keys,
    rows_of_receipts,
)
from fhir_adapter.store.withdrawals import is_anything_withdrawn, standing, withdrawals_of
from fhir_adapter.workflows.admission import admit
from fhir_adapter.workflows.ingest import Intake, ReadPayload, read_bundle
from fhir_adapter.workflows.ingest_files import read_csv_stream
from fhir_adapter.workflows.keep import keys_in, prepared_rows, receipt_id_of, row_counts, save_prepared
from fhir_adapter.workflows.openings import note
from fhir_adapter.workflows.resolve import resolve_everything
from indicator_engine.tables import TABLES

NO_PIECES: tuple[bytes, ...] = ()


@dataclass(slots=True)
class TableChange:
    """Rows of one table that come, go or differ. columns: cells that differ, by column."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    columns: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class RemapReport:
    """What a remap did. refused: payloads that the mapping of today does not take; their rows stay as they were.

    not_kept: files that were accepted and whose bytes are not kept, so that nothing could be mapped again.
    before, after: issues that the receipts list, by code.
    """

    payloads: int = 0
    refused: int = 0
    not_kept: int = 0
    tables: dict[str, TableChange] = field(default_factory=dict)
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Remapped:
    """What the mapping of today makes of one payload, with the receipts that it came under."""

    receipts: tuple[StoredPayload, ...]
    reads: tuple[ReadPayload, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the mapping of today takes nothing of it."""
        return any(each.refused is not None for each in self.reads)

    def receipt_ids(self) -> list[str]:
        """The receipts of its pieces."""
        return [each.receipt_id for each in self.receipts]


def remap(intake: Intake, *, adapter_name: str | None, is_dry: bool = False) -> RemapReport:
    """Map every stored payload again, of one adapter or of all; with is_dry only tell what would change."""
    report = RemapReport()
    with writing(intake.engine) as connection:
        stored = list_payloads(connection, adapter_name)
        report.not_kept = count_without_payload(connection, adapter_name)
        note(connection, intake, Purpose.REMAP, Opened.PAYLOAD, len(stored) if is_dry else 2 * len(stored))
        taken: list[str] = []
        for each in _remapped(connection, stored, intake):
            report.payloads += 1
            if each.is_refused:
                report.refused += 1
                continue
            taken += each.receipt_ids()
            _compare(connection, each, intake, report)
        if not is_dry:
            delete_source_rows(connection, taken)
            for each in _remapped(connection, stored, intake):
                if not each.is_refused:
                    _write(connection, each, intake)
    if not is_dry:
        resolve_everything(intake.engine)
    return report


def _remapped(connection: Connection, stored: Sequence[StoredPayload], intake: Intake) -> Iterator[Remapped]:
    for receipts, raw in open_inputs(connection, stored, intake.sealer):
        yield Remapped(receipts, tuple(admit(connection, _read(raw, receipts[0], intake), intake).payloads))


def _read(raw: bytes, first: StoredPayload, intake: Intake) -> list[ReadPayload]:
    name = f"receipt {first.receipt_id}"
    if first.media_type != "text/csv":
        read = read_bundle(raw, intake, location=name, adapter_name=first.adapter)
        return [replace(read, digest=first.digest, raw=b"")]
    digest = first.digest.partition("/")[0]
    try:
        stream = io.BytesIO(raw)
        return list(
            read_csv_stream(
                stream, intake, name=name, digest=digest, adapter_name=first.adapter, pieces=iter(NO_PIECES)
            )
        )
    except PayloadRefused:
        return [replace(read_bundle(b"", intake, location=name), digest=first.digest)]


def _compare(connection: Connection, remapped: Remapped, intake: Intake, report: RemapReport) -> None:
    receipt_ids = remapped.receipt_ids()
    report.before += listed_issues(connection, receipt_ids)
    report.after.update(each.code for read in remapped.reads for each in read.issues)
    prepared = prepared_rows(connection, remapped.reads, intake, remapped.receipts[0].received_at)
    withdrawals = withdrawals_of(connection, keys_in(prepared)) if is_anything_withdrawn(connection) else ()
    for table in (each.name for each in CLINICAL_TABLES):
        records = [standing(TABLES[table], each, withdrawals) for each in prepared.by_table.get(table, ())]
        made = [row for record in records for row in rows_to_store(table, record)]
        held = list(rows_of_receipts(connection, table, receipt_ids))
        if made or held:
            _compare_table(connection, table, made, held, report.tables.setdefault(table, TableChange()))


def _compare_table(
    connection: Connection, table: str, made: Sequence[HeldRow], held: Sequence[HeldRow], change: TableChange
) -> None:
    """Count what differs. A row that is held under another receipt, which sent the same before, is counted there."""
    known = {(each.source, each.record_key): each for each in held}
    missing = [each.record_key for each in made if (each.source, each.record_key) not in known]
    elsewhere = {(each.source, each.record_key) for each in rows_of_keys(connection, table, missing)}
    for row in made:
        key = (row.source, row.record_key)
        before = known.get(key)
        if before is None:
            change.added += key not in elsewhere
            continue
        differing = [
            name
            for name, old, new in zip(TABLES[table].column_names, before.cells, row.cells, strict=True)
            if old != new
        ]
        change.changed += bool(differing)
        change.columns.update(differing)
    made_keys = {(each.source, each.record_key) for each in made}
    change.removed += sum(key not in made_keys for key in known)


def _write(connection: Connection, remapped: Remapped, intake: Intake) -> None:
    known = {each.receipt_id for each in remapped.receipts}
    first = remapped.receipts[0]
    reads = [
        each if receipt_id_of(each.digest) in known else replace(each, digest=first.digest) for each in remapped.reads
    ]
    save_prepared(connection, prepared_rows(connection, reads, intake, first.received_at), intake)
    for receipt_id, group in groupby(reads, key=lambda each: receipt_id_of(each.digest)):
        found = list(group)
        renew_receipt(
            connection,
            receipt_id,
            mapping_version=found[0].mapping_version,
            rows=row_counts([record for each in found for record in each.records]),
            issues=[
                ReceivedIssue(str(issue.severity), issue.code, issue.location, issue.text, issue.count)
                for each in found
                for issue in each.issues
            ],
        )
