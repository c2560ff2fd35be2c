"""The interpreter that explains a cell gives what the compiled view gives, whatever the resource looks like."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.compiler import compile_view
from fhir_adapter.sources.interpreter import traced_rows
from fhir_adapter.sources.registry import SHIPPED
from fhir_adapter.sources.view import View, parse_view
from fhir_adapter.sources.view_faults import ViewFault
from tests.mapping.maternity_bundles import maternity_bundle
from tests.mapping.plain_context import PlainContext

Json = Any
Change = tuple[int, int]  # which place, what is done to it

NEW_VALUES: tuple[Json, ...] = (None, "", "x", "2026-02", 0, -1.5, True, {}, {"value": 1}, {"coding": [{"code": "a"}]})
OWN_VIEWS: Mapping[str, Mapping[str, Json]] = {
    "boundaries": {
        "resource": "Patient",
        "select": [
            {
                "column": [
                    {"name": "low", "path": "birthDate.lowBoundary(6)"},
                    {"name": "sum", "path": "name.given.exists() and birthDate < @2000-01"},
                    {"name": "died", "path": "deceased.exists() or multipleBirth > 1"},
                    {"name": "any", "path": "extension.value", "collection": True},
                    {"name": "url", "path": "birthDate.extension.url", "collection": True},
                    {"name": "one", "path": "name.where(use != 'old' or family.exists().not()).given.join('-')"},
                ]
            },
            {
                "forEachOrNull": "name.where(given.exists(length = 1) or use = 'usual')",
                "column": [{"name": "at", "path": "%rowIndex"}, {"name": "family", "path": "family"}],
                "unionAll": [
                    {"forEach": "given[1]", "column": [{"name": "part", "path": "$this"}]},
                    {"forEachOrNull": "suffix", "column": [{"name": "part", "path": "$this"}]},
                ],
            },
        ],
        "where": [{"path": "active.not() or gender != 'x' or gender.empty()"}],
    }
}


def places(value: Json) -> Iterator[tuple[Json, str | int]]:
    """Every place inside a resource: its holder and the key there."""
    keys: list[str | int] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    for key in keys:
        yield value, key
        yield from places(value[key])


def deleted(holder: Json, key: str | int) -> None:
    del holder[key]


def nulled(holder: Json, key: str | int) -> None:
    holder[key] = None


def doubled(holder: Json, key: str | int) -> None:
    """Twice the same in a list; one value becomes a list of two, as a sender of the wrong cardinality writes it."""
    held = holder[key]
    if isinstance(holder, list):
        holder.insert(int(key), copy.deepcopy(held))
    else:
        holder[key] = [*held, *copy.deepcopy(held)] if isinstance(held, list) else [held, copy.deepcopy(held)]


def retyped(value: Json) -> Callable[[Json, str | int], None]:
    def change(holder: Json, key: str | int) -> None:
        holder[key] = copy.deepcopy(value)

    return change


CHANGES: tuple[Callable[[Json, str | int], None], ...] = (deleted, nulled, doubled, *map(retyped, NEW_VALUES))


def changed(resource: Mapping[str, Json], changes: list[Change]) -> dict[str, Json]:
    """A copy of a resource after the changes; JSON lists never hold lists."""
    found = copy.deepcopy(dict(resource))
    for place, kind in changes:
        known = [(holder, key) for holder, key in places(found) if key != "resourceType"]
        if known:
            CHANGES[kind](*known[place % len(known)])
    return found


def readable_view(definition: Mapping[str, Json]) -> View | None:
    try:
        return parse_view(definition, place="view")
    except MappingInvalid:
        return None


def shipped_views() -> dict[str, View]:
    files = sorted(SHIPPED.glob("*/views/*.json"))
    return {f"{file.parts[-3]}/{file.stem}": parse_view(file.read_bytes(), place=file.name) for file in files}


def resources_of(view: View, more: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Resources that the view reads: those of the maternity bundle and those given."""
    ours = [entry["resource"] for entry in maternity_bundle()["entry"]]
    return [each for each in (*ours, *more) if each["resourceType"] == view.resource]


@cache
def suite_views(samples: Path) -> dict[str, tuple[View, list[dict[str, Json]]]]:
    found: dict[str, tuple[View, list[dict[str, Json]]]] = {}
    for file in sorted((samples / "sql-on-fhir").glob("*.json")):
        content = json.loads(file.read_bytes())
        for test in content.get("tests", ()):
            if (view := readable_view(test["view"])) is not None:
                found[f"{file.stem}: {test['title']}"] = (view, resources_of(view, content["resources"]))
    return found


def by_compiled(view: View, resource: dict[str, Json]) -> object:
    context = PlainContext()
    try:
        return [list(row) for row in compile_view(view).rows(resource, context)], context.several
    except ViewFault:
        return ViewFault


def by_interpreter(view: View, resource: dict[str, Json]) -> object:
    context = PlainContext()
    try:
        rows = traced_rows(view, resource, context, path="R")
        return [[cell.value for cell in row] for row in rows], context.several
    except ViewFault:
        return ViewFault


def typed(found: object) -> str:
    """Rows as text: true is not 1, and 1 is not 1.0."""
    return repr(found)


PAIRS = {name: (view, resources_of(view, [])) for name, view in shipped_views().items()}
PAIRS |= {name: (view, resources_of(view, [])) for name, each in OWN_VIEWS.items() if (view := readable_view(each))}
ours = settings(
    derandomize=True, max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
changes = st.lists(st.tuples(st.integers(0, 400), st.integers(0, len(CHANGES) - 1)), max_size=6)


@given(
    name=st.sampled_from(sorted(name for name, (_, found) in PAIRS.items() if found)), at=st.integers(0), ops=changes
)
@ours
def test_a_shipped_view_gives_the_same_rows_by_both_ways(name: str, at: int, ops: list[Change]) -> None:
    view, resources = PAIRS[name]
    resource = changed(resources[at % len(resources)], ops)
    assert typed(by_interpreter(view, resource)) == typed(by_compiled(view, resource))


@given(data=st.data(), at=st.integers(0), ops=changes)
@ours
def test_a_view_of_the_official_suite_gives_the_same_rows_by_both_ways(
    samples: Path, data: st.DataObject, at: int, ops: list[Change]
) -> None:
    pairs = suite_views(samples)
    view, resources = pairs[data.draw(st.sampled_from(sorted(name for name, (_, found) in pairs.items() if found)))]
    resource = changed(resources[at % len(resources)], ops)
    assert typed(by_interpreter(view, resource)) == typed(by_compiled(view, resource))


def value_at(resource: Json, path: str) -> Json:
    """The value at a path such as `R.name[0].family`."""
    value = resource
    for step in path.removeprefix("R").replace("[", ".[").split(".")[1:]:
        value = value[int(step[1:-1])] if step.startswith("[") else value[step]
    return value


@given(at=st.integers(0), ops=changes)
@ours
def test_a_cell_of_one_element_is_what_stands_at_its_path(at: int, ops: list[Change]) -> None:
    columns = [{"name": "family", "path": "name.where(use != 'old').family"}, {"name": "city", "path": "address[0]"}]
    view = parse_view({"resource": "Patient", "select": [{"column": columns}]}, place="view")
    resources = resources_of(view, [])
    resource = changed(resources[at % len(resources)], ops)
    cells = [cell for row in traced_rows(view, resource, PlainContext(), path="R") for cell in row if cell.paths]
    assert [value_at(resource, cell.paths[0]) for cell in cells] == [cell.value for cell in cells]
