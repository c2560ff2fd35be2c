"""Charts over time: centre lines and limits of many series at once.

Proportions go on a p chart, the births between rare events on a g chart. The rules that read the points are in
`spc_rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from indicator_engine.statistics.arrays import ArrayLike, BoolArray, FloatArray
from indicator_engine.statistics.checks import checked_proportion_counts, checked_rate_counts
from indicator_engine.statistics.proportions import ratio_or_nan
from indicator_engine.statistics.segments import Segments

FEWEST_POINTS_FOR_LIMITS = 7  # with fewer, a line of points only
FEWEST_POINTS_FOR_FIRM_LIMITS = 13  # NHS England, Making Data Count: no icon and no alert before


class LimitsStanding(StrEnum):
    """What may be read from the limits of a segment."""

    NONE = "none"
    """Fewer than seven points: no limits."""
    PROVISIONAL = "provisional"
    """Seven to twelve points: limits drawn as provisional, no icon and no alert."""
    FIRM = "firm"
    """Thirteen points or more."""


@dataclass(frozen=True, slots=True)
class ControlChart:
    """One chart for each segment; arrays of shape (points,) unless stated; nan where there is none.

    value: what is drawn. centre: the line that runs are counted against. mean: what the limits are made from.
    lower, upper: limits within the natural bounds of the measure; *_warning the same at two standard deviations;
    *_unclipped before the bounds. standing: one LimitsStanding a segment, shape (segments,).
    """

    value: FloatArray
    centre: FloatArray
    mean: FloatArray
    lower: FloatArray
    upper: FloatArray
    lower_warning: FloatArray
    upper_warning: FloatArray
    lower_unclipped: FloatArray
    upper_unclipped: FloatArray
    standing: tuple[LimitsStanding, ...]


def p_chart(
    numerators: ArrayLike,
    denominators: ArrayLike,
    segments: Segments,
    *,
    in_baseline: BoolArray | None = None,
    fixed_centre: FloatArray | None = None,
    fewest_points: int = FEWEST_POINTS_FOR_LIMITS,
) -> ControlChart:
    """p chart of each segment: centre = sum / sum over its baseline, three-sigma limits for each point.

    numerators, denominators: shape (points,), whole numbers, 0 <= numerator <= denominator; a denominator of zero or
    a missing count is a gap, with no value and no limits. in_baseline: shape (points,), points that the centre is
    made from; all when absent. fixed_centre: shape (segments,), a centre set from outside, nan = from the baseline.
    fewest_points: baseline points below which a segment has no centre and no limits.
    Returns proportions in [0, 1]. Raises InvalidCounts with the first bad position.
    Source: Provost and Murray 2011, The Health Care Data Guide, chapter 5. Oracle: tests/oracles/data/spc/p_*.json.
    """
    events, trials = checked_proportion_counts(numerators, denominators)
    value = ratio_or_nan(events, trials)
    baseline = _baseline(value, in_baseline)
    pooled = ratio_or_nan(segments.sums(np.where(baseline, events, 0)), segments.sums(np.where(baseline, trials, 0)))
    pooled = np.where(segments.counts(baseline) < fewest_points, np.nan, pooled)
    if fixed_centre is not None:
        pooled = np.where(np.isnan(fixed_centre), pooled, fixed_centre)
    centre = pooled[segments.of_point]
    sigma = np.sqrt(ratio_or_nan(centre * (1 - centre), trials))
    return _chart(value, centre, centre, sigma, segments, bounds=(0.0, 1.0))


def g_chart(
    gaps: ArrayLike,
    segments: Segments,
    *,
    in_baseline: BoolArray | None = None,
    fewest_points: int = FEWEST_POINTS_FOR_LIMITS,
) -> ControlChart:
    """g chart of each segment: opportunities between events, centre = median, limits from the mean.

    gaps: shape (points,), whole numbers, 0 for consecutive events; nan is a gap in the record.
    Upper limit mean + 3 sqrt(mean (mean + 1)), lower limit 0; the unclipped lower limit is below 0.
    in_baseline, fewest_points: as for `p_chart`. Raises InvalidCounts with the first bad position.
    Source: Benneyan 2001, Health Care Management Science 4, 305-318; the median as centre since the distribution is
    skewed. Oracle: tests/oracles/data/spc/g_*.json.
    """
    value, _ = checked_rate_counts(gaps, 1.0)
    baseline = _baseline(value, in_baseline)
    sizes = segments.counts(baseline)
    has_limits = sizes >= fewest_points
    total = segments.sums(np.where(baseline, value, 0.0))
    mean = np.where(has_limits, ratio_or_nan(total, sizes.astype(np.float64)), np.nan)[segments.of_point]
    median = np.where(has_limits, segments.medians(value, baseline), np.nan)[segments.of_point]
    return _chart(value, median, mean, np.sqrt(mean * (mean + 1)), segments, bounds=(0.0, np.inf))


def _standings(value: FloatArray, centre: FloatArray, segments: Segments) -> tuple[LimitsStanding, ...]:
    # A baseline that is too short leaves no limits, however many points follow it.
    has_centre = ~np.isnan(centre[segments.starts])
    points = np.where(has_centre, segments.counts(~np.isnan(value)), 0)
    return tuple(_standing(size) for size in points.tolist())


def _standing(points: int) -> LimitsStanding:
    if points < FEWEST_POINTS_FOR_LIMITS:
        return LimitsStanding.NONE
    if points < FEWEST_POINTS_FOR_FIRM_LIMITS:
        return LimitsStanding.PROVISIONAL
    return LimitsStanding.FIRM


def _baseline(value: FloatArray, in_baseline: BoolArray | None) -> BoolArray:
    has_value = np.asarray(~np.isnan(value), dtype=np.bool_)
    return has_value if in_baseline is None else has_value & in_baseline


def _chart(
    value: FloatArray,
    centre: FloatArray,
    mean: FloatArray,
    sigma: FloatArray,
    segments: Segments,
    *,
    bounds: tuple[float, float],
) -> ControlChart:
    return ControlChart(
        value=value,
        centre=centre,
        mean=mean,
        lower=np.clip(mean - 3 * sigma, *bounds),
        upper=np.clip(mean + 3 * sigma, *bounds),
        lower_warning=np.clip(mean - 2 * sigma, *bounds),
        upper_warning=np.clip(mean + 2 * sigma, *bounds),
        lower_unclipped=mean - 3 * sigma,
        upper_unclipped=mean + 3 * sigma,
        standing=_standings(value, centre, segments),
    )
