"""The women and births that the tables of care are drawn around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.effects import Traits
from synthetic_bundles.london_time import Days, Minutes
from synthetic_bundles.tables import Table
from synthetic_bundles.vocabulary import LIVE


@dataclass(frozen=True, slots=True)
class Population:
    """What stands before any table of care; `traits` has one row a pregnancy, the ongoing ones last.

    death_confirmed_gestation_days: one a baby, -1 where none was confirmed before birth. end: nothing is known from
    this day on.
    """

    areas: Table
    mothers: Table
    pregnancies: Table
    bookings: Table
    deliveries: Table
    babies: Table
    traits: Traits
    death_confirmed_gestation_days: Integers
    end: np.datetime64

    @property
    def births(self) -> int:
        return len(self.deliveries)

    @property
    def conception_dates(self) -> Days:
        """First day of the last period, two weeks before conception, of each pregnancy."""
        return np.asarray(self.bookings["booking_date"] - self.bookings["gestation_days"].astype("m8[D]"))

    @property
    def is_live(self) -> Flags:
        return np.asarray(self.babies["outcome"] == LIVE)

    @property
    def baby_traits(self) -> Traits:
        return self.traits.at(self.babies["delivery"].astype(np.int64))


def until(times: Minutes | Days, end: np.datetime64) -> Minutes | Days:
    """The same times, with those from the end on absent."""
    return np.where(times < end, times, np.datetime64("NaT"))
