"""Our extensions of MeasureReport for data quality: open conflicts behind a figure, and gates that failed."""

from __future__ import annotations

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.extension_parts import complex_extension, part
from fhir_adapter.fhir.report_statistics import rounded
from indicator_engine.disclosure import DisclosedFlagged, DisclosedGate

OPEN_CONFLICTS = "open-conflicts"
FAILED_GATE = "failed-gate"


def open_conflicts_extension(flagged: DisclosedFlagged, canonicals: Canonicals) -> Json:
    """`open-conflicts`: how many records behind a figure are in doubt, and the bounds of the figure."""
    parts = [
        part("population", "Integer", flagged.population),
        part("denominator", "Integer", flagged.denominator),
        part("numerator", "Integer", flagged.numerator),
        part("share", "Decimal", _optional(flagged.share)),
        part("low", "Decimal", _optional(flagged.low)),
        part("high", "Decimal", _optional(flagged.high)),
        part("withheld", "String", flagged.withheld),
    ]
    return complex_extension(canonicals.extension(OPEN_CONFLICTS), parts)


def failed_gate_extension(gate: DisclosedGate, canonicals: Canonicals) -> Json:
    """`failed-gate`: a gate of data quality that says not to believe the figures of this report."""
    parts = [
        part("gate", "Code", gate.gate),
        part("text", "String", gate_sentence(gate)),
        part("value", "Decimal", rounded(gate.value)),
        part("least", "Decimal", gate.least),
        part("moreThan", "Decimal", gate.more_than),
        part("most", "Decimal", gate.most),
        part("leastEvents", "Integer", gate.least_events),
        part("month", "Date", gate.month.isoformat()),
        part("monthsFailed", "Integer", gate.months_failed),
    ]
    return complex_extension(canonicals.extension(FAILED_GATE), parts)


def gate_sentence(gate: DisclosedGate) -> str:
    """`First feed recorded (CQIMDQ08): 60.0%, where at least 70% is asked (March 2026).`"""
    found = f"{gate.value:.0f}" if gate.least_events is not None else f"{gate.value * 100:.1f}%"
    return f"{gate.title} ({gate.gate}): {found}, where {_limits(gate)} is asked ({gate.month:%B %Y})."


def _limits(gate: DisclosedGate) -> str:
    if gate.least_events is not None:
        return f"at least {gate.least_events}"
    told = (("at least", gate.least), ("more than", gate.more_than), ("at most", gate.most))
    return " and ".join(f"{words} {limit * 100:g}%" for words, limit in told if limit is not None)


def _optional(value: float | None) -> float | None:
    return None if value is None else rounded(value)
