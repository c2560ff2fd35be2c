"""Failed gates as they are published beside the rates that they guard: judged by counts that may be shown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from indicator_engine.counts import month_index
from indicator_engine.definition import GateDefinition
from indicator_engine.disclosure.presets import Preset
from indicator_engine.disclosure.table import DisclosedGate
from indicator_engine.estimates import EstimateSettings
from indicator_engine.gates import FailedGates, GateCounts, JudgedGate, failed_by_subject
from indicator_engine.periods import Period, first_day


def failed_gates(counted: GateCounts, rules: Preset, settings: EstimateSettings) -> FailedGates:
    """The gates that fail by what a preset shows of their counts, so that a mark tells nothing of a masked one."""

    def shown(count: int) -> int | None:
        counts = np.array([count], dtype=np.int64)
        return None if rules.is_protected(counts)[0] else int(rules.disclosed(counts)[0])

    return failed_by_subject(counted, subject_of=settings.subject_of, reporter=settings.reporter, shown=shown)


def gates_of_report(
    failed: FailedGates, gates: Mapping[str, GateDefinition], *, indicator: str, subject: str, period: Period
) -> tuple[DisclosedGate, ...]:
    """The gates that failed in a month of a period, each once, with the latest month in which it did."""
    by_gate: dict[str, list[JudgedGate]] = {}
    for month in range(period.first_month, month_index(period.end.year, period.end.month) + 1):
        for each in failed.get((indicator, subject, month), ()):
            by_gate.setdefault(each.gate, []).append(each)
    return tuple(_disclosed(gates[gate], found) for gate, found in sorted(by_gate.items()))


def _disclosed(definition: GateDefinition, found: list[JudgedGate]) -> DisclosedGate:
    latest, gate = found[-1], definition.gate
    assert latest.value is not None
    return DisclosedGate(
        gate=definition.id,
        title=definition.title,
        value=latest.value,
        least=gate.least,
        more_than=gate.more_than,
        most=gate.most,
        least_events=gate.least_events,
        month=first_day(latest.month),
        months_failed=len(found),
    )
