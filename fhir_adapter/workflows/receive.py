"""One payload over HTTP: read, keep, resolve, and say what became of it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

from fhir_adapter.errors import AdapterUnknown, PayloadRefused
from fhir_adapter.feedback import Feedback
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.plain_texts import without_identifiers
from fhir_adapter.store.database import writing
from fhir_adapter.store.intake_log import ReceivedIssue
from fhir_adapter.workflows.feedback import Submission, feedback_of
from fhir_adapter.workflows.ingest import Intake, ReadPayload, placed_in, read_bundle, refused_payload
from fhir_adapter.workflows.ingest_files import PIECE_BYTES, read_csv_stream, refuse_nul
from fhir_adapter.workflows.keep import ALREADY_PROCESSED, Kept, keep_payloads
from fhir_adapter.workflows.resolve import resolve_pending

CSV_TYPES = ("text/csv", "application/csv")
NDJSON_TYPES = ("application/fhir+ndjson", "application/ndjson", "application/x-ndjson")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one request. status: accepted, already-processed or refused; refused keeps no row.

    rows: rows mapped, by table. issues: every fault, by place. feedback: what became of each record; of one that was
    sent before, what was told of it then.
    """

    receipt_id: str
    status: str
    adapter: str
    rows: Mapping[str, int]
    issues: tuple[Issue | ReceivedIssue, ...]
    feedback: Feedback


def receive_bundle(raw: bytes, intake: Intake) -> Receipt:
    """Take one Bundle in. A transaction with a fault is refused whole; of a batch the good rows are kept."""
    return _receive([read_bundle(raw, intake, location="Bundle", is_strict=True)], intake)


def receive_payload(raw: bytes, media_type: str, adapter: str | None, name: str, intake: Intake) -> Receipt:
    """Take in anything: a Bundle of any type, NDJSON of Bundles, or CSV, by its media type.

    Raises AdapterUnknown for an adapter that is not there.
    """
    if adapter is not None:
        _check_adapter(adapter, intake)
    # it stands in every place of the answer, and a file may be named after a patient
    told = without_identifiers(name)
    return _receive(list(_read(raw, media_type, adapter, told, intake)), intake)


def _check_adapter(adapter: str, intake: Intake) -> None:
    try:
        intake.adapters.by_name(adapter)
    except AdapterUnknown as cause:
        raise AdapterUnknown("address", cause.text, cause.known) from cause


def _read(raw: bytes, media_type: str, adapter: str | None, name: str, intake: Intake) -> Iterator[ReadPayload]:
    digest = sha256(raw).hexdigest()
    try:
        if not raw.strip():
            raise PayloadRefused("payload.empty", name, "the body is empty; send a Bundle, NDJSON or CSV")
        if media_type in CSV_TYPES:
            refuse_nul(raw, name)
            pieces = (raw[start : start + PIECE_BYTES] for start in range(0, len(raw), PIECE_BYTES))
            yield from read_csv_stream(
                io.BytesIO(raw), intake, name=name, digest=digest, adapter_name=adapter, pieces=pieces
            )
        elif media_type in NDJSON_TYPES:
            for number, line in enumerate(raw.splitlines(), start=1):
                if line.strip():
                    place = f"{name}:{number}"
                    yield placed_in(read_bundle(line, intake, location=place, adapter_name=adapter), place)
        else:
            yield read_bundle(raw, intake, location=name, adapter_name=adapter)
    except PayloadRefused as cause:
        yield refused_payload(raw, digest, cause, location=name)


def _receive(payloads: list[ReadPayload], intake: Intake) -> Receipt:
    submission = Submission()
    with writing(intake.engine) as connection:
        kept = keep_payloads(connection, payloads, intake)
        resolve_pending(connection)
        for each in kept:
            submission.add(each)
        feedback = feedback_of(connection, submission)
    return _receipt(kept, feedback)


def _receipt(kept: list[Kept], feedback: Feedback) -> Receipt:
    statuses = {each.status for each in kept}
    if statuses == {ALREADY_PROCESSED}:
        status = ALREADY_PROCESSED
    else:
        status = "accepted" if "accepted" in statuses or ALREADY_PROCESSED in statuses else "refused"
    return Receipt(
        receipt_id=kept[0].receipt_id,
        status=status,
        adapter=next((each.adapter for each in kept if each.adapter), ""),
        rows=_rows(kept),
        issues=_issues(kept),
        feedback=feedback,
    )


def _rows(kept: list[Kept]) -> dict[str, int]:
    """Rows mapped of all that was kept, by table."""
    counts: Counter[str] = Counter()
    for each in kept:
        counts.update(each.rows)
    return dict(sorted(counts.items()))


def _issues(kept: list[Kept]) -> tuple[Issue | ReceivedIssue, ...]:
    """Every issue, errors first, so that a reader of the first few sees what matters."""
    found = list(chain.from_iterable(each.issues for each in kept))
    return tuple(sorted(found, key=lambda each: str(each.severity) != str(Severity.ERROR)))
