"""The score interval by its definition, slowly: the likelihood maximised numerically, no formula for its maximum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import ndtri, xlog1py, xlogy

from indicator_engine.statistics.arrays import FloatArray


def assert_solves_score_equation(
    events: FloatArray,
    trials: FloatArray,
    values: tuple[float, float, float],
    confidence: float,
    *,
    is_ratio: bool,
) -> None:
    """At each limit of (estimate, lower, upper) the score statistic has the size of the normal quantile."""
    quantile = float(ndtri((1 + confidence) / 2))
    _, lower, upper = values
    assert score_statistic(events, trials, lower, is_ratio=is_ratio) == pytest.approx(quantile, rel=1e-5)
    assert score_statistic(events, trials, upper, is_ratio=is_ratio) == pytest.approx(-quantile, rel=1e-5)


def score_statistic(events: FloatArray, trials: FloatArray, candidate: float, *, is_ratio: bool) -> float:
    """The standardised distance of the data from a candidate difference or ratio, group first, reference second."""

    def pair(reference: float) -> FloatArray:
        return np.array([reference * candidate if is_ratio else reference + candidate, reference])

    def loss(reference: float) -> float:
        chances = pair(reference)
        return -float(np.sum(xlogy(events, chances) + xlog1py(trials - events, -chances)))

    low, high = (0.0, min(1.0, 1 / candidate)) if is_ratio else (max(0.0, -candidate), min(1.0, 1 - candidate))
    margin = 1e-13
    best = minimize_scalar(loss, bounds=(low + margin, high - margin), method="bounded", options={"xatol": 1e-13})
    chances = pair(float(best.x))
    weights = np.array([1.0, candidate**2 if is_ratio else 1.0])
    variance = float(np.sum(weights * chances * (1 - chances) / trials))
    observed = events / trials
    distance = observed[0] - candidate * observed[1] if is_ratio else observed[0] - observed[1] - candidate
    return float(distance / np.sqrt(variance))
