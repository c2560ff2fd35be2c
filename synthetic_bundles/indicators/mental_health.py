"""Perinatal mental health: indicators PM01 to PM05; and DQ01 of bookings."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.counting import Counted, histogram, ratio, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.units import Units, birth_units_of_provider, referral_units
from synthetic_bundles.organisations import MENTAL_HEALTH_PROVIDER

ACCESS_TEAMS = ("specialist_community_perinatal", "maternal_mh_service")
ACCESS_MECHANISMS = ("01", "11")  # face to face and video
ROLLING_MONTHS = 12
FOLLOW_UP_DAYS = 28
REPEAT_DAYS = 30


def pm01(scene: Scene) -> Counted:
    """Women seen by a specialist team in twelve months over the births of the same twelve; by the last of them."""
    births = birth_units_of_provider(scene.world, MENTAL_HEALTH_PROVIDER)
    below = _rolling(scene, births)
    above = _women_seen(scene)
    return ratio(below, np.ones(len(below), dtype=bool), above, np.ones(len(above), dtype=bool))


def pm02(scene: Scene) -> Counted:
    """Referrals, without those repeated within 30 days, by date of referral, over births, by date of birth."""
    births = birth_units_of_provider(scene.world, MENTAL_HEALTH_PROVIDER)
    units = referral_units(scene.world, scene.world.care.mental_health_referrals)
    return ratio(births, scene.is_registered_delivery, units, ~_is_repeated(scene))


def pm03(scene: Scene) -> Counted:
    """First attended contact within 28 days, accepted referrals that can have been followed so long."""
    referrals = scene.world.care.mental_health_referrals
    is_followed = referrals["referral_date"] + np.timedelta64(FOLLOW_UP_DAYS, "D") < scene.end
    units = referral_units(scene.world, referrals)
    is_seen = _wait_days(scene) <= FOLLOW_UP_DAYS
    return share(units, np.ones(len(units), dtype=bool), referrals["accepted"] & is_followed, is_seen)


def pm04(scene: Scene) -> Counted:
    """Days from referral to first contact, as a histogram."""
    referrals = scene.world.care.mental_health_referrals
    is_counted = referrals["accepted"] & ~np.isnat(referrals["first_contact_date"])
    return histogram(referral_units(scene.world, referrals), is_counted, np.where(is_counted, _wait_days(scene), 0))


def pm05(scene: Scene) -> Counted:
    """Referrals that were not accepted."""
    units = referral_units(scene.world, scene.world.care.mental_health_referrals)
    everyone = np.ones(len(units), dtype=bool)
    return share(units, everyone, everyone, ~scene.world.care.mental_health_referrals["accepted"])


def dq01(scene: Scene) -> Counted:
    """Ethnic category of the mother is known."""
    category = scene.world.mothers["recorded_ethnic_category"]
    everyone = np.ones(len(category), dtype=bool)
    return share(scene.bookings, everyone, everyone, ~np.isin(category, ("Z", "99", "")))


def _wait_days(scene: Scene) -> Integers:
    """A great number without a contact."""
    referrals = scene.world.care.mental_health_referrals
    wait = (referrals["first_contact_date"] - referrals["referral_date"]).astype(np.int64)
    return np.where(np.isnat(referrals["first_contact_date"]), np.iinfo(np.int64).max, wait)


def _is_repeated(scene: Scene) -> Flags:
    """Whether the same woman was referred in the 30 days before; the referral before need not have counted itself."""
    referrals = scene.world.care.mental_health_referrals
    order = np.lexsort((referrals["referral_date"], referrals["mother"]))
    mother, day = referrals["mother"][order], referrals["referral_date"][order].astype(np.int64)
    follows = np.zeros(len(order), dtype=bool)
    follows[1:] = (mother[1:] == mother[:-1]) & (day[1:] - day[:-1] <= REPEAT_DAYS)
    repeated = np.empty(len(order), dtype=bool)
    repeated[order] = follows
    return repeated


def _rolling(scene: Scene, units: Units) -> Units:
    """Each unit in the twelve months that look back on it, of those with a full year before them."""
    rows = np.tile(np.arange(len(units)), ROLLING_MONTHS)
    later = np.repeat(np.arange(ROLLING_MONTHS), len(units))
    months = (units.month[rows].astype(np.int64) + later).astype("M8[M]")
    keep = _is_full_year(scene, months)
    moved = units.at(rows[keep])
    return Units(months[keep], moved.provider, moved.site, moved.groups)


def _women_seen(scene: Scene) -> Units:
    """One unit a woman and month that looks back on a contact of hers, described as at her first such referral."""
    referrals, contacts = scene.world.care.mental_health_referrals, scene.world.care.mental_health_contacts
    is_access = np.isin(referrals["team_type"], ACCESS_TEAMS)[contacts["referral"]]
    contacts = contacts[is_access & contacts["attended"] & np.isin(contacts["mechanism"], ACCESS_MECHANISMS)]
    referral = np.tile(contacts["referral"].astype(np.int64), ROLLING_MONTHS)
    later = np.repeat(np.arange(ROLLING_MONTHS), len(contacts))
    months = np.tile(contacts["contact_date"].astype("M8[M]").astype(np.int64), ROLLING_MONTHS) + later
    order = np.argsort(referral, kind="stable")
    keys = referrals["mother"][referral[order]].astype(np.int64) * 100_000 + months[order]
    first = order[np.unique(keys, return_index=True)[1]]
    first = first[_is_full_year(scene, months[first].astype("M8[M]"))]
    described = referral_units(scene.world, referrals[referral[first]])
    return Units(months[first].astype("M8[M]"), described.provider, described.site, described.groups)


def _is_full_year(scene: Scene, months: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> Flags:
    earliest = scene.world.first_month + np.timedelta64(ROLLING_MONTHS - 1, "M")
    return np.asarray((months >= earliest) & (months <= scene.world.last_month))
