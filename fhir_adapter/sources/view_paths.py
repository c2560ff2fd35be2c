"""Elements that a view reads, as paths without places, found in its nodes and not by running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from fhir_adapter.sources.fhirpath import (
    Empty,
    Exists,
    Extension,
    Literal,
    Member,
    Node,
    ReferenceKey,
    ResourceKey,
    RowIndex,
    This,
    Where,
)
from fhir_adapter.sources.view import View, ViewSelect

ElementPath: TypeAlias = tuple[str, ...]
REPEATS_FOLLOWED = 4  # levels below the first; a deeper element counts as read by no rule


@dataclass(frozen=True, slots=True)
class ViewReads:
    """Elements that decide whether a view takes a resource, and all that it reads of one that it takes."""

    conditions: frozenset[ElementPath]
    all: frozenset[ElementPath]


def reads_of(view: View) -> ViewReads:
    """What a view reads."""
    conditions: set[ElementPath] = set()
    for node in view.where:
        read_value(node, (), conditions)
    found = set(conditions)
    for select in view.selects:
        read_select(select, ((),), found)
    return ViewReads(frozenset(conditions), frozenset(found))


def read_select(select: ViewSelect, bases: tuple[ElementPath, ...], reads: set[ElementPath]) -> None:
    """Add what a select reads from each of the places where it may stand."""
    focused: list[ElementPath] = []
    for base in bases:
        focus = base if select.focus is None else read_node(select.focus, base, reads)
        focused += [focus] if focus is not None else []
        level = [base]
        for _ in range(REPEATS_FOLLOWED if select.repeat else 0):
            level = [one for at in level for node in select.repeat if (one := read_node(node, at, reads)) is not None]
            focused += level
    for base in focused:
        for column in select.columns:
            read_value(column.path, base, reads)
    for each in (*select.selects, *select.unions):
        read_select(each, tuple(focused), reads)


def read_value(node: Node, base: ElementPath, reads: set[ElementPath]) -> None:
    """Add what a path reads, its own value included."""
    path = read_node(node, base, reads)
    if path:
        reads.add(path)


def read_node(node: Node, base: ElementPath, reads: set[ElementPath]) -> ElementPath | None:
    """Where the items of a path stand, None for a value of its own; what is read on the way is added."""
    match node:
        case This():
            return base
        case Literal() | RowIndex():
            return None
        case ResourceKey():
            reads.add((*base, "id"))
            return None
        case Member(source, name):
            return joined(read_node(source, base, reads), name)
        case Extension(source, url):
            path = joined(read_node(source, base, reads), "extension" if url is None else extension_name(url))
            if path is not None:
                reads.add((*path, "url"))
            return path
        case ReferenceKey(source, _):
            path = read_node(source, base, reads)
            if path is not None:
                reads.add((*path, "reference"))
            return None
        case Where(source, criteria):
            path = read_node(source, base, reads)
            if path is not None:
                read_value(criteria, path, reads)
            return path
        case Exists(source) | Empty(source):
            read_value(source, base, reads)
            return None
    return read_parts(node, base, reads)


def read_parts(node: Node, base: ElementPath, reads: set[ElementPath]) -> ElementPath | None:
    """Any other node: it reads all of its parts, and its items are where those of its source are."""
    path: ElementPath | None = None
    for field in fields(node):
        part: Any = getattr(node, field.name)
        if is_dataclass(part) and not isinstance(part, type):
            found = read_node(part, base, reads)  # type: ignore[arg-type]  # the parts of a node are nodes
            if found:
                reads.add(found)
            path = found if field.name == "source" else path
    return path


def joined(path: ElementPath | None, name: str) -> ElementPath | None:
    """A path with one more element."""
    return None if path is None else (*path, name)


def extension_name(url: str) -> str:
    """How an extension stands in a path."""
    return f"extension('{url}')"


def elements_in(part: Any, path: ElementPath = ()) -> Iterator[ElementPath]:
    """The path of every simple value of a resource, without places; an extension goes by its url."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "extension" and isinstance(value, list):
                for each in value:
                    url = each.get("url", "") if isinstance(each, Mapping) else ""
                    yield from elements_in(each, (*path, extension_name(str(url))))
            elif path or name != "resourceType":
                yield from elements_in(value, (*path, name.removeprefix("_")))
    elif isinstance(part, list):
        for each in part:
            yield from elements_in(each, path)
    elif part is not None:
        yield path


def path_text(resource_type: str, path: ElementPath) -> str:
    """A path as it is shown."""
    return ".".join((resource_type, *path))
