"""One bench: the areas asked for, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fhir_adapter.cli.bench.counting_rows import bench_counting
from fhir_adapter.cli.bench.machine import describe_machine
from fhir_adapter.cli.bench.posting_rows import bench_posting
from fhir_adapter.cli.bench.reading_rows import bench_reading
from fhir_adapter.cli.bench.report import BenchReport, BenchRow
from fhir_adapter.cli.bench.resolving_rows import bench_resolving
from fhir_adapter.cli.bench.size import size_of
from fhir_adapter.cli.bench.statistics_rows import bench_statistics
from fhir_adapter.cli.bench.storing_rows import bench_storing

BENCH_AREAS = ("ingest", "resolve", "evaluate", "statistics", "api")
EVERY_AREA = "all"


def run_bench(areas: Sequence[str], *, births: int | None = None, progress: Callable[[str], None]) -> BenchReport:
    """Measure the areas; `all`, or none, means every one of BENCH_AREAS.

    births: deliveries counted, a million by default; a smaller number makes every area smaller, which is for a look
    and not for numbers. progress: told what is being done. Everything is written into a folder that is then removed.
    Raises ValueError for an area that is none.
    """
    chosen = _chosen_areas(areas)
    size = size_of(births)
    machine = describe_machine()
    rows: list[BenchRow] = []
    with TemporaryDirectory(prefix="perinatal-bench-") as name:
        folder = Path(name)
        if "ingest" in chosen:
            rows += bench_reading(size, folder, progress)
            rows += bench_storing(size, folder, progress)
        if "resolve" in chosen:
            resolving = bench_resolving(size, folder, progress)
            rows += resolving.rows
            machine["resolve_peak_megabytes"] = resolving.peak_megabytes
        if "evaluate" in chosen:
            counting = bench_counting(size, folder, progress)
            rows += counting.rows
            machine["evaluate_peak_megabytes"] = counting.peak_megabytes
        if "statistics" in chosen:
            rows += bench_statistics(size, progress)
        if "api" in chosen:
            rows += bench_posting(size, folder, progress)
    return BenchReport(machine, tuple(rows))


def _chosen_areas(areas: Sequence[str]) -> tuple[str, ...]:
    unknown = [area for area in areas if area not in (*BENCH_AREAS, EVERY_AREA)]
    if unknown:
        raise ValueError(f"{unknown[0]} is no area of the bench; choose among {', '.join(BENCH_AREAS)}, {EVERY_AREA}")
    if not areas or EVERY_AREA in areas:
        return BENCH_AREAS
    return tuple(area for area in BENCH_AREAS if area in areas)
