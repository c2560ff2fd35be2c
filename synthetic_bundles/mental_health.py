"""Referrals to perinatal mental-health teams, and their contacts."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import MENTAL_HEALTH_CONTACT, MENTAL_HEALTH_REFERRAL
from synthetic_bundles.chance import Flags, Integers, choose, happens, happens_among
from synthetic_bundles.effects import probability
from synthetic_bundles.figures_of_infancy import (
    DAYS_TO_FIRST_CONTACT_MEAN,
    REFERRAL_ACCEPTED,
    REFERRAL_REPEATED,
    REFERRAL_SOURCES,
    REFERRAL_TEAMS,
    VISIT_FACE_TO_FACE,
)
from synthetic_bundles.figures_of_infancy import MENTAL_HEALTH_REFERRAL as REFERRED
from synthetic_bundles.london_time import Days
from synthetic_bundles.organisations import MENTAL_HEALTH_PROVIDER
from synthetic_bundles.population import Population, until
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import Table, table_of

FIRST_DAY, LAST_DAY = 60, 760  # after the last period; few come later than a year after the birth
MOST_CONTACTS = 12
DAYS_BETWEEN_CONTACTS = 14
ATTENDED = 0.86  # K
FACE_TO_FACE, TELEPHONE, VIDEO = "01", "02", "11"
NEVER = np.datetime64("NaT", "D")


def build_referrals(random: np.random.Generator, scenario: Scenario, people: Population) -> Table:
    """Referrals in order of date, of some mothers; a few are sent twice within thirty days."""
    chance = probability(scenario, Measure.MENTAL_HEALTH_REFERRAL, people.traits, mean=REFERRED.value)
    mothers = np.flatnonzero(happens(random, chance))
    dates = people.conception_dates[mothers] + _days_after_last_period(random, len(mothers)).astype("m8[D]")
    twice = np.flatnonzero(happens_among(random, REFERRAL_REPEATED.value, len(mothers)))
    again = dates[twice] + random.integers(1, 30, len(twice)).astype("m8[D]")
    mothers, dates = np.concatenate([mothers, mothers[twice]]), np.concatenate([dates, again])
    is_repeat = np.arange(len(mothers)) >= len(mothers) - len(twice)
    table = _referrals(random, people, mothers, dates, is_repeat)
    table = table[(table["referral_date"] < people.end) & (table["referral_date"] >= _booked(people, table))]
    return np.asarray(table[np.lexsort((table["mother"], table["referral_date"]))])


def build_contacts(random: np.random.Generator, referrals: Table, end: np.datetime64) -> Table:
    """Contacts in order of referral and date; the first that was attended is the referral's first contact."""
    has_contact = ~np.isnat(referrals["first_contact_date"])
    later = np.where(has_contact, random.integers(0, MOST_CONTACTS, len(referrals)), 0)
    rows = np.where(has_contact, later + 1, 0)
    referral = np.repeat(np.arange(len(referrals)), rows)
    position = np.arange(len(referral)) - np.repeat(np.cumsum(rows) - rows, rows)
    step = position * DAYS_BETWEEN_CONTACTS
    dates = referrals["first_contact_date"][referral] + step.astype("m8[D]")
    is_face_to_face = happens_among(random, VISIT_FACE_TO_FACE.value - 0.3, len(referral))
    remote = np.where(happens_among(random, 0.6, len(referral)), VIDEO, TELEPHONE)  # K
    remote = np.where(position == 0, VIDEO, remote)
    table = table_of(
        MENTAL_HEALTH_CONTACT,
        {
            "referral": referral,
            "contact_date": dates,
            "attended": (position == 0) | happens_among(random, ATTENDED, len(referral)),
            "mechanism": np.where(is_face_to_face, FACE_TO_FACE, remote),
        },
    )
    return np.asarray(table[table["contact_date"] < end])


def _days_after_last_period(random: np.random.Generator, rows: int) -> Integers:
    """Most in the second half of pregnancy and the months after birth."""
    return np.asarray(np.round(random.normal(290, 110, rows)).clip(FIRST_DAY, LAST_DAY).astype(np.int64))


def _booked(people: Population, referrals: Table) -> Days:
    return np.asarray(people.bookings["booking_date"][referrals["mother"]])


def _referrals(
    random: np.random.Generator, people: Population, mothers: Integers, dates: Days, is_repeat: Flags
) -> Table:
    rows = len(mothers)
    accepted = ~is_repeat & happens_among(random, REFERRAL_ACCEPTED.value, rows)
    wait = np.round(random.gamma(2.0, DAYS_TO_FIRST_CONTACT_MEAN.value / 2, rows)).astype(np.int64)
    is_seen = accepted & happens_among(random, 0.9, rows)  # K
    first = until(np.where(is_seen, dates + wait.astype("m8[D]"), NEVER), people.end)
    closed = np.where(accepted, dates + random.integers(60, 400, rows).astype("m8[D]"), dates + np.timedelta64(7, "D"))
    closed = np.fmax(closed, first)
    return table_of(
        MENTAL_HEALTH_REFERRAL,
        {
            "mother": mothers,
            "provider": np.full(rows, MENTAL_HEALTH_PROVIDER),
            "referral_date": dates,
            "source": np.array(REFERRAL_SOURCES.names)[choose(random, REFERRAL_SOURCES.weights, rows)],
            "team_type": np.array(REFERRAL_TEAMS.names)[choose(random, REFERRAL_TEAMS.weights, rows)],
            "accepted": accepted,
            "first_contact_date": first,
            "closed_date": until(closed, people.end),
        },
    )
