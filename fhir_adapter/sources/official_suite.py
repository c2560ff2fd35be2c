"""Tests of the official SQL on FHIR suite: files of `resources` and `tests` with a view and the rows that it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.compiler import compile_view
from fhir_adapter.sources.golden_case import Difference
from fhir_adapter.sources.view import parse_view
from fhir_adapter.sources.view_faults import ViewFault
from fhir_adapter.sources.workbench import CaseResult

SUITE = "sql-on-fhir"
ROWS = "rows"


class SuiteContext:
    """A context without a bundle: keys are ids, references are read by their text."""

    def __init__(self) -> None:
        self.several: list[str] = []

    def resource_key(self, resource: dict[str, Any]) -> str | None:
        """The id of the resource."""
        return resource.get("id")

    def reference_key(self, reference: object, resource_type: str | None, _element: str) -> str | None:
        """The id in the text of a reference; None for another type."""
        if not isinstance(reference, str):
            return None
        kind, _, name = reference.rpartition("/")
        return name if resource_type is None or kind.endswith(resource_type) else None

    def several_values(self, column: str) -> None:
        """Take note of a column of one value that found several."""
        self.several.append(column)


def suite_files(folder: Path) -> list[Path]:
    """The files of the suite below a folder, or the file itself; empty when there are none."""
    files = [folder] if folder.suffix == ".json" else sorted(folder.glob("*.json"))
    return [file for file in files if is_suite(file)]


def is_suite(file: Path) -> bool:
    """Whether a file holds tests in the shape of the suite."""
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and isinstance(content.get("tests"), list) and "resources" in content


def run_suite(files: Sequence[Path]) -> list[CaseResult]:
    """What comes of each test of the files."""
    results: list[CaseResult] = []
    for file in files:
        content = json.loads(file.read_bytes())
        for test in content["tests"]:
            differences = differences_in(test, content["resources"])
            results.append(CaseResult(SUITE, file.name, str(test["title"]), tuple(differences)))
    return results


def differences_in(test: Mapping[str, Any], resources: Sequence[dict[str, Any]]) -> list[Difference]:
    """Rows that a test expects and does not get, or gets and does not expect."""
    rows, columns, refusal = rows_of(test["view"], resources)
    if test.get("expectError"):
        return [] if refusal else [Difference(ROWS, "", "", "an error", f"{len(rows)} rows")]
    if refusal:
        return [Difference(ROWS, "", "", f"{len(test.get('expect', ()))} rows", refusal)]
    found: list[Difference] = []
    if "expectColumns" in test and columns != test["expectColumns"]:
        found.append(Difference(ROWS, "", "columns", ", ".join(test["expectColumns"]), ", ".join(columns)))
    if "expect" in test:
        wanted, got = comparable(test["expect"]), comparable(rows)
        pairs = ((row, wanted.count(row), got.count(row)) for row in dict.fromkeys((*wanted, *got)))
        found += [Difference(ROWS, row, "", before or None, now or None) for row, before, now in pairs if before != now]
    return found


def rows_of(
    view: Mapping[str, Any], resources: Sequence[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str], str]:
    """Rows of a view over the resources, its columns, and why it was refused (empty when it was not)."""
    context = SuiteContext()
    try:
        compiled = compile_view(parse_view(view, place="view"))
        names = [column.name for column in compiled.columns]
        rows = [
            dict(zip(names, row, strict=True))
            for resource in resources
            if resource["resourceType"] == compiled.resource
            for row in compiled.rows(resource, context)
        ]
    except (MappingInvalid, ViewFault) as cause:
        return [], [], str(cause)
    return rows, names, "a column of one value found several" if context.several else ""


def comparable(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as texts in one order, absent cells left out; 1 and 1.0 are one number."""
    present = [{name: plain(cell) for name, cell in row.items() if cell is not None} for row in rows]
    return sorted(json.dumps(row, sort_keys=True) for row in present)


def plain(cell: Any) -> Any:
    """A whole number for a decimal without a fraction."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
