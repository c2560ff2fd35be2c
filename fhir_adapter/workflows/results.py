"""The results of an evaluation as plain JSON, for machines that want numbers and no FHIR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from indicator_engine.definition import IndicatorDefinition, Stratifier
from indicator_engine.disclosure import DisclosedReport, DisclosedStatistic, DisclosedTable

Json: TypeAlias = dict[str, object]


def results_document(table: DisclosedTable, *, reporter: str) -> Json:
    """`results` (one object a cell), `inequality` and `spc` of every report; null counts are masked, never zero.

    Each result names the gates of data quality that guard it and failed in a month of its period, and says how many
    of its records an open conflict between sources leaves in doubt.
    """
    return {
        "preset": table.preset,
        "audience": table.audience,
        "results": [cell for report in table.reports for cell in _cells(report, reporter)],
        "inequality": [each for report in table.reports for each in _statistics(report, reporter)],
        "spc": [point for report in table.reports for point in _points(report, reporter)],
    }


def _place(report: DisclosedReport, reporter: str) -> Json:
    return {
        "indicator": report.indicator,
        "version": report.version,
        "period": {"start": report.start.isoformat(), "end": report.end.isoformat()},
        "length": report.length,
        "reporter": reporter,
        "subject": report.subject,
        "status": str(report.status),
    }


def _cells(report: DisclosedReport, reporter: str) -> Iterator[Json]:
    place = _place(report, reporter) | {"gates": [each.gate for each in report.failed_gates]}
    for cell in report.cells:
        yield place | {
            "dimension": cell.dimension,
            "stratum": cell.stratum,
            "population": cell.population,
            "denominator": cell.denominator,
            "numerator": cell.numerator,
            "value": cell.value,
            "low": cell.low,
            "high": cell.high,
            "masked": cell.masked,
            "flagged_population": cell.flagged.population,
            "flagged_denominator": cell.flagged.denominator,
            "flagged_numerator": cell.flagged.numerator,
            "flagged_share": cell.flagged.share,
            "flagged_low": cell.flagged.low,
            "flagged_high": cell.flagged.high,
            "flagged_withheld": cell.flagged.withheld,
        }


def _statistics(report: DisclosedReport, reporter: str) -> Iterator[Json]:
    place = _place(report, reporter)
    for each in report.statistics:
        yield place | {
            "dimension": each.dimension,
            "type": each.type,
            "method": each.method,
            "stratum": each.stratum,
            "reference": each.reference,
            "reference_policy": each.reference_policy,
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "confidence": each.confidence,
            "strata_used": each.strata_used,
            "pooled": {"start": each.start.isoformat(), "end": each.end.isoformat()},
            "traffic_light": each.status,
            "withheld": each.withheld,
        }


def _points(report: DisclosedReport, reporter: str) -> Iterator[Json]:
    if report.spc is not None:
        yield _place(report, reporter) | {
            "chart": report.spc.chart,
            "profile": report.spc.profile,
            "value": report.cells[0].value,
            "centre": report.spc.centre,
            "lower": report.spc.lower,
            "upper": report.spc.upper,
            "signals": list(report.spc.signals),
            "variation": report.spc.variation,
            "provisional": report.spc.provisional,
            "withheld": report.spc.withheld,
        }


@dataclass(frozen=True, slots=True)
class Gap:
    """Two groups of one report, with their difference and ratio."""

    report: DisclosedReport
    difference: DisclosedStatistic
    ratio: DisclosedStatistic


def largest_gap(
    table: DisclosedTable,
    definitions: Mapping[str, IndicatorDefinition],
    stratifiers: Mapping[str, Stratifier],
    *,
    reporter: str,
) -> str | None:
    """The widest clear gap of the whole system in the latest yearly reports, in one sentence; None without any.

    Clear: the interval of the difference lies wholly on the adverse side. Widest: by the ratio of the two rates, so
    that rare and common events can be compared.
    """
    gaps = [gap for gap in _clear_gaps(table, reporter) if gap.ratio.value]
    if not gaps:
        return None
    widest = max(gaps, key=lambda gap: _times(gap.ratio.value or 1.0))
    definition = definitions[widest.report.indicator]
    return gap_sentence(widest, definition, stratifiers[widest.difference.dimension])


def gap_sentence(gap: Gap, definition: IndicatorDefinition, stratifier: Stratifier) -> str:
    """A gap in words: what, who against whom, how much, in which period."""
    per, unit = {"percent": (100, "percentage points"), "per_1000": (1000, "per 1,000")}[definition.scale]
    value, low, high = (number or 0.0 for number in (gap.difference.value, gap.difference.low, gap.difference.high))
    direction = "higher" if value > 0 else "lower"
    own = stratifier.display_of(gap.difference.stratum or "")
    against = _reference_words(gap.difference, stratifier)
    bounds = sorted(abs(limit * per) for limit in (low, high))
    return (
        f"{definition.title}: {abs(value) * per:.1f} {unit} {direction} in '{own}' than in {against} "
        f"(95% interval {bounds[0]:.1f} to {bounds[1]:.1f}; {gap.ratio.value or 0:.1f} times the rate), "
        f"{gap.difference.start:%B %Y} to {gap.difference.end:%B %Y}"
    )


def _reference_words(statistic: DisclosedStatistic, stratifier: Stratifier) -> str:
    if statistic.reference_policy == "rest":
        return "everybody else"
    return f"'{stratifier.display_of(statistic.reference or '')}'"


def _clear_gaps(table: DisclosedTable, reporter: str) -> Iterator[Gap]:
    latest: dict[str, DisclosedReport] = {}
    for report in table.reports:
        if report.subject == reporter and report.length == "P1Y" and report.statistics:
            latest[report.indicator] = report
    for report in latest.values():
        ratios = {(each.dimension, each.stratum): each for each in report.statistics if each.type == "ratio"}
        for each in report.statistics:
            if each.type == "difference" and each.status == "red":
                yield Gap(report, each, ratios[each.dimension, each.stratum])


def _times(ratio: float) -> float:
    return max(ratio, 1 / ratio)
