"""Children who turn an age: when, and where they live then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Integers
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.units import Units, visited_units
from synthetic_bundles.london_time import Days

EIGHT_WEEKS_DAYS = 56


@dataclass(frozen=True, slots=True)
class Due:
    """Live-born children alive on the day they turn an age, before the end of what is known; one row a child."""

    units: Units
    baby: Integers
    on: Days


def days_after(scene: Scene, days: int) -> Days:
    """The day on which each baby is so many days old."""
    return np.asarray((scene.birth_dates.astype(np.int64) + days).astype("M8[D]"))


def months_after(scene: Scene, months: int) -> Days:
    """The day on which each baby is so many months old; the last day of a month that is too short."""
    month = scene.birth_dates.astype("M8[M]")
    day = scene.birth_dates.astype(np.int64) - month.astype("M8[D]").astype(np.int64)
    later = (month.astype(np.int64) + months).astype("M8[M]")
    last = (later + 1).astype("M8[D]").astype(np.int64) - 1
    return np.asarray(np.minimum(later.astype("M8[D]").astype(np.int64) + day, last).astype("M8[D]"))


def due_at(scene: Scene, on: Days) -> Due:
    death = scene.deaths.astype("M8[D]")
    is_alive = np.isnat(death) | (death > on)
    rows = np.flatnonzero(scene.is_live & is_alive & (on < scene.end))
    units = visited_units(scene.world, scene.world.babies["mother"][rows].astype(np.int64), on[rows])
    return Due(units, rows, on[rows])
