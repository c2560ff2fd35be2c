"""Draws from a seeded generator, a whole column at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]

CALIBRATION_STEPS = 60  # halvings of a span of 60 log-odds: far below what a float can tell apart


def happens(random: np.random.Generator, probability: Floats) -> Flags:
    """Whether each event happens. probability: shape (n,), 0 to 1."""
    return np.asarray(random.random(probability.shape) < probability)


def happens_among(random: np.random.Generator, probability: float, rows: int) -> Flags:
    """Whether an event of one probability happens in each of `rows` rows."""
    return np.asarray(random.random(rows) < probability)


def choose(random: np.random.Generator, weights: Sequence[float] | Floats, rows: int) -> Integers:
    """Position chosen in each row, with chances in proportion to `weights`."""
    return choose_by_row(random, np.asarray([weights], dtype=np.float64), np.zeros(rows, dtype=np.int64))


def choose_by_row(random: np.random.Generator, weights: Floats, row_kind: Integers) -> Integers:
    """Position chosen in each row, with the weights of the row's kind.

    weights: shape (kinds, choices), at least zero, each kind with one above zero. row_kind: shape (n,).
    """
    cumulative = np.cumsum(weights, axis=1)
    cumulative /= cumulative[:, -1:]
    # Kind k owns the span [k, k + 1), so that one sorted search serves every kind at once.
    spans = (cumulative + np.arange(len(weights))[:, None]).ravel()
    # The same draw rounded up by adding a large kind must not leave its span.
    draws = np.minimum(row_kind + random.random(row_kind.shape), np.nextafter(row_kind + 1.0, 0.0))
    found = np.searchsorted(spans, draws, side="right")
    return np.asarray(found - row_kind * weights.shape[1], dtype=np.int64)


def logistic(log_odds: Floats) -> Floats:
    """Probability of each log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


def calibrated(mean_probability: float, log_odds: Floats) -> Floats:
    """Probabilities with these differences in log-odds whose mean is `mean_probability`.

    log_odds: shape (n,), relative to any reference; an empty column gives an empty column.
    """
    if log_odds.size == 0:
        return np.asarray(log_odds)
    distinct, position = np.unique(log_odds, return_inverse=True)
    shares = np.bincount(position) / log_odds.size
    lower, upper = -30.0, 30.0
    for _ in range(CALIBRATION_STEPS):
        middle = (lower + upper) / 2
        is_too_high = float(shares @ logistic(distinct + middle)) > mean_probability
        lower, upper = (lower, middle) if is_too_high else (middle, upper)
    return logistic(distinct + lower)[position]
