"""Failed gates as they are published beside the rates that they guard: a mark, and a share of few figures.

They are judged by true counts, and not at all where one of these is masked, so that no mark tells of a masked count.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indicator_engine.counts import month_index
from indicator_engine.definition import Gate, GateDefinition
from indicator_engine.disclosure.presets import Preset
from indicator_engine.disclosure.table import DisclosedGate
from indicator_engine.estimates import EstimateSettings
from indicator_engine.gates import FailedGates, GateCounts, JudgedGate, failed_by_subject, passes
from indicator_engine.periods import Period, first_day

FEWEST_FIGURES, MOST_FIGURES = 2, 17  # 17 figures tell any two floating-point numbers apart


def failed_gates(counted: GateCounts, rules: Preset, settings: EstimateSettings) -> FailedGates:
    """The gates that fail by counts of which none is masked under a preset."""

    def is_protected(count: int) -> bool:
        return bool(rules.is_protected(np.array([count], dtype=np.int64))[0])

    return failed_by_subject(
        counted, subject_of=settings.subject_of, reporter=settings.reporter, is_protected=is_protected
    )


def gates_of_report(
    failed: FailedGates,
    gates: Mapping[str, GateDefinition],
    rules: Preset,
    *,
    indicator: str,
    subject: str,
    period: Period,
) -> tuple[DisclosedGate, ...]:
    """The gates that failed in a month of a period, each once, with the latest month in which it did."""
    by_gate: dict[str, list[JudgedGate]] = {}
    for month in range(period.first_month, month_index(period.end.year, period.end.month) + 1):
        for each in failed.get((indicator, subject, month), ()):
            by_gate.setdefault(each.gate, []).append(each)
    return tuple(_disclosed(gates[gate], found, rules) for gate, found in sorted(by_gate.items()))


def _disclosed(definition: GateDefinition, found: list[JudgedGate], rules: Preset) -> DisclosedGate:
    latest, gate = found[-1], definition.gate
    assert latest.value is not None
    return DisclosedGate(
        gate=definition.id,
        title=definition.title,
        value=_shown(latest.value, gate, rules),
        least=gate.least,
        more_than=gate.more_than,
        most=gate.most,
        least_events=gate.least_events,
        month=first_day(latest.month),
        months_failed=len(found),
    )


def _shown(value: float, gate: Gate, rules: Preset) -> float:
    """The value to two figures, or to as many more as it takes to lie outside the limits still."""
    if rules.significant_figures is None:
        return value
    rounded = (float(f"{value:.{figures}g}") for figures in range(FEWEST_FIGURES, MOST_FIGURES))
    return next((each for each in rounded if not passes(gate, each)), value)
