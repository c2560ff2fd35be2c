"""The path subset and the compiled views, beyond what the official suite asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.compiler import compile_view
from fhir_adapter.sources.fhirpath import parse_path
from fhir_adapter.sources.fhirpath_tokens import PathInvalid
from fhir_adapter.sources.view import parse_view
from fhir_adapter.sources.view_faults import ViewFault
from tests.mapping.plain_context import PlainContext


def view_of(path: str, **more: object) -> dict[str, object]:
    return {"resource": "Patient", "select": [{"column": [{"name": "cell", "path": path}]}], **more}


def cell(path: str, resource: Mapping[str, Any]) -> object:
    compiled = compile_view(parse_view(view_of(path), place="view.json"))
    return compiled.rows(dict(resource), PlainContext())[0][0]


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("name.family.lower()", 13),
        ("name | address", 6),
        ("iif(active, 1, 2)", 1),
        ("name[family]", 13),
        ("%nothing", 1),
        ("'open", 1),
        ("name..family", 6),
        ("", 1),
        ("@@", 1),
        ("name.ofType(", 13),
        ("a div b", 3),
        ("name.where()", 6),
        ("__import__('os')", 1),
    ],
)
def test_a_path_outside_the_subset_is_refused_with_its_position(path: str, position: int) -> None:
    with pytest.raises(PathInvalid) as refusal:
        parse_path(path, constants={})
    assert refusal.value.position == position


def test_every_fault_of_a_view_is_told_at_once() -> None:
    columns = [{"name": "a b", "path": "name"}, {"name": "b", "path": "name.upper()"}]
    with pytest.raises(MappingInvalid) as refusal:
        parse_view({"resource": "Patient", "select": [{"column": columns}]}, place="view.json")
    assert [fault.split(":")[0] for fault in refusal.value.faults] == [
        "/select/0/column/0/name",
        "/select/0/column/1/path",
    ]


def test_a_literal_cannot_leave_its_quotation_marks() -> None:
    text = "'); raise SystemExit('"
    assert cell("'\\'); raise SystemExit(\\''", {}) == text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("birthDate.extension('u').value.ofType(dateTime)", "2026-03-02T04:15:00Z"),
        ("name.given.first()", "Ann"),
        ("name[1].given", "Bea"),
        ("name.where(use = 'usual' or use = 'old').given", "Bea"),
        ("contact.name.family", "Hill"),
        ("active and missing", None),
        ("active.not() and missing", False),
        ("active or missing", True),
        ("missing = 'x'", None),
        ("missing != 'x'", None),
        ("name.given = 'Ann'", False),
        ("name.given.exists() and (1 + 2 * 3 = 7)", True),
        ("active = 1", False),
        ("1 / 0", None),
        ("-1 < 0", True),
    ],
)
def test_a_path_gives_its_value(path: str, expected: object) -> None:
    resource = {
        "birthDate": "2026-03-02",
        "_birthDate": {"extension": [{"url": "u", "valueDateTime": "2026-03-02T04:15:00Z"}]},
        "active": True,
        "name": [{"use": "official", "given": ["Ann"]}, {"use": "usual", "given": ["Bea"]}],
        "contact": [{"name": {"family": "Hill"}}, {"relationship": "none"}],
    }
    assert cell(path, resource) == expected


@pytest.mark.parametrize("resource", [{"name": "text"}, {"name": [None, 3]}, {"name": [[]]}, {"name": {"given": {}}}])
def test_a_resource_of_the_wrong_shape_breaks_nothing(resource: dict[str, Any]) -> None:
    assert cell("name.given.where($this = 'Ann').first()", resource) is None


def test_several_values_in_a_single_column_are_told_and_the_first_is_kept() -> None:
    context = PlainContext()
    compiled = compile_view(parse_view(view_of("name.given"), place="view.json"))
    assert compiled.rows({"name": [{"given": ["Ann", "Bea"]}]}, context) == [("Ann",)]
    assert context.several == ["cell"]


@pytest.mark.parametrize("path", ["name.given > 3", "name.given + 3", "name.given and true"])
def test_values_that_do_not_fit_an_operator_are_a_fault(path: str) -> None:
    with pytest.raises(ViewFault):
        cell(path, {"name": {"given": "Ann"}})


def test_a_cross_product_without_bound_is_a_fault() -> None:
    selects = [{"forEach": "name", "column": [{"name": f"c{at}", "path": "use"}]} for at in range(5)]
    compiled = compile_view(parse_view({"resource": "Patient", "select": selects}, place="view.json"))
    with pytest.raises(ViewFault):
        compiled.rows({"name": [{"use": "usual"}] * 12}, PlainContext())


def test_a_long_list_of_codes_compiles() -> None:
    codes = " or ".join(f"code = '{number}'" for number in range(200))
    assert cell(f"coding.where({codes}).code", {"coding": [{"code": "7"}, {"code": "x"}]}) == "7"
