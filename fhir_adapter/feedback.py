"""What a sender is told of each record at once: what was stored, which rules fired, conflicts, where it will count.

These are the values of one document, which the store keeps, the command prints and the service answers. They name
tables, columns, rules and indicators; never a value, and never the key of a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

MOST_RECORDS_TOLD = 100  # records that a receipt goes through one by one; the totals are of all
MOST_CONFLICTS_TOLD = 20  # conflicts of one record that are listed; the others are counted


class NotCounted(StrEnum):
    """Why a record enters no indicator.

    held: what would count is held. no_date: it says when of nothing that would count. outside: it is in the
    denominator of none. nothing_counted: it tells of no booking, delivery or baby. nothing_new: it stored no row.
    """

    HELD = "held"
    NO_DATE = "no-date"
    OUTSIDE = "outside"
    NOTHING_COUNTED = "nothing-counted"
    NOTHING_NEW = "nothing-new"


class HeldBecause(StrEnum):
    """Why a row is not in the resolved model: it lacks a column, its sources exclude each other, or by a rule."""

    MISSING = "missing"
    UNDECIDED = "undecided"
    RULE = "rule"


RuleKey = tuple[str, str, str, str, tuple[str, ...]]  # of a FiredRule, all but its count
HeldKey = tuple[str, HeldBecause, tuple[str, ...], str | None]  # of HeldRows, all but its count


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that records break. severity, effect: as the rule says. count: how many records."""

    rule: str
    severity: str
    effect: str
    table: str
    columns: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class ChangedConflict:
    """A conflict that was opened or closed, by the id of the worklist. rule: which chose the value that counts."""

    id: str
    table: str
    column: str
    severity: str
    rule: str


@dataclass(frozen=True, slots=True)
class Conflicts:
    """How many there are, and the first MOST_CONFLICTS_TOLD."""

    count: int = 0
    listed: tuple[ChangedConflict, ...] = ()


@dataclass(frozen=True, slots=True)
class EnteredIndicator:
    """An indicator whose denominator records enter. start, end: ISO days of its shortest published period."""

    id: str
    start: str
    end: str
    count: int


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that cannot be placed. columns: which are missing or undecided, or what the rule is about."""

    table: str
    reason: HeldBecause
    columns: tuple[str, ...]
    rule: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one record. stored: new rows by table. unchanged: rows that were here already, word for word."""

    stored: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    rules: tuple[FiredRule, ...] = ()
    conflicts_opened: Conflicts = field(default_factory=Conflicts)
    conflicts_closed: Conflicts = field(default_factory=Conflicts)
    indicators: tuple[EnteredIndicator, ...] = ()
    held: tuple[HeldRows, ...] = ()
    not_counted: NotCounted | None = None


@dataclass(frozen=True, slots=True)
class RecordFeedback:
    """One record of a submission: a bundle, a line of NDJSON, or a batch of lines of a CSV file.

    status: accepted, already-processed or quarantined. told: None where nothing of it was kept.
    """

    receipt_id: str
    place: str
    status: str
    told: Told | None


@dataclass(slots=True)
class FeedbackTotals:
    """Sums over all records of a submission; of an indicator over its periods, of conflicts how many."""

    records: int = 0
    stored: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    rules: Counter[RuleKey] = field(default_factory=Counter)
    conflicts_opened: int = 0
    conflicts_closed: int = 0
    indicators: Counter[str] = field(default_factory=Counter)
    held: Counter[HeldKey] = field(default_factory=Counter)
    not_counted: Counter[str] = field(default_factory=Counter)

    def add(self, told: Told | None) -> None:
        """Count one record; of one of which nothing was kept there is nothing more to count."""
        self.records += 1
        if told is None:
            return
        self.stored.update(told.stored)
        self.unchanged += told.unchanged
        for fired in told.rules:
            self.rules[fired.rule, fired.severity, fired.effect, fired.table, fired.columns] += fired.count
        self.conflicts_opened += told.conflicts_opened.count
        self.conflicts_closed += told.conflicts_closed.count
        for entered in told.indicators:
            self.indicators[entered.id] += entered.count
        for held in told.held:
            self.held[held.table, held.reason, held.columns, held.rule] += held.count
        if told.not_counted is not None:
            self.not_counted[str(told.not_counted)] += 1

    def add_all(self, other: FeedbackTotals) -> None:
        """Add the sums of another submission."""
        for each in fields(self):
            own, more = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, own + more)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What is told of a submission: its first MOST_RECORDS_TOLD records one by one, and the sums of all."""

    records: tuple[RecordFeedback, ...] = ()
    totals: FeedbackTotals = field(default_factory=FeedbackTotals)


Document = dict[str, object]
Parsed = Mapping[str, Any]  # of the store, which keeps what `told_document` gave


def feedback_document(feedback: Feedback) -> Document:
    """The document of a submission, as it is printed and answered."""
    totals = feedback.totals
    return {
        "records": [record_document(each) for each in feedback.records],
        "totals": {
            "records": totals.records,
            "stored": dict(sorted(totals.stored.items())),
            "unchanged": totals.unchanged,
            "rules": [_rule_document(each) for each in rules_in_order(totals.rules)],
            "conflicts_opened": totals.conflicts_opened,
            "conflicts_closed": totals.conflicts_closed,
            "indicators": dict(sorted(totals.indicators.items())),
            "held": [_held_document(each) for each in held_in_order(totals.held)],
            "not_counted": dict(sorted(totals.not_counted.items())),
        },
    }


def record_document(record: RecordFeedback) -> Document:
    """The document of one record; what is told of it is null where nothing of it was kept."""
    told = None if record.told is None else told_document(record.told)
    return {"receipt_id": record.receipt_id, "place": record.place, "status": record.status, "told": told}


def told_document(told: Told) -> Document:
    """What is told of one record, as the store keeps it."""
    return {
        "stored": dict(told.stored),
        "unchanged": told.unchanged,
        "rules": [_rule_document(each) for each in told.rules],
        "conflicts_opened": _conflicts_document(told.conflicts_opened),
        "conflicts_closed": _conflicts_document(told.conflicts_closed),
        "indicators": [
            {"id": each.id, "period": {"start": each.start, "end": each.end}, "count": each.count}
            for each in told.indicators
        ],
        "held": [_held_document(each) for each in told.held],
        "not_counted": None if told.not_counted is None else str(told.not_counted),
    }


def told_of(found: Parsed) -> Told:
    """What is told of one record, out of its document."""
    return Told(
        stored=found["stored"],
        unchanged=found["unchanged"],
        rules=tuple(FiredRule(**each | {"columns": tuple(each["columns"])}) for each in found["rules"]),
        conflicts_opened=_conflicts_of(found["conflicts_opened"]),
        conflicts_closed=_conflicts_of(found["conflicts_closed"]),
        indicators=tuple(
            EnteredIndicator(each["id"], **each["period"], count=each["count"]) for each in found["indicators"]
        ),
        held=tuple(_held_of(each) for each in found["held"]),
        not_counted=None if found["not_counted"] is None else NotCounted(found["not_counted"]),
    )


def rules_in_order(counted: Mapping[RuleKey, int]) -> tuple[FiredRule, ...]:
    """Rules with their counts, in the order of their ids."""
    return tuple(FiredRule(*key, count) for key, count in sorted(counted.items()))


def held_in_order(counted: Mapping[HeldKey, int]) -> tuple[HeldRows, ...]:
    """Rows that are held, by table and reason."""
    ordered = sorted(counted.items(), key=lambda each: (each[0][:3], each[0][3] or ""))
    return tuple(HeldRows(*key, count) for key, count in ordered)


def _rule_document(fired: FiredRule) -> Document:
    return {
        "rule": fired.rule,
        "severity": fired.severity,
        "effect": fired.effect,
        "table": fired.table,
        "columns": list(fired.columns),
        "count": fired.count,
    }


def _held_document(held: HeldRows) -> Document:
    return {
        "table": held.table,
        "reason": str(held.reason),
        "columns": list(held.columns),
        "rule": held.rule,
        "count": held.count,
    }


def _conflicts_document(conflicts: Conflicts) -> Document:
    listed = [
        {"id": each.id, "table": each.table, "column": each.column, "severity": each.severity, "rule": each.rule}
        for each in conflicts.listed
    ]
    return {"count": conflicts.count, "listed": listed}


def _conflicts_of(found: Parsed) -> Conflicts:
    return Conflicts(found["count"], tuple(ChangedConflict(**each) for each in found["listed"]))


def _held_of(found: Parsed) -> HeldRows:
    return HeldRows(
        found["table"], HeldBecause(found["reason"]), tuple(found["columns"]), found["rule"], found["count"]
    )
