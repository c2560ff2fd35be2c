"""A context without a bundle: keys are ids, references are read by their text."""

from __future__ import annotations

from typing import Any


class PlainContext:
    """What the official suite expects of getResourceKey and getReferenceKey; remembers columns with several values."""

    def __init__(self) -> None:
        self.several: list[str] = []

    def resource_key(self, resource: dict[str, Any]) -> str | None:
        name = resource.get("id")
        return name if isinstance(name, str) else None

    def reference_key(self, reference: object, resource_type: str | None, _element: str) -> str | None:
        if not isinstance(reference, str):
            return None
        kind, _, name = reference.rpartition("/")
        return name if resource_type is None or kind.endswith(resource_type) else None

    def several_values(self, column: str) -> None:
        self.several.append(column)
