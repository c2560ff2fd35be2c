"""perinatal mapping new: the first draft of an adapter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.mapping_folders import folders_of
from fhir_adapter.cli.output import complain, say
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.adapter import NAME
from fhir_adapter.sources.feed import CSV, bundles_in, kind_of
from fhir_adapter.sources.scaffold import Draft, write_draft
from fhir_adapter.sources.scaffold_bundle import BundleDrafting
from fhir_adapter.sources.scaffold_csv import CsvDrafting


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the adapter: small letters, digits and dashes.")],
    *,
    sample: Annotated[
        Path, typer.Option("--from", metavar="SAMPLE", help="A bundle, or a CSV file, of made-up people.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder to write the adapter in.")] = Path(),
) -> None:
    """Draft an adapter from a sample: what it guesses loads and passes, and is marked to be checked."""
    if not re.fullmatch(NAME, name):
        raise typer.BadParameter(f"{name} is no name of an adapter; use small letters, digits and dashes")
    folder = write_draft(drafted(name, sample), out)
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        say(str(file))
    complain("the golden case holds lines of the sample: keep it only if its people are made up")


def drafted(name: str, sample: Path) -> Draft:
    """A draft by the kind of the sample."""
    if kind_of(sample) == CSV:
        return CsvDrafting(name, sample, list(wiring.adapters_of(read_settings()).adapters.values())).draft()
    return BundleDrafting(name, next(bundles_in(sample)).document, folders_of(())).draft()
