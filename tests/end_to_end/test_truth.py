"""A world goes in as files, and the counts that come out are the generator's own truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.end_to_end.conftest import AS_OF, Perinatal

KEYS = ["indicator", "start", "subject", "dimension", "stratum"]
EVALUATE = ("evaluate", "--preset", "none", "--as-of", AS_OF, "--from", "2021-05", "--to", "2026-04", "--json")


def truth_by_subject(path: Path) -> pd.DataFrame:
    """The truth of every trust and of the whole, by month and stratum."""
    counts = pd.DataFrame(json.loads(path.read_text("utf-8"))["counts"]).rename(columns={"month": "start"})
    return pd.concat([counts.assign(subject=counts["provider"]), counts.assign(subject="QSY")])


def added_up(counts: pd.DataFrame) -> pd.DataFrame:
    """Denominators and numerators by cell, cells without anybody left out."""
    summed = counts.groupby(KEYS, as_index=False)[["denominator", "numerator"]].sum()
    return summed[summed["denominator"] > 0].sort_values(KEYS, ignore_index=True)


def results_of(document: dict[str, Any], length: str) -> pd.DataFrame:
    """Cells of every report of one length, with the month they start in."""
    results = pd.DataFrame(document["results"])
    chosen = results[results["length"] == length]
    return chosen.assign(start=chosen["period"].map(lambda period: period["start"][:7]))


@pytest.mark.parametrize("engine", ["duckdb", "sql", "reference"])
def test_counts_by_month_and_stratum_equal_the_truth(filled: Perinatal, world: Path, engine: str) -> None:
    ran = filled(*EVALUATE, "--engine", engine)
    truth = truth_by_subject(world / "truth.json")
    expected = truth[truth["start"].between("2021-05", "2026-04") & (truth["indicator"] != "MO01")]
    found = results_of(ran.document, "P1M")
    known = found[found["indicator"].isin(expected["indicator"])]  # the world has no truth of data quality
    pd.testing.assert_frame_equal(added_up(known), added_up(expected), check_dtype=False)


def test_stillbirths_by_year_and_stratum_equal_the_truth(filled: Perinatal, world: Path) -> None:
    found = results_of(filled(*EVALUATE, "--indicator", "MO01").document, "P1Y")
    truth = truth_by_subject(world / "truth.json")
    own = truth[(truth["indicator"] == "MO01") & truth["start"].between("2022-04", "2026-03")]
    april = pd.to_datetime(own["start"]).dt.to_period("Q-MAR").dt.qyear - 1
    expected = own.assign(start=april.astype(str) + "-04")
    pd.testing.assert_frame_equal(added_up(found), added_up(expected), check_dtype=False)


def test_every_closed_cell_is_reported_even_when_nobody_is_in_it(filled_sqlite: Perinatal) -> None:
    monthly = results_of(filled_sqlite(*EVALUATE, "--indicator", "BF01").document, "P1M")
    ages = monthly[monthly["dimension"] == "age"].groupby(["subject", "start"])["stratum"].nunique()
    assert set(ages) == {8}


def test_the_month_that_is_not_mature_is_pending_and_has_no_chart_point(filled_sqlite: Perinatal) -> None:
    document = filled_sqlite(*EVALUATE, "--indicator", "BF01").document
    pending = {each["period"]["start"] for each in document["results"] if each["status"] == "pending"}
    ruled = {each["period"]["start"] for each in document["spc"]}
    assert (pending, "2026-04-01" in ruled) == ({"2026-04-01"}, False)


def test_the_smoking_gradient_that_was_injected_is_found(filled_sqlite: Perinatal) -> None:
    document = filled_sqlite(*EVALUATE, "--indicator", "BK03").document
    slopes = [
        each["value"]
        for each in document["inequality"]
        if (each["type"], each["dimension"], each["subject"], each["length"]) == ("sii", "imd5", "QSY", "P1Y")
    ]
    assert len(slopes) == 4
    assert max(slopes) < 0  # more smoking among the more deprived
