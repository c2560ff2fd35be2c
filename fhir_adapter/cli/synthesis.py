"""perinatal synth"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import print_json, progress_bar, say
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.feeds import FORMATS
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import FIRST_MONTH, MONTHS, Plan
from synthetic_bundles.write_world import Writing, write_world

ALL = "all"


def synth(
    *,
    births: Annotated[int, typer.Option(min=1, help="Births of the world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    scenario: Annotated[str, typer.Option(help="Name of a scenario.")] = "llr",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="bundles|ndjson|bulk|bfdr|csv|all",
            help="What the feeds look like; several with commas.",
        ),
    ] = "ndjson",
    faults: Annotated[str, typer.Option(metavar="none|default|heavy", help="How faulty the feeds are.")] = "none",
    system: Annotated[
        list[System] | None,
        typer.Option(help="Whose feeds: maternity if not given, all with --format all."),
    ] = None,
    areas: Annotated[
        str, typer.Option(metavar="llr|england", help="Whose distribution over deprivation the small areas have.")
    ] = "llr",
    first_month: Annotated[str, typer.Option(metavar="YYYY-MM", help="First month of births.")] = FIRST_MONTH,
    months: Annotated[int, typer.Option(min=1, help="Months of births.")] = MONTHS,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Parts made at once, whatever number gives the same bytes; one a core.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a synthetic world: feeds, reference tables and the truth, which knows the right answers."""
    formats = FORMATS if format_ == ALL else tuple(part.strip() for part in format_.split(","))
    plan = Plan(births, seed, load_scenario(scenario), first_month, months, areas)
    systems = tuple(system or (System if format_ == ALL else (System.MATERNITY,)))
    writing = Writing(formats, faults, systems)
    with progress_bar("Synthetic", births) as move:
        paths = write_world(
            plan, out, writing, processes=processes or os.cpu_count() or 1, progress=lambda done, _: move(done)
        )
    if as_json:
        print_json(
            {
                "births": births,
                "seed": seed,
                "scenario": scenario,
                "faults": faults,
                "files": [str(path) for path in paths],
            }
        )
        return
    say(f"{births} births of scenario {scenario}, seed {seed}: {len(paths)} files in {out}")
