"""How a computed number is held against an oracle's, and what holds where the oracle's software refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from indicator_engine.statistics.arrays import FloatArray
from tests.oracles.case_files import Json, Tolerance


def fail_as_not_built(statistic: str) -> None:
    """Fails the running test: a case of something that does not exist yet is no success and no skip."""
    pytest.fail(f"statistic {statistic} is not built yet", pytrace=False)


def assert_agrees(name: str, computed: float, expected: Json, tolerance: Tolerance) -> None:
    """A number equals the oracle's within its tolerance; null stands for nan, 'Inf' for infinity."""
    wanted = number_of(expected)
    if math.isnan(wanted) or math.isinf(wanted) or math.isnan(computed):
        assert np.array_equal(computed, wanted, equal_nan=True), f"{name} is {computed}, the oracle says {expected}"
        return
    allowed = tolerance.absolute + tolerance.relative * abs(wanted)
    assert abs(computed - wanted) <= allowed, f"{name} is {computed}, the oracle says {expected}"


def assert_all_agree(name: str, computed: FloatArray, expected: Json, tolerance: Tolerance) -> None:
    """Every number of an array equals the oracle's at its place."""
    assert isinstance(expected, list)
    assert len(computed) == len(expected), f"{name} has {len(computed)} values, the oracle {len(expected)}"
    for position, (own, wanted) in enumerate(zip(computed.tolist(), expected, strict=True)):
        assert_agrees(f"{name}[{position}]", own, wanted, tolerance)


def assert_own_policy(estimate: float, lower: float, upper: float) -> None:
    """Where the oracle's software refused, ours answers null or an interval that holds its estimate."""
    has_null = any(math.isnan(value) for value in (estimate, lower, upper))
    assert has_null or lower <= estimate <= upper, f"{estimate} lies outside {lower} to {upper}"


def number_of(value: Json) -> float:
    """A number as the case files write it: null is nan, 'Inf' and '-Inf' are strings, true is 1."""
    return math.nan if value is None else float(str(value)) if isinstance(value, str) else _plain_number(value)


def _plain_number(value: Json) -> float:
    assert isinstance(value, int | float), f"{value!r} is no number"
    return float(value)
