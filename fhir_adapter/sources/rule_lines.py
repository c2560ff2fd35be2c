"""On which line of a mapping file a rule stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

Key = int | str
KEY = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")


class FileLines:
    """The lines of a YAML or JSON file by keys; JSON is read as the YAML that it is."""

    def __init__(self, text: str) -> None:
        try:
            self._root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            self._root = None

    def line(self, keys: Sequence[Key]) -> int:
        """1-based line of the rule; of the nearest rule around it when the file has no such key."""
        node, line = self._root, 1
        for key in keys:
            found = step_into(node, key)
            if found is None:
                break
            line, node = found
        return line


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
