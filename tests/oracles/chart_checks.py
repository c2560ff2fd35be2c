"""Runs the charts of the other case file format: points in, centre, limits, signals and runs out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indicator_engine.statistics.arrays import BoolArray, CountArray, FloatArray
from indicator_engine.statistics.segments import Segments, segments_of
from indicator_engine.statistics.spc import ControlChart, g_chart, p_chart
from indicator_engine.statistics.spc_rules import astronomical, runs_analysis
from tests.oracles.case_files import Json, JsonObject, OracleCase
from tests.oracles.comparison_rules import assert_all_agree, fail_as_not_built, number_of

# Name in the file, and what it is in a chart of ours.
POINT_COLUMNS = {
    "y": "value",
    "centre": "centre",
    "lcl": "lower",
    "ucl": "upper",
    "lwl_2sigma": "lower_warning",
    "uwl_2sigma": "upper_warning",
}
# The software draws limits through any number of points; our own floor has its own tests.
FEWEST_POINTS = 1
BUILT_CHARTS = {"p", "g"}


@dataclass(frozen=True, slots=True)
class ChartInput:
    """The points of a case, its phases and its baseline."""

    numerators: FloatArray
    denominators: FloatArray | None
    phases: CountArray
    is_excluded: BoolArray
    in_baseline: BoolArray
    fixed_centre: float
    scale: float

    def segments(self) -> Segments:
        return segments_of(np.zeros(len(self.numerators)), self.phases)


def check_chart(case: OracleCase) -> None:
    """Holds our chart against one case; fails when the chart is not built."""
    options = _options(case)
    kind = str(options.get("chart"))
    if kind not in BUILT_CHARTS:
        fail_as_not_built(f"{kind} chart" if "chart" in options else _family(case))
    if "shift_n" in options:
        fail_as_not_built(f"trend and two-of-three rules on a {kind} chart")
    points = case.content if case.name.startswith("series") else _object(case.content["input"])
    _check_points(case, _chart_input(points, options))


def _family(case: OracleCase) -> str:
    return case.name if case.statistic == "chart" else case.statistic


def _options(case: OracleCase) -> JsonObject:
    """The options of a chart; a series among many carries them itself, and some files have none."""
    if case.name.startswith("series"):
        return case.content
    options = case.content.get("options")
    return options if isinstance(options, dict) else {}


def _check_points(case: OracleCase, given: ChartInput) -> None:
    chart = _chart(given)
    expected = _object(case.content["expected"])
    points = _object(expected.get("points", expected))
    for name in points.keys() & POINT_COLUMNS.keys():
        column: FloatArray = np.asarray(getattr(chart, POINT_COLUMNS[name]) * given.scale, dtype=np.float64)
        assert_all_agree(name, column, points[name], case.tolerance)
    if "phase" in points:
        assert_all_agree("phase", given.phases.astype(np.float64) + 1, points["phase"], case.tolerance)
    if "sigma_signal" in points:
        signals = (astronomical(chart) != 0).astype(np.float64)
        assert_all_agree("sigma_signal", signals, points["sigma_signal"], case.tolerance)
    if "phases" in expected:
        _check_runs(case, given, chart, expected["phases"])


def _check_runs(case: OracleCase, given: ChartInput, chart: ControlChart, phases: Json) -> None:
    assert isinstance(phases, list)
    runs = runs_analysis(chart.value, chart.centre, given.segments(), is_included=~given.is_excluded)
    computed = {
        "n_obs": runs.points,
        "n_useful": runs.useful_points,
        "longest_run": runs.longest_run,
        "longest_run_max": runs.longest_run_limit,
        "n_crossings": runs.crossings,
        "n_crossings_min": runs.fewest_crossings,
        "runs_signal": runs.signal,
    }
    for name, values in computed.items():
        wanted: list[Json] = [_object(phase)[name] for phase in phases]
        assert_all_agree(name, values.astype(np.float64), wanted, case.tolerance)


def _chart(given: ChartInput) -> ControlChart:
    if given.denominators is not None:
        return p_chart(
            given.numerators,
            given.denominators,
            given.segments(),
            in_baseline=given.in_baseline,
            fixed_centre=np.full(given.segments().number, given.fixed_centre),
            fewest_points=FEWEST_POINTS,
        )
    if not np.isnan(given.fixed_centre):
        fail_as_not_built("g chart with a fixed centre")
    return g_chart(given.numerators, given.segments(), in_baseline=given.in_baseline, fewest_points=FEWEST_POINTS)


def _chart_input(points: JsonObject, options: JsonObject) -> ChartInput:
    numerators = _numbers(points, "value_or_numerator", "numerator_or_value")
    positions = np.arange(len(numerators))
    ends = options.get("part_after")
    breaks = [number_of(end) for end in (ends if isinstance(ends, list) else [ends])]
    phases = np.sum([positions >= end for end in breaks], axis=0)
    excluded = options.get("exclude")
    excluded_places = [number_of(place) for place in (excluded if isinstance(excluded, list) else [excluded])]
    is_excluded = np.isin(positions + 1.0, excluded_places)
    # The software ignores a freeze where phases are given.
    frozen_at = number_of(options.get("freeze")) if ends is None else np.nan
    is_frozen_out = positions >= frozen_at
    return ChartInput(
        numerators=numerators,
        denominators=_numbers(points, "denominator") if points.get("denominator") else None,
        phases=phases,
        is_excluded=is_excluded,
        in_baseline=~is_excluded & ~is_frozen_out,
        fixed_centre=number_of(options.get("centre_fixed")),
        scale=number_of(options.get("multiply", 1)),
    )


def _numbers(points: JsonObject, *names: str) -> FloatArray:
    values = next(points[name] for name in names if name in points)
    assert isinstance(values, list)
    return np.array([number_of(value) for value in values], dtype=np.float64)


def _object(value: Json) -> JsonObject:
    assert isinstance(value, dict)
    return value
