"""A view checked against the elements of R4: names, types and how many values there may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from fhir_adapter.fhir.r4_elements import is_resource, resource_types
from fhir_adapter.sources.fhirpath import Node
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.path_types import Typed, check_condition, typed
from fhir_adapter.sources.suggestions import did_you_mean
from fhir_adapter.sources.view import View, ViewColumn, ViewSelect, focus_inside

NoteAt = Callable[[str, Severity, str, str], None]  # pointer, severity, code, text
CODES = {
    "element": (Severity.ERROR, "lint.unknown-element"),
    "choice": (Severity.WARNING, "lint.choice-not-narrowed"),
    "type": (Severity.ERROR, "lint.type-mismatch"),
    "cardinality": (Severity.WARNING, "lint.several-values"),
}


def lint_view(view: View, note: NoteAt) -> None:
    """Note every path of a view that R4 does not bear out."""
    if not is_resource(view.resource):
        text = f"R4 has no resource {view.resource}{did_you_mean(view.resource, resource_types())}"
        note("/resource", Severity.ERROR, "lint.unknown-resource", text)
        return
    root = Typed(frozenset({view.resource}))
    for at, criteria in enumerate(view.where):
        pointer = f"/where/{at}/path"
        check_condition(_checked(criteria, root, pointer, note), "where", partial(_note, pointer, note))
    for at, select in enumerate(view.selects):
        _lint_select(select, root, f"/select/{at}", note)


def _lint_select(select: ViewSelect, focus: Typed, pointer: str, note: NoteAt) -> None:
    if select.focus is not None:
        name = "forEachOrNull" if select.or_null else "forEach"
        _checked(select.focus, focus, f"{pointer}/{name}", note)
    for at, path in enumerate(select.repeat):
        _checked(path, focus, f"{pointer}/repeat/{at}", note)
    inside = focus_inside(select.focus, select.repeat, focus)
    for at, column in enumerate(select.columns):
        _lint_column(column, inside, f"{pointer}/column/{at}/path", note)
    for key, nested in _nested(select):
        _lint_select(nested, inside, f"{pointer}/{key}", note)


def _nested(select: ViewSelect) -> Iterator[tuple[str, ViewSelect]]:
    for kind, found in (("select", select.selects), ("unionAll", select.unions)):
        for at, each in enumerate(found):
            yield f"{kind}/{at}", each


def _lint_column(column: ViewColumn, focus: Typed, pointer: str, note: NoteAt) -> None:
    found = _checked(column.path, focus, pointer, note)
    if found.is_list and not column.collection:
        text = f"column {column.name} holds one value, and there may be several; use forEach, first() or collection"
        note(pointer, *CODES["cardinality"], text)


def _checked(path: Node, focus: Typed, pointer: str, note: NoteAt) -> Typed:
    return typed(path, focus, partial(_note, pointer, note))


def _note(pointer: str, note: NoteAt, kind: str, text: str) -> None:
    note(pointer, *CODES[kind], text)
