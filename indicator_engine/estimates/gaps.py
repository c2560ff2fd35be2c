"""Gaps between groups of one dimension, for every subject and period at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicator_engine.definition import UNKNOWN, IndicatorDefinition, Stratifier
from indicator_engine.statistics.arrays import BoolArray, FloatArray
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


@dataclass(frozen=True, slots=True)
class _Grid:
    """Counts of one dimension as arrays of shape (sets, strata); a set is a subject and a period."""

    subjects: list[str]
    starts: list[int]
    strata: list[str]
    events: FloatArray
    trials: FloatArray


def gaps_of(
    counted: pd.DataFrame, definition: IndicatorDefinition, stratifier: Stratifier, *, confidence: float
) -> pd.DataFrame:
    """Difference and ratio of every stratum against its reference and, over ordered strata, SII and RII.

    counted: cells of one indicator and one period length, zeros filled in. Rows of unknown stratum take no part.
    Returns columns GAP_COLUMNS, one row a statistic; null values carry their reason; `compared` holds the true counts
    that the statistic compares, for disclosure control.
    """
    grid = _grid(counted[(counted["dimension"] == stratifier.id) & (counted["stratum"] != UNKNOWN)])
    if not grid.strata:
        return pd.DataFrame(columns=list(GAP_COLUMNS))
    parts = list(_two_group_gaps(grid, definition, stratifier, confidence=confidence))
    if stratifier.ordered:
        parts += _slopes(grid, definition, stratifier, confidence=confidence)
    return pd.concat(parts, ignore_index=True)


def has_events_everywhere(counted: pd.DataFrame, dimension: str, minimum: int) -> set[tuple[str, int]]:
    """Sets (subject, start) in which every known stratum with anyone in it has at least `minimum` events."""
    known = counted[(counted["dimension"] == dimension) & (counted["stratum"] != UNKNOWN)]
    occupied = known[known["denominator"] > 0]
    fewest = occupied.groupby(["subject", "start"], as_index=False)["numerator"].min()
    enough = fewest[fewest["numerator"] >= minimum]
    return set(zip(enough["subject"], enough["start"], strict=True))


def _grid(cells: pd.DataFrame) -> _Grid:
    ordered = cells.sort_values(["subject", "start"], kind="stable")
    strata = list(dict.fromkeys(ordered["stratum"]))
    sets = ordered[["subject", "start"]].drop_duplicates()
    row = ordered.groupby(["subject", "start"], sort=True).ngroup().to_numpy()
    column = ordered["stratum"].map({stratum: place for place, stratum in enumerate(strata)}).to_numpy()
    events, trials = np.zeros((len(sets), len(strata))), np.zeros((len(sets), len(strata)))
    events[row, column] = ordered["numerator"]
    trials[row, column] = ordered["denominator"]
    return _Grid(list(sets["subject"]), [int(start) for start in sets["start"]], strata, events, trials)


def _two_group_gaps(
    grid: _Grid, definition: IndicatorDefinition, stratifier: Stratifier, *, confidence: float
) -> Iterator[pd.DataFrame]:
    for place, stratum in enumerate(grid.strata):
        if stratum == stratifier.reference:
            continue
        own = grid.events[:, place], grid.trials[:, place]
        reference, policy, against = _references(grid, place, definition, stratifier)
        difference = newcombe_difference(*own, *against, confidence=confidence)
        ratio = risk_ratio(*own, *against, confidence=confidence)
        enough = (own[0] >= definition.minimum_events) & (against[0] >= definition.minimum_events)
        status = traffic_light(difference, enough, definition.improvement)
        used = np.full(len(grid.subjects), 2)
        common = {"stratum": stratum, "reference": reference, "reference_policy": policy, "strata_used": used}
        common["compared"] = _pairs(np.stack([own[0], against[0]], axis=1), np.stack([own[1], against[1]], axis=1))
        yield _rows(grid, definition, stratifier, "difference", "newcombe", difference, common | {"status": status})
        yield _rows(grid, definition, stratifier, "ratio", "katz-or-score", ratio, common | {"status": None})


def _references(
    grid: _Grid, place: int, definition: IndicatorDefinition, stratifier: Stratifier
) -> tuple[np.ndarray, np.ndarray, tuple[FloatArray, FloatArray]]:
    """The declared reference, or the rest of the population where there is none or it has too few events."""
    rest = grid.events.sum(axis=1) - grid.events[:, place], grid.trials.sum(axis=1) - grid.trials[:, place]
    size = len(grid.subjects)
    if stratifier.reference not in grid.strata:
        return np.full(size, REST, object), np.full(size, REST, object), rest
    chosen = grid.strata.index(stratifier.reference)
    usable = grid.events[:, chosen] >= definition.minimum_events
    reference = np.where(usable, np.full(size, stratifier.reference, object), REST)
    policy = np.where(usable, np.full(size, stratifier.reference_policy, object), REST)
    events = np.where(usable, grid.events[:, chosen], rest[0])
    return reference, policy, (events, np.where(usable, grid.trials[:, chosen], rest[1]))


def traffic_light(difference: GroupComparison, enough: BoolArray, improvement: str | None) -> np.ndarray | None:
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


def _slopes(
    grid: _Grid, definition: IndicatorDefinition, stratifier: Stratifier, *, confidence: float
) -> list[pd.DataFrame]:
    ranks = {stratum.code: stratum.rank for stratum in stratifier.strata}
    order = np.array([float(ranks[stratum] or 0) for stratum in grid.strata])
    slopes = slope_index(grid.events, grid.trials, order, confidence=confidence)
    common = {
        "stratum": None,
        "reference": None,
        "reference_policy": None,
        "strata_used": slopes.groups_used,
        "descriptive_only": slopes.descriptive_only,
        "status": None,
        "compared": _pairs(grid.events, grid.trials),
    }
    sii = GroupComparison(slopes.sii, slopes.sii_interval, slopes.reasons)
    rii = GroupComparison(slopes.rii, slopes.rii_interval, slopes.reasons)
    return [
        _rows(grid, definition, stratifier, "sii", "logit-ridit", sii, common),
        _rows(grid, definition, stratifier, "rii", "logit-ridit", rii, common),
    ]


def _pairs(events: FloatArray, trials: FloatArray) -> list[tuple[tuple[int, int], ...]]:
    """For each set, the true counts (numerator, denominator) that a statistic compares."""
    stacked = np.stack([events, trials], axis=2).astype(np.int64).tolist()
    return [tuple((int(numerator), int(denominator)) for numerator, denominator in each) for each in stacked]


def _rows(
    grid: _Grid,
    definition: IndicatorDefinition,
    stratifier: Stratifier,
    type_: str,
    method: str,
    comparison: GroupComparison,
    further: Mapping[str, object],
) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "indicator": definition.id,
            "subject": grid.subjects,
            "start": grid.starts,
            "dimension": stratifier.id,
            "type": type_,
            "method": method,
            "value": comparison.estimate,
            "low": comparison.interval.lower,
            "high": comparison.interval.upper,
            "descriptive_only": False,
            "reason": [None if reason == Reason.COMPUTED else str(reason) for reason in comparison.reasons],
        }
    )
    return rows.assign(**further)[list(GAP_COLUMNS)].astype(  # type: ignore[arg-type]  # columns are named above
        {"stratum": object, "reference": object, "reference_policy": object, "status": object, "reason": object}
    )
