"""YAML without surprises: no aliases, no duplicate keys, no tags, and nothing larger than a mapping needs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from fhir_adapter.errors import MappingInvalid

LONGEST_FILE = 1_000_000  # characters


class StrictLoader(yaml.SafeLoader):
    """The safe loader, which also refuses aliases and keys that are given twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias; it would let a small file grow without bound."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*) are not allowed", self._mark())
        return super().compose_node(parent, index)

    def _mark(self) -> yaml.Mark:
        mark: yaml.Mark = self.get_mark()
        return mark

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that is given twice; the later one would win in silence."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is a word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "this key is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str, *, place: str) -> Any:
    """The content of a YAML file. Raises MappingInvalid with the line of the first fault."""
    if len(text) > LONGEST_FILE:
        raise MappingInvalid(place, [f"a mapping file has at most {LONGEST_FILE} characters"])
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a SafeLoader made stricter
    except yaml.MarkedYAMLError as cause:
        line = cause.problem_mark.line + 1 if cause.problem_mark else 1
        raise MappingInvalid(place, [f"line {line}: {cause.problem}"]) from cause
    except yaml.YAMLError as cause:
        raise MappingInvalid(place, ["not readable as YAML"]) from cause
    except RecursionError as cause:
        raise MappingInvalid(place, ["not readable as YAML: nested too deep"]) from cause
    except ValueError as cause:  # its words may hold the text itself, and a golden case may hold a person's
        raise MappingInvalid(place, ["not readable as YAML: what looks like a date or a number is none"]) from cause
