"""A large resolved model for the bench of counting: drawn as arrays, kept in memory as codes, written as Parquet.

It is not the synthetic world: no effects, no truth, only rows of the right shape in the right number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]
Places = NDArray[np.int32]
Days = NDArray[np.datetime64]
Minutes = NDArray[np.datetime64]

SEED = 5
SITES = 130
SITES_OF_A_PROVIDER = 2
FEWEST_DELIVERIES_OF_A_SITE = 500
BIRTHS_A_MONTH = 50_000  # about those of England
FEWEST_MONTHS = 2
FIRST_MONTH = np.datetime64("2023-04", "M")
ABSENT = -1

ETHNIC_CODES = ("A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99")
SMOKING = ("smoker", "non_smoker", "unknown")
METHODS = tuple("0123456789")
TRAUMAS = ("|6234006|", "|10217006|", "|399031001|")
SEVERE_TRAUMAS = TRAUMAS[1:]
OUTCOMES = ("01", "02", "03", "04", "05")
FEEDS = ("01", "02", "03")


@dataclass(frozen=True, slots=True)
class Births:
    """A model as codes, ABSENT where the record has none. One mother, pregnancy and booking a delivery, in one order.

    baby_*: one place a baby, with `baby_delivery` the place of its delivery. Codes are places in the tuples above,
    `site` a number, deciles and days themselves. moved_on: the day a second residence begins, NaT for most.
    """

    mother_ethnicity: Codes
    mother_born: Days
    first_decile: Codes
    second_decile: Codes
    moved_on: Days
    booking_date: Days
    booking_site: Places
    booking_smoking: Codes
    delivery_site: Places
    delivery_method: Codes
    delivery_trauma: Codes
    delivery_smoking: Codes
    baby_delivery: Places
    baby_order: Codes
    baby_born: Minutes
    baby_outcome: Codes
    baby_gestation: Places
    baby_death_confirmed: Places
    baby_feed: Codes


def draw_births(deliveries: int) -> Births:
    """Deliveries in random order of time over as many months as BIRTHS_A_MONTH fills, three in two hundred of twins."""
    random = np.random.default_rng(SEED)
    months = max(FEWEST_MONTHS, deliveries // BIRTHS_A_MONTH)
    start = FIRST_MONTH.astype("M8[m]")
    length = int(((FIRST_MONTH + months).astype("M8[m]") - start).astype(np.int64))
    born = start + random.integers(0, length, deliveries).astype("m8[m]")
    day_of_birth = born.astype("M8[D]")
    booking_date = day_of_birth - random.integers(150, 230, deliveries).astype("m8[D]")
    moved = random.random(deliveries) < 0.1
    sites = min(SITES, max(SITES_OF_A_PROVIDER, deliveries // FEWEST_DELIVERIES_OF_A_SITE))
    site = random.integers(0, sites, deliveries, dtype=np.int32)
    booked_elsewhere = random.random(deliveries) < 0.05
    twins = random.random(deliveries) < 0.015
    baby_delivery = np.repeat(np.arange(deliveries, dtype=np.int32), 1 + twins)
    babies = len(baby_delivery)
    is_second = np.concatenate([[False], baby_delivery[1:] == baby_delivery[:-1]])
    outcome = _coded(random, babies, (0.9945, 0.002, 0.0015, 0.001, 0.001))
    gestation = np.clip(random.normal(277, 12, babies), 150, 308).astype(np.int32)
    lost_before = (outcome > 0) & (random.random(babies) < 0.05)
    return Births(
        mother_ethnicity=random.integers(ABSENT, len(ETHNIC_CODES), deliveries, dtype=np.int8),
        mother_born=day_of_birth - random.integers(17 * 365, 47 * 365, deliveries).astype("m8[D]"),
        first_decile=_with_gaps(random, random.integers(1, 11, deliveries, dtype=np.int8), 0.01),
        second_decile=random.integers(1, 11, deliveries, dtype=np.int8),
        moved_on=np.where(moved, booking_date + np.timedelta64(60, "D"), np.datetime64("NaT", "D")),
        booking_date=booking_date,
        booking_site=np.where(booked_elsewhere, (site + 1) % sites, site).astype(np.int32),
        booking_smoking=_with_gaps(random, _coded(random, deliveries, (0.1, 0.87, 0.03)), 0.02),
        delivery_site=site,
        delivery_method=_with_gaps(random, random.integers(0, len(METHODS), deliveries, dtype=np.int8), 0.01),
        delivery_trauma=_with_gaps(random, _coded(random, deliveries, (0.93, 0.06, 0.01)), 0.6),
        delivery_smoking=_with_gaps(random, _coded(random, deliveries, (0.08, 0.89, 0.03)), 0.02),
        baby_delivery=baby_delivery,
        baby_order=(1 + is_second).astype(np.int8),
        baby_born=born[baby_delivery] + np.where(is_second, np.timedelta64(10, "m"), np.timedelta64(0, "m")),
        baby_outcome=outcome,
        baby_gestation=np.where(random.random(babies) < 0.02, ABSENT, gestation).astype(np.int32),
        baby_death_confirmed=np.where(lost_before, 160, ABSENT).astype(np.int32),
        baby_feed=_with_gaps(random, _coded(random, babies, (0.68, 0.04, 0.28)), 0.05),
    )


def _coded(random: np.random.Generator, size: int, shares: tuple[float, ...]) -> Codes:
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, random.random(size), side="right").astype(np.int8)


def _with_gaps(random: np.random.Generator, codes: Codes, share: float) -> Codes:
    return np.where(random.random(len(codes)) < share, ABSENT, codes).astype(np.int8)
