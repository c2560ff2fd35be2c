"""Disclosed reports to build MeasureReports from: valid by default, name only what matters."""

from __future__ import annotations

from datetime import UTC, date, datetime

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure_report import ReportContext, build_measure_report
from indicator_engine.definition import IndicatorDefinition, shipped_definitions, shipped_stratifiers
from indicator_engine.disclosure import (
    DisclosedCell,
    DisclosedFlagged,
    DisclosedGate,
    DisclosedReport,
    DisclosedSeriesPoint,
    DisclosedSpcPoint,
    DisclosedStatistic,
    ReportStatus,
)


def definition(indicator: str = "LB06", **changes: object) -> IndicatorDefinition:
    """A shipped definition, changed where named."""
    return shipped_definitions()[indicator].model_copy(update=changes)


def cell(
    dimension: str = "all", stratum: str = "all", denominator: int | None = 400, numerator: int | None = 100
) -> DisclosedCell:
    """A cell whose value and interval follow from its counts, as disclosure makes them."""
    if denominator is None or numerator is None or denominator == 0:
        return DisclosedCell(dimension, stratum, denominator, denominator, numerator, None, None, None)
    value = numerator / denominator
    return DisclosedCell(
        dimension, stratum, denominator, denominator, numerator, value, value * 0.9, value + (1 - value) * 0.1
    )


def statistic(**changes: object) -> DisclosedStatistic:
    """A gap between the most and the least deprived fifth."""
    parts: dict[str, object] = {
        "dimension": "imd5",
        "type": "difference",
        "method": "newcombe",
        "stratum": "1",
        "reference": "5",
        "reference_policy": "least_deprived",
        "value": 0.012,
        "low": 0.003,
        "high": 0.021,
        "confidence": 0.95,
        "strata_used": 2,
        "start": date(2025, 4, 1),
        "end": date(2026, 3, 31),
        "status": "red",
        "withheld": None,
    }
    return DisclosedStatistic(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


def spc_point(**changes: object) -> DisclosedSpcPoint:
    """A point above the upper limit of a settled chart."""
    parts: dict[str, object] = {
        "chart": "p",
        "profile": "making-data-count",
        "baseline_start": date(2024, 1, 1),
        "baseline_end": date(2025, 12, 31),
        "centre": 0.212,
        "lower": 0.131,
        "upper": 0.293,
        "signals": ("above-upper-limit",),
        "variation": "special-cause-concern",
        "provisional": False,
        "withheld": None,
    }
    return DisclosedSpcPoint(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


def series(length: int = 3) -> tuple[DisclosedSeriesPoint, ...]:
    """A short chart; its second point has no value."""
    return tuple(
        DisclosedSeriesPoint(
            start=date(2025, month, 1),
            end=date(2025, month, 28),
            value=None if month == 2 else 0.2 + month / 100,
            centre=0.212,
            lower=0.131,
            upper=0.293,
            flags=("shift-above",) if month == 3 else (),
            variation="common-cause",
        )
        for month in range(1, length + 1)
    )


def flagged(**changes: object) -> DisclosedFlagged:
    """Twenty of four hundred in doubt, ten of them in the numerator."""
    parts: dict[str, object] = {
        "population": 20,
        "denominator": 20,
        "numerator": 10,
        "share": 0.05,
        "low": 0.225,
        "high": 0.275,
        "withheld": None,
    }
    return DisclosedFlagged(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


WITHHELD = DisclosedFlagged(None, None, None, None, None, None, "masked_cell")


def failed_gate(**changes: object) -> DisclosedGate:
    """Too few gestations in two of three months."""
    parts: dict[str, object] = {
        "gate": "CQIMDQ15",
        "title": "Singletons with a gestation of 154 to 315 days",
        "value": 0.61,
        "least": 0.7,
        "more_than": None,
        "most": None,
        "least_events": None,
        "month": date(2026, 3, 1),
        "months_failed": 2,
    }
    return DisclosedGate(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


def stratified_cells() -> tuple[DisclosedCell, ...]:
    """The whole, five fifths of deprivation of which one is masked, and a group that nobody is in."""
    return (
        cell(),
        cell("imd5", "1", 120, 40),
        cell("imd5", "2", 100, 25),
        cell("imd5", "3", 80, 15),
        cell("imd5", "4", 60, None),
        cell("imd5", "5", 40, 10),
        cell("imd5", "unknown", 0, 0),
        cell("eth5", "white", 300, 70),
        cell("eth5", "black", 100, 30),
    )


def disclosed_report(**changes: object) -> DisclosedReport:
    """A complete first quarter of trust RSA with strata, statistics and a chart point."""
    parts: dict[str, object] = {
        "indicator": "LB06",
        "version": shipped_definitions()["LB06"].version,
        "subject": "RSA",
        "start": date(2026, 1, 1),
        "end": date(2026, 3, 31),
        "length": "P3M",
        "status": ReportStatus.COMPLETE,
        "cells": stratified_cells(),
        "statistics": (statistic(),),
        "spc": spc_point(),
        "series": series(),
    }
    return DisclosedReport(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


def context(**changes: object) -> ReportContext:
    """A synthetic public release of the local maternity and neonatal system QSY."""
    parts: dict[str, object] = {
        "canonicals": Canonicals(),
        "reporter": "QSY",
        "organisations": {
            "QSY": ("Synthetic Local Maternity and Neonatal System", "lmns"),
            "RSA": ("First Synthetic Trust", "trust"),
            "RSB": ("Second Synthetic Trust", "trust"),
        },
        "released_at": datetime(2026, 5, 12, 6, 0, tzinfo=UTC),
        "synthetic": True,
        "engine_version": "0.1.0",
        "definition_hash": "a" * 32,
        "snapshot_hash": "b" * 32,
        "preset": "hes",
        "audience": "public",
    }
    return ReportContext(**{**parts, **changes})  # type: ignore[arg-type]  # fields by name


def built(report: DisclosedReport | None = None, **changes: object) -> Json:
    """The MeasureReport of a disclosed report, by the shipped definition unless one is named."""
    disclosed = report or disclosed_report()
    return build_measure_report(
        disclosed,
        changes.pop("definition", None) or definition(disclosed.indicator),  # type: ignore[arg-type]  # fields by name
        shipped_stratifiers(),
        context(**changes),
    )
