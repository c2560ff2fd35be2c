"""The world as it can be observed from records with faults, by a receiver that makes no mistake of its own.

What such a receiver does: a weight in kilograms is recognised; a gestation of days where weeks belong is implausible,
and the value of a linked neonatal record takes its place or none does; unknown and local codes, and dates that do not
exist, say nothing; a record that names nobody, or nobody who can be found, stands apart; of two systems that differ the
maternity system is believed; what is repeated counts once and what is late counts in its own month.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synthetic_bundles.care_tables import Care
from synthetic_bundles.chance import Flags
from synthetic_bundles.faults.drawing import Faults, has
from synthetic_bundles.faults.entry import DAYS_IN_WEEK
from synthetic_bundles.faults.kinds import Fault
from synthetic_bundles.faults.lateness import recorded_when_late
from synthetic_bundles.strata import UNKNOWN
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, World

NO_DAY, NO_MINUTE = np.datetime64("NaT", "D"), np.datetime64("NaT", "m")
LATEST_PLAUSIBLE_DAYS = 315


def observed(world: World, faults: Faults) -> World:
    """The observable world with the stays that cannot be linked still in it, so that they can be counted as such."""
    mothers, deliveries, babies = _maternity(world, faults)
    seen = replace(world, mothers=mothers, deliveries=deliveries, babies=babies, care=_care(world, faults))
    return _with_gestation_of_units(seen)


def without_unlinked_stays(world: World) -> World:
    """The same world without the stays that belong to no known birth."""
    stays, days = world.care.neonatal_episodes, world.care.neonatal_days
    linked = stays["is_linked"]
    place = np.cumsum(linked) - 1
    kept_days = days[linked[days["episode"]]].copy()
    kept_days["episode"] = place[kept_days["episode"]]
    return replace(world, care=replace(world.care, neonatal_episodes=stays[linked], neonatal_days=kept_days))


def _maternity(world: World, faults: Faults) -> tuple[Table, Table, Table]:
    mothers, deliveries, babies = world.mothers.copy(), world.deliveries.copy(), world.babies.copy()
    first = deliveries["first_baby"]
    codes = faults.maternity
    mothers["birth_date"][: world.births][has(codes, Fault.IMPOSSIBLE_DATE)] = NO_DAY
    deliveries["method"][has(codes, Fault.UNKNOWN_CODE)] = ABSENT_NUMBER
    is_late = has(codes, Fault.LATE)
    deliveries["recorded_datetime"][is_late] = recorded_when_late(world, deliveries)[is_late]
    babies["first_feed"][first[has(codes, Fault.LOCAL_CODE)]] = ABSENT_TEXT
    in_days = has(codes, Fault.GESTATION_IN_DAYS) & (
        deliveries["gestation_days"].astype(np.int64) * DAYS_IN_WEEK > LATEST_PLAUSIBLE_DAYS
    )
    deliveries["gestation_days"][in_days] = ABSENT_NUMBER
    babies["gestation_days"][first[in_days]] = ABSENT_NUMBER
    return mothers, deliveries, babies


def _care(world: World, faults: Faults) -> Care:
    care = world.care
    visits = care.health_visits[_is_found(faults.health_visiting)].copy()
    kept = faults.health_visiting[_is_found(faults.health_visiting)]
    visits["attendance"][has(kept, Fault.UNKNOWN_CODE)] = ABSENT_TEXT
    found = _is_found(faults.mental_health)
    referrals = care.mental_health_referrals[found].copy()
    referrals["source"][has(faults.mental_health[found], Fault.UNKNOWN_CODE)] = UNKNOWN
    contacts = care.mental_health_contacts[found[care.mental_health_contacts["referral"]]].copy()
    contacts["referral"] = (np.cumsum(found) - 1)[contacts["referral"]]
    return replace(
        care,
        neonatal_episodes=_stays(world, faults),
        health_visits=visits,
        mental_health_referrals=referrals,
        mental_health_contacts=contacts,
    )


def _is_found(codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Flags:
    """Whether each record names somebody who can be found and a day that exists."""
    return ~has(codes, Fault.NHS_NUMBER_MISSING, Fault.NHS_NUMBER_WRONG, Fault.IMPOSSIBLE_DATE)


def _stays(world: World, faults: Faults) -> Table:
    stays = world.care.neonatal_episodes.copy()
    codes = faults.neonatal
    rows = np.arange(len(stays)) + world.first_row
    stays["is_linked"] &= ~has(codes, Fault.NHS_NUMBER_MISSING, Fault.NHS_NUMBER_WRONG)
    stays["discharge_destination"][has(codes, Fault.UNKNOWN_CODE)] = ABSENT_TEXT
    stays["discharge_datetime"][has(codes, Fault.IMPOSSIBLE_DATE)] = NO_MINUTE
    conflict = has(codes, Fault.GESTATION_CONFLICT)
    stays["recorded_gestation_days"][conflict] -= (2 + rows % 6)[conflict].astype("i2")
    conflict = has(codes, Fault.WEIGHT_CONFLICT)
    stays["recorded_birth_weight_g"][conflict] += (40 + rows % 90)[conflict].astype("i4")
    swapped = np.flatnonzero(has(codes, Fault.TWINS_SWAPPED))
    order = swapped[np.argsort(stays["baby"][swapped], kind="stable")]
    stays["baby"][order] = stays["baby"][order.reshape(-1, 2)[:, ::-1].ravel()]
    return stays


def _with_gestation_of_units(world: World) -> World:
    """An absent gestation taken from the first linked stay that tells it."""
    babies, deliveries = world.babies.copy(), world.deliveries.copy()
    stays = world.care.neonatal_episodes
    # From the last to the first, so that the first stay of a baby stays.
    for row in np.flatnonzero(stays["is_linked"] & (babies["gestation_days"][stays["baby"]] < 0))[::-1].tolist():
        babies["gestation_days"][stays["baby"][row]] = stays["recorded_gestation_days"][row]
        deliveries["gestation_days"][babies["delivery"][stays["baby"][row]]] = stays["recorded_gestation_days"][row]
    return replace(world, babies=babies, deliveries=deliveries)
