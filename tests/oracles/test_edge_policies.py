"""What the statistics answer where a published program stops: null with a reason, or a refusal of impossible counts."""

from __future__ import annotations

import numpy as np
import pytest

from indicator_engine.errors import InvalidCounts
from indicator_engine.statistics.comparison import katz_ratio, newcombe_difference, risk_ratio, score_ratio
from indicator_engine.statistics.proportions import observed_proportion, wilson_interval
from indicator_engine.statistics.rates import byar_exact_interval, byar_interval
from indicator_engine.statistics.reasons import Reason
from indicator_engine.statistics.slope import SlopeVariance, linear_slope_index, slope_index


@pytest.mark.parametrize(("events", "trials"), [([1, -1], [5, 5]), ([1, 6], [5, 5]), ([1, 0], [5, -2])])
def test_impossible_counts_are_refused_with_their_position(events: list[int], trials: list[int]) -> None:
    with pytest.raises(InvalidCounts) as refusal:
        wilson_interval(events, trials)
    assert refusal.value.position == 1


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_no_share_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval([1], [2], confidence=confidence)


def test_no_trials_leave_their_neighbours_alone() -> None:
    assert np.isnan(observed_proportion([0, 1], [0, 4])).tolist() == [True, False]


def test_wilson_limits_are_exact_at_none_and_all() -> None:
    interval = wilson_interval([0, 7], [7, 7])
    assert (interval.lower[0], interval.upper[1]) == (0.0, 1.0)


def test_a_rate_without_exposure_is_null() -> None:
    assert np.isnan(byar_exact_interval([3], [0]).upper).all()


def test_events_may_exceed_the_exposure_of_a_rate() -> None:
    assert byar_exact_interval([12], [4]).upper[0] > 3


def test_byar_has_no_lower_limit_below_no_events() -> None:
    assert np.isnan(byar_interval([0], [100]).lower).all()


@pytest.mark.parametrize("ratio_of", [katz_ratio, score_ratio, risk_ratio])
def test_a_reference_without_events_has_no_ratio(ratio_of: object) -> None:
    assert callable(ratio_of)
    comparison = ratio_of([3], [10], [0], [10])
    assert np.isnan([comparison.estimate, comparison.interval.lower, comparison.interval.upper]).all()
    assert comparison.reasons.tolist() == [Reason.REFERENCE_ZERO]


def test_the_ratio_of_a_group_without_events_has_a_score_interval() -> None:
    comparison = risk_ratio([0], [40], [12], [500])
    assert (comparison.estimate[0], comparison.interval.lower[0]) == (0, 0)
    assert comparison.interval.upper[0] == pytest.approx(3.729033, rel=1e-6)


def test_risk_ratio_is_katz_where_no_cell_is_zero() -> None:
    chosen, katz = risk_ratio(45, 300, 120, 1400).interval, katz_ratio(45, 300, 120, 1400).interval
    assert (chosen.lower, chosen.upper) == (katz.lower, katz.upper)


def test_a_difference_without_trials_says_why() -> None:
    assert newcombe_difference([0], [0], [1], [5]).reasons.tolist() == [Reason.ZERO_DENOMINATOR]


def test_a_missing_count_says_why() -> None:
    assert newcombe_difference([np.nan], [4], [1], [5]).reasons.tolist() == [Reason.MISSING_COUNT]


def test_one_reference_serves_many_groups() -> None:
    assert newcombe_difference([1, 2, 3], [10, 10, 10], 5, 50).estimate == pytest.approx([0.0, 0.1, 0.2])


@pytest.mark.parametrize(
    ("events", "trials", "reason"),
    [
        ([1, 2, np.nan], [10, 10, 10], Reason.TOO_FEW_GROUPS),
        ([1, 2, 0], [10, 10, 0], Reason.TOO_FEW_GROUPS),
        ([0, 0, 0], [10, 10, 10], Reason.NO_EVENTS),
        ([10, 10, 10], [10, 10, 10], Reason.NO_VARIATION),
        ([5, 0, 0], [10, 10, 10], Reason.SEPARATED_GROUPS),
        ([1, 2, 3], [10, 10, 10], Reason.COMPUTED),
    ],
)
def test_a_slope_without_limits_says_why(events: list[float], trials: list[float], reason: Reason) -> None:
    indices = slope_index(np.array([events, [2, 3, 4]]), np.array([trials, [20, 20, 20]]), [1, 2, 3])
    assert indices.reasons.tolist() == [reason, Reason.COMPUTED]
    assert np.isnan(indices.sii_interval.lower[0]) == (reason is not Reason.COMPUTED)


def test_equal_groups_have_no_slope() -> None:
    indices = slope_index([[2, 4, 6]], [[20, 40, 60]], [1, 2, 3])
    assert (indices.sii[0], indices.rii[0]) == (0.0, 1.0)
    assert indices.sii_interval.lower[0] < 0 < indices.sii_interval.upper[0]


def test_an_absent_group_is_counted_and_changes_nothing() -> None:
    padded = slope_index([[9, 7, np.nan, 5, 4]], [[50, 50, np.nan, 50, 50]], [1, 2, 3, 4, 5])
    plain = slope_index([[9, 7, 5, 4]], [[50, 50, 50, 50]], [1, 2, 4, 5])
    assert (padded.groups_used[0], padded.groups_missing[0]) == (4, 1)
    assert padded.sii[0] == pytest.approx(plain.sii[0], rel=1e-12)


def test_fewer_than_five_groups_only_describe() -> None:
    four = slope_index([[9, 7, 5, 4]], [[50] * 4], [1, 2, 3, 4])
    five = slope_index([[9, 7, 6, 5, 4]], [[50] * 5], [1, 2, 3, 4, 5])
    assert (four.descriptive_only[0], five.descriptive_only[0]) == (True, False)


def test_misfit_widens_the_interval_by_phi_and_student() -> None:
    events, trials, order = [[40, 5, 30, 8, 20]], [[100] * 5], [1, 2, 3, 4, 5]
    plain = slope_index(events, trials, order, variance=SlopeVariance.MODEL)
    scaled = slope_index(events, trials, order)
    half_widths = (scaled.sii_interval.upper - scaled.sii) / (plain.sii_interval.upper - plain.sii)
    # t with 3 degrees of freedom at 97.5 %, over the normal quantile
    assert half_widths[0] == pytest.approx(np.sqrt(scaled.phi[0]) * 3.182446 / 1.959964, rel=1e-6)


def test_a_line_below_zero_has_no_ratio() -> None:
    indices = linear_slope_index([[30, 1, 0]], [[100, 100, 100]], [1, 2, 3])
    assert indices.reasons.tolist() == [Reason.PREDICTION_NOT_POSITIVE]
    assert np.isnan(indices.rii[0])
    assert indices.sii[0] < 0
