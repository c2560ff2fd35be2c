"""On which line of a mapping file a rule stands: manifests, views and ConceptMaps, all read as YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from fhir_adapter.sources.registry import MANIFEST

Key = int | str
KEY = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


class FileLines:
    """The lines of a YAML or JSON file by keys. root: its top, None when it cannot be read."""

    def __init__(self, text: str) -> None:
        try:
            self.root: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            self.root = None

    def line(self, keys: Sequence[Key]) -> int:
        """1-based line of the rule; of the nearest rule around it when the file has no such key."""
        node, line = self.root, 1
        for key in keys:
            found = step_into(node, key)
            if found is None:
                break
            line, node = found
        return line


class RuleLines:
    """Lines of the rules of one adapter; a file is read when a line in it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, FileLines] = {}

    def place(self, file: str, path: Sequence[Key]) -> str:
        """`file:line` of what the keys lead to.

        `("@column", name)` finds a column of a view, `("@code", map, code)` a code of a ConceptMap and
        `("@site", name, key, …)` a key of a site, whatever its file.
        """
        if path[0] == "@site":
            return self._place_in_site(str(path[1]), path[2:])
        if path[0] == "@code":
            return self._place_of_code(str(path[1]), str(path[2]))
        return f"{file}:{self._line(file, path)}"

    def _line(self, file: str, path: Sequence[Key]) -> int:
        if path[0] == "@column":
            node = self._lines(file).root
            return next((line_of(each) for each in mappings(node) if text_at(each, "name") == path[1]), 1)
        return self._lines(file).line(path)

    def _place_in_site(self, name: str, path: Sequence[Key]) -> str:
        for file in sorted((self._folder / "sites").glob("*.yaml")):
            relative = f"sites/{file.name}"
            if text_at(self._lines(relative).root, "site") == name:
                return f"{relative}:{self._line(relative, path)}"
        return f"{MANIFEST}:1"

    def _place_of_code(self, name: str, code: str) -> str:
        for file in sorted((self._folder / "conceptmaps").glob("*.json")):
            relative = f"conceptmaps/{file.name}"
            node = self._lines(relative).root
            if text_at(node, "name") == name:
                elements = (
                    each for each in mappings(node) if text_at(each, "code") == code and step_into(each, "target")
                )
                return f"{relative}:{next(map(line_of, elements), 1)}"
        return f"{MANIFEST}:1"

    def _lines(self, file: str) -> FileLines:
        if file not in self._files:
            self._files[file] = FileLines((self._folder / file).read_text("utf-8"))
        return self._files[file]


def step_into(node: yaml.Node | None, key: Key) -> tuple[int, yaml.Node] | None:
    """Line of a key, and what stands there."""
    if isinstance(node, yaml.MappingNode):
        for written, value in node.value:
            if written.value == str(key):
                return written.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


def keys_of(text: str) -> tuple[Key, ...]:
    """The keys of a place such as `tables[1].columns.sex`, or of a JSON pointer."""
    if text.startswith("/"):
        return tuple(int(part) if part.isdigit() else part for part in text[1:].split("/"))
    return tuple(int(number) if number else name for number, name in KEY.findall(text))


def line_of(node: yaml.Node) -> int:
    """The line at which a node begins."""
    return int(node.start_mark.line) + 1


def text_at(node: yaml.Node | None, key: str) -> str | None:
    """The text below a key."""
    found = step_into(node, key)
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
