"""What open conflicts leave in doubt, as it may be published: how many records, and how far the rate could move.

A record in doubt may leave the denominator, stay in it, or change sides; one outside the denominator may come in. All
of these together keep the rate between the two bounds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS, FLAGGED_COLUMNS
from indicator_engine.definition import PeriodLength
from indicator_engine.disclosure.presets import Counts, Flags, Preset
from indicator_engine.disclosure.table import DisclosedFlagged
from indicator_engine.periods import period_start
from indicator_engine.statistics.proportions import ratio_or_nan

Shares = npt.NDArray[np.float64]
MASKED_CELL = "masked_cell"
WITHHELD = DisclosedFlagged(None, None, None, None, None, None, MASKED_CELL)
YEARS = (str(PeriodLength.YEAR), str(PeriodLength.THREE_YEARS))


def flagged_of(cells: pd.DataFrame, rules: Preset, *, reporter: str) -> list[DisclosedFlagged]:
    """One for each cell of an indicator, in their order.

    Share and bounds come from the counts that are shown; one that is not shown stands in them with the largest number
    that it may be, so that they hold it and give nothing of it away.
    """
    true = {name: cells[name].to_numpy(np.int64) for name in (*COUNT_COLUMNS, *FLAGGED_COLUMNS)}
    shown = {name: rules.disclosed(counts) for name, counts in true.items()}
    masked = {name: rules.is_masked(true[name]) for name in FLAGGED_COLUMNS}
    withheld = _is_withheld(cells, true, rules, reporter=reporter)
    low, high = bounds(
        shown["denominator"],
        shown["numerator"],
        least={name: np.where(rules.is_protected(true[name]), 0, shown[name]) for name in FLAGGED_COLUMNS},
        most={name: rules.at_most(true[name]) for name in FLAGGED_COLUMNS},
    )
    share = ratio_or_nan(shown["flagged_denominator"].astype(float), shown["denominator"].astype(float))
    has_rate = ~rules.is_masked(true["numerator"]) & ~rules.is_masked(true["denominator"])
    has_rate &= shown["denominator"] > 0
    columns = {name: np.where(masked[name], np.nan, shown[name]) for name in FLAGGED_COLUMNS}
    columns |= {
        "share": np.where(has_rate & ~masked["flagged_denominator"], np.minimum(share, 1.0), np.nan),
        "low": np.where(has_rate, low, np.nan),
        "high": np.where(has_rate, high, np.nan),
    }
    rows = pd.DataFrame(columns).itertuples(index=False, name=None)
    return [WITHHELD if hidden else _flagged(*row) for hidden, row in zip(withheld, rows, strict=True)]


def bounds(
    denominators: Counts, numerators: Counts, *, least: Mapping[str, Counts], most: Mapping[str, Counts]
) -> tuple[Shares, Shares]:
    """The lowest and the highest rate if all open conflicts fell one way or the other; nan without a denominator.

    least, most: of FLAGGED_COLUMNS, the smallest and the largest number that each may be.
    """
    outside = np.maximum(most["flagged_population"] - least["flagged_denominator"], 0)
    besides = np.maximum(most["flagged_denominator"] - least["flagged_numerator"], 0)
    together = (denominators + outside).astype(float)
    lowest = np.maximum(numerators - most["flagged_numerator"], 0).astype(float)
    highest = np.minimum(numerators + besides + outside, together)
    return ratio_or_nan(lowest, together), ratio_or_nan(highest, together)


def _is_withheld(cells: pd.DataFrame, true: Mapping[str, Counts], rules: Preset, *, reporter: str) -> Flags:
    """Cells of which nothing is said: those with a count that is not to be found out, and those beside one.

    Beside: the other groups of its dimension, the same cell of the other subjects, and of the other periods of its
    year. Taken from what holds them all, their numbers would give a lower bound for the hidden count. Where nobody
    whom the indicator counts is in doubt anywhere, there is nothing to withhold.
    """
    if not true["flagged_population"].any():
        return np.zeros(len(cells), dtype=np.bool_)
    protected = np.any([rules.is_protected(true[name]) for name in COUNT_COLUMNS], axis=0)
    year = [period_start(int(month), PeriodLength.YEAR) for month in cells["start"]]
    places = cells[["subject", "length", "start", "dimension", "stratum"]].assign(protected=protected, year=year)
    is_part, is_short = places["subject"] != reporter, ~places["length"].isin(YEARS)
    families = (
        (np.ones(len(places), dtype=np.bool_), ["subject", "length", "start", "dimension"]),
        (is_part.to_numpy(), ["length", "start", "dimension", "stratum"]),
        (is_short.to_numpy(), ["subject", "length", "dimension", "stratum", "year"]),
    )
    withheld = protected.copy()
    for belongs, keys in families:
        own = places[belongs]
        withheld[belongs] |= own.groupby(keys)["protected"].transform("any").to_numpy(np.bool_)
    return np.asarray(withheld, dtype=np.bool_)


def _flagged(
    population: float, denominator: float, numerator: float, share: float, low: float, high: float
) -> DisclosedFlagged:
    return DisclosedFlagged(
        population=_count(population),
        denominator=_count(denominator),
        numerator=_count(numerator),
        share=_number(share),
        low=_number(low),
        high=_number(high),
        withheld=None,
    )


def _count(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
