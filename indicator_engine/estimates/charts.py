"""Charts over time: p charts of mature months, and the coarse state of rare indicators. True counts throughout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from indicator_engine.counts import EventTable
from indicator_engine.definition import WHOLE, IndicatorDefinition, PeriodLength
from indicator_engine.estimates.settings import EstimateSettings
from indicator_engine.periods import Period, whole_periods
from indicator_engine.statistics.arrays import BoolArray, CountArray, FloatArray, SideArray
from indicator_engine.statistics.segments import Segments, segments_of
from indicator_engine.statistics.spc import LimitsStanding, g_chart, p_chart
from indicator_engine.statistics.spc_rules import GapState, astronomical, shift_runs

CHART_COLUMNS = (
    "indicator",
    "subject",
    "start",
    "numerator",
    "denominator",
    "value",
    "centre",
    "lower",
    "upper",
    "signals",
    "flags",
    "variation",
    "variation_now",
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
    are rules that the point itself completed, `flags` also mark the earlier members of a run, `variation` and
    `variation_now` are the types that follow from the one and from the other.
    """
    whole = filled[(filled["dimension"] == WHOLE) & ~filled["pending"]].sort_values(["subject", "start"])
    if whole.empty:
        return pd.DataFrame(columns=list(CHART_COLUMNS))
    segments = segments_of(pd.factorize(whole["subject"])[0])
    in_baseline = _first_points(whole["denominator"].to_numpy() > 0, segments, settings.baseline_points)
    chart = p_chart(
        whole["numerator"].to_numpy(float), whole["denominator"].to_numpy(float), segments, in_baseline=in_baseline
    )
    standing = np.array([str(each) for each in chart.standing], dtype=object)[segments.of_point]
    is_firm = standing == str(LimitsStanding.FIRM)
    # Provisional limits are drawn, but no point is ruled by them; without limits there is no centre and no run.
    outside = np.where(is_firm, astronomical(chart), np.int8(0))
    shift = shift_runs(chart.value, chart.centre, segments)
    is_ruled = is_firm & ~np.isnan(chart.value)
    return pd.DataFrame(
        {
            "indicator": definition.id,
            "subject": whole["subject"].to_numpy(),
            "start": whole["start"].to_numpy(),
            "numerator": whole["numerator"].to_numpy(),
            "denominator": whole["denominator"].to_numpy(),
            "value": chart.value,
            "centre": chart.centre,
            "lower": chart.lower,
            "upper": chart.upper,
            "signals": _names(outside, shift.completed),
            "flags": _names(outside, shift.member),
            "variation": _variations(outside, shift.completed, definition.improvement, is_ruled),
            "variation_now": _variations(outside, shift.member, definition.improvement, is_ruled),
            "standing": standing,
            **_baseline_ends(whole["start"].to_numpy(np.int64), in_baseline, segments),
            "baseline_events": segments.sums(whole["numerator"].to_numpy(float) * in_baseline)[segments.of_point],
        }
    )


def _first_points(has_value: BoolArray, segments: Segments, points: int) -> BoolArray:
    """The first points with a value of each segment."""
    counted: CountArray = np.cumsum(has_value)
    before: CountArray = (counted - has_value)[segments.starts][segments.of_point]
    return np.asarray(has_value & (counted - before <= points), dtype=np.bool_)


def _names(outside: SideArray, shift: SideArray) -> list[tuple[str, ...]]:
    return [
        tuple(name for name in (ABOVE.get(limit), SHIFT.get(run)) if name is not None)
        for limit, run in zip(outside.tolist(), shift.tolist(), strict=True)
    ]


def _variations(outside: SideArray, shift: SideArray, improvement: str | None, is_ruled: BoolArray) -> pd.Series:
    """Type of each point by the first rule that holds, outside before shift; None where a point is not ruled."""
    sides = np.where(outside != 0, outside, shift)
    good = {"increase": 1, "decrease": -1, None: 0}[improvement]
    kinds = np.select(
        [sides == 0, sides * good > 0, sides * good < 0],
        ["common-cause", "special-cause-improvement", "special-cause-concern"],
        default="special-cause-neutral",
    )
    # Left to itself, pandas would read these as text and turn None into nan.
    return pd.Series(np.where(is_ruled, kinds.astype(object), np.full(len(kinds), None, dtype=object)), dtype=object)


def _baseline_ends(months: CountArray, in_baseline: BoolArray, segments: Segments) -> dict[str, FloatArray]:
    """First and last baseline month of each point's series; nan for a series without a single value."""
    first, last = np.full(segments.number, np.inf), np.full(segments.number, -np.inf)
    np.minimum.at(first, segments.of_point[in_baseline], months[in_baseline])
    np.maximum.at(last, segments.of_point[in_baseline], months[in_baseline])
    is_empty = first > last
    ends = {"baseline_start": first, "baseline_end": last}
    return {name: np.where(is_empty, np.nan, month)[segments.of_point] for name, month in ends.items()}


def rare_states(
    events: EventTable, definition: IndicatorDefinition, subjects: Sequence[str], settings: EstimateSettings
) -> pd.DataFrame:
    """What the g chart of births between events last said in each whole financial year, as a word.

    Returns columns RARE_COLUMNS for years in the months of `settings`. Gaps and their order stay inside.
    """
    own = events.events[events.events["indicator"] == definition.id]
    years = list(whole_periods(settings.months, PeriodLength.YEAR))
    placed = pd.concat([_gaps_of(own, subject, settings) for subject in subjects], ignore_index=True)
    ruled = _rule_gaps(placed, settings)
    rows = [
        (definition.id, subject, year.first_month, _state_of(ruled[ruled["subject"] == subject], year))
        for subject in subjects
        for year in years
    ]
    return pd.DataFrame(rows, columns=list(RARE_COLUMNS))


def _gaps_of(events: pd.DataFrame, subject: str, settings: EstimateSettings) -> pd.DataFrame:
    """Births between consecutive events of one subject; what came before the first event is not known whole."""
    if subject == settings.reporter:
        chosen, place = events, "place_in_whole"
    else:
        chosen, place = _events_of_subject(events, subject, settings), "place_in_provider"
    ordered = chosen.sort_values(place)
    gaps = pd.DataFrame({"subject": subject, "month": ordered["month"], "gap": ordered[place].diff() - 1.0})
    return gaps.iloc[1:]


def _events_of_subject(events: pd.DataFrame, subject: str, settings: EstimateSettings) -> pd.DataFrame:
    subjects = events["provider"].map(lambda code: settings.subject_of.get(code, code))
    own = events[subjects == subject]
    # Births of two providers are numbered apart, so that no gap between their events is known.
    return own if own["provider"].nunique() == 1 else own.iloc[:0]


def _rule_gaps(placed: pd.DataFrame, settings: EstimateSettings) -> pd.DataFrame:
    """The gaps with the side of their signal and whether their limits are firm; limits from the first gaps."""
    if placed.empty:
        return placed.assign(side=[], firm=[])
    segments = segments_of(pd.factorize(placed["subject"])[0])
    every_gap = np.ones(len(placed), dtype=np.bool_)
    in_baseline = _first_points(every_gap, segments, settings.baseline_points)
    chart = g_chart(placed["gap"].to_numpy(float), segments, in_baseline=in_baseline)
    outside, shift = astronomical(chart), shift_runs(chart.value, chart.centre, segments).completed
    standing = np.array([str(each) for each in chart.standing], dtype=object)[segments.of_point]
    return placed.assign(side=np.where(outside != 0, outside, shift), firm=standing == str(LimitsStanding.FIRM))


def _state_of(own: pd.DataFrame, year: Period) -> str:
    """The latest signal of the year decides; events in the year that signal nothing are no signal."""
    if own.empty or not bool(own["firm"].all()):
        return str(GapState.NOT_ENOUGH_EVENTS)
    sides = own.loc[own["month"].between(year.first_month, year.last_month), "side"]
    signals = sides[sides != 0]
    if signals.empty:
        return str(GapState.NO_SIGNAL)
    return str(GapState.LESS_FREQUENT if signals.iloc[-1] > 0 else GapState.MORE_FREQUENT)
