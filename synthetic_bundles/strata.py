"""The groups that the truth is told for, from what was recorded and as at a stated date.

Written from the descriptions of the indicators, apart from any engine.
"""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Integers, Texts
from synthetic_bundles.london_time import Days
from synthetic_bundles.mothers import ethnic_groups_of
from synthetic_bundles.tables import Table

UNKNOWN = "unknown"
AGE_BANDS = ("<20", "20-24", "25-29", "30-34", "35-39", "40-44", "45+")
AGE_BAND_STARTS = (20, 25, 30, 35, 40, 45)


def ethnic_groups(mothers: Table) -> Texts:
    """Group of the category that was recorded; not stated, not known and absent are unknown."""
    return ethnic_groups_of(mothers["recorded_ethnic_category"])


def age_bands(birth_dates: Days, at: Days) -> Texts:
    """Band of the completed years on each date; unknown without a date of birth."""
    position = np.searchsorted(AGE_BAND_STARTS, completed_years(birth_dates, at), side="right")
    return np.where(np.isnat(birth_dates), UNKNOWN, np.array(AGE_BANDS)[position])


def completed_years(birth_dates: Days, at: Days) -> Integers:
    """Birthdays up to and on each date; who was born on 29 February has hers on 1 March in other years."""
    years = at.astype("M8[Y]").astype(np.int64) - birth_dates.astype("M8[Y]").astype(np.int64)
    is_before_birthday = _month_and_day(at) < _month_and_day(birth_dates)
    return np.asarray(years - is_before_birthday)


def _month_and_day(dates: Days) -> Integers:
    months = dates.astype("M8[M]")
    day = (dates - months.astype("M8[D]")).astype(np.int64)
    return np.asarray(months.astype(np.int64) % 12 * 31 + day)
