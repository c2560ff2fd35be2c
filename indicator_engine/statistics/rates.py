"""Rates of events over an exposure, and their Poisson intervals."""

from __future__ import annotations

import numpy as np
from scipy.special import gammainccinv, gammaincinv

from indicator_engine.statistics.arrays import ArrayLike, FloatArray
from indicator_engine.statistics.checks import checked_rate_counts
from indicator_engine.statistics.intervals import Interval, normal_quantile
from indicator_engine.statistics.proportions import ratio_or_nan

FEWEST_EVENTS_FOR_BYAR = 10  # Public Health England, Technical Guide: exact Poisson limits below ten events


def byar_exact_interval(events: ArrayLike, exposure: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Interval of each rate: exact Poisson below ten events, Byar's approximation from ten.

    events: counts, 0 or more. exposure: person-time or another base, 0 or more; none gives nan.
    Returns limits on the scale events / exposure. The limits jump slightly from nine events to ten.
    Raises InvalidCounts with the first bad position.
    Source: Public Health England, Technical Guide: Confidence intervals (2018).
    Oracle: tests/oracles/data/inequality/rate_byar_exact.json.
    """
    event_counts, exposures = checked_rate_counts(events, exposure)
    exact = _exact_counts(event_counts, confidence)
    byar = _byar_counts(event_counts, confidence)
    is_few = event_counts < FEWEST_EVENTS_FOR_BYAR
    chosen = Interval(np.where(is_few, exact.lower, byar.lower), np.where(is_few, exact.upper, byar.upper))
    return _per_exposure(chosen, exposures)


def exact_poisson_interval(events: ArrayLike, exposure: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Exact Poisson (Garwood) interval of each rate; exactly 0 below no events.

    Arguments and errors as `byar_exact_interval`.
    Source: Garwood 1936, Biometrika 28, 437-442. Oracle: tests/oracles/data/inequality/rate_byar_exact.json.
    """
    event_counts, exposures = checked_rate_counts(events, exposure)
    return _per_exposure(_exact_counts(event_counts, confidence), exposures)


def byar_interval(events: ArrayLike, exposure: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Byar's interval of each rate; a lower limit that would be negative, or divides by no events, is nan.

    Arguments and errors as `byar_exact_interval`.
    Source: Breslow and Day 1987, IARC 82, page 69. Oracle: tests/oracles/data/inequality/rate_byar_exact.json.
    """
    event_counts, exposures = checked_rate_counts(events, exposure)
    return _per_exposure(_byar_counts(event_counts, confidence), exposures)


def _exact_counts(events: FloatArray, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    # The chi-squared quantile has no zero degrees of freedom: below no events the limit is 0 by definition.
    lower = np.where(events == 0, 0.0, gammaincinv(np.where(events == 0, 1.0, events), tail))
    upper = gammainccinv(events + 1, tail)
    return Interval(np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64))


def _byar_counts(events: FloatArray, confidence: float) -> Interval:
    z = normal_quantile(confidence)
    # Byar divides by the count, so no events has no lower limit here.
    positive = np.where(events == 0, np.nan, events)
    lower = positive * (1 - 1 / (9 * positive) - z / (3 * np.sqrt(positive))) ** 3
    upper = (events + 1) * (1 - 1 / (9 * (events + 1)) + z / (3 * np.sqrt(events + 1))) ** 3
    return Interval(np.where(lower < 0, np.nan, lower), upper)


def _per_exposure(counts: Interval, exposures: FloatArray) -> Interval:
    return Interval(ratio_or_nan(counts.lower, exposures), ratio_or_nan(counts.upper, exposures))
