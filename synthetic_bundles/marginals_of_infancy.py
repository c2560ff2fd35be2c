"""Panels of the time after a birth: health visits, feeding and referrals for mental health."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import NEW_BIRTH, SIX_WEEKS, TWELVE_MONTHS, TWO_YEARS
from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.figures_of_infancy import (
    ASQ_3_USED,
    BREAST_MILK_AT_6_TO_8_WEEKS,
    DAYS_TO_FIRST_CONTACT_MEAN,
    EXCLUSIVE_AMONG_BREASTFED_AT_6_TO_8_WEEKS,
    FEEDING_STATUS_RECORDED,
    MENTAL_HEALTH_REFERRAL,
    NEW_BIRTH_VISIT,
    NEW_BIRTH_VISIT_IN_14_DAYS,
    REFERRAL_ACCEPTED,
    REFERRAL_SOURCES,
    REVIEW_AT_2_YEARS,
    REVIEW_AT_6_TO_8_WEEKS,
    REVIEW_AT_6_TO_8_WEEKS_IN_TIME,
    REVIEW_AT_12_MONTHS,
    VISIT_FACE_TO_FACE,
)
from synthetic_bundles.health_visits import EXCLUSIVE, FACE_TO_FACE, NONE, SEEN, SEEN_LATE
from synthetic_bundles.marginals import Origin, Panel, Unit, divided, drawn, end_of, mean, share
from synthetic_bundles.newborns import deaths_of
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, World
from synthetic_bundles.vocabulary import LIVE

LATEST_FIRST_CONTACT_DAYS = 250  # far beyond any wait that is drawn
LATEST_REFERRAL_DAYS = 800  # after the first day of the pregnancy
LAST_DAY_OF_NEW_BIRTH_VISIT, LAST_DAY_IN_TIME = 14, 56
FOLLOWED_DAYS = {NEW_BIRTH: 200, SIX_WEEKS: 120, TWELVE_MONTHS: 500, TWO_YEARS: 1000}  # beyond the last visit of a kind


def panels_of_infancy(world: World) -> list[Panel]:
    """Panels in order of page, of a world without gaps."""
    return [
        _coverage(world),
        _feeding(world),
        _referrals(world),
        _waits(world),
        _sources(world),
    ]


def _followed(world: World, days: int) -> Flags:
    """Whether each baby is alive and was born at least so many days before the end of the world."""
    is_alive = (world.babies["outcome"] == LIVE) & np.isnat(deaths_of(world.babies, world.care.newborns))
    return np.asarray(is_alive & (world.babies["birth_datetime"] < end_of(world) - np.timedelta64(days, "D")))


def _attended(world: World) -> Table:
    visits = world.care.health_visits
    return np.asarray(visits[np.isin(visits["attendance"], (SEEN, SEEN_LATE))])


def _ages_at_visit(world: World, kind: int) -> Integers:
    """Age in days at the visit of each followed baby; -1 without one."""
    visits = _attended(world)
    visits = visits[visits["contact_type"] == kind]
    born = world.babies["birth_datetime"][visits["baby"]].astype("M8[D]")
    ages = np.full(len(world.babies), ABSENT_NUMBER)
    ages[visits["baby"]] = (visits["contact_date"] - born).astype(np.int64)
    return np.asarray(ages[_followed(world, FOLLOWED_DAYS[kind])])


def _coverage(world: World) -> Panel:
    first, six_weeks = _ages_at_visit(world, NEW_BIRTH), _ages_at_visit(world, SIX_WEEKS)
    visits = _attended(world)
    at_two = visits[visits["contact_type"] == TWO_YEARS]
    rows = (
        drawn("new birth visit", first >= 0, NEW_BIRTH_VISIT),
        drawn("in 14 days, of those visits", _by(first, LAST_DAY_OF_NEW_BIRTH_VISIT), NEW_BIRTH_VISIT_IN_14_DAYS),
        drawn("review at 6 to 8 weeks", six_weeks >= 0, REVIEW_AT_6_TO_8_WEEKS),
        drawn("in 8 weeks, of those reviews", _by(six_weeks, LAST_DAY_IN_TIME), REVIEW_AT_6_TO_8_WEEKS_IN_TIME),
        drawn("review at 12 months", _ages_at_visit(world, TWELVE_MONTHS) >= 0, REVIEW_AT_12_MONTHS),
        drawn("review at 2 to 2½ years", _ages_at_visit(world, TWO_YEARS) >= 0, REVIEW_AT_2_YEARS),
        drawn("ASQ-3, of those reviews", at_two["asq3_communication"] >= 0, ASQ_3_USED),
        drawn("visits face to face", visits["mechanism"] == FACE_TO_FACE, VISIT_FACE_TO_FACE),
    )
    return Panel(
        "health_visits",
        "Visits and reviews by health visitors",
        "Share of the children alive and old enough, %",
        Unit.PER_CENT,
        world.scenario.name,
        rows,
    )


def _by(ages: Integers, last_day: int) -> Flags:
    return np.asarray(ages[ages >= 0] <= last_day)


def _feeding(world: World) -> Panel:
    visits = _attended(world)
    visits = visits[visits["contact_type"] == SIX_WEEKS]
    status = visits["breastfeeding_status"]
    known = status[status != ABSENT_TEXT]
    fed = known[known != NONE]
    rows = (
        drawn("status recorded, of reviews", status != ABSENT_TEXT, FEEDING_STATUS_RECORDED),
        share(
            "breast milk",
            known != NONE,
            BREAST_MILK_AT_6_TO_8_WEEKS,
            BREAST_MILK_AT_6_TO_8_WEEKS.value,
            origin=Origin.FITTED,
        ),
        drawn("alone, of those so fed", fed == EXCLUSIVE, EXCLUSIVE_AMONG_BREASTFED_AT_6_TO_8_WEEKS),
    )
    title = "Feeding at 6 to 8 weeks"
    return Panel("feeding", title, "Share of the children reviewed, %", Unit.PER_CENT, world.scenario.name, rows)


def _first_referrals(world: World) -> Table:
    """The first referral of each woman; the others are repeats."""
    referrals = world.care.mental_health_referrals
    first = np.unique(referrals["mother"], return_index=True)[1]
    return np.asarray(referrals[first])


def _referrals(world: World) -> Panel:
    first = _first_referrals(world)
    conceived = world.bookings["booking_date"] - world.bookings["gestation_days"].astype("m8[D]")
    is_over = conceived < end_of(world) - np.timedelta64(LATEST_REFERRAL_DAYS, "D")
    is_referred = np.zeros(len(world.mothers), dtype=bool)
    is_referred[first["mother"]] = True
    rows = (
        share(
            "women referred",
            is_referred[is_over],
            MENTAL_HEALTH_REFERRAL,
            MENTAL_HEALTH_REFERRAL.value,
            origin=Origin.CONDITIONAL,
        ),
        drawn("accepted, of first referrals", first["accepted"], REFERRAL_ACCEPTED),
    )
    return Panel(
        "referrals",
        "Referrals to perinatal mental health",
        "Share of the women or referrals, %",
        Unit.PER_CENT,
        world.scenario.name,
        rows,
        "A referral that would come before the booking is left out, so that some fewer women are referred.",
    )


def _waits(world: World) -> Panel:
    first = _first_referrals(world)
    is_over = first["referral_date"] < end_of(world) - np.timedelta64(LATEST_FIRST_CONTACT_DAYS, "D")
    waited = first[is_over & ~np.isnat(first["first_contact_date"])]
    days = (waited["first_contact_date"] - waited["referral_date"]).astype(np.float64)
    row = mean("mean wait", days, DAYS_TO_FIRST_CONTACT_MEAN, DAYS_TO_FIRST_CONTACT_MEAN.value)
    title = "Wait from referral to first contact with perinatal mental health"
    return Panel("waits", title, "Days", Unit.PLAIN, world.scenario.name, (row,))


def _sources(world: World) -> Panel:
    rows = divided(world.care.mental_health_referrals["source"].tolist(), REFERRAL_SOURCES)
    title = "Who refers to perinatal mental health"
    return Panel("referral_sources", title, "Share of the referrals, %", Unit.PER_CENT, world.scenario.name, rows)
