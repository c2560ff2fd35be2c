"""The truth of all indicators: complete, consistent, and the same when counted plainly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from synthetic_bundles.indicators.catalogue import INDICATORS, counts_of
from synthetic_bundles.tables import World
from tests.synthetic.recount_tables import RECOUNTS, Rows, recounted

PLACE = ["month", "provider", "site"]
COUNTS = ["population", "denominator", "numerator"]
HISTOGRAMS = ("NN13", "PM04")
RATIOS = ("HV08", "NN12", "PM01", "PM02")
IDENTIFIERS = (
    [f"BK{number:02d}" for number in range(1, 11)]
    + ["AN01", "AN02"]
    + [f"LB{number:02d}" for number in range(1, 26)]
    + [f"MO{number:02d}" for number in range(1, 7)]
    + ["MM01", "MM02"]
    + [f"BF{number:02d}" for number in range(1, 9)]
    + [f"NN{number:02d}" for number in range(1, 14)]
    + [f"HV{number:02d}" for number in range(1, 10)]
    + [f"PM{number:02d}" for number in range(1, 6)]
    + [f"DQ{number:02d}" for number in range(1, 6)]
)
ADDING_UP = [(name, dimension) for name in sorted(INDICATORS) for dimension in INDICATORS[name].dimensions]


@pytest.fixture(scope="module")
def truth(llr_world: World) -> Mapping[str, pd.DataFrame]:
    return {table["indicator"].iloc[0]: table for table in counts_of(llr_world)}


@pytest.fixture(scope="module")
def rows(llr_world: World) -> Rows:
    return Rows(llr_world)


def test_all_85_indicators_are_counted() -> None:
    assert (sorted(INDICATORS), len(IDENTIFIERS)) == (sorted(IDENTIFIERS), 85)


@pytest.mark.parametrize("indicator", IDENTIFIERS)
def test_every_indicator_has_events_in_20000_births(truth: Mapping[str, pd.DataFrame], indicator: str) -> None:
    assert truth[indicator]["numerator"].sum() > 0


@pytest.mark.parametrize("indicator", sorted({*IDENTIFIERS} - {*RATIOS}))
def test_a_proportion_has_no_more_events_than_units(truth: Mapping[str, pd.DataFrame], indicator: str) -> None:
    counts = truth[indicator]
    assert ((counts["numerator"] <= counts["denominator"]) & (counts["denominator"] <= counts["population"])).all()


@pytest.mark.parametrize(("indicator", "dimension"), ADDING_UP)
def test_strata_add_up_to_the_whole(truth: Mapping[str, pd.DataFrame], indicator: str, dimension: str) -> None:
    counts = truth[indicator]
    strata = counts[counts["dimension"] == dimension].groupby([*PLACE, "value"])[COUNTS].sum()
    whole = counts[counts["dimension"] == "all"].groupby([*PLACE, "value"])[COUNTS].sum()
    pd.testing.assert_frame_equal(strata, whole)


@pytest.mark.parametrize("indicator", sorted(RECOUNTS))
def test_a_plain_recount_of_the_tables_equals_the_truth(
    truth: Mapping[str, pd.DataFrame], rows: Rows, indicator: str
) -> None:
    found = recounted(rows, indicator)
    counts = truth[indicator]
    told = counts[(counts["denominator"] > 0) & counts["dimension"].isin(sorted({key[3] for key in found}))]
    keys = told[[*PLACE, "dimension", "stratum"]].itertuples(index=False, name=None)
    values = told[["denominator", "numerator"]].itertuples(index=False, name=None)
    dimensions = {"all", *INDICATORS[indicator].dimensions}
    assert dict(zip(keys, values, strict=True)) == {key: each for key, each in found.items() if key[3] in dimensions}


def test_at_least_twenty_indicators_are_recounted() -> None:
    assert len(RECOUNTS) >= 20


@pytest.mark.parametrize(("part", "others"), [("LB06", ("LB07", "LB08")), ("MO04", ("MO01", "MO02"))])
def test_events_of_parts_add_up(truth: Mapping[str, pd.DataFrame], part: str, others: tuple[str, ...]) -> None:
    events = {name: int(whole(truth[name])["numerator"].sum()) for name in (part, *others)}
    assert events[part] == sum(events[name] for name in others)


def whole(counts: pd.DataFrame) -> pd.DataFrame:
    return counts[counts["dimension"] == "all"]


@pytest.mark.parametrize(
    ("indicator", "column", "table"),
    [
        ("BK01", "population", "bookings"),
        ("MM02", "population", "deliveries"),
        ("NN13", "denominator", "neonatal_days"),
        ("PM05", "denominator", "mental_health_referrals"),
    ],
)
def test_every_row_of_a_table_is_counted_once(
    truth: Mapping[str, pd.DataFrame], llr_world: World, indicator: str, column: str, table: str
) -> None:
    own = getattr(llr_world, table, None)
    rows = getattr(llr_world.care, table) if own is None else own
    assert whole(truth[indicator])[column].sum() == len(rows)


def test_the_table_on_disk_holds_the_truth_of_every_indicator(written_world: Path, small_world: World) -> None:
    table = pq.read_table(written_world / "truth.parquet").to_pandas()
    written = table.groupby("indicator", observed=True)["numerator"].sum().to_dict()
    counted = pd.concat(list(counts_of(small_world))).groupby("indicator")["numerator"].sum().to_dict()
    assert written == counted


def test_a_value_is_told_in_histograms_only(written_world: Path) -> None:
    table = pq.read_table(written_world / "truth.parquet").to_pandas()
    assert set(table["indicator"][table["value"].notna()]) <= set(HISTOGRAMS)
