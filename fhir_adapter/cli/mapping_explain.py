"""perinatal mapping explain"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import print_json, say
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.explanation import ExplainedCell, ExplainedStep
from fhir_adapter.workflows.explain import Question

File = Annotated[Path, typer.Argument(metavar="FILE", help="A bundle (.json), bundles by line (.ndjson) or a .csv.")]
Table = Annotated[str, typer.Option("--table", metavar="TABLE", help="Table of the common model.")]
RowNumber = Annotated[
    int, typer.Option("--row", min=1, metavar="N", help="Which of its rows, from 1, in the order the file gives them.")
]
Column = Annotated[str | None, typer.Option("--column", metavar="COLUMN", help="One column; all mapped by default.")]
AdapterName = Annotated[str | None, typer.Option("--adapter", metavar="NAME", help="Adapter, when it is not told.")]


def explain_cell(
    file: File,
    table: Table,
    row: RowNumber = 1,
    column: Column = None,
    adapter: AdapterName = None,
    *,
    as_json: Json = False,
) -> None:
    """Show where a cell comes from: its value, the rules in between with file and line, and the place in the input.

    It prints the values of the row that is asked for on stdout, and nothing of any other row; no log holds them.
    """
    explained = wiring.explainer_of(read_settings()).explain_file(file, Question(table, row, column, adapter))
    if as_json:
        print_json(asdict(explained))
        return
    say(f"{explained.table} row {explained.row} of {explained.location}, by {explained.adapter}")
    for cell in explained.cells:
        print_cell(cell)


def print_cell(cell: ExplainedCell) -> None:
    """A cell and its steps, one line each, from the value to the input."""
    say("")
    say(f"{cell.column} = {shown(cell.value)}")
    for step in cell.steps:
        say(f"  <- {step_line(step)}")
    if not cell.steps and cell.value is None:
        say("  <- nothing in the input fills it")


def step_line(step: ExplainedStep) -> str:
    """One step: what it is, what it starts from, and where it stands."""
    if step.kind == "input" and step.input is not None:
        return f"{step.input} = {shown(step.value)}"
    told = "" if step.value is None else f" = {shown(step.value)}"
    where = f"  [{step.place.file}:{step.place.line}]" if step.place is not None else ""
    return f"{step.kind}: {step.text}{told}{where}"


def shown(value: object) -> str:
    """A value as JSON writes it."""
    return orjson.dumps(value).decode()
