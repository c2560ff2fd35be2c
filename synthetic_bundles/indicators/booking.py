"""Bookings and pregnancies: indicators BK01 to BK10, AN01 and AN02."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.counting import Counted, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.units import booking_units
from synthetic_bundles.london_time import Days
from synthetic_bundles.vocabulary import NON_SMOKER, SMOKER

CONTINUITY_DAYS, ASPIRIN_DAYS = 203, 119  # 29+0 and 17+0


def bk01(scene: Scene) -> Counted:
    """Booked by 10+0 weeks."""
    days = scene.world.bookings["gestation_days"]
    return _of_bookings(scene, days > 0, days <= 70)


def bk02(scene: Scene) -> Counted:
    """Booked after 12+6 weeks."""
    days = scene.world.bookings["gestation_days"]
    return _of_bookings(scene, days > 0, days > 90)


def bk03(scene: Scene) -> Counted:
    """Current smoker among those whose status is known."""
    status = scene.world.bookings["smoking_status"]
    return _of_bookings(scene, np.isin(status, (SMOKER, NON_SMOKER)), status == SMOKER)


def bk04(scene: Scene) -> Counted:
    """Carbon monoxide was read."""
    reading = scene.world.bookings["carbon_monoxide_ppm"]
    return _of_bookings(scene, np.ones(len(reading), dtype=bool), ~np.isnan(reading))


def bk05(scene: Scene) -> Counted:
    """Carbon monoxide of 4 ppm and above among those read."""
    reading = scene.world.bookings["carbon_monoxide_ppm"]
    return _of_bookings(scene, ~np.isnan(reading), np.nan_to_num(reading) >= 4)


def bk06(scene: Scene) -> Counted:
    """Body mass index of 30 and above."""
    bmi = scene.world.bookings["bmi"]
    return _of_bookings(scene, (bmi >= 12) & (bmi <= 80), bmi >= 30)


def bk07(scene: Scene) -> Counted:
    """Folic acid before pregnancy."""
    answer = scene.world.care.booking_answers["folic_acid"]
    return _of_bookings(scene, np.isin(answer, ("01", "02", "03")), answer == "01")


def bk08(scene: Scene) -> Counted:
    """Complex social factors."""
    answer = scene.world.care.booking_answers["complex_social_factors"]
    return _of_bookings(scene, np.isin(answer, ("Y", "N")), answer == "Y")


def bk09(scene: Scene) -> Counted:
    """Need of an interpreter is recorded when the language is not English."""
    language = scene.world.mothers["language"]
    is_other = (language != "") & (language != "en")
    return _of_bookings(scene, is_other, scene.world.mothers["interpreter_required"] >= 0)


def bk10(scene: Scene) -> Counted:
    """Prediction questions on mental health were asked; no answer counts as not asked."""
    answer = scene.world.care.booking_answers["mh_prediction_asked"]
    return _of_bookings(scene, np.ones(len(answer), dtype=bool), answer == "Y")


def an01(scene: Scene) -> Counted:
    """One carer by 28 weeks: the latest antenatal plan dated by 29+0, with a professional and a team."""
    reached = _date_reached(scene, CONTINUITY_DAYS)
    units = booking_units(scene.world, reached)
    is_reached = _is_still_pregnant(scene, CONTINUITY_DAYS) & (reached < scene.end)
    return share(units, is_reached, is_reached, _has_one_carer(scene, reached))


def an02(scene: Scene) -> Counted:
    """Aspirin criteria: one high risk factor or two moderate ones."""
    reached = _date_reached(scene, ASPIRIN_DAYS)
    answers = scene.world.care.booking_answers
    meets = (answers["pre_eclampsia_high_risk_factors"] >= 1) | (answers["pre_eclampsia_moderate_risk_factors"] >= 2)
    is_reached = _is_still_pregnant(scene, ASPIRIN_DAYS) & (reached < scene.end)
    return share(booking_units(scene.world, reached), is_reached, is_reached, meets)


def _of_bookings(scene: Scene, denominator: Flags, numerator: Flags) -> Counted:
    return share(scene.bookings, np.ones(len(scene.bookings), dtype=bool), denominator, numerator)


def _date_reached(scene: Scene, days: int) -> Days:
    """When each pregnancy reaches this gestation, counted from its booking."""
    bookings = scene.world.bookings
    return np.asarray(bookings["booking_date"] + (days - bookings["gestation_days"].astype(np.int64)).astype("m8[D]"))


def _is_still_pregnant(scene: Scene, days: int) -> Flags:
    """Whether each pregnancy lasted to this gestation; the ongoing ones do."""
    lasted: Integers = np.full(len(scene.bookings), np.iinfo(np.int64).max)
    bookings = scene.world.bookings[: scene.world.births]
    ended = scene.world.deliveries["birth_datetime"].astype("M8[D]")
    lasted[: scene.world.births] = (ended - bookings["booking_date"]).astype(np.int64) + bookings["gestation_days"]
    return np.asarray(lasted >= days)


def _has_one_carer(scene: Scene, by: Days) -> Flags:
    plans = scene.world.care.care_plans
    plans = plans[(plans["plan_type"] == "05") & (plans["plan_date"] <= by[plans["pregnancy"]])]
    plans = plans[np.lexsort((plans["plan_date"], plans["pregnancy"]))]
    is_named = (plans["care_professional_id"] != "") & (plans["care_team_id"] != "")
    has_one = np.zeros(len(by), dtype=bool)
    has_one[plans["pregnancy"]] = (plans["coc_pathway"] == "Y") & is_named  # the last of equal rows stays
    return has_one
