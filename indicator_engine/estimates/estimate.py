"""Estimates of one run: rates with intervals, gaps between groups, charts over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from indicator_engine.counts import FLAGGED_COLUMNS, Counted
from indicator_engine.definition import IndicatorDefinition, PeriodLength, Stratifier
from indicator_engine.estimates.charts import CHART_COLUMNS, RARE_COLUMNS, chart_of, rare_states
from indicator_engine.estimates.gaps import GAP_COLUMNS, gaps_of
from indicator_engine.estimates.intervals import interval_of
from indicator_engine.estimates.roll_up import count_months, count_periods, count_subjects
from indicator_engine.estimates.settings import EstimateSettings
from indicator_engine.periods import Period, pooled_period
from indicator_engine.statistics.proportions import ratio_or_nan

CELL_COLUMNS = (
    "indicator",
    "subject",
    "length",
    "start",
    "dimension",
    "stratum",
    "population",
    "denominator",
    "numerator",
    *FLAGGED_COLUMNS,
    "value",
    "low",
    "high",
    "pending",
)


@dataclass(frozen=True, slots=True)
class Estimates:
    """Everything estimated on true counts; not for any reader outside.

    cells: CELL_COLUMNS, one row a cell of a report. gaps: GAP_COLUMNS, `length` of the report and the pooled period
    (`pooled_start`, `pooled_length`) they rest on. charts: CHART_COLUMNS, one row a point. rare: RARE_COLUMNS, the
    state of each rare indicator in each reported year.
    """

    settings: EstimateSettings
    definitions: Mapping[str, IndicatorDefinition]
    cells: pd.DataFrame
    gaps: pd.DataFrame
    charts: pd.DataFrame
    rare: pd.DataFrame


def estimate(
    counted: Counted,
    definitions: Mapping[str, IndicatorDefinition],
    stratifiers: Mapping[str, Stratifier],
    settings: EstimateSettings,
) -> Estimates:
    """Estimate every report of every definition that was counted, from integers alone."""
    monthly = count_subjects(counted, reporter=settings.reporter, subject_of=settings.subject_of)
    subjects = [settings.reporter, *sorted(set(monthly["subject"]) - {settings.reporter})]
    cells: list[pd.DataFrame] = []
    gaps: list[pd.DataFrame] = []
    charts: list[pd.DataFrame] = []
    rare: list[pd.DataFrame] = []
    for definition in definitions.values():
        own = _Own(monthly[monthly["indicator"] == definition.id], subjects, definition, stratifiers, settings)
        cells += own.cells()
        gaps += own.gaps()
        if definition.charting.chart == "p":
            charts.append(chart_of(own.filled(PeriodLength(definition.charting.period)), definition, settings))
        else:
            rare.append(rare_states(counted.events, definition, subjects, settings))
    return Estimates(
        settings,
        definitions,
        cells=_stack(cells, CELL_COLUMNS),
        gaps=_stack(gaps, (*GAP_COLUMNS, "length", "pooled_start", "pooled_length")),
        charts=_stack(charts, CHART_COLUMNS),
        rare=_stack(rare, RARE_COLUMNS),
    )


def is_pending(period: Period, definition: IndicatorDefinition, settings: EstimateSettings) -> bool:
    """Whether the counts of a period may still grow."""
    return period.matures_on(definition.maturity_days + settings.submission_lag_days) > settings.as_of


def _stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [part for part in parts if not part.empty]
    return pd.concat(filled, ignore_index=True)[list(columns)] if filled else pd.DataFrame(columns=list(columns))


class _Own:
    """One indicator's monthly counts, added up once a period length."""

    def __init__(
        self,
        monthly: pd.DataFrame,
        subjects: list[str],
        definition: IndicatorDefinition,
        stratifiers: Mapping[str, Stratifier],
        settings: EstimateSettings,
    ) -> None:
        self.counted = count_months(monthly, definition, stratifiers, subjects=subjects, months=settings.months)
        self.definition = definition
        self.stratifiers = stratifiers
        self.settings = settings
        self._filled: dict[PeriodLength, pd.DataFrame] = {}

    def filled(self, length: PeriodLength) -> pd.DataFrame:
        """Counts of every cell of every period of one length, zeros included, with `pending`."""
        if length not in self._filled:
            filled = count_periods(self.counted, length)
            pending = {
                start: is_pending(Period(int(start), length), self.definition, self.settings)
                for start in filled["start"].unique()
            }
            self._filled[length] = filled.assign(pending=filled["start"].map(pending).astype(bool))
        return self._filled[length]

    def cells(self) -> Iterator[pd.DataFrame]:
        """Rates with intervals of every published period."""
        for length in self.definition.published_periods:
            cells = self.filled(length)
            numerators, denominators = cells["numerator"].to_numpy(float), cells["denominator"].to_numpy(float)
            interval = interval_of(
                self.definition.interval, numerators, denominators, confidence=self.settings.confidence
            )
            yield cells.assign(
                length=str(length),
                value=ratio_or_nan(numerators, denominators),
                low=interval.lower,
                high=interval.upper,
            )

    def gaps(self) -> Iterator[pd.DataFrame]:
        """Gaps of mature reports: those of the inequality period, and quarters with enough events."""
        for length in self.definition.published_periods:
            pooled = self._pooled_length(length)
            if pooled is not None:
                yield from self._gaps_over(length, pooled)

    def _pooled_length(self, length: PeriodLength) -> PeriodLength | None:
        wanted = self.definition.inequality_period
        if length is wanted or length is PeriodLength.QUARTER:
            return length
        is_pooled_year = length is PeriodLength.YEAR and wanted is PeriodLength.THREE_YEARS
        return wanted if is_pooled_year else None

    def _gaps_over(self, length: PeriodLength, pooled: PeriodLength) -> Iterator[pd.DataFrame]:
        mature = self.filled(pooled)
        mature = mature[~mature["pending"]]
        if mature.empty:
            return
        # Between the periods that gaps are meant for, only quarters in which every group has enough events.
        is_extra = length is PeriodLength.QUARTER and self.definition.inequality_period is not length
        for dimension in self.definition.stratifiers:
            gaps = gaps_of(
                mature,
                self.definition,
                self.stratifiers[dimension],
                confidence=self.settings.confidence,
                fewest_events=self.definition.minimum_events if is_extra else 0,
            )
            yield _place_gaps(gaps, length, pooled)


def _place_gaps(gaps: pd.DataFrame, length: PeriodLength, pooled: PeriodLength) -> pd.DataFrame:
    """Gaps with the report that carries them: the one that ends with the pooled period."""
    months_later = pooled_period(Period(0, pooled), length).first_month
    return gaps.assign(
        length=str(length),
        pooled_start=gaps["start"],
        pooled_length=str(pooled),
        start=gaps["start"] + months_later,
    )
