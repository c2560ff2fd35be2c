"""What can be left out of a mapping: every part of a manifest or site, every filter in the paths of a view.

A part that the manifest cannot be without is none: without it there is no mapping that cases could judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from fhir_adapter.sources.adapter import ColumnRule, ManifestModel
from fhir_adapter.sources.fhirpath import (
    Boundary,
    Choice,
    Empty,
    Exists,
    Extension,
    Index,
    Join,
    Member,
    Node,
    Not,
    Operation,
    ReferenceKey,
    Where,
)
from fhir_adapter.sources.view import View, ViewColumn, ViewSelect

KeyPath: TypeAlias = tuple[str | int, ...]

LABELS = frozenset({"name", "version", "title", "kind", "fhir_version", "site"})  # they make no cell
AROUND = Member | Choice | Index | Extension | ReferenceKey | Exists | Empty | Not | Join | Boundary


def droppable_parts(part: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Keys, as written in the file, of everything below a part that could be left out.

    What is written as it would be by itself is left aside, since nothing changes without it. So is the code list of a
    column with a ConceptMap: it says what the targets must be, which is checked on loading, and makes no cell.
    """
    if isinstance(part, ManifestModel):
        checked = {"code_list"} if isinstance(part, ColumnRule) and part.translate is not None else set()
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if name not in LABELS | checked and name in part.model_fields_set and value != field.default:
                here = (*path, field.alias or name)
                if not (field.is_required() or isinstance(value, Mapping | tuple)):
                    yield here
                yield from droppable_parts(value, here)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield (*path, key)
            yield from droppable_parts(value, (*path, key))
    elif isinstance(part, tuple):
        for at, value in enumerate(part):
            yield (*path, at)
            yield from droppable_parts(value, (*path, at))


def without(part: Any, path: Sequence[str | int]) -> Any:
    """A part without what stands at the end of the path. Raises ValidationError when it cannot be without it."""
    head, *rest = path
    if isinstance(part, ManifestModel):
        return model_without(part, str(head), rest)
    if isinstance(part, Mapping):
        if rest:
            return {**part, str(head): without(part[str(head)], rest)}
        return {key: value for key, value in part.items() if key != head}
    place = int(head)
    kept_part = (without(part[place], rest),) if rest else ()
    return (*part[:place], *kept_part, *part[place + 1 :])


def model_without(part: ManifestModel, key: str, rest: Sequence[str | int]) -> ManifestModel:
    """A model without a field or a part of it, checked anew; its other fields are taken over as they are."""
    fields = type(part).model_fields
    written = {name: getattr(part, name) for name in fields if name in part.model_fields_set}
    name = next(each for each, field in fields.items() if key in (field.alias, each))
    if rest:
        written[name] = without(written[name], rest)
    else:
        del written[name]
    return type(part).model_validate(written)


def thinner_views(view: View) -> Iterator[tuple[KeyPath, str, View]]:
    """Keys, name and the view for each filter of it that is left out."""
    for at, node in enumerate(view.where):
        here: KeyPath = ("where", at, "path")
        rest = (*view.where[:at], *view.where[at + 1 :])
        yield here, f"condition {at + 1}", replace(view, where=rest)
        for number, thinner in enumerate(thinner_paths(node), start=1):
            nodes = (*view.where[:at], thinner, *view.where[at + 1 :])
            yield here, f"part {number} of condition {at + 1}", replace(view, where=nodes)
    for at, select in enumerate(view.selects):
        for path, rule, changed in thinner_selects(select, ("select", at)):
            yield path, rule, replace(view, selects=(*view.selects[:at], changed, *view.selects[at + 1 :]))


def thinner_selects(select: ViewSelect, path: KeyPath) -> Iterator[tuple[KeyPath, str, ViewSelect]]:
    """The same for a select, and for those in it."""
    if select.focus is not None:
        key = "forEachOrNull" if select.or_null else "forEach"
        for number, thinner in enumerate(thinner_paths(select.focus), start=1):
            yield (*path, key), f"part {number} of {key}", replace(select, focus=thinner)
    for at, column in enumerate(select.columns):
        for number, thinner in enumerate(thinner_paths(column.path), start=1):
            columns = (*select.columns[:at], with_path(column, thinner), *select.columns[at + 1 :])
            rule = f"part {number} of the path of {column.name}"
            yield (*path, "column", at, "path"), rule, replace(select, columns=columns)
    for at, inner in enumerate(select.selects):
        for inside, rule, changed in thinner_selects(inner, (*path, "select", at)):
            yield inside, rule, replace(select, selects=(*select.selects[:at], changed, *select.selects[at + 1 :]))
    for at, branch in enumerate(select.unions):
        for inside, rule, changed in thinner_selects(branch, (*path, "unionAll", at)):
            yield inside, rule, replace(select, unions=(*select.unions[:at], changed, *select.unions[at + 1 :]))
        if len(select.unions) > 1:
            rest = (*select.unions[:at], *select.unions[at + 1 :])
            yield (*path, "unionAll", at), f"branch {at + 1}", replace(select, unions=rest)


def with_path(column: ViewColumn, path: Node) -> ViewColumn:
    """The column with another path; the elements that it names for faults stay."""
    return replace(column, path=path)


def thinner_paths(node: Node) -> Iterator[Node]:
    """The path without each of its `where()` in turn, whole."""
    if isinstance(node, Where):
        yield node.source
        for source in thinner_paths(node.source):
            yield replace(node, source=source)
        for criteria in thinner_paths(node.criteria):
            yield replace(node, criteria=criteria)
    elif isinstance(node, Operation):
        for left in thinner_paths(node.left):
            yield replace(node, left=left)
        for right in thinner_paths(node.right):
            yield replace(node, right=right)
    elif isinstance(node, AROUND):
        for source in thinner_paths(node.source):
            yield replace(node, source=source)
