"""Counts from one maternity feed in CSV alone, be it MSDS or a wide export, are the generator's own truth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.end_to_end.conftest import AS_OF, Perinatal
from tests.end_to_end.test_truth import added_up, results_of, truth_by_subject
from tests.worlds import load_tables, perinatal_at

BIRTHS, FIRST_MONTH, LAST_MONTH, MONTHS = 400, "2024-04", "2026-03", 24
EVALUATE = ("evaluate", "--preset", "none", "--as-of", AS_OF, "--from", FIRST_MONTH, "--to", LAST_MONTH, "--json")


@pytest.fixture(scope="module")
def csv_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("csv-world")
    write_world(Plan(BIRTHS, 5, load_scenario("llr"), FIRST_MONTH, MONTHS), folder, Writing(("csv",)))
    return folder


@pytest.fixture(scope="module", params=["msds", "e3"])
def told(request: pytest.FixtureRequest, csv_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Perinatal:
    """A store that holds one feed; everything in it was accepted and nothing contradicts itself."""
    perinatal = perinatal_at(tmp_path_factory.mktemp(request.param))
    load_tables(perinatal, csv_world)
    ran = perinatal("ingest", str(csv_world / "csv" / request.param), "--json")
    assert (ran.code, ran.document["quarantined"], ran.document["conflicts"]) == (0, 0, 0), ran.err
    return perinatal


def test_monthly_counts_equal_the_truth(told: Perinatal, csv_world: Path) -> None:
    found = results_of(told(*EVALUATE).document, "P1M")
    truth = truth_by_subject(csv_world / "truth.json")
    expected = truth[truth["start"].between(FIRST_MONTH, LAST_MONTH) & (truth["indicator"] != "MO01")]
    known = found[found["indicator"].isin(expected["indicator"])]  # the world has no truth of data quality
    pd.testing.assert_frame_equal(added_up(known), added_up(expected), check_dtype=False)


def test_yearly_stillbirths_equal_the_truth(told: Perinatal, csv_world: Path) -> None:
    found = results_of(told(*EVALUATE, "--indicator", "MO01").document, "P1Y")
    truth = truth_by_subject(csv_world / "truth.json")
    own = truth[(truth["indicator"] == "MO01") & truth["start"].between(FIRST_MONTH, LAST_MONTH)]
    april = pd.to_datetime(own["start"]).dt.to_period("Q-MAR").dt.qyear - 1
    expected = own.assign(start=april.astype(str) + "-04")
    pd.testing.assert_frame_equal(added_up(found), added_up(expected), check_dtype=False)
