"""The mothers: where they live, who they are, and what of that was recorded."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from synthetic_bundles.areas import birth_weights
from synthetic_bundles.chance import (
    Flags,
    Floats,
    Integers,
    Texts,
    calibrated,
    choose,
    choose_by_row,
    happens,
    happens_among,
)
from synthetic_bundles.figures import (
    ETHNIC_CATEGORIES,
    ETHNICITY_ABSENT,
    ETHNICITY_NOT_KNOWN,
    ETHNICITY_NOT_STATED,
    INTERPRETER_AMONG_OTHER_LANGUAGES,
    LANGUAGE_ABSENT,
    MOTHER_AGE_BANDS,
    POSTCODE_ABSENT,
    POSTCODE_PSEUDO,
)
from synthetic_bundles.figures_of_care import INTERPRETER_NEED_ABSENT
from synthetic_bundles.london_time import Days
from synthetic_bundles.names import draw_names
from synthetic_bundles.scenario import Scenario
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, MOTHER, Table, table_of
from synthetic_bundles.vocabulary import ETHNIC_GROUP_OF, NOT_KNOWN, NOT_STATED, PSEUDO_POSTCODE

DAYS_IN_YEAR = 365.25
# K: how much likelier each group lives in decile 1 than in decile 10, against the whole; Census 2021 pattern.
ETHNIC_TILT = MappingProxyType({"white": 0.7, "mixed": 1.8, "asian": 2.0, "black": 5.0, "other": 3.0})
YOUNGER_TILT = 0.35  # K: log weight of each younger age band in decile 1 against decile 10, halved at the middle
ENGLISH = "en"
# K: main languages after English among women of each category; Census 2021, the rest speak English.
LANGUAGES = MappingProxyType(
    {
        "C": {"pl": 0.35, "ro": 0.20, "lt": 0.05},
        "H": {"gu": 0.22, "pa": 0.10, "hi": 0.04},
        "J": {"ur": 0.22, "pa": 0.10},
        "K": {"bn": 0.32},
        "L": {"ta": 0.15, "fa": 0.10},
        "N": {"so": 0.28, "fr": 0.06, "pt": 0.04},
        "P": {"so": 0.10},
        "R": {"zh": 0.35},
        "S": {"ar": 0.30, "ku": 0.10},
    }
)
LANGUAGE_CODES = (ENGLISH, *sorted({code for shares in LANGUAGES.values() for code in shares}))


def build_mothers(
    random: np.random.Generator,
    scenario: Scenario,
    areas: Table,
    postcodes: Table,
    birth_dates: Days,
    nhs_numbers: Texts,
) -> Table:
    """One mother a birth. birth_dates: day on which each gives birth, shape (births,)."""
    births = len(birth_dates)
    area = choose(random, birth_weights(areas), births)
    decile = np.asarray(areas["decile"][area], dtype=np.int64)
    ethnic_position = choose_by_row(random, _ethnic_weights(scenario), decile - 1)
    language = _languages(random, ethnic_position)
    ethnic_category = np.array(ETHNIC_CATEGORIES.names)[ethnic_position]
    return table_of(
        MOTHER,
        {
            "nhs_number": nhs_numbers,
            "family_name": draw_names(random, births),
            "given_name": draw_names(random, births),
            "birth_date": _mother_birth_dates(random, decile, birth_dates),
            "ethnic_category": ethnic_category,
            "recorded_ethnic_category": _recorded_ethnicity(random, scenario, ethnic_category),
            "language": language,
            "interpreter_required": _interpreter_answers(random, language),
            "area": area,
            "postcode": _recorded_postcodes(random, area, postcodes),
        },
    )


def ethnic_groups_of(categories: Texts) -> Texts:
    """Ethnic group of each category; a category that says nothing is unknown."""
    distinct, position = np.unique(categories, return_inverse=True)
    groups = np.array([ETHNIC_GROUP_OF.get(category, "unknown") for category in distinct.tolist()], dtype="U7")
    return np.asarray(groups[position])


def speaks_other_language(language: Texts) -> Flags:
    """Whether each woman is known to speak another language than English."""
    return np.asarray((language != ENGLISH) & (language != ABSENT_TEXT))


def _ethnic_weights(scenario: Scenario) -> Floats:
    """Weight of each category in each decile, shape (10, categories)."""
    groups = [ETHNIC_GROUP_OF[category] for category in ETHNIC_CATEGORIES.names]
    shares = np.array([scenario.ethnic_shares.get(group, 1.0) for group in groups])
    tilts = np.array([ETHNIC_TILT[ETHNIC_GROUP_OF[category]] for category in ETHNIC_CATEGORIES.names])
    towards_deprived = (10 - np.arange(1, 11)[:, None]) / 9.0 - 0.5
    return np.asarray(np.array(ETHNIC_CATEGORIES.weights) * shares * tilts**towards_deprived)


def _mother_birth_dates(random: np.random.Generator, decile: Integers, birth_dates: Days) -> Days:
    lowest = np.array([int(band.split("-")[0]) for band in MOTHER_AGE_BANDS.names])
    highest = np.array([int(band.split("-")[1]) for band in MOTHER_AGE_BANDS.names])
    younger = np.arange(len(lowest))[::-1] - (len(lowest) - 1) / 2
    towards_deprived = (10 - np.arange(1, 11)[:, None]) / 9.0 - 0.5
    weights = np.array(MOTHER_AGE_BANDS.weights) * np.exp(YOUNGER_TILT * younger * towards_deprived)
    band = choose_by_row(random, weights, decile - 1)
    years = lowest[band] + random.random(len(band)) * (highest[band] + 1 - lowest[band])
    # A day less than the band holds, so that rounding to days never makes anyone a year older than it.
    age_days = np.minimum(np.ceil(years * DAYS_IN_YEAR), np.floor((highest[band] + 1) * DAYS_IN_YEAR) - 1)
    return np.asarray(birth_dates - age_days.astype("m8[D]"))


def _languages(random: np.random.Generator, ethnic_position: Integers) -> Texts:
    weights = np.zeros((len(ETHNIC_CATEGORIES.names), len(LANGUAGE_CODES)))
    for row, category in enumerate(ETHNIC_CATEGORIES.names):
        for code, share in LANGUAGES.get(category, {}).items():
            weights[row, LANGUAGE_CODES.index(code)] = share
    weights[:, 0] = 1.0 - weights.sum(axis=1)
    spoken = np.array(LANGUAGE_CODES)[choose_by_row(random, weights, ethnic_position)]
    is_absent = happens_among(random, LANGUAGE_ABSENT.value, len(spoken))
    return np.where(is_absent, ABSENT_TEXT, spoken)


def _interpreter_answers(random: np.random.Generator, language: Texts) -> Integers:
    """1 where an interpreter is needed, 0 where not, -1 where nobody wrote it down."""
    speaks_other = speaks_other_language(language)
    needed = speaks_other & happens_among(random, INTERPRETER_AMONG_OTHER_LANGUAGES.value, len(language))
    is_absent = speaks_other & happens_among(random, INTERPRETER_NEED_ABSENT.value, len(language))
    return np.where(is_absent, ABSENT_NUMBER, needed.astype(np.int64))


def _recorded_ethnicity(random: np.random.Generator, scenario: Scenario, categories: Texts) -> Texts:
    """The category, or one of three ways of not knowing it, likelier in some groups when the scenario says so."""
    gaps = (ETHNICITY_NOT_STATED.value, ETHNICITY_NOT_KNOWN.value, ETHNICITY_ABSENT.value)
    groups = ethnic_groups_of(categories)
    odds = np.ones(len(categories))
    for group, value in scenario.missing_ethnicity.items():
        odds = np.where(groups == group, value, odds)
    is_missing = happens(random, calibrated(sum(gaps), np.log(odds)))
    said_instead = np.array((NOT_STATED, NOT_KNOWN, ABSENT_TEXT))[choose(random, gaps, len(categories))]
    return np.where(is_missing, said_instead, categories)


def _recorded_postcodes(random: np.random.Generator, area: Integers, postcodes: Table) -> Texts:
    per_area = len(postcodes) // (int(postcodes["area"][-1]) + 1)
    home = postcodes["postcode"][area * per_area + random.integers(0, per_area, len(area))]
    gaps = (POSTCODE_ABSENT.value, POSTCODE_PSEUDO.value)
    kind = choose(random, (1 - sum(gaps), *gaps), len(area))
    return np.select([kind == 1, kind == 2], [ABSENT_TEXT, PSEUDO_POSTCODE], default=home)
