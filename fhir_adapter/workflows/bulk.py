"""A Bulk Data export: lines of single resources put together as records, each read as if it had come as a Bundle.

Memory is flat in the size of the files: the lines wait in a private database on disk until all of them have come.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.bulk import OUTCOME, PERSONS, SHARED_TYPES, bulk_resource, last_update, rank_of, record_bundle
from fhir_adapter.fhir.incoming import IncomingLimits, parse_json
from fhir_adapter.sources.issues import Issue, Severity, capped
from fhir_adapter.store.bulk_spool import BulkSpool, Home, Placed, Spooled
from fhir_adapter.workflows.files import BulkExport, Line, lines
from fhir_adapter.workflows.ingest import ReadingRules, ReadPayload, read_bundle, read_line, refused_payload
from fhir_adapter.workflows.reading_pool import ReadingPool

NDJSON = "application/fhir+ndjson"
ENTRY = re.compile(r"^Bundle\.entry\[([0-9]+)\]\.resource")
NO_RESOURCE = "one FHIR resource a line is expected; a line without resourceType is none"
NOBODY = "the resource belongs to nobody: whom it names is not in the export; export that person too"
UNUSED = "no record refers to the resource, so it was not read"
OLDER = "the export holds this resource more than once; the one that was updated last counts"
TOLD = "the sender reports a fault of its export in this line; read it there"
ALONE = (
    "the file holds resources of one type alone, as Bulk Data export writes them: a record is in several such files; "
    "give the folder with all of them"
)


@dataclass(frozen=True, slots=True)
class BulkRecord:
    """One record of an export. content: its Bundle. places: file and line of each entry, types: what each entry is."""

    content: bytes
    places: tuple[str, ...]
    types: tuple[str, ...]


def read_export(
    export: BulkExport, rules: ReadingRules, *, adapter_name: str | None, pool: ReadingPool | None = None
) -> Iterator[ReadPayload]:
    """Payloads of an export: one a record, one for each line that no record can have, and last one that tells the rest.

    A line that cannot be read is set aside by itself, its neighbours are kept.
    """
    counts: Counter[str] = Counter()
    with BulkSpool() as spool:
        yield from _spooled(export, rules, spool, counts, adapter_name)
        spool.group()
        if not export.is_folder and len(export.files) == 1 and len(spool.types()) == 1:
            yield _refused(b"", "bulk.one-type-alone", export.name, ALONE)
            return
        yield from (_orphan(each, export) for each in spool.unplaced() if _is_of_a_person(each))
        records = _records(export, rules.limits, spool)
        read = partial(read_record, adapter_name=adapter_name)
        if pool is None:
            yield from (read(each, rules) for each in records)
        else:
            yield from pool.read_each(records, read)
        yield from (_too_large(each, rules.limits, export) for each in spool.homes() if _exceeds(each, rules.limits))
        yield from _told(export, spool, counts)


def read_record(record: BulkRecord, rules: ReadingRules, *, adapter_name: str | None) -> ReadPayload:
    """One record; every issue has the line of its resource and the FHIRPath within it."""
    read = read_bundle(record.content, rules, location=record.places[0], adapter_name=adapter_name)
    issues = tuple(replace(each, location=place_of(each.location, record)) for each in read.issues)
    refused = read.refused and replace(read.refused, location=place_of(read.refused.location, record))
    return replace(read, issues=issues, refused=refused)


def place_of(location: str, record: BulkRecord) -> str:
    """The line of the resource that a place in the Bundle of a record is in, with the path from there.

    What is in no one resource has the line of the record's first.
    """
    first = record.places[0]
    inside = location.removeprefix(first).lstrip()
    entry = ENTRY.match(inside)
    if entry is None:
        return f"{first} {inside}".rstrip()
    at = int(entry[1])
    return f"{record.places[at]} {record.types[at]}{inside[entry.end() :]}"


def _spooled(
    export: BulkExport, rules: ReadingRules, spool: BulkSpool, counts: Counter[str], adapter_name: str | None
) -> Iterator[ReadPayload]:
    """Set every line aside; gives what cannot be: broken lines, broken files, and lines that are Bundles after all."""
    for number, file in enumerate(export.files):
        try:
            for line in lines(file, longest=rules.limits.max_bytes):
                counts[file.path.name] += 1
                yield from _spool_line(line, number, file.name, rules, spool, adapter_name)
        except PayloadRefused as cause:
            digest = sha256(f"{file.name}|{cause.code}".encode()).hexdigest()
            yield refused_payload(b"", digest, cause, location=file.name)


def _spool_line(
    line: Line, file: int, name: str, rules: ReadingRules, spool: BulkSpool, adapter_name: str | None
) -> Iterator[ReadPayload]:
    place, content = f"{name}:{line.number}", line.content.strip()
    try:
        document = parse_json(content, rules.limits, place=place)
        found = bulk_resource(document, content)
        if found is None:
            raise PayloadRefused("bulk.no-resource", place, NO_RESOURCE)
    except PayloadRefused as cause:
        yield refused_payload(line.content, sha256(line.content).hexdigest(), cause, location=place)
        return
    if found.resource_type == "Bundle":
        yield read_line(line, rules, name, adapter_name)
        return
    spool.add(
        Spooled(
            file,
            line.number,
            found.resource_type,
            rank_of(found.resource_type),
            found.name,
            found.owner,
            found.updated,
            last_update(document),
            content,
            found.resource_type in PERSONS,
            found.references,
        )
    )


def _records(export: BulkExport, limits: IncomingLimits, spool: BulkSpool) -> Iterator[BulkRecord]:
    server = next((each.server for each in export.manifests.values() if each.server is not None), None)
    for home in spool.homes():
        if _exceeds(home, limits):
            continue
        members = spool.record(home)
        newest = max(members, key=lambda each: each.updated)
        bundle = record_bundle(
            [each.content for each in members],
            [each.name for each in members],
            server=server,
            recorded=newest.recorded,
        )
        yield BulkRecord(
            bundle,
            tuple(f"{export.files[each.file].name}:{each.line}" for each in members),
            tuple(each.resource_type for each in members),
        )


def _exceeds(home: Home, limits: IncomingLimits) -> bool:
    return home.entries > limits.max_entries or home.size > limits.max_bytes


def _too_large(home: Home, limits: IncomingLimits, export: BulkExport) -> ReadPayload:
    text = (
        f"the record that begins here has {home.entries:,} resources of {home.size:,} bytes, more than the "
        f"{limits.max_entries:,} or {limits.max_bytes:,} that one may have; it was not read"
    )
    return _refused(b"", "bulk.record-too-large", _place(home.first, export), text)


def _is_of_a_person(line: Placed) -> bool:
    return line.resource_type not in SHARED_TYPES and line.resource_type != OUTCOME


def _orphan(line: Placed, export: BulkExport) -> ReadPayload:
    return _refused(line.content, "bulk.no-person", _place(line, export), NOBODY)


def _refused(raw: bytes, code: str, location: str, text: str) -> ReadPayload:
    digest = sha256(raw or f"{location}|{code}".encode()).hexdigest()
    read = refused_payload(raw, digest, PayloadRefused(code, location, text), location=location)
    return replace(read, media_type=NDJSON)


def _told(export: BulkExport, spool: BulkSpool, counts: Counter[str]) -> Iterator[ReadPayload]:
    """One payload without rows for what is to be said of the export as a whole; none when there is nothing."""
    issues = capped((*_manifest_issues(export, counts), *_line_issues(export, spool)))
    if issues:
        digest = sha256(repr((export.name, issues)).encode()).hexdigest()
        yield ReadPayload(digest, b"", NDJSON, export.name, "", "", (), issues, record_count=0)


def _line_issues(export: BulkExport, spool: BulkSpool) -> Iterator[Issue]:
    for each in spool.older():
        yield Issue(Severity.WARNING, "bulk.older-version", _place(each, export), OLDER)
    for each in spool.unplaced():
        if each.resource_type == OUTCOME:
            yield Issue(Severity.WARNING, "bulk.sender-outcome", _place(each, export), TOLD)
        elif each.resource_type in SHARED_TYPES:
            yield Issue(Severity.INFORMATION, "bulk.unused", _place(each, export), UNUSED)


def _manifest_issues(export: BulkExport, counts: Counter[str]) -> Iterator[Issue]:
    for name, manifest in export.manifests.items():
        for number, (file, count) in enumerate(manifest.counts.items()):
            place = f"{name} output[{number}]"
            if not _names(file, counts):
                text = "the manifest lists a file that is not in the folder; fetch it and give the folder again"
                yield Issue(Severity.ERROR, "bulk.file-missing", place, text)
            elif count is not None and count != _lines_of(file, counts):
                text = f"the manifest says {count:,} lines and the file has {_lines_of(file, counts):,}; fetch it again"
                yield Issue(Severity.WARNING, "bulk.count-differs", place, text)


def _lines_of(file: str, counts: Counter[str]) -> int:
    return next((counts[each] for each in _names(file, counts)), 0)


def _names(file: str, counts: Iterable[str]) -> Sequence[str]:
    """The file as it lies here: it may have been packed, or unpacked, since the manifest was written."""
    return [each for each in counts if each.removesuffix(".gz") == file.removesuffix(".gz")]


def _place(line: Placed, export: BulkExport) -> str:
    return f"{export.files[line.file].name}:{line.line}"
