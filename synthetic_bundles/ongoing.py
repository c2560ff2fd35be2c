"""Ongoing pregnancies: booked within the months of the world, with a birth that falls after them.

Without them bookings would thin out towards the last month, because a booking stands half a year before its birth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Integers
from synthetic_bundles.expectations import Expectations
from synthetic_bundles.london_time import skip_missing_hour
from synthetic_bundles.tables import ONGOING, Table, table_of

EARLIEST_RECORDING_MINUTES, LATEST_RECORDING_MINUTES = 24 * 60, 10 * 24 * 60  # from the start of the day of booking


@dataclass(frozen=True, slots=True)
class Booked:
    """Everyone who booked, one row a pregnancy: first those with a birth, then the ongoing in order of booking."""

    mothers: Table
    pregnancies: Table
    bookings: Table


def join_ongoing(born: Expectations, due: Expectations, first_day: np.datetime64, end: np.datetime64) -> Booked:
    """The pregnancies that ended in birth, and those due later that are booked from the first day up to the end."""
    rows = _rows_booked_between(due.bookings, first_day, end)
    position = len(born.mothers) + np.arange(len(rows))
    pregnancies, bookings = due.pregnancies[rows], due.bookings[rows]
    pregnancies["mother"] = position
    bookings["pregnancy"] = position
    return Booked(
        mothers=np.concatenate([born.mothers, due.mothers[rows]]),
        pregnancies=np.concatenate([born.pregnancies, pregnancies]),
        bookings=np.concatenate([born.bookings, bookings]),
    )


def build_ongoing(random: np.random.Generator, bookings: Table) -> Table:
    """One row an ongoing pregnancy, in the order of these bookings, which are theirs alone."""
    after = random.integers(EARLIEST_RECORDING_MINUTES, LATEST_RECORDING_MINUTES, len(bookings)).astype("m8[m]")
    recorded = skip_missing_hour(bookings["booking_date"].astype("M8[m]") + after)
    return table_of(ONGOING, {"pregnancy": bookings["pregnancy"], "recorded_datetime": recorded})


def _rows_booked_between(bookings: Table, first_day: np.datetime64, end: np.datetime64) -> Integers:
    """Positions of the bookings from the first day up to but not including the end, in order of booking."""
    dates = bookings["booking_date"]
    order = np.argsort(dates, kind="stable")
    return np.asarray(order[(dates[order] >= first_day) & (dates[order] < end)])
