"""Runs the statistics of one case file format: rows of groups in, estimates and limits out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from indicator_engine.errors import InvalidCounts
from indicator_engine.statistics.arrays import FloatArray
from indicator_engine.statistics.comparison import (
    GroupComparison,
    katz_ratio,
    newcombe_difference,
    score_difference,
    score_ratio,
)
from indicator_engine.statistics.intervals import Interval
from indicator_engine.statistics.proportions import ratio_or_nan, wilson_interval
from indicator_engine.statistics.rates import byar_exact_interval, byar_interval, exact_poisson_interval
from indicator_engine.statistics.slope import SlopeIndices, SlopeVariance, linear_slope_index, slope_index
from tests.oracles.case_files import Json, JsonObject, OracleCase
from tests.oracles.comparison_rules import (
    assert_agrees,
    assert_all_agree,
    assert_own_policy,
    fail_as_not_built,
    number_of,
)
from tests.oracles.score_definition import assert_solves_score_equation

IntervalFunction: TypeAlias = Callable[..., Interval]
ComparisonFunction: TypeAlias = Callable[..., GroupComparison]

RATE_METHODS: dict[str, IntervalFunction] = {
    "Byar if x>=10 else exact": byar_exact_interval,
    "exact": exact_poisson_interval,
    "byar": byar_interval,
}
TWO_GROUP_METHODS: dict[tuple[str, str], ComparisonFunction] = {
    ("risk_diff", "newcomb"): newcombe_difference,
    ("risk_diff", "score"): score_difference,
    ("risk_ratio", "log"): katz_ratio,
    ("risk_ratio", "katz_log"): katz_ratio,
    ("risk_ratio", "score"): score_ratio,
}


def check_statistic(case: OracleCase) -> None:
    """Holds our statistic against one case; fails when it is not built."""
    checks: dict[str, Callable[[OracleCase], None]] = {
        "wilson_proportion_ci": _check_wilson,
        "rate_ci": _check_rate,
        "two_group_difference_ratio_ci": _check_two_groups,
        "two_group_ratio": _check_two_groups,
        "sii_rii_logit": _check_slope,
    }
    checks.get(case.statistic, _refuse)(case)


def _refuse(case: OracleCase) -> None:
    fail_as_not_built(case.statistic)


def _check_wilson(case: OracleCase) -> None:
    _check_interval(case, wilson_interval)


def _check_rate(case: OracleCase) -> None:
    method = str(_parameters(case).get("method", "Byar if x>=10 else exact"))
    if method not in RATE_METHODS:
        fail_as_not_built(f"{case.statistic} {method}")
    _check_interval(case, RATE_METHODS[method])


def _check_interval(case: OracleCase, interval_of: IntervalFunction) -> None:
    events, trials = _column(case, "numerator"), _column(case, "denominator")
    multiplier = number_of(_parameters(case).get("multiplier", 1))
    estimate = multiplier * ratio_or_nan(events, trials)
    expected = _object(case.content["expected"])
    try:
        interval = interval_of(events, trials, confidence=_confidence(case))
    except InvalidCounts:
        assert "error" in expected, "the counts are refused here but not by the oracle's software"
        return
    lower, upper = multiplier * interval.lower, multiplier * interval.upper
    if "error" in expected:
        assert_own_policy(estimate[0], lower[0], upper[0])
        return
    rows = _objects(expected["rows"]) if "rows" in expected else [expected]
    for name, computed in (("value", estimate), ("ci_low", lower), ("ci_high", upper)):
        assert_all_agree(name, computed, [row[name] for row in rows], case.tolerance)


def _check_two_groups(case: OracleCase) -> None:
    parameters = _parameters(case)
    method = str(parameters["measure"]), str(parameters.get("method", parameters.get("ci")))
    if method not in TWO_GROUP_METHODS or parameters.get("correction"):
        fail_as_not_built(f"{case.statistic} {' '.join(method)}")
    events, trials = _column(case, "numerator"), _column(case, "denominator")
    result = TWO_GROUP_METHODS[method](events[0], trials[0], events[1], trials[1], confidence=_confidence(case))
    values = float(result.estimate), float(result.interval.lower), float(result.interval.upper)
    expected = _object(case.content["expected"])
    if "error" in expected:
        assert_own_policy(*values)
        return
    if _is_known_defect(case, method, events, trials):
        assert_solves_score_equation(events, trials, values, _confidence(case), is_ratio=method[0] == "risk_ratio")
        return
    for name, computed in zip(("value", "ci_low", "ci_high"), values, strict=True):
        assert_agrees(name, computed, expected[name], case.tolerance)


def _is_known_defect(case: OracleCase, method: tuple[str, str], events: FloatArray, trials: FloatArray) -> bool:
    """Numbers of statsmodels that are wrong, with their causes in docs/methods/differences.md."""
    if not str(case.content.get("software")).startswith("statsmodels") or method[1] != "score":
        return False
    # Differences: a term of the cubic is wrong. Ratios: its root is lost to rounding when a group has only events.
    return method[0] == "risk_diff" or bool((events == trials).any())


def _check_slope(case: OracleCase) -> None:
    model = str(_parameters(case)["model"])
    if case.content.get("variant") == "recommended_counts_once":
        _check_counted_once(case)
    elif model == "linear":
        _check_linear_slope(case)
    else:
        fail_as_not_built(f"{case.statistic} {model} ({case.content.get('variant')})")


def _check_counted_once(case: OracleCase) -> None:
    expected = _object(case.content["expected"])
    for variance, suffix in ((SlopeVariance.MODEL, "model"), (SlopeVariance.HC1, "hc1")):
        indices = slope_index(*_groups(case), confidence=_confidence(case), variance=variance)
        assert_agrees("intercept", float(indices.intercept[0]), expected["intercept"], case.tolerance)
        assert_agrees("slope", float(indices.slope[0]), expected["slope"], case.tolerance)
        sii, rii = _object(expected["sii"]), _object(expected["rii"])
        keys = (f"se_{suffix}", f"se_log_{suffix}", f"ci_low_{suffix}", f"ci_high_{suffix}")
        _assert_sii(case, indices, sii["value"], sii[keys[0]], sii[keys[2]], sii[keys[3]])
        _assert_rii(case, indices, rii["value"], rii[keys[1]], rii[keys[2]], rii[keys[3]])


def _check_linear_slope(case: OracleCase) -> None:
    indices = linear_slope_index(*_groups(case), confidence=_confidence(case))
    measure, expected = _parameters(case)["measure"], _object(case.content["expected"])
    if "error" in expected:
        # The software refuses groups that are all equal; here they are an SII of 0 and an RII of 1.
        assert_agrees("sii", float(indices.sii[0]), 0, case.tolerance)
        assert_agrees("rii", float(indices.rii[0]), 1, case.tolerance)
    elif measure == "sii":
        # The software states this standard error on a scale that it guesses from the largest estimate.
        standard_error = number_of(expected["se"]) * _guessed_scale(case)
        _assert_sii(case, indices, expected["value"], standard_error, expected["ci_low"], expected["ci_high"])
    else:
        _assert_rii(case, indices, expected["value"], expected["se"], expected["ci_low"], expected["ci_high"])


def _assert_sii(case: OracleCase, indices: SlopeIndices, value: Json, se: Json, low: Json, high: Json) -> None:
    scale = _multiplier(case)
    assert_agrees("sii", scale * float(indices.sii[0]), value, case.tolerance)
    assert_agrees("sii standard error", scale * float(indices.sii_standard_error[0]), se, case.tolerance)
    assert_agrees("sii lower", scale * float(indices.sii_interval.lower[0]), low, case.tolerance)
    assert_agrees("sii upper", scale * float(indices.sii_interval.upper[0]), high, case.tolerance)


def _assert_rii(case: OracleCase, indices: SlopeIndices, value: Json, se: Json, low: Json, high: Json) -> None:
    assert_agrees("rii", float(indices.rii[0]), value, case.tolerance)
    assert_agrees("log rii standard error", float(indices.log_rii_standard_error[0]), se, case.tolerance)
    assert_agrees("rii lower", float(indices.rii_interval.lower[0]), low, case.tolerance)
    assert_agrees("rii upper", float(indices.rii_interval.upper[0]), high, case.tolerance)


def _groups(case: OracleCase) -> tuple[FloatArray, FloatArray, FloatArray]:
    events, trials = _column(case, "numerator"), _column(case, "denominator")
    return events[None, :], trials[None, :], _column(case, "order")


def _multiplier(case: OracleCase) -> float:
    """The scale of the case's estimates: 100 for per cent, 1,000 for per thousand."""
    proportions = ratio_or_nan(_column(case, "numerator"), _column(case, "denominator"))
    return float(np.round(np.nanmax(_column(case, "estimate")) / np.nanmax(proportions)))


def _guessed_scale(case: OracleCase) -> float:
    largest = float(np.nanmax(_column(case, "estimate")))
    return 1.0 if largest <= 1 else float(10 ** max(2, int(np.ceil(np.log10(largest)))))


def _confidence(case: OracleCase) -> float:
    return number_of(_parameters(case).get("confidence", 0.95))


def _parameters(case: OracleCase) -> JsonObject:
    return _object(case.content.get("parameters", {}))


def _column(case: OracleCase, name: str) -> FloatArray:
    rows = _objects(_object(case.content["inputs"])["rows"])
    return np.array([number_of(row[name]) for row in rows], dtype=np.float64)


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value


def _objects(value: Json) -> list[JsonObject]:
    assert isinstance(value, list)
    return [_object(entry) for entry in value]
