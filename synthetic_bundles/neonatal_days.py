"""Days in neonatal care, one row a baby and date, with the level of care."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import NEONATAL_DAY
from synthetic_bundles.chance import Flags, Integers, Texts, happens
from synthetic_bundles.tables import Table, table_of

INTENSIVE, HIGH_DEPENDENCY, SPECIAL, TRANSITIONAL, NORMAL = 1, 2, 3, 4, 5
INTENSIVE_BELOW_DAYS, HIGH_DEPENDENCY_BELOW_DAYS = 196, 217  # postmenstrual: 28+0 and 31+0; K: BAPM 2011


def build_neonatal_days(random: np.random.Generator, episodes: Table, babies: Table, end: np.datetime64) -> Table:
    """Days in order of episode and date. end: first day that is not known.

    A day on which a baby is moved belongs to the unit that receives it.
    """
    first_day = episodes["admit_datetime"].astype("M8[D]")
    left = episodes["discharge_datetime"].astype("M8[D]")
    last_day = np.where(np.isnat(left), end - np.timedelta64(1, "D"), left)
    is_moved = np.append(episodes["baby"][1:] == episodes["baby"][:-1], False) if len(episodes) else left == left
    last_day = np.where(is_moved, last_day - np.timedelta64(1, "D"), last_day)
    days = np.maximum((last_day - first_day).astype(np.int64) + 1, 0)
    episode = np.repeat(np.arange(len(episodes)), days)
    position = np.arange(len(episode)) - np.repeat(np.cumsum(days) - days, days)
    level = _levels(random, episodes, babies, episode, position)
    return table_of(
        NEONATAL_DAY,
        {
            "episode": episode,
            "care_date": first_day[episode] + position.astype("m8[D]"),
            "care_level": level,
            "resp_support": _support(random, level),
            "own_mothers_milk": _milk(random, episodes["own_mothers_milk_at_discharge"][episode]),
        },
    )


def _levels(
    random: np.random.Generator, episodes: Table, babies: Table, episode: Integers, position: Integers
) -> Integers:
    """Level by postmenstrual age and illness, easing towards going home."""
    of_day = babies[episodes["baby"][episode]]
    since_birth = (episodes["admit_datetime"][episode] - of_day["birth_datetime"]).astype("m8[D]").astype(np.int64)
    age = of_day["gestation_days"] + since_birth + position
    stayed_in = episodes["own_mothers_milk_at_discharge"][episode] & (of_day["gestation_days"] >= 238)
    is_hypoxic = np.isin(episodes["hie_grade"][episode], ("2", "3"))
    draw = random.random(len(episode))
    choices = [
        (age < INTENSIVE_BELOW_DAYS) | (is_hypoxic & (position < 4)) | (draw < 0.02),
        (age < HIGH_DEPENDENCY_BELOW_DAYS) | (draw < 0.09),
        stayed_in & (draw > 0.55),
        draw > 0.96,
    ]
    return np.select(choices, [INTENSIVE, HIGH_DEPENDENCY, TRANSITIONAL, NORMAL], default=SPECIAL)


def _support(random: np.random.Generator, level: Integers) -> Texts:
    draw = random.random(len(level))
    intensive = np.where(draw < 0.7, "ventilated", "cpap")
    high = np.select([draw < 0.4, draw < 0.8], ["cpap", "high_flow"], default="oxygen")
    special = np.where(draw < 0.15, "oxygen", "none")
    choices = [level == INTENSIVE, level == HIGH_DEPENDENCY, level == SPECIAL]
    return np.select(choices, [intensive, high, special], default="none")


def _milk(random: np.random.Generator, milk_at_discharge: Flags) -> Flags:
    return happens(random, np.where(milk_at_discharge, 0.92, 0.25))  # K
