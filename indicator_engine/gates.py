"""Which gates of data quality fail, for each subject and month: pure functions over counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS, KEY_COLUMNS, NOT_ATTRIBUTED, CountTable
from indicator_engine.definition import WHOLE, Gate, GateDefinition


class GateState(StrEnum):
    """not_assessed: nothing to hold against the limits, such as a reference figure that is not loaded."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True)
class JudgedGate:
    """A gate for one subject in one month (month index). value: the share, None where it is not assessed."""

    gate: str
    subject: str
    month: int
    state: GateState
    value: float | None


@dataclass(frozen=True, slots=True)
class MonthlyAverage:
    """Average deliveries a month in HES, over the months from `first_month` to `last_month` (month indexes)."""

    first_month: int
    last_month: int
    deliveries: float


HesAverages = Mapping[str, Sequence[MonthlyAverage]]
"""Averages of each organisation, as loaded by the user; empty when none was."""

Protected = Callable[[int], bool]
"""Whether a count is not to be found out; a gate that rests on one is not assessed."""


@dataclass(frozen=True, slots=True)
class GateCounts:
    """All that gates are judged by. counts: of the gates themselves."""

    counts: CountTable
    gates: Mapping[str, GateDefinition]
    hes: HesAverages


NO_GATES = GateCounts(CountTable.of_rows(()), {}, {})


@dataclass(frozen=True, slots=True)
class _Sums:
    """Denominators and numerators of each gate, subject and month, and the first month with records of a subject."""

    counts: Mapping[tuple[str, str, int], tuple[int, int]]
    first_months: Mapping[str, int]


def is_never(_count: int) -> bool:
    """No count is protected."""
    return False


def judge_gates(
    counts: CountTable,
    gates: Iterable[GateDefinition],
    hes: HesAverages,
    *,
    last_month: int,
    is_protected: Protected = is_never,
) -> tuple[JudgedGate, ...]:
    """Every gate for every provider of the counts and month from its first record to `last_month`, both inclusive."""
    sums = _sums_of(counts)
    return tuple(
        _judged(each, subject, month, sums, hes, is_protected)
        for each in gates
        for subject, first in sums.first_months.items()
        for month in range(first, last_month + 1)
    )


def _sums_of(counts: CountTable) -> _Sums:
    whole = counts.cells[counts.cells["dimension"] == WHOLE]
    found = whole.groupby(["indicator", "provider", "month"], sort=True)[["denominator", "numerator"]].sum()
    sums = {key: (int(row[0]), int(row[1])) for key, row in zip(found.index, found.to_numpy(), strict=True)}
    firsts: dict[str, int] = {}
    for provider, month in sorted({(provider, month) for _, provider, month in sums}):
        firsts.setdefault(provider, month)
    return _Sums(sums, firsts)


def failed_guards(
    judged: Iterable[JudgedGate], gates: Mapping[str, GateDefinition]
) -> Iterator[tuple[str, JudgedGate]]:
    """Each indicator that a failed gate guards, with the gate."""
    for each in judged:
        if each.state is GateState.FAILED:
            for indicator in gates[each.gate].guards:
                yield indicator, each


FailedGates = Mapping[tuple[str, str, int], Sequence[JudgedGate]]
"""(indicator, subject, month) -> the gates that guard the indicator and failed, in the order of their ids."""


def failed_by_subject(
    counted: GateCounts, *, subject_of: Mapping[str, str], reporter: str, is_protected: Protected = is_never
) -> FailedGates:
    """The failed gates of each subject (a provider that stands under none is its own) and of the reporter's whole."""
    if counted.counts.cells.empty:
        return {}
    last_month = int(counted.counts.cells["month"].max())
    own = counted.counts.cells["provider"].map(lambda code: subject_of.get(code, code))
    failed: dict[tuple[str, str, int], list[JudgedGate]] = {}
    for subjects in (own, own.map(lambda _: reporter)):
        summed = _of_subjects(counted.counts, subjects)
        hes = _hes_of_subjects(counted.hes, counted.counts.cells["provider"], subjects)
        judged = judge_gates(summed, counted.gates.values(), hes, last_month=last_month, is_protected=is_protected)
        for indicator, each in failed_guards(judged, counted.gates):
            failed.setdefault((indicator, each.subject, each.month), []).append(each)
    return {key: sorted(found, key=lambda each: each.gate) for key, found in failed.items()}


def _of_subjects(counts: CountTable, subjects: pd.Series) -> CountTable:
    keys = list(KEY_COLUMNS)
    cells = counts.cells.assign(provider=subjects)
    return CountTable(cells.groupby(keys, as_index=False, sort=True)[list(COUNT_COLUMNS)].sum())


def _hes_of_subjects(hes: HesAverages, providers: pd.Series, subjects: pd.Series) -> HesAverages:
    """Averages of the subjects: their own, else those of their providers added up, where all have them."""
    found = dict(hes)
    for subject, members in providers.groupby(subjects).unique().items():
        named = [str(each) for each in members if each != NOT_ATTRIBUTED]
        if subject not in hes and named and all(each in hes for each in named):
            found[str(subject)] = _added([hes[each] for each in named])
    return found


def _added(averages: Sequence[Sequence[MonthlyAverage]]) -> tuple[MonthlyAverage, ...]:
    """Averages of all together, over the spans for which each has one."""
    spans = sorted({(each.first_month, each.last_month) for own in averages for each in own})
    added = []
    for first, last in spans:
        of_span = [average_of(own, first) for own in averages]
        known = [each for each in of_span if each is not None]
        if len(known) == len(of_span):
            added.append(MonthlyAverage(first, last, sum(known)))
    return tuple(added)


def average_of(averages: Sequence[MonthlyAverage], month: int) -> float | None:
    """The average of the span that holds a month, else of the latest span before it; None without either."""
    begun = [each for each in averages if each.first_month <= month]
    holding = [each for each in begun if month <= each.last_month]
    latest = max(holding or begun, key=lambda each: each.last_month, default=None)
    return None if latest is None or latest.deliveries <= 0 else latest.deliveries


def months_of(gate: Gate, month: int) -> range:
    """The months that a gate looks at when `month` is judged."""
    last = month - 1 if gate.ending == "previous_month" else month
    return range(last - gate.window_months + 1, last + 1)


def _judged(
    definition: GateDefinition, subject: str, month: int, sums: _Sums, hes: HesAverages, is_protected: Protected
) -> JudgedGate:
    gate, months = definition.gate, months_of(definition.gate, month)
    parts = [sums.counts.get((definition.id, subject, each), (0, 0)) for each in months]
    denominator, numerator = sum(part[0] for part in parts), sum(part[1] for part in parts)
    has_begun = months[0] >= sums.first_months[subject]
    average = average_of(hes.get(subject, ()), month)
    value = _value(gate, denominator, numerator, average, has_begun=has_begun)
    if value is None or is_protected(denominator) or is_protected(numerator):
        return JudgedGate(definition.id, subject, month, GateState.NOT_ASSESSED, None)
    is_inside = passes(gate, value) or _is_too_few(gate, denominator, value)
    return JudgedGate(definition.id, subject, month, GateState.PASSED if is_inside else GateState.FAILED, value)


def _value(gate: Gate, denominator: int, numerator: int, average: float | None, *, has_begun: bool) -> float | None:
    """What is held against the limits. has_begun: whether records reach back to the first month that is looked at."""
    if gate.against == "hes_monthly_deliveries":
        return None if average is None or not has_begun else numerator / (average * gate.window_months)
    if gate.least_events is not None:
        return float(numerator) if has_begun and denominator else None
    return numerator / denominator if denominator else None


def _is_too_few(gate: Gate, denominator: int, value: float) -> bool:
    """Whether a share of zero says nothing: the lowest share that passes would be less than one record."""
    is_share = gate.against == "denominator" and gate.least is not None
    return is_share and value == 0 and denominator * (gate.least or 0) < 1


def passes(gate: Gate, value: float) -> bool:
    """Whether a share (or a number of events) is inside the limits of a gate."""
    return (
        (gate.least is None or value >= gate.least)
        and (gate.more_than is None or value > gate.more_than)
        and (gate.most is None or value <= gate.most)
        and (gate.least_events is None or value >= gate.least_events)
    )
