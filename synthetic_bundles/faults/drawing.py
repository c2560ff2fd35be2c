"""Which record has which fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.chance import Flags, Integers, choose_by_row
from synthetic_bundles.faults.kinds import ENTRY_ERRORS, FAULTS_OF, Fault, FaultLevel, System
from synthetic_bundles.faults.shifts import is_in_busy_shift
from synthetic_bundles.tables import ABSENT_TEXT, Table, World

NONE = -1
ALL_FAULTS = tuple(Fault)
WEIGHT_TOLERANCE_G = 10
GRAMS_TRUST = "RSA"  # writes grams; the other writes weeks, and so can write days where weeks belong
FAULT_SEED = 7001


@dataclass(frozen=True, slots=True)
class Faults:
    """Position in ALL_FAULTS of the fault of each record, or NONE, by system.

    maternity: one a delivery. neonatal: one an episode. health_visiting: one a visit. mental_health: one a referral.
    differs_in_gestation, differs_in_weight: episodes whose unit wrote another value than the maternity system without
    any drawn fault, and where both values stand to be compared.
    """

    level: FaultLevel
    maternity: Integers
    neonatal: Integers
    health_visiting: Integers
    mental_health: Integers
    differs_in_gestation: Flags
    differs_in_weight: Flags

    def of(self, system: System) -> list[Fault | None]:
        """The fault of each record of a system."""
        codes: Integers = getattr(self, system.value)
        return [None if code == NONE else ALL_FAULTS[code] for code in codes.tolist()]


def has(codes: Integers, *kinds: Fault) -> Flags:
    """Whether each record has one of these faults."""
    return np.isin(codes, [ALL_FAULTS.index(kind) for kind in kinds])


def draw_faults(world: World, level: FaultLevel) -> Faults:
    """Faults of every record of one part of a world, from generators of their own: the world stays as it is."""
    chances = (np.random.default_rng([world.seed, world.part, FAULT_SEED, number]) for number in range(len(System)))
    maternity = _maternity(next(chances), world, level)
    neonatal = _neonatal(next(chances), world, level, maternity)
    stays = world.care.neonatal_episodes
    delivery = world.babies["delivery"][stays["baby"]]
    told = maternity[delivery]
    is_first = stays["baby"] == world.deliveries["first_baby"][delivery]  # of whose faults a maternity record has one
    stands = stays["is_linked"] & ~has(neonatal, Fault.NHS_NUMBER_MISSING, Fault.NHS_NUMBER_WRONG, Fault.TWINS_SWAPPED)
    weighs = ~has(neonatal, Fault.WEIGHT_IN_KILOGRAMS) & ~(is_first & has(told, Fault.WEIGHT_IN_KILOGRAMS))
    return Faults(
        level=level,
        maternity=maternity,
        neonatal=neonatal,
        health_visiting=_visits(next(chances), world, level),
        mental_health=_referrals(next(chances), world, level),
        differs_in_gestation=stands & ~has(told, Fault.GESTATION_IN_DAYS) & _differs_in_gestation(world),
        differs_in_weight=stands & weighs & _differs_in_weight(world),
    )


def _drawn(
    random: np.random.Generator,
    rates: Mapping[Fault, float],
    can_have: Mapping[Fault, Any],
    rows: int,
    busy: Flags,
    factor: float,
) -> Integers:
    """One fault a record at these rates; a record that cannot have the one drawn has none."""
    if not rates:
        return np.full(rows, NONE)
    kinds = tuple(rates)
    quiet = np.array([rates[kind] for kind in kinds])
    rushed = quiet * np.array([factor if kind in ENTRY_ERRORS else 1.0 for kind in kinds])
    weights = np.array([[*each, max(1.0 - each.sum(), 0.0)] for each in (quiet, rushed)])
    chosen = choose_by_row(random, weights, busy.astype(np.int64))
    codes = np.array([*(ALL_FAULTS.index(kind) for kind in kinds), NONE])[chosen]
    for kind, able in can_have.items():
        codes = np.where(has(codes, kind) & ~able, NONE, codes)
    return np.asarray(codes)


def _maternity(random: np.random.Generator, world: World, level: FaultLevel) -> Integers:
    deliveries = world.deliveries
    first = world.babies[deliveries["first_baby"]]
    has_number = first["nhs_number"] != ABSENT_TEXT
    is_early = _is_before_last_month(world, deliveries["birth_datetime"])
    can_have = {
        Fault.NHS_NUMBER_MISSING: has_number,
        Fault.NHS_NUMBER_WRONG: has_number,
        Fault.TEMPORARY_ID: has_number,
        Fault.WEIGHT_IN_KILOGRAMS: deliveries["provider"] == GRAMS_TRUST,
        Fault.GESTATION_IN_DAYS: (deliveries["provider"] != GRAMS_TRUST) & (deliveries["babies"] == 1),
        Fault.LOCAL_CODE: first["first_feed"] != ABSENT_TEXT,
        Fault.RESENT: is_early,
        Fault.LATE: is_early,
    }
    busy = is_in_busy_shift(deliveries)
    return _drawn(random, level.rates[System.MATERNITY], can_have, len(deliveries), busy, level.busy_shift_factor)


def _neonatal(random: np.random.Generator, world: World, level: FaultLevel, maternity: Integers) -> Integers:
    stays = world.care.neonatal_episodes
    rates = dict(level.rates[System.NEONATAL])
    swaps = rates.pop(Fault.TWINS_SWAPPED, 0.0)
    linked = stays["is_linked"]
    agrees = linked & ~_differs_in_gestation(world) & ~_differs_in_weight(world)
    # A conflict is one between two values that stand: the maternity record must say the right thing.
    is_told_right = maternity[world.babies["delivery"][stays["baby"]]] == NONE
    has_left = ~np.isnat(stays["discharge_datetime"])
    is_early = _is_before_last_month(world, stays["admit_datetime"])
    can_have: dict[Fault, Flags] = {
        kind: np.asarray(agrees & is_told_right)
        for kind in FAULTS_OF[System.NEONATAL]
        if kind.value.endswith("_conflict")
    }
    can_have[Fault.ETHNICITY_CONFLICT] = can_have[Fault.ETHNICITY_CONFLICT] & _tells_ethnicity(world, stays)
    can_have |= {
        Fault.NHS_NUMBER_MISSING: linked,
        Fault.NHS_NUMBER_WRONG: linked & (world.babies["nhs_number"][stays["baby"]] != ABSENT_TEXT),
        Fault.TEMPORARY_ID: linked,
        Fault.WEIGHT_IN_KILOGRAMS: stays["provider"] == GRAMS_TRUST,
        Fault.UNKNOWN_CODE: has_left,
        Fault.IMPOSSIBLE_DATE: has_left,
        Fault.RESENT: is_early,
        Fault.LATE: is_early,
    }
    quiet = np.zeros(len(stays), dtype=bool)
    codes = _drawn(random, rates, can_have, len(stays), quiet, 1.0)
    for pair in _pairs_that_can_be_swapped(world, agrees & is_told_right & (codes == NONE)):
        if random.random() < swaps:
            codes[list(pair)] = ALL_FAULTS.index(Fault.TWINS_SWAPPED)
    return codes


def _visits(random: np.random.Generator, world: World, level: FaultLevel) -> Integers:
    visits = world.care.health_visits
    is_early = _is_before_last_month(world, visits["contact_date"])
    is_about_child = visits["baby"] >= 0
    of_child, of_mother = world.babies["nhs_number"][visits["baby"]], world.mothers["nhs_number"][visits["mother"]]
    can_have = {
        Fault.NHS_NUMBER_WRONG: np.where(is_about_child, of_child, of_mother) != ABSENT_TEXT,
        Fault.IMPOSSIBLE_DATE: _is_short_month(visits["contact_date"]),
        Fault.RESENT: is_early,
        Fault.LATE: is_early,
    }
    quiet = np.zeros(len(visits), dtype=bool)
    return _drawn(random, level.rates[System.HEALTH_VISITING], can_have, len(visits), quiet, 1.0)


def _referrals(random: np.random.Generator, world: World, level: FaultLevel) -> Integers:
    referrals = world.care.mental_health_referrals
    is_early = _is_before_last_month(world, referrals["referral_date"])
    can_have = {
        Fault.NHS_NUMBER_WRONG: world.mothers["nhs_number"][referrals["mother"]] != ABSENT_TEXT,
        Fault.IMPOSSIBLE_DATE: _is_short_month(referrals["referral_date"]),
        Fault.RESENT: is_early,
        Fault.LATE: is_early,
    }
    quiet = np.zeros(len(referrals), dtype=bool)
    return _drawn(random, level.rates[System.MENTAL_HEALTH], can_have, len(referrals), quiet, 1.0)


def _is_before_last_month(world: World, at: NDArray[np.datetime64]) -> Flags:
    """Whether a later month of the world follows, in whose files the record can stand."""
    return np.asarray(at.astype("M8[M]") < world.last_month)


def _is_short_month(dates: NDArray[np.datetime64]) -> Flags:
    """Whether the month of each date has no 31st, so that an impossible date can be written within it."""
    month = dates.astype("M8[M]")
    days = (month + 1).astype("M8[D]") - month.astype("M8[D]")
    return np.asarray(days < np.timedelta64(31, "D"))


def _tells_ethnicity(world: World, stays: Table) -> Flags:
    told = world.mothers["recorded_ethnic_category"][world.babies["mother"][stays["baby"]]]
    return ~np.isin(told, (ABSENT_TEXT, "Z", "99"))


def _differs_in_gestation(world: World) -> Flags:
    stays = world.care.neonatal_episodes
    return np.asarray(stays["recorded_gestation_days"] != world.babies["gestation_days"][stays["baby"]])


def _differs_in_weight(world: World) -> Flags:
    stays = world.care.neonatal_episodes
    difference = stays["recorded_birth_weight_g"] - world.babies["birth_weight_g"][stays["baby"]]
    return np.asarray(np.abs(difference) > WEIGHT_TOLERANCE_G)


def _pairs_that_can_be_swapped(world: World, is_free: Flags) -> list[tuple[int, int]]:
    """Episodes of two twins of one sex, each with this stay alone, whose weights tell them apart."""
    stays, babies = world.care.neonatal_episodes, world.babies
    alone = np.bincount(stays["baby"], minlength=len(babies))[stays["baby"]] == 1
    by_baby = {int(stays["baby"][row]): int(row) for row in np.flatnonzero(is_free & alone)}
    twins = world.deliveries[world.deliveries["babies"] == 2]["first_baby"].tolist()
    return [
        (by_baby[first], by_baby[first + 1])
        for first in twins
        if first in by_baby
        and first + 1 in by_baby
        and babies["sex"][first] == babies["sex"][first + 1]
        and abs(int(babies["birth_weight_g"][first]) - int(babies["birth_weight_g"][first + 1])) > WEIGHT_TOLERANCE_G
    ]
