"""Which gates of data quality fail, for each provider and month: pure functions over counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from indicator_engine.counts import CountTable
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
