"""Feeding: indicators BF01 to BF08."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import SIX_WEEKS
from synthetic_bundles.chance import Flags, Texts
from synthetic_bundles.indicators.counting import Counted, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.turning import EIGHT_WEEKS_DAYS, days_after, due_at, months_after
from synthetic_bundles.indicators.units import baby_units
from synthetic_bundles.tables import ABSENT_TEXT

ANY, KNOWN = ("01", "02"), ("01", "02", "03")
SEEN = ("5", "6")


def bf01(scene: Scene) -> Counted:
    """Breast milk at first feed."""
    feed = scene.world.babies["first_feed"]
    return share(scene.babies, scene.is_registered, np.isin(feed, KNOWN), np.isin(feed, ANY))


def bf02(scene: Scene) -> Counted:
    """Any breast milk at discharge home."""
    return _at_discharge(scene, ANY)


def bf03(scene: Scene) -> Counted:
    """Breast milk alone at discharge home."""
    return _at_discharge(scene, ("01",))


def bf04(scene: Scene) -> Counted:
    """Own mother's milk at neonatal discharge home, babies born before 34+0 weeks."""
    episodes = scene.world.care.neonatal_episodes
    rows = np.flatnonzero(episodes["discharge_destination"] == "1")
    home = episodes[rows]
    baby = home["baby"].astype(np.int64)
    units = baby_units(scene.world, baby, home["discharge_datetime"].astype("M8[D]"))
    is_early = scene.is_before(238)[baby]
    return share(units, scene.is_live[baby], is_early, home["own_mothers_milk_at_discharge"])


def bf05(scene: Scene) -> Counted:
    """Breastfed at 6 to 8 weeks, of infants who turned 8 weeks."""
    due = due_at(scene, days_after(scene, EIGHT_WEEKS_DAYS))
    status = status_at_six_weeks(scene)[due.baby]
    everyone = np.ones(len(due.units), dtype=bool)
    return share(due.units, everyone, everyone, np.isin(status, ANY))


def bf06(scene: Scene) -> Counted:
    """Breast milk at first feed and none at 6 to 8 weeks, where that is known."""
    began = scene.is_registered & np.isin(scene.world.babies["first_feed"], ANY)
    status = status_at_six_weeks(scene)
    return share(scene.babies, began, np.isin(status, KNOWN), status == "03")


def bf07(scene: Scene) -> Counted:
    """Skin to skin within an hour, live babies at term."""
    answer = scene.world.babies["skin_to_skin"]
    return share(scene.babies, scene.is_live, scene.is_term & np.isin(answer, ("Y", "N")), answer == "Y")


def bf08(scene: Scene) -> Counted:
    """Breastfed at six months, where a status between 152 and 213 days is known."""
    due = due_at(scene, months_after(scene, 6))
    visits = scene.world.care.health_visits
    visits = visits[(visits["baby"] >= 0) & (visits["breastfeeding_status"] != ABSENT_TEXT)]
    age = (visits["contact_date"] - scene.birth_dates[visits["baby"]]).astype(np.int64)
    visits = visits[(age >= 152) & (age <= 213) & np.isin(visits["attendance"], SEEN)]
    status = _status_of(scene, visits["baby"], visits["breastfeeding_status"])[due.baby]
    is_known = np.isin(status, KNOWN)
    return share(due.units, np.ones(len(is_known), dtype=bool), is_known, np.isin(status, ANY))


def status_at_six_weeks(scene: Scene) -> Texts:
    """Feeding status of each baby at its 6 to 8 week contact, absent without one."""
    visits = scene.world.care.health_visits
    chosen: Flags = (visits["contact_type"] == SIX_WEEKS) & (visits["breastfeeding_status"] != ABSENT_TEXT)
    chosen = chosen & np.isin(visits["attendance"], SEEN)
    return _status_of(scene, visits["baby"][chosen], visits["breastfeeding_status"][chosen])


def _status_of(scene: Scene, baby: Texts, status: Texts) -> Texts:
    known = np.full(len(scene.is_live), ABSENT_TEXT, dtype="U2")
    known[baby] = status
    return known


def _at_discharge(scene: Scene, statuses: tuple[str, ...]) -> Counted:
    newborns = scene.world.care.newborns
    rows = np.flatnonzero(~np.isnat(newborns["discharge_datetime"]) & scene.is_live)
    units = baby_units(scene.world, rows, newborns["discharge_datetime"][rows].astype("M8[D]"))
    feeding = newborns["feeding_at_discharge"][rows]
    return share(units, np.ones(len(rows), dtype=bool), np.isin(feeding, KNOWN), np.isin(feeding, statuses))
