"""The narrative of a MeasureReport: one plain sentence, made from disclosed figures."""

from __future__ import annotations

from datetime import date

from fhir_adapter.fhir.report_group import CONFIDENCE_PERCENT
from indicator_engine.definition import IndicatorDefinition
from indicator_engine.disclosure import DisclosedCell, DisclosedReport, ReportStatus

PER = {"percent": (100, "%"), "per_1000": (1000, " per 1,000")}


def report_sentence(report: DisclosedReport, definition: IndicatorDefinition, place_name: str) -> str:
    """What the report says of the whole: title, place, period, figure, and whether it is provisional."""
    place = f"{definition.title}, {place_name}, {_day(report.start)} to {_day(report.end)}"
    is_pending = report.status is ReportStatus.PENDING
    provisional = " Provisional: the period is not complete." if is_pending else ""
    return f"{place}: {_figure_words(report.cells[0], definition.scale)}.{provisional}"


def _figure_words(whole: DisclosedCell, scale: str) -> str:
    if whole.denominator == 0:
        return "no one to count"
    if whole.masked or whole.value is None:
        return "not shown, because the count is small"
    factor, unit = PER[scale]
    interval = (
        ""
        if whole.low is None or whole.high is None
        else f" ({CONFIDENCE_PERCENT}% interval {whole.low * factor:.1f} to {whole.high * factor:.1f})"
    )
    return f"{whole.value * factor:.1f}{unit}{interval}, {whole.numerator:,} of {whole.denominator:,}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
