"""Chances of events, with the effects of a scenario on them: who the woman is, where she is and when."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from synthetic_bundles.chance import Flags, Floats, Integers, Texts, calibrated, logistic
from synthetic_bundles.london_time import Minutes
from synthetic_bundles.scenario import Measure, Scenario

LEAST_DEPRIVED_QUINTILE = 5


@dataclass(frozen=True, slots=True)
class Traits:
    """What the effects of a scenario look at, one row a pregnancy, as it is and not as it was recorded."""

    quintile: Integers  # 1 most deprived
    ethnic_group: Texts
    speaks_other_language: Flags  # than English

    def at(self, rows: Integers) -> Traits:
        """The traits of these pregnancies, in this order."""
        return Traits(self.quintile[rows], self.ethnic_group[rows], self.speaks_other_language[rows])


@dataclass(frozen=True, slots=True)
class Places:
    """Where and when events happen, one row an event."""

    provider: Texts
    site: Texts
    at: Minutes


def log_odds(scenario: Scenario, measure: Measure, traits: Traits) -> Floats:
    """Log-odds of the event against a White woman of the least deprived quintile, shape as the traits."""
    quintiles_below = LEAST_DEPRIVED_QUINTILE - traits.quintile
    result = quintiles_below * np.log(scenario.odds_per_quintile.get(measure, 1.0))
    for group, odds in scenario.odds_by_ethnicity.get(measure, {}).items():
        result = result + np.where(traits.ethnic_group == group, np.log(odds), 0.0)
    language_odds = scenario.odds_by_language.get(measure, 1.0)
    result = result + np.where(traits.speaks_other_language, np.log(language_odds), 0.0)
    return np.asarray(result, dtype=np.float64)


def probability(
    scenario: Scenario, measure: Measure, traits: Traits, *, mean: float, besides: Floats | float = 0.0
) -> Floats:
    """Chance of the event in each row, with this mean over all rows.

    besides: further log-odds, of causes that no scenario changes.
    """
    return calibrated(mean, log_odds(scenario, measure, traits) + besides)


def in_surroundings(
    random: np.random.Generator, scenario: Scenario, measure: Measure, chance: Floats, places: Places
) -> Floats:
    """The chances after the scenario's seasons, spread between sites and months, and steps."""
    shift = _season_shift(scenario, measure, places.at) + _spread_shift(random, scenario, measure, places)
    return _with_steps(scenario, measure, shifted(chance, shift), places)


def shifted(chance: Floats, log_odds_shift: Floats) -> Floats:
    """The chances with their log-odds moved by so much; where nothing moves they stay as they are."""
    inside = np.clip(chance, 1e-12, 1 - 1e-12)
    moved = logistic(np.log(inside / (1 - inside)) + log_odds_shift)
    return np.where(log_odds_shift == 0.0, chance, moved)


def _season_shift(scenario: Scenario, measure: Measure, at: Minutes) -> Floats:
    """Log-odds of a cosine over the months of the year: half the injected ratio above and below the middle."""
    month = at.astype("M8[M]").astype(np.int64) % 12 + 1
    shift = np.zeros(len(at))
    for season in scenario.seasons:
        if season.measure is measure:
            half = np.log(season.odds_peak_to_trough) / 2
            shift = shift + half * np.cos(2 * np.pi * (month - season.peak_month) / 12)
    return np.asarray(shift)


def _spread_shift(random: np.random.Generator, scenario: Scenario, measure: Measure, places: Places) -> Floats:
    """One normal draw a site and month, so that its births vary together."""
    spread = scenario.site_spread.get(measure, 0.0)
    sites = np.unique(places.site, return_inverse=True)[1]
    months = places.at.astype("M8[M]").astype(np.int64)
    months = months - months.min(initial=0)
    cells = np.unique(sites * (months.max(initial=0) + 1) + months, return_inverse=True)[1]
    drawn = random.normal(0.0, 1.0, int(cells.max(initial=0)) + 1) * spread
    if scenario.spread_seed is None or spread == 0.0:
        return np.asarray(drawn[cells])
    return _common_shocks(scenario.spread_seed, measure, places) * spread


def _common_shocks(seed: int, measure: Measure, places: Places) -> Floats:
    """A standard normal of each site and month that depends on them alone."""
    keys = np.char.add(places.site, places.at.astype("M8[M]").astype("U7"))
    names, position = np.unique(keys, return_inverse=True)
    seeds = ([seed, crc32(f"{measure}|{name}".encode())] for name in names.tolist())
    return np.asarray(np.array([np.random.default_rng(each).normal() for each in seeds])[position])


def _with_steps(scenario: Scenario, measure: Measure, chance: Floats, places: Places) -> Floats:
    """The chances after the scenario's steps, kept within 0 and 1."""
    for step in scenario.steps:
        if step.measure is measure:
            is_touched = (places.provider == step.provider) & (places.at >= np.datetime64(step.from_month, "m"))
            chance = np.where(is_touched, np.clip(chance + step.percentage_points / 100, 0.0, 1.0), chance)
    return chance
