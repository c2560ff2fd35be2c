"""Speed as ratios against floors measured in the same run: what `perinatal bench` prints."""

from fhir_adapter.cli.bench.report import BENCH_COLUMNS, BenchReport, BenchRow
from fhir_adapter.cli.bench.run import BENCH_AREAS, run_bench

__all__ = ["BENCH_AREAS", "BENCH_COLUMNS", "BenchReport", "BenchRow", "run_bench"]
