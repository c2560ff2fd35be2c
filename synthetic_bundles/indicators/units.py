"""What indicators count: one row a unit, with its month, its place and the groups it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.areas import quintiles_of
from synthetic_bundles.chance import Flags, Integers, Texts
from synthetic_bundles.families import homes_at
from synthetic_bundles.london_time import Days
from synthetic_bundles.mothers import ethnic_groups_of
from synthetic_bundles.organisations import HEALTH_VISITING_PROVIDER, MENTAL_HEALTH_PROVIDER
from synthetic_bundles.strata import UNKNOWN, age_bands, ethnic_groups
from synthetic_bundles.tables import ABSENT_TEXT, Table, World
from synthetic_bundles.vocabulary import SMOKING_UNKNOWN

BMI_STARTS = (18.5, 25.0, 30.0, 35.0, 40.0)
BMI_GROUPS = ("<18.5", "18.5-24.9", "25-29.9", "30-34.9", "35-39.9", "40+")
GESTATION_STARTS = (196, 224, 259)
GESTATION_GROUPS = ("<28", "28-31", "32-36", "37+")
METHOD_GROUPS = (  # by delivery method, 0 to 9 and absent
    *("spontaneous", "spontaneous", "instrumental", "instrumental", "instrumental"),
    *("spontaneous", "instrumental", "caesarean", "caesarean", "other"),
    UNKNOWN,  # what -1, absent, takes
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The stratum of each unit in one dimension, as a position in its names."""

    names: NDArray[Any]
    codes: Integers

    def at(self, rows: Integers) -> Groups:
        """Those of these rows, in this order."""
        return Groups(self.names, self.codes[rows])


@dataclass(frozen=True, slots=True)
class Units:
    """month: datetime64[M] in which each unit counts. groups: by dimension."""

    month: Days
    provider: Groups
    site: Groups
    groups: Mapping[str, Groups]

    def __len__(self) -> int:
        return len(self.month)

    def at(self, rows: Integers) -> Units:
        """These units, in this order."""
        groups = {name: each.at(rows) for name, each in self.groups.items()}
        return Units(self.month[rows], self.provider.at(rows), self.site.at(rows), groups)


def groups_of(texts: Texts) -> Groups:
    names, codes = np.unique(texts, return_inverse=True)
    return Groups(names, np.asarray(codes, dtype=np.int64))


def units_of(
    world: World,
    *,
    pregnancy: Integers,
    at: Days,
    provider: Texts,
    site: Texts,
    month_of: Days | None = None,
    gestation_days: Integers | None = None,
    method: Integers | None = None,
    source: Texts | None = None,
) -> Units:
    """Units of these pregnancies, with their mothers as at these dates; `month_of` tells when they count instead."""
    groups = {name: each.at(pregnancy) for name, each in _lasting_groups(world).items()}
    sites = groups_of(site)
    age = groups_of(age_bands(world.mothers["birth_date"][pregnancy], at))
    groups |= {"age": age, "site": sites, **_home_groups(world, pregnancy, at)}
    groups["eth5xage"] = _crossed(groups["eth5"], age)
    if gestation_days is not None:
        bands = np.array(GESTATION_GROUPS)[np.searchsorted(GESTATION_STARTS, gestation_days, side="right")]
        groups["gest"] = groups_of(np.where(np.asarray(gestation_days) < 0, UNKNOWN, bands))
    if method is not None:
        groups["method"] = groups_of(np.array(METHOD_GROUPS)[method])
    if source is not None:
        groups["source"] = groups_of(source)
    return Units((at if month_of is None else month_of).astype("M8[M]"), groups_of(provider), sites, groups)


def booking_units(world: World, at: Days | None = None) -> Units:
    """One a pregnancy, at its booking or at another date of it."""
    bookings = world.bookings
    return units_of(
        world,
        pregnancy=np.arange(len(bookings)),
        at=bookings["booking_date"] if at is None else at,
        provider=bookings["provider"],
        site=bookings["site"],
        source=bookings["provider"],
    )


def delivery_units(world: World) -> Units:
    """One a delivery, at the birth of its first baby."""
    deliveries = world.deliveries
    return units_of(
        world,
        pregnancy=deliveries["pregnancy"].astype(np.int64),
        at=deliveries["birth_datetime"].astype("M8[D]"),
        provider=deliveries["provider"],
        site=deliveries["site"],
        gestation_days=deliveries["gestation_days"],
        method=deliveries["method"].astype(np.int64),
    )


def baby_units(world: World, rows: Integers, month_of: Days | None = None) -> Units:
    """One a baby of these rows, at its birth; `month_of` tells when they count instead."""
    babies = world.babies[rows]
    deliveries = world.deliveries[babies["delivery"]]
    return units_of(
        world,
        pregnancy=babies["delivery"].astype(np.int64),
        at=babies["birth_datetime"].astype("M8[D]"),
        provider=deliveries["provider"],
        site=deliveries["site"],
        month_of=month_of,
        gestation_days=babies["gestation_days"],
        source=deliveries["provider"],
    )


def visited_units(world: World, pregnancy: Integers, at: Days) -> Units:
    """Units of the health-visiting provider, where the family lives at these dates."""
    return units_of(
        world,
        pregnancy=pregnancy,
        at=at,
        provider=np.full(len(at), HEALTH_VISITING_PROVIDER),
        site=np.full(len(at), UNKNOWN),
    )


def referral_units(world: World, referrals: Table) -> Units:
    """Referrals to the mental-health provider, at their dates."""
    return units_of(
        world,
        pregnancy=referrals["mother"].astype(np.int64),
        at=referrals["referral_date"],
        provider=np.full(len(referrals), MENTAL_HEALTH_PROVIDER),
        site=np.full(len(referrals), UNKNOWN),
        source=referrals["source"],
    )


def birth_units_of_provider(world: World, provider: str) -> Units:
    """Deliveries at the birth of their first baby, set against one provider of the whole system."""
    deliveries = world.deliveries
    return units_of(
        world,
        pregnancy=deliveries["pregnancy"].astype(np.int64),
        at=deliveries["birth_datetime"].astype("M8[D]"),
        provider=np.full(len(deliveries), provider),
        site=np.full(len(deliveries), UNKNOWN),
    )


def has_registered_birth(world: World) -> Flags:
    """Whether any baby of each delivery has an outcome of 01 to 04."""
    is_birth = np.isin(world.babies["outcome"], ("01", "02", "03", "04"))
    return np.asarray(np.bincount(world.babies["delivery"], weights=is_birth, minlength=len(world.deliveries)) > 0)


def _lasting_groups(world: World) -> dict[str, Groups]:
    """The groups of each pregnancy that do not change while it lasts."""
    mothers, bookings = world.mothers, world.bookings
    recorded = mothers["recorded_ethnic_category"]
    answers = np.array(("no", "yes", UNKNOWN))[mothers["interpreter_required"]]  # -1, absent, takes the last
    smoking = np.where(bookings["smoking_status"] == ABSENT_TEXT, SMOKING_UNKNOWN, bookings["smoking_status"])
    bmi = np.array(BMI_GROUPS)[np.searchsorted(BMI_STARTS, bookings["bmi"], side="right")]
    texts = {
        "eth5": ethnic_groups(mothers),
        "eth5_true": ethnic_groups_of(mothers["ethnic_category"]),
        "eth18": np.where(recorded == ABSENT_TEXT, UNKNOWN, recorded),
        "lang": np.where(mothers["language"] == ABSENT_TEXT, UNKNOWN, mothers["language"]),
        "interp": answers,
        "bmi": bmi,
        "smoke": smoking,
        "parity": np.where(world.care.histories["parity"] == 0, "0", "1+"),
    }
    return {name: groups_of(column) for name, column in texts.items()}


def _home_groups(world: World, pregnancy: Integers, at: Days) -> dict[str, Groups]:
    residences = world.care.residences
    home = residences[homes_at(residences, pregnancy, at)]
    decile = world.areas["decile"][home["area"]].astype(np.int64)
    is_known = home["imd_missing_reason"] == ABSENT_TEXT
    district = world.areas["district"][home["area"]]
    texts = {
        "imd5": np.where(is_known, quintiles_of(decile).astype("U2"), UNKNOWN),
        "imd10": np.where(is_known, decile.astype("U2"), UNKNOWN),
        "lad": np.where(is_known, district, UNKNOWN),
    }
    return {name: groups_of(column) for name, column in texts.items()}


def _crossed(first: Groups, second: Groups) -> Groups:
    names = np.array([f"{one}|{other}" for one in first.names for other in second.names])
    return Groups(names, first.codes * len(second.names) + second.codes)
