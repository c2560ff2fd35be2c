"""Refuses counts that cannot be counts, once, before any statistic sees them."""

from __future__ import annotations

import numpy as np

from indicator_engine.errors import InvalidCounts
from indicator_engine.statistics.arrays import ArrayLike, BoolArray, FloatArray


def checked_proportion_counts(events: ArrayLike, trials: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Events and trials as floats of one shape; nan stands for a missing count.

    Raises InvalidCounts where a count is negative or infinite, or events exceed trials.
    """
    event_counts, trial_counts = checked_rate_counts(events, trials)
    _refuse(event_counts > trial_counts, "events exceed trials; count the numerator within the denominator")
    return event_counts, trial_counts


def checked_rate_counts(events: ArrayLike, exposure: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Events and exposure as floats of one shape; events may exceed the exposure.

    Raises InvalidCounts where a count or an exposure is negative or infinite.
    """
    event_counts, exposures = np.broadcast_arrays(
        np.asarray(events, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    )
    _refuse((event_counts < 0) | np.isinf(event_counts), "a count of events is negative or infinite")
    _refuse((exposures < 0) | np.isinf(exposures), "a denominator is negative or infinite")
    return event_counts, exposures


def _refuse(bad: BoolArray, message: str) -> None:
    if bad.any():
        raise InvalidCounts(message, position=int(np.argmax(bad)))
