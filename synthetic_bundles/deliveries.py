"""The deliveries: method, tears, where and when."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers, Texts, choose, choose_by_row, happens, happens_among
from synthetic_bundles.effects import Traits, probability
from synthetic_bundles.endings import Endings
from synthetic_bundles.figures import (
    LABIAL_TEAR,
    LESSER_TEARS,
    METHODS_NULLIPAROUS,
    METHODS_PAROUS,
    METHODS_PREVIOUS_CAESAREAN,
    METHODS_TWINS,
    NON_SMOKER_SMOKES_AT_DELIVERY,
    SEVERE_TEAR,
    SEVERE_TEAR_DEGREES,
    SEVERE_TEAR_FIRST_BIRTH_ODDS,
    SEVERE_TEAR_INSTRUMENTAL_ODDS,
    SMOKER_STILL_SMOKES_AT_DELIVERY,
    Shares,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.organisations import MIDWIFE_LED_SITE, SITES_OF_TRUST
from synthetic_bundles.pregnancies import recorded_smoking
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_TEXT, DELIVERY, Table, table_of
from synthetic_bundles.vocabulary import (
    CAESAREAN,
    FORCEPS,
    LABIAL_TEAR_CODE,
    LIVE,
    TEAR_CODES,
    TERM_DAYS,
    TRUSTS,
    VENTOUSE,
)

METHOD_KINDS = (METHODS_NULLIPAROUS, METHODS_PAROUS, METHODS_PREVIOUS_CAESAREAN, METHODS_TWINS)
DELIVERS_WITH_OTHER_TRUST = 0.03  # K: transfers and changes of mind after booking
OBSTETRIC_SITES_OF_TRUST = {
    trust: tuple(site for site in sites if site != MIDWIFE_LED_SITE) for trust, sites in SITES_OF_TRUST.items()
}
LONGEST_STAY_BEFORE_BIRTH_MINUTES = 12 * 60
LATEST_RECORDING_MINUTES = 10 * 24 * 60


def build_deliveries(
    random: np.random.Generator,
    scenario: Scenario,
    *,
    traits: Traits,
    pregnancies: Table,
    bookings: Table,
    endings: Endings,
    is_smoker: Flags,
    birth_datetimes: Minutes,
) -> Table:
    """One delivery a pregnancy, in the pregnancies' order. birth_datetimes: birth of the first baby."""
    births = len(pregnancies)
    method = _methods(random, pregnancies)
    provider = _providers(random, bookings["provider"])
    is_low_risk = _is_low_risk(pregnancies, endings, method)
    tear = _tears(random, scenario, traits, pregnancies["previous_live_births"], method)
    before = random.integers(0, LONGEST_STAY_BEFORE_BIRTH_MINUTES, births)
    after = random.integers(24 * 60, LATEST_RECORDING_MINUTES, births) + _late_minutes(random, scenario, births)
    return table_of(
        DELIVERY,
        {
            "pregnancy": np.arange(births),
            "first_baby": np.flatnonzero(endings.birth_order == 1),
            "babies": pregnancies["number_of_fetuses"],
            "admission_datetime": skip_missing_hour(birth_datetimes - before.astype("m8[m]")),
            "birth_datetime": birth_datetimes,
            "recorded_datetime": skip_missing_hour(birth_datetimes + after.astype("m8[m]")),
            "provider": provider,
            "site": _sites(random, provider, bookings["site"], is_low_risk),
            "gestation_days": endings.gestation_days,
            "method": method,
            "perineal_trauma": tear,
            "second_trauma": _second_trauma(random, tear),
            "smoking_status": _smoking_at_delivery(random, is_smoker),
        },
    )


def _late_minutes(random: np.random.Generator, scenario: Scenario, births: int) -> Integers:
    """How much later than the others each birth is recorded."""
    late = scenario.late_records
    days = random.integers(late.least_days, late.most_days, births, endpoint=True)
    return np.where(happens_among(random, late.share, births), days * 24 * 60, 0)


def _methods(random: np.random.Generator, pregnancies: Table) -> Integers:
    kind = np.select(
        [
            pregnancies["number_of_fetuses"] > 1,
            pregnancies["previous_caesareans"] > 0,
            pregnancies["previous_live_births"] > 0,
        ],
        [3, 2, 1],
        default=0,
    )
    methods = np.array([int(method) for method in METHODS_PAROUS.names])
    return np.asarray(methods[choose_by_row(random, np.array([shares.weights for shares in METHOD_KINDS]), kind)])


def _providers(random: np.random.Generator, booked: Texts) -> Texts:
    other = np.where(booked == TRUSTS[0], TRUSTS[1], TRUSTS[0])
    return np.where(happens_among(random, DELIVERS_WITH_OTHER_TRUST, len(booked)), other, booked)


def _is_low_risk(pregnancies: Table, endings: Endings, method: Integers) -> Flags:
    """Births that a midwife-led site takes: spontaneous, at term, one live baby, no previous caesarean."""
    first_outcome = endings.outcome[endings.birth_order == 1]
    is_single_live = (pregnancies["number_of_fetuses"] == 1) & (first_outcome == LIVE)
    is_at_term = endings.gestation_days >= TERM_DAYS
    return np.asarray(is_single_live & is_at_term & (method == 0) & (pregnancies["previous_caesareans"] == 0))


def _sites(random: np.random.Generator, provider: Texts, booked_site: Texts, is_low_risk: Flags) -> Texts:
    """The booked site where its trust still delivers and the site takes such births, else an obstetric one."""
    is_kept = np.strings.startswith(booked_site, provider) & (is_low_risk | (booked_site != MIDWIFE_LED_SITE))
    obstetric = np.empty(len(provider), dtype="U5")
    for trust in TRUSTS:
        sites = np.array(OBSTETRIC_SITES_OF_TRUST[trust])
        obstetric = np.where(provider == trust, sites[random.integers(0, len(sites), len(provider))], obstetric)
    return np.where(is_kept, booked_site, obstetric)


def _tears(
    random: np.random.Generator, scenario: Scenario, traits: Traits, previous_births: Integers, method: Integers
) -> Texts:
    """Code of the worst tear of each vaginal birth; none after a caesarean."""
    rows = np.flatnonzero(~np.isin(method, CAESAREAN))
    is_instrumental = np.isin(method[rows], (FORCEPS, VENTOUSE))
    besides = np.where(previous_births[rows] == 0, np.log(SEVERE_TEAR_FIRST_BIRTH_ODDS.value), 0.0)
    besides = besides + np.where(is_instrumental, np.log(SEVERE_TEAR_INSTRUMENTAL_ODDS.value), 0.0)
    mean = SEVERE_TEAR.value
    chance = probability(scenario, Measure.SEVERE_TEAR, traits.at(rows), mean=mean, besides=besides)
    severe = _tear_codes(random, SEVERE_TEAR_DEGREES, len(rows))
    lesser = _tear_codes(random, LESSER_TEARS, len(rows))
    tears = np.full(len(method), ABSENT_TEXT, dtype="U9")
    tears[rows] = np.where(happens(random, chance), severe, lesser)
    return tears


def _tear_codes(random: np.random.Generator, degrees: Shares, rows: int) -> Texts:
    codes = np.array([TEAR_CODES[degree] for degree in degrees.names])
    return np.asarray(codes[choose(random, degrees.weights, rows)])


def _second_trauma(random: np.random.Generator, tear: Texts) -> Texts:
    has_second = (tear != ABSENT_TEXT) & happens_among(random, LABIAL_TEAR.value, len(tear))
    return np.where(has_second, LABIAL_TEAR_CODE, ABSENT_TEXT)


def _smoking_at_delivery(random: np.random.Generator, is_smoker: Flags) -> Texts:
    births = len(is_smoker)
    still = happens_among(random, SMOKER_STILL_SMOKES_AT_DELIVERY.value, births)
    newly = happens_among(random, NON_SMOKER_SMOKES_AT_DELIVERY.value, births)
    return recorded_smoking(random, np.where(is_smoker, still, newly))
