"""Counting the shipped indicators: the engine against DuckDB by hand, pandas and bare numpy, integers being equal."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fhir_adapter.cli.bench.born import draw_births
from fhir_adapter.cli.bench.by_duckdb import count_with_duckdb
from fhir_adapter.cli.bench.by_numpy import answer_of_dense, count_with_numpy
from fhir_adapter.cli.bench.by_pandas import count_with_pandas
from fhir_adapter.cli.bench.cells import DIMENSIONS, Answer, check_equal, engine_answer
from fhir_adapter.cli.bench.machine import own_peak_megabytes
from fhir_adapter.cli.bench.parquet_model import write_model
from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.timing import median_seconds
from indicator_engine.counts import Counted, MonthRange
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.engines.duck import count_on_snapshot
from indicator_engine.plan import plan_families

DUCKDB_BAR = 1.25
PANDAS_BAR = 0.5
NUMPY_BAR = 2.5
COUNTED = ("BF01", "BK03", "LB01", "LB06", "LB11", "MO01")  # those that are also written by hand in each variant


@dataclass(frozen=True, slots=True)
class CountingBench:
    """rows: the engine against each variant. peak_megabytes: of a process that does nothing but one count."""

    rows: list[BenchRow]
    peak_megabytes: float | None


def bench_counting(size: BenchSize, folder: Path, progress: Callable[[str], None]) -> CountingBench:
    """Rows of the counting; the model is written below `folder`.

    Raises CountsInvalid when a variant and the engine differ in a single cell.
    """
    model = folder / "model"
    progress(f"drawing {size.births:,} births")
    births = draw_births(size.births)
    write_model(births, model)
    progress("counting once with every variant, and comparing")
    engine = engine_answer(count_with_engine(model))
    for variant, answer in _variants(model).items():
        check_equal(engine, answer(), variant=variant)
    check_equal(engine, answer_of_dense(count_with_numpy(births)), variant="numpy")
    progress("counting, each variant in turn")
    seconds = median_seconds(
        {"engine": lambda: count_with_engine(model), "numpy": lambda: count_with_numpy(births), **_variants(model)},
        repeats=size.repeats,
        is_warm=True,
    )
    work = (
        f"{len(COUNTED)} of the shipped indicators (the bar was set on ten) of three entities by month, "
        f"provider, site and {len(DIMENSIONS)} dimensions, {size.births:,} deliveries, {len(engine.cells):,} cells"
    )
    floors = {
        "duckdb": ("DuckDB written by hand, same Parquet, same cells", DUCKDB_BAR),
        "pandas": ("pandas, same Parquet, same cells", PANDAS_BAR),
        "numpy": ("numpy bincount on coded arrays already in memory, dense counts", NUMPY_BAR),
    }
    rows = [
        BenchRow(f"evaluate {name}", work, seconds["engine"], floor, seconds[name], bar)
        for name, (floor, bar) in floors.items()
    ]
    return CountingBench(rows, _peak_of_one_count(model))


def count_with_engine(model: Path) -> Counted:
    """What `perinatal evaluate` counts with, planning included."""
    shipped = shipped_definitions()
    families = plan_families([shipped[each] for each in COUNTED], shipped_stratifiers())
    return count_on_snapshot(families, model, months=MonthRange())


def _variants(model: Path) -> dict[str, Callable[[], Answer]]:
    return {"duckdb": lambda: count_with_duckdb(model), "pandas": lambda: count_with_pandas(model)}


def _peak_of_one_count(model: Path) -> float | None:
    """Measured in a fresh process, since this one has held the model and every variant."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_count_and_tell_peak, model).result()


def _count_and_tell_peak(model: Path) -> float | None:
    count_with_engine(model)
    return own_peak_megabytes()
