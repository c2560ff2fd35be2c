"""Counts of months and sites added up to subjects and reporting periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from indicator_engine.counts import COUNT_COLUMNS, NOT_ATTRIBUTED, CountTable, MonthRange
from indicator_engine.definition import UNKNOWN, WHOLE, IndicatorDefinition, PeriodLength, Stratifier
from indicator_engine.periods import APRIL, MONTHS, whole_periods

SUBJECT_KEYS = ["indicator", "subject", "month", "dimension", "stratum"]
PERIOD_KEYS = ["indicator", "subject", "start", "dimension", "stratum"]


def count_subjects(counts: CountTable, *, reporter: str, subject_of: Mapping[str, str]) -> pd.DataFrame:
    """Monthly counts of every subject: the reporter's whole, and each trust that a record names.

    subject_of: provider code -> subject code, for providers that report under another organisation. Records that
    name no provider count for the whole alone. Columns: SUBJECT_KEYS and COUNT_COLUMNS.
    """
    cells = counts.cells
    own = cells.assign(subject=cells["provider"].map(lambda code: subject_of.get(code, code)))
    whole = cells.assign(subject=reporter)
    stacked = pd.concat([whole, own[(own["subject"] != NOT_ATTRIBUTED) & (own["subject"] != reporter)]])
    return stacked.groupby(SUBJECT_KEYS, as_index=False, sort=True)[list(COUNT_COLUMNS)].sum()


def months_counted(counts: CountTable) -> MonthRange:
    """The closed range of months that hold any count; open at both ends where there is none."""
    months = counts.cells["month"]
    return MonthRange() if months.empty else MonthRange(int(months.min()), int(months.max()))


def count_periods(monthly: pd.DataFrame, length: PeriodLength, months: MonthRange) -> pd.DataFrame:
    """Counts of every period of one length that lies wholly in `months`; `start` is its first month index.

    Three years overlap: each financial year closes one. Columns: PERIOD_KEYS and COUNT_COLUMNS.
    """
    starts = [period.first_month for period in whole_periods(months, length)]
    month = monthly["month"].to_numpy()
    if length is PeriodLength.MONTH:
        parts = [monthly.assign(start=month)]
    elif length is PeriodLength.QUARTER:
        parts = [monthly.assign(start=month - month % 3)]
    else:
        april = month - (month - APRIL) % 12
        parts = [monthly.assign(start=april - 12 * years) for years in range(MONTHS[length] // 12)]
    placed = pd.concat(parts)
    placed = placed[placed["start"].isin(starts)]
    return placed.groupby(PERIOD_KEYS, as_index=False, sort=True)[list(COUNT_COLUMNS)].sum()


def fill_strata(
    counted: pd.DataFrame,
    definition: IndicatorDefinition,
    stratifiers: Mapping[str, Stratifier],
    *,
    subjects: Sequence[str],
    starts: Iterable[int],
) -> pd.DataFrame:
    """Every cell that a report of `definition` shows, with zeros where nobody was counted.

    Closed dimensions show all their strata and `unknown`; open ones those that the subject ever had.
    """
    open_strata = counted.groupby(["subject", "dimension"])["stratum"].unique()
    keys = pd.DataFrame(
        [
            (definition.id, subject, start, dimension, stratum)
            for subject in subjects
            for dimension, strata in _strata_of(definition, stratifiers, open_strata, subject)
            for stratum in strata
            for start in starts
        ],
        columns=PERIOD_KEYS,
    )
    filled = keys.merge(counted, on=PERIOD_KEYS, how="left")
    filled[list(COUNT_COLUMNS)] = filled[list(COUNT_COLUMNS)].fillna(0).astype(np.int64)
    return filled


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
