"""The counts that a right engine must find: of every indicator in the population, and as they can be observed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic_bundles.faults.observed import without_unlinked_stays
from synthetic_bundles.indicators.catalogue import INDICATORS, counts_of
from synthetic_bundles.indicators.counting import CELL, COUNTS, WHOLE
from synthetic_bundles.tables import ABSENT_NUMBER, World

STAYS_LINKED = "DQ02"
TOLD_BY_BUNDLES = ("BF01", "BK03", "LB01", "LB06", "LB11", "MO01")
DIMENSIONS = (WHOLE, "eth5", "imd5", "age", "site")
KEYS = ["indicator", "month", "provider", "site", "dimension", "stratum"]
COUNT_COLUMNS = [*KEYS, "denominator", "numerator"]
_LABEL = pa.dictionary(pa.int32(), pa.string())
TABLE_SCHEMA = pa.schema(
    [
        ("indicator", _LABEL),
        *((name, _LABEL) for name in CELL if name != "value"),
        ("value", pa.int32()),
        *((name, pa.int64()) for name in COUNTS),
    ]
)


def write_truth_table(counts: Iterator[pd.DataFrame], path: Path) -> None:
    """Write the counts of indicators as Parquet, one row group an indicator; flat in memory.

    value: of a histogram (days of waiting in PM04, level of care in NN13), null elsewhere.
    """
    with pq.ParquetWriter(path, TABLE_SCHEMA, compression="zstd") as writer:
        for table in counts:
            measured = table.assign(value=table["value"].where(table["value"] != ABSENT_NUMBER).astype("Int32"))
            writer.write_table(pa.Table.from_pandas(measured, schema=TABLE_SCHEMA, preserve_index=False))


def observable_counts(world: World) -> Iterator[pd.DataFrame]:
    """One table an indicator as in `counts_of`. world: as it was observed.

    A stay that belongs to no known birth counts for the linkage of stays (DQ02) and for nothing else.
    """
    of_births = without_unlinked_stays(world)
    before = tuple(sorted(name for name in INDICATORS if name < STAYS_LINKED))
    after = tuple(sorted(name for name in INDICATORS if name > STAYS_LINKED))
    yield from counts_of(of_births, before)
    yield from counts_of(world, (STAYS_LINKED,))
    yield from counts_of(of_births, after)


def true_counts(world: World) -> pd.DataFrame:
    """The counts that the bundles tell of, with COUNT_COLUMNS, sorted by all of them but the counts."""
    told = pd.concat(list(counts_of(observable_in_bundles(world), TOLD_BY_BUNDLES)), ignore_index=True)
    chosen = told[told["dimension"].isin(DIMENSIONS) & (told["denominator"] > 0)]
    return chosen[COUNT_COLUMNS].sort_values(KEYS, ignore_index=True)


def observable_in_bundles(world: World) -> World:
    """The world without what no bundle says: a late fetal loss delivered after 24+0 looks like a stillbirth."""
    newborns = world.care.newborns.copy()
    newborns["death_confirmed_gestation_days"] = ABSENT_NUMBER
    return replace(world, care=replace(world.care, newborns=newborns))


def arrivals(world: World) -> pd.DataFrame:
    """Births by the month of birth and the whole months from it to the month of recording."""
    born = world.deliveries["birth_datetime"].astype("M8[M]")
    delay = (world.deliveries["recorded_datetime"].astype("M8[M]") - born).astype(np.int64)
    table = pd.DataFrame({"month": born.astype("U7"), "delay_months": delay})
    return table.groupby(["month", "delay_months"], as_index=False).size().rename(columns={"size": "births"})
