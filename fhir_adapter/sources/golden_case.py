"""A test of a mapping as data: an input, and the rows and issues that it must give."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import ManifestModel
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.issues import Issue
from fhir_adapter.sources.records import Cell, MappedRecord
from fhir_adapter.sources.registry import Adapter
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.sources.view import pydantic_faults

FILE_NAME = "input.csv"  # stands for the name of the file in places of faults


class ExpectedIssue(ManifestModel):
    """An issue that the input must give."""

    code: str
    location: str


class GoldenCase(ManifestModel):
    """One case: `bundle` or `csv` in, rows (absent cells left out) and issues out, none more and none less."""

    title: str
    bundle: Mapping[str, Any] | None = None
    csv: str | None = None
    rows: Mapping[str, Sequence[Mapping[str, Cell]]]
    issues: Sequence[ExpectedIssue] = ()


def parse_case(text: str, *, place: str) -> GoldenCase:
    """A case out of its YAML; raises MappingInvalid with every fault."""
    try:
        case = GoldenCase.model_validate(read_yaml(text, place=place))
    except ValidationError as cause:
        raise MappingInvalid(place, pydantic_faults(cause)) from cause
    if (case.bundle is None) == (case.csv is None):
        raise MappingInvalid(place, ["give either `bundle` or `csv`"])
    return case


def run_case(adapter: Adapter, case: GoldenCase) -> list[str]:
    """Every difference between what the mapping gives and what the case expects; empty when it passes."""
    records = mapped_records(adapter, case)
    rows = {table: present_rows(found) for table, found in merged_rows(records).items()}
    expected = {table: present_rows(found) for table, found in case.rows.items()}
    differences = [
        f"{table}: expected {expected.get(table, [])}, got {rows.get(table, [])}"
        for table in sorted({*rows, *expected})
        if rows.get(table, []) != expected.get(table, [])
    ]
    found_issues = sorted((issue.code, issue.location) for issue in merged_issues(records))
    wanted_issues = sorted((issue.code, issue.location) for issue in case.issues)
    if found_issues != wanted_issues:
        differences.append(f"issues: expected {wanted_issues}, got {found_issues}")
    return differences


def mapped_records(adapter: Adapter, case: GoldenCase) -> list[MappedRecord]:
    """What the adapter makes of the input of the case."""
    if case.bundle is not None:
        return [map_bundle(adapter, case.bundle, digest="digest")]
    return list(map_csv(adapter, io.BytesIO(str(case.csv).encode()), name=FILE_NAME, digest="digest"))


def merged_rows(records: Sequence[MappedRecord]) -> Mapping[str, Sequence[Mapping[str, Cell]]]:
    """The rows of all records by table."""
    merged: dict[str, list[Mapping[str, Cell]]] = {}
    for record in records:
        for table, rows in record.rows.items():
            merged.setdefault(table, []).extend(rows)
    return merged


def merged_issues(records: Sequence[MappedRecord]) -> list[Issue]:
    """The issues of all records."""
    return [issue for record in records for issue in record.issues]


def present_rows(rows: Sequence[Mapping[str, Cell]]) -> list[dict[str, Cell]]:
    """Rows without absent cells, in an order that does not depend on where they came from."""
    present: list[dict[str, Cell]] = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    return sorted(present, key=lambda row: sorted((name, str(cell)) for name, cell in row.items()))
