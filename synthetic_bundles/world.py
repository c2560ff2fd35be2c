"""A whole world from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from synthetic_bundles.areas import COUNTRIES, build_areas, build_postcodes
from synthetic_bundles.babies import build_babies, recorded_after_death
from synthetic_bundles.birth_dates import draw_birth_datetimes, draw_due_dates
from synthetic_bundles.care import draw_care
from synthetic_bundles.chance import Texts
from synthetic_bundles.deliveries import build_deliveries
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.expectations import Expectations, draw_expectations, traits_of
from synthetic_bundles.london_time import Minutes
from synthetic_bundles.nhs_numbers import draw_nhs_numbers
from synthetic_bundles.ongoing import build_ongoing, join_ongoing
from synthetic_bundles.organisations import build_organisations
from synthetic_bundles.population import Population
from synthetic_bundles.pregnancies import draw_fetuses
from synthetic_bundles.scenario import Scenario
from synthetic_bundles.tables import Table, World

MOST_MONTHS = 1200
FIRST_MONTH, MONTHS = "2021-05", 60
PART_BIRTHS = 50_000
ROWS_OF_A_PART = 200_000  # more than a part has pregnancies, so that the rows of two parts never meet


@dataclass(frozen=True, slots=True)
class Plan:
    """What a world is made from: the same plan gives the same world, to the byte.

    first_month: YYYY-MM. areas: llr or england. part_births: most births of one part; a larger world is made of
    several parts of about the same size, each as wide in time as the whole, so that memory depends on it alone.
    """

    births: int
    seed: int
    scenario: Scenario
    first_month: str = FIRST_MONTH
    months: int = MONTHS
    areas: str = "llr"
    part_births: int = PART_BIRTHS

    @property
    def parts(self) -> int:
        return max(-(-self.births // self.part_births), 1)


def generate_world(
    *, births: int, seed: int, scenario: Scenario, first_month: str = FIRST_MONTH, months: int = MONTHS
) -> World:
    """A population with this many deliveries, spread over `months` calendar months from `first_month` (YYYY-MM).

    Pregnancies that are booked in these months and due after them come on top of the births. It is made in one piece,
    whatever its size. Raises WorldRefused for a size or period that cannot be made.
    """
    plan = Plan(births, seed, scenario, first_month, months, part_births=max(births, 1))
    return generate_part(plan, 1)


def generate_part(plan: Plan, part: int) -> World:
    """One part of a world, from 1 on. Raises WorldRefused for a size or period that cannot be made."""
    if plan.seed < 0:
        raise WorldRefused(f"seed is {plan.seed}; give a whole number from 0 on")
    if plan.areas not in COUNTRIES:
        raise WorldRefused(f"areas is '{plan.areas}'; choose one of {', '.join(COUNTRIES)}")
    start = _start_of_world(plan.births, plan.first_month, plan.months)
    parts = plan.parts
    births = plan.births * part // parts - plan.births * (part - 1) // parts
    scenario = plan.scenario if parts == 1 else replace(plan.scenario, spread_seed=plan.seed)
    first_day, end = start.astype("M8[D]"), (start + np.timedelta64(plan.months, "M")).astype("M8[D]")
    random = np.random.default_rng(plan.seed)
    areas = build_areas(random, plan.areas)
    random = random if parts == 1 else np.random.default_rng([plan.seed, part])
    postcodes = build_postcodes(areas, plan.areas)
    birth_datetimes = draw_birth_datetimes(random, births, first_day, end)
    due_dates = draw_due_dates(random, births, first_day, end)
    fetuses = draw_fetuses(random, births)
    mothers_and_babies = births + int(fetuses.sum())
    nhs_numbers = draw_nhs_numbers(
        random if parts == 1 else np.random.default_rng([plan.seed, 0]),
        mothers_and_babies + len(due_dates),
        at_least=births,
        part=part,
        parts=parts,
    )
    born = draw_expectations(
        random,
        scenario,
        areas=areas,
        postcodes=postcodes,
        birth_dates=birth_datetimes.astype("M8[D]"),
        fetuses=fetuses,
        nhs_numbers=nhs_numbers[:births],
    )
    deliveries, babies = _draw_births(
        random, scenario, born, birth_datetimes, nhs_numbers[births:mothers_and_babies], end
    )
    due = draw_expectations(
        random,
        scenario,
        areas=areas,
        postcodes=postcodes,
        birth_dates=due_dates,
        fetuses=draw_fetuses(random, len(due_dates)),
        nhs_numbers=nhs_numbers[mothers_and_babies:],
    )
    booked = join_ongoing(born, due, first_day, end)
    people = Population(
        areas=areas,
        mothers=booked.mothers,
        pregnancies=booked.pregnancies,
        bookings=booked.bookings,
        deliveries=deliveries,
        babies=babies,
        traits=traits_of(booked.mothers, areas),
        death_confirmed_gestation_days=born.endings.death_confirmed_gestation_days,
        end=end,
    )
    return World(
        scenario=scenario,
        seed=plan.seed,
        first_month=start,
        months=plan.months,
        organisations=build_organisations(),
        areas=areas,
        postcodes=postcodes,
        mothers=booked.mothers,
        pregnancies=booked.pregnancies,
        bookings=booked.bookings,
        deliveries=deliveries,
        babies=babies,
        ongoing=build_ongoing(random, booked.bookings[births:]),
        care=draw_care(random, scenario, people),
        part=part,
        parts=parts,
        first_row=(part - 1) * ROWS_OF_A_PART,
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


def _draw_births(
    random: np.random.Generator,
    scenario: Scenario,
    born: Expectations,
    birth_datetimes: Minutes,
    nhs_numbers: Texts,
    end: np.datetime64,
) -> tuple[Table, Table]:
    """The deliveries and their babies. nhs_numbers: of the babies. end: no baby is born from then on."""
    deliveries = build_deliveries(
        random,
        scenario,
        traits=born.traits,
        pregnancies=born.pregnancies,
        bookings=born.bookings,
        endings=born.endings,
        is_smoker=born.is_smoker,
        birth_datetimes=birth_datetimes,
    )
    babies = build_babies(
        random,
        scenario,
        traits=born.traits.at(born.endings.pregnancy),
        deliveries=deliveries,
        endings=born.endings,
        mother_ethnicity=born.mothers["ethnic_category"][born.endings.pregnancy],
        nhs_numbers=nhs_numbers,
        end_of_world=end.astype("M8[m]"),
    )
    deliveries["recorded_datetime"] = recorded_after_death(deliveries, babies)
    return deliveries, babies
