"""A view evaluated slowly and plainly, node by node: every cell knows the elements that it came from.

It gives what the compiled form gives; a property test holds the two equal. Ingest never uses it, `explain` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fhir_adapter.sources import view_runtime
from fhir_adapter.sources.compiler import ViewContext
from fhir_adapter.sources.fhirpath import (
    Boundary,
    Choice,
    Empty,
    Exists,
    Extension,
    Index,
    Join,
    Literal,
    Member,
    Node,
    Not,
    Operation,
    Operator,
    ReferenceKey,
    ResourceKey,
    RowIndex,
    This,
    Where,
    element_path,
)
from fhir_adapter.sources.view import View, ViewColumn, ViewSelect
from fhir_adapter.sources.view_faults import ViewFault

Json: TypeAlias = Any  # a value as it was parsed


@dataclass(frozen=True, slots=True)
class Item:
    """A value and the paths of the elements that it came from; several for what was computed, none for a literal."""

    value: Json
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TracedCell:
    """A cell of a view: its value as the compiled form gives it, and the paths of the elements behind it."""

    value: Json
    paths: tuple[str, ...]


TracedRow: TypeAlias = tuple[TracedCell, ...]
NOTHING = TracedCell(None, ())


def traced_rows(view: View, resource: dict[str, Json], context: ViewContext, *, path: str) -> list[TracedRow]:
    """The rows of a view over one resource of its type; `path` is where the resource stands.

    Raises ViewFault when the view cannot be applied, as the compiled form does.
    """
    return Interpreter(context, path).rows(view, Item(resource, (path,)))


@dataclass(frozen=True, slots=True)
class Focus:
    """The item in hand and its place among its siblings."""

    item: Item
    row_index: int


class Interpreter:
    """Evaluates nodes over items; `path` is where the resource stands."""

    def __init__(self, context: ViewContext, path: str) -> None:
        self._context = context
        self._path = path
        self._resource: dict[str, Json] = {}

    def rows(self, view: View, resource: Item) -> list[TracedRow]:
        """The rows of the view. Raises ViewFault."""
        self._resource = resource.value
        root = Focus(resource, 0)
        if not all(self._holds(criteria, root) for criteria in view.where):
            return []
        return combined([self._select(each, root) for each in view.selects])

    # Selects.

    def _select(self, select: ViewSelect, focus: Focus) -> list[TracedRow]:
        if select.repeat:
            return self._iterated(select, self._repeated(select.repeat, focus.item, 0))
        if select.focus is not None:
            return self._iterated(select, self._items(select.focus, focus))
        return self._one(select, focus)

    def _iterated(self, select: ViewSelect, items: Sequence[Item]) -> list[TracedRow]:
        if not items and select.or_null:
            return [null_row(select)]
        return [row for place, item in enumerate(items) for row in self._one(select, Focus(item, place))]

    def _one(self, select: ViewSelect, focus: Focus) -> list[TracedRow]:
        parts = [[tuple(self._cell(column, focus) for column in select.columns)]]
        parts += [self._select(each, focus) for each in select.selects]
        if select.unions:
            parts.append([row for each in select.unions for row in self._select(each, focus)])
        return combined(parts)

    def _repeated(self, paths: Sequence[Node], item: Item, depth: int) -> list[Item]:
        if depth > view_runtime.DEEPEST_REPEAT:
            raise ViewFault("repeat went too deep")
        found: list[Item] = []
        for each in [step for path in paths for step in self._items(path, Focus(item, 0))]:
            found += [each, *self._repeated(paths, each, depth + 1)]
        return found

    def _cell(self, column: ViewColumn, focus: Focus) -> TracedCell:
        items = self._items(column.path, focus)
        paths = united(items)
        if column.collection:
            return TracedCell([each.value for each in items], paths)
        if len(items) > 1:
            self._context.several_values(column.name)
        return TracedCell(items[0].value, items[0].paths) if items else TracedCell(None, ())

    # Paths.

    def _items(self, node: Node, focus: Focus) -> list[Item]:
        """The items that a node gives, each with its paths."""
        match node:
            case This():
                return [focus.item]
            case Member(source, name):
                return [each for item in self._items(source, focus) for each in children(item, name)]
            case Choice(source, _, names):
                items = self._items(source, focus)
                return [each for item in items for name in names for each in children(item, name)]
            case Where(source, criteria):
                return [item for item in self._items(source, focus) if self._meets(criteria, item, focus)]
            case Index(source, place):
                return self._items(source, focus)[place : place + 1] if place >= 0 else []
            case Extension(source, url):
                return [each for item in self._carriers(source, focus) for each in extensions(item, url)]
            case ReferenceKey():
                return self._reference_keys(node, focus)
        return present([self._scalar(node, focus)])

    def _carriers(self, source: Node, focus: Focus) -> list[Item]:
        """What may have extensions: the elements, and for a primitive its twin with an underscore."""
        if not isinstance(source, Member):
            return self._items(source, focus)
        holders = self._items(source.source, focus)
        return [each for item in holders for name in (source.name, f"_{source.name}") for each in children(item, name)]

    def _reference_keys(self, node: ReferenceKey, focus: Focus) -> list[Item]:
        element = element_path(node.source)
        return present(
            [
                Item(
                    self._context.reference_key(item.value.get("reference"), node.resource_type, element),
                    tuple(f"{path}.reference" for path in item.paths),
                )
                for item in self._items(node.source, focus)
                if isinstance(item.value, dict)
            ]
        )

    # Values: one item whose value is None for nothing and a list for several items.

    def _scalar(self, node: Node, focus: Focus) -> Item:
        match node:
            case Literal(value):
                return Item(value, ())
            case RowIndex():
                return Item(focus.row_index, ())
            case ResourceKey():
                return Item(self._context.resource_key(self._resource), (f"{self._path}.id",))
            case Exists(source) | Empty(source):
                items = self._items(source, focus)
                return Item(bool(items) is isinstance(node, Exists), united(items))
            case Not(source):
                found = self._scalar(source, focus)
                return Item(view_runtime.negated(view_runtime.truth(found.value)), found.paths)
            case Join(source, separator):
                items = self._items(source, focus)
                return Item(view_runtime.joined([each.value for each in items], separator), united(items))
            case Boundary(source, is_high, precision, kind):
                found = self._scalar(source, focus)
                return Item(view_runtime.boundary(found.value, is_high, precision, kind), found.paths)
            case Operation(Operator.AND | Operator.OR):
                return self._logic(node, focus)
            case Operation():
                left, right = self._scalar(node.left, focus), self._scalar(node.right, focus)
                return Item(operated(node, left.value, right.value), united([left, right]))
        items = self._items(node, focus)
        return Item(view_runtime.gathered([each.value for each in items]), united(items))

    def _logic(self, node: Operation, focus: Focus) -> Item:
        """`and` and `or`: the right side is not asked when the left one has settled it."""
        is_and = node.operator is Operator.AND
        left = self._scalar(node.left, focus)
        value = view_runtime.truth(left.value)
        if value is not None and value is not is_and:
            return Item(value, left.paths)
        right = self._scalar(node.right, focus)
        combine = view_runtime.both if is_and else view_runtime.either
        return Item(combine(value, view_runtime.truth(right.value)), united([left, right]))

    def _meets(self, criteria: Node, item: Item, focus: Focus) -> bool:
        return self._holds(criteria, Focus(item, focus.row_index))

    def _holds(self, criteria: Node, focus: Focus) -> bool:
        return view_runtime.truth(self._scalar(criteria, focus).value) is True


def operated(node: Operation, left: Json, right: Json) -> Json:
    """What an operator other than `and` and `or` makes of two values."""
    if node.operator not in (Operator.EQUAL, Operator.UNEQUAL):
        return view_runtime.OPERATIONS[node.operator.value](left, right)
    is_temporal = any(isinstance(each, Literal) and each.is_temporal for each in (node.left, node.right))
    compare = view_runtime.same_moment if is_temporal else view_runtime.same
    return compare(left, right, node.operator is Operator.EQUAL)


def children(item: Item, name: str) -> list[Item]:
    """The elements of a name inside an item; those of a list with their place."""
    found = item.value.get(name) if isinstance(item.value, dict) else None
    if isinstance(found, list):
        values = [(each, f"{name}[{place}]") for place, each in enumerate(found)]
    else:
        values = [(found, name)]
    return [Item(value, tuple(f"{path}.{step}" for path in item.paths)) for value, step in values if value is not None]


def extensions(item: Item, url: str | None) -> list[Item]:
    """The extensions of an item, of one url or all."""
    found = children(item, "extension")
    if url is None:
        return found
    return [each for each in found if isinstance(each.value, dict) and each.value.get("url") == url]


def present(items: Iterable[Item]) -> list[Item]:
    """The items that are there, several values of one apart."""
    found: list[Item] = []
    for each in items:
        values = each.value if isinstance(each.value, list) else [each.value]
        found += [Item(value, each.paths) for value in values if value is not None]
    return found


def united(items: Iterable[Item]) -> tuple[str, ...]:
    """The paths of all items, each once."""
    return tuple(dict.fromkeys(path for each in items for path in each.paths))


def combined(parts: Sequence[list[TracedRow]]) -> list[TracedRow]:
    """Every row of one part beside every row of the others. Raises ViewFault when there are too many."""
    rows: list[TracedRow] = [()]
    for part in parts:
        rows = view_runtime.limited([(*left, *right) for left in rows for right in part])
    return rows


def null_row(select: ViewSelect) -> TracedRow:
    """The row of a forEachOrNull without items."""
    indexed = {each.name for each in select.all_columns() if isinstance(each.path, RowIndex)}
    return tuple(TracedCell(0, ()) if name in indexed else NOTHING for name in select.column_names())
