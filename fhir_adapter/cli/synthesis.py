"""perinatal synth"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import print_json, progress_bar, say
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import generate_world
from synthetic_bundles.write_world import FORMATS, write_world


def synth(
    *,
    births: Annotated[int, typer.Option(min=1, help="Births of the world.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    scenario: Annotated[str, typer.Option(help="Name of a scenario.")] = "llr",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")],
    format_: Annotated[
        str, typer.Option("--format", metavar="bundles|ndjson|csv|all", help="What the feeds look like.")
    ] = "ndjson",
    as_json: Json = False,
) -> None:
    """Write a synthetic world: feeds, reference tables and truth.json, which knows the right answers."""
    formats = tuple(FORMATS) if format_ == "all" else (format_,)
    world = generate_world(births=births, seed=seed, scenario=load_scenario(scenario))
    with progress_bar("Synthetic", len(world.pregnancies) * len(formats)) as move:
        paths = write_world(world, out, formats=formats, progress=lambda done, _: move(done))
    if as_json:
        print_json({"births": births, "seed": seed, "scenario": scenario, "files": [str(path) for path in paths]})
        return
    say(f"{births} births of scenario {scenario}, seed {seed}: {len(paths)} files in {out}")
