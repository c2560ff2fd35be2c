"""A world with the units that most indicators share, made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.units import (
    Units,
    baby_units,
    booking_units,
    delivery_units,
    has_registered_birth,
)
from synthetic_bundles.london_time import Days, Minutes
from synthetic_bundles.newborns import deaths_of
from synthetic_bundles.tables import Table, World
from synthetic_bundles.vocabulary import POST_TERM_DAYS, TERM_DAYS


@dataclass(frozen=True, slots=True)
class Scene:
    """bookings, deliveries, babies: units in the order of the world's tables. The columns are one row a baby."""

    world: World
    bookings: Units
    deliveries: Units
    babies: Units
    is_registered_delivery: Flags
    is_registered: Flags
    is_live: Flags
    is_singleton: Flags
    days: Integers  # of gestation, -1 where it is not known
    deaths: Minutes
    first_episode: Integers  # row of the baby's first neonatal episode, -1 without one

    @property
    def is_term(self) -> Flags:
        return np.asarray((self.days >= TERM_DAYS) & (self.days <= POST_TERM_DAYS))

    def is_before(self, days: int) -> Flags:
        """Whether each baby is known to be born before so many days of gestation."""
        return np.asarray((self.days >= 0) & (self.days < days))

    @property
    def is_admitted(self) -> Flags:
        return np.asarray(self.first_episode >= 0)

    @property
    def first_babies(self) -> Table:
        """The first baby of each delivery."""
        return np.asarray(self.world.babies[self.world.deliveries["first_baby"]])

    @property
    def end(self) -> np.datetime64:
        """First month that is not known, which compares as its first day."""
        return self.world.last_month + np.timedelta64(1, "M")

    @property
    def birth_dates(self) -> Days:
        return np.asarray(self.world.babies["birth_datetime"].astype("M8[D]"))

    @property
    def age_at_death_days(self) -> Integers:
        """Completed days by the calendar; a great number for the living."""
        age = (self.deaths.astype("M8[D]") - self.birth_dates).astype(np.int64)
        return np.where(np.isnat(self.deaths), np.iinfo(np.int64).max, age)


def scene_of(world: World) -> Scene:
    babies = world.babies
    episode_baby = world.care.neonatal_episodes["baby"]
    first_episode = np.full(len(babies), -1, dtype=np.int64)
    # Later rows would overwrite earlier ones, so the episodes are taken from the last to the first.
    first_episode[episode_baby[::-1]] = np.arange(len(episode_baby))[::-1]
    return Scene(
        world=world,
        bookings=booking_units(world),
        deliveries=delivery_units(world),
        babies=baby_units(world, np.arange(len(babies))),
        is_registered_delivery=has_registered_birth(world),
        is_registered=np.isin(babies["outcome"], ("01", "02", "03", "04")),
        is_live=np.asarray(babies["outcome"] == "01"),
        is_singleton=np.asarray(world.deliveries["babies"][babies["delivery"]] == 1),
        days=babies["gestation_days"].astype(np.int64),
        deaths=deaths_of(babies, world.care.newborns),
        first_episode=first_episode,
    )
