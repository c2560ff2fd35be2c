"""A view to one Python function: source text is written from checked nodes, never from the text of a file.

Every literal enters the source through `repr`, every name is made here. A path becomes nested loops over what is
there (a list or a single value), so that a resource is walked without building lists in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources import view_runtime
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
    is_boolean,
    member_path,
)
from fhir_adapter.sources.view import View, ViewColumn, ViewSelect

ROOT = "resource"
DEEPEST_LOOP = 16  # CPython refuses more than 20 statically nested blocks
Row: TypeAlias = tuple[Any, ...]


class ViewContext(Protocol):
    """What a compiled view may ask of the bundle around the resource."""

    def resource_key(self, resource: dict[str, Any]) -> str | None:
        """Key of the resource in hand."""

    def reference_key(self, reference: object, resource_type: str | None, element: str) -> str | None:
        """Key of the resource that a reference points to; None when there is none of that type.

        element: path of the reference, for the place of a fault.
        """

    def several_values(self, column: str) -> None:
        """Take note that a column which holds one value found several, and that the first was kept."""


RowFunction: TypeAlias = Callable[[dict[str, Any], ViewContext], list[Row]]


@dataclass(frozen=True, slots=True)
class CompiledView:
    """A view that can be run: `rows(resource, context)` gives one tuple for each row, in the order of `columns`."""

    name: str
    resource: str
    columns: tuple[ViewColumn, ...]
    rows: RowFunction
    source: str

    def place_of(self, column: str) -> int:
        """Where the column stands in a row. Raises ValueError for an unknown column."""
        return [each.name for each in self.columns].index(column)


def compile_view(view: View) -> CompiledView:
    """The function of a view; the resource is taken to be of the view's type already.

    Raises MappingInvalid when a path is nested more deeply than can be compiled.
    """
    source = ViewWriter(view).write()
    namespace: dict[str, Any] = dict(view_runtime.NAMES)
    exec(compile(source, f"<view {view.name}>", "exec"), namespace)  # noqa: S102 - written above from checked nodes
    return CompiledView(view.name, view.resource, view.columns(), namespace["rows"], source)


@dataclass(frozen=True, slots=True)
class Value:
    """A Python name that holds an item. is_dict: certainly an object; is_solid: certainly not None."""

    name: str
    is_dict: bool = False
    is_solid: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one select: `cells` of exactly one row, or the name of a list of tuples."""

    cells: tuple[str, ...] = ()
    rows: str | None = None


Body: TypeAlias = Callable[[Value], None]


class ViewWriter:
    """Writes the source of one view; what changes is the text, the indentation and the counter of names."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lines: list[str] = []
        self._indent = 1
        self._loops = 0
        self._names = 0
        self._row_index = "0"
        self._shared: dict[Node, str] = {}

    def write(self) -> str:
        """The whole source: a function `rows(resource, context)`."""
        root = Value(ROOT, is_dict=True)
        for criteria in self._view.where:
            self._line(f"if not ({self._test(criteria, root)}):")
            self._line("    return []")
        self._share(root)
        rows = self._combine([self._select(each, root) for each in self._view.selects])
        self._line(
            f"return [({''.join(f'{cell}, ' for cell in rows.cells)})]" if not rows.rows else f"return {rows.rows}"
        )
        return "\n".join(["def rows(resource, context):", *self._lines, ""])

    def _share(self, root: Value) -> None:
        """Collect once what several columns begin with, such as `identifier.where(…)`."""
        begun: Counter[Node] = Counter()
        for select in self._view.selects:
            for column in select.columns if select.focus is None and not select.repeat else ():
                begun.update(_beginnings(column.path))
        for node in (each for each, count in begun.items() if count > 1):
            self._shared[node] = self._collected(node, root)

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._indent + text)

    def _fresh(self, kind: str = "v") -> str:
        self._names += 1
        return f"{kind}{self._names}"

    def _inside(self, head: str, write: Callable[[], None]) -> None:
        is_loop = head.startswith("for ")
        self._loops += is_loop
        if self._loops > DEEPEST_LOOP:
            raise MappingInvalid(self._view.name, ["a path is nested more deeply than can be compiled"])
        self._line(head)
        self._indent += 1
        write()
        self._indent -= 1
        self._loops -= is_loop

    def _solid(self, value: Value, body: Body) -> None:
        if value.is_solid:
            body(value)
        else:
            self._inside(f"if {value.name} is not None:", lambda: body(replace(value, is_solid=True)))

    def _object(self, value: Value, body: Body) -> None:
        if value.is_dict:
            body(value)
        else:
            known = replace(value, is_dict=True, is_solid=True)
            self._inside(f"if type({value.name}) is dict:", lambda: body(known))

    # Selects: rows of tuples.

    def _select(self, select: ViewSelect, focus: Value) -> Part:
        if select.repeat:
            return self._iterated(select, self._repeated(select.repeat, focus))
        if select.focus is not None:
            return self._iterated(select, self._collected(select.focus, focus))
        return self._combine(self._parts(select, focus))

    def _parts(self, select: ViewSelect, focus: Value) -> list[Part]:
        parts = [Part(cells=tuple(self._cell(column, focus) for column in select.columns))]
        parts += [self._select(each, focus) for each in select.selects]
        if select.unions:
            parts.append(self._union(select.unions, focus))
        return parts

    def _iterated(self, select: ViewSelect, items: str) -> Part:
        rows, item, place, outer = self._fresh("rows"), self._fresh("item"), self._fresh("place"), self._row_index
        self._line(f"{rows} = []")
        self._row_index = place

        def write() -> None:
            self._append(rows, self._combine(self._parts(select, Value(item))))

        self._inside(f"for {place}, {item} in enumerate({items}):", write)
        self._row_index = outer
        if select.or_null:
            self._line(f"if not {items}:")
            self._line(f"    {rows}.append({_null_row(select)})")
        return Part(rows=rows)

    def _union(self, unions: Sequence[ViewSelect], focus: Value) -> Part:
        rows = self._fresh("rows")
        self._line(f"{rows} = []")
        for branch in unions:
            self._append(rows, self._select(branch, focus))
        return Part(rows=rows)

    def _append(self, rows: str, part: Part) -> None:
        if part.rows:
            self._line(f"{rows}.extend({part.rows})")
        else:
            self._line(f"{rows}.append(({''.join(f'{cell}, ' for cell in part.cells)}))")

    def _combine(self, parts: Sequence[Part]) -> Part:
        if all(part.rows is None for part in parts):
            return Part(cells=tuple(cell for part in parts for cell in part.cells))
        rows, pieces, loops = self._fresh("rows"), [], []
        for part in parts:
            if part.rows is None:
                pieces.append(f"({''.join(f'{cell}, ' for cell in part.cells)})")
            else:
                pieces.append(self._fresh("row"))
                loops.append(f"for {pieces[-1]} in {part.rows}")
        self._line(f"{rows} = limited([{' + '.join(pieces)} {' '.join(loops)}])")
        return Part(rows=rows)

    def _repeated(self, paths: Sequence[Node], focus: Value) -> str:
        step, item, found, items = self._fresh("step"), self._fresh("item"), self._fresh("found"), self._fresh("items")

        def write() -> None:
            self._line(f"{found} = []")
            for path in paths:
                self._each(path, Value(item), lambda each: self._solid(each, keep))
            self._line(f"return {found}")

        def keep(each: Value) -> None:
            self._line(f"{found}.append({each.name})")

        self._inside(f"def {step}({item}):", write)
        self._line(f"{items} = repeated({focus.name}, {step})")
        return items

    # Columns: one cell each.

    def _cell(self, column: ViewColumn, focus: Value) -> str:
        if column.collection:
            return self._collected(column.path, focus)
        if _is_single(column.path):
            return self._scalar(column.path, focus)
        if focus.is_dict and (names := member_path(column.path)):
            return self._walked(names, focus, f"single_value(context, {column.name!r}, {{}})")
        if isinstance(column.path, ReferenceKey) and focus.is_dict and (names := member_path(column.path.source)):
            return self._referenced(names, column.path, focus, column.name)
        cell = self._scalar(column.path, focus)
        if cell not in (focus.name, ROOT):
            self._line(f"if type({cell}) is list:")
            self._line(f"    context.several_values({column.name!r})")
            self._line(f"    {cell} = {cell}[0] if {cell} else None")
        return cell

    def _collected(self, path: Node, focus: Value) -> str:
        items = self._fresh("items")
        self._line(f"{items} = []")
        if isinstance(path, Member):
            self._leaves(path, focus, lambda found: self._line(f"{items} += present({found})"), f"{items}.append({{}})")
        else:
            self._each(
                path, focus, lambda each: self._solid(each, lambda value: self._line(f"{items}.append({value.name})"))
            )
        return items

    # Paths: `body` is written once, inside the loops over the items that the path gives.

    def _each(self, node: Node, focus: Value, body: Body) -> None:
        if focus.name == ROOT and node in self._shared:
            each = self._fresh()
            self._inside(f"for {each} in {self._shared[node]}:", lambda: body(Value(each)))
            return
        match node:
            case This():
                body(focus)
            case Member(source, name):
                self._each(source, focus, lambda each: self._object(each, lambda item: self._member(item, name, body)))
            case Choice(source, _, names):
                self._each(source, focus, lambda each: self._object(each, lambda item: self._any_of(item, names, body)))
            case Where(source, criteria):
                self._each(source, focus, lambda each: self._solid(each, lambda item: self._kept(item, criteria, body)))
            case Index(source, place):
                self._nth(source, place, focus, body)
            case Extension(source, url):
                self._extension(source, url, focus, body)
            case ReferenceKey(source, resource_type):
                element = element_path(source)
                self._each(
                    source,
                    focus,
                    lambda each: self._object(each, lambda item: self._key(item, resource_type, element, body)),
                )
            case _:
                body(Value(self._scalar(node, focus), is_solid=False))

    def _member(self, item: Value, name: str, body: Body) -> None:
        found, each = self._fresh(), self._fresh()
        self._line(f"{found} = {item.name}.get({name!r})")

        def loop() -> None:
            head = f"for {each} in {found} if type({found}) is list else ({found},):"
            self._inside(head, lambda: body(Value(each, is_solid=False)))

        self._inside(f"if {found} is not None:", loop)

    def _any_of(self, item: Value, names: Sequence[str], body: Body) -> None:
        found, each = self._fresh(), self._fresh()

        def loop() -> None:
            head = f"for {each} in {found} if type({found}) is list else ({found},):"
            self._inside(head, lambda: body(Value(each, is_solid=False)))

        gets = "".join(f"{item.name}.get({name!r}), " for name in names)
        self._inside(f"for {found} in ({gets}):", loop)

    def _leaves(self, path: Member, focus: Value, on_list: Callable[[str], None], on_value: str) -> None:
        """Lines for the values at the end of a path: one statement for a value, another for a list of them."""

        def leaf(item: Value) -> None:
            found = self._stored(f"{item.name}.get({path.name!r})")
            self._inside(f"if type({found}) is list:", lambda: on_list(found))
            self._inside(f"elif {found} is not None:", lambda: self._line(on_value.format(found)))

        self._each(path.source, focus, lambda each: self._object(each, leaf))

    def _kept(self, item: Value, criteria: Node, body: Body) -> None:
        self._inside(f"if {self._test(criteria, item)}:", lambda: body(item))

    def _first(self, source: Node, focus: Value) -> str:
        """The first item of a path."""
        first = self._stored("None")
        if isinstance(source, Member):

            def leaf(item: Value) -> None:
                self._line(f"if {first} is None:")
                self._line(f"    {first} = {item.name}.get({source.name!r})")
                self._line(f"    if type({first}) is list:")
                self._line(f"        {first} = first_present({first})")

            self._each(source.source, focus, lambda each: self._object(each, leaf))
            return first

        def keep(each: Value) -> None:
            self._line(f"if {first} is None:")
            self._line(f"    {first} = {each.name}")

        self._each(source, focus, lambda each: self._solid(each, keep))
        return first

    def _nth(self, source: Node, place: int, focus: Value, body: Body) -> None:
        if place == 0:
            body(Value(self._first(source, focus), is_solid=False))
            return
        items = self._collected(source, focus)
        self._inside(f"if len({items}) > {place} >= 0:", lambda: body(Value(f"{items}[{place}]")))

    def _extension(self, source: Node, url: str | None, focus: Value, body: Body) -> None:
        if isinstance(source, Member):
            # The extensions of a primitive hang on its twin with an underscore (FHIR R4, json.html#primitive).
            self._each(
                source.source,
                focus,
                lambda each: self._object(each, lambda item: self._carriers(item, source.name, url, body)),
            )
        else:
            self._each(source, focus, lambda each: self._object(each, lambda item: self._urls(item, url, body)))

    def _carriers(self, item: Value, name: str, url: str | None, body: Body) -> None:
        found, each = self._fresh(), self._fresh()

        def loop() -> None:
            head = f"for {each} in {found} if type({found}) is list else ({found},):"
            self._inside(head, lambda: self._object(Value(each), lambda holder: self._urls(holder, url, body)))

        self._inside(f"for {found} in ({item.name}.get({name!r}), {item.name}.get({'_' + name!r})):", loop)

    def _urls(self, item: Value, url: str | None, body: Body) -> None:
        if url is None:
            self._member(item, "extension", body)
            return

        def kept(extension: Value) -> None:
            self._inside(f"if {extension.name}.get('url') == {url!r}:", lambda: body(extension))

        self._member(item, "extension", lambda each: self._object(each, kept))

    def _key(self, item: Value, resource_type: str | None, element: str, body: Body) -> None:
        key = self._fresh("key")
        self._line(f"{key} = context.reference_key({item.name}.get('reference'), {resource_type!r}, {element!r})")
        body(Value(key, is_solid=False))

    # Values: one Python expression that is None for nothing and a list for several items.

    def _scalar(self, node: Node, focus: Value) -> str:
        match node:
            case Literal(value):
                return repr(value)
            case RowIndex():
                return self._row_index
            case ResourceKey():
                return "context.resource_key(resource)"
            case This() if focus.is_solid:
                return focus.name
            case Exists(source):
                return self._flag(source, focus, on_item=True)
            case Empty(source):
                return self._flag(source, focus, on_item=False)
            case Not(source):
                return self._stored(f"negated({self._truth(source, focus)})")
            case Join(source, separator):
                return self._stored(f"joined({self._collected(source, focus)}, {separator!r})")
            case Boundary(source, is_high, precision, kind):
                return self._stored(f"boundary({self._scalar(source, focus)}, {is_high}, {precision!r}, {kind!r})")
            case Operation():
                return self._operation(node, focus)
            case Index(source, 0):
                return self._first(source, focus)
            case Member() if focus.is_solid and (names := member_path(node)):
                return self._walked(names, focus, "gathered({})")
            case ReferenceKey(source, _) if focus.is_dict and (names := member_path(source)):
                return self._referenced(names, node, focus, None)
        return self._gathered(node, focus)

    def _walked(self, names: Sequence[str], focus: Value, on_list: str | None) -> str:
        """A plain path, followed without loops while it meets objects; `path_values` does the rest.

        on_list: the expression that takes the place of a list, the list to be put in; None leaves the list.
        """
        guard = "" if focus.is_dict else f" if type({focus.name}) is dict else None"
        value = self._stored(f"{focus.name}.get({names[0]!r}){guard}")
        indent = self._indent
        for at, name in enumerate(names[1:], start=1):
            self._line(f"if type({value}) is not dict:")
            self._line(f"    {value} = None if {value} is None else path_values({value}, {tuple(names[at:])!r})")
            self._line("else:")
            self._indent += 1
            self._line(f"{value} = {value}.get({name!r})")
        self._indent = indent
        if on_list is not None:
            self._line(f"if type({value}) is list:")
            self._line(f"    {value} = {on_list.format(value)}")
        return value

    def _referenced(self, names: Sequence[str], node: ReferenceKey, focus: Value, column: str | None) -> str:
        """The key of a reference at a plain path; of several keys the first when it is for a column."""
        asked = f"{node.resource_type!r}, {element_path(node.source)!r}"
        value = self._walked(names, focus, None)
        self._line(f"if type({value}) is dict:")
        self._line(f"    {value} = context.reference_key({value}.get('reference'), {asked})")
        self._line(f"elif {value} is not None:")
        self._line(f"    {value} = reference_keys(context, {value}, {asked})")
        if column is not None:
            self._line(f"    if type({value}) is list:")
            self._line(f"        {value} = single_value(context, {column!r}, {value})")
        return value

    def _stored(self, expression: str) -> str:
        name = self._fresh()
        self._line(f"{name} = {expression}")
        return name

    def _gathered(self, node: Node, focus: Value) -> str:
        value = self._stored("None")
        self._each(
            node,
            focus,
            lambda each: self._solid(
                each,
                lambda item: self._line(f"{value} = {item.name} if {value} is None else several({value}, {item.name})"),
            ),
        )
        return value

    def _flag(self, source: Node, focus: Value, *, on_item: bool) -> str:
        flag = self._stored(repr(not on_item))
        match source:
            case Where(Member(This(), name), criteria) if focus.is_dict:
                self._flag_of_element(name, criteria, focus, f"{flag} = {on_item}")
                return flag
        self._each(source, focus, lambda each: self._solid(each, lambda _: self._line(f"{flag} = {on_item}")))
        return flag

    def _flag_of_element(self, name: str, criteria: Node, focus: Value, found: str) -> None:
        """Lines that run `found` when an element meets the criteria, such as a status: nearly always one text."""
        value, each = self._stored(f"{focus.name}.get({name!r})"), self._fresh()

        def keep(_: Value) -> None:
            self._line(found)

        def look_through() -> None:
            self._inside(f"for {each} in {value}:", lambda: self._solid(Value(each, is_solid=False), kept))

        def kept(item: Value) -> None:
            self._kept(item, criteria, keep)

        self._inside(f"if type({value}) is list:", look_through)
        self._inside(f"elif {value} is not None:", lambda: kept(Value(value)))

    def _truth(self, node: Node, focus: Value) -> str:
        value = self._scalar(node, focus)
        return value if is_boolean(node) else self._stored(f"truth({value})")

    def _test(self, node: Node, focus: Value) -> str:
        """An expression for `if` that holds when the node is true; comparing a value with a text cannot fail."""
        match node:
            case Operation(Operator.AND | Operator.OR as operator, left, right) if _is_plain(left) and _is_plain(right):
                members = _membership(node)
                if members is not None:
                    value = self._scalar(members[0], focus)
                    return f"type({value}) is str and {value} in {_frozen(members[1])}"
                return f"({self._test(left, focus)}) {operator.value} ({self._test(right, focus)})"
            case Operation(Operator.EQUAL, left, Literal(text)) if _is_plain(node):
                return f"{self._scalar(left, focus)} == {text!r}"
            case Operation(Operator.UNEQUAL, left, Literal(text)) if _is_plain(node):
                value = self._scalar(left, focus)
                return f"{value} is not None and {value} != {text!r}"
            case Exists(source) | Empty(source) if isinstance(source, Member) and focus.is_dict:
                value = self._scalar(source, focus)
                return f"{value} is not None" if isinstance(node, Exists) else f"{value} is None"
        value = self._truth(node, focus)
        return value if isinstance(node, Exists | Empty) else f"{value} is True"

    def _operation(self, node: Operation, focus: Value) -> str:
        match node.operator:
            case Operator.AND | Operator.OR:
                return self._logic(node, focus)
            case Operator.EQUAL | Operator.UNEQUAL:
                return self._equality(node, focus)
        left, right = self._scalar(node.left, focus), self._scalar(node.right, focus)
        return self._stored(f"OPERATIONS[{node.operator.value!r}]({left}, {right})")

    def _equality(self, node: Operation, focus: Value) -> str:
        left, right = self._scalar(node.left, focus), self._scalar(node.right, focus)
        if _is_temporal(node):
            return self._stored(f"same_moment({left}, {right}, {node.operator is Operator.EQUAL})")
        sign = "==" if node.operator is Operator.EQUAL else "!="
        is_text = isinstance(node.right, Literal) and isinstance(node.right.value, str)
        if is_text and not isinstance(node.left, Literal):
            return self._stored(f"None if {left} is None else {left} {sign} {right}")
        return self._stored(f"same({left}, {right}, {node.operator is Operator.EQUAL})")

    def _logic(self, node: Operation, focus: Value) -> str:
        members = _membership(node)
        if members is not None:
            path, codes = members
            return self._stored(f"one_of({self._scalar(path, focus)}, {_frozen(codes)})")
        operands = _operands(node)
        is_and = node.operator is Operator.AND
        result = self._stored(self._truth(operands[0], focus))
        settled, combine = ("False", "both") if is_and else ("True", "either")
        for operand in operands[1:]:

            def write(operand: Node = operand) -> None:
                self._line(f"{result} = {combine}({result}, {self._truth(operand, focus)})")

            self._inside(f"if {result} is not {settled}:", write)
        return result


def _beginnings(node: Node) -> list[Node]:
    """The `where` steps that a path goes through, which are worth to be collected once."""
    match node:
        case Where(source, _):
            return [node, *_beginnings(source)]
        case Member(source, _) | Choice(source, _, _) | Index(source, _) | Extension(source, _):
            return _beginnings(source)
    return []


def _is_single(node: Node) -> bool:
    return is_boolean(node) or isinstance(node, Literal | RowIndex | ResourceKey | Join | Boundary | Operation)


def _is_temporal(node: Operation) -> bool:
    return any(isinstance(each, Literal) and each.is_temporal for each in (node.left, node.right))


def _is_plain(node: Node) -> bool:
    """Whether a condition only compares values at plain paths with texts, so that it can be asked in any order."""
    if not isinstance(node, Operation):
        return False
    if node.operator in (Operator.AND, Operator.OR):
        return _is_plain(node.left) and _is_plain(node.right)
    is_text = isinstance(node.right, Literal) and isinstance(node.right.value, str) and not node.right.is_temporal
    is_path = isinstance(node.left, This) or bool(member_path(node.left))
    return node.operator in (Operator.EQUAL, Operator.UNEQUAL) and is_text and is_path


def _null_row(select: ViewSelect) -> str:
    indexed = {each.name for each in select.all_columns() if isinstance(each.path, RowIndex)}
    return f"({''.join('0, ' if name in indexed else 'None, ' for name in select.column_names())})"


def _operands(node: Operation) -> list[Node]:
    """The operands of a chain `a or b or c`, flat, so that a long list of codes does not nest."""
    found: list[Node] = []
    rest: Node = node
    while isinstance(rest, Operation) and rest.operator is node.operator:
        found.append(rest.right)
        rest = rest.left
    return [rest, *reversed(found)]


def _membership(node: Operation) -> tuple[Node, list[str]] | None:
    """Path and texts of `path = 'a' or path = 'b' …`, which is one look-up in a set."""
    if node.operator is not Operator.OR:
        return None
    operands = _operands(node)
    texts: list[str] = []
    paths: set[Node] = set()
    for operand in operands:
        if not (isinstance(operand, Operation) and operand.operator is Operator.EQUAL):
            return None
        if not (isinstance(operand.right, Literal) and isinstance(operand.right.value, str)) or _is_temporal(operand):
            return None
        texts.append(operand.right.value)
        paths.add(operand.left)
    return (paths.pop(), texts) if len(paths) == 1 else None


def _frozen(texts: Sequence[str]) -> str:
    return "{" + ", ".join(repr(text) for text in sorted(set(texts))) + "}"
