"""perinatal bench"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from fhir_adapter.cli.bench import BENCH_AREAS, BENCH_COLUMNS, run_bench
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import PLAIN, complain, print_json

Areas = Annotated[list[str] | None, typer.Argument(metavar=f"[{'|'.join(BENCH_AREAS)}|all]…", help="What to measure.")]


def bench(
    areas: Areas = None,
    *,
    births: Annotated[int | None, typer.Option(min=1000, help="Births to count; a million by default.")] = None,
    as_json: Json = False,
) -> None:
    """Measure speed as ratios to a floor in the same run, beside the bars that are set."""
    unknown = [each for each in areas or [] if each not in (*BENCH_AREAS, "all")]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose among {', '.join(BENCH_AREAS)} and all")
    report = run_bench(areas or ["all"], births=births, progress=complain)
    if as_json:
        print_json(report.document())
        return
    table = Table(*BENCH_COLUMNS, box=None)
    for row in report.table():
        table.add_row(*row)
    PLAIN.print(table)
