"""For each scenario, the injected effect is found again in the tables of truth alone, within a stated interval.

Intervals are three standard errors of the estimate at LARGE births, worked out from the counts themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest

from synthetic_bundles.indicators.catalogue import counts_of
from synthetic_bundles.scenario import load_scenario, scenario_names
from synthetic_bundles.tables import World
from synthetic_bundles.truth import arrivals
from synthetic_bundles.world import generate_world
from tests.synthetic.conftest import LARGE, LARGE_MONTHS

TruthOf = Callable[[str, str], pd.DataFrame]
COUNTS = ["denominator", "numerator"]
RECOVERED = {
    "no_gap",
    "deprivation_gradient",
    "ethnic_gap",
    "step_change_at_intervention",
    "seasonal",
    "overdispersed_sites",
    "small_numbers",
    "missing_ethnicity_not_at_random",
    "language_barrier",
    "late_arriving",
    "llr",
}


@cache
def large_world(scenario: str) -> World:
    return generate_world(births=LARGE, seed=5, scenario=load_scenario(scenario), months=LARGE_MONTHS)


@pytest.fixture(scope="module")
def truth_of_indicator() -> TruthOf:
    """The truth of one indicator in a world of LARGE births of one scenario, made once."""

    @cache
    def of(scenario: str, indicator: str) -> pd.DataFrame:
        return next(counts_of(large_world(scenario), (indicator,)))

    return of


def by_stratum(counts: pd.DataFrame, dimension: str) -> pd.DataFrame:
    return counts[counts["dimension"] == dimension].groupby("stratum")[COUNTS].sum()


def log_odds_ratio(table: pd.DataFrame, first: str, second: str) -> tuple[float, float]:
    """Crude log odds ratio of the first row against the second, with its standard error."""
    events = table["numerator"].to_dict()
    others = (table["denominator"] - table["numerator"]).to_dict()
    cells = (events[first], others[first], events[second], others[second])
    value = log(cells[0]) - log(cells[1]) - log(cells[2]) + log(cells[3])
    return value, sqrt(sum(1 / cell for cell in cells))


def test_an_effect_is_recovered_from_every_scenario() -> None:
    assert set(scenario_names()) == RECOVERED


@pytest.mark.parametrize(
    ("scenario", "indicator", "dimension", "group", "reference", "odds"),
    [
        ("no_gap", "BK03", "imd5", "1", "5", 1.0),
        ("no_gap", "BK07", "eth5", "black", "white", 1.0),
        ("no_gap", "BK08", "imd5", "1", "5", 1.0),
        ("deprivation_gradient", "BK03", "imd5", "1", "5", 1.45**4),
        ("deprivation_gradient", "BK03", "imd5", "2", "5", 1.45**3),
        ("ethnic_gap", "LB11", "eth5", "black", "white", 1.60),
        ("ethnic_gap", "BF01", "eth5", "asian", "white", 1.6),
        ("ethnic_gap", "BF01", "eth5", "black", "white", 2.4),
        ("small_numbers", "LB11", "eth5", "black", "white", 2.5),
        ("missing_ethnicity_not_at_random", "DQ01", "eth5_true", "black", "white", 1 / 4.0),
        ("missing_ethnicity_not_at_random", "DQ01", "eth5_true", "other", "white", 1 / 3.0),
        ("missing_ethnicity_not_at_random", "DQ01", "eth5_true", "asian", "white", 1 / 1.5),
        ("llr", "BK08", "imd5", "1", "5", 1.40**4),
        ("llr", "LB11", "eth5", "asian", "white", 1.25),
        ("llr", "MM01", "eth5", "black", "white", 1.8),
        ("llr", "PM05", "lang", "en", "pl", 1.0),
    ],
)
def test_an_injected_odds_ratio_is_found(
    truth_of_indicator: TruthOf,
    scenario: str,
    indicator: str,
    dimension: str,
    group: str,
    reference: str,
    odds: float,
) -> None:
    table = by_stratum(truth_of_indicator(scenario, indicator), dimension)
    value, error = log_odds_ratio(table, group, reference)
    assert value == pytest.approx(log(odds), abs=3 * error)


@pytest.mark.parametrize(("indicator", "odds"), [("BK02", 2.5), ("HV05", 0.6)])
def test_a_barrier_of_language_is_found(truth_of_indicator: TruthOf, indicator: str, odds: float) -> None:
    table = by_stratum(truth_of_indicator("language_barrier", indicator), "lang").drop("unknown")
    merged = table.groupby(np.where(table.index == "en", "en", "other")).sum()
    value, error = log_odds_ratio(merged, "other", "en")
    assert value == pytest.approx(log(odds), abs=3 * error)


@pytest.mark.parametrize(("provider", "points"), [("RSA", 0.08), ("RSB", 0.0)])
def test_the_injected_step_is_found_in_its_trust_alone(
    truth_of_indicator: TruthOf, provider: str, points: float
) -> None:
    counts = truth_of_indicator("step_change_at_intervention", "BF01")
    own = counts[(counts["dimension"] == "all") & (counts["provider"] == provider)]
    sides = own.groupby(own["month"] >= "2024-09")[COUNTS].sum()
    rate = sides["numerator"] / sides["denominator"]
    error = sqrt(float((rate * (1 - rate) / sides["denominator"]).sum()))
    assert rate[True] - rate[False] == pytest.approx(points, abs=3 * error)


def test_the_injected_season_is_found(truth_of_indicator: TruthOf) -> None:
    counts = truth_of_indicator("seasonal", "NN01")
    whole = counts[counts["dimension"] == "all"]
    month = whole["month"].str[5:].astype(int)
    by_month = whole.groupby(month)[COUNTS].sum()
    odds = np.log(by_month["numerator"] / (by_month["denominator"] - by_month["numerator"]))
    # The amplitude of the first harmonic is half the log odds ratio of peak to trough.
    amplitude = float((odds * np.cos(2 * np.pi * (by_month.index - 1) / 12)).sum() * 2 / 12)
    error = sqrt(2 / 12 * float((1 / by_month["numerator"]).mean()))
    assert 2 * amplitude == pytest.approx(log(2.0), abs=2 * 3 * error)


def site_months(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts by site and month of the sites that are large enough for a variance."""
    cells = counts[counts["dimension"] == "all"].groupby(["site", "month"])[COUNTS].sum()
    return cells[cells["denominator"] >= 40]


def excess_spread(cells: pd.DataFrame) -> float:
    """Standard deviation of the log-odds beyond chance, by moments."""
    total = cells.sum()
    rate = total["numerator"] / total["denominator"]
    expected = cells["denominator"] * rate * (1 - rate)
    chi_square = float((((cells["numerator"] - cells["denominator"] * rate) ** 2) / expected).sum())
    excess = (chi_square - (len(cells) - 1)) / float((cells["denominator"] * rate * (1 - rate)).sum())
    return sqrt(max(excess, 0.0))


def test_the_injected_spread_between_sites_and_months_is_found(truth_of_indicator: TruthOf) -> None:
    cells = site_months(truth_of_indicator("overdispersed_sites", "BF01"))
    # About 230 cells of 125 babies: the standard error of the deviation is about 0.025.
    assert excess_spread(cells) == pytest.approx(0.35, abs=0.075)


def test_a_world_without_spread_has_none(truth_of_indicator: TruthOf) -> None:
    # Variance below 0.0055, three standard errors of chi-square over its weight.
    assert excess_spread(site_months(truth_of_indicator("no_gap", "BF01"))) < 0.12


@pytest.mark.parametrize("group", ["mixed", "black", "other"])
def test_small_groups_have_the_share_that_was_injected(truth_of_indicator: TruthOf, group: str) -> None:
    shares = {}
    for scenario in ("small_numbers", "no_gap"):
        table = by_stratum(truth_of_indicator(scenario, "DQ01"), "eth5_true")["denominator"]
        shares[scenario] = (float(table[group]), float(table["white"]))
    small, usual = shares["small_numbers"], shares["no_gap"]
    ratio = log(small[0] / small[1]) - log(usual[0] / usual[1])
    error = sqrt(sum(1 / count for count in (*small, *usual)))
    assert ratio == pytest.approx(log(0.2), abs=3 * error)


def test_small_groups_are_too_small_to_be_told_by_month(truth_of_indicator: TruthOf) -> None:
    counts = truth_of_indicator("small_numbers", "LB11")
    monthly = counts[(counts["dimension"] == "eth5") & (counts["stratum"] == "black")].groupby("month")["numerator"]
    assert monthly.sum().max() < 8


def test_missing_categories_hide_part_of_a_gap(truth_of_indicator: TruthOf) -> None:
    table = by_stratum(truth_of_indicator("missing_ethnicity_not_at_random", "BK03"), "eth5")
    rate = table["numerator"] / table["denominator"]
    assert rate["black"] < rate["unknown"] < rate["white"]


def delayed_share(world: World) -> tuple[float, float]:
    """Share of births recorded two months or more after the month of birth, with its standard error."""
    table = arrivals(world)
    births = float(table["births"].sum())
    share = float(table.loc[table["delay_months"] >= 2, "births"].sum()) / births
    return share, sqrt(max(share * (1 - share), 1 / births) / births)


def test_the_injected_share_of_late_records_is_found() -> None:
    share, error = delayed_share(large_world("late_arriving"))
    # Sixty days late is nearly always two months on; one birth in two hundred falls short.
    assert share == pytest.approx(0.25, abs=3 * error + 0.003)


def test_no_record_is_late_without_the_scenario() -> None:
    assert delayed_share(large_world("no_gap"))[0] < 0.005
