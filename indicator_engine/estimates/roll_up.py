"""Counts of months and sites added up to subjects and reporting periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS, FLAGGED_COLUMNS, NOT_ATTRIBUTED, Counted, CountTable, MonthRange
from indicator_engine.definition import UNKNOWN, WHOLE, IndicatorDefinition, PeriodLength, Stratifier
from indicator_engine.periods import MONTHS, whole_periods
from indicator_engine.statistics.arrays import CountArray

SUBJECT_KEYS = ["indicator", "subject", "month", "dimension", "stratum"]
PERIOD_KEYS = ["indicator", "subject", "start", "dimension", "stratum"]
SUMMED = (*COUNT_COLUMNS, *FLAGGED_COLUMNS)
CELL_KEYS = ["subject", "dimension", "stratum"]


def count_subjects(counted: Counted, *, reporter: str, subject_of: Mapping[str, str]) -> pd.DataFrame:
    """Monthly counts of every subject: the reporter's whole, and each trust that a record names.

    subject_of: provider code -> subject code, for providers that report under another organisation. Records that
    name no provider count for the whole alone. Columns: SUBJECT_KEYS and SUMMED.
    """
    cells = counted.cells()
    own = cells.assign(subject=cells["provider"].map(lambda code: subject_of.get(code, code)))
    whole = cells.assign(subject=reporter)
    stacked = pd.concat([whole, own[(own["subject"] != NOT_ATTRIBUTED) & (own["subject"] != reporter)]])
    return stacked.groupby(SUBJECT_KEYS, as_index=False, sort=True)[list(SUMMED)].sum()


def months_counted(counts: CountTable) -> MonthRange:
    """The closed range of months that hold any count; open at both ends where there is none."""
    months = counts.cells["month"]
    return MonthRange() if months.empty else MonthRange(int(months.min()), int(months.max()))


@dataclass(frozen=True, slots=True)
class MonthlyCounts:
    """Counts of one indicator by month, zeros included, ready to be added up over any period.

    cells: subject, dimension and stratum of every cell that a report shows, in the order of reports.
    sums: shape (cells, months + 1, counts), SUMMED added up over the months before each month of `months`.
    """

    indicator: str
    months: MonthRange
    cells: pd.DataFrame
    sums: CountArray


def count_months(
    monthly: pd.DataFrame,
    definition: IndicatorDefinition,
    stratifiers: Mapping[str, Stratifier],
    *,
    subjects: Sequence[str],
    months: MonthRange,
) -> MonthlyCounts:
    """Counts of one indicator in a closed range of months, with zeros where nobody was counted.

    Closed dimensions have all their strata and `unknown`; open ones those that the subject ever had.
    """
    assert months.first is not None
    assert months.last is not None
    within = monthly[monthly["month"].between(months.first, months.last)]
    open_strata = within.groupby(["subject", "dimension"])["stratum"].unique()
    cells = pd.DataFrame(
        [
            (subject, dimension, stratum)
            for subject in subjects
            for dimension, strata in _strata_of(definition, stratifiers, open_strata, subject)
            for stratum in strata
        ],
        columns=CELL_KEYS,
    )
    place = within[CELL_KEYS].merge(cells.assign(place=range(len(cells))), on=CELL_KEYS, how="left")["place"]
    counts = np.zeros((len(cells), max(0, months.last - months.first + 1), len(SUMMED)), dtype=np.int64)
    counts[place.to_numpy(np.int64), within["month"].to_numpy(np.int64) - months.first] = within[list(SUMMED)]
    sums = np.pad(counts.cumsum(axis=1), ((0, 0), (1, 0), (0, 0)))
    return MonthlyCounts(definition.id, months, cells, sums)


def count_periods(counted: MonthlyCounts, length: PeriodLength) -> pd.DataFrame:
    """Counts of every period of one length that lies wholly in the months; `start` is its first month index.

    From the first to the last that holds a count, so that an empty one between them is a gap. Three years overlap:
    each financial year closes one. Columns: PERIOD_KEYS and SUMMED.
    """
    starts = np.array([period.first_month for period in whole_periods(counted.months, length)], dtype=np.int64)
    first = starts - (counted.months.first or 0)
    counts = counted.sums[:, first + MONTHS[length]] - counted.sums[:, first]
    held = np.flatnonzero(counts.any(axis=(0, 2)))
    is_reported = slice(held[0], held[-1] + 1) if len(held) else slice(0)
    starts, counts = starts[is_reported], counts[:, is_reported]
    repeated = counted.cells.loc[counted.cells.index.repeat(len(starts))].reset_index(drop=True)
    columns = {name: counts[:, :, place].ravel() for place, name in enumerate(SUMMED)}
    return repeated.assign(indicator=counted.indicator, start=np.tile(starts, len(counted.cells)), **columns)


def _strata_of(
    definition: IndicatorDefinition, stratifiers: Mapping[str, Stratifier], open_strata: pd.Series, subject: str
) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = [(WHOLE, [WHOLE])]
    for each in definition.stratifiers:
        stratifier = stratifiers[each]
        if stratifier.open_strata:
            seen = open_strata.get((subject, each), [])
            found.append((each, [*sorted(code for code in seen if code != UNKNOWN), UNKNOWN]))
        else:
            found.append((each, [*(stratum.code for stratum in stratifier.strata), UNKNOWN]))
    return found
