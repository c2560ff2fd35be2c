"""What of a payload may be kept: nothing about people who opted out or were erased, and no key that can be read.

A barred person takes along every row that names them and every row that hangs on such a row: a mother her pregnancies,
bookings, deliveries and births, a baby the stays and contacts. Of a bundle, which is about one mother, nothing is kept
when the mother is barred. The payload itself is not kept then, for it holds the identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nhs_number.validate import is_valid
from sqlalchemy.engine import Connection

from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Identity, MappedRecord
from fhir_adapter.store.barring import Barred, barred_words, is_anybody_barred
from fhir_adapter.store.dropped_payloads import dropped_files, file_of
from fhir_adapter.store.entities import KEYED_BY_ANOTHER
from fhir_adapter.workflows.identities import Pseudonyms
from fhir_adapter.workflows.ingest import Intake, ReadPayload
from fhir_adapter.workflows.naming import KEY_COLUMNS, Names, named, person_keys
from indicator_engine.tables import TABLES

CSV = "text/csv"
# ten digits as people write them; anything longer is another number
TEN_DIGITS = re.compile(rb"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
TOLD: Mapping[Barred, tuple[str, str]] = {
    Barred.OPT_OUT: ("person.opted-out", "of the people it tells of are on the opt-out list"),
    Barred.ERASED: ("person.erased", "of the people it tells of were erased before"),
}


@dataclass(frozen=True, slots=True)
class Admitted:
    """Payloads as they may be kept. dropped: files whose payload must not stay, with why."""

    payloads: Sequence[ReadPayload]
    dropped: Mapping[str, Barred]


def admit(connection: Connection, payloads: Sequence[ReadPayload], intake: Intake) -> Admitted:
    """Take out what must not be kept and give names to keys; nothing is written."""
    names = Names(intake.pseudonyms.key)
    barred = _barred_people(connection, payloads, intake.pseudonyms, names)
    dropped: dict[str, Barred] = {}
    admitted = []
    for payload in payloads:
        kept, reasons = _without_barred(payload, barred, intake.pseudonyms, names)
        for reason in reasons:
            dropped.setdefault(file_of(payload.digest), reason)
        admitted.append(kept)
    gone = dropped_files(connection, [file_of(each.digest) for each in payloads]) | dropped.keys()
    return Admitted([_raw_allowed(each, gone, intake) for each in admitted], dropped)


def plain_nhs_number(number: str | None) -> str | None:
    """Ten digits with a valid check digit, of any range; None for anything else."""
    digits = "" if number is None else number.replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() and is_valid(digits) else None


def numbers_in(raw: bytes) -> Iterator[str]:
    """NHS numbers that stand anywhere in bytes."""
    for found in TEN_DIGITS.findall(raw):
        number = plain_nhs_number(found.decode("ascii"))
        if number is not None:
            yield number


def _barred_people(
    connection: Connection, payloads: Sequence[ReadPayload], pseudonyms: Pseudonyms, names: Names
) -> Mapping[str, Barred]:
    """Words of barred people among those that the payloads tell of."""
    if not is_anybody_barred(connection):
        return {}
    words: set[str] = set()
    for payload in payloads:
        for record in payload.records:
            words.update(word for each in record.identities if (word := _word_of(each, pseudonyms)))
            words.update(map(names.of_key, person_keys(record)))
        if payload.refused is not None:
            words.update(map(pseudonyms.of_nhs_number, numbers_in(payload.raw)))
    return barred_words(connection, words)


def _word_of(identity: Identity, pseudonyms: Pseudonyms) -> str | None:
    number = plain_nhs_number(identity.nhs_number)
    return None if number is None else pseudonyms.of_nhs_number(number)


def _without_barred(
    payload: ReadPayload, barred: Mapping[str, Barred], pseudonyms: Pseudonyms, names: Names
) -> tuple[ReadPayload, list[Barred]]:
    is_file = payload.media_type == CSV
    if not barred:
        return replace(payload, records=[named(each, names, is_file_name=is_file) for each in payload.records]), []
    people: dict[str, Barred] = {}
    records: list[MappedRecord] = []
    for record in payload.records:
        found = _barred_keys(record, barred, pseudonyms, names)
        people |= found
        records.append(named(_cleared(record, found, is_file=is_file), names, is_file_name=is_file))
    reasons = list(people.values())
    if payload.refused is not None:
        numbers = map(pseudonyms.of_nhs_number, numbers_in(payload.raw))
        reasons += [barred[each] for each in dict.fromkeys(numbers) if each in barred]
    issues = (*payload.issues, *(_told(each, reasons.count(each), payload) for each in dict.fromkeys(reasons)))
    return replace(payload, records=records, issues=issues), reasons


def _barred_keys(
    record: MappedRecord, barred: Mapping[str, Barred], pseudonyms: Pseudonyms, names: Names
) -> dict[str, Barred]:
    found: dict[str, Barred] = {}
    for each in record.identities:
        word = _word_of(each, pseudonyms)
        if word is not None and word in barred:
            found[each.person_source_key] = barred[word]
    for key in person_keys(record):
        name = names.of_key(key)
        if name in barred:
            found.setdefault(key, barred[name])
    return found


def _cleared(record: MappedRecord, barred: Mapping[str, Barred], *, is_file: bool) -> MappedRecord:
    """The record without what is about barred people."""
    if not barred:
        return record
    mothers = {each.person_source_key for each in record.identities if each.role == "mother"}
    if not is_file and mothers & barred.keys():
        return replace(record, rows={}, identities=(), homes={}, withdrawn=())
    gone = set(barred)
    while reached := _reached(record, gone):
        gone |= reached
    rows = {table: [row for row in rows if not _names(table, row, gone)] for table, rows in record.rows.items()}
    return replace(
        record,
        rows={table: each for table, each in rows.items() if each},
        identities=[each for each in record.identities if each.person_source_key not in gone],
        homes={home: postcode for home, postcode in record.homes.items() if home[0] not in gone},
    )


def _reached(record: MappedRecord, gone: set[str]) -> set[str]:
    """Own keys of rows that name what is gone."""
    return {
        str(row[TABLES[table].key[0]])
        for table, rows in record.rows.items()
        if table not in KEYED_BY_ANOTHER
        for row in rows
        if _names(table, row, gone)
    } - gone


def _names(table: str, row: Mapping[str, object], gone: set[str]) -> bool:
    return any(row.get(column) in gone for column in KEY_COLUMNS[table])


def _told(reason: Barred, people: int, payload: ReadPayload) -> Issue:
    code, text = TOLD[reason]
    return Issue(
        Severity.INFORMATION, code, payload.location, f"{people:,} {text}: nothing of them is kept, nor the payload"
    )


def _raw_allowed(payload: ReadPayload, gone: frozenset[str], intake: Intake) -> ReadPayload:
    is_allowed = intake.keeps_payloads and file_of(payload.digest) not in gone
    return payload if is_allowed else replace(payload, raw=b"")
