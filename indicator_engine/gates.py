"""Which gates of data quality fail, for each provider and month: pure functions over counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS, KEY_COLUMNS, CountTable
from indicator_engine.definition import WHOLE, Gate, GateDefinition


class GateState(StrEnum):
    """not_assessed: nothing to divide by, such as a reference figure that is not loaded."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True)
class JudgedGate:
    """A gate for one provider in one month (month index). value: the share, None where it is not assessed."""

    gate: str
    provider: str
    month: int
    state: GateState
    value: float | None


MonthlyDeliveries = Mapping[str, float]
"""Provider -> average deliveries a month in HES, as loaded by the user; empty when none was."""


def judge_gates(
    counts: CountTable, gates: Iterable[GateDefinition], hes: MonthlyDeliveries, *, last_month: int
) -> tuple[JudgedGate, ...]:
    """Every gate for every provider and month from its first record to `last_month`, both inclusive."""
    whole = counts.cells[counts.cells["dimension"] == WHOLE]
    found = whole.groupby(["indicator", "provider", "month"], sort=True)[["denominator", "numerator"]].sum()
    sums = {key: (int(row[0]), int(row[1])) for key, row in zip(found.index, found.to_numpy(), strict=True)}
    providers = sorted({(provider, month) for _, provider, month in sums})
    firsts: dict[str, int] = {}
    for provider, month in providers:
        firsts.setdefault(provider, month)
    return tuple(
        _judged(each, provider, month, sums, hes)
        for each in gates
        for provider, first in firsts.items()
        for month in range(first, last_month + 1)
    )


def failed_guards(
    judged: Iterable[JudgedGate], gates: Mapping[str, GateDefinition]
) -> Iterator[tuple[str, JudgedGate]]:
    """Each indicator that a failed gate guards, with the gate."""
    for each in judged:
        if each.state is GateState.FAILED:
            for indicator in gates[each.gate].guards:
                yield indicator, each


FailedGates = Mapping[tuple[str, str, int], frozenset[str]]
"""(indicator, subject, month) -> the gates that guard the indicator and failed."""


def failed_by_subject(
    counts: CountTable,
    gates: Mapping[str, GateDefinition],
    hes: MonthlyDeliveries,
    *,
    subject_of: Mapping[str, str],
    reporter: str,
) -> FailedGates:
    """The failed gates of each subject (a provider that stands under none is its own) and of the reporter's whole."""
    if counts.cells.empty:
        return {}
    last_month = int(counts.cells["month"].max())
    own = counts.cells["provider"].map(lambda code: subject_of.get(code, code))
    failed: dict[tuple[str, str, int], set[str]] = {}
    for subjects in (own, own.map(lambda _: reporter)):
        summed = _of_subjects(counts, subjects)
        judged = judge_gates(summed, gates.values(), hes, last_month=last_month)
        for indicator, each in failed_guards(judged, gates):
            failed.setdefault((indicator, each.provider, each.month), set()).add(each.gate)
    return {key: frozenset(found) for key, found in failed.items()}


def _of_subjects(counts: CountTable, subjects: pd.Series) -> CountTable:
    keys = list(KEY_COLUMNS)
    cells = counts.cells.assign(provider=subjects)
    return CountTable(cells.groupby(keys, as_index=False, sort=True)[list(COUNT_COLUMNS)].sum())


def months_of(gate: Gate, month: int) -> range:
    """The months that a gate looks at when `month` is judged."""
    last = month - 1 if gate.ending == "previous_month" else month
    return range(last - gate.window_months + 1, last + 1)


def _judged(
    definition: GateDefinition,
    provider: str,
    month: int,
    sums: Mapping[tuple[str, str, int], tuple[int, int]],
    hes: MonthlyDeliveries,
) -> JudgedGate:
    gate = definition.gate
    parts = [sums.get((definition.id, provider, each), (0, 0)) for each in months_of(gate, month)]
    denominator, numerator = sum(part[0] for part in parts), sum(part[1] for part in parts)
    if gate.against == "hes_monthly_deliveries":
        monthly = hes.get(provider)
        value = None if not monthly else numerator / (monthly * gate.window_months)
    elif gate.least_events is not None:
        value = float(numerator)
    else:
        value = numerator / denominator if denominator else None
    if value is None:
        return JudgedGate(definition.id, provider, month, GateState.NOT_ASSESSED, None)
    state = GateState.PASSED if passes(gate, value) else GateState.FAILED
    return JudgedGate(definition.id, provider, month, state, value)


def passes(gate: Gate, value: float) -> bool:
    """Whether a share (or a number of events) is inside the limits of a gate."""
    return (
        (gate.least is None or value >= gate.least)
        and (gate.more_than is None or value > gate.more_than)
        and (gate.most is None or value <= gate.most)
        and (gate.least_events is None or value >= gate.least_events)
    )
