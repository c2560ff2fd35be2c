"""Statistics over whole arrays, against a loop over groups and against bare limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.timing import median_seconds
from indicator_engine.statistics.arrays import CountArray, FloatArray
from indicator_engine.statistics.comparison import newcombe_difference, risk_ratio
from indicator_engine.statistics.proportions import wilson_interval
from indicator_engine.statistics.rates import byar_exact_interval
from indicator_engine.statistics.segments import segments_of
from indicator_engine.statistics.slope import slope_index
from indicator_engine.statistics.spc import p_chart
from indicator_engine.statistics.spc_rules import astronomical, shift_runs

SEED = 11
GROUPS_OF_A_SET = 5
POINTS_OF_A_SERIES = 60
LOOPED_SHARE = 20  # the loop runs over every twentieth group and set, and its time is multiplied
FASTER_BAR = 50.0
SECONDS_BAR = 2.0
CHART_BAR = 5.0
ORDER = np.arange(GROUPS_OF_A_SET)


@dataclass(frozen=True, slots=True)
class _Counts:
    """events, trials: of the groups, shape (groups,). set_events, set_trials: shape (sets, GROUPS_OF_A_SET)."""

    events: CountArray
    trials: CountArray
    set_events: CountArray
    set_trials: CountArray

    def every(self, step: int) -> _Counts:
        """The same with every `step`-th group and set."""
        return _Counts(self.events[::step], self.trials[::step], self.set_events[::step], self.set_trials[::step])


def bench_statistics(size: BenchSize, progress: Callable[[str], None]) -> list[BenchRow]:
    """Rows of intervals with inequality measures, and of control charts."""
    progress(f"statistics of {size.groups:,} groups and {size.sets:,} sets")
    rows = _inequality_rows(size)
    progress(f"{size.series:,} control charts")
    return [*rows, _chart_row(size)]


def _inequality_rows(size: BenchSize) -> list[BenchRow]:
    counts = _draw_counts(size)
    looped = counts.every(LOOPED_SHARE)
    share = (size.groups + size.sets) / (len(looped.events) + len(looped.set_events))
    seconds = median_seconds(
        {"arrays": lambda: _measure(counts), "loop": lambda: _measure_one_by_one(looped)}, repeats=size.repeats
    )
    work = (
        f"Wilson and Byar/exact intervals of {size.groups:,} groups; difference, ratio, SII and RII with intervals of "
        f"{size.sets:,} sets of {GROUPS_OF_A_SET}"
    )
    loop = f"a loop of the same functions over single groups (every {LOOPED_SHARE}th of them, times {share:.4g})"
    return [
        BenchRow(
            "statistics arrays",
            f"{work}; the ratio says how many times faster, at least",
            seconds["arrays"],
            loop,
            seconds["loop"] * share,
            FASTER_BAR,
            at_least=True,
        ),
        BenchRow("statistics seconds", work, seconds["arrays"], "the allowed time itself", SECONDS_BAR, 1.0),
    ]


def _draw_counts(size: BenchSize) -> _Counts:
    """Counts as small areas have them: tens to hundreds of trials, one event in fourteen."""
    random = np.random.default_rng(SEED)
    trials = random.integers(20, 900, size.groups)
    set_trials = random.integers(60, 900, (size.sets, GROUPS_OF_A_SET))
    return _Counts(random.binomial(trials, 0.07), trials, random.binomial(set_trials, 0.07), set_trials)


def _measure(counts: _Counts) -> None:
    wilson_interval(counts.events, counts.trials)
    byar_exact_interval(counts.events, counts.trials)
    reference = counts.set_events[:, -1:], counts.set_trials[:, -1:]
    newcombe_difference(counts.set_events, counts.set_trials, *reference)
    risk_ratio(counts.set_events, counts.set_trials, *reference)
    slope_index(counts.set_events, counts.set_trials, ORDER)


def _measure_one_by_one(counts: _Counts) -> None:
    for events, trials in zip(counts.events, counts.trials, strict=True):
        wilson_interval([events], [trials])
        byar_exact_interval([events], [trials])
    for set_events, set_trials in zip(counts.set_events, counts.set_trials, strict=True):
        newcombe_difference(set_events, set_trials, set_events[-1:], set_trials[-1:])
        risk_ratio(set_events, set_trials, set_events[-1:], set_trials[-1:])
        slope_index(set_events[None, :], set_trials[None, :], ORDER)


def _chart_row(size: BenchSize) -> BenchRow:
    random = np.random.default_rng(SEED)
    denominators = random.integers(80, 400, (size.series, POINTS_OF_A_SERIES))
    numerators = random.binomial(denominators, 0.2)
    seconds = median_seconds(
        {"charts": lambda: _rule_charts(numerators, denominators), "floor": lambda: _bare(numerators, denominators)},
        repeats=size.repeats,
    )
    return BenchRow(
        "statistics spc",
        f"p charts with limits, points outside and runs; {size.series:,} series of {POINTS_OF_A_SERIES} points",
        seconds["charts"],
        "centre and three-sigma limits alone, in plain numpy on the same counts",
        seconds["floor"],
        CHART_BAR,
    )


def _rule_charts(numerators: CountArray, denominators: CountArray) -> None:
    segments = segments_of(np.repeat(np.arange(len(numerators)), POINTS_OF_A_SERIES))
    chart = p_chart(numerators.ravel(), denominators.ravel(), segments)
    astronomical(chart)
    shift_runs(chart.value, chart.centre, segments)


def _bare(numerators: CountArray, denominators: CountArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """value, lower and upper limit of each point, shape (series, points)."""
    value = numerators / denominators
    centre = numerators.sum(axis=1, keepdims=True) / denominators.sum(axis=1, keepdims=True)
    reach = 3 * np.sqrt(centre * (1 - centre) / denominators)
    return value, np.clip(centre - reach, 0.0, 1.0), np.clip(centre + reach, 0.0, 1.0)
