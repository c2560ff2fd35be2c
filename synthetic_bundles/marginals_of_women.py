"""Panels of the women of a world: who they are, where they live and what was found at booking."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import erf, log, sqrt
from types import MappingProxyType

import numpy as np

from synthetic_bundles.areas import COUNTRIES
from synthetic_bundles.chance import Texts
from synthetic_bundles.effects import probability
from synthetic_bundles.expectations import traits_of
from synthetic_bundles.figures import (
    AREAS_BY_DECILE,
    BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED,
    BMI_MEDIAN,
    BMI_SPREAD_LOG,
    BOOKING_DAYS_MEAN_AFTER_42,
    ETHNIC_CATEGORIES,
    ETHNICITY_ABSENT,
    ETHNICITY_NOT_KNOWN,
    ETHNICITY_NOT_STATED,
    INTERPRETER_AMONG_OTHER_LANGUAGES,
    LANGUAGE_ABSENT,
    MOTHER_AGE_BANDS,
    PREVIOUS_CAESAREAN_AMONG_PAROUS,
    PREVIOUS_LIVE_BIRTHS,
    SMOKING_AT_BOOKING,
    Figure,
)
from synthetic_bundles.figures_of_care import LATE_BOOKING
from synthetic_bundles.marginals import (
    Comparison,
    Origin,
    Panel,
    Unit,
    divided,
    drawn,
    expected,
    share,
)
from synthetic_bundles.mothers import ENGLISH, LANGUAGES, speaks_other_language
from synthetic_bundles.pregnancies import LATE_BOOKING_DAYS
from synthetic_bundles.scenario import Measure
from synthetic_bundles.strata import completed_years
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, World
from synthetic_bundles.vocabulary import NON_SMOKER, NOT_KNOWN, NOT_STATED, SMOKER

OBESE_BMI = 30.0
BMI_BOUNDS = (18.5, 25.0, 30.0, 35.0, 40.0)
ETHNIC_NAMES = MappingProxyType(  # NHS Data Dictionary, ethnic category 2001
    {"A": "British", "B": "Irish", "C": "other White", "D": "White and Black Caribbean"}
    | {"E": "White and Black African", "F": "White and Asian", "G": "other Mixed", "H": "Indian", "J": "Pakistani"}
    | {"K": "Bangladeshi", "L": "other Asian", "M": "Caribbean", "N": "African", "P": "other Black", "R": "Chinese"}
    | {"S": "any other"}
)
QUARTER_OBESE, TWO_THIRDS_EARLY = 0.25, 2 / 3  # what the figures of BMI and of booking were fitted to
EARLY_BOOKING_DAYS = 70  # 10+0
MAIN_LANGUAGES = Figure(0.0, "Census 2021, main languages after English, rounded")


def panels_of_women(plain: World, gradients: World) -> list[Panel]:
    """Panels in order of page. plain: a world without gaps. gradients: one with those of the llr scenario."""
    mothers = plain.mothers[: plain.births]
    bookings = plain.bookings[: plain.births]
    name = plain.scenario.name
    return [
        _ethnicity(mothers, name),
        _recorded_ethnicity(mothers, name),
        _deciles(plain, mothers, name),
        _ages(plain, mothers, name),
        _previous_births(plain, name),
        _body_mass(bookings, name),
        _booking(bookings, name),
        _smoking(gradients),
        _languages(mothers, name),
    ]


def _ethnicity(mothers: Table, scenario: str) -> Panel:
    found = divided(mothers["ethnic_category"].tolist(), ETHNIC_CATEGORIES, origin=Origin.CONDITIONAL)
    rows = tuple(replace(row, label=f"{row.label} {ETHNIC_NAMES[row.label]}") for row in found)
    return Panel(
        "ethnicity",
        "Ethnic category of the mother",
        "Share of the women who give birth, %, logarithmic",
        Unit.PER_CENT,
        scenario,
        rows,
        "The shares are those of an area in the middle of the scale of deprivation; where people live depends on their"
        " ethnicity, and more areas of the system lie on the less deprived side.",
        is_logarithmic=True,
    )


def _recorded_ethnicity(mothers: Table, scenario: str) -> Panel:
    recorded = mothers["recorded_ethnic_category"]
    rows = (
        drawn("not stated", recorded == NOT_STATED, ETHNICITY_NOT_STATED),
        drawn("not known", recorded == NOT_KNOWN, ETHNICITY_NOT_KNOWN),
        drawn("absent", recorded == ABSENT_TEXT, ETHNICITY_ABSENT),
    )
    title = "Ethnic category that was not recorded"
    return Panel("recorded_ethnicity", title, "Share of the women who give birth, %", Unit.PER_CENT, scenario, rows)


def _deciles(world: World, mothers: Table, scenario: str) -> Panel:
    most = BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED.value
    areas = COUNTRIES["llr"].areas_by_decile.shares
    births = {name: count * most ** ((10 - int(name)) / 9) for name, count in areas.items()}
    total = sum(births.values())
    lives_in = world.areas["decile"][mothers["area"]]
    rows = tuple(
        share(f"decile {name}", lives_in == int(name), AREAS_BY_DECILE, expected_births / total)
        for name, expected_births in births.items()
    )
    return Panel(
        "deprivation",
        "Deprivation decile of the mother's home, 1 most deprived",
        "Share of the women who give birth, %",
        Unit.PER_CENT,
        scenario,
        rows,
        f"Figure: the small areas of each decile, times {most:g} births in an area of decile 1 for each in decile 10"
        f" ({BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED.source}, confidence"
        f" {BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED.confidence}).",
    )


def _ages(world: World, mothers: Table, scenario: str) -> Panel:
    years = completed_years(mothers["birth_date"], world.deliveries["birth_datetime"].astype("M8[D]"))
    starts = [int(band.split("-")[0]) for band in MOTHER_AGE_BANDS.names]
    bands = np.array(MOTHER_AGE_BANDS.names)[np.searchsorted(starts, years, side="right") - 1]
    return Panel(
        "age",
        "Age of the mother at birth",
        "Share of the women who give birth, %",
        Unit.PER_CENT,
        scenario,
        divided(bands.tolist(), MOTHER_AGE_BANDS, prefix="age ", origin=Origin.CONDITIONAL),
        "The shares are those of an area in the middle of the scale of deprivation; mothers are younger where it is"
        " more deprived.",
    )


def _previous_births(world: World, scenario: str) -> Panel:
    pregnancies = world.pregnancies[: world.births]
    previous = pregnancies["previous_live_births"]
    counts = divided(
        previous.astype("U2").tolist(), PREVIOUS_LIVE_BIRTHS, prefix="live births before: ", origin=Origin.CONDITIONAL
    )
    caesarean = drawn(
        "caesarean before, of those who gave birth",
        pregnancies["previous_caesareans"][previous > 0] > 0,
        PREVIOUS_CAESAREAN_AMONG_PAROUS,
    )
    return Panel(
        "parity",
        "Births before this one",
        "Share of the women who give birth, %",
        Unit.PER_CENT,
        scenario,
        (*counts, caesarean),
        "Most mothers under 20 give birth for the first time, which adds to the first share.",
    )


def _body_mass(bookings: Table, scenario: str) -> Panel:
    bmi = bookings["bmi"]
    bounds = (0.0, *BMI_BOUNDS, np.inf)
    bands = [
        share(_band_name(least, beyond), (bmi >= least) & (bmi < beyond), BMI_MEDIAN, _bmi_share(least, beyond))
        for least, beyond in pairwise(bounds)
    ]
    obese = share("30 and more", bmi >= OBESE_BMI, BMI_SPREAD_LOG, QUARTER_OBESE, origin=Origin.FITTED)
    return Panel(
        "body_mass",
        "Body mass index at booking",
        "Share of the bookings, %",
        Unit.PER_CENT,
        scenario,
        (*bands, obese),
        f"Figure of a band: what a log-normal distribution with a median of {BMI_MEDIAN.value:g} kg/m² and a spread"
        f" of the logarithm of {BMI_SPREAD_LOG.value:g} has there. It was fitted to the quarter in the last row.",
    )


def _band_name(least: float, beyond: float) -> str:
    if least == 0:
        return f"below {beyond:g}"
    return f"{least:g} and above" if beyond == np.inf else f"{least:g} to {beyond:g}"


def _bmi_share(least: float, beyond: float) -> float:
    return _bmi_below(beyond) - _bmi_below(least)


def _bmi_below(bound: float) -> float:
    """Share below a bound once an index is rounded to one decimal."""
    if bound <= 0 or bound == np.inf:
        return float(bound > 0)
    return 0.5 + 0.5 * erf(log((bound - 0.05) / BMI_MEDIAN.value) / BMI_SPREAD_LOG.value / sqrt(2))


def _booking(bookings: Table, scenario: str) -> Panel:
    days = bookings["gestation_days"]
    early = days <= EARLY_BOOKING_DAYS
    rows = (
        share("by 10+0 weeks", early, BOOKING_DAYS_MEAN_AFTER_42, TWO_THIRDS_EARLY, origin=Origin.FITTED),
        drawn("after 12+6 weeks", days >= LATE_BOOKING_DAYS, LATE_BOOKING),
    )
    title = "Gestation at booking"
    return Panel("booking", title, "Share of the bookings, %", Unit.PER_CENT, scenario, rows)


def _smoking(world: World) -> Panel:
    mothers = world.mothers[: world.births]
    status = world.bookings["smoking_status"][: world.births]
    traits = traits_of(mothers, world.areas)
    chance = probability(world.scenario, Measure.SMOKING_AT_BOOKING, traits, mean=SMOKING_AT_BOOKING.value)
    known = np.isin(status, (SMOKER, NON_SMOKER))
    rows = [drawn("all", status[known] == SMOKER, SMOKING_AT_BOOKING)]
    for quintile in range(1, 6):
        of_quintile = traits.quintile == quintile
        smokes = status[known & of_quintile] == SMOKER
        rows.append(expected(f"quintile {quintile}", smokes, chance[of_quintile], SMOKING_AT_BOOKING))
    return Panel(
        "smoking",
        "Smoking at booking, by quintile of deprivation, 1 most deprived",
        "Smokers among the women whose status is recorded, %",
        Unit.PER_CENT,
        world.scenario.name,
        tuple(rows),
        "The share of all is published. The figure of a quintile is what that share and the odds ratios of the"
        " scenario, by quintile and ethnicity, make of its women.",
    )


def _languages(mothers: Table, scenario: str) -> Panel:
    language, answer = mothers["language"], mothers["interpreter_required"]
    is_asked = speaks_other_language(language) & (answer != ABSENT_NUMBER)
    rows = (
        drawn("language not recorded", language == ABSENT_TEXT, LANGUAGE_ABSENT),
        drawn("interpreter needed, of other languages", answer[is_asked] == 1, INTERPRETER_AMONG_OTHER_LANGUAGES),
        *(_other_language(mothers["ethnic_category"], language, category) for category in LANGUAGES),
    )
    return Panel("language", "Main language", "Share of the women, %", Unit.PER_CENT, scenario, rows)


def _other_language(categories: Texts, language: Texts, category: str) -> Comparison:
    of_category = language[(categories == category) & (language != ABSENT_TEXT)]
    published = sum(LANGUAGES[category].values())
    return share(f"not English: {category} {ETHNIC_NAMES[category]}", of_category != ENGLISH, MAIN_LANGUAGES, published)
