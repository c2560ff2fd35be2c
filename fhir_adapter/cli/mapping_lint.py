"""perinatal mapping lint"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import Exit, print_rows, say
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.lint import LintFinding, has_errors, lint_adapter

Adapters = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH|NAME…", help="Folders of adapters, or names of known ones; all known by default."),
]


def lint_mappings(adapters: Adapters = None, *, as_json: Json = False) -> None:
    """Check adapters without an input: paths against R4, names, types, codes, and rules that nothing uses.

    An error ends with exit code 1; warnings and remarks do not.
    """
    folders = wiring.adapter_folders(read_settings(), adapters or ())
    findings = [each for folder in folders for each in lint_adapter(folder)]
    if as_json:
        print_rows(findings)
    else:
        print_findings(findings, folders)
    if has_errors(findings):
        raise typer.Exit(Exit.DATA_PROBLEMS)


def print_findings(findings: Sequence[LintFinding], folders: Sequence[Path]) -> None:
    """A line for each finding, and one for the whole."""
    for each in findings:
        place = f" {each.pointer}" if each.pointer else ""
        say(f"{each.file}:{each.line}{place}  {each.severity}  {each.code}  {each.text}")
    counts = ", ".join(f"{sum(each.severity is kind for each in findings)} {kind}" for kind in Severity)
    say(f"{len(folders)} adapters: {counts}")
