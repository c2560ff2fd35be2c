"""Women who expect a birth: who they are, their pregnancy, how it will end and their booking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.areas import quintiles_of
from synthetic_bundles.chance import Flags, Integers, Texts
from synthetic_bundles.effects import Traits
from synthetic_bundles.endings import Endings, draw_endings
from synthetic_bundles.london_time import Days
from synthetic_bundles.mothers import build_mothers, ethnic_groups_of, speaks_other_language
from synthetic_bundles.pregnancies import build_bookings, build_pregnancies, draw_late_bookers, draw_smokers
from synthetic_bundles.scenario import Scenario
from synthetic_bundles.tables import Table


@dataclass(frozen=True, slots=True)
class Expectations:
    """One row a pregnancy in every table; the endings are those that chance holds ready."""

    mothers: Table
    pregnancies: Table
    bookings: Table
    traits: Traits
    is_smoker: Flags
    endings: Endings


def draw_expectations(
    random: np.random.Generator,
    scenario: Scenario,
    *,
    areas: Table,
    postcodes: Table,
    birth_dates: Days,
    fetuses: Integers,
    nhs_numbers: Texts,
) -> Expectations:
    """Everything up to the birth, of women who give birth on these dates. All shapes (pregnancies,)."""
    mothers = build_mothers(random, scenario, areas, postcodes, birth_dates, nhs_numbers)
    pregnancies = build_pregnancies(random, mothers, birth_dates, fetuses)
    traits = traits_of(mothers, areas)
    is_smoker = draw_smokers(random, scenario, traits)
    endings = draw_endings(random, scenario, traits, fetuses)
    bookings = build_bookings(
        random,
        districts=areas["district"][mothers["area"]],
        birth_dates=birth_dates,
        gestation_at_birth=endings.gestation_days,
        is_late=draw_late_bookers(random, scenario, traits),
        is_smoker=is_smoker,
    )
    return Expectations(mothers, pregnancies, bookings, traits, is_smoker, endings)


def traits_of(mothers: Table, areas: Table) -> Traits:
    """What the effects of a scenario look at, one row a mother."""
    deciles = areas["decile"][mothers["area"]].astype(np.int64)
    return Traits(
        quintile=quintiles_of(deciles),
        ethnic_group=ethnic_groups_of(mothers["ethnic_category"]),
        speaks_other_language=speaks_other_language(mothers["language"]),
    )
