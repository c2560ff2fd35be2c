"""How late a late record comes."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.london_time import Minutes
from synthetic_bundles.tables import Table, World

MOST_MONTHS_LATE = 3
MINUTES_INTO_MONTH = np.timedelta64((24 + 9) * 60, "m")  # the second of the month at nine


def month_when_late(row: int, month: str, last_month: str) -> str:
    """The month (YYYY-MM) in whose files a late record stands; no later than the last of the world."""
    later = np.datetime64(month, "M") + np.timedelta64(1 + row % MOST_MONTHS_LATE, "M")
    return min(str(later), last_month)


def month_after(month: str) -> str:
    return str(np.datetime64(month, "M") + np.timedelta64(1, "M"))


def recorded_when_late(world: World, deliveries: Table) -> Minutes:
    """When each delivery would be recorded if its record were late, local; never before it was in fact."""
    rows = np.arange(len(deliveries)) + world.first_row
    months = deliveries["birth_datetime"].astype("M8[M]") + (1 + rows % MOST_MONTHS_LATE).astype("m8[M]")
    at = np.minimum(months, world.last_month).astype("M8[m]") + MINUTES_INTO_MONTH
    return np.asarray(np.maximum(at, deliveries["recorded_datetime"]))
