"""The babies: one row each, twins side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Flags, Floats, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Places, Traits, in_surroundings, probability
from synthetic_bundles.endings import Endings
from synthetic_bundles.figures import (
    APGAR_ABSENT,
    APGAR_AT_5_MINUTES,
    BABY_ETHNICITY_AS_MOTHER,
    BOYS,
    BREAST_MILK_FIRST,
    DONOR_MILK_BEFORE_32_WEEKS,
    DONOR_MILK_FROM_32_WEEKS,
    ETHNIC_CATEGORIES,
    FIRST_FEED_ABSENT,
    HOME_BIRTH,
    NEONATAL_DEATH_BY_WEEKS,
    SKIN_TO_SKIN,
    WEIGHT_MEDIAN_G_BY_WEEK,
    WEIGHT_RATIO_ASIAN,
    WEIGHT_RATIO_TWIN,
    WEIGHT_SPREAD_LOG,
)
from synthetic_bundles.figures_of_care import ALONGSIDE_UNIT, BORN_BEFORE_ARRIVAL, PLACE_OF_BIRTH_ABSENT
from synthetic_bundles.london_time import Minutes, skip_missing_hour
from synthetic_bundles.organisations import MIDWIFE_LED_SITE
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, BABY, Table, table_of
from synthetic_bundles.vocabulary import BREECH, CAESAREAN, LIVE

LIGHTEST_G, HEAVIEST_G = 250, 6500
NEONATAL_MINUTES = 28 * 24 * 60  # a death is neonatal before 28 completed days
BREECH_AMONG_CAESAREANS = 0.12  # K
MATERNAL, DONOR, NOT_BREAST_MILK = "01", "02", "03"
CEPHALIC_PRESENTATION, BREECH_PRESENTATION = "01", "02"
OBSTETRIC_UNIT, ALONGSIDE, FREESTANDING_UNIT, HOME = "01", "02", "03", "04"
BEFORE_ARRIVAL = ("09", "11", "12")
NUMBER_VERIFIED, TRACE_POSTPONED = "01", "08"
TRACE_POSTPONED_SHARE = 0.12  # K: babies under six weeks whose number is not traced yet


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What each baby is born into, one row a baby."""

    birth_datetime: Minutes
    gestation_days: Integers
    method: Integers
    provider: Texts
    site: Texts
    is_twin: Flags


def build_babies(
    random: np.random.Generator,
    scenario: Scenario,
    *,
    traits: Traits,
    deliveries: Table,
    endings: Endings,
    mother_ethnicity: Texts,
    nhs_numbers: Texts,
    end_of_world: np.datetime64,
) -> Table:
    """Every baby. traits: of the babies' mothers, one row a baby. end_of_world: no baby is born from then on."""
    born_into = _surroundings(random, deliveries, endings, end_of_world)
    babies = len(endings.pregnancy)
    is_live = endings.outcome == LIVE
    place = _places(random, born_into)
    return table_of(
        BABY,
        {
            "delivery": endings.pregnancy,
            "mother": endings.pregnancy,
            "nhs_number": nhs_numbers,
            "nhs_number_status": _number_statuses(random, nhs_numbers),
            "birth_order": endings.birth_order,
            "birth_datetime": born_into.birth_datetime,
            "death_datetime": _deaths(random, born_into, is_live),
            "sex": np.where(happens_among(random, BOYS.value, babies), "1", "2"),
            "ethnic_category": _ethnicity(random, mother_ethnicity),
            "outcome": endings.outcome,
            "gestation_days": born_into.gestation_days,
            "birth_weight_g": _weights_g(random, born_into, traits),
            "apgar_5": _apgar_at_5_minutes(random, is_live),
            "first_feed": _first_feeds(random, scenario, traits, born_into, is_live),
            "presentation": _presentations(random, born_into.method),
            "place_of_birth": place,
            "skin_to_skin": _skin_to_skin(random, is_live),
        },
    )


def recorded_after_death(deliveries: Table, babies: Table) -> Minutes:
    """When each delivery was recorded, moved to a day after the last death that its record tells of."""
    died = np.flatnonzero(~np.isnat(babies["death_datetime"]))
    recorded = deliveries["recorded_datetime"].copy()
    delivery = babies["delivery"][died]
    np.maximum.at(recorded, delivery, babies["death_datetime"][died] + np.timedelta64(1, "D").astype("m8[m]"))
    return np.asarray(skip_missing_hour(recorded))


def _number_statuses(random: np.random.Generator, nhs_numbers: Texts) -> Texts:
    is_postponed = happens_among(random, TRACE_POSTPONED_SHARE, len(nhs_numbers))
    status = np.where(is_postponed, TRACE_POSTPONED, NUMBER_VERIFIED)
    return np.where(nhs_numbers == ABSENT_TEXT, ABSENT_TEXT, status)


def _surroundings(
    random: np.random.Generator, deliveries: Table, endings: Endings, end_of_world: np.datetime64
) -> Surroundings:
    delivery = deliveries[endings.pregnancy]
    wait = (endings.birth_order - 1) * random.integers(5, 31, len(delivery))
    birth_datetime = np.minimum(
        delivery["birth_datetime"] + wait.astype("m8[m]"), end_of_world - np.timedelta64(1, "m")
    )
    return Surroundings(
        birth_datetime=skip_missing_hour(birth_datetime),
        gestation_days=delivery["gestation_days"].astype(np.int64),
        method=delivery["method"].astype(np.int64),
        provider=delivery["provider"],
        site=delivery["site"],
        is_twin=delivery["babies"] > 1,
    )


def _weights_g(random: np.random.Generator, born_into: Surroundings, traits: Traits) -> Integers:
    weeks = [float(week) for week in WEIGHT_MEDIAN_G_BY_WEEK.names]
    median = np.interp(born_into.gestation_days / 7, weeks, WEIGHT_MEDIAN_G_BY_WEEK.weights)
    median = np.where(traits.ethnic_group == "asian", median * WEIGHT_RATIO_ASIAN.value, median)
    median = np.where(born_into.is_twin, median * WEIGHT_RATIO_TWIN.value, median)
    spread = np.exp(random.normal(0.0, WEIGHT_SPREAD_LOG.value, len(median)))
    return np.clip(np.round(median * spread), LIGHTEST_G, HEAVIEST_G).astype(np.int64)


def _first_feeds(
    random: np.random.Generator, scenario: Scenario, traits: Traits, born_into: Surroundings, is_live: Flags
) -> Texts:
    mean = BREAST_MILK_FIRST.value
    chance = probability(scenario, Measure.BREAST_MILK_FIRST, traits, mean=mean)
    places = Places(born_into.provider, born_into.site, born_into.birth_datetime)
    chance = in_surroundings(random, scenario, Measure.BREAST_MILK_FIRST, chance, places)
    is_early = born_into.gestation_days < 32 * 7
    is_donor = happens(random, _donor_milk_chance(is_early))
    breast_milk = np.where(is_donor, DONOR, MATERNAL)
    feed = np.where(happens(random, chance), breast_milk, NOT_BREAST_MILK)
    is_absent = ~is_live | happens_among(random, FIRST_FEED_ABSENT.value, len(feed))
    return np.where(is_absent, ABSENT_TEXT, feed)


def _donor_milk_chance(is_early: Flags) -> Floats:
    return np.where(is_early, DONOR_MILK_BEFORE_32_WEEKS.value, DONOR_MILK_FROM_32_WEEKS.value)


def _deaths(random: np.random.Generator, born_into: Surroundings, is_live: Flags) -> Minutes:
    """Time of each neonatal death; absent for the others, stillborn babies among them."""
    weeks = born_into.gestation_days // 7
    spans = [span.split("-") for span in NEONATAL_DEATH_BY_WEEKS.names]
    conditions = [(weeks >= int(first)) & (weeks <= int(last)) for first, last in spans]
    chances = [np.asarray(share) for share in NEONATAL_DEATH_BY_WEEKS.weights]
    dies = is_live & happens(random, np.select(conditions, chances, default=0.0))
    # K: most neonatal deaths come in the first days, so the square of an even draw.
    age = (random.random(len(dies)) ** 2 * (NEONATAL_MINUTES - 120)).astype("m8[m]")
    time = skip_missing_hour(born_into.birth_datetime + age)
    return np.where(dies, time, np.datetime64("NaT", "m"))


def _ethnicity(random: np.random.Generator, mother_ethnicity: Texts) -> Texts:
    babies = len(mother_ethnicity)
    other = np.array(ETHNIC_CATEGORIES.names)[choose(random, ETHNIC_CATEGORIES.weights, babies)]
    is_same = happens_among(random, BABY_ETHNICITY_AS_MOTHER.value, babies)
    return np.where(is_same, mother_ethnicity, other)


def _apgar_at_5_minutes(random: np.random.Generator, is_live: Flags) -> Integers:
    scores = np.array([int(score) for score in APGAR_AT_5_MINUTES.names])
    score = scores[choose(random, APGAR_AT_5_MINUTES.weights, len(is_live))]
    is_absent = ~is_live | happens_among(random, APGAR_ABSENT.value, len(is_live))
    return np.where(is_absent, ABSENT_NUMBER, score)


def _presentations(random: np.random.Generator, method: Integers) -> Texts:
    is_breech_section = np.isin(method, CAESAREAN) & happens_among(random, BREECH_AMONG_CAESAREANS, len(method))
    return np.where(is_breech_section | (method == BREECH), BREECH_PRESENTATION, CEPHALIC_PRESENTATION)


def _places(random: np.random.Generator, born_into: Surroundings) -> Texts:
    can_be_home = (born_into.method == 0) & (born_into.gestation_days >= 37 * 7) & ~born_into.is_twin
    is_home = can_be_home & happens_among(random, HOME_BIRTH.value, len(can_be_home))
    rows = len(can_be_home)
    is_on_the_way = (born_into.method == 0) & happens_among(random, BORN_BEFORE_ARRIVAL.value, rows)
    is_alongside = can_be_home & happens_among(random, ALONGSIDE_UNIT.value, rows)
    is_absent = happens_among(random, PLACE_OF_BIRTH_ABSENT.value, rows)
    on_the_way = random.choice(np.array(BEFORE_ARRIVAL), rows)
    return np.select(
        [is_absent, is_on_the_way, born_into.site == MIDWIFE_LED_SITE, is_home, is_alongside],
        [ABSENT_TEXT, on_the_way, FREESTANDING_UNIT, HOME, ALONGSIDE],
        default=OBSTETRIC_UNIT,
    )


def _skin_to_skin(random: np.random.Generator, is_live: Flags) -> Texts:
    answer = np.where(happens_among(random, SKIN_TO_SKIN.value, len(is_live)), "Y", "N")
    return np.where(is_live, answer, ABSENT_TEXT)
