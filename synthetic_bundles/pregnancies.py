"""Pregnancies and their bookings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.areas import DISTRICT_TRUSTS
from synthetic_bundles.chance import Flags, Floats, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Traits, probability
from synthetic_bundles.figures import (
    BMI_MEDIAN,
    BMI_SPREAD_LOG,
    BOOKING_DAYS_MEAN_AFTER_42,
    CARBON_MONOXIDE_RECORDED,
    HEIGHT_MEAN_CM,
    HEIGHT_SPREAD_CM,
    NO_PREVIOUS_BIRTH_UNDER_20,
    PREVIOUS_CAESAREAN_AMONG_PAROUS,
    PREVIOUS_LIVE_BIRTHS,
    SMOKING_AT_BOOKING,
    SMOKING_STATUS_ABSENT,
    SMOKING_STATUS_UNKNOWN,
    TWIN_DELIVERIES,
)
from synthetic_bundles.figures_of_care import LATE_BOOKING
from synthetic_bundles.london_time import Days
from synthetic_bundles.organisations import BOOKING_SHARES_OF_TRUST, SITES_OF_TRUST
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_TEXT, BOOKING, PREGNANCY, Table, table_of
from synthetic_bundles.vocabulary import NON_SMOKER, SMOKER, SMOKING_UNKNOWN, TRUSTS

BOOKS_AWAY_FROM_HOME = 0.08  # K: women who choose the trust that is not their district's
EARLIEST_BOOKING_DAYS, LATEST_BOOKING_DAYS = 42, 150
LATE_BOOKING_DAYS = 91  # 13+0
LATE_BOOKING_SPREAD_DAYS = 18.0  # K: mean of the days beyond, over 1.2
DAYS_FROM_BOOKING_TO_BIRTH = 4  # a booking always stands before the birth
DAYS_OF_20_YEARS = 7305
SHORTEST_CM, TALLEST_CM = 140.0, 190.0
LOWEST_BMI, HIGHEST_BMI = 16.0, 55.0
SMOKER_LEAST_PPM = 4  # NHS Digital smoking derivation: 4 ppm and above is a smoker
SMOKER_MOST_PPM = 25


def draw_fetuses(random: np.random.Generator, births: int) -> Integers:
    """Number of babies of each birth."""
    return np.asarray(1 + happens_among(random, TWIN_DELIVERIES.value, births), dtype=np.int64)


def build_pregnancies(random: np.random.Generator, mothers: Table, birth_dates: Days, fetuses: Integers) -> Table:
    """One pregnancy a mother, in the mothers' order."""
    births = len(mothers)
    is_under_20 = (birth_dates - mothers["birth_date"]).astype(np.int64) < DAYS_OF_20_YEARS
    previous = choose(random, PREVIOUS_LIVE_BIRTHS.weights, births)
    is_first = is_under_20 & happens_among(random, NO_PREVIOUS_BIRTH_UNDER_20.value, births)
    previous = np.where(is_first, 0, previous)
    has_caesarean = (previous > 0) & happens_among(random, PREVIOUS_CAESAREAN_AMONG_PAROUS.value, births)
    return table_of(
        PREGNANCY,
        {
            "mother": np.arange(births),
            "previous_live_births": previous,
            "previous_caesareans": np.where(has_caesarean, random.integers(1, np.clip(previous, 1, 2) + 1, births), 0),
            "number_of_fetuses": fetuses,
        },
    )


def draw_smokers(random: np.random.Generator, scenario: Scenario, traits: Traits) -> Flags:
    """Whether each woman smokes at booking, recorded or not."""
    chance = probability(scenario, Measure.SMOKING_AT_BOOKING, traits, mean=SMOKING_AT_BOOKING.value)
    return happens(random, chance)


def draw_late_bookers(random: np.random.Generator, scenario: Scenario, traits: Traits) -> Flags:
    """Whether each woman books after 12+6 weeks."""
    return happens(random, probability(scenario, Measure.LATE_BOOKING, traits, mean=LATE_BOOKING.value))


def recorded_smoking(random: np.random.Generator, is_smoker: Flags) -> Texts:
    """What was written down of each woman: smoker, non_smoker, unknown, or nothing."""
    gaps = (SMOKING_STATUS_UNKNOWN.value, SMOKING_STATUS_ABSENT.value)
    kind = choose(random, (1 - sum(gaps), *gaps), len(is_smoker))
    status = np.where(is_smoker, SMOKER, NON_SMOKER)
    return np.select([kind == 1, kind == 2], [SMOKING_UNKNOWN, ABSENT_TEXT], default=status)


def build_bookings(
    random: np.random.Generator,
    *,
    districts: Texts,
    birth_dates: Days,
    gestation_at_birth: Integers,
    is_late: Flags,
    is_smoker: Flags,
) -> Table:
    """One booking a pregnancy, in the pregnancies' order."""
    births = len(birth_dates)
    gestation = _gestation_at_booking(random, gestation_at_birth, is_late)
    provider = _booking_providers(random, districts)
    status = recorded_smoking(random, is_smoker)
    return table_of(
        BOOKING,
        {
            "pregnancy": np.arange(births),
            "booking_date": birth_dates - (gestation_at_birth - gestation).astype("m8[D]"),
            "gestation_days": gestation,
            "provider": provider,
            "site": _booking_sites(random, provider),
            **_body_measures(random, births),
            "smoking_status": status,
            "carbon_monoxide_ppm": _carbon_monoxide(random, status),
        },
    )


def _gestation_at_booking(random: np.random.Generator, gestation_at_birth: Integers, is_late: Flags) -> Integers:
    rows = len(gestation_at_birth)
    after_42 = random.gamma(2.0, BOOKING_DAYS_MEAN_AFTER_42.value / 2.0, rows).astype(np.int64)
    early = np.minimum(EARLIEST_BOOKING_DAYS + after_42, LATE_BOOKING_DAYS - 1)
    late = LATE_BOOKING_DAYS + random.gamma(1.2, LATE_BOOKING_SPREAD_DAYS, rows).astype(np.int64)
    latest = np.minimum(LATEST_BOOKING_DAYS, gestation_at_birth - DAYS_FROM_BOOKING_TO_BIRTH)
    return np.minimum(np.where(is_late, late, early), latest)


def _booking_providers(random: np.random.Generator, districts: Texts) -> Texts:
    codes = np.array(list(DISTRICT_TRUSTS))
    trust_of_code = np.array(list(DISTRICT_TRUSTS.values()))
    home = trust_of_code[np.searchsorted(codes, districts)]
    other = np.where(home == TRUSTS[0], TRUSTS[1], TRUSTS[0])
    return np.where(happens_among(random, BOOKS_AWAY_FROM_HOME, len(districts)), other, home)


def _booking_sites(random: np.random.Generator, provider: Texts) -> Texts:
    site = np.empty(len(provider), dtype="U5")
    for trust in TRUSTS:
        position = choose(random, BOOKING_SHARES_OF_TRUST[trust], len(provider))
        site = np.where(provider == trust, np.array(SITES_OF_TRUST[trust])[position], site)
    return site


def _body_measures(random: np.random.Generator, births: int) -> dict[str, NDArray[np.float64]]:
    """Height, weight and index that agree with one another after rounding."""
    drawn = random.normal(HEIGHT_MEAN_CM.value, HEIGHT_SPREAD_CM.value, births)
    height: Floats = np.round(np.clip(drawn, SHORTEST_CM, TALLEST_CM)).astype(np.float64)
    bmi = np.clip(BMI_MEDIAN.value * np.exp(random.normal(0.0, BMI_SPREAD_LOG.value, births)), LOWEST_BMI, HIGHEST_BMI)
    weight = np.round(bmi * (height / 100) ** 2, 1)
    return {"height_cm": height, "weight_kg": weight, "bmi": np.round(weight / (height / 100) ** 2, 1)}


def _carbon_monoxide(random: np.random.Generator, status: Texts) -> Floats:
    """A reading that never contradicts the status; none where no status is known."""
    smoker = random.integers(SMOKER_LEAST_PPM, SMOKER_MOST_PPM, len(status), endpoint=True)
    other = random.integers(0, SMOKER_LEAST_PPM, len(status))
    is_read = happens_among(random, CARBON_MONOXIDE_RECORDED.value, len(status))
    choices = [is_read & (status == SMOKER), is_read & (status == NON_SMOKER)]
    return np.select(choices, [smoker.astype(np.float64), other.astype(np.float64)], default=np.nan)
