"""What is explained is what is mapped: the slow assembly gives the rows of the fast one for every golden case."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import CsvManifest
from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.explain_bundle import explain_bundle_row, traced_tables
from fhir_adapter.sources.explain_csv import CsvPlace, explain_csv_row
from fhir_adapter.sources.explanation import ExplainedCell
from fhir_adapter.sources.golden_case import GoldenCase
from fhir_adapter.sources.records import MappedRecord, Row
from fhir_adapter.sources.registry import SHIPPED, Adapter, AdapterRegistry, shipped_adapters
from fhir_adapter.sources.traced_csv import traced_rows
from fhir_adapter.sources.workbench import case_files

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
REGISTRY: AdapterRegistry = shipped_adapters()
CASES = {
    f"{name} {each.file.name}": (REGISTRY.by_name(name), each.case)
    for name in REGISTRY.names
    for each in case_files(SHIPPED / name)
}
BUNDLES = [name for name, (_, case) in CASES.items() if case.bundle is not None]
FILES = [name for name, (_, case) in CASES.items() if case.csv is not None]


def in_order(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    return {table: sorted((dict(row) for row in found), key=repr) for table, found in rows.items() if found}


def records_of(adapter: Adapter, case: GoldenCase) -> list[MappedRecord]:
    """What the case gives; nothing for an input that is refused."""
    try:
        if case.csv is not None:
            return list(map_csv(adapter, io.BytesIO(case.csv.encode()), name="input.csv", digest="digest"))
        assert case.bundle is not None
        return [map_bundle(adapter, case.bundle, digest="digest")]
    except PayloadRefused:
        return []


def rows_of(records: Sequence[MappedRecord]) -> dict[str, list[Row]]:
    tables = dict.fromkeys(table for each in records for table in each.rows)
    return {table: [row for each in records for row in each.rows.get(table, ())] for table in tables}


def traced_bundle(adapter: Adapter, case: GoldenCase) -> Rows:
    assert adapter.bundle_plan is not None
    assert case.bundle is not None
    drafts = traced_tables(adapter, AdapterFiles(SHIPPED / adapter.name), case.bundle, digest="digest")
    return {
        table: [{name: draft.value(name) for name in plan.columns} for draft in drafts.get(table, ())]
        for table, plan in adapter.bundle_plan.tables.items()
    }


def traced_file(adapter: Adapter, case: GoldenCase, records: Sequence[MappedRecord]) -> Rows:
    assert adapter.csv_plan is not None
    assert isinstance(adapter.manifest, CsvManifest)
    lines = len((case.csv or "").splitlines()) * bool(records)
    trace = traced_rows(
        adapter.csv_plan, adapter.manifest, io.BytesIO((case.csv or "").encode()), 2 * bool(lines), lines
    )
    return {
        table: [{name: cell.value for name, cell in row.items()} for row in rows.values()]
        for table, rows in trace.tables.items()
    }


def unexplained(cells: Sequence[ExplainedCell], row: Row) -> list[str]:
    """Columns whose explanation has another value, or no step for a value that is there."""
    return [
        cell.column for cell in cells if cell.value != row[cell.column] or (cell.value is not None and not cell.steps)
    ]


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_is_traced_to_the_rows_that_it_gives(name: str) -> None:
    adapter, case = CASES[name]
    assert in_order(traced_bundle(adapter, case)) == in_order(rows_of(records_of(adapter, case)))


@pytest.mark.parametrize("name", [each for each in FILES if records_of(*CASES[each])])
def test_a_file_is_traced_to_the_rows_that_it_gives(name: str) -> None:
    adapter, case = CASES[name]
    records = records_of(adapter, case)
    assert in_order(traced_file(adapter, case, records)) == in_order(rows_of(records))


@pytest.mark.parametrize("name", BUNDLES)
def test_every_cell_of_a_bundle_is_explained(name: str) -> None:
    adapter, case = CASES[name]
    files = AdapterFiles(SHIPPED / adapter.name)
    bundle = case.bundle or {}
    assert [
        (table, column)
        for table, rows in rows_of(records_of(adapter, case)).items()
        for row in rows
        for column in unexplained(
            explain_bundle_row(adapter, files, bundle, row, table=table, columns=tuple(row), digest="digest"), row
        )
    ] == []


@pytest.mark.parametrize("name", FILES)
def test_every_cell_of_a_file_is_explained(name: str) -> None:
    adapter, case = CASES[name]
    files = AdapterFiles(SHIPPED / adapter.name)
    stream = io.BytesIO((case.csv or "").encode())
    lines = len((case.csv or "").splitlines())
    assert [
        (table, column)
        for table, rows in rows_of(records_of(adapter, case)).items()
        for row in rows
        for column in unexplained(
            explain_csv_row(
                adapter, files, stream, CsvPlace(row, 2, lines), name="input.csv", table=table, columns=tuple(row)
            ),
            row,
        )
    ] == []
