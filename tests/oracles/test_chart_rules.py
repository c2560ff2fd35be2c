"""Signals of control charts: against a second engine, and rule by rule on made series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indicator_engine.statistics.arrays import ArrayLike, BoolArray, FloatArray
from indicator_engine.statistics.segments import Segments, segments_of
from indicator_engine.statistics.spc import LimitsStanding, g_chart, p_chart
from indicator_engine.statistics.spc_rules import GapState, astronomical, gap_states, shift_runs

CHARTS = Path(__file__).parent / "data" / "spc"
SIDE_OF_WORD = {"none": 0, "improvement": 1, "deterioration": -1}


def one_series(length: int) -> Segments:
    return segments_of(np.zeros(length))


def shift_members(values: ArrayLike, phases: ArrayLike | None = None) -> list[int]:
    sides = np.asarray(values, dtype=np.float64)
    segments = segments_of(np.zeros(len(sides)), phases)
    return list(shift_runs(sides, np.zeros(len(sides)), segments).member)


def second_engine_sides(chart: str, rule: str) -> tuple[FloatArray, FloatArray, list[int]]:
    document = json.loads((CHARTS / f"{chart}.json").read_text(encoding="utf-8"))
    points = document["input"]
    words = document["expected_powerbi_spc"]["points"][rule]
    counts = np.array(points["value_or_numerator"], dtype=np.float64), np.array(points["denominator"], dtype=np.float64)
    return *counts, [SIDE_OF_WORD[word] for word in words]


def frozen(length: int, chart: str) -> BoolArray | None:
    return np.arange(length) < 20 if chart == "p_freeze" else None


@pytest.mark.parametrize("chart", ["p_basic", "p_freeze", "p_near_one", "p_overdispersed", "p_small_denominators"])
def test_shift_runs_are_those_of_a_second_engine(chart: str) -> None:
    numerators, denominators, expected = second_engine_sides(chart, "shift")
    segments = one_series(len(numerators))
    limits = p_chart(numerators, denominators, segments, in_baseline=frozen(len(numerators), chart))
    assert shift_runs(limits.value, limits.centre, segments).member.tolist() == expected


@pytest.mark.parametrize("chart", ["p_basic", "p_freeze", "p_near_one", "p_overdispersed", "p_small_denominators"])
def test_astronomical_points_are_those_of_a_second_engine(chart: str) -> None:
    numerators, denominators, expected = second_engine_sides(chart, "astronomical")
    limits = p_chart(numerators, denominators, one_series(len(numerators)), in_baseline=frozen(len(numerators), chart))
    assert astronomical(limits).tolist() == expected


def test_six_points_on_one_side_are_no_shift() -> None:
    assert shift_members([1] * 6 + [-1]) == [0] * 7


def test_a_shift_flags_its_run_from_the_first_point() -> None:
    assert shift_members([-1] + [1] * 8 + [-1]) == [0] + [1] * 8 + [0]


def test_a_shift_is_completed_at_its_seventh_point_and_stays_so() -> None:
    values = np.array([-1.0] + [1.0] * 9)
    runs = shift_runs(values, np.zeros(10), one_series(10))
    assert runs.completed.tolist() == [0] * 7 + [1] * 3


def test_a_point_on_the_centre_breaks_a_shift() -> None:
    assert shift_members([1, 1, 1, 0, 1, 1, 1, 1]) == [0] * 8


def test_a_missing_point_breaks_a_shift() -> None:
    assert shift_members([1, 1, 1, np.nan, 1, 1, 1, 1]) == [0] * 8


def test_a_new_phase_breaks_a_shift() -> None:
    assert shift_members([1] * 8, phases=[0] * 4 + [1] * 4) == [0] * 8


def test_a_low_shift_has_the_other_sign() -> None:
    assert shift_members([-1] * 7) == [-1] * 7


def test_series_of_unequal_length_do_not_touch() -> None:
    numerators = np.array([5.0] * 8 + [1.0] * 3 + [9.0] * 7)
    segments = segments_of([7] * 8 + [3] * 3 + [5] * 7)
    chart = p_chart(numerators, np.full(18, 10.0), segments)
    assert np.array_equal(chart.centre[[0, 8, 17]], [0.5, np.nan, 0.9], equal_nan=True)


def test_points_of_one_series_that_stand_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="do not stand together"):
        segments_of([1, 2, 1])


def test_a_month_without_births_has_neither_value_nor_limits() -> None:
    chart = p_chart([1, 0, 1, 2, 1, 1, 2, 1], [9, 0, 9, 9, 9, 9, 9, 9], one_series(8))
    assert np.isnan([chart.value[1], chart.lower[1], chart.upper_unclipped[1]]).all()


@pytest.mark.parametrize(
    ("points", "standing"),
    [
        (6, LimitsStanding.NONE),
        (7, LimitsStanding.PROVISIONAL),
        (12, LimitsStanding.PROVISIONAL),
        (13, LimitsStanding.FIRM),
    ],
)
def test_limits_are_firm_from_thirteen_points(points: int, standing: LimitsStanding) -> None:
    assert p_chart([3] * points, [30] * points, one_series(points)).standing == (standing,)


def test_fewer_than_seven_points_have_no_limits() -> None:
    assert np.isnan(p_chart([3] * 6, [30] * 6, one_series(6)).upper).all()


def test_a_baseline_of_fewer_than_seven_points_makes_no_limits_for_the_points_after_it() -> None:
    chart = p_chart([3] * 20, [30] * 20, one_series(20), in_baseline=np.arange(20) < 6)
    assert chart.standing == (LimitsStanding.NONE,)


def test_limits_are_kept_before_they_are_clipped() -> None:
    chart = p_chart([1] * 13, [20] * 13, one_series(13))
    assert chart.lower[0] == 0
    assert chart.lower_unclipped[0] < 0


def test_a_constant_decimal_series_has_no_signal() -> None:
    values = np.full(14, 93.3)
    centre = np.full(14, np.sum(values) / 14)
    assert not shift_runs(values, centre, one_series(14)).member.any()


def test_no_runs_signal_without_a_point_off_the_centre() -> None:
    chart = p_chart([0] * 13, [20] * 13, one_series(13))
    assert not astronomical(chart).any()


@pytest.mark.parametrize(
    ("last_gaps", "open_gap", "state"),
    [
        ([20, 80, 50, 50], np.nan, GapState.NO_SIGNAL),
        ([20, 80, 50, 900], np.nan, GapState.LESS_FREQUENT),
        ([20, 80, 50, 50], 900, GapState.LESS_FREQUENT),
        ([20, 80, 50, 50], 0, GapState.NO_SIGNAL),
        ([1, 2, 1, 3, 1, 2, 1], np.nan, GapState.MORE_FREQUENT),
        ([90, 91, 92, 90, 91, 93, 90], np.nan, GapState.LESS_FREQUENT),
    ],
)
def test_the_latest_gap_tells_the_state(last_gaps: list[float], open_gap: float, state: GapState) -> None:
    gaps = np.array([40.0, 60.0] * 8 + list(last_gaps))
    segments = one_series(len(gaps))
    assert gap_states(g_chart(gaps, segments), segments, open_gaps=np.array([open_gap])) == (state,)


def test_twelve_events_are_too_few_for_a_state() -> None:
    segments = one_series(12)
    assert gap_states(g_chart([50] * 11 + [900], segments), segments) == (GapState.NOT_ENOUGH_EVENTS,)
