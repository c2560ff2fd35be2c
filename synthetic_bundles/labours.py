"""Labours: how they began, what was done, and how the mother fared."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import LABOUR
from synthetic_bundles.chance import Flags, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Places, in_surroundings, probability
from synthetic_bundles.figures_of_care import (
    AUGMENTATION,
    BLOOD_LOSS_ABSENT,
    BLOOD_LOSS_MEDIAN_CAESAREAN_ML,
    BLOOD_LOSS_MEDIAN_VAGINAL_ML,
    BLOOD_LOSS_SPREAD_LOG,
    CRITICAL_INCIDENT,
    EMERGENCY_BEFORE_LABOUR,
    EPIDURAL_VAGINAL,
    EPISIOTOMY_INSTRUMENTAL,
    EPISIOTOMY_SPONTANEOUS,
    HAEMORRHAGE_UNCODED,
    INDUCTION_KINDS,
    MAGNESIUM_BELOW_30_WEEKS,
    ONSET_METHOD_ABSENT,
    ONSET_SPONTANEOUS_AMONG_LABOURING,
    STEROIDS_22_TO_33_WEEKS,
)
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.population import Population, until
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, table_of
from synthetic_bundles.vocabulary import CAESAREAN, FORCEPS, VENTOUSE

SPONTANEOUS, BEFORE_LABOUR = "1", "2"
INDUCED = ("3", "4", "5")
ELECTIVE, EMERGENCY = 7, 8
INDUCTION_CODES = ("236958009", "31208007", "236971007")
EPISIOTOMY_CODE = "15413009"
EPIDURAL_CODE, SPINAL_CODE, GENERAL_CODE = "18946005", "231249005", "50697003"  # K: general and spinal anaesthesia
HAEMORRHAGE_CODE = "47821001"
HAEMORRHAGE_FROM_ML = 500
MOST_BLOOD_LOSS_ML = 8000
CRITICAL_INCIDENT_CODES = ("237235009", "33211000", "429098002")
LONGEST_LABOUR_MINUTES = 40 * 60
STEROID_WEEKS, MAGNESIUM_WEEKS = 34, 30
NEVER = np.datetime64("NaT", "m")


def build_labours(random: np.random.Generator, scenario: Scenario, people: Population) -> Table:
    """One row a delivery, in the deliveries' order."""
    deliveries = people.deliveries
    rows, method, born = len(deliveries), deliveries["method"].astype(np.int64), deliveries["birth_datetime"]
    onset = _onset_methods(random, method)
    began = _onset_times(random, onset, born)
    loss = _blood_loss_ml(random, deliveries)
    steroids = _steroids(random, deliveries["gestation_days"])
    return table_of(
        LABOUR,
        {
            "onset_method": np.where(happens_among(random, ONSET_METHOD_ABSENT.value, rows), ABSENT_TEXT, onset),
            "onset_datetime": began,
            "caesarean_datetime": _caesarean_times(random, method, began, born),
            "induction_code": np.where(
                np.isin(onset, INDUCED), random.choice(np.array(INDUCTION_CODES), rows), ABSENT_TEXT
            ),
            "augmentation": (onset == SPONTANEOUS) & happens_among(random, AUGMENTATION.value, rows),
            "analgesia_code": _analgesia(random, method),
            "episiotomy_code": _episiotomies(random, method),
            "blood_loss_ml": loss,
            "haemorrhage_code": _haemorrhage_codes(random, loss),
            "critical_incident": _critical_incidents(random, scenario, people),
            "steroids": steroids,
            "steroid_last_dose_datetime": _last_doses(random, steroids, born),
            "magnesium_24h": _magnesium(random, deliveries["gestation_days"]),
            "mother_discharge_datetime": _discharges(random, method, born, people.end),
        },
    )


def _onset_methods(random: np.random.Generator, method: Integers) -> Texts:
    rows = len(method)
    induced = np.array(INDUCTION_KINDS.names)[choose(random, INDUCTION_KINDS.weights, rows)]
    is_spontaneous = happens_among(random, ONSET_SPONTANEOUS_AMONG_LABOURING.value, rows)
    labouring = np.where(is_spontaneous, SPONTANEOUS, induced)
    is_urgent = (method == EMERGENCY) & happens_among(random, EMERGENCY_BEFORE_LABOUR.value, rows)
    return np.where((method == ELECTIVE) | is_urgent, BEFORE_LABOUR, labouring)


def _onset_times(random: np.random.Generator, onset: Texts, born: Minutes) -> Minutes:
    """When labour began; none where the caesarean came before it."""
    minutes = np.minimum(random.gamma(3.0, 180.0, len(born)) + 20, LONGEST_LABOUR_MINUTES).astype(np.int64)
    began = skip_missing_hour(born - minutes.astype("m8[m]"))
    # The hour that March leaves out pushes a time on; labour never begins after the birth.
    return np.where(onset == BEFORE_LABOUR, NEVER, np.minimum(began, born))


def _caesarean_times(random: np.random.Generator, method: Integers, began: Minutes, born: Minutes) -> Minutes:
    before = random.integers(3, 12, len(born)).astype("m8[m]")
    # A caesarean in labour comes after its onset.
    times = np.fmax(skip_missing_hour(born - before), began)
    return np.where(np.isin(method, CAESAREAN), np.minimum(times, born), NEVER)


def _analgesia(random: np.random.Generator, method: Integers) -> Texts:
    rows = len(method)
    is_caesarean = np.isin(method, CAESAREAN)
    section = np.where(happens_among(random, 0.08, rows), GENERAL_CODE, SPINAL_CODE)  # K: NHS Maternity Statistics
    has_epidural = happens_among(random, EPIDURAL_VAGINAL.value, rows)
    return np.where(is_caesarean, section, np.where(has_epidural, EPIDURAL_CODE, ABSENT_TEXT))


def _episiotomies(random: np.random.Generator, method: Integers) -> Texts:
    is_instrumental = np.isin(method, (FORCEPS, VENTOUSE))
    chance = np.where(is_instrumental, EPISIOTOMY_INSTRUMENTAL.value, EPISIOTOMY_SPONTANEOUS.value)
    is_cut = ~np.isin(method, CAESAREAN) & happens(random, chance)
    return np.where(is_cut, EPISIOTOMY_CODE, ABSENT_TEXT)


def _blood_loss_ml(random: np.random.Generator, deliveries: Table) -> Integers:
    """Loss of each woman, and absent where none was measured."""
    is_caesarean = np.isin(deliveries["method"], CAESAREAN)
    median = np.where(is_caesarean, BLOOD_LOSS_MEDIAN_CAESAREAN_ML.value, BLOOD_LOSS_MEDIAN_VAGINAL_ML.value)
    spread = random.normal(0.0, BLOOD_LOSS_SPREAD_LOG.value, len(deliveries))
    loss = np.minimum(np.round(median * np.exp(spread) / 10) * 10, MOST_BLOOD_LOSS_ML)
    is_absent = happens_among(random, BLOOD_LOSS_ABSENT.value, len(deliveries))
    return np.where(is_absent, ABSENT_NUMBER, loss).astype(np.int64)


def _haemorrhage_codes(random: np.random.Generator, loss: Integers) -> Texts:
    is_coded = ~happens_among(random, HAEMORRHAGE_UNCODED.value, len(loss))
    return np.where((loss >= HAEMORRHAGE_FROM_ML) & is_coded, HAEMORRHAGE_CODE, ABSENT_TEXT)


def _critical_incidents(random: np.random.Generator, scenario: Scenario, people: Population) -> Texts:
    deliveries = people.deliveries
    traits = people.traits.at(np.arange(len(deliveries)))
    chance = probability(scenario, Measure.SEVERE_MORBIDITY, traits, mean=CRITICAL_INCIDENT.value)
    places = Places(deliveries["provider"], deliveries["site"], deliveries["birth_datetime"])
    chance = in_surroundings(random, scenario, Measure.SEVERE_MORBIDITY, chance, places)
    code = random.choice(np.array(CRITICAL_INCIDENT_CODES), len(deliveries))
    return np.where(happens(random, chance), code, ABSENT_TEXT)


def _steroids(random: np.random.Generator, gestation_days: Integers) -> Texts:
    given = np.array(STEROIDS_22_TO_33_WEEKS.names)[
        choose(random, STEROIDS_22_TO_33_WEEKS.weights, len(gestation_days))
    ]
    return np.where(gestation_days < STEROID_WEEKS * 7, given, ABSENT_TEXT)


def _last_doses(random: np.random.Generator, steroids: Texts, born: Minutes) -> Minutes:
    """Most within a week before birth, some earlier."""
    is_given = np.isin(steroids, ("full", "partial"))
    hours = random.gamma(1.2, 60.0, len(born)) + 2
    times = skip_missing_hour(born - (hours * 60).astype(np.int64).astype("m8[m]"))
    return np.where(is_given, np.minimum(times, born), NEVER)


def _magnesium(random: np.random.Generator, gestation_days: Integers) -> Integers:
    is_given: Flags = happens_among(random, MAGNESIUM_BELOW_30_WEEKS.value, len(gestation_days))
    return np.where(gestation_days < MAGNESIUM_WEEKS * 7, is_given.astype(np.int64), ABSENT_NUMBER)


def _discharges(random: np.random.Generator, method: Integers, born: Minutes, end: np.datetime64) -> Minutes:
    """After the birth of any twin; absent while she is still in hospital at the end of the world."""
    days = np.where(np.isin(method, CAESAREAN), 2.0, 1.0)
    minutes = (random.gamma(2.0, days / 2) * 24 * 60 + 360).astype(np.int64)
    return until(skip_missing_hour(born + minutes.astype("m8[m]")), end)
