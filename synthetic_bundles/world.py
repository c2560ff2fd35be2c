"""A whole world from a seed."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.areas import build_areas, build_postcodes, quintiles_of
from synthetic_bundles.babies import build_babies, recorded_after_death
from synthetic_bundles.chance import choose
from synthetic_bundles.deliveries import build_deliveries
from synthetic_bundles.effects import Traits
from synthetic_bundles.endings import draw_endings
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.figures import BIRTHS_AUTUMN_SWING
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.mothers import build_mothers, ethnic_groups_of
from synthetic_bundles.nhs_numbers import draw_nhs_numbers
from synthetic_bundles.organisations import build_organisations
from synthetic_bundles.pregnancies import build_bookings, build_pregnancies, draw_fetuses, draw_smokers
from synthetic_bundles.scenario import Scenario
from synthetic_bundles.tables import Table, World

MINUTES_IN_DAY = 24 * 60
DAYS_IN_YEAR = 365.25
PEAK_DAY_OF_YEAR = 268  # late September
MOST_MONTHS = 1200


def generate_world(
    *, births: int, seed: int, scenario: Scenario, first_month: str = "2021-05", months: int = 60
) -> World:
    """A population with this many deliveries, spread over `months` calendar months from `first_month` (YYYY-MM).

    The same arguments give the same world, to the byte. Raises WorldRefused for a size or period that cannot be made.
    """
    if seed < 0:
        raise WorldRefused(f"seed is {seed}; give a whole number from 0 on")
    start = _start_of_world(births, first_month, months)
    end = (start + np.timedelta64(months, "M")).astype("M8[m]")
    random = np.random.default_rng(seed)
    areas = build_areas(random)
    postcodes = build_postcodes(areas)
    birth_datetimes = _birth_datetimes(random, births, start, months)
    birth_dates = birth_datetimes.astype("M8[D]")
    fetuses = draw_fetuses(random, births)
    nhs_numbers = draw_nhs_numbers(random, births + int(fetuses.sum()))
    mothers = build_mothers(random, areas, postcodes, birth_dates, nhs_numbers[:births])
    pregnancies = build_pregnancies(random, mothers, birth_dates, fetuses)
    traits = _traits_of(mothers, areas)
    is_smoker = draw_smokers(random, scenario, traits)
    endings = draw_endings(random, scenario, traits, fetuses)
    bookings = build_bookings(
        random,
        districts=areas["district"][mothers["area"]],
        birth_dates=birth_dates,
        gestation_at_birth=endings.gestation_days,
        is_smoker=is_smoker,
    )
    deliveries = build_deliveries(
        random,
        scenario,
        traits=traits,
        pregnancies=pregnancies,
        bookings=bookings,
        endings=endings,
        is_smoker=is_smoker,
        birth_datetimes=birth_datetimes,
    )
    babies = build_babies(
        random,
        scenario,
        traits=traits.at(endings.pregnancy),
        deliveries=deliveries,
        endings=endings,
        mother_ethnicity=mothers["ethnic_category"][endings.pregnancy],
        nhs_numbers=nhs_numbers[births:],
        end_of_world=end,
    )
    deliveries["recorded_datetime"] = recorded_after_death(deliveries, babies)
    return World(
        scenario=scenario,
        seed=seed,
        first_month=start,
        months=months,
        organisations=build_organisations(),
        areas=areas,
        postcodes=postcodes,
        mothers=mothers,
        pregnancies=pregnancies,
        bookings=bookings,
        deliveries=deliveries,
        babies=babies,
    )


def _start_of_world(births: int, first_month: str, months: int) -> np.datetime64:
    if births < 1:
        raise WorldRefused(f"births is {births}; ask for at least 1")
    if not 1 <= months <= MOST_MONTHS:
        raise WorldRefused(f"months is {months}; ask for 1 to {MOST_MONTHS}")
    try:
        start = np.datetime64(first_month, "M")
    except ValueError as cause:
        raise WorldRefused(f"first_month is '{first_month}'; write it as YYYY-MM") from cause
    if str(start) != first_month:
        raise WorldRefused(f"first_month is '{first_month}'; write it as YYYY-MM")
    return start


def _birth_datetimes(random: np.random.Generator, births: int, start: np.datetime64, months: int) -> Minutes:
    """When each delivery happens, in order, with a mild peak in autumn."""
    first_day = start.astype("M8[D]")
    days = np.arange(first_day, (start + np.timedelta64(months, "M")).astype("M8[D]"))
    day_of_year = (days - days.astype("M8[Y]").astype("M8[D]")).astype(np.int64)
    season = 1 + BIRTHS_AUTUMN_SWING.value * np.cos(2 * np.pi * (day_of_year - PEAK_DAY_OF_YEAR) / DAYS_IN_YEAR)
    minute = random.integers(0, MINUTES_IN_DAY, births).astype("m8[m]")
    born = days[choose(random, season, births)].astype("M8[m]") + minute
    return np.sort(skip_missing_hour(born))


def _traits_of(mothers: Table, areas: Table) -> Traits:
    deciles = areas["decile"][mothers["area"]].astype(np.int64)
    return Traits(quintile=quintiles_of(deciles), ethnic_group=ethnic_groups_of(mothers["ethnic_category"]))
