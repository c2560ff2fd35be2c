"""A world goes in as files, and the counts that come out are the generator's own truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.end_to_end.conftest import AS_OF, BIRTHS, Perinatal

KEYS = ["indicator", "month", "subject", "dimension", "stratum"]


def truth_by_subject(path: Path) -> pd.DataFrame:
    """The truth of every trust and of the whole, by month and stratum."""
    counts = pd.DataFrame(json.loads(path.read_text("utf-8"))["counts"])
    stacked = pd.concat([counts.assign(subject=counts["provider"]), counts.assign(subject="QSY")])
    return stacked.groupby(KEYS, as_index=False)[["denominator", "numerator"]].sum()


def counted_by_subject(document: dict[str, Any]) -> pd.DataFrame:
    """The monthly results of an evaluation without disclosure control, empty cells left out."""
    results = pd.DataFrame(document["results"])
    monthly = results[results["length"] == "P1M"]
    starts = monthly["period"].map(lambda period: period["start"][:7])
    found = monthly.assign(month=starts)[[*KEYS, "denominator", "numerator"]]
    return found[found["denominator"] > 0].sort_values(KEYS, ignore_index=True)


@pytest.mark.parametrize("engine", ["duckdb", "sql", "reference"])
def test_counts_by_month_and_stratum_equal_the_truth(
    perinatal: Perinatal, database_url: str, tmp_path: Path, engine: str
) -> None:
    world = tmp_path / "world"
    assert perinatal("synth", "--births", str(BIRTHS), "--seed", "3", "--out", str(world)).code == 0
    for kind in ("organisations", "imd", "postcodes"):
        file = {"imd": "imd2019"}.get(kind, kind)
        loaded = perinatal("reference", "load", kind, str(world / "reference" / f"{file}.csv"), database=database_url)
        assert loaded.code == 0, loaded.err
    taken = perinatal("ingest", str(world), "--json", database=database_url)
    assert taken.code == 0, taken.err + taken.out[-2000:]
    ran = perinatal(
        "evaluate", "--engine", engine, "--preset", "none", "--as-of", AS_OF, "--json",
        "--from", "2021-05", "--to", "2026-04", database=database_url,
    )
    assert ran.code == 0, ran.err
    counted = counted_by_subject(ran.document)
    truth = truth_by_subject(world / "truth.json")
    months = truth["month"].between("2021-05", "2026-04")
    expected = truth[months & (truth["denominator"] > 0) & (truth["indicator"] != "MO01")]
    pd.testing.assert_frame_equal(counted, expected.sort_values(KEYS, ignore_index=True), check_dtype=False)
