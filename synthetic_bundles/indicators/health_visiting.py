"""Health visiting: indicators HV01 to HV09."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import ANTENATAL, NEW_BIRTH, SIX_WEEKS, TWELVE_MONTHS, TWO_YEARS
from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.counting import Counted, ratio, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.turning import EIGHT_WEEKS_DAYS, Due, days_after, due_at, months_after
from synthetic_bundles.indicators.units import birth_units_of_provider, visited_units
from synthetic_bundles.organisations import HEALTH_VISITING_PROVIDER
from synthetic_bundles.tables import Table

SEEN = ("5", "6")
FACE_TO_FACE = "01"
NEVER_DAYS = np.iinfo(np.int64).max


def hv01(scene: Scene) -> Counted:
    """New birth visit face to face by 14 days, of infants who turned 30 days."""
    age = _first_age(scene, NEW_BIRTH, face_to_face=True)
    return _of_due(due_at(scene, days_after(scene, 30)), age <= 14)


def hv02(scene: Scene) -> Counted:
    """New birth visit face to face at 15 to 30 days."""
    age = _first_age(scene, NEW_BIRTH, face_to_face=True)
    return _of_due(due_at(scene, days_after(scene, 30)), (age >= 15) & (age <= 30))


def hv03(scene: Scene) -> Counted:
    """Review by 8 weeks."""
    age = _first_age(scene, SIX_WEEKS)
    return _of_due(due_at(scene, days_after(scene, EIGHT_WEEKS_DAYS)), age <= EIGHT_WEEKS_DAYS)


def hv04(scene: Scene) -> Counted:
    """Review at a year by 12 months."""
    return _reviewed_by_months(scene, TWELVE_MONTHS, 12)


def hv05(scene: Scene) -> Counted:
    """Review at a year by 15 months."""
    return _reviewed_by_months(scene, TWELVE_MONTHS, 15)


def hv06(scene: Scene) -> Counted:
    """Review at two years by two and a half."""
    return _reviewed_by_months(scene, TWO_YEARS, 30)


def hv07(scene: Scene) -> Counted:
    """ASQ-3 was scored, of those reviewed by two and a half."""
    on = months_after(scene, 30)
    due = due_at(scene, on)
    is_reviewed = _is_seen_by(scene, _seen(scene, TWO_YEARS), on)[due.baby]
    visits = _seen(scene, TWO_YEARS)
    is_scored = _is_seen_by(scene, visits[visits["asq3_communication"] >= 0], on)[due.baby]
    return share(due.units, np.ones(len(due.baby), dtype=bool), is_reviewed, is_scored)


def hv08(scene: Scene) -> Counted:
    """Antenatal contacts face to face from 28 weeks on, by date of contact, over births, by date of birth."""
    world = scene.world
    visits = _seen(scene, ANTENATAL)
    mother = visits["mother"].astype(np.int64)
    began = world.bookings["booking_date"][mother].astype(np.int64) - world.bookings["gestation_days"][mother]
    is_late = visits["contact_date"].astype(np.int64) - began >= 196
    units = visited_units(world, mother, visits["contact_date"])
    births = birth_units_of_provider(world, HEALTH_VISITING_PROVIDER)
    is_face_to_face = visits["mechanism"] == FACE_TO_FACE
    return ratio(births, np.ones(len(births), dtype=bool), units, is_late & is_face_to_face)


def hv09(scene: Scene) -> Counted:
    """The mother's mood was assessed by 8 weeks, of those reviewed by then."""
    due = due_at(scene, days_after(scene, EIGHT_WEEKS_DAYS))
    by = days_after(scene, EIGHT_WEEKS_DAYS)
    is_reviewed = _is_seen_by(scene, _seen(scene, SIX_WEEKS), by)[due.baby]
    visits = scene.world.care.health_visits
    visits = visits[(visits["baby"] >= 0) & np.isin(visits["attendance"], SEEN)]
    visits = visits[(visits["epds_score"] >= 0) | (visits["whooley_positive"] >= 0)]
    return share(due.units, np.ones(len(due.baby), dtype=bool), is_reviewed, _is_seen_by(scene, visits, by)[due.baby])


def _of_due(due: Due, is_done: Flags) -> Counted:
    everyone = np.ones(len(due.baby), dtype=bool)
    return share(due.units, everyone, everyone, is_done[due.baby])


def _reviewed_by_months(scene: Scene, kind: int, months: int) -> Counted:
    on = months_after(scene, months)
    return _of_due(due_at(scene, on), _is_seen_by(scene, _seen(scene, kind), on))


def _seen(scene: Scene, kind: int) -> Table:
    visits = scene.world.care.health_visits
    return np.asarray(visits[(visits["contact_type"] == kind) & np.isin(visits["attendance"], SEEN)])


def _first_age(scene: Scene, kind: int, *, face_to_face: bool = False) -> Integers:
    """Age in days at the first such contact of each baby; a great number without one."""
    visits = _seen(scene, kind)
    if face_to_face:
        visits = visits[visits["mechanism"] == FACE_TO_FACE]
    age = np.full(len(scene.is_live), NEVER_DAYS)
    at = (visits["contact_date"] - scene.birth_dates[visits["baby"]]).astype(np.int64)
    np.minimum.at(age, visits["baby"], at)
    return age


def _is_seen_by(scene: Scene, visits: Table, by: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> Flags:
    is_seen = np.zeros(len(scene.is_live), dtype=bool)
    is_seen[visits["baby"][visits["contact_date"] <= by[visits["baby"]]]] = True
    return is_seen
