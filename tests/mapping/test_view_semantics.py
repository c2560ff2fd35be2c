"""What the official suite touches only lightly: dates, boundaries, three-valued logic, nested iteration, extensions."""

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

Resource = Mapping[str, Any]

PERSON: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "birthDate": "1996-07",
    "_birthDate": {"extension": [{"url": "known", "valueCode": "month"}]},
    "deceasedDateTime": "2026-03-01T00:30:00+01:00",
    "multipleBirthInteger": 2,
    "name": [
        {"use": "official", "family": "Hill", "given": ["Ann", "Bea"]},
        {"use": "old", "family": "Dale", "_family": {"extension": [{"url": "own", "valueString": "Moor"}]}},
    ],
    "contact": [{"name": {"family": "Low", "given": ["Cy"]}, "telecom": [{"value": "1"}, {"value": "2"}]}, {}],
    "extension": [
        {"url": "a", "extension": [{"url": "b", "valueQuantity": {"value": 0.1}}, {"url": "c", "valueInteger": 3}]}
    ],
    "contained": [{"resourceType": "Organization", "name": "Trust"}, {"resourceType": "Patient", "id": "inner"}],
}


def rows(select: list[dict[str, Any]], **more: Any) -> list[tuple[Any, ...]]:
    view = {"resource": "Patient", "select": select, **more}
    return compile_view(parse_view(view, place="view.json")).rows(dict(PERSON), PlainContext())


def cell(path: str, **more: Any) -> Any:
    return rows([{"column": [{"name": "cell", "path": path}]}], **more)[0][0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("1.587.lowBoundary()", 1.5865),
        ("1.587.highBoundary()", 1.5875),
        ("1.587.lowBoundary(2)", 1.58),
        ("1.587.highBoundary(2)", 1.59),
        ("(-1.587).lowBoundary()", -1.5875),
        ("1.lowBoundary()", 0.5),
        ("1.highBoundary(0)", 2.0),
        ("1.587.lowBoundary(-1)", None),
        ("1.587.lowBoundary(99)", None),
        ("@2014.lowBoundary()", "2014-01-01"),
        ("@2014.highBoundary(6)", "2014-12"),
        ("@2024-02.highBoundary()", "2024-02-29"),
        ("@2014-01-15.lowBoundary(4)", "2014"),
        ("@2014.lowBoundary(5)", None),
        ("@2014-01-01T08.lowBoundary(17)", "2014-01-01T08:00:00.000+14:00"),
        ("@2014-01-01T08.highBoundary()", "2014-01-01T08:59:59.999-12:00"),
        ("@2014-01-01T08:05Z.highBoundary(14)", "2014-01-01T08:05:59Z"),
        ("@2014-01-01T08:05:07.25+02:00.highBoundary()", "2014-01-01T08:05:07.250+02:00"),
        ("@2014-01-01T08:05+08:00.lowBoundary(8)", "2014-01-01"),
        ("@T10:30.lowBoundary()", "10:30:00.000"),
        ("@T10:30.highBoundary(9)", "10:30:59.999"),
        ("@T10:30:05.highBoundary(4)", "10:30"),
        ("birthDate.highBoundary()", "1996-07-31"),
        ("deceased.ofType(dateTime).highBoundary()", "2026-03-01T00:30:00.999+01:00"),
        ("missing.lowBoundary()", None),
    ],
)
def test_a_boundary_is_the_first_or_last_value_that_is_meant(path: str, expected: object) -> None:
    assert cell(path) == expected


def test_the_boundary_of_a_moment_is_known_from_r4_when_its_text_is_a_day() -> None:
    view = {"resource": "Encounter", "select": [{"column": [{"name": "c", "path": "period.start.lowBoundary()"}]}]}
    compiled = compile_view(parse_view(view, place="view.json"))
    encounter = {"resourceType": "Encounter", "period": {"start": "2026-03"}}
    assert compiled.rows(encounter, PlainContext()) == [("2026-03-01T00:00:00.000+14:00",)]


@pytest.mark.parametrize("path", ["active.lowBoundary()", "name[0].family.highBoundary()", "name.family.lowBoundary()"])
def test_what_has_no_boundary_is_a_fault(path: str) -> None:
    with pytest.raises(ViewFault):
        cell(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("birthDate < @1997", True),
        ("birthDate < @1996-07-15", None),
        ("birthDate = @1996-07-15", None),
        ("birthDate != @1996-07-15", None),
        ("birthDate = @1996-07", True),
        ("birthDate != @1996-08", True),
        ("birthDate >= @1996", None),
        ("deceased.ofType(dateTime) = @2026-02-28T23:30:00Z", True),
        ("deceased.ofType(dateTime) > @2026-03-01T00:00:00Z", False),
        ("@T10:30 < @T10:31:00", True),
        ("@T10:30 = @T10:30:00", None),
        ("@2014-01-01T10:00:00.000Z = @2014-01-01T10:00:00Z", True),
        ("name[0].family < 'Hull'", True),
        ("name[0].family = @2014", False),
        ("birthDate = %born", True),
    ],
)
def test_dates_are_compared_as_far_as_both_are_precise(path: str, expected: object) -> None:
    assert cell(path, constant=[{"name": "born", "valueDate": "1996-07"}]) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("0.1 + 0.2", 0.3),
        ("0.1 + 0.2 = 0.3", True),
        ("1.1 * 3", 3.3),
        ("0.3 - 0.1", 0.2),
        ("7 / 2", 3.5),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * 4", 20),
        ("extension('a').extension('b').value.ofType(Quantity).value + 0.2", 0.3),
        ("multipleBirth.ofType(integer) / 0", None),
        ("missing + 1", None),
        ("'a' + 'b'", "ab"),
    ],
)
def test_decimals_are_computed_with_as_they_are_written(path: str, expected: object) -> None:
    assert cell(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("missing and missing", None),
        ("missing and false", False),
        ("false and missing", False),
        ("missing or true", True),
        ("missing or false", None),
        ("(missing = 1).not()", None),
        ("missing.exists().not()", True),
        ("missing.empty() and name.exists(use = 'old')", True),
        ("name.where(missing).empty()", True),
        ("name.where((use = 'old').not()).family", "Hill"),
        ("name.where(given.empty()).family", "Dale"),
        ("name.where(given.exists()).given[1]", "Bea"),
        ("name.where(given[0] = 'Ann').first().family", "Hill"),
        ("name.where($this.use = 'old').family", "Dale"),
        ("name.where(family = %f and use = %u).use", "old"),
        ("name.given.where($this = 'Bea')", "Bea"),
        ("name.missing.join(',')", ""),
        ("extension('a').extension('c').value.ofType(integer)", 3),
        ("birthDate.extension('known').value.ofType(code)", "month"),
        ("birthDate.extension.where(url = 'known').value.ofType(code)", "month"),
        ("name.family.extension('own').value.ofType(string)", "Moor"),
        ("contained.ofType(Organization).name", "Trust"),
        ("Patient.active", True),
        ("deceased.exists()", True),
        ("deceased", "2026-03-01T00:30:00+01:00"),
        ("multipleBirth > 1", True),
        ("extension('a').extension.value.exists()", True),
        ("extension('a').extension('c').value", 3),
    ],
)
def test_nothing_stays_nothing_and_a_path_finds_what_is_there(path: str, expected: object) -> None:
    constants = [{"name": "f", "valueString": "Dale"}, {"name": "u", "valueCode": "old"}]
    assert cell(path, constant=constants) == expected


def test_iteration_nested_in_a_union_in_an_iteration_keeps_the_rows_of_each() -> None:
    select = {
        "forEachOrNull": "contact",
        "column": [{"name": "at", "path": "%rowIndex"}],
        "unionAll": [
            {"forEach": "telecom", "column": [{"name": "v", "path": "value"}, {"name": "n", "path": "%rowIndex"}]},
            {
                "forEachOrNull": "name.given",
                "column": [{"name": "v", "path": "$this"}, {"name": "n", "path": "%rowIndex"}],
            },
        ],
    }
    assert rows([select]) == [(0, "1", 0), (0, "2", 1), (0, "Cy", 0), (1, None, 0)]


@pytest.mark.parametrize(
    "constant",
    [
        {"name": "c"},
        {"valueString": "x"},
        {"name": "c", "valueString": "x", "valueCode": "y"},
        {"name": "c", "valueInteger": "3"},
        {"name": "c", "valueInteger": True},
        {"name": "c", "valueDate": "2026-13"},
        {"name": "c", "valueColour": "red"},
    ],
)
def test_a_constant_that_is_not_of_its_type_is_refused_with_its_pointer(constant: dict[str, Any]) -> None:
    view = {"resource": "Patient", "constant": [constant], "select": [{"column": [{"name": "a", "path": "id"}]}]}
    with pytest.raises(MappingInvalid) as refusal:
        parse_view(view, place="view.json")
    assert [fault.split(":")[0] for fault in refusal.value.faults] == ["/constant/0"]


def test_branches_of_a_union_that_declare_different_types_are_refused() -> None:
    branches = [{"column": [{"name": "a", "path": "id", "type": each}]} for each in ("id", "integer")]
    with pytest.raises(MappingInvalid, match="/select/0/unionAll: columns of different types: a"):
        parse_view({"resource": "Patient", "select": [{"unionAll": branches}]}, place="view.json")


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("name.given & 'x'", 12),
        ("name.last()", 6),
        ("name.count()", 6),
        ("active implies true", 8),
        ("active xor true", 8),
        ("birthDate = today()", 13),
        ("%resource.id", 1),
        ("name.family matches 'x'", 13),
        ("@2026-13", 1),
        ("@T25:00", 1),
        ("1.lowBoundary('x')", 3),
        ("value is Quantity", 7),
        ("{}", 1),
    ],
)
def test_what_is_outside_the_subset_is_refused_where_it_stands(path: str, position: int) -> None:
    with pytest.raises(PathInvalid) as refusal:
        parse_path(path, constants={}, resource_type="Patient")
    assert refusal.value.position == position
