"""A SQL on FHIR v2 ViewDefinition as parsed: what the standard knows, with every path already in nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fhir_adapter.errors import MappingInvalid
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
    ReferenceKey,
    This,
    Where,
    element_path,
    parse_path,
)
from fhir_adapter.sources.fhirpath_dates import parse_temporal
from fhir_adapter.sources.fhirpath_tokens import PathInvalid
from fhir_adapter.sources.path_types import Typed, choice_names, typed
from fhir_adapter.sources.strict_json import read_json

COLUMN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")  # sql-name of the standard, made shorter
MOST_COLUMNS = 200  # of one view
CONSTANT_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "valueBoolean": bool,
    "valueDecimal": (int, float),
    **dict.fromkeys(("valueInteger", "valueInteger64", "valuePositiveInt", "valueUnsignedInt"), int),
    **dict.fromkeys(("valueBase64Binary", "valueCanonical", "valueCode", "valueId", "valueOid", "valueString"), str),
    **dict.fromkeys(("valueUri", "valueUrl", "valueUuid"), str),
    **dict.fromkeys(("valueDate", "valueDateTime", "valueInstant", "valueTime"), str),
}
TEMPORAL_CONSTANTS = frozenset({"valueDate", "valueDateTime", "valueInstant", "valueTime"})

Text = Annotated[str, Field(min_length=1)]


class StandardModel(BaseModel):
    """A part of a ViewDefinition: no key that the standard does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnSource(StandardModel):
    """`select.column` as written."""

    name: Text
    path: Text
    type: str | None = None
    collection: bool = False
    description: str | None = None
    tag: tuple[Mapping[str, str], ...] = ()


class SelectSource(StandardModel):
    """`select` as written."""

    column: tuple[ColumnSource, ...] = ()
    select: tuple[SelectSource, ...] = ()
    for_each: Annotated[str | None, Field(alias="forEach")] = None
    for_each_or_null: Annotated[str | None, Field(alias="forEachOrNull")] = None
    repeat: tuple[str, ...] = ()
    union_all: Annotated[tuple[SelectSource, ...], Field(alias="unionAll")] = ()


class WhereSource(StandardModel):
    """`where` as written."""

    path: Text
    description: str | None = None


class ViewSource(BaseModel):
    """A ViewDefinition as written. Metadata of the standard (url, title, publisher …) is allowed and not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    resource: Text
    name: str | None = None
    constant: tuple[Mapping[str, Any], ...] = ()
    select: Annotated[tuple[SelectSource, ...], Field(min_length=1)]
    where: tuple[WhereSource, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """One column. element: the elements that its path goes through, for the place of a fault."""

    name: str
    path: Node
    element: str
    collection: bool
    type: str | None


@dataclass(frozen=True, slots=True)
class ViewSelect:
    """Columns, nested selects and unions over one focus.

    focus: path of the items to make rows of, None for the surrounding item itself.
    or_null: one row of nothing when there is no item. repeat: paths followed again and again from the focus.
    """

    focus: Node | None
    or_null: bool
    repeat: tuple[Node, ...]
    columns: tuple[ViewColumn, ...]
    selects: tuple[ViewSelect, ...]
    unions: tuple[ViewSelect, ...]

    def column_names(self) -> tuple[str, ...]:
        """Names in the order of the standard: own columns, nested selects, then the union."""
        own = tuple(each.name for each in self.columns)
        nested = tuple(name for each in self.selects for name in each.column_names())
        return own + nested + (self.unions[0].column_names() if self.unions else ())

    def all_columns(self) -> Iterator[ViewColumn]:
        """Every column at any depth, in the order of `column_names`."""
        yield from self.columns
        for each in self.selects:
            yield from each.all_columns()
        if self.unions:
            yield from self.unions[0].all_columns()


@dataclass(frozen=True, slots=True)
class View:
    """A whole view: which type of resource it reads, which of them, and what it takes."""

    name: str
    resource: str
    where: tuple[Node, ...]
    selects: tuple[ViewSelect, ...]

    def columns(self) -> tuple[ViewColumn, ...]:
        """Every column, in the order of the cells of a row."""
        return tuple(column for each in self.selects for column in each.all_columns())


def parse_view(definition: bytes | str | Mapping[str, object], *, place: str) -> View:
    """Read a ViewDefinition; raises MappingInvalid with every fault, each with its key and position."""
    try:
        written = read_json(definition, place=place) if isinstance(definition, bytes | str) else definition
        source = ViewSource.model_validate(written)
    except ValidationError as cause:
        faults = [f"{pointer(each['loc']) or 'file'}: {each['msg']}" for each in cause.errors()]
        raise MappingInvalid(place, faults) from cause
    return ViewReader(place, source).read()


def pointer(keys: Sequence[int | str]) -> str:
    """Keys of a JSON file as a JSON pointer: `/select/0/column/1/path`."""
    return "".join(f"/{key}" for key in keys)


def pydantic_faults(cause: ValidationError) -> list[str]:
    """The faults of a mapping file, one sentence each, with the key they are at."""
    return [f"{key_text(each['loc']) or 'file'}: {each['msg']}" for each in cause.errors()]


def key_text(keys: Sequence[int | str]) -> str:
    """Keys of a nested file as text: `select[0].column[1].path`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


class ViewReader:
    """Turns what is written into nodes and collects the faults on the way."""

    def __init__(self, place: str, source: ViewSource) -> None:
        self._place = place
        self._source = source
        self._faults: list[str] = []
        self._constants = self._read_constants()

    def read(self) -> View:
        """The view. Raises MappingInvalid with all faults at once."""
        root = Typed(frozenset({self._source.resource}))
        where = tuple(self._path(each.path, root, f"/where/{at}/path") for at, each in enumerate(self._source.where))
        selects = tuple(self._select(each, root, f"/select/{at}") for at, each in enumerate(self._source.select))
        view = View(self._source.name or self._place, self._source.resource, where, selects)
        self._check_columns(view)
        if self._faults:
            raise MappingInvalid(self._place, self._faults)
        return view

    def _read_constants(self) -> Mapping[str, Literal]:
        found: dict[str, Literal] = {}
        for at, written in enumerate(self._source.constant):
            constant = constant_value(written)
            if constant is None:
                text = "needs a name and exactly one simple value[x] of its type"
                self._faults.append(f"/constant/{at}: {text}")
            elif str(written["name"]) in found:
                self._faults.append(f"/constant/{at}: the name is given twice")
            else:
                found[str(written["name"])] = constant
        return found

    def _path(self, text: str, focus: Typed, key: str) -> Node:
        try:
            node = parse_path(text, constants=self._constants, resource_type=self._source.resource)
        except PathInvalid as cause:
            self._faults.append(f"{key}: {cause}")
            return This()
        return with_kinds(node, focus)

    def _select(self, source: SelectSource, focus: Typed, key: str) -> ViewSelect:
        iterations = [source.for_each is not None, source.for_each_or_null is not None, bool(source.repeat)]
        if sum(iterations) > 1:
            self._faults.append(f"{key}: at most one of forEach, forEachOrNull and repeat")
        iterated = self._focus(source, focus, key)
        repeat = tuple(self._path(each, focus, f"{key}/repeat/{at}") for at, each in enumerate(source.repeat))
        inside = focus_inside(iterated, repeat, focus)
        return ViewSelect(
            focus=iterated,
            or_null=source.for_each_or_null is not None,
            repeat=repeat,
            columns=tuple(self._column(each, inside, f"{key}/column/{at}") for at, each in enumerate(source.column)),
            selects=tuple(self._select(each, inside, f"{key}/select/{at}") for at, each in enumerate(source.select)),
            unions=self._unions(source, inside, key),
        )

    def _focus(self, source: SelectSource, focus: Typed, key: str) -> Node | None:
        if source.for_each is not None:
            return self._path(source.for_each, focus, f"{key}/forEach")
        if source.for_each_or_null is not None:
            return self._path(source.for_each_or_null, focus, f"{key}/forEachOrNull")
        return None

    def _unions(self, source: SelectSource, focus: Typed, key: str) -> tuple[ViewSelect, ...]:
        branches = tuple(self._select(each, focus, f"{key}/unionAll/{at}") for at, each in enumerate(source.union_all))
        if len({branch.column_names() for branch in branches}) > 1:
            self._faults.append(f"{key}/unionAll: every branch must have the same columns in the same order")
        elif differing := differing_types(branches):
            self._faults.append(f"{key}/unionAll: columns of different types: {', '.join(differing)}")
        return branches

    def _column(self, source: ColumnSource, focus: Typed, key: str) -> ViewColumn:
        if not COLUMN_NAME.fullmatch(source.name):
            self._faults.append(f"{key}/name: letters, digits and _ only, a letter first")
        node = self._path(source.path, focus, f"{key}/path")
        return ViewColumn(source.name, node, element_path(node), source.collection, source.type)

    def _check_columns(self, view: View) -> None:
        names = [column.name for column in view.columns()]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            self._faults.append(f"/select: columns named twice: {', '.join(repeated)}")
        if len(names) > MOST_COLUMNS:
            self._faults.append(f"/select: a view has at most {MOST_COLUMNS} columns")


def constant_value(written: Mapping[str, Any]) -> Literal | None:
    """The value of a constant; None when it has no name, not exactly one value, or one that is not of its type."""
    kinds = [key for key in written if key.startswith("value")]
    if len(kinds) != 1 or not isinstance(written.get("name"), str) or kinds[0] not in CONSTANT_TYPES:
        return None
    [kind] = kinds
    value: Any = written[kind]
    is_of_type = isinstance(value, CONSTANT_TYPES[kind]) and isinstance(value, bool) is (kind == "valueBoolean")
    if not is_of_type:
        return None
    is_temporal = kind in TEMPORAL_CONSTANTS
    if is_temporal and parse_temporal(value) is None:
        return None
    return Literal(value, is_temporal)


def focus_inside(iterated: Node | None, repeat: Sequence[Node], focus: Typed) -> Typed:
    """What the items are over which a select runs."""
    if iterated is not None:
        return replace(typed(iterated, focus), is_list=False)
    if not repeat:
        return focus
    found = [typed(each, focus) for each in repeat]
    deeper = [typed(each, replace(item, is_list=False)) for item in found for each in repeat]
    known = all(item.types for item in found)
    return Typed(frozenset(name for item in (*found, *deeper) for name in item.types) if known else frozenset())


def with_kinds(node: Node, focus: Typed) -> Node:
    """The node with what R4 tells of it: which boundaries are of a moment, and which elements are a choice of types."""
    if isinstance(node, Member):
        source = with_kinds(node.source, focus)
        names = choice_names(typed(source, focus), node.name)
        return Choice(source, node.name, names) if names else Member(source, node.name)
    if isinstance(node, Boundary):
        inner = with_kinds(node.source, focus)
        is_moment = bool(typed(inner, focus).types & {"dateTime", "instant"})
        return replace(node, source=inner, kind="dateTime" if is_moment else node.kind)
    if isinstance(node, Where):
        item = replace(typed(node.source, focus), is_list=False)
        return Where(with_kinds(node.source, focus), with_kinds(node.criteria, item))
    if isinstance(node, Operation):
        return replace(node, left=with_kinds(node.left, focus), right=with_kinds(node.right, focus))
    if isinstance(node, Index | Extension | ReferenceKey | Exists | Empty | Not | Join):
        return replace(node, source=with_kinds(node.source, focus))
    return node


def differing_types(branches: Sequence[ViewSelect]) -> list[str]:
    """Columns for which the branches of a union declare different types."""
    declared: dict[str, set[str]] = {}
    for branch in branches:
        for column in branch.all_columns():
            if column.type is not None:
                declared.setdefault(column.name, set()).add(column.type)
    return [name for name, types in declared.items() if len(types) > 1]
