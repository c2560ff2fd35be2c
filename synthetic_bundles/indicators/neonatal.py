"""Neonatal care: indicators NN01 to NN13, DQ02 and DQ03."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.counting import Counted, histogram, ratio, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.units import Units, baby_units
from synthetic_bundles.tables import Table
from synthetic_bundles.vocabulary import TERM_DAYS, VIABLE_DAYS

VERY_PRETERM_DAYS = 224
PMA_36_WEEKS_DAYS = 252
WEIGHT_TOLERANCE_G = 10  # rule R42
STEROID_WINDOW = np.timedelta64(7 * 24 * 60, "m")
HOUR = np.timedelta64(60, "m")


def nn01(scene: Scene) -> Counted:
    """Admission within 28 days, live births at term and later."""
    return share(scene.babies, scene.is_live, scene.days >= TERM_DAYS, scene.is_admitted & _is_soon(scene))


def nn02(scene: Scene) -> Counted:
    """A full course of steroids, the last dose within a week before birth; mothers of admitted babies."""
    labours, born = scene.world.care.labours, scene.world.deliveries["birth_datetime"]
    last = labours["steroid_last_dose_datetime"]
    is_given = (labours["steroids"] == "full") & (last <= born) & (born - last <= STEROID_WINDOW)
    return _of_mothers(scene, (scene.days >= 154) & (scene.days <= 237), is_given)


def nn03(scene: Scene) -> Counted:
    """Magnesium sulphate within a day before birth, below 30 weeks; mothers of admitted babies."""
    return _of_mothers(scene, scene.is_before(210), scene.world.care.labours["magnesium_24h"] == 1)


def nn04(scene: Scene) -> Counted:
    """Cord clamped at 60 seconds or later, live babies below 32 weeks."""
    return _of_very_preterm(scene, _first(scene)["cord_clamp_seconds"] >= 60)


def nn05(scene: Scene) -> Counted:
    """Temperature of 36.5 to 37.5 within an hour of birth, admitted babies below 32 weeks; by date of admission."""
    rows = np.flatnonzero(scene.is_live & scene.is_admitted)
    first = scene.world.care.neonatal_episodes[scene.first_episode[rows]]
    units = baby_units(scene.world, rows, first["admit_datetime"].astype("M8[D]"))
    # Tenths of a degree, because the column holds 32 bits.
    tenths = np.round(first["temp_admission_c"].astype(np.float64) * 10)
    in_time = first["temp_taken_datetime"] - scene.world.babies["birth_datetime"][rows] <= HOUR
    is_normal = (tenths >= 365) & (tenths <= 375) & in_time
    return share(units, np.ones(len(rows), dtype=bool), scene.is_before(VERY_PRETERM_DAYS)[rows], is_normal)


def nn06(scene: Scene) -> Counted:
    """Chronic lung disease, or death before 36 weeks after the last period."""
    died = scene.age_at_death_days < PMA_36_WEEKS_DAYS - scene.days
    has_disease = np.isin(_first(scene)["bpd"], ("significant", "died")) & scene.is_admitted
    return _of_very_preterm(scene, has_disease | died)


def nn07(scene: Scene) -> Counted:
    """Confirmed necrotising enterocolitis."""
    return _of_very_preterm(scene, _first(scene)["nec"] == "confirmed")


def nn08(scene: Scene) -> Counted:
    """Haemorrhage of grade 3 or 4, or cystic leukomalacia, among those scanned."""
    first = _first(scene)
    is_scanned = scene.is_admitted & np.isin(first["ivh_grade"], ("0", "1", "2", "3", "4"))
    is_injured = np.isin(first["ivh_grade"], ("3", "4")) | first["cystic_pvl"]
    return share(scene.babies, scene.is_live, scene.is_before(VERY_PRETERM_DAYS) & is_scanned, is_injured)


def nn09(scene: Scene) -> Counted:
    """Brain injury at or soon after birth."""
    first = _first(scene)
    is_injured = (
        first["seizures"]
        | np.isin(first["hie_grade"], ("2", "3"))
        | first["stroke"]
        | first["intracranial_haemorrhage"]
        | first["cns_infection"]
        | first["kernicterus"]
        | (first["cystic_pvl"] & scene.is_before(TERM_DAYS))
    )
    return share(scene.babies, scene.is_live, scene.is_live, is_injured & scene.is_admitted)


def nn10(scene: Scene) -> Counted:
    """Moderate or severe encephalopathy from 35+0 weeks."""
    is_hypoxic = np.isin(_first(scene)["hie_grade"], ("2", "3")) & scene.is_admitted
    return share(scene.babies, scene.is_live, scene.days >= 245, is_hypoxic)


def nn11(scene: Scene) -> Counted:
    """Death before going home, admitted babies of 24+0 to 31+6 weeks."""
    episodes = scene.world.care.neonatal_episodes
    died = np.zeros(len(scene.days), dtype=bool)
    died[episodes["baby"][episodes["discharge_destination"] == "3"]] = True
    is_counted = (scene.days >= VIABLE_DAYS) & scene.is_before(VERY_PRETERM_DAYS) & scene.is_admitted
    return share(scene.babies, scene.is_live, is_counted, died)


def nn12(scene: Scene) -> Counted:
    """Days of intensive care, by date of care, over live births, by date of birth."""
    units = _day_units(scene)
    is_intensive = scene.world.care.neonatal_days["care_level"] == 1
    return ratio(scene.babies, scene.is_live, units, is_intensive)


def nn13(scene: Scene) -> Counted:
    """Neonatal days by level of care."""
    days = scene.world.care.neonatal_days
    return histogram(_day_units(scene), np.ones(len(days), dtype=bool), days["care_level"].astype(np.int64))


def dq02(scene: Scene) -> Counted:
    """Admissions whose record can be linked to a birth."""
    is_linked = scene.is_admitted & _first(scene)["is_linked"]
    return share(scene.babies, scene.is_live, scene.is_admitted, is_linked)


def dq03(scene: Scene) -> Counted:
    """A difference beyond tolerance in gestation or weight, babies told of by two systems."""
    first = _first(scene)
    differs = (scene.days >= 0) & (first["recorded_gestation_days"] != scene.days)
    weight = first["recorded_birth_weight_g"] - scene.world.babies["birth_weight_g"]
    has_two = scene.is_admitted & first["is_linked"]
    return share(scene.babies, scene.is_live, has_two, differs | (np.abs(weight) > WEIGHT_TOLERANCE_G))


def _first(scene: Scene) -> Table:
    """The first episode of each baby; a row of no meaning for who has none, so the flags of use ask for admission."""
    episodes = scene.world.care.neonatal_episodes
    if len(episodes) == 0:
        return np.zeros(len(scene.days), dtype=episodes.dtype)
    first = episodes[scene.first_episode].copy()
    first[~scene.is_admitted] = np.zeros(1, dtype=episodes.dtype)[0]
    return np.asarray(first)


def _is_soon(scene: Scene) -> Flags:
    admitted = _first(scene)["admit_datetime"].astype("M8[D]")
    return np.asarray((admitted - scene.birth_dates).astype(np.int64) < 28)


def _of_very_preterm(scene: Scene, numerator: Flags) -> Counted:
    return share(scene.babies, scene.is_live, scene.is_before(VERY_PRETERM_DAYS), numerator)


def _of_mothers(scene: Scene, is_gestation: Flags, numerator: Flags) -> Counted:
    delivery = scene.world.babies["delivery"]
    counted = scene.is_live & scene.is_admitted & is_gestation
    has_baby = np.bincount(delivery, weights=counted, minlength=scene.world.births) > 0
    return share(scene.deliveries, scene.is_registered_delivery, has_baby, numerator)


def _day_units(scene: Scene) -> Units:
    days = scene.world.care.neonatal_days
    baby: Integers = scene.world.care.neonatal_episodes["baby"][days["episode"]].astype(np.int64)
    return baby_units(scene.world, baby, days["care_date"])
