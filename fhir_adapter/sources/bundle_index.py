"""Keys of the resources of one bundle, and what a compiled view asks about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from fhir_adapter.sources.issues import Issue, Severity


def record_scope(document: Mapping[str, Any]) -> str | None:
    """What the sender calls the bundle: its identifier, else its id; None when it has neither."""
    identifier = document.get("identifier")
    value = identifier.get("value") if isinstance(identifier, dict) else None
    for found in (value, document.get("id")):
        if isinstance(found, str) and found:
            return found
    return None


def record_name(document: Mapping[str, Any], digest: str) -> str:
    """What names the record: system and value of the identifier, else the id, else the digest."""
    identifier = document.get("identifier")
    if isinstance(identifier, dict) and isinstance(identifier.get("value"), str):
        system = identifier.get("system")
        return f"{system}|{identifier['value']}" if isinstance(system, str) else str(identifier["value"])
    return record_scope(document) or digest


class BundleIndex:
    """The context of the views: keys by fullUrl and by Type/id, the resource in hand, and the faults met."""

    __slots__ = (
        "_added",
        "_digest",
        "_references",
        "_scope",
        "_unresolved",
        "column_elements",
        "entry",
        "issues",
        "key",
    )

    def __init__(self, scope: str | None, digest: str) -> None:
        self._scope = scope
        self._digest = digest
        self._references: dict[str, tuple[str, str]] = {}
        self._added: list[tuple[str, object, tuple[str, str]]] = []
        self._unresolved: set[tuple[int, object]] = set()
        self.column_elements: Mapping[str, str] = {}
        self.entry = 0
        self.key: str | None = None
        self.issues: list[Issue] = []

    def add(self, resource: Mapping[str, Any], resource_type: str, full_url: Any) -> str:
        """Give a resource its key and remember how it may be referred to; the first of two equal names counts."""
        identifier = resource.get("id")
        if self._scope is not None and type(identifier) is str and identifier:
            key = f"{self._scope}/{resource_type}/{identifier}"
        else:
            key = self._key(resource, resource_type, identifier, full_url if type(full_url) is str else None)
        known = (resource_type, key)
        if type(full_url) is str:
            self._references.setdefault(full_url, known)
        self._added.append((resource_type, identifier, known))
        return key

    def _key(self, resource: Mapping[str, Any], resource_type: str, identifier: object, full_url: str | None) -> str:
        is_uuid = full_url is not None and full_url.startswith("urn:uuid:")
        if self._scope is None and is_uuid:
            return str(full_url)
        if type(identifier) is not str or not identifier:
            identifier = str(full_url).removeprefix("urn:uuid:") if is_uuid else content_digest(resource)
        return f"{self._scope or self._digest}/{resource_type}/{identifier}"

    def resource_key(self, _resource: dict[str, Any]) -> str | None:
        """Key of the resource in hand."""
        return self.key

    def reference_key(self, reference: object, resource_type: str | None, element: str) -> str | None:
        """Key of what a reference points to; an issue when it points to nothing in the bundle."""
        if type(reference) is not str:
            return None
        found = self._references.get(reference)
        if found is None and self._added:
            self._name_by_type_and_id()
            found = self._references.get(reference)
        if found is None:
            self._note_unresolved(reference, element)
            return None
        return found[1] if resource_type is None or found[0] == resource_type else None

    def _name_by_type_and_id(self) -> None:
        """The second way to refer to a resource; most bundles never need it."""
        for resource_type, identifier, known in self._added:
            if type(identifier) is str and identifier:
                self._references.setdefault(f"{resource_type}/{identifier}", known)
        self._added = []

    def _note_unresolved(self, reference: str, element: str) -> None:
        if (self.entry, reference) in self._unresolved:
            return
        self._unresolved.add((self.entry, reference))
        text = "the reference points to nothing in this bundle; send the resource along or correct the reference"
        self.note(Severity.WARNING, "reference.unresolved", f".{element}.reference", text)

    def several_values(self, column: str) -> None:
        """An issue for a column that holds one value and found several."""
        text = "several values where one is expected; the first was kept"
        self.note(Severity.WARNING, "value.several", f".{self.column_elements.get(column, column)}", text)

    def note(self, severity: Severity, code: str, path: str, text: str) -> None:
        """An issue at a path of the resource in hand."""
        self.issues.append(Issue(severity, code, f"Bundle.entry[{self.entry}].resource{path}", text))


def content_digest(resource: Mapping[str, Any]) -> str:
    """A name for a resource that has none: it stays the same wherever in the bundle it stands."""
    return hashlib.sha256(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
