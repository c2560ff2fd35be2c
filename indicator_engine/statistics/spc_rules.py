"""Rules that find points and runs unlikely by chance; strict inequalities, within one segment only.

A side is +1 above and -1 below. A point that equals a line to within rounding lies on it and is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import bdtr

from indicator_engine.statistics.arrays import BoolArray, CountArray, FloatArray, SideArray
from indicator_engine.statistics.segments import Segments
from indicator_engine.statistics.spc import FEWEST_POINTS_FOR_FIRM_LIMITS, ControlChart

SHIFT_LENGTH = 7  # NHS England, Making Data Count: seven points on one side of the centre
LINE_TOLERANCE = 1e-9  # relative: sums of decimals differ from their mean in the last bits


@dataclass(frozen=True, slots=True)
class ShiftRuns:
    """Runs on one side of the centre; arrays of shape (points,), +1 above, -1 below, 0 none.

    member: every point of a run that is long enough, from its first.
    completed: the point that made the run long enough, and each later point of it; never changed by later points.
    """

    member: SideArray
    completed: SideArray


@dataclass(frozen=True, slots=True)
class RunsAnalysis:
    """The runs test of each segment (Anhoej); arrays of shape (segments,).

    points, useful_points: with a place in the analysis, and of those not on the centre. longest_run_limit and
    fewest_crossings are nan without useful points, and then there is no signal.
    """

    points: CountArray
    useful_points: CountArray
    longest_run: FloatArray
    longest_run_limit: FloatArray
    crossings: FloatArray
    fewest_crossings: FloatArray
    signal: BoolArray


class GapState(StrEnum):
    """What a g chart says at its latest point."""

    NOT_ENOUGH_EVENTS = "not_enough_events"
    NO_SIGNAL = "no_signal"
    MORE_FREQUENT = "more_frequent"
    LESS_FREQUENT = "less_frequent"


def sides_of(values: FloatArray, line: FloatArray) -> SideArray:
    """On which side of a line each value lies, 0 on it to within rounding or where either is missing."""
    tolerance = LINE_TOLERANCE * np.maximum(1.0, np.abs(line))
    is_above, is_below = values > line + tolerance, values < line - tolerance
    return is_above.astype(np.int8) - is_below.astype(np.int8)


def astronomical(chart: ControlChart) -> SideArray:
    """+1 for a point above its upper limit, -1 below its lower limit, 0 for one inside, on a limit or without limits.

    Source: Shewhart 1931; NHS England, Making Data Count. Oracle: tests/oracles/data/spc/p_*.json, g_*.json.
    """
    above = sides_of(chart.value, chart.upper) > 0
    below = sides_of(chart.value, chart.lower) < 0
    return above.astype(np.int8) - below.astype(np.int8)


def shift_runs(values: FloatArray, centre: FloatArray, segments: Segments, *, length: int = SHIFT_LENGTH) -> ShiftRuns:
    """Runs of `length` or more consecutive points on one side of the centre.

    values, centre: shape (points,). A point on the centre, a missing value and the end of a segment break a run.
    Source: NHS England, Making Data Count. Oracle: tests/oracles/data/spc/p_freeze.json (second engine).
    """
    sides = sides_of(values, centre)
    run, place = _runs(sides, segments.of_point)
    run_lengths = np.bincount(run)[run]
    member = np.where(run_lengths >= length, sides, 0).astype(np.int8)
    completed = np.where(place >= length, sides, 0).astype(np.int8)
    return ShiftRuns(member=member, completed=completed)


def runs_analysis(
    values: FloatArray, centre: FloatArray, segments: Segments, *, is_included: BoolArray | None = None
) -> RunsAnalysis:
    """Longest run and number of crossings of each segment, with the limits expected by chance.

    Points on the centre and points that are not included are left out, and their neighbours then follow each other.
    Signal: longest run above round(log2 n) + 3, or crossings below the 5 % point of a binomial (n - 1, 1/2).
    Source: Anhoej and Olesen 2014, PLoS ONE 9, e113825. Oracle: tests/oracles/data/spc (phases of each chart).
    """
    included = np.ones(len(values), dtype=np.bool_) if is_included is None else is_included
    sides = sides_of(values, centre)
    is_useful = included & (sides != 0)
    useful = segments.counts(is_useful)
    owner = segments.of_point[is_useful]
    _, place = _runs(sides[is_useful], owner)
    longest = np.zeros(segments.number)
    np.maximum.at(longest, owner, place.astype(np.float64))
    is_run_start = place == 1
    crossings = np.bincount(owner[is_run_start], minlength=segments.number) - 1.0
    has_points = useful > 0
    longest_limit = np.where(has_points, np.round(np.log2(np.maximum(useful, 1))) + 3, np.nan)
    fewest = np.where(has_points, _fewest_crossings(np.maximum(useful - 1, 0)), np.nan)
    return RunsAnalysis(
        points=segments.counts(included),
        useful_points=useful,
        longest_run=np.where(has_points, longest, np.nan),
        longest_run_limit=longest_limit,
        crossings=np.where(has_points, crossings, np.nan),
        fewest_crossings=fewest,
        signal=has_points & ((longest > longest_limit) | (crossings < fewest)),
    )


def gap_states(chart: ControlChart, segments: Segments, *, open_gaps: FloatArray | None = None) -> tuple[GapState, ...]:
    """What the g chart of each segment says at its latest point, one GapState a segment.

    open_gaps: shape (segments,), opportunities since the last event, nan = unknown. An open gap can only show that
    events have become less frequent. Below thirteen events there is no state to give.
    """
    last = segments.last_points()
    shift = shift_runs(chart.value, chart.centre, segments).completed[last]
    outside = astronomical(chart)[last]
    still_open = np.full(segments.number, np.nan) if open_gaps is None else open_gaps
    is_longer = (shift > 0) | (outside > 0) | (sides_of(still_open, chart.upper[last]) > 0)
    is_shorter = (shift < 0) & ~is_longer
    too_few = segments.counts(~np.isnan(chart.value)) < FEWEST_POINTS_FOR_FIRM_LIMITS
    names = np.select(
        [too_few, is_longer, is_shorter],
        [GapState.NOT_ENOUGH_EVENTS.value, GapState.LESS_FREQUENT.value, GapState.MORE_FREQUENT.value],
        default=GapState.NO_SIGNAL.value,
    )
    return tuple(GapState(name) for name in names.tolist())


def _runs(sides: SideArray, owner: CountArray) -> tuple[CountArray, CountArray]:
    """The number of each point's run and its place in it from 1; a point on the line is a run of its own."""
    is_start = np.ones(len(sides), dtype=np.bool_)
    is_start[1:] = (sides[1:] != sides[:-1]) | (owner[1:] != owner[:-1]) | (sides[1:] == 0)
    run = np.cumsum(is_start) - 1
    return run, np.arange(len(sides)) - np.flatnonzero(is_start)[run] + 1


def _fewest_crossings(chances: CountArray) -> FloatArray:
    """The smallest number of crossings whose chance of being reached or undercut is at least 5 %."""
    most = int(chances.max(initial=0))
    candidates = np.arange(most + 1, dtype=np.float64)
    reached = bdtr(candidates[None, :], chances[:, None], 0.5) >= 0.05
    return np.asarray(np.argmax(reached | (candidates[None, :] >= chances[:, None]), axis=1), dtype=np.float64)
