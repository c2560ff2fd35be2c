"""Counts, rates, gaps and charts as they may be published, by one preset, once for every cell.

Cells: count, rate and interval all come from the disclosed counts of the cell. Statistics and chart limits come from
true counts, rounded, and are withheld with a reason where they could give a masked cell away. Single events never
leave.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS
from indicator_engine.definition import IndicatorDefinition, PeriodLength
from indicator_engine.disclosure.doubts import MASKED_CELL, flagged_of
from indicator_engine.disclosure.failed import failed_gates, gates_of_report
from indicator_engine.disclosure.presets import Preset, preset_named
from indicator_engine.disclosure.table import (
    DisclosedCell,
    DisclosedReport,
    DisclosedSeriesPoint,
    DisclosedSpcPoint,
    DisclosedStatistic,
    DisclosedTable,
    ReportStatus,
)
from indicator_engine.estimates import Estimates
from indicator_engine.estimates.charts import PROFILE
from indicator_engine.estimates.intervals import interval_of
from indicator_engine.gates import NO_GATES, FailedGates, GateCounts
from indicator_engine.periods import Period, first_day
from indicator_engine.statistics.proportions import ratio_or_nan
from indicator_engine.statistics.spc import LimitsStanding
from indicator_engine.statistics.spc_rules import GapState

TOO_FEW_STRATA = "too_few_strata"
TOO_FEW_EVENTS = "too_few_events"
NO_LIMITS = "too_few_points"

ReportKey = tuple[str, str, str, int]
"""Indicator, subject, length and first month of a report."""


def disclose(estimates: Estimates, *, preset: str, audience: str, gates: GateCounts = NO_GATES) -> DisclosedTable:
    """Everything of `estimates` that may be published under a preset, and gates that fail; raises PresetUnknown."""
    rules = preset_named(preset)
    confidence = estimates.settings.confidence
    cells = _disclosed_cells(estimates, rules)
    statistics = _grouped(_disclosed_statistics(estimates.gaps, rules, confidence))
    wholes = {key: found[0] for key, found in cells.items()}
    charts = _protected(estimates.charts, rules)
    points = _disclosed_points(charts, estimates, rules)
    pending = _pending(estimates.cells)
    series = _series_of_latest(charts, estimates.definitions, rules, wholes)
    failed = failed_gates(gates, rules, estimates.settings)
    reports = tuple(
        _report(key, estimates.definitions[key[0]], tuple(found), pending[key], statistics, points, series)
        for key, found in cells.items()
    )
    marked = (_marked(report, key, failed, gates, rules) for key, report in zip(cells, reports, strict=True))
    return DisclosedTable(preset, audience, tuple(marked))


def _marked(
    report: DisclosedReport, key: ReportKey, failed: FailedGates, gates: GateCounts, rules: Preset
) -> DisclosedReport:
    """The report with the gates that guard it and failed."""
    indicator, subject, length, start = key
    period = Period(start, PeriodLength(length))
    found = gates_of_report(failed, gates.gates, rules, indicator=indicator, subject=subject, period=period)
    return replace(report, failed_gates=found) if found else report


def _report(
    key: ReportKey,
    definition: IndicatorDefinition,
    cells: tuple[DisclosedCell, ...],
    is_pending: bool,
    statistics: Mapping[ReportKey, list[DisclosedStatistic]],
    points: Mapping[ReportKey, DisclosedSpcPoint],
    series: Mapping[ReportKey, tuple[DisclosedSeriesPoint, ...]],
) -> DisclosedReport:
    indicator, subject, length, start = key
    period = Period(start, PeriodLength(length))
    return DisclosedReport(
        indicator=indicator,
        version=definition.version,
        subject=subject,
        start=period.start,
        end=period.end,
        length=length,
        status=ReportStatus.PENDING if is_pending else ReportStatus.COMPLETE,
        cells=cells,
        statistics=() if is_pending else tuple(statistics.get(key, ())),
        spc=None if is_pending else points.get(key),
        series=series.get(key, ()),
    )


def _pending(cells: pd.DataFrame) -> dict[ReportKey, bool]:
    columns = ["indicator", "subject", "length", "start", "pending"]
    rows = cells[columns].drop_duplicates().itertuples(index=False, name=None)
    return {
        (indicator, subject, length, int(start)): bool(pending) for indicator, subject, length, start, pending in rows
    }


@dataclass(frozen=True, slots=True)
class _CellValues:
    """Disclosed counts, rates and limits of many cells, columns in step; None where nothing may be shown."""

    counts: dict[str, list[int | None]]
    value: list[float | None]
    low: list[float | None]
    high: list[float | None]


def _disclosed_cells(estimates: Estimates, rules: Preset) -> dict[ReportKey, list[DisclosedCell]]:
    """Cells of every report in order: the whole first, then each dimension's strata."""
    found: dict[ReportKey, list[DisclosedCell]] = {}
    for indicator, own in estimates.cells.groupby("indicator", sort=True):
        values = _cell_values(own, estimates.definitions[str(indicator)], rules, estimates.settings.confidence)
        flagged = flagged_of(own, rules, reporter=estimates.settings.reporter)
        keys = own[["subject", "length", "start", "dimension", "stratum"]].itertuples(index=False, name=None)
        for place, (subject, length, start, dimension, stratum) in enumerate(keys):
            cell = DisclosedCell(
                dimension=dimension,
                stratum=stratum,
                population=values.counts["population"][place],
                denominator=values.counts["denominator"][place],
                numerator=values.counts["numerator"][place],
                value=values.value[place],
                low=values.low[place],
                high=values.high[place],
                flagged=flagged[place],
            )
            found.setdefault((str(indicator), subject, length, int(start)), []).append(cell)
    return dict(sorted(found.items()))


def _cell_values(cells: pd.DataFrame, definition: IndicatorDefinition, rules: Preset, confidence: float) -> _CellValues:
    true = {name: cells[name].to_numpy(np.int64) for name in COUNT_COLUMNS}
    masked = {name: rules.is_masked(counts) for name, counts in true.items()}
    shown = {name: rules.disclosed(counts) for name, counts in true.items()}
    numerators, denominators = shown["numerator"].astype(float), shown["denominator"].astype(float)
    interval = interval_of(definition.interval, numerators, denominators, confidence=confidence)
    hidden = masked["numerator"] | masked["denominator"] | (denominators == 0)

    def visible(numbers: np.ndarray) -> list[float | None]:
        return [None if is_hidden else float(number) for number, is_hidden in zip(numbers, hidden, strict=True)]

    return _CellValues(
        counts={
            name: [
                None if is_masked else int(count) for count, is_masked in zip(shown[name], masked[name], strict=True)
            ]
            for name in COUNT_COLUMNS
        },
        value=visible(ratio_or_nan(numerators, denominators)),
        low=visible(interval.lower),
        high=visible(interval.upper),
    )


def _disclosed_statistics(
    gaps: pd.DataFrame, rules: Preset, confidence: float
) -> Iterator[tuple[ReportKey, DisclosedStatistic]]:
    withheld_by_rules = _withheld(gaps, rules)
    for row, withheld in zip(gaps.to_dict("records"), withheld_by_rules, strict=True):
        pooled = Period(int(row["pooled_start"]), PeriodLength(row["pooled_length"]))
        value = None if withheld is not None else _rounded(row["value"], rules)
        has_limits = value is not None and not row["descriptive_only"]
        yield (
            (row["indicator"], row["subject"], row["length"], int(row["start"])),
            DisclosedStatistic(
                dimension=row["dimension"],
                type=row["type"],
                method=row["method"],
                stratum=row["stratum"],
                reference=row["reference"],
                reference_policy=row["reference_policy"],
                value=value,
                low=_rounded(row["low"], rules) if has_limits else None,
                high=_rounded(row["high"], rules) if has_limits else None,
                confidence=confidence,
                strata_used=int(row["strata_used"]),
                start=pooled.start,
                end=pooled.end,
                status="grey" if withheld is not None and row["status"] is not None else row["status"],
                withheld=None if value is not None else withheld or row["reason"],
            ),
        )


def _withheld(gaps: pd.DataFrame, rules: Preset) -> list[str | None]:
    """Why each statistic may not be published, from the true counts that it compares; None where it may."""
    sizes = [len(compared) for compared in gaps["compared"]]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    pairs = np.array([pair for compared in gaps["compared"] for pair in compared], dtype=np.int64).reshape(-1, 2)
    masked = rules.is_protected(pairs).any(axis=1)
    shown = np.bincount(owner, weights=~masked & (pairs[:, 1] > 0), minlength=len(sizes))
    events = np.bincount(owner, weights=pairs[:, 0], minlength=len(sizes))
    has_masked = np.bincount(owner, weights=masked, minlength=len(sizes)) > 0
    is_two_group = gaps["stratum"].notna().to_numpy()
    reasons = np.select(
        [
            is_two_group & has_masked,
            ~is_two_group & (shown < rules.fewest_strata),
            ~is_two_group & (events < rules.fewest_events),
        ],
        [MASKED_CELL, TOO_FEW_STRATA, TOO_FEW_EVENTS],
        default="",
    )
    return [reason or None for reason in reasons.tolist()]


def _grouped(
    statistics: Iterator[tuple[ReportKey, DisclosedStatistic]],
) -> dict[ReportKey, list[DisclosedStatistic]]:
    found: dict[ReportKey, list[DisclosedStatistic]] = {}
    for key, statistic in statistics:
        found.setdefault(key, []).append(statistic)
    return found


def _protected(charts: pd.DataFrame, rules: Preset) -> pd.DataFrame:
    """Chart points with what may not be told of them: the count at all, and the denominator behind the limits."""
    numerators = rules.is_protected(charts["numerator"].to_numpy(np.int64))
    denominators = rules.is_protected(charts["denominator"].to_numpy(np.int64))
    return charts.assign(count_protected=numerators | denominators, denominator_protected=denominators)


def _disclosed_points(charts: pd.DataFrame, estimates: Estimates, rules: Preset) -> dict[ReportKey, DisclosedSpcPoint]:
    points: dict[ReportKey, DisclosedSpcPoint] = {}
    for row in charts.to_dict("records"):
        charting = estimates.definitions[row["indicator"]].charting
        points[row["indicator"], row["subject"], str(charting.period), int(row["start"])] = _point(row, rules)
    for row in estimates.rare.to_dict("records"):
        points[row["indicator"], row["subject"], str(PeriodLength.YEAR), int(row["start"])] = _rare_point(row)
    return points


def _point(row: Mapping[Hashable, Any], rules: Preset) -> DisclosedSpcPoint:
    withheld = _chart_withheld(row, rules)
    limits = _limits(row, rules, is_withheld=withheld is not None)
    hidden = withheld is not None or row["count_protected"]
    first, last = _month(row["baseline_start"]), _month(row["baseline_end"])
    return DisclosedSpcPoint(
        chart="p",
        profile=PROFILE,
        baseline_start=None if first is None else first_day(first),
        baseline_end=None if last is None else Period(last, PeriodLength.MONTH).end,
        centre=limits.centre,
        lower=limits.lower,
        upper=limits.upper,
        signals=() if hidden else row["signals"],
        variation=None if hidden else row["variation"],
        provisional=row["standing"] == str(LimitsStanding.PROVISIONAL),
        withheld=withheld or (MASKED_CELL if row["count_protected"] else None),
    )


def _chart_withheld(row: Mapping[Hashable, Any], rules: Preset) -> str | None:
    if row["standing"] == str(LimitsStanding.NONE):
        return NO_LIMITS
    return TOO_FEW_EVENTS if int(row["baseline_events"]) < rules.fewest_events else None


@dataclass(frozen=True, slots=True)
class _Limits:
    centre: float | None
    lower: float | None
    upper: float | None


def _limits(row: Mapping[Hashable, Any], rules: Preset, *, is_withheld: bool) -> _Limits:
    centre = None if is_withheld else _rounded(row["centre"], rules)
    # The width of the limits gives the denominator away.
    if centre is None or row["denominator_protected"]:
        return _Limits(centre, None, None)
    return _Limits(centre, _rounded(row["lower"], rules), _rounded(row["upper"], rules))


def _rare_point(row: Mapping[Hashable, Any]) -> DisclosedSpcPoint:
    state = str(row["state"])
    is_ruled = state != str(GapState.NOT_ENOUGH_EVENTS)
    return DisclosedSpcPoint(
        chart="g",
        profile=PROFILE,
        baseline_start=None,
        baseline_end=None,
        centre=None,
        lower=None,
        upper=None,
        signals=(),
        variation=state.replace("_", "-") if is_ruled else None,
        provisional=False,
        withheld=None if is_ruled else TOO_FEW_EVENTS,
    )


def _series_of_latest(
    charts: pd.DataFrame,
    definitions: Mapping[str, IndicatorDefinition],
    rules: Preset,
    wholes: Mapping[ReportKey, DisclosedCell],
) -> dict[ReportKey, tuple[DisclosedSeriesPoint, ...]]:
    """The whole current chart, on the latest point of each series alone."""
    found: dict[ReportKey, tuple[DisclosedSeriesPoint, ...]] = {}
    for (indicator, subject), rows in charts.groupby(["indicator", "subject"], sort=True):
        length = PeriodLength(definitions[str(indicator)].charting.period)
        keyed = [
            ((str(indicator), str(subject), str(length), int(row["start"])), row)
            for row in rows.sort_values("start").to_dict("records")
        ]
        found[keyed[-1][0]] = tuple(_series_point(key, row, length, rules, wholes[key]) for key, row in keyed)
    return found


def _series_point(
    key: ReportKey, row: Mapping[Hashable, Any], length: PeriodLength, rules: Preset, cell: DisclosedCell
) -> DisclosedSeriesPoint:
    withheld = _chart_withheld(row, rules)
    limits = _limits(row, rules, is_withheld=withheld is not None)
    hidden = withheld is not None or row["count_protected"]
    period = Period(key[3], length)
    return DisclosedSeriesPoint(
        start=period.start,
        end=period.end,
        value=cell.value,
        centre=limits.centre,
        lower=limits.lower,
        upper=limits.upper,
        flags=() if hidden else row["flags"],
        variation=None if hidden else row["variation_now"],
    )


def _rounded(value: float, rules: Preset) -> float | None:
    return rules.rounded(value) if np.isfinite(value) else None


def _month(value: float) -> int | None:
    return None if np.isnan(value) else int(value)
