"""What became of the records of a submission, as issues of an OperationOutcome: places and names, never a value."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_adapter.feedback import Conflicts, Feedback, RecordFeedback
from fhir_adapter.feedback_words import (
    conflicts_words,
    entered_words,
    held_words,
    rule_words,
    stored_words,
    totals_words,
)
from fhir_adapter.fhir.outcome import Fault

CONFLICT_CODES = {"opened": "receipt.conflict-opened", "closed": "receipt.conflict-closed"}


def feedback_faults(feedback: Feedback) -> list[Fault]:
    """Issues of each record in turn, and of several their sum; none of them is an error, for all was taken in."""
    found = [fault for each in feedback.records for fault in _of_record(each)]
    if feedback.totals.records > 1:
        text = "; ".join(totals_words(feedback.totals))
        found.append(Fault("information", "receipt.totals", "", text))
    return found


def _of_record(record: RecordFeedback) -> Iterator[Fault]:
    told, place = record.told, record.place
    if told is None:
        return
    yield Fault("information", "receipt.stored", place, stored_words(told))
    for fired in told.rules:
        severity = "information" if fired.severity == "info" else "warning"
        yield Fault(severity, "receipt.rule-fired", place, rule_words(fired))
    yield from _conflicts("warning", "opened", told.conflicts_opened, place)
    yield from _conflicts("information", "closed", told.conflicts_closed, place)
    for held in told.held:
        yield Fault("warning", "receipt.held", place, held_words(held))
    code = "receipt.indicators" if told.indicators else "receipt.no-indicator"
    yield Fault("information", code, place, entered_words(told))


def _conflicts(severity: str, word: str, conflicts: Conflicts, place: str) -> Iterator[Fault]:
    for text in conflicts_words(conflicts):
        yield Fault(severity, CONFLICT_CODES[word], place, f"conflict {word}: {text}")
