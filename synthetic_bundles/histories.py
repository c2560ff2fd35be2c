"""What came before each pregnancy, its dates, and what became of the mother."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import HISTORY
from synthetic_bundles.chance import Integers, Texts, choose, happens_among
from synthetic_bundles.figures_of_care import (
    DATING_METHODS,
    MATERNAL_DEATH,
    PREVIOUS_BIRTH_PRETERM,
    PREVIOUS_LOSSES,
    PREVIOUS_STILLBIRTH_AMONG_PAROUS,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.population import Population, until
from synthetic_bundles.tables import Table, table_of

DAYS_OF_PREGNANCY = 280  # from the last period to the expected date
PRACTICES = 130  # invented general practices, Y00001 on
EMPLOYMENT = {"01": 0.68, "02": 0.04, "03": 0.03, "05": 0.19, "06": 0.03, "ZZ": 0.03}  # K: ONS labour force, rounded
LATEST_MATERNAL_DEATH_DAYS = 300


def build_histories(random: np.random.Generator, people: Population) -> Table:
    """One row a pregnancy, in the pregnancies' order."""
    rows = len(people.pregnancies)
    live = people.pregnancies["previous_live_births"].astype(np.int64)
    stillbirths = ((live > 0) & happens_among(random, PREVIOUS_STILLBIRTH_AMONG_PAROUS.value, rows)).astype(np.int64)
    losses = choose(random, PREVIOUS_LOSSES.weights, rows)
    parity = live + stillbirths
    preterm = random.binomial(parity, PREVIOUS_BIRTH_PRETERM.value)
    lmp = people.conception_dates
    return table_of(
        HISTORY,
        {
            "lmp_date": lmp,
            "edd_agreed": lmp + np.timedelta64(DAYS_OF_PREGNANCY, "D"),
            "edd_method": np.array(DATING_METHODS.names)[choose(random, DATING_METHODS.weights, rows)],
            "previous_stillbirths": stillbirths,
            "previous_losses_lt24w": losses,
            "previous_term_births": parity - preterm,
            "previous_preterm_births": preterm,
            "gravidity": parity + losses + 1,
            "parity": parity,
            "mother_death_datetime": _mother_deaths(random, people),
            "employment_status": employment(random, rows),
            "gp_practice_code": _practices(random, people.mothers["area"]),
        },
    )


def employment(random: np.random.Generator, rows: int) -> Texts:
    """Employment status of each person."""
    return np.asarray(np.array(list(EMPLOYMENT))[choose(random, tuple(EMPLOYMENT.values()), rows)])


def _mother_deaths(random: np.random.Generator, people: Population) -> Minutes:
    """Deaths after birth, most within days; nobody dies before it."""
    dies = happens_among(random, MATERNAL_DEATH.value, people.births)
    # K: most of the deaths counted within a year fall in the first weeks, so the cube of an even draw.
    days = random.random(people.births) ** 3 * LATEST_MATERNAL_DEATH_DAYS
    minutes = (days * 24 * 60 + 120).astype(np.int64).astype("m8[m]")
    times = skip_missing_hour(people.deliveries["birth_datetime"] + minutes)
    absent = np.datetime64("NaT", "m")
    born = until(np.where(dies, times, absent), people.end)
    return np.concatenate([born, np.full(len(people.pregnancies) - people.births, absent)])


def _practices(random: np.random.Generator, area: Integers) -> Texts:
    """A practice near the home: each small area has two, neighbours share them."""
    number = (area.astype(np.int64) + random.integers(0, 2, len(area))) % PRACTICES + 1
    return np.char.add("Y", np.char.zfill(number.astype("U5"), 5))
