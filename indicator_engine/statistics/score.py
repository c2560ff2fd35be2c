"""Limits of the difference and the ratio of two proportions by inverting the score test, for whole arrays.

Each limit is the value at which the score statistic, with the variance at the restricted maximum likelihood,
equals the normal quantile. Bisection on a bounded scale finds all limits of an array together and cannot leave
the parameter's range, whatever the counts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from indicator_engine.statistics.arrays import FloatArray
from indicator_engine.statistics.intervals import Interval
from indicator_engine.statistics.proportions import ratio_or_nan

HALVINGS = 60  # 2 ** -60 of the starting width: below double precision


def score_difference_limits(
    events: FloatArray, trials: FloatArray, reference_events: FloatArray, reference_trials: FloatArray, z: float
) -> Interval:
    """Miettinen-Nurminen limits of each difference, in [-1, 1]; nan where a denominator is zero or missing."""
    difference = ratio_or_nan(events, trials) - ratio_or_nan(reference_events, reference_trials)

    def statistic(candidate: FloatArray) -> FloatArray:
        reference = _reference_given_difference(events, trials, reference_events, reference_trials, candidate)
        own = np.clip(reference + candidate, 0.0, 1.0)
        variance = own * (1 - own) / trials + reference * (1 - reference) / reference_trials
        return _standardised(difference - candidate, variance)

    with np.errstate(divide="ignore", invalid="ignore"):
        lower = _bisect(statistic, z, np.full_like(difference, -1.0), difference)
        upper = _bisect(statistic, -z, difference, np.full_like(difference, 1.0))
    return Interval(np.where(np.isnan(difference), np.nan, lower), np.where(np.isnan(difference), np.nan, upper))


def score_ratio_limits(
    events: FloatArray, trials: FloatArray, reference_events: FloatArray, reference_trials: FloatArray, z: float
) -> Interval:
    """Koopman limits of each ratio, 0 or more; nan where a denominator or the reference is zero or missing."""
    proportion, reference_proportion = ratio_or_nan(events, trials), ratio_or_nan(reference_events, reference_trials)
    ratio = ratio_or_nan(proportion, reference_proportion)

    # The share r / (1 + r) maps all ratios to [0, 1], so that bisection has two ends.
    def statistic(share: FloatArray) -> FloatArray:
        candidate = share / (1 - share)
        reference = _reference_given_ratio(events, trials, reference_events, reference_trials, candidate)
        own = np.clip(reference * candidate, 0.0, 1.0)
        variance = own * (1 - own) / trials + candidate**2 * reference * (1 - reference) / reference_trials
        return _standardised(proportion - candidate * reference_proportion, variance)

    share = ratio / (1 + ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = _bisect(statistic, z, np.zeros_like(share), share)
        upper = _bisect(statistic, -z, share, np.ones_like(share))
        limits = lower / (1 - lower), upper / (1 - upper)
    exact_lower = np.where(ratio == 0, 0.0, limits[0])
    return Interval(np.where(np.isnan(ratio), np.nan, exact_lower), np.where(np.isnan(ratio), np.nan, limits[1]))


def _bisect(
    statistic: Callable[[FloatArray], FloatArray], target: float, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Where a falling statistic crosses the target; an end of the range when it does not cross inside."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_above = statistic(middle) > target
        low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
    return np.asarray((low + high) / 2, dtype=np.float64)


def _standardised(difference: FloatArray, variance: FloatArray) -> FloatArray:
    # No variance and no difference is agreement (0), no variance and a difference is certainty (infinite).
    return np.where(difference == 0, 0.0, difference / np.sqrt(np.maximum(variance, 0.0)))


def _reference_given_ratio(
    events: FloatArray,
    trials: FloatArray,
    reference_events: FloatArray,
    reference_trials: FloatArray,
    ratio: FloatArray,
) -> FloatArray:
    """Maximum likelihood of the reference's proportion when the group's is `ratio` times it."""
    all_events = events + reference_events
    quadratic = (trials + reference_trials) * ratio
    linear = trials * ratio + events + reference_trials + reference_events * ratio
    root = np.sqrt(np.maximum(linear**2 - 4 * quadratic * all_events, 0.0))
    # The smaller root, written so that it does not cancel for small ratios.
    return np.asarray(np.clip(2 * all_events / (linear + root), 0.0, 1.0), dtype=np.float64)


def _reference_given_difference(
    events: FloatArray,
    trials: FloatArray,
    reference_events: FloatArray,
    reference_trials: FloatArray,
    difference: FloatArray,
) -> FloatArray:
    """Maximum likelihood of the reference's proportion when the group's is `difference` more.

    The middle root of a cubic, in closed form (Miettinen and Nurminen 1985, appendix).
    """
    all_trials = trials + reference_trials
    square = (trials + 2 * reference_trials) * difference - all_trials - events - reference_events
    linear = (reference_trials * difference - all_trials - 2 * reference_events) * difference + (
        events + reference_events
    )
    constant = reference_events * difference * (1 - difference)
    third = square / (3 * all_trials)
    offset = third * third * third - square * linear / (6 * all_trials**2) + constant / (2 * all_trials)
    radius = np.copysign(np.sqrt(np.maximum(third**2 - linear / (3 * all_trials), 0.0)), offset)
    cosine = np.where(radius == 0, 0.0, offset / np.where(radius == 0, 1.0, radius * radius * radius))
    angle = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3
    low, high = np.maximum(0.0, -difference), np.minimum(1.0, 1 - difference)
    return np.asarray(np.clip(2 * radius * np.cos(angle) - third, low, high), dtype=np.float64)
