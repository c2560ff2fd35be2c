"""What a neonatal unit finds and does: temperature, brain, lung, gut, infection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.chance import Flags, Floats, Integers, Texts, happens, happens_among
from synthetic_bundles.figures_of_infancy import (
    BRONCHOPULMONARY_DYSPLASIA_BY_WEEK,
    CORD_CLAMPING_DEFERRED,
    CYSTIC_LEUKOMALACIA,
    HYPOXIC_ENCEPHALOPATHY,
    KERNICTERUS_AMONG_ADMITTED,
    LATE_INFECTION,
    NECROTISING_ENTEROCOLITIS,
    NOT_SCANNED,
    OTHER_BRAIN_INJURY_AMONG_ADMITTED,
    SEIZURES_AMONG_ADMITTED,
    SEVERE_HAEMORRHAGE_OF_VENTRICLES,
    TEMPERATURE_LATE,
    TEMPERATURE_NORMAL,
    TERM_ADMISSION,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table

VERY_PRETERM_DAYS = 224  # 32+0
COOLED_FROM_DAYS = 245  # 35+0
PMA_36_WEEKS_DAYS = 252
DEFERRED_FROM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stays:
    """Babies at their first admission, one row a baby."""

    babies: Table
    admit: Minutes
    dies: Flags

    @property
    def is_very_preterm(self) -> Flags:
        return np.asarray(self.babies["gestation_days"] < VERY_PRETERM_DAYS)


def draw_findings(random: np.random.Generator, stays: Stays) -> dict[str, NDArray[Any]]:
    """Columns of the findings, by name."""
    rows = len(stays.babies)
    hie = _encephalopathy_grades(random, stays.babies["gestation_days"])
    is_hypoxic = np.isin(hie, ("2", "3"))
    return {
        "temp_admission_c": _temperatures(random, rows),
        "temp_taken_datetime": _temperature_times(random, stays),
        "cord_ph": np.round(random.normal(7.24, 0.08, rows) - 0.2 * is_hypoxic, 2).clip(6.6, 7.6),
        "cord_clamp_seconds": _clamping_seconds(random, rows),
        "hie_grade": hie,
        "therapeutic_hypothermia": is_hypoxic & happens_among(random, 0.9, rows),  # K: NICE IPG347
        "ivh_grade": _haemorrhage_grades(random, stays),
        "cystic_pvl": stays.is_very_preterm & happens_among(random, CYSTIC_LEUKOMALACIA.value, rows),
        "nec": _enterocolitis(random, stays),
        "bpd": _dysplasia(random, stays),
        "late_onset_bsi": stays.is_very_preterm & happens_among(random, LATE_INFECTION.value, rows),
        "seizures": happens(random, np.where(is_hypoxic, 0.5, SEIZURES_AMONG_ADMITTED.value)),
        "stroke": happens_among(random, OTHER_BRAIN_INJURY_AMONG_ADMITTED.value, rows),
        "intracranial_haemorrhage": happens_among(random, OTHER_BRAIN_INJURY_AMONG_ADMITTED.value, rows),
        "cns_infection": happens_among(random, OTHER_BRAIN_INJURY_AMONG_ADMITTED.value, rows),
        "kernicterus": happens_among(random, KERNICTERUS_AMONG_ADMITTED.value, rows),
    }


def _temperatures(random: np.random.Generator, rows: int) -> Floats:
    normal = random.uniform(36.5, 37.5, rows)
    low, high = random.uniform(34.8, 36.4, rows), random.uniform(37.6, 38.4, rows)
    other = np.where(happens_among(random, 0.6, rows), low, high)  # K: NNAP, more are cold than hot
    is_normal = happens_among(random, TEMPERATURE_NORMAL.value, rows)
    return np.asarray(np.round(np.where(is_normal, normal, other), 1), dtype=np.float64)


def _temperature_times(random: np.random.Generator, stays: Stays) -> Minutes:
    """Within minutes of admission, for some an hour and more after birth."""
    rows = len(stays.babies)
    is_late = happens_among(random, TEMPERATURE_LATE.value, rows)
    wait = np.where(is_late, random.integers(60, 120, rows), random.integers(0, 4, rows))
    return skip_missing_hour(stays.admit + wait.astype("m8[m]"))


def _clamping_seconds(random: np.random.Generator, rows: int) -> Integers:
    is_deferred = happens_among(random, CORD_CLAMPING_DEFERRED.value, rows)
    seconds = np.where(is_deferred, random.integers(DEFERRED_FROM_SECONDS, 241, rows), random.integers(0, 60, rows))
    is_absent = happens_among(random, 0.06, rows)  # K: NNAP, not recorded
    return np.where(is_absent, ABSENT_NUMBER, seconds)


def _encephalopathy_grades(random: np.random.Generator, gestation_days: Integers) -> Texts:
    """Grade among admitted babies, whose share of births turns chances per birth into chances per admission."""
    grades = np.full(len(gestation_days), "0")
    can_be = gestation_days >= COOLED_FROM_DAYS
    for grade, per_birth in HYPOXIC_ENCEPHALOPATHY.shares.items():
        is_graded = can_be & happens_among(random, per_birth / TERM_ADMISSION.value, len(grades))
        grades = np.where(is_graded, grade, grades)
    return grades


def _haemorrhage_grades(random: np.random.Generator, stays: Stays) -> Texts:
    rows = len(stays.babies)
    mild = random.choice(np.array(("0", "0", "0", "1", "2")), rows)
    severe = np.where(happens_among(random, 0.5, rows), "3", "4")  # K: as many of each
    grade = np.where(happens_among(random, SEVERE_HAEMORRHAGE_OF_VENTRICLES.value, rows), severe, mild)
    grade = np.where(happens_among(random, NOT_SCANNED.value, rows), "9", grade)
    return np.where(stays.is_very_preterm, grade, ABSENT_TEXT)


def _enterocolitis(random: np.random.Generator, stays: Stays) -> Texts:
    rows = len(stays.babies)
    is_confirmed = happens_among(random, NECROTISING_ENTEROCOLITIS.value, rows)
    kind = np.where(is_confirmed, "confirmed", np.where(happens_among(random, 0.08, rows), "suspected", "none"))  # K
    return np.where(stays.is_very_preterm, kind, "none")


def _dysplasia(random: np.random.Generator, stays: Stays) -> Texts:
    babies = stays.babies
    weeks = [float(week) for week in BRONCHOPULMONARY_DYSPLASIA_BY_WEEK.names]
    chance = np.interp(babies["gestation_days"] / 7, weeks, BRONCHOPULMONARY_DYSPLASIA_BY_WEEK.weights)
    lived_days = (babies["death_datetime"] - babies["birth_datetime"]).astype("m8[D]").astype(np.int64)
    died_before = stays.dies & (babies["gestation_days"] + lived_days < PMA_36_WEEKS_DAYS)
    kind = np.where(happens(random, chance), "significant", "none")
    return np.where(stays.is_very_preterm, np.where(died_before, "died", kind), ABSENT_TEXT)
