"""What else was asked and answered at booking."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import BOOKING_ANSWER
from synthetic_bundles.chance import Flags, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Traits, probability
from synthetic_bundles.figures_of_care import (
    BOOKING_ANSWER_ABSENT,
    COMPLEX_SOCIAL_FACTORS,
    DISABILITY,
    DRINKS_IN_PREGNANCY,
    FOLIC_ACID,
    FOLIC_ACID_BEFORE,
    LATE_BOOKING_REASONS,
    MENTAL_HEALTH_ASKED,
    PRE_ECLAMPSIA_HIGH_RISK,
    PRE_ECLAMPSIA_IN_FAMILY,
    REFERRAL_SOURCES,
    SUPPORTED,
)
from synthetic_bundles.population import Population
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.strata import completed_years
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, table_of
from synthetic_bundles.vocabulary import SMOKER

LATE_FROM_DAYS = 71  # a reason is asked from 10+1 weeks on
OBESE_FOR_PRE_ECLAMPSIA_BMI = 35.0  # NICE NG133
OLDER_FOR_PRE_ECLAMPSIA_YEARS = 40  # NICE NG133, at the expected date
FOLIC_BEFORE, FOLIC_DECLINED = "01", "ZZ"


def build_booking_answers(random: np.random.Generator, scenario: Scenario, people: Population) -> Table:
    """One row a booking, in the bookings' order."""
    bookings, traits = people.bookings, people.traits
    rows = len(bookings)
    is_smoker = bookings["smoking_status"] == SMOKER
    drinks = happens_among(random, DRINKS_IN_PREGNANCY.value, rows)
    return table_of(
        BOOKING_ANSWER,
        {
            "late_booking_reason": _late_reasons(random, bookings["gestation_days"]),
            "cigarettes_per_day": np.where(is_smoker, random.integers(1, 25, rows), ABSENT_NUMBER),
            "alcohol_units_week": np.where(drinks, random.integers(1, 12, rows), 0).astype(np.float32),
            "folic_acid": _folic_acid(random, scenario, traits),
            "complex_social_factors": _answers(
                random, scenario, Measure.COMPLEX_SOCIAL_FACTORS, traits, COMPLEX_SOCIAL_FACTORS.value
            ),
            "disability": _said(random, happens_among(random, DISABILITY.value, rows)),
            "mh_prediction_asked": _answers(
                random, scenario, Measure.MENTAL_HEALTH_ASKED, traits, MENTAL_HEALTH_ASKED.value
            ),
            "support_status": _said(random, happens_among(random, SUPPORTED.value, rows)),
            "referral_source": np.array(REFERRAL_SOURCES.names)[choose(random, REFERRAL_SOURCES.weights, rows)],
            "pre_eclampsia_high_risk_factors": happens_among(random, PRE_ECLAMPSIA_HIGH_RISK.value, rows),
            "pre_eclampsia_moderate_risk_factors": _moderate_factors(random, people),
        },
    )


def _late_reasons(random: np.random.Generator, gestation_days: Integers) -> Texts:
    reason = np.array(LATE_BOOKING_REASONS.names)[choose(random, LATE_BOOKING_REASONS.weights, len(gestation_days))]
    return np.where(gestation_days >= LATE_FROM_DAYS, reason, ABSENT_TEXT)


def _folic_acid(random: np.random.Generator, scenario: Scenario, traits: Traits) -> Texts:
    """Before pregnancy by the effects of the scenario; otherwise as the others among themselves."""
    before = happens(random, probability(scenario, Measure.FOLIC_ACID_BEFORE, traits, mean=FOLIC_ACID_BEFORE.value))
    others = np.array(FOLIC_ACID.names[1:])[choose(random, FOLIC_ACID.weights[1:], len(before))]
    is_absent = happens_among(random, BOOKING_ANSWER_ABSENT.value, len(before))
    is_before = before & (others != FOLIC_DECLINED)
    return np.where(is_absent, ABSENT_TEXT, np.where(is_before, FOLIC_BEFORE, others))


def _answers(random: np.random.Generator, scenario: Scenario, measure: Measure, traits: Traits, mean: float) -> Texts:
    return _said(random, happens(random, probability(scenario, measure, traits, mean=mean)))


def _said(random: np.random.Generator, is_yes: Flags) -> Texts:
    is_absent = happens_among(random, BOOKING_ANSWER_ABSENT.value, len(is_yes))
    return np.where(is_absent, ABSENT_TEXT, np.where(is_yes, "Y", "N"))


def _moderate_factors(random: np.random.Generator, people: Population) -> Integers:
    """First birth, more than one baby, forty years at the expected date, BMI of 35, and family history."""
    pregnancies, bookings = people.pregnancies, people.bookings
    expected = people.conception_dates + np.timedelta64(280, "D")
    years = completed_years(people.mothers["birth_date"], expected)
    in_family = happens_among(random, PRE_ECLAMPSIA_IN_FAMILY.value, len(pregnancies))
    factors = (
        pregnancies["previous_live_births"] == 0,
        pregnancies["number_of_fetuses"] > 1,
        years >= OLDER_FOR_PRE_ECLAMPSIA_YEARS,
        bookings["bmi"] >= OBESE_FOR_PRE_ECLAMPSIA_BMI,
        in_family,
    )
    return np.asarray(np.sum(factors, axis=0), dtype=np.int64)
