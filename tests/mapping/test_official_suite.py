"""The official SQL on FHIR suite, read from the samples: every test of it, the experimental ones too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.compiler import compile_view
from fhir_adapter.sources.view import parse_view
from fhir_adapter.sources.view_faults import ViewFault
from tests.mapping.plain_context import PlainContext

FILES = (
    "basic",
    "collection",
    "combinations",
    "constant",
    "constant_types",
    "fhirpath",
    "fhirpath_numbers",
    "fn_boundary",
    "fn_empty",
    "fn_extension",
    "fn_first",
    "fn_join",
    "fn_oftype",
    "fn_reference_keys",
    "foreach",
    "logic",
    "repeat",
    "row_index",
    "union",
    "validate",
    "view_resource",
    "where",
)


def rows_of(view: dict[str, Any], resources: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Rows of a view over the resources; None when it is refused or a single column finds several values."""
    context = PlainContext()
    try:
        compiled = compile_view(parse_view(view, place="view"))
        names = [column.name for column in compiled.columns]
        rows = [
            dict(zip(names, row, strict=True))
            for resource in resources
            if resource["resourceType"] == compiled.resource
            for row in compiled.rows(resource, context)
        ]
    except (MappingInvalid, ViewFault):
        return None
    return None if context.several else rows


def comparable(rows: list[dict[str, Any]] | None) -> list[str] | None:
    """Rows in one order, absent cells left out."""
    if rows is None:
        return None
    present = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    return sorted(json.dumps(row, sort_keys=True) for row in present)


def expected_rows(test: dict[str, Any]) -> list[str] | None:
    """What the suite expects; None for an error."""
    return None if test.get("expectError") else comparable(test["expect"])


def failures_in(content: dict[str, Any]) -> list[str]:
    """Titles of the tests that do not give what the suite expects."""
    return [
        test["title"]
        for test in content["tests"]
        if comparable(rows_of(test["view"], content["resources"])) != expected_rows(test)
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_test_of_a_file_of_the_official_suite_passes(samples: Path, name: str) -> None:
    content = json.loads((samples / "sql-on-fhir" / f"{name}.json").read_bytes())
    assert failures_in(content) == []


def test_every_file_of_the_official_suite_is_run(samples: Path) -> None:
    found = {file.stem for file in (samples / "sql-on-fhir").glob("*.json")} - {"tests.schema"}
    assert found == set(FILES)


def test_columns_come_in_the_order_of_the_standard(samples: Path) -> None:
    content = json.loads((samples / "sql-on-fhir" / "basic.json").read_bytes())
    test = next(each for each in content["tests"] if each["title"] == "column ordering")
    columns = compile_view(parse_view(test["view"], place="view")).columns
    assert [column.name for column in columns] == test["expectColumns"]
