"""What happens at birth: gestation and outcome first, then the delivery, then each baby."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Flags, Floats, Integers, Texts, choose, happens, happens_among
from synthetic_bundles.effects import Traits, probability
from synthetic_bundles.figures import (
    PRETERM_SINGLETON,
    PRETERM_STILLBIRTH,
    PRETERM_TWIN,
    PRETERM_WEEKS,
    STILLBIRTH,
    STILLBIRTH_KINDS,
    STILLBIRTH_TWIN_ODDS,
    TERM_WEEKS,
    TERM_WEEKS_TWIN,
    TERMINATION_FROM_24_WEEKS,
    Shares,
)
from synthetic_bundles.figures_of_care import LATE_FETAL_LOSS, LOSS_CONFIRMED_EARLIER
from synthetic_bundles.scenario import Measure, Scenario
from synthetic_bundles.tables import ABSENT_NUMBER
from synthetic_bundles.vocabulary import EARLIEST_LIVE_DAYS, LIVE, STILLBORN, TERMINATED, VIABLE_DAYS

ANTEPARTUM = "02"  # how a late fetal loss is coded, too: its gestation tells it apart
LONGEST_GESTATION_DAYS = 7 * max(int(week) for week in TERM_WEEKS.names) + 6


@dataclass(frozen=True, slots=True)
class Endings:
    """How pregnancies end. gestation_days: shape (pregnancies,). The rest: shape (babies,), neighbours are twins."""

    gestation_days: Integers
    pregnancy: Integers  # of each baby
    birth_order: Integers
    outcome: Texts
    death_confirmed_gestation_days: Integers  # -1 for all but late fetal losses


@dataclass(frozen=True, slots=True)
class LateLosses:
    """One row a pregnancy: whether it is lost at 22 or 23 weeks, and when death was confirmed and the baby born."""

    is_lost: Flags
    confirmed_days: Integers
    birth_days: Integers


def draw_endings(random: np.random.Generator, scenario: Scenario, traits: Traits, fetuses: Integers) -> Endings:
    """Gestation at birth of each pregnancy and outcome of each baby. fetuses: shape (pregnancies,)."""
    pregnancy = np.repeat(np.arange(len(fetuses)), fetuses)
    first_baby = np.cumsum(fetuses) - fetuses
    outcome = _outcomes(random, scenario, traits.at(pregnancy), is_twin=fetuses[pregnancy] > 1)
    losses = _draw_late_losses(random, is_twin=fetuses > 1)
    outcome = np.where(losses.is_lost[pregnancy], ANTEPARTUM, outcome)
    is_lost = np.bincount(pregnancy, weights=outcome != LIVE, minlength=len(fetuses)) > 0
    days = _gestation_days(random, scenario, traits, is_twin=fetuses > 1, is_lost=is_lost)
    return Endings(
        gestation_days=np.where(losses.is_lost, losses.birth_days, days),
        pregnancy=pregnancy,
        birth_order=np.arange(len(pregnancy)) - first_baby[pregnancy] + 1,
        outcome=outcome,
        death_confirmed_gestation_days=losses.confirmed_days[pregnancy],
    )


def _draw_late_losses(random: np.random.Generator, *, is_twin: Flags) -> LateLosses:
    """Losses at 22 and 23 weeks, some of them known then and delivered later. All shapes (pregnancies,)."""
    rows = len(is_twin)
    is_lost = ~is_twin & happens_among(random, LATE_FETAL_LOSS.value, rows)
    confirmed = random.integers(EARLIEST_LIVE_DAYS, VIABLE_DAYS, rows)
    waits = happens_among(random, LOSS_CONFIRMED_EARLIER.value, rows)
    later = VIABLE_DAYS + random.integers(0, 10, rows)
    return LateLosses(
        is_lost=is_lost,
        confirmed_days=np.where(is_lost, confirmed, ABSENT_NUMBER),
        birth_days=np.where(waits, later, confirmed),
    )


def _outcomes(random: np.random.Generator, scenario: Scenario, traits: Traits, *, is_twin: Flags) -> Texts:
    twin_log_odds = np.where(is_twin, np.log(STILLBIRTH_TWIN_ODDS.value), 0.0)
    chance = probability(scenario, Measure.STILLBIRTH, traits, mean=STILLBIRTH.value, besides=twin_log_odds)
    is_stillborn = happens(random, chance)
    is_terminated = ~is_twin & happens_among(random, TERMINATION_FROM_24_WEEKS.value, len(is_twin))
    kind = np.array(STILLBORN)[choose(random, STILLBIRTH_KINDS.weights, len(is_twin))]
    return np.select([is_stillborn, is_terminated], [kind, TERMINATED], default=LIVE)


def _gestation_days(
    random: np.random.Generator, scenario: Scenario, traits: Traits, *, is_twin: Flags, is_lost: Flags
) -> Integers:
    chance = np.select(
        [is_lost, is_twin],
        [PRETERM_STILLBIRTH.value, PRETERM_TWIN.value],
        default=_singleton_preterm_chance(scenario, traits, is_compared=~is_lost & ~is_twin),
    )
    is_preterm = happens(random, chance)
    term = np.where(is_twin, _weeks(random, TERM_WEEKS_TWIN, is_twin.size), _weeks(random, TERM_WEEKS, is_twin.size))
    weeks = np.where(is_preterm, _weeks(random, PRETERM_WEEKS, is_twin.size), term)
    days = weeks * 7 + random.integers(0, 7, is_twin.size)
    # A loss before 24+0 is no stillbirth; the late fetal losses are drawn apart.
    return np.where(is_lost, np.maximum(days, VIABLE_DAYS), days)


def _singleton_preterm_chance(scenario: Scenario, traits: Traits, *, is_compared: Flags) -> Floats:
    """Chance among live singletons, whose mean is the published one; the others' values are not used."""
    rows = np.flatnonzero(is_compared)
    chance = np.zeros(is_compared.shape)
    chance[rows] = probability(scenario, Measure.PRETERM, traits.at(rows), mean=PRETERM_SINGLETON.value)
    return chance


def _weeks(random: np.random.Generator, shares: Shares, rows: int) -> Integers:
    weeks = np.array([int(week) for week in shares.names])
    return np.asarray(weeks[choose(random, shares.weights, rows)])
