"""What is told of records, in words: the same at the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from fhir_adapter.feedback import (
    Conflicts,
    FeedbackTotals,
    FiredRule,
    HeldBecause,
    HeldRows,
    NotCounted,
    Told,
    held_in_order,
    rules_in_order,
)

WHY_NOT = {
    NotCounted.HELD: "enters no indicator, because what would count is held",
    NotCounted.NO_DATE: "enters no indicator, because no date places it in a period",
    NotCounted.OUTSIDE: "enters no indicator: it is in the denominator of none",
    NotCounted.NOTHING_COUNTED: "enters no indicator: it tells of no booking, delivery or baby",
    NotCounted.NOTHING_NEW: "enters no indicator anew: every row of it was here already",
}


def stored_words(told: Told) -> str:
    """`7 rows stored: baby 1, booking 1`."""
    return _stored(told.stored, told.unchanged)


def rule_words(fired: FiredRule) -> str:
    """`R11 (error, effect null) on baby.birth_weight_g`."""
    places = [f"{fired.table}.{each}" for each in fired.columns] or [fired.table]
    return f"{fired.rule} ({fired.severity}, effect {fired.effect}) on {', '.join(places)}{_times(fired.count)}"


def conflicts_words(conflicts: Conflicts) -> Iterator[str]:
    """`6d8f7d1a36878940 on baby.birth_weight_g (error); the rule birth-weight chose`, and how many are not listed."""
    for each in conflicts.listed:
        yield f"{each.id} on {each.table}.{each.column} ({each.severity}); the rule {each.rule} chose"
    if conflicts.count > len(conflicts.listed):
        yield f"{conflicts.count - len(conflicts.listed):,} more, {conflicts.count:,} in all"


def held_words(held: HeldRows) -> str:
    """What is held, and by which rule or for want of what."""
    columns = ", ".join(held.columns)
    why = {
        HeldBecause.RULE: f"by {held.rule}" + (f" on {columns}" if columns else ""),
        HeldBecause.MISSING: f"because no source gave {columns}",
        HeldBecause.UNDECIDED: f"because sources contradict each other in {columns or 'what places it'}; settle it",
    }[held.reason]
    return f"{held.table} is held {why}{_times(held.count)}"


def entered_words(told: Told) -> str:
    """`enters BF01 2026-03-01 to 2026-03-31, …`, indicators of one period together; or why it enters none."""
    if told.not_counted is not None:
        return WHY_NOT[told.not_counted]
    by_period = sorted(told.indicators, key=lambda each: (each.start, each.end, each.id))
    parts = [
        f"{', '.join(each.id + _times(each.count) for each in group)} ({start} to {end})"
        for (start, end), group in groupby(by_period, key=lambda each: (each.start, each.end))
    ]
    return f"enters {'; '.join(parts)}"


def totals_words(totals: FeedbackTotals) -> Iterator[str]:
    """Sums over all records, a line each."""
    yield f"{totals.records:,} records: {_stored(totals.stored, totals.unchanged)}"
    yield from map(rule_words, rules_in_order(totals.rules))
    if totals.conflicts_opened or totals.conflicts_closed:
        yield f"conflicts: {totals.conflicts_opened:,} opened, {totals.conflicts_closed:,} closed"
    for held in held_in_order(totals.held):
        yield held_words(held)
    if totals.indicators:
        yield f"indicators entered: {_counts(totals.indicators)}"
    for reason, count in sorted(totals.not_counted.items()):
        yield f"{count:,} records: {WHY_NOT[NotCounted(reason)]}"


def _stored(stored: Mapping[str, int], unchanged: int) -> str:
    known = f"{_rows(unchanged)} here already, word for word" if unchanged else ""
    if not stored:
        return known or "no row stored"
    rows = f"{_rows(sum(stored.values()))} stored: {_counts(stored)}"
    return f"{rows}; {known}" if known else rows


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _times(count: int) -> str:
    return f" ({count:,} times)" if count > 1 else ""
