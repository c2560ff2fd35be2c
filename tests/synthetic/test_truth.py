from __future__ import annotations

from math import log, sqrt
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from synthetic_bundles.strata import age_bands, completed_years
from synthetic_bundles.tables import World
from synthetic_bundles.truth import true_counts
from tests.synthetic.conftest import CountsOf
from tests.synthetic.recount import bundles_in, counts_of_truth, quintile_by_postcode, recount

INDICATORS = ("BF01", "BK03", "LB01", "LB06", "LB11", "MO01")
PLACE = ["indicator", "month", "provider", "site"]
COUNTS = ["denominator", "numerator"]


@pytest.fixture(scope="module")
def counts(small_world: World) -> pd.DataFrame:
    return true_counts(small_world)


def totals(counts: pd.DataFrame, indicator: str, dimension: str) -> pd.DataFrame:
    """Counts of the whole world by stratum of one dimension."""
    chosen = counts[(counts["indicator"] == indicator) & (counts["dimension"] == dimension)]
    return chosen.groupby("stratum")[COUNTS].sum()


def log_odds_ratio(
    counts: pd.DataFrame, indicator: str, dimension: str, first: str, second: str
) -> tuple[float, float]:
    """Crude log odds ratio of the first stratum against the second, with its standard error."""
    table = totals(counts, indicator, dimension)
    events = table["numerator"].to_dict()
    others = (table["denominator"] - table["numerator"]).to_dict()
    cells = (events[first], others[first], events[second], others[second])
    value = log(cells[0]) - log(cells[1]) - log(cells[2]) + log(cells[3])
    return value, sqrt(sum(1 / cell for cell in cells))


def rate(counts: pd.DataFrame, indicator: str, provider: str, is_after: bool, month: str = "2024-09") -> float:
    """Share of events in one trust before a month, or from it on."""
    chosen = counts[
        (counts["indicator"] == indicator) & (counts["dimension"] == "all") & (counts["provider"] == provider)
    ]
    part = chosen[(chosen["month"] >= month) == is_after]
    return float(part["numerator"].sum() / part["denominator"].sum())


def test_a_plain_recount_of_the_rendered_bundles_equals_the_truth(written_world: Path) -> None:
    truth = orjson.loads((written_world / "truth.json").read_bytes())
    found = recount(bundles_in(written_world), quintile_by_postcode(written_world))
    assert found == counts_of_truth(truth["counts"])


@pytest.mark.parametrize("indicator", INDICATORS)
def test_every_indicator_has_events(counts: pd.DataFrame, indicator: str) -> None:
    assert totals(counts, indicator, "all")["numerator"].sum() > 0


@pytest.mark.parametrize("dimension", ["eth5", "imd5", "age", "site"])
def test_the_strata_of_a_dimension_add_up_to_the_whole(counts: pd.DataFrame, dimension: str) -> None:
    whole = counts[counts["dimension"] == "all"].groupby(PLACE)[COUNTS].sum()
    strata = counts[counts["dimension"] == dimension].groupby(PLACE)[COUNTS].sum()
    pd.testing.assert_frame_equal(strata, whole)


def test_the_sites_of_a_trust_add_up_to_the_trust(counts: pd.DataFrame) -> None:
    by_site = counts[counts["dimension"] == "site"].groupby(["indicator", "provider"])[COUNTS].sum()
    whole = counts[counts["dimension"] == "all"].groupby(["indicator", "provider"])[COUNTS].sum()
    pd.testing.assert_frame_equal(by_site, whole)


def test_no_count_has_more_events_than_units_or_no_unit(counts: pd.DataFrame) -> None:
    assert ((counts["numerator"] <= counts["denominator"]) & (counts["denominator"] > 0)).all()


def test_bookings_before_the_first_month_are_told(counts: pd.DataFrame, small_world: World) -> None:
    months = counts.loc[counts["indicator"] == "BK03", "month"]
    assert months.min() < str(small_world.first_month)


def test_bookings_are_told_up_to_the_last_month(counts: pd.DataFrame, small_world: World) -> None:
    months = counts.loc[counts["indicator"] == "BK03", "month"]
    assert months.max() == str(small_world.last_month)


def test_births_stay_within_the_months_of_the_world(counts: pd.DataFrame, small_world: World) -> None:
    months = counts.loc[counts["indicator"] != "BK03", "month"]
    assert (months.min(), months.max()) == (str(small_world.first_month), str(small_world.last_month))


def test_the_injected_deprivation_gradient_is_in_the_truth(large_counts: CountsOf) -> None:
    value, error = log_odds_ratio(large_counts("deprivation_gradient"), "BK03", "imd5", "1", "5")
    assert value == pytest.approx(4 * log(1.45), abs=3 * error)


def test_a_world_without_gaps_has_no_deprivation_gradient(large_counts: CountsOf) -> None:
    value, error = log_odds_ratio(large_counts("no_gap"), "BK03", "imd5", "1", "5")
    assert value == pytest.approx(0.0, abs=3 * error)


@pytest.mark.parametrize(("group", "odds"), [("asian", 1.25), ("black", 1.40)])
def test_the_injected_ethnic_gap_in_preterm_birth_is_in_the_truth(
    large_counts: CountsOf, group: str, odds: float
) -> None:
    value, error = log_odds_ratio(large_counts("llr"), "LB11", "eth5", group, "white")
    assert value == pytest.approx(log(odds), abs=3 * error)


def test_a_world_without_gaps_has_no_ethnic_gap_in_preterm_birth(large_counts: CountsOf) -> None:
    value, error = log_odds_ratio(large_counts("no_gap"), "LB11", "eth5", "black", "white")
    assert value == pytest.approx(0.0, abs=3 * error)


def test_the_injected_step_is_in_the_truth_of_its_trust(large_counts: CountsOf) -> None:
    counts = large_counts("step_change_at_intervention")
    change = rate(counts, "BF01", "RSA", is_after=True) - rate(counts, "BF01", "RSA", is_after=False)
    assert change == pytest.approx(0.08, abs=0.022)  # three standard errors at this size


def test_the_other_trust_has_no_step(large_counts: CountsOf) -> None:
    counts = large_counts("step_change_at_intervention")
    change = rate(counts, "BF01", "RSB", is_after=True) - rate(counts, "BF01", "RSB", is_after=False)
    assert change == pytest.approx(0.0, abs=0.022)


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        ("2000-06-15", "2020-06-14", 19),
        ("2000-06-15", "2020-06-15", 20),
        ("2000-02-29", "2021-02-28", 20),
        ("2000-02-29", "2021-03-01", 21),
        ("1999-12-31", "2020-01-01", 20),
    ],
)
def test_completed_years_change_on_the_birthday(born: str, on: str, years: int) -> None:
    assert completed_years(np.array([born], "M8[D]"), np.array([on], "M8[D]")).tolist() == [years]


@pytest.mark.parametrize(("born", "band"), [("2001-01-01", "<20"), ("2000-01-01", "20-24"), ("1975-01-01", "45+")])
def test_age_bands_start_at_their_first_year(born: str, band: str) -> None:
    assert age_bands(np.array([born], "M8[D]"), np.array(["2020-01-01"], "M8[D]")).tolist() == [band]
