"""Chances of events, with the effects of a scenario on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic_bundles.chance import Floats, Integers, Texts, calibrated
from synthetic_bundles.london_time import Minutes
from synthetic_bundles.scenario import Measure, Scenario

LEAST_DEPRIVED_QUINTILE = 5


@dataclass(frozen=True, slots=True)
class Traits:
    """What the effects of a scenario look at, one row a pregnancy, as it is and not as it was recorded."""

    quintile: Integers  # 1 most deprived
    ethnic_group: Texts

    def at(self, rows: Integers) -> Traits:
        """The traits of these pregnancies, in this order."""
        return Traits(self.quintile[rows], self.ethnic_group[rows])


def log_odds(scenario: Scenario, measure: Measure, traits: Traits) -> Floats:
    """Log-odds of the event against a White woman of the least deprived quintile, shape as the traits."""
    quintiles_below = LEAST_DEPRIVED_QUINTILE - traits.quintile
    result = quintiles_below * np.log(scenario.odds_per_quintile.get(measure, 1.0))
    for group, odds in scenario.odds_by_ethnicity.get(measure, {}).items():
        result = result + np.where(traits.ethnic_group == group, np.log(odds), 0.0)
    return np.asarray(result, dtype=np.float64)


def probability(
    scenario: Scenario, measure: Measure, traits: Traits, *, mean: float, besides: Floats | float = 0.0
) -> Floats:
    """Chance of the event in each row, with this mean over all rows.

    besides: further log-odds, of causes that no scenario changes.
    """
    return calibrated(mean, log_odds(scenario, measure, traits) + besides)


def with_steps(scenario: Scenario, measure: Measure, chance: Floats, provider: Texts, at: Minutes) -> Floats:
    """The chances after the scenario's steps, kept within 0 and 1."""
    for step in scenario.steps:
        if step.measure is measure:
            is_touched = (provider == step.provider) & (at >= np.datetime64(step.from_month, "m"))
            chance = np.where(is_touched, np.clip(chance + step.percentage_points / 100, 0.0, 1.0), chance)
    return chance
