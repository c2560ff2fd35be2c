"""What is explained is what is mapped: the slow assembly gives the rows of the fast one, whatever the bundle."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.explain_bundle import explain_bundle_row, traced_tables
from fhir_adapter.sources.registry import SHIPPED, shipped_adapters
from tests.mapping.maternity_bundles import maternity_bundle
from tests.property.test_interpreter_agrees import CHANGES, Change, changed

UKCORE = shipped_adapters().by_name("ukcore-maternity")
FILES = AdapterFiles(SHIPPED / "ukcore-maternity")
DOUBLED = 2
ours = settings(
    derandomize=True, max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def bundle_after(changes: list[tuple[int, list[Change]]]) -> dict[str, Any]:
    """A maternity bundle in which some entries are changed and some stand twice."""
    bundle = maternity_bundle()
    for at, each in changes:
        entry = bundle["entry"][at % len(bundle["entry"])]
        again = {**entry, "resource": changed(entry["resource"], each)}
        bundle["entry"] = [*bundle["entry"], again] if each[:1] and each[0][1] == DOUBLED else bundle["entry"]
        entry["resource"] = again["resource"]
    return bundle


def mapped_rows(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    rows = map_bundle(UKCORE, bundle, digest="digest").rows
    return {table: sorted((dict(row) for row in found), key=repr) for table, found in rows.items()}


def traced_rows(bundle: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    assert UKCORE.bundle_plan is not None
    tables = traced_tables(UKCORE, FILES, bundle, digest="digest")
    return {
        table: sorted(({name: draft.value(name) for name in plan.columns} for draft in tables[table]), key=repr)
        for table, plan in UKCORE.bundle_plan.tables.items()
        if tables[table]
    }


changes = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, len(CHANGES) - 1)), max_size=3),
    ),
    max_size=5,
)


@given(changes=changes)
@ours
def test_the_slow_assembly_gives_the_rows_of_the_fast_one(changes: list[tuple[int, list[Change]]]) -> None:
    bundle = bundle_after(changes)
    assert traced_rows(bundle) == mapped_rows(bundle)


@given(changes=changes)
@ours
def test_every_cell_that_is_there_has_a_rule_and_every_row_can_be_explained(
    changes: list[tuple[int, list[Change]]],
) -> None:
    bundle = bundle_after(changes)
    cells = [
        (row, cell)
        for table, rows in map_bundle(UKCORE, bundle, digest="digest").rows.items()
        for row in rows
        for cell in explain_bundle_row(UKCORE, FILES, bundle, row, table=table, columns=tuple(row), digest="digest")
    ]
    assert [cell.column for row, cell in cells if cell.value != row[cell.column]] == []
    assert [cell.column for _, cell in cells if cell.value is not None and not cell.steps] == []
