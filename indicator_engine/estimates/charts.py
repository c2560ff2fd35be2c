"""Charts over time: p charts of mature months, and the coarse state of rare indicators. True counts throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from indicator_engine.counts import EventTable
from indicator_engine.definition import WHOLE, IndicatorDefinition, PeriodLength
from indicator_engine.estimates.settings import EstimateSettings
from indicator_engine.periods import Period, whole_periods
from indicator_engine.statistics.arrays import BoolArray, CountArray, SideArray
from indicator_engine.statistics.segments import Segments, segments_of
from indicator_engine.statistics.spc import LimitsStanding, g_chart, p_chart
from indicator_engine.statistics.spc_rules import GapState, astronomical, shift_runs

CHART_COLUMNS = (
    "indicator",
    "subject",
    "start",
    "value",
    "centre",
    "lower",
    "upper",
    "signals",
    "flags",
    "variation",
    "standing",
    "baseline_start",
    "baseline_end",
    "baseline_events",
)
RARE_COLUMNS = ("indicator", "subject", "start", "state")
PROFILE = "mdc"  # NHS England, Making Data Count; here its two rules: outside the limits, and shift

ABOVE = {1: "above-upper-limit", -1: "below-lower-limit"}
SHIFT = {1: "shift-above", -1: "shift-below"}


def chart_of(filled: pd.DataFrame, definition: IndicatorDefinition, settings: EstimateSettings) -> pd.DataFrame:
    """p chart of the whole of every subject over its mature months; limits from the first baseline points.

    filled: cells of one indicator on its charting period, zeros included. Returns columns CHART_COLUMNS; `signals`
    are rules that the point itself completed, `flags` also mark the earlier members of a run.
    """
    whole = filled[(filled["dimension"] == WHOLE) & ~filled["pending"]].sort_values(["subject", "start"])
    if whole.empty:
        return pd.DataFrame(columns=list(CHART_COLUMNS))
    segments = segments_of(pd.factorize(whole["subject"])[0])
    in_baseline = _first_points(whole["denominator"].to_numpy() > 0, segments, settings.baseline_points)
    chart = p_chart(
        whole["numerator"].to_numpy(float), whole["denominator"].to_numpy(float), segments, in_baseline=in_baseline
    )
    outside = astronomical(chart)
    shift = shift_runs(chart.value, chart.centre, segments)
    standing = np.array([str(each) for each in chart.standing], dtype=object)[segments.of_point]
    ruled = standing != str(LimitsStanding.NONE)
    return pd.DataFrame(
        {
            "indicator": definition.id,
            "subject": whole["subject"].to_numpy(),
            "start": whole["start"].to_numpy(),
            "value": chart.value,
            "centre": chart.centre,
            "lower": chart.lower,
            "upper": chart.upper,
            "signals": _names(outside, shift.completed, ruled),
            "flags": _names(outside, shift.member, ruled),
            "variation": _variations(outside, shift.completed, definition.improvement, standing),
            "standing": standing,
            **_baseline_ends(whole["start"].to_numpy(), in_baseline, segments),
            "baseline_events": segments.sums(whole["numerator"].to_numpy(float) * in_baseline)[segments.of_point],
        }
    )


def _first_points(has_value: BoolArray, segments: Segments, points: int) -> BoolArray:
    """The first points with a value of each segment."""
    counted: CountArray = np.cumsum(has_value)
    before: CountArray = (counted - has_value)[segments.starts][segments.of_point]
    return np.asarray(has_value & (counted - before <= points), dtype=np.bool_)


def _names(outside: SideArray, shift: SideArray, ruled: BoolArray) -> list[tuple[str, ...]]:
    return [
        tuple(name for name in (ABOVE.get(int(limit)), SHIFT.get(int(run))) if name is not None) if is_ruled else ()
        for limit, run, is_ruled in zip(outside, shift, ruled, strict=True)
    ]


def _variations(
    outside: SideArray, shift: SideArray, improvement: str | None, standing: np.ndarray
) -> list[str | None]:
    """Type of each point by the first rule that holds, outside before shift; none while limits are not firm."""
    sides = np.where(outside != 0, outside, shift)
    good = {"increase": 1, "decrease": -1, None: 0}[improvement]
    kinds: Mapping[int, str] = {1: "special-cause-improvement", -1: "special-cause-concern"}
    return [
        None
        if stand != str(LimitsStanding.FIRM)
        else "common-cause"
        if side == 0
        else kinds.get(int(side) * good, "special-cause-neutral")
        for side, stand in zip(sides, standing, strict=True)
    ]


def _baseline_ends(months: np.ndarray, in_baseline: BoolArray, segments: Segments) -> dict[str, np.ndarray]:
    first = np.full(segments.number, np.iinfo(np.int64).max)
    last = np.full(segments.number, np.iinfo(np.int64).min)
    np.minimum.at(first, segments.of_point[in_baseline], months[in_baseline])
    np.maximum.at(last, segments.of_point[in_baseline], months[in_baseline])
    return {"baseline_start": first[segments.of_point], "baseline_end": last[segments.of_point]}


def rare_states(
    events: EventTable, definition: IndicatorDefinition, subjects: Sequence[str], settings: EstimateSettings
) -> pd.DataFrame:
    """What the g chart of births between events said in each whole financial year, as a word.

    Returns columns RARE_COLUMNS for years in the months of `settings`. Gaps and their order stay inside.
    """
    own = events.events[events.events["indicator"] == definition.id]
    years = list(whole_periods(settings.months, PeriodLength.YEAR))
    placed = pd.concat([_gaps_of(own, subject, settings) for subject in subjects], ignore_index=True)
    ruled = _rule_gaps(placed)
    rows = [
        (definition.id, subject, year.first_month, _state_of(ruled, subject, year))
        for subject in subjects
        for year in years
    ]
    return pd.DataFrame(rows, columns=list(RARE_COLUMNS))


def _gaps_of(events: pd.DataFrame, subject: str, settings: EstimateSettings) -> pd.DataFrame:
    """Births between consecutive events of one subject; what came before the first event is not known whole."""
    is_whole = subject == settings.reporter
    chosen = events if is_whole else events[events["provider"] == subject]
    place = "place_in_whole" if is_whole else "place_in_provider"
    ordered = chosen.sort_values(place)
    gaps = pd.DataFrame({"subject": subject, "month": ordered["month"], "gap": ordered[place].diff() - 1.0})
    return gaps.iloc[1:]


def _rule_gaps(placed: pd.DataFrame) -> pd.DataFrame:
    if placed.empty:
        return placed.assign(side=[], firm=[])
    segments = segments_of(pd.factorize(placed["subject"])[0])
    chart = g_chart(placed["gap"].to_numpy(float), segments)
    outside, shift = astronomical(chart), shift_runs(chart.value, chart.centre, segments).completed
    standing = np.array([str(each) for each in chart.standing], dtype=object)[segments.of_point]
    return placed.assign(side=np.where(outside != 0, outside, shift), firm=standing == str(LimitsStanding.FIRM))


def _state_of(ruled: pd.DataFrame, subject: str, year: Period) -> str:
    own = ruled[ruled["subject"] == subject]
    if own.empty or not bool(own["firm"].all()):
        return str(GapState.NOT_ENOUGH_EVENTS)
    sides = set(own[own["month"].between(year.first_month, year.last_month)]["side"])
    if 1 in sides:
        return str(GapState.LESS_FREQUENT)
    return str(GapState.MORE_FREQUENT if -1 in sides else GapState.NO_SIGNAL)
