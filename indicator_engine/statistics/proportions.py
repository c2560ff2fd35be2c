"""Proportions and their Wilson intervals."""

from __future__ import annotations

import numpy as np

from indicator_engine.statistics.arrays import ArrayLike, FloatArray
from indicator_engine.statistics.checks import checked_proportion_counts
from indicator_engine.statistics.intervals import Interval, normal_quantile


def observed_proportion(events: ArrayLike, trials: ArrayLike) -> FloatArray:
    """Events over trials, in [0, 1], not per cent; nan without trials.

    Raises InvalidCounts with the first bad position.
    """
    event_counts, trial_counts = checked_proportion_counts(events, trials)
    return ratio_or_nan(event_counts, trial_counts)


def wilson_interval(events: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Two-sided Wilson score interval of each proportion, without continuity correction.

    events, trials: one shape, whole numbers, 0 <= events <= trials; no trials or a missing count gives nan.
    Returns proportions in [0, 1], not per cent; exactly 0 below no events, exactly 1 above all events.
    Raises InvalidCounts with the first bad position.
    Source: Wilson 1927, JASA 22, 209-212. Oracle: tests/oracles/data/inequality/proportion_wilson.json.
    """
    event_counts, trial_counts = checked_proportion_counts(events, trials)
    z = normal_quantile(confidence)
    proportion = ratio_or_nan(event_counts, trial_counts)
    middle = 2 * event_counts + z**2
    half_width = z * np.sqrt(z**2 + 4 * event_counts * (1 - proportion))
    scale = 2 * (trial_counts + z**2)
    # Rounding leaves 1e-19 where the formula gives exactly 0 or 1.
    lower = np.where(event_counts == 0, 0.0, (middle - half_width) / scale)
    upper = np.where(event_counts == trial_counts, 1.0, (middle + half_width) / scale)
    return Interval(np.where(np.isnan(proportion), np.nan, lower), np.where(np.isnan(proportion), np.nan, upper))


def ratio_or_nan(numerators: FloatArray, denominators: FloatArray) -> FloatArray:
    """Numerators over denominators; nan, never infinity, where the denominator is zero or missing."""
    usable = np.where(denominators == 0, np.nan, denominators)
    return np.asarray(numerators / usable, dtype=np.float64)
