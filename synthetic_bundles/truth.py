"""The truth beside the data: what was injected, and the counts that a right engine must find.

`truth.json` holds the counts of the indicators that the bundles tell of, as they can be observed in them.
`truth.parquet` holds the counts of every indicator in the population itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthetic_bundles.indicators.catalogue import counts_of
from synthetic_bundles.indicators.counting import CELL, COUNTS, WHOLE
from synthetic_bundles.scenario import injected_effects
from synthetic_bundles.tables import ABSENT_NUMBER, World

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


def write_truth(world: World, path: Path) -> None:
    """Write `truth_of(world)` as JSON."""
    path.write_bytes(orjson.dumps(truth_of(world), option=orjson.OPT_APPEND_NEWLINE))


def write_truth_table(world: World, path: Path) -> None:
    """Write the counts of every indicator as Parquet, one row group an indicator; flat in memory.

    value: of a histogram (days of waiting in PM04, level of care in NN13), null elsewhere.
    """
    with pq.ParquetWriter(path, TABLE_SCHEMA, compression="zstd") as writer:
        for counts in counts_of(world):
            measured = counts.assign(value=counts["value"].where(counts["value"] != ABSENT_NUMBER).astype("Int32"))
            writer.write_table(pa.Table.from_pandas(measured, schema=TABLE_SCHEMA, preserve_index=False))


def truth_of(world: World) -> dict[str, Any]:
    """What was made, what was injected, and the counts that a right engine must find in the bundles.

    counts: one row for each indicator, month, provider, site, dimension and stratum whose denominator is not zero.
    arrivals: births by month and by the months until they were recorded.
    """
    return {
        "scenario": world.scenario.name,
        "seed": world.seed,
        "births": world.births,
        "first_month": str(world.first_month),
        "last_month": str(world.last_month),
        "injected": injected_effects(world.scenario),
        "counts": true_counts(world).to_dict(orient="records"),
        "arrivals": arrivals(world).to_dict(orient="records"),
        "records": {
            "bundles": len(world.pregnancies),
            "mothers": len(world.mothers),
            "pregnancies": len(world.pregnancies),
            "ongoing_pregnancies": len(world.ongoing),
            "bookings": len(world.bookings),
            "deliveries": len(world.deliveries),
            "babies": len(world.babies),
        },
    }


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
