"""Gaps between groups of one dimension, for every subject and period at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from indicator_engine.definition import UNKNOWN, IndicatorDefinition, Stratifier
from indicator_engine.statistics.arrays import BoolArray, CountArray, FloatArray
from indicator_engine.statistics.comparison import GroupComparison, newcombe_difference, risk_ratio
from indicator_engine.statistics.reasons import Reason
from indicator_engine.statistics.slope import slope_index

GAP_COLUMNS = (
    "indicator",
    "subject",
    "start",
    "dimension",
    "type",
    "method",
    "stratum",
    "reference",
    "reference_policy",
    "value",
    "low",
    "high",
    "strata_used",
    "descriptive_only",
    "status",
    "reason",
    "compared",
)
REST = "rest"

WordArray: TypeAlias = npt.NDArray[np.object_]
"""Text or None."""
Compared: TypeAlias = tuple[tuple[int, int], ...]
"""The true counts (numerator, denominator) that a statistic compares."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """Counts of one dimension as arrays of shape (sets, strata); a set is a subject and a period.

    is_shown: whether the set has the stratum at all; sites belong to one subject and not to its neighbours.
    """

    subjects: WordArray
    starts: CountArray
    strata: list[str]
    events: FloatArray
    trials: FloatArray
    is_shown: BoolArray


@dataclass(frozen=True, slots=True)
class _Statistics:
    """One kind of statistic, one place a row in every array. of_set: the set that a row belongs to."""

    type: str
    method: str
    of_set: CountArray
    comparison: GroupComparison
    stratum: WordArray
    reference: WordArray
    reference_policy: WordArray
    strata_used: CountArray
    descriptive_only: BoolArray
    status: WordArray
    compared: list[Compared]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every stratum of every set beside what it is compared with, one place a row."""

    of_set: CountArray
    stratum: WordArray
    reference: WordArray
    reference_policy: WordArray
    events: FloatArray
    trials: FloatArray
    reference_events: FloatArray
    reference_trials: FloatArray


def gaps_of(
    counted: pd.DataFrame,
    definition: IndicatorDefinition,
    stratifier: Stratifier,
    *,
    confidence: float,
    fewest_events: int = 0,
) -> pd.DataFrame:
    """Difference and ratio of every stratum against its reference and, over ordered strata, SII and RII.

    counted: cells of one indicator and one period length, zeros filled in. Rows of unknown stratum take no part.
    fewest_events: sets in which a stratum with anyone in it has fewer events are left out.
    Returns columns GAP_COLUMNS, one row a statistic; null values carry their reason; `compared` holds the true counts
    that the statistic compares, for disclosure control.
    """
    known = counted[(counted["dimension"] == stratifier.id) & (counted["stratum"] != UNKNOWN)]
    if known.empty:
        return pd.DataFrame(columns=list(GAP_COLUMNS))
    grid = _with_events_everywhere(_grid(known), fewest_events)
    parts = _two_group_gaps(_pairs(grid, definition, stratifier), definition, confidence=confidence)
    if stratifier.ordered:
        parts += _slopes(grid, stratifier, confidence=confidence)
    return _frame(grid, parts, definition, stratifier)


def _grid(cells: pd.DataFrame) -> _Grid:
    """Every subject beside every period; cells that are not there are zero and not shown."""
    subject, subjects = pd.factorize(cells["subject"], sort=True)
    start, starts = pd.factorize(cells["start"], sort=True)
    column, strata = pd.factorize(cells["stratum"])
    row = subject * len(starts) + start
    shape = (len(subjects) * len(starts), len(strata))
    events, trials, is_shown = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    events[row, column] = cells["numerator"]
    trials[row, column] = cells["denominator"]
    is_shown[row, column] = True
    return _Grid(
        subjects=np.repeat(np.asarray(subjects, dtype=object), len(starts)),
        starts=np.tile(np.asarray(starts, dtype=np.int64), len(subjects)),
        strata=[str(stratum) for stratum in strata],
        events=events,
        trials=trials,
        is_shown=is_shown,
    )


def _with_events_everywhere(grid: _Grid, fewest: int) -> _Grid:
    """The sets in which someone was counted and every stratum with anyone in it has at least `fewest` events."""
    is_enough = ((grid.trials == 0) | (grid.events >= fewest)).all(axis=1) & (grid.events.sum(axis=1) >= fewest)
    return _Grid(
        grid.subjects[is_enough],
        grid.starts[is_enough],
        grid.strata,
        grid.events[is_enough],
        grid.trials[is_enough],
        grid.is_shown[is_enough],
    )


def _pairs(grid: _Grid, definition: IndicatorDefinition, stratifier: Stratifier) -> _Pairs:
    """Each stratum beside the declared reference, or the rest where there is none or it has too few events."""
    reference = grid.strata.index(stratifier.reference) if stratifier.reference in grid.strata else None
    is_compared = grid.is_shown.copy()
    if reference is not None:
        is_compared[:, reference] = False
    of_set, column = np.nonzero(is_compared)
    events, trials = grid.events[of_set, column], grid.trials[of_set, column]
    against = grid.events.sum(axis=1)[of_set] - events, grid.trials.sum(axis=1)[of_set] - trials
    is_fixed = np.zeros(len(of_set), dtype=np.bool_)
    if reference is not None:
        is_fixed = (grid.events[:, reference] >= definition.minimum_events)[of_set]
        against = (
            np.where(is_fixed, grid.events[of_set, reference], against[0]),
            np.where(is_fixed, grid.trials[of_set, reference], against[1]),
        )
    return _Pairs(
        of_set=of_set,
        stratum=np.array(grid.strata, dtype=object)[column],
        reference=np.where(is_fixed, _words(stratifier.reference, len(of_set)), REST),
        reference_policy=np.where(is_fixed, _words(stratifier.reference_policy, len(of_set)), REST),
        events=events,
        trials=trials,
        reference_events=against[0],
        reference_trials=against[1],
    )


def _two_group_gaps(pairs: _Pairs, definition: IndicatorDefinition, *, confidence: float) -> list[_Statistics]:
    counts = (pairs.events, pairs.trials, pairs.reference_events, pairs.reference_trials)
    difference = newcombe_difference(*counts, confidence=confidence)
    ratio = risk_ratio(*counts, confidence=confidence)
    enough = np.minimum(pairs.events, pairs.reference_events) >= definition.minimum_events
    no_light = _words(None, len(pairs.of_set))
    light = traffic_light(difference, enough, definition.improvement)
    compared = _compared(
        np.stack([pairs.events, pairs.reference_events], axis=1),
        np.stack([pairs.trials, pairs.reference_trials], axis=1),
    )
    return [
        _Statistics(
            type=type_,
            method=method,
            of_set=pairs.of_set,
            comparison=comparison,
            stratum=pairs.stratum,
            reference=pairs.reference,
            reference_policy=pairs.reference_policy,
            strata_used=np.full(len(pairs.of_set), 2),
            descriptive_only=np.zeros(len(pairs.of_set), dtype=np.bool_),
            status=status,
            compared=compared,
        )
        for type_, method, comparison, status in (
            ("difference", "newcombe", difference, no_light if light is None else light),
            ("ratio", "katz-or-score", ratio, no_light),
        )
    ]


def traffic_light(difference: GroupComparison, enough: BoolArray, improvement: str | None) -> WordArray | None:
    """red, amber, green or grey for each gap; None for neutral indicators, which get no light.

    Red: the limit nearest to no gap is on the adverse side. Green: the group is clearly better off. Amber: the data
    cannot tell; it never means that there is no disparity. Grey: too few events, or nothing to compare.
    """
    if improvement is None:
        return None
    sign = 1.0 if improvement == "decrease" else -1.0
    low, high = sign * difference.interval.lower, sign * difference.interval.upper
    nearest, farthest = np.minimum(low, high), np.maximum(low, high)
    light = np.select([nearest > 0, farthest < 0], ["red", "green"], default="amber").astype(object)
    return np.where(enough & np.isfinite(difference.estimate), light, "grey")


def _slopes(grid: _Grid, stratifier: Stratifier, *, confidence: float) -> list[_Statistics]:
    ranks = {stratum.code: stratum.rank for stratum in stratifier.strata}
    order = np.array([float(ranks[stratum] or 0) for stratum in grid.strata])
    slopes = slope_index(grid.events, grid.trials, order, confidence=confidence)
    size = len(grid.starts)
    compared = _compared(grid.events, grid.trials)
    return [
        _Statistics(
            type=type_,
            method="logit-ridit",
            of_set=np.arange(size),
            comparison=GroupComparison(estimate, interval, slopes.reasons),
            stratum=_words(None, size),
            reference=_words(None, size),
            reference_policy=_words(None, size),
            strata_used=slopes.groups_used,
            descriptive_only=slopes.descriptive_only,
            status=_words(None, size),
            compared=compared,
        )
        for type_, estimate, interval in (
            ("sii", slopes.sii, slopes.sii_interval),
            ("rii", slopes.rii, slopes.rii_interval),
        )
    ]


def _compared(events: FloatArray, trials: FloatArray) -> list[Compared]:
    stacked = np.stack([events, trials], axis=2).astype(np.int64).tolist()
    return [tuple((numerator, denominator) for numerator, denominator in each) for each in stacked]


def _words(word: str | None, size: int) -> WordArray:
    return np.full(size, word, dtype=object)


def _frame(
    grid: _Grid, parts: list[_Statistics], definition: IndicatorDefinition, stratifier: Stratifier
) -> pd.DataFrame:
    """All statistics of one dimension, put together column by column: a frame for each would cost more than it says."""
    of_set = np.concatenate([part.of_set for part in parts])
    reasons = np.concatenate([part.comparison.reasons for part in parts])
    words = {
        "type": np.concatenate([_words(part.type, len(part.of_set)) for part in parts]),
        "method": np.concatenate([_words(part.method, len(part.of_set)) for part in parts]),
        "stratum": np.concatenate([part.stratum for part in parts]),
        "reference": np.concatenate([part.reference for part in parts]),
        "reference_policy": np.concatenate([part.reference_policy for part in parts]),
        "status": np.concatenate([part.status for part in parts]),
        "reason": np.where(reasons == str(Reason.COMPUTED), _words(None, len(reasons)), reasons.astype(object)),
    }
    return pd.DataFrame(
        {
            "indicator": definition.id,
            "subject": grid.subjects[of_set],
            "start": grid.starts[of_set],
            "dimension": stratifier.id,
            "value": np.concatenate([part.comparison.estimate for part in parts]),
            "low": np.concatenate([part.comparison.interval.lower for part in parts]),
            "high": np.concatenate([part.comparison.interval.upper for part in parts]),
            "strata_used": np.concatenate([part.strata_used for part in parts]),
            "descriptive_only": np.concatenate([part.descriptive_only for part in parts]),
            "compared": [each for part in parts for each in part.compared],
            # Left to itself, pandas would read these as text and turn None into nan.
            **{name: pd.Series(column, dtype=object) for name, column in words.items()},
        },
        columns=list(GAP_COLUMNS),
    )
