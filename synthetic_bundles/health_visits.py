"""Contacts with health visitors, from pregnancy to two and a half years."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.care_tables import (
    ANTENATAL,
    HEALTH_VISIT,
    NEW_BIRTH,
    OTHER_CONTACT,
    SIX_WEEKS,
    TWELVE_MONTHS,
    TWO_YEARS,
)
from synthetic_bundles.chance import Flags, Integers, Texts, happens, happens_among
from synthetic_bundles.effects import Traits, probability
from synthetic_bundles.families import homes_at
from synthetic_bundles.figures_of_infancy import (
    ANTENATAL_VISIT,
    ASQ_3_USED,
    BREAST_MILK_AT_6_TO_8_WEEKS,
    BREASTFED_TO_6_MONTHS,
    CONTACT_AT_6_MONTHS,
    EXCLUSIVE_AMONG_BREASTFED_AT_6_TO_8_WEEKS,
    FEEDING_STATUS_RECORDED,
    MISSED_VISIT,
    MOOD_ASSESSED,
    NEW_BIRTH_VISIT,
    NEW_BIRTH_VISIT_IN_14_DAYS,
    REVIEW_AT_2_YEARS,
    REVIEW_AT_6_TO_8_WEEKS,
    REVIEW_AT_6_TO_8_WEEKS_IN_TIME,
    REVIEW_AT_12_MONTHS,
    VISIT_FACE_TO_FACE,
    WHOOLEY_POSITIVE,
)
from synthetic_bundles.london_time import Days, Minutes
from synthetic_bundles.population import Population
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, table_of

SEEN, SEEN_LATE, NOT_SEEN = "5", "6", ("2", "3", "4")
FACE_TO_FACE, TELEPHONE, VIDEO = "01", "02", "11"
EXCLUSIVE, PARTIAL, NONE = "01", "02", "03"
ASQ_DOMAINS = ("communication", "gross_motor", "fine_motor", "problem_solving", "personal_social")
NOBODY = -1
BREAST_MILK_LATER = 0.02  # K: babies fed formula first who have breast milk at six weeks


def build_health_visits(
    random: np.random.Generator, scenario: Scenario, people: Population, residences: Table, deaths: Minutes
) -> Table:
    """Contacts in order of date; no child is visited after its death, nothing happens from the end on.

    deaths: of each baby, absent for the living.
    """
    babies = np.flatnonzero(people.is_live)
    feeding = _feeding_at_6_weeks(random, people, babies)
    parts = [
        _antenatal(random, people),
        _visits(random, people, babies, NEW_BIRTH, _new_birth_ages(random, len(babies)), None, NEW_BIRTH_VISIT.value),
        _six_weeks(random, scenario, people, babies, feeding),
        _six_months(random, people, babies, feeding),
        _twelve_months(random, scenario, people, babies),
        _two_years(random, scenario, people, babies),
    ]
    table = np.concatenate(parts)
    table = np.concatenate([table, _missed(random, table)])
    table = table[_happened(table, deaths, people.end)]
    table["area"] = residences["area"][homes_at(residences, table["mother"], table["contact_date"])]
    return np.asarray(table[np.lexsort((table["contact_type"], table["baby"], table["mother"], table["contact_date"]))])


def _antenatal(random: np.random.Generator, people: Population) -> Table:
    """One contact from 28 weeks on before the birth, of some women."""
    gestation = people.deliveries["gestation_days"].astype(np.int64)
    at = random.integers(190, 266, people.births)
    rows = np.flatnonzero(happens_among(random, ANTENATAL_VISIT.value, people.births) & (at < gestation))
    dates = people.conception_dates[rows] + at[rows].astype("m8[D]")
    return _contacts(random, ANTENATAL, mothers=rows, babies=np.full(len(rows), NOBODY), dates=dates)


def _visits(
    random: np.random.Generator,
    people: Population,
    babies: Integers,
    kind: int,
    ages: Integers,
    chance: NDArray[np.float64] | None,
    mean: float,
) -> Table:
    """Contacts of one kind with some of these babies at these ages in days. chance: of each, instead of the mean."""
    chosen = np.flatnonzero(happens(random, np.full(len(babies), mean) if chance is None else chance))
    visited = babies[chosen]
    dates = people.babies["birth_datetime"][visited].astype("M8[D]") + ages[chosen].astype("m8[D]")
    return _contacts(random, kind, mothers=people.babies["mother"][visited], babies=visited, dates=dates)


def _new_birth_ages(random: np.random.Generator, rows: int) -> Integers:
    in_time = happens_among(random, NEW_BIRTH_VISIT_IN_14_DAYS.value, rows)
    return np.where(in_time, random.integers(10, 15, rows), 15 + random.geometric(0.15, rows) - 1)


def _review_chance(scenario: Scenario, people: Population, babies: Integers, mean: float) -> NDArray[np.float64]:
    traits: Traits = people.baby_traits.at(babies)
    return probability(scenario, Measure.HEALTH_REVIEW, traits, mean=mean)


def _six_weeks(
    random: np.random.Generator, scenario: Scenario, people: Population, babies: Integers, feeding: Texts
) -> Table:
    rows = len(babies)
    in_time = happens_among(random, REVIEW_AT_6_TO_8_WEEKS_IN_TIME.value, rows)
    ages = np.where(in_time, random.integers(40, 57, rows), random.integers(57, 90, rows))
    chance = _review_chance(scenario, people, babies, REVIEW_AT_6_TO_8_WEEKS.value)
    table = _visits(random, people, babies, SIX_WEEKS, ages, chance, 0.0)
    is_recorded = happens_among(random, FEEDING_STATUS_RECORDED.value, len(table))
    table["breastfeeding_status"] = np.where(is_recorded, feeding[table["baby"]], ABSENT_TEXT)
    table["weight_kg"] = np.round(random.normal(4.9, 0.6, len(table)), 2).clip(2.0, 8.0)
    is_asked = happens_among(random, MOOD_ASSESSED.value, len(table))
    is_positive = happens_among(random, WHOOLEY_POSITIVE.value, len(table))
    table["whooley_positive"] = np.where(is_asked, is_positive, ABSENT_NUMBER)
    score = np.where(is_positive, random.integers(9, 22, len(table)), random.integers(0, 10, len(table)))
    has_score = is_asked & happens_among(random, 0.6, len(table))  # K
    table["epds_score"] = np.where(has_score, score, ABSENT_NUMBER)
    return table


def _six_months(random: np.random.Generator, people: Population, babies: Integers, feeding: Texts) -> Table:
    ages = random.integers(150, 216, len(babies))
    table = _visits(random, people, babies, OTHER_CONTACT, ages, None, CONTACT_AT_6_MONTHS.value)
    goes_on = happens_among(random, BREASTFED_TO_6_MONTHS.value, len(table)) & (feeding[table["baby"]] != NONE)
    is_recorded = happens_among(random, FEEDING_STATUS_RECORDED.value, len(table))
    status = np.where(goes_on, PARTIAL, NONE)
    table["breastfeeding_status"] = np.where(is_recorded, status, ABSENT_TEXT)
    return table


def _twelve_months(random: np.random.Generator, scenario: Scenario, people: Population, babies: Integers) -> Table:
    ages = np.round(random.normal(352, 28, len(babies))).clip(270, 470).astype(np.int64)
    chance = _review_chance(scenario, people, babies, REVIEW_AT_12_MONTHS.value)
    table = _visits(random, people, babies, TWELVE_MONTHS, ages, chance, 0.0)
    table["weight_kg"] = np.round(random.normal(9.4, 1.0, len(table)), 2).clip(5.0, 16.0)
    table["length_cm"] = np.round(random.normal(75.0, 2.8, len(table)), 1)
    return table


def _two_years(random: np.random.Generator, scenario: Scenario, people: Population, babies: Integers) -> Table:
    ages = np.round(random.normal(850, 45, len(babies))).clip(730, 990).astype(np.int64)
    chance = _review_chance(scenario, people, babies, REVIEW_AT_2_YEARS.value)
    table = _visits(random, people, babies, TWO_YEARS, ages, chance, 0.0)
    is_scored = happens_among(random, ASQ_3_USED.value, len(table))
    for domain in ASQ_DOMAINS:
        score = np.round(random.normal(48, 11, len(table)) / 5).clip(0, 12).astype(np.int64) * 5
        table[f"asq3_{domain}"] = np.where(is_scored, score, ABSENT_NUMBER)
    return table


def _feeding_at_6_weeks(random: np.random.Generator, people: Population, live: Integers) -> Texts:
    """Status of every baby, absent for those not born alive; those who began keep it in the published share."""
    began = people.babies["first_feed"] != NONE
    kept_share = min(
        BREAST_MILK_AT_6_TO_8_WEEKS.value / max(float(began[live].mean()) if len(live) else 1.0, 0.01), 1.0
    )
    rows = len(began)
    goes_on = np.where(began, happens_among(random, kept_share, rows), happens_among(random, BREAST_MILK_LATER, rows))
    is_exclusive = happens_among(random, EXCLUSIVE_AMONG_BREASTFED_AT_6_TO_8_WEEKS.value, rows)
    return np.where(goes_on, np.where(is_exclusive, EXCLUSIVE, PARTIAL), NONE)


def _contacts(random: np.random.Generator, kind: int, *, mothers: Integers, babies: Integers, dates: Days) -> Table:
    """Contacts that took place, most of them face to face; their findings are absent until filled in."""
    rows = len(dates)
    is_face_to_face = happens_among(random, VISIT_FACE_TO_FACE.value, rows)
    remote = np.where(happens_among(random, 0.5, rows), TELEPHONE, VIDEO)  # K
    return table_of(
        HEALTH_VISIT,
        {
            "mother": mothers,
            "baby": babies,
            "contact_type": np.full(rows, kind),
            "contact_date": dates,
            "area": np.zeros(rows, dtype=np.int64),
            "attendance": np.where(happens_among(random, 0.04, rows), SEEN_LATE, SEEN),  # K
            "mechanism": np.where(is_face_to_face, FACE_TO_FACE, remote),
            **_no_findings(rows),
        },
    )


def _no_findings(rows: int) -> dict[str, NDArray[Any]]:
    numbers = (*(f"asq3_{domain}" for domain in ASQ_DOMAINS), "epds_score", "whooley_positive")
    return {
        "breastfeeding_status": np.full(rows, ABSENT_TEXT),
        "weight_kg": np.full(rows, np.nan),
        "length_cm": np.full(rows, np.nan),
        **{name: np.full(rows, ABSENT_NUMBER) for name in numbers},
    }


def _missed(random: np.random.Generator, contacts: Table) -> Table:
    """Appointments that came to nothing, some days before the contact that did take place."""
    missed = contacts[happens_among(random, MISSED_VISIT.value, len(contacts))].copy()
    rows = len(missed)
    missed["contact_date"] -= random.integers(1, 4, rows).astype("m8[D]")
    missed["attendance"] = random.choice(np.array(NOT_SEEN), rows)
    for name, values in _no_findings(rows).items():
        missed[name] = values
    return missed


def _happened(contacts: Table, deaths: Minutes, end: np.datetime64) -> Flags:
    """Whether each contact came before the end of the world and the child's death; an antenatal one names no child."""
    death = np.append(deaths, np.datetime64("NaT", "m")).astype("M8[D]")[contacts["baby"]]
    is_alive = np.isnat(death) | (contacts["contact_date"] < death)
    return np.asarray(is_alive & (contacts["contact_date"] < end))
