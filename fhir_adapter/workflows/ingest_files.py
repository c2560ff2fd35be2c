"""Files and folders in: each payload kept, the touched people resolved, every fault told by place."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.feedback import Feedback
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.csv_text import read_header
from fhir_adapter.sources.issues import Issue, Severity, capped
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.intake_log import ReceivedIssue
from fhir_adapter.workflows.bulk import read_export
from fhir_adapter.workflows.feedback import Submission, feedback_of
from fhir_adapter.workflows.files import BulkExport, FileKind, Input, InputFile, lines, opened, readable, whole
from fhir_adapter.workflows.identities import identity_issues
from fhir_adapter.workflows.ingest import Intake, ReadPayload, read_bundle, read_line, refused_payload
from fhir_adapter.workflows.keep import ALREADY_PROCESSED, Kept, keep_payloads
from fhir_adapter.workflows.reading_pool import ReadingPool
from fhir_adapter.workflows.resolve import Resolved, resolve_store

PAYLOADS_AT_ONCE = 250
MOST_ISSUES_SHOWN = 100
PIECE_BYTES = 1 << 20


@dataclass(slots=True)
class FileReport:
    """What became of one file. rows: rows mapped, by table. issues: the first of them; `issue_count` counts all.

    submission: its records. feedback: what became of each of them, known once they are resolved.
    """

    path: str
    adapter: str = ""
    accepted: int = 0
    quarantined: int = 0
    already_processed: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    issues: list[ReceivedIssue] = field(default_factory=list)
    issue_count: int = 0
    error_count: int = 0
    submission: Submission = field(default_factory=Submission)
    feedback: Feedback = field(default_factory=Feedback)

    def add(self, kept: Kept) -> None:
        """Count one payload of the file."""
        self.adapter = self.adapter or kept.adapter
        self.already_processed += kept.record_count * (kept.status == ALREADY_PROCESSED)
        self.accepted += kept.record_count * (kept.status == "accepted")
        self.quarantined += kept.status == "quarantined"
        if kept.status != ALREADY_PROCESSED:
            self.rows.update(kept.rows)
        for issue in kept.issues:
            self.add_issue(issue)
        self.submission.add(kept)

    def add_issue(self, issue: Issue | ReceivedIssue) -> None:
        """Count an issue, and keep it while there are few."""
        self.issue_count += issue.count
        self.error_count += issue.count * (str(issue.severity) == str(Severity.ERROR))
        if len(self.issues) < MOST_ISSUES_SHOWN:
            self.issues.append(ReceivedIssue(str(issue.severity), issue.code, issue.location, issue.text))


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of all files, and what the resolution made of them."""

    files: tuple[FileReport, ...]
    resolved: Resolved

    @property
    def has_problems(self) -> bool:
        """Whether any file held an error."""
        return any(file.error_count or file.quarantined for file in self.files)

    def total(self, name: str) -> int:
        """Sum of one count over the files."""
        return sum(int(getattr(file, name)) for file in self.files)


def ingest_files(
    files: Sequence[Input],
    intake: Intake,
    *,
    adapter_name: str | None = None,
    progress: Callable[[int], None] | None = None,
    pool: ReadingPool | None = None,
) -> IngestReport:
    """Take every file in; one that cannot be read is an issue and never stops the others.

    pool: processes that read the lines of NDJSON files; this process writes what they give.
    """
    reports = [FileReport(file.name) for file in files]
    done = 0
    for file, report in zip(files, reports, strict=True):
        for batch in _batches(read_file(file, intake, adapter_name=adapter_name, pool=pool)):
            with writing(intake.engine) as connection:
                kept = keep_payloads(connection, batch, intake)
            for each in kept:
                report.add(each)
            done += len(batch)
            if progress is not None:
                progress(done)
    resolved = resolve_store(intake.engine)
    with reading(intake.engine) as connection:
        for report in reports:
            report.feedback = feedback_of(connection, report.submission)
    return IngestReport(tuple(reports), resolved)


def dry_run(
    files: Sequence[Input], intake: Intake, *, adapter_name: str | None = None
) -> Iterator[tuple[Input, list[ReadPayload]]]:
    """What every file would become, without keeping anything."""
    for file in files:
        yield file, list(read_file(file, intake, adapter_name=adapter_name))


def read_file(
    file: Input, intake: Intake, *, adapter_name: str | None, pool: ReadingPool | None = None
) -> Iterator[ReadPayload]:
    """Payloads of one file, or of one export; a file that cannot be read is one refused payload."""
    if isinstance(file, BulkExport):
        yield from read_export(file, intake, adapter_name=adapter_name, pool=pool)
        return
    try:
        if file.kind is FileKind.CSV:
            yield from _read_csv(file, intake, adapter_name)
        elif file.kind is FileKind.NDJSON and pool is not None:
            yield from pool.read(file, adapter_name=adapter_name, longest=intake.limits.max_bytes)
        elif file.kind is FileKind.NDJSON:
            found = lines(file, longest=intake.limits.max_bytes)
            yield from (read_line(line, intake, file.name, adapter_name) for line in found)
        elif file.kind is FileKind.JSON:
            yield read_bundle(whole(file), intake, location=file.name, adapter_name=adapter_name)
        else:
            text = "only .json, .ndjson and .csv files are read, and .gz of each; rename the file if it is one"
            raise PayloadRefused("file.unknown-kind", file.name, text)
    except PayloadRefused as cause:
        yield refused_payload(b"", sha256(f"{file.name}|{cause.code}".encode()).hexdigest(), cause, location=file.name)


def read_csv_stream(
    stream: BinaryIO,
    intake: Intake,
    *,
    name: str,
    digest: str,
    adapter_name: str | None,
    pieces: Iterator[bytes],
) -> Iterator[ReadPayload]:
    """Payloads of a CSV file, a batch of lines each; raises PayloadRefused when the file cannot be read at all.

    pieces: the raw bytes of the same file, which are kept piece by piece beside the batches.
    """
    adapter = (
        intake.adapters.for_header(read_header(stream, name=name), name)
        if adapter_name is None
        else intake.adapters.by_name(adapter_name)
    )
    stream.seek(0)
    number = 0
    for record in map_csv(adapter, stream, name=name, digest=digest):
        issues = capped((*record.issues, *identity_issues(record.identities, name, synthetic=intake.synthetic)))
        yield ReadPayload(
            digest=piece_name(digest, number),
            raw=next(pieces, b""),
            media_type="text/csv",
            location=name,
            adapter=adapter.name,
            mapping_version=adapter.version,
            records=[record],
            issues=issues,
            record_count=len(record.rows.get("baby", ())) or max(map(len, record.rows.values()), default=0),
        )
        number += 1
    for piece in pieces:
        yield ReadPayload(
            piece_name(digest, number), piece, "text/csv", name, adapter.name, adapter.version, [], (), record_count=0
        )
        number += 1


def refuse_nul(piece: bytes, name: str) -> None:
    """Refuse a CSV that holds the NUL character, which no store could keep; raises PayloadRefused."""
    if b"\x00" in piece:
        text = "the file holds the NUL character, as UTF-16 does; save it as UTF-8 and remove what is no text"
        raise PayloadRefused("csv.nul", name, text)


def piece_name(digest: str, number: int) -> str:
    """Name of one piece of a large file; in order of their names the pieces give the file again."""
    return f"{digest}/{number:06}"


def _read_csv(file: InputFile, intake: Intake, adapter_name: str | None) -> Iterator[ReadPayload]:
    with readable(file), opened(file) as stream, opened(file) as again:
        digest = sha256()
        for piece in _pieces(stream):
            refuse_nul(piece, file.name)
            digest.update(piece)
        stream.seek(0)
        yield from read_csv_stream(
            stream,
            intake,
            name=file.name,
            digest=digest.hexdigest(),
            adapter_name=adapter_name,
            pieces=_pieces(again),
        )


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(PIECE_BYTES), b"")


def _batches(payloads: Iterator[ReadPayload]) -> Iterator[list[ReadPayload]]:
    """Batches small enough that a batch never waits for the garbage collector."""
    batch: list[ReadPayload] = []
    while True:
        with _without_collection():
            for payload in payloads:
                batch.append(payload)
                if len(batch) == PAYLOADS_AT_ONCE:
                    break
        if not batch:
            return
        yield batch
        batch = []


@contextmanager
def _without_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def record_rows(records: Sequence[MappedRecord]) -> dict[str, list[dict[str, object]]]:
    """Rows of many records by table, as plain objects."""
    rows: dict[str, list[dict[str, object]]] = {}
    for record in records:
        for table, found in record.rows.items():
            rows.setdefault(table, []).extend(dict(row) for row in found)
    return rows
