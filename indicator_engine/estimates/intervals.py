"""Which interval a definition asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indicator_engine.statistics.arrays import ArrayLike
from indicator_engine.statistics.intervals import Interval
from indicator_engine.statistics.proportions import wilson_interval
from indicator_engine.statistics.rates import byar_exact_interval


def interval_of(method: str, numerators: ArrayLike, denominators: ArrayLike, *, confidence: float) -> Interval:
    """Lower and upper limit of each rate, on the scale numerator / denominator; nan where the denominator is 0."""
    return METHODS[method](numerators, denominators, confidence=confidence)


METHODS: Mapping[str, Callable[..., Interval]] = {"wilson": wilson_interval, "byar_exact": byar_exact_interval}
