"""What senders are told of their records: worked out when they are resolved, kept, and told again when they come again.

Everything is asked of sets of receipts, so that a file of a million records costs a few statements for each thousand.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import orjson
from sqlalchemy.engine import Connection

from fhir_adapter.feedback import (
    MOST_CONFLICTS_TOLD,
    MOST_RECORDS_TOLD,
    ChangedConflict,
    Conflicts,
    EnteredIndicator,
    Feedback,
    FeedbackTotals,
    HeldBecause,
    HeldKey,
    NotCounted,
    RecordFeedback,
    RuleKey,
    Told,
    held_in_order,
    rules_in_order,
    told_document,
    told_of,
)
from fhir_adapter.store.choosing import undecidable_columns
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.feedback_rows import (
    Changed,
    Entered,
    NotPlaced,
    entered,
    feedback_of_receipts,
    issues_of,
    not_placed,
    rule_hits,
    save_feedback,
    start_telling,
    stop_telling,
    stored_rows,
    take_changed_conflicts,
    take_other_conflicts,
)
from fhir_adapter.store.resolution_rules import rules_of
from fhir_adapter.store.rule_counts import MARK
from fhir_adapter.workflows.keep import RECEIPT_CHARACTERS, Kept
from indicator_engine.definition import PeriodLength, shipped_definitions
from indicator_engine.periods import MONTHS, Period, period_start
from indicator_engine.rules import Effect, Rule, shipped_rules

RECEIPTS_AT_ONCE = 1000
RECEIPT_BYTES = RECEIPT_CHARACTERS // 2


@dataclass(slots=True)
class _Found:
    """What was found of one receipt so far."""

    mapped: Mapping[str, int]
    stored: dict[str, int] = field(default_factory=dict)
    rules: Counter[RuleKey] = field(default_factory=Counter)
    opened: list[Changed] = field(default_factory=list)
    closed: list[Changed] = field(default_factory=list)
    held: Counter[HeldKey] = field(default_factory=Counter)
    entered: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    has_counted: bool = False
    has_undated: bool = False

    def told(self) -> Told:
        """What is told of the receipt."""
        return Told(
            stored=dict(sorted(self.stored.items())),
            unchanged=max(0, sum(self.mapped.values()) - sum(self.stored.values())),
            rules=rules_in_order(self.rules),
            conflicts_opened=_conflicts(self.opened),
            conflicts_closed=_conflicts(self.closed),
            indicators=tuple(EnteredIndicator(*key, count) for key, count in sorted(self.entered.items())),
            held=held_in_order(self.held),
            not_counted=self._why_not(),
        )

    def _why_not(self) -> NotCounted | None:
        if self.entered:
            return None
        if self.held:
            return NotCounted.HELD
        if self.has_undated:
            return NotCounted.NO_DATE
        if self.has_counted:
            return NotCounted.OUTSIDE
        return NotCounted.NOTHING_COUNTED if self.stored else NotCounted.NOTHING_NEW


def tell_of(connection: Connection, receipt_ids: Sequence[str]) -> None:
    """Work out and keep what is told of receipts that were just resolved, in the transaction of the caller."""
    last: dict[str, _Found] = {}
    for start in range(0, len(receipt_ids), RECEIPTS_AT_ONCE):
        _keep(connection, last)
        last = _found_of(connection, receipt_ids[start : start + RECEIPTS_AT_ONCE])
    others = take_other_conflicts(connection)
    if last:
        # what a link changed may concern records that none of these tells of by itself
        for each in others:
            _add_conflict(last[receipt_ids[-1]], each)
        _keep(connection, last)


@dataclass(slots=True)
class Submission:
    """The records of a submission, in order: the first as they are told of, of all others the receipt alone.

    others: digits of the receipts, one after the other, so that a million records take 16 MB.
    """

    first: list[Kept] = field(default_factory=list)
    others: bytearray = field(default_factory=bytearray)

    def add(self, kept: Kept) -> None:
        """Note one record."""
        if len(self.first) < MOST_RECORDS_TOLD:
            self.first.append(kept)
        else:
            self.others += bytes.fromhex(kept.receipt_id)

    def later_receipts(self) -> Iterator[list[str]]:
        """Receipts of the other records, so many at once."""
        step = RECEIPTS_AT_ONCE * RECEIPT_BYTES
        for start in range(0, len(self.others), step):
            digits = self.others[start : start + step].hex()
            width = 2 * RECEIPT_BYTES
            yield [digits[place : place + width] for place in range(0, len(digits), width)]


def feedback_of(connection: Connection, submission: Submission) -> Feedback:
    """What is told of a submission: of each record what was told when it was resolved, now or earlier."""
    documents = feedback_of_receipts(connection, [each.receipt_id for each in submission.first])
    totals = FeedbackTotals()
    records: list[RecordFeedback] = []
    for each in submission.first:
        told = told_of(documents[each.receipt_id]) if each.receipt_id in documents else None
        records.append(RecordFeedback(each.receipt_id, each.location, each.status, told))
        totals.add(told)
    for receipts in submission.later_receipts():
        documents = feedback_of_receipts(connection, receipts)
        for receipt in receipts:
            totals.add(told_of(documents[receipt]) if receipt in documents else None)
    return Feedback(tuple(records), totals)


def _keep(connection: Connection, found: Mapping[str, _Found]) -> None:
    if found:
        save_feedback(
            connection, {receipt: orjson.dumps(told_document(each.told())) for receipt, each in found.items()}
        )


def _found_of(connection: Connection, receipt_ids: Sequence[str]) -> dict[str, _Found]:
    mapped = start_telling(connection, receipt_ids)
    found = {receipt: _Found(mapped.get(receipt, {})) for receipt in receipt_ids}
    for receipt, table, count in stored_rows(connection):
        found[receipt].stored[table] = count
    for receipt, rule, severity, effect, table, columns, count in rule_hits(connection):
        found[receipt].rules[rule, severity, effect, table, tuple(columns.split())] += count
    for receipt, rule_key in _hits_at_intake(connection):
        found[receipt].rules[rule_key] += 1
    for changed in take_changed_conflicts(connection):
        _add_conflict(found[str(changed.receipt_id)], changed)
    held = not_placed(connection)
    undecidable = _undecidable(connection) if held else {}
    for each in held:
        _add_held(found[each.receipt_id], each, undecidable)
    for counts in entered(connection):
        _add_entered(found[counts.receipt_id], counts)
    stop_telling(connection)
    return found


def _conflicts(changed: Sequence[Changed]) -> Conflicts:
    listed = tuple(
        ChangedConflict(each.conflict_id, each.table_name, each.column_name, each.severity, each.rule_id)
        for each in changed[:MOST_CONFLICTS_TOLD]
    )
    return Conflicts(len(changed), listed)


def _add_conflict(found: _Found, changed: Changed) -> None:
    (found.opened if changed.is_opened else found.closed).append(changed)


def _add_held(found: _Found, each: NotPlaced, undecidable: Mapping[str, tuple[str, ...]]) -> None:
    """By the rule that holds it, else by what it lacks, else because its sources exclude each other."""
    for rule in each.rules:
        found.held[each.table_name, HeldBecause.RULE, _columns_held_by(rule, each.table_name), rule] += 1
    if each.rules:
        return
    if each.missing:
        found.held[each.table_name, HeldBecause.MISSING, each.missing, None] += 1
    else:
        found.held[each.table_name, HeldBecause.UNDECIDED, undecidable.get(each.table_name, ()), None] += 1


def _columns_held_by(rule: str, table: str) -> tuple[str, ...]:
    checks = (each for each in shipped_rules()[rule].checks if each.effect is Effect.HOLD and each.table == table)
    return next((each.columns for each in checks), ())


def _undecidable(connection: Connection) -> dict[str, tuple[str, ...]]:
    rules = rules_of(connection)
    return {
        table.name: tuple(each.name for each in undecidable_columns(table, rules))
        for table in CLINICAL_TABLES
        if undecidable_columns(table, rules)
    }


def _add_entered(found: _Found, entered: Entered) -> None:
    found.has_counted = True
    if entered.month is None:
        found.has_undated = True
        return
    for indicator, count in entered.counts.items():
        if count:
            period = Period(period_start(entered.month, _shortest(indicator)), _shortest(indicator))
            found.entered[indicator, period.start.isoformat(), period.end.isoformat()] += count


@cache
def _shortest(indicator: str) -> PeriodLength:
    return min(shipped_definitions()[indicator].published_periods, key=MONTHS.__getitem__)


def _hits_at_intake(connection: Connection) -> Iterator[tuple[str, RuleKey]]:
    """Rules that already fired when the records were read: their issues are their hits."""
    by_code = _rules_by_code()
    for receipt, code, text in issues_of(connection, by_code.keys()):
        for rule, column in by_code[code]:
            if column is None or MARK.format(rule.id, column) in text:
                table, _, name = (column or "person.nhs_number").partition(".")
                yield receipt, (rule.id, str(rule.severity), str(Effect.NULL), table, (name,))


@cache
def _rules_by_code() -> Mapping[str, list[tuple[Rule, str | None]]]:
    found: defaultdict[str, list[tuple[Rule, str | None]]] = defaultdict(list)
    for rule in shipped_rules().values():
        for issue in rule.issues:
            found[issue.code].append((rule, issue.column))
    return found
