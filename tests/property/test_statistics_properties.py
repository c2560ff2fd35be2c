"""Laws that hold for all counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicator_engine.statistics.comparison import newcombe_difference, risk_ratio, score_difference, score_ratio
from indicator_engine.statistics.proportions import observed_proportion, wilson_interval
from indicator_engine.statistics.rates import byar_exact_interval
from indicator_engine.statistics.segments import segments_of
from indicator_engine.statistics.slope import slope_index
from indicator_engine.statistics.spc import g_chart, p_chart
from indicator_engine.statistics.spc_rules import astronomical, runs_analysis, shift_runs
from tests.oracles.score_definition import assert_solves_score_equation

few_examples = settings(derandomize=True, max_examples=60, deadline=None, database=None)
ROUNDING = 1e-12


@st.composite
def proportion_counts(draw: st.DrawFn, least_trials: int = 1) -> tuple[int, int]:
    trials = draw(st.integers(least_trials, 5000))
    return draw(st.integers(0, trials)), trials


@st.composite
def inner_counts(draw: st.DrawFn) -> tuple[int, int]:
    trials = draw(st.integers(4, 400))
    return draw(st.integers(1, trials - 1)), trials


ordered_groups = st.lists(proportion_counts(), min_size=3, max_size=10)
confidences = st.sampled_from([0.8, 0.95, 0.998])


@few_examples
@given(proportion_counts(), confidences)
def test_a_wilson_interval_holds_its_proportion(counts: tuple[int, int], confidence: float) -> None:
    interval = wilson_interval(*counts, confidence=confidence)
    assert 0 <= interval.lower <= observed_proportion(*counts) + ROUNDING
    assert observed_proportion(*counts) - ROUNDING <= interval.upper <= 1


@few_examples
@given(st.integers(0, 3000), st.floats(0.5, 1e6), confidences)
def test_a_rate_interval_holds_its_rate(events: int, exposure: float, confidence: float) -> None:
    interval = byar_exact_interval(events, exposure, confidence=confidence)
    assert interval.lower <= events / exposure <= interval.upper


@few_examples
@given(proportion_counts(), proportion_counts(), confidences)
def test_difference_intervals_hold_their_difference(
    own: tuple[int, int], reference: tuple[int, int], confidence: float
) -> None:
    newcombe = newcombe_difference(*own, *reference, confidence=confidence)
    score = score_difference(*own, *reference, confidence=confidence)
    assert newcombe.interval.lower - ROUNDING <= newcombe.estimate <= newcombe.interval.upper + ROUNDING
    assert score.interval.lower - ROUNDING <= score.estimate <= score.interval.upper + ROUNDING


@few_examples
@given(proportion_counts(), inner_counts(), confidences)
def test_a_ratio_interval_holds_its_ratio(own: tuple[int, int], reference: tuple[int, int], confidence: float) -> None:
    ratio = risk_ratio(*own, *reference, confidence=confidence)
    assert ratio.interval.lower * (1 - 1e-9) <= ratio.estimate <= ratio.interval.upper * (1 + 1e-9)


@few_examples
@given(inner_counts(), inner_counts())
def test_score_limits_of_a_difference_solve_the_score_equation(
    own: tuple[int, int], reference: tuple[int, int]
) -> None:
    result = score_difference(*own, *reference)
    values = float(result.estimate), float(result.interval.lower), float(result.interval.upper)
    events, trials = np.array([own[0], reference[0]], dtype=float), np.array([own[1], reference[1]], dtype=float)
    assert_solves_score_equation(events, trials, values, 0.95, is_ratio=False)


@few_examples
@given(inner_counts(), inner_counts())
def test_score_limits_of_a_ratio_solve_the_score_equation(own: tuple[int, int], reference: tuple[int, int]) -> None:
    result = score_ratio(*own, *reference)
    values = float(result.estimate), float(result.interval.lower), float(result.interval.upper)
    events, trials = np.array([own[0], reference[0]], dtype=float), np.array([own[1], reference[1]], dtype=float)
    assert_solves_score_equation(events, trials, values, 0.95, is_ratio=True)


@few_examples
@given(ordered_groups, st.integers(0, 1000))
def test_the_place_of_groups_in_memory_does_not_change_the_slope(groups: list[tuple[int, int]], seed: int) -> None:
    counts = np.array(groups, dtype=float)
    order = np.arange(len(groups), dtype=float)
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    sorted_indices = slope_index(counts[None, :, 0], counts[None, :, 1], order)
    mixed_indices = slope_index(counts[None, shuffled, 0], counts[None, shuffled, 1], order[shuffled])
    assert mixed_indices.sii == pytest.approx(sorted_indices.sii, rel=1e-8, abs=1e-10, nan_ok=True)
    assert mixed_indices.rii == pytest.approx(sorted_indices.rii, rel=1e-8, nan_ok=True)


@few_examples
@given(ordered_groups, st.integers(2, 50))
def test_multiplying_all_counts_keeps_the_slope(groups: list[tuple[int, int]], factor: int) -> None:
    counts = np.array(groups, dtype=float)
    order = np.arange(len(groups), dtype=float)
    once = slope_index(counts[None, :, 0], counts[None, :, 1], order)
    many = slope_index(factor * counts[None, :, 0], factor * counts[None, :, 1], order)
    assert many.sii == pytest.approx(once.sii, rel=1e-8, abs=1e-10, nan_ok=True)


@few_examples
@given(st.lists(ordered_groups, min_size=2, max_size=6))
def test_sets_fitted_together_are_those_fitted_alone(sets: list[list[tuple[int, int]]]) -> None:
    widest = max(len(groups) for groups in sets)
    padded = np.array([groups + [(0, 0)] * (widest - len(groups)) for groups in sets], dtype=float)
    together = slope_index(padded[:, :, 0], padded[:, :, 1], np.arange(widest))
    alone = [slope_index(counts[None, :, 0], counts[None, :, 1], np.arange(widest)).sii[0] for counts in padded]
    assert together.sii == pytest.approx(np.array(alone), rel=1e-8, abs=1e-10, nan_ok=True)


@few_examples
@given(ordered_groups)
def test_a_slope_interval_holds_its_index(groups: list[tuple[int, int]]) -> None:
    counts = np.array(groups, dtype=float)
    indices = slope_index(counts[None, :, 0], counts[None, :, 1], np.arange(len(groups)))
    holds = (indices.sii_interval.lower <= indices.sii) & (indices.sii <= indices.sii_interval.upper)
    assert (holds | np.isnan(indices.sii_interval.lower)).all()


@few_examples
@given(proportion_counts(), st.integers(1, 60))
def test_a_constant_series_never_signals(counts: tuple[int, int], length: int) -> None:
    segments = segments_of(np.zeros(length))
    chart = p_chart([counts[0]] * length, [counts[1]] * length, segments)
    assert not astronomical(chart).any()
    assert not shift_runs(chart.value, chart.centre, segments).member.any()
    assert not runs_analysis(chart.value, chart.centre, segments).signal.any()


@few_examples
@given(st.integers(0, 100_000), st.integers(1, 60))
def test_constant_gaps_never_signal(gap: int, length: int) -> None:
    segments = segments_of(np.zeros(length))
    chart = g_chart([gap] * length, segments)
    assert not astronomical(chart).any()
    assert not shift_runs(chart.value, chart.centre, segments).member.any()


@few_examples
@given(st.lists(st.lists(proportion_counts(least_trials=20), min_size=1, max_size=30), min_size=2, max_size=6))
def test_series_charted_together_are_those_charted_alone(series: list[list[tuple[int, int]]]) -> None:
    points = np.array([point for one in series for point in one], dtype=float)
    owner = np.repeat(np.arange(len(series)), [len(one) for one in series])
    segments = segments_of(owner)
    together = p_chart(points[:, 0], points[:, 1], segments)
    run_together = shift_runs(together.value, together.centre, segments)
    first = owner == 0
    alone = p_chart(points[first, 0], points[first, 1], segments_of(owner[first]))
    run_alone = shift_runs(alone.value, alone.centre, segments_of(owner[first]))
    assert together.upper_unclipped[first] == pytest.approx(alone.upper_unclipped, rel=1e-12, nan_ok=True)
    assert run_together.completed[first].tolist() == run_alone.completed.tolist()
