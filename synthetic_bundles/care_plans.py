"""Care plans: antenatal ones that say whether a woman has one carer, birth and postpartum plans."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import CARE_PLAN
from synthetic_bundles.chance import Flags, Integers, Texts, happens, happens_among
from synthetic_bundles.effects import probability
from synthetic_bundles.figures_of_care import CARE_TEAM_ABSENT, CONTINUITY_OF_CARER
from synthetic_bundles.london_time import Days
from synthetic_bundles.population import Population
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_TEXT, Table, table_of

ANTENATAL_PLAN, BIRTH_PLAN, POSTPARTUM_PLAN = "05", "06", "07"
REVISED = 0.25  # K: plans that are made anew later in pregnancy
TEAMS, MIDWIVES = 24, 400
REVISION_DAYS, BIRTH_PLAN_DAYS = 224, 238  # of gestation


def build_care_plans(random: np.random.Generator, scenario: Scenario, people: Population) -> Table:
    """Plans in order of kind and pregnancy; none is dated after the birth but the postpartum ones."""
    rows = np.arange(len(people.pregnancies))
    chance = probability(scenario, Measure.CONTINUITY_OF_CARER, people.traits, mean=CONTINUITY_OF_CARER.value)
    has_one_carer = happens(random, chance)
    booked, lmp = people.bookings["booking_date"], people.conception_dates
    revised = rows[happens_among(random, REVISED, len(rows))]
    born = rows[: people.births]
    birth_day = people.deliveries["birth_datetime"].astype("M8[D]")
    changed = has_one_carer[revised] ^ happens_among(random, 0.1, len(revised))
    plans = [
        _plans(random, rows, ANTENATAL_PLAN, booked, has_one_carer),
        _plans(random, revised, ANTENATAL_PLAN, lmp[revised] + np.timedelta64(REVISION_DAYS, "D"), changed),
        _plans(random, rows, BIRTH_PLAN, lmp + np.timedelta64(BIRTH_PLAN_DAYS, "D"), has_one_carer),
        _plans(random, born, POSTPARTUM_PLAN, birth_day, has_one_carer[born]),
    ]
    table = np.concatenate(plans)
    return np.asarray(table[_stands(table, people, birth_day)])


def _plans(random: np.random.Generator, rows: Integers, kind: str, dates: Days, has_one_carer: Flags) -> Table:
    is_named = has_one_carer & ~happens_among(random, CARE_TEAM_ABSENT.value, len(rows))
    return table_of(
        CARE_PLAN,
        {
            "pregnancy": rows,
            "plan_type": np.full(len(rows), kind),
            "plan_date": dates,
            "coc_pathway": np.where(has_one_carer, "Y", "N"),
            "care_professional_id": _names(random, "MW", MIDWIVES, is_named),
            "care_team_id": _names(random, "TM", TEAMS, is_named),
        },
    )


def _names(random: np.random.Generator, prefix: str, among: int, is_named: Flags) -> Texts:
    names = np.array([f"{prefix}{number:04d}" for number in range(1, among + 1)])
    return np.where(is_named, names[random.integers(0, among, len(is_named))], ABSENT_TEXT)


def _stands(plans: Table, people: Population, birth_day: Days) -> Flags:
    """Whether each plan was made before the birth and the end of the world."""
    unborn = np.full(len(people.pregnancies) - people.births, people.end)
    latest = np.concatenate([birth_day, unborn])[plans["pregnancy"]]
    is_in_time = (plans["plan_date"] <= latest) | (plans["plan_type"] == POSTPARTUM_PLAN)
    return np.asarray(is_in_time & (plans["plan_date"] < people.end))
