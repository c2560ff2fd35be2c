"""File and line of a rule: a manifest, a view or a ConceptMap read as YAML, which JSON is a part of, with its marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from fhir_adapter.sources.registry import MANIFEST


class RuleLines:
    """Lines of the rules of one adapter; a file is read when a line in it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: dict[str, yaml.Node | None] = {}

    def place(self, file: str, path: Sequence[str | int]) -> str:
        """`file:line` of what the keys lead to.

        `("@column", name)` finds a column of a view, `("@code", map, code)` a code of a ConceptMap and
        `("@site", name, key, …)` a key of a site, whatever its file.
        """
        if path[0] == "@site":
            return self._place_in_site(str(path[1]), path[2:])
        if path[0] == "@code":
            return self._place_of_code(str(path[1]), str(path[2]))
        return f"{file}:{self._line(file, path)}"

    def _line(self, file: str, path: Sequence[str | int]) -> int:
        """The line, from 1; of the nearest key above when one is not there."""
        node = self._node(file)
        if path[0] == "@column":
            return next((line_of(each) for each in mappings(node) if text_at(each, "name") == path[1]), 1)
        line = 1
        for key in path:
            found = child(node, key)
            if found is None:
                break
            line, node = found
        return line

    def _place_in_site(self, name: str, path: Sequence[str | int]) -> str:
        for file in sorted((self._folder / "sites").glob("*.yaml")):
            relative = f"sites/{file.name}"
            if text_at(self._node(relative), "site") == name:
                return f"{relative}:{self._line(relative, path)}"
        return f"{MANIFEST}:1"

    def _place_of_code(self, name: str, code: str) -> str:
        for file in sorted((self._folder / "conceptmaps").glob("*.json")):
            relative = f"conceptmaps/{file.name}"
            node = self._node(relative)
            if text_at(node, "name") == name:
                elements = (each for each in mappings(node) if text_at(each, "code") == code and child(each, "target"))
                return f"{relative}:{next(map(line_of, elements), 1)}"
        return f"{MANIFEST}:1"

    def _node(self, file: str) -> yaml.Node | None:
        if file not in self._nodes:
            self._nodes[file] = yaml.compose((self._folder / file).read_text("utf-8"), Loader=yaml.CSafeLoader)
        return self._nodes[file]


def child(node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
    """Line and node below a key or a place; None when there is none."""
    if isinstance(node, yaml.MappingNode):
        return next(((each.start_mark.line + 1, value) for each, value in node.value if each.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return line_of(node.value[key]), node.value[key]
    return None


def line_of(node: yaml.Node) -> int:
    """The line at which a node begins."""
    return int(node.start_mark.line) + 1


def text_at(node: yaml.Node | None, key: str) -> str | None:
    """The text below a key."""
    found = child(node, key)
    return str(found[1].value) if found is not None and isinstance(found[1], yaml.ScalarNode) else None


def mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Every object at any depth, from the top."""
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from mappings(value)
