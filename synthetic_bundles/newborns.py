"""Babies after birth: measured, sent home, fed, and the few who die within the year."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import NEWBORN
from synthetic_bundles.chance import Flags, Floats, Integers, Texts, happens, happens_among
from synthetic_bundles.effects import probability
from synthetic_bundles.figures_of_infancy import (
    BREAST_MILK_KEPT_TO_DISCHARGE,
    EXCLUSIVE_AMONG_BREASTFED_AT_DISCHARGE,
    FEEDING_AT_DISCHARGE_ABSENT,
    HEAD_CIRCUMFERENCE_CM_BY_WEEK,
    LATER_INFANT_DEATH,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.neonatal_episodes import homes_after_care
from synthetic_bundles.population import Population, until
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, table_of

HEAD_SPREAD_CM = 1.3  # K: UK charts
EXCLUSIVE, PARTIAL, NONE = "01", "02", "03"
FORMULA_FIRST = "03"
BREAST_MILK_LATER = 0.04  # K: babies fed formula first who have breast milk at discharge
FIRST_LATE_DAY, LAST_LATE_DAY = 29, 364
NEVER = np.datetime64("NaT", "m")


def build_newborns(random: np.random.Generator, scenario: Scenario, people: Population, episodes: Table) -> Table:
    """One row a baby, in the babies' order."""
    babies = people.babies
    late_death = _late_deaths(random, people, episodes)
    discharge = _discharges(random, people, episodes)
    return table_of(
        NEWBORN,
        {
            "apgar_1": _apgar_at_1_minute(random, babies["apgar_5"]),
            "head_circumference_cm": _head_cm(random, people),
            "death_confirmed_gestation_days": people.death_confirmed_gestation_days,
            "late_death_datetime": late_death,
            "discharge_datetime": discharge,
            "feeding_at_discharge": _feeding(random, scenario, people, ~np.isnat(discharge)),
        },
    )


def deaths_of(babies: Table, newborns: Table) -> Minutes:
    """When each live-born baby died within the year, absent for the others."""
    return np.asarray(np.fmin(babies["death_datetime"], newborns["late_death_datetime"]))


def _apgar_at_1_minute(random: np.random.Generator, apgar_5: Integers) -> Integers:
    lower = random.integers(0, 3, len(apgar_5))
    return np.where(apgar_5 == ABSENT_NUMBER, ABSENT_NUMBER, np.maximum(apgar_5 - lower, 0))


def _head_cm(random: np.random.Generator, people: Population) -> Floats:
    weeks = [float(week) for week in HEAD_CIRCUMFERENCE_CM_BY_WEEK.names]
    median = np.interp(people.babies["gestation_days"] / 7, weeks, HEAD_CIRCUMFERENCE_CM_BY_WEEK.weights)
    head = np.round(median + random.normal(0.0, HEAD_SPREAD_CM, len(median)), 1).clip(18.0, 45.0)
    return np.where(people.is_live, head, np.nan)


def _late_deaths(random: np.random.Generator, people: Population, episodes: Table) -> Minutes:
    """Deaths from four weeks to a year, of babies who had gone home."""
    babies = people.babies
    rows = len(babies)
    stayed = np.zeros(rows, dtype=bool)
    stayed[episodes["baby"]] = True
    can_die = people.is_live & np.isnat(babies["death_datetime"]) & ~stayed
    days = random.integers(FIRST_LATE_DAY, LAST_LATE_DAY, rows)
    times = skip_missing_hour(babies["birth_datetime"] + (days * 24 * 60).astype("m8[m]"))
    dies = can_die & happens_among(random, LATER_INFANT_DEATH.value, rows)
    return np.asarray(until(np.where(dies, times, NEVER), people.end))


def _discharges(random: np.random.Generator, people: Population, episodes: Table) -> Minutes:
    """When each baby went home: from its last unit, or from the ward within days; absent for who did not."""
    babies = people.babies
    rows = len(babies)
    stayed = np.zeros(rows, dtype=bool)
    stayed[episodes["baby"]] = True
    minutes = (random.gamma(2.0, 0.7, rows) * 24 * 60 + 360).astype(np.int64).astype("m8[m]")
    from_ward = skip_missing_hour(babies["birth_datetime"] + minutes)
    dies_there = babies["death_datetime"] <= from_ward
    ward = np.where(people.is_live & ~dies_there, from_ward, NEVER)
    home = np.where(stayed, homes_after_care(people, episodes), ward)
    return np.asarray(until(home, people.end))


def _feeding(random: np.random.Generator, scenario: Scenario, people: Population, goes_home: Flags) -> Texts:
    rows = len(people.babies)
    mean = BREAST_MILK_KEPT_TO_DISCHARGE.value
    kept = happens(random, probability(scenario, Measure.BREAST_MILK_KEPT, people.baby_traits, mean=mean))
    began = people.babies["first_feed"] != FORMULA_FIRST
    has_milk = np.where(began, kept, happens_among(random, BREAST_MILK_LATER, rows))
    is_exclusive = happens_among(random, EXCLUSIVE_AMONG_BREASTFED_AT_DISCHARGE.value, rows)
    status = np.where(has_milk, np.where(is_exclusive, EXCLUSIVE, PARTIAL), NONE)
    is_known = goes_home & ~happens_among(random, FEEDING_AT_DISCHARGE_ABSENT.value, rows)
    return np.where(is_known, status, ABSENT_TEXT)
