"""Two limits around an estimate, and the quantiles they are made from."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import ndtri

from indicator_engine.statistics.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Interval:
    """Lower and upper limit of each estimate; nan where there is none. Both of one shape."""

    lower: FloatArray
    upper: FloatArray


def normal_quantile(confidence: float) -> float:
    """The two-sided standard normal quantile, 1.959964 for a confidence of 0.95.

    Raises ValueError unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a share between 0 and 1, for example 0.95")
    return float(ndtri((1 + confidence) / 2))
