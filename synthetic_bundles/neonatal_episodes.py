"""Stays of newborn babies in neonatal units: who is admitted, where, for how long and with what findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.care_tables import NEONATAL_EPISODE
from synthetic_bundles.chance import Flags, Floats, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Places, in_surroundings, probability
from synthetic_bundles.figures_of_infancy import (
    LATE_ADMISSION_AMONG_TERM,
    NEONATAL_GESTATION_DIFFERS,
    NEONATAL_RECORD_LINKED,
    NEONATAL_WEIGHT_DIFFERS,
    OWN_MOTHERS_MILK,
    PRETERM_ADMISSION_BY_WEEK,
    TERM_ADMISSION,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.neonatal_findings import Stays, draw_findings
from synthetic_bundles.organisations import INTENSIVE_UNIT, NEAREST_UNIT
from synthetic_bundles.population import Population, until
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_TEXT, Table, table_of
from synthetic_bundles.vocabulary import TERM_DAYS

HOME, OTHER_UNIT, DIED = "1", "2", "3"
EARLIEST_DEATH_ADMITTED_MINUTES = 60  # who dies sooner dies in the delivery room
LATE_ADMISSION_MINUTES = 3 * 24 * 60
NEEDS_INTENSIVE_BEFORE_DAYS, NEEDS_INTENSIVE_BELOW_G = 189, 800  # NNAP: below 27+0 or 800 g
DAY_MINUTES = 24 * 60
NEVER = np.datetime64("NaT", "m")


@dataclass(frozen=True, slots=True)
class Admitted:
    """Babies admitted for the first time, one row a baby. leaves: home, or the time of death."""

    baby: Integers
    admit: Minutes
    leaves: Minutes
    dies: Flags


def build_neonatal_episodes(random: np.random.Generator, scenario: Scenario, people: Population) -> Table:
    """Episodes in order of baby and admission; a tiny baby born elsewhere is moved to intensive care within hours."""
    admitted = _draw_admitted(random, scenario, people)
    born_at = _born_at(people)[admitted.baby]
    unit = _unit_of(born_at)
    moves = _needs_intensive(people)[admitted.baby] & (unit != INTENSIVE_UNIT)
    move = np.minimum(admitted.admit + random.integers(120, 720, len(moves)).astype("m8[m]"), admitted.leaves)
    moves = moves & (move < admitted.leaves)
    first = _episodes(random, people, admitted, unit=unit, born_at=born_at)
    first["discharge_datetime"] = np.where(moves, move, admitted.leaves)
    first["discharge_destination"] = np.where(moves, OTHER_UNIT, first["discharge_destination"])
    moved = np.flatnonzero(moves & (move < people.end))
    second = first[moved].copy()
    second["unit"], second["provider"], second["inborn"] = INTENSIVE_UNIT, INTENSIVE_UNIT[:3], False
    second["admit_datetime"], second["discharge_datetime"] = move[moved], admitted.leaves[moved]
    second["discharge_destination"] = np.where(admitted.dies[moved], DIED, HOME)
    second["temp_taken_datetime"] = NEVER
    second["temp_admission_c"] = np.nan
    return _known_by_end(np.concatenate([first, second]), people.end)


def homes_after_care(people: Population, episodes: Table) -> Minutes:
    """When each baby left its last unit for home; absent for the others, shape (babies,)."""
    left = np.full(len(people.babies), NEVER)
    went_home = episodes[episodes["discharge_destination"] == HOME]
    left[went_home["baby"]] = went_home["discharge_datetime"]
    return left


def _draw_admitted(random: np.random.Generator, scenario: Scenario, people: Population) -> Admitted:
    babies = people.babies
    is_taken = happens(random, _admission_chance(random, scenario, people)) & people.is_live
    age_at_death = (babies["death_datetime"] - babies["birth_datetime"]).astype(np.int64)
    died_at_once = ~np.isnat(babies["death_datetime"]) & (age_at_death < EARLIEST_DEATH_ADMITTED_MINUTES)
    is_ill = ~np.isnat(babies["death_datetime"]) & (age_at_death < 7 * DAY_MINUTES)
    baby = np.flatnonzero((is_taken | (is_ill & people.is_live)) & ~died_at_once)
    chosen = babies[baby]
    admit = _admit_times(random, chosen)
    stay = (_stay_days(random, chosen["gestation_days"]) * DAY_MINUTES).astype(np.int64).astype("m8[m]")
    leaves = skip_missing_hour(admit + stay)
    death = chosen["death_datetime"]
    dies = ~np.isnat(death) & ((death <= leaves) | (chosen["gestation_days"] < TERM_DAYS))
    return Admitted(baby=baby, admit=admit, leaves=np.where(dies, death, leaves), dies=dies)


def _admission_chance(random: np.random.Generator, scenario: Scenario, people: Population) -> Floats:
    babies, traits = people.babies, people.baby_traits
    deliveries = people.deliveries[babies["delivery"]]
    weeks = [float(week) for week in PRETERM_ADMISSION_BY_WEEK.names]
    preterm = np.interp(babies["gestation_days"] / 7, weeks, PRETERM_ADMISSION_BY_WEEK.weights)
    term = np.flatnonzero(babies["gestation_days"] >= TERM_DAYS)
    chance = probability(scenario, Measure.TERM_ADMISSION, traits.at(term), mean=TERM_ADMISSION.value)
    places = Places(deliveries["provider"][term], deliveries["site"][term], babies["birth_datetime"][term])
    preterm[term] = in_surroundings(random, scenario, Measure.TERM_ADMISSION, chance, places)
    return np.asarray(preterm)


def _admit_times(random: np.random.Generator, babies: Table) -> Minutes:
    """Soon after birth, but for some babies at term; never later than halfway to a death."""
    rows = len(babies)
    is_late = (babies["gestation_days"] >= TERM_DAYS) & happens_among(random, LATE_ADMISSION_AMONG_TERM.value, rows)
    soon, late = random.integers(10, 60, rows), random.integers(120, LATE_ADMISSION_MINUTES, rows)
    wait = np.where(is_late, late, soon)
    lifetime = (babies["death_datetime"] - babies["birth_datetime"]).astype(np.int64)
    wait = np.where(np.isnat(babies["death_datetime"]), wait, np.minimum(wait, lifetime // 2))
    return np.asarray(skip_missing_hour(babies["birth_datetime"] + wait.astype("m8[m]")))


def _stay_days(random: np.random.Generator, gestation_days: Integers) -> Floats:
    """Preterm babies stay to about 36 weeks, others some days. K: NNAP, rounded."""
    rows = len(gestation_days)
    to_term = np.maximum(255.0 - gestation_days, 3.0) * random.uniform(0.8, 1.25, rows)
    short = random.gamma(1.6, 2.2, rows) + 0.3
    return np.where(gestation_days < 34 * 7, to_term, np.where(gestation_days < TERM_DAYS, short * 2.2, short))


def _born_at(people: Population) -> Texts:
    return np.asarray(people.deliveries["site"][people.babies["delivery"]])


def _unit_of(site: Texts) -> Texts:
    unit = site.copy()
    for without, nearest in NEAREST_UNIT.items():
        unit = np.where(unit == without, nearest, unit)
    return unit


def _needs_intensive(people: Population) -> Flags:
    babies = people.babies
    is_multiple = people.deliveries["babies"][babies["delivery"]] > 1
    return np.asarray(
        (babies["gestation_days"] < NEEDS_INTENSIVE_BEFORE_DAYS)
        | (babies["birth_weight_g"] < NEEDS_INTENSIVE_BELOW_G)
        | (is_multiple & (babies["gestation_days"] < 196))
    )


def _episodes(
    random: np.random.Generator, people: Population, admitted: Admitted, *, unit: Texts, born_at: Texts
) -> Table:
    babies = people.babies[admitted.baby]
    rows = len(babies)
    goes = np.where(admitted.dies, DIED, HOME)
    days = babies["gestation_days"].astype(np.int64)
    slip = np.where(happens_among(random, NEONATAL_GESTATION_DIFFERS.value, rows), random.integers(1, 8, rows), 0)
    grams = np.where(happens_among(random, NEONATAL_WEIGHT_DIFFERS.value, rows), random.integers(11, 200, rows), 0)
    return table_of(
        NEONATAL_EPISODE,
        {
            "baby": admitted.baby,
            "provider": unit.astype("U3"),
            "unit": unit,
            "inborn": unit == born_at,
            "is_linked": happens_among(random, NEONATAL_RECORD_LINKED.value, rows),
            "recorded_gestation_days": days - slip,
            "recorded_birth_weight_g": babies["birth_weight_g"] + grams,
            "admit_datetime": admitted.admit,
            "discharge_datetime": admitted.leaves,
            "discharge_destination": goes,
            "admission_reason": _reasons(random, days),
            **draw_findings(random, Stays(babies=babies, admit=admitted.admit, dies=admitted.dies)),
            "own_mothers_milk_at_discharge": _milk(random, babies["first_feed"]) & ~admitted.dies,
        },
    )


def _reasons(random: np.random.Generator, gestation_days: Integers) -> Texts:
    at_term = np.array(("respiratory", "infection", "hypoglycaemia", "jaundice", "monitoring"))
    reason = at_term[choose(random, (0.40, 0.20, 0.15, 0.10, 0.15), len(gestation_days))]  # K: ATAIN
    return np.where(gestation_days < TERM_DAYS, "preterm", reason)


def _milk(random: np.random.Generator, first_feed: Texts) -> Flags:
    """Mothers who gave milk at first mostly give it later; of the others some do."""
    chance = np.where(first_feed == "03", OWN_MOTHERS_MILK.value / 5, OWN_MOTHERS_MILK.value * 1.2)
    return happens(random, np.minimum(chance, 1.0))


def _known_by_end(episodes: Table, end: np.datetime64) -> Table:
    """In order of baby and admission; what happens from the end on is not known."""
    known = episodes[episodes["admit_datetime"] < end]
    known["discharge_datetime"] = until(known["discharge_datetime"], end)
    is_in = np.isnat(known["discharge_datetime"])
    known["discharge_destination"] = np.where(is_in, ABSENT_TEXT, known["discharge_destination"])
    return np.asarray(known[np.lexsort((known["admit_datetime"], known["baby"]))])
