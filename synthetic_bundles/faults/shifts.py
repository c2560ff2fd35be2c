"""Busy shifts: those with many births at one site."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags
from synthetic_bundles.tables import Table

HOURS_OF_A_SHIFT = 12
FIRST_SHIFT_STARTS = 8  # o'clock, local; the night shift starts at 20
BUSY_AGAINST_MEAN = 2.0


def is_in_busy_shift(deliveries: Table) -> Flags:
    """Whether the first baby of each delivery came in a shift with at least twice the births of a mean one.

    A shift is one of twelve hours from 8 or 20 o'clock at one site; the mean is over its shifts that had a birth.
    """
    hours = deliveries["birth_datetime"].astype("M8[h]").astype(np.int64)
    sites, site = np.unique(deliveries["site"], return_inverse=True)
    shift = (hours - FIRST_SHIFT_STARTS) // HOURS_OF_A_SHIFT
    keys, position, births = np.unique(shift * len(sites) + site, return_inverse=True, return_counts=True)
    of_site = keys % len(sites)
    mean = np.bincount(of_site, weights=births, minlength=len(sites)) / np.bincount(of_site, minlength=len(sites))
    return np.asarray((births >= BUSY_AGAINST_MEAN * mean[of_site])[position])
