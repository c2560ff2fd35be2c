"""Where each mother lived when, with a postcode of the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from synthetic_bundles.plain_records import Children, children
from synthetic_bundles.tables import World

HOME = np.dtype(
    [
        ("mother", "i4"),
        ("valid_from", "M8[D]"),
        ("valid_to", "M8[D]"),
        ("lsoa", "U9"),
        ("postcode", "U8"),
        ("is_at_booking", "?"),
    ]
)


class HomeRecord(NamedTuple):
    """lsoa: the true one. postcode: as it was told, so absent or a pseudo postcode for some homes at booking."""

    mother: int
    valid_from: str
    valid_to: str | None
    lsoa: str
    postcode: str | None
    is_at_booking: bool


@dataclass(frozen=True, slots=True)
class Homes:
    """The homes of every mother of a world, in order of date."""

    rows: Children

    def of(self, start: int, stop: int) -> Sequence[Sequence[HomeRecord]]:
        """The homes of each mother from `start` up to but not including `stop`."""
        return self.rows.of(HomeRecord, start, stop)


def homes_of(world: World) -> Homes:
    """A home that is not the one at booking has the first postcode of its area."""
    residences, mothers = world.care.residences, world.mothers
    booked = world.bookings["booking_date"][residences["mother"]]
    has_left = ~np.isnat(residences["valid_to"]) & (residences["valid_to"] <= booked)
    is_at_booking = (residences["valid_from"] <= booked) & ~has_left
    first_postcode = np.searchsorted(world.postcodes["area"], residences["area"])
    homes = np.empty(len(residences), dtype=HOME)
    for name in ("mother", "valid_from", "valid_to"):
        homes[name] = residences[name]
    homes["lsoa"] = world.areas["lsoa"][residences["area"]]
    told, elsewhere = mothers["postcode"][residences["mother"]], world.postcodes["postcode"][first_postcode]
    homes["postcode"] = np.where(is_at_booking, told, elsewhere)
    homes["is_at_booking"] = is_at_booking
    return Homes(children(homes, "mother", len(mothers)))
