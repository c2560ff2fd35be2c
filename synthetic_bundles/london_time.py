"""Local time of Europe/London for whole columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.chance import Flags, Texts

Minutes = NDArray[np.datetime64]  # datetime64[m], local
Days = NDArray[np.datetime64]  # datetime64[D]

TWO_O_CLOCK = np.timedelta64(120, "m")
ONE_HOUR = np.timedelta64(60, "m")


def is_summer_time(local: Minutes) -> Flags:
    """Whether each local time is an hour ahead of UTC; the hour that comes twice in October is its first pass.

    Source: Summer Time Order 2002, from 1:00 UTC on the last Sunday of March to 1:00 UTC on the last of October.
    """
    year = local.astype("M8[Y]")
    starts = _two_o_clock(_last_sunday(year, 3))
    ends = _two_o_clock(_last_sunday(year, 10))
    return np.asarray((local >= starts) & (local < ends))


def skip_missing_hour(local: Minutes) -> Minutes:
    """The same times, with those in the hour that March leaves out an hour later."""
    starts = _two_o_clock(_last_sunday(local.astype("M8[Y]"), 3))
    is_missing = (local >= starts - ONE_HOUR) & (local < starts)
    return np.where(is_missing, local + ONE_HOUR, local)


def iso_texts(local: Minutes) -> Texts:
    """ISO 8601 text with seconds and offset; an absent time is the text NaT and its offset."""
    offsets = np.where(is_summer_time(local), ":00+01:00", ":00+00:00")
    return np.char.add(np.datetime_as_string(local.astype("M8[m]")), offsets)


def _two_o_clock(day: Days) -> Minutes:
    return np.asarray(day.astype("M8[m]") + TWO_O_CLOCK, dtype="M8[m]")


def _last_sunday(year: NDArray[np.datetime64], month: int) -> Days:
    last_day = (year.astype("M8[M]") + np.timedelta64(month, "M")).astype("M8[D]") - np.timedelta64(1, "D")
    days_past_sunday = (last_day.astype(np.int64) + 4) % 7  # 1 January 1970 was a Thursday
    return np.asarray(last_day - days_past_sunday.astype("m8[D]"))
