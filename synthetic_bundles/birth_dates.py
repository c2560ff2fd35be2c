"""When births happen: the days of the window, and the days after it on which ongoing pregnancies are due."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Floats, choose
from synthetic_bundles.endings import LONGEST_GESTATION_DAYS
from synthetic_bundles.figures import BIRTHS_AUTUMN_SWING
from synthetic_bundles.london_time import Days, Minutes, skip_missing_hour
from synthetic_bundles.pregnancies import EARLIEST_BOOKING_DAYS

MINUTES_IN_DAY = 24 * 60
DAYS_IN_YEAR = 365.25
PEAK_DAY_OF_YEAR = 268  # late September
# Who gives birth later than this after a day cannot have booked by that day.
LONGEST_WAIT_DAYS = LONGEST_GESTATION_DAYS - EARLIEST_BOOKING_DAYS


def draw_birth_datetimes(
    random: np.random.Generator, births: int, first_day: np.datetime64, end: np.datetime64
) -> Minutes:
    """When each delivery happens, in order, from the first day up to but not including the end."""
    minute = random.integers(0, MINUTES_IN_DAY, births).astype("m8[m]")
    born = _draw_days(random, births, np.arange(first_day, end)).astype("M8[m]") + minute
    return np.sort(skip_missing_hour(born))


def draw_due_dates(random: np.random.Generator, births: int, first_day: np.datetime64, end: np.datetime64) -> Days:
    """Days of birth of those who may have booked before the end and give birth from it on.

    births: of the days before the end; births come as often after it, but for the season.
    """
    days = np.arange(end, end + np.timedelta64(LONGEST_WAIT_DAYS, "D"))
    before = _season(np.arange(first_day, end)).sum()
    return _draw_days(random, round(births * float(_season(days).sum() / before)), days)


def _draw_days(random: np.random.Generator, births: int, days: Days) -> Days:
    return np.asarray(days[choose(random, _season(days), births)])


def _season(days: Days) -> Floats:
    """How many births each day has against the mean, with a mild peak in autumn."""
    day_of_year = (days - days.astype("M8[Y]").astype("M8[D]")).astype(np.int64)
    return np.asarray(
        1 + BIRTHS_AUTUMN_SWING.value * np.cos(2 * np.pi * (day_of_year - PEAK_DAY_OF_YEAR) / DAYS_IN_YEAR)
    )
