"""Payloads that were read, kept in one transaction: sealed bytes, source rows, identifiers, receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.engine import Connection

from fhir_adapter.sources.issues import Issue
from fhir_adapter.sources.plain_texts import without_identifiers
from fhir_adapter.sources.records import ColumnRows, Home, MappedRecord, Row
from fhir_adapter.store.dropped_payloads import drop_payloads
from fhir_adapter.store.instants import instant_text, to_utc_text
from fhir_adapter.store.intake_log import (
    ReceiptStatus,
    Received,
    ReceivedIssue,
    find_receipt,
    known_digests,
    save_received,
)
from fhir_adapter.store.linkage_zone import ZoneEntry, save_zone_entries
from fhir_adapter.store.reference_tables import Area, areas_of_postcodes
from fhir_adapter.store.resolved import wait_for_other_writers
from fhir_adapter.store.source_rows import Provenance, SourceRecord, save_source_records, source_record
from fhir_adapter.store.source_systems import save_source_systems
from fhir_adapter.store.withdrawals import (
    Withdrawal,
    WithdrawalKind,
    is_anything_withdrawn,
    save_withdrawals,
    take_back,
    withdrawals_of,
)
from fhir_adapter.systems import System
from fhir_adapter.workflows.admission import admit
from fhir_adapter.workflows.identities import Told, zone_entries
from fhir_adapter.workflows.ingest import Intake, ReadPayload
from fhir_adapter.workflows.naming import KEY_COLUMNS
from indicator_engine.tables import TABLES

SEXES = ("1", "2")  # male and female; indeterminate and not known tell nobody apart
RECEIPT_CHARACTERS = 32  # of the digest: the same payload has the same receipt


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one payload. status: accepted, already-processed or quarantined. rows: rows mapped, by table."""

    receipt_id: str
    location: str
    adapter: str
    status: str
    rows: Mapping[str, int]
    issues: tuple[Issue | ReceivedIssue, ...]
    record_count: int


ALREADY_PROCESSED = "already-processed"


def keep_payloads(connection: Connection, payloads: Sequence[ReadPayload], intake: Intake) -> list[Kept]:
    """Keep what is new of `payloads`, in order; a payload that was accepted before changes nothing."""
    wait_for_other_writers(connection)
    admitted = admit(connection, payloads, intake)
    payloads = admitted.payloads
    known = known_digests(connection, [each.digest for each in payloads])
    received_at = instant_text(intake.now())
    fresh: dict[str, ReadPayload] = {}
    for each in payloads:
        if each.digest not in known:
            fresh.setdefault(each.digest, each)
    kept = [each for each in fresh.values() if each.refused is None]
    save_prepared(connection, prepared_rows(connection, kept, intake, received_at), intake)
    received = [_received(each, received_at) for each in fresh.values()]
    save_received(connection, received, intake.sealer)
    drop_payloads(connection, [(file, str(reason)) for file, reason in admitted.dropped.items()], at=received_at)
    return list(_answers(connection, payloads, fresh))


def receipt_id_of(digest: str) -> str:
    """The receipt of a payload, or of one piece of it: the same for the same bytes."""
    whole = sha256(digest.encode()).hexdigest() if "/" in digest else digest
    return whole[:RECEIPT_CHARACTERS]


def _answers(
    connection: Connection, payloads: Sequence[ReadPayload], fresh: Mapping[str, ReadPayload]
) -> Iterator[Kept]:
    for each in payloads:
        receipt_id = receipt_id_of(each.digest)
        new = fresh.get(each.digest)
        if new is each or (
            new is not None and new.refused is not None
        ):  # each bad line counts, if only the first is kept
            status = str(ReceiptStatus.ACCEPTED if each.refused is None else ReceiptStatus.QUARANTINED)
            refused = () if each.refused is None else (each.refused,)
            issues = (*refused, *each.issues)
            counts = row_counts(each.records)
            yield Kept(receipt_id, each.location, each.adapter, status, counts, issues, each.record_count)
        else:
            receipt = find_receipt(connection, each.digest)
            rows = {} if receipt is None else receipt.rows
            yield Kept(receipt_id, each.location, each.adapter, ALREADY_PROCESSED, rows, (), each.record_count)


def row_counts(records: Sequence[MappedRecord]) -> dict[str, int]:
    """How many rows were mapped, by table."""
    counts: defaultdict[str, int] = defaultdict(int)
    for record in records:
        for table, rows in record.rows.items():
            counts[table] += len(rows)
    return dict(sorted(counts.items()))


def _received(payload: ReadPayload, received_at: str) -> Received:
    """What is kept of a payload; a file may be named after a patient, and its name stands in every place."""
    issues = [
        ReceivedIssue(str(each.severity), each.code, without_identifiers(each.location), each.text, each.count)
        for each in payload.issues
    ]
    if payload.refused is not None:
        place = without_identifiers(payload.refused.location)
        issues.insert(0, ReceivedIssue("error", payload.refused.code, place, payload.refused.text))
    return Received(
        receipt_id=receipt_id_of(payload.digest),
        digest=payload.digest,
        source_name=payload.records[0].source if payload.records else without_identifiers(payload.location),
        adapter=payload.adapter or None,
        mapping_version=payload.mapping_version or None,
        media_type=payload.media_type,
        status=ReceiptStatus.ACCEPTED if payload.refused is None else ReceiptStatus.QUARANTINED,
        received_at=received_at,
        rows=row_counts(payload.records),
        issues=issues,
        pieces=[payload.raw] if payload.raw else [],
        takes_back=any(record.withdrawn for record in payload.records),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """What many payloads come to, ready to be written: rows by table, identifiers, what sources took back.

    systems: kind of system of each source.
    """

    by_table: Mapping[str, Sequence[SourceRecord]]
    zone: Sequence[ZoneEntry]
    systems: Mapping[str, str]
    withdrawals: Sequence[Withdrawal]


def prepared_rows(
    connection: Connection, payloads: Sequence[ReadPayload], intake: Intake, received_at: str
) -> Prepared:
    """Source rows and identifiers of payloads; homes have got their areas. Nothing is written."""
    identities = [identity for each in payloads for record in each.records for identity in record.identities]
    homes_told = {postcode for each in payloads for record in each.records for postcode in record.homes.values()}
    areas = areas_of_postcodes(connection, homes_told | {each.postcode for each in identities if each.postcode})
    by_table: defaultdict[str, list[SourceRecord]] = defaultdict(list)
    zone: list[ZoneEntry] = []
    withdrawals: list[Withdrawal] = []
    for payload in payloads:
        for record in payload.records:
            provenance = _provenance(payload, record, received_at)
            homes = {(each.person_source_key, each.lived_from): each.postcode for each in record.identities}
            for table, rows in record.rows.items():
                placed = [_with_area(row, record.homes, homes, areas) for row in rows] if table == "residence" else rows
                by_table[table].append(by_column(provenance, table, placed))
            withdrawals += _withdrawals(record, provenance)
            people = [each for each in record.identities if each.lived_from is None]
            told = Told(record.source, record.recorded_at, _sexes(record.rows.get("person", ())))
            zone += zone_entries(people, told, intake.pseudonyms, synthetic=intake.synthetic)
    systems = {record.source: _system_of(payload, intake) for payload in payloads for record in payload.records}
    return Prepared(by_table, zone, systems, withdrawals)


def by_column(provenance: Provenance, table: str, rows: Sequence[Row]) -> SourceRecord:
    """The rows of one table as the store takes them; those of a file stand by column already."""
    if isinstance(rows, ColumnRows):
        return SourceRecord(provenance, dict(zip(rows.columns, rows.cells, strict=True)), len(rows))
    return source_record(provenance, table, rows)


def save_prepared(connection: Connection, prepared: Prepared, intake: Intake) -> None:
    """Write them, one statement a table, and remove what sources took back, then or earlier."""
    save_source_systems(connection, prepared.systems)
    for table, records in prepared.by_table.items():
        save_source_records(connection, table, records)
    save_zone_entries(connection, prepared.zone, intake.sealer)
    save_withdrawals(connection, prepared.withdrawals)
    if is_anything_withdrawn(connection):
        take_back(connection, withdrawals_of(connection, keys_in(prepared)))


def keys_in(prepared: Prepared) -> set[str]:
    """Every key that stands in the rows, and those that are taken back."""
    found = {
        str(key)
        for table, records in prepared.by_table.items()
        for record in records
        for column in KEY_COLUMNS[table]
        for key in record.cells.get(column, ())
        if key is not None
    }
    return found | {each.source_key for each in prepared.withdrawals}


def _withdrawals(record: MappedRecord, provenance: Provenance) -> Iterator[Withdrawal]:
    """What a record takes back: the resources that it says so of, and earlier versions of the rows that it gives.

    A resource may have filled a cell of a row of another, and a record that takes something back tells the rest whole.
    """
    if not record.withdrawn:
        return
    moment = provenance.received_at if provenance.recorded_at is None else to_utc_text(provenance.recorded_at)
    for key in dict.fromkeys(record.withdrawn):
        yield Withdrawal(key, record.source, WithdrawalKind.WITHDRAWN, moment, provenance.receipt_id)
    given = {str(row[TABLES[table].key[0]]) for table, rows in record.rows.items() for row in rows}
    for key in sorted(given):
        yield Withdrawal(key, record.source, WithdrawalKind.SUPERSEDED, moment, provenance.receipt_id)


def _system_of(payload: ReadPayload, intake: Intake) -> str:
    known = intake.adapters.adapters.get(payload.adapter)
    return str(System.OTHER if known is None else known.manifest.system)


def _sexes(people: Sequence[Row]) -> dict[str, str]:
    """Sex of each person that the rows tell as male or female."""
    return {str(row["person_key"]): str(row["sex"]) for row in people if row.get("sex") in SEXES}


def _provenance(payload: ReadPayload, record: MappedRecord, received_at: str) -> Provenance:
    return Provenance(
        source=record.source,
        source_record_id=record.source_record_id,
        observed_at=None,
        recorded_at=record.recorded_at,
        received_at=received_at,
        receipt_id=receipt_id_of(payload.digest),
        mapping_version=f"{payload.adapter} {payload.mapping_version}",
    )


def _with_area(
    row: Row,
    told: Mapping[Home, str],
    homes: Mapping[tuple[str, str | None], str | None],
    areas: Mapping[str, Area],
) -> Row:
    """A residence with the small areas of its postcode; the postcode itself goes no further.

    told: postcodes of residences. homes: postcodes by person and, for a former home, the day from which it was one.
    """
    person, since = str(row.get("person_key")), str(row.get("valid_from"))
    postcode = told.get((person, since)) or homes.get((person, since)) or homes.get((person, None))
    if postcode is None or row.get("imd_missing_reason") is not None:
        return row
    area = areas.get(postcode)
    if area is None:
        return {**row, "imd_missing_reason": "unknown_area"}
    reason = {"imd_missing_reason": "outside_england"} if area.is_outside_england else {}
    return {
        **row,
        **reason,
        "lsoa_2011": row.get("lsoa_2011") or area.lsoa_2011,
        "lsoa_2021": row.get("lsoa_2021") or area.lsoa_2021,
        "local_authority": row.get("local_authority") or area.local_authority,
    }
