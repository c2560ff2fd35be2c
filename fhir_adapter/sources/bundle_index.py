"""Keys of the resources of one bundle, and what a compiled view asks about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from fhir_adapter.sources.issues import Issue, Severity

KeyedResource: TypeAlias = tuple[int, dict[str, Any], str, str]  # place of the entry, resource, its type, its key

IN_ERROR = "entered-in-error"  # of every R4 status that can say so, and of verificationStatus


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
        "_digest",
        "_is_named_by_type",
        "_reads_errors",
        "_references",
        "_scope",
        "_unresolved",
        "column_elements",
        "entry",
        "issues",
        "key",
        "resources",
        "withdrawn",
    )

    def __init__(self, scope: str | None, digest: str, *, reads_errors: bool = False) -> None:
        """reads_errors: whether what was entered in error is read like the rest, to learn who sent the bundle."""
        self._reads_errors = reads_errors
        self._scope = scope
        self._digest = digest
        self._references: dict[object, KeyedResource] = {}
        self._is_named_by_type = False
        self._unresolved: set[tuple[int, object]] = set()
        self.resources: list[KeyedResource] = []
        self.column_elements: Mapping[str, str] = {}
        self.entry = 0
        self.key: str | None = None
        self.issues: list[Issue] = []
        self.withdrawn: list[str] = []

    def add_all(self, entries: Sequence[object]) -> None:
        """Give every resource its key and remember how it may be referred to; the first of two equal names counts.

        An entry without a resource is an issue, unless it deletes one. What was entered in error can be referred to
        and is read by no view.
        """
        references, resources, scope = self._references, self.resources, self._scope
        for place, entry in enumerate(entries):
            if type(entry) is not dict or type(resource := entry.get("resource")) is not dict:
                self._note_empty(place, entry)
                continue
            resource_type, full_url = resource.get("resourceType"), entry.get("fullUrl")
            if type(resource_type) is not str:
                self._note_empty(place, entry)
                continue
            identifier = resource.get("id")
            if scope is not None and type(identifier) is str and identifier:
                key = f"{scope}/{resource_type}/{identifier}"
            else:
                key = self._key(resource, resource_type, identifier, full_url if type(full_url) is str else None)
            keyed = (place, resource, resource_type, key)
            # only these two say that a resource is in error, and most resources have but one of them
            is_suspect = resource.get("status") == IN_ERROR or "verificationStatus" in resource
            if is_suspect and not self._reads_errors and is_in_error(resource):
                self._take_back(keyed)
            else:
                resources.append(keyed)
            if type(full_url) is str and full_url not in references:
                references[full_url] = keyed

    def _note_empty(self, place: int, entry: object) -> None:
        if not is_deletion(entry):
            text = "an entry with a resource and its resourceType is expected"
            self.issues.append(Issue(Severity.ERROR, "bundle.entry-empty", f"Bundle.entry[{place}]", text))
            return
        assert isinstance(entry, dict)
        url, full_url = entry["request"].get("url"), entry.get("fullUrl")
        resource_type, _, identifier = str(url).partition("?")[0].rpartition("/")
        resource_type = resource_type.rpartition("/")[2]
        if not (isinstance(url, str) and resource_type and identifier):
            text = "a deletion names what it deletes as Type/id; nothing was taken back"
            self.issues.append(Issue(Severity.WARNING, "record.withdrawal-unnamed", f"Bundle.entry[{place}]", text))
            return
        self.withdrawn.append(self._key({}, resource_type, identifier, full_url if isinstance(full_url, str) else None))
        text = "the resource is deleted: what came of it before is out"
        self.issues.append(Issue(Severity.INFORMATION, "record.withdrawn", f"Bundle.entry[{place}]", text))

    def _take_back(self, keyed: KeyedResource) -> None:
        place, resource, resource_type, key = keyed
        self.withdrawn.append(key)
        identifier = resource.get("id")
        if type(identifier) is str and identifier:
            self._references.setdefault(f"{resource_type}/{identifier}", keyed)
        text = "the resource was entered in error: it is not read, and what came of it before is out"
        location = f"Bundle.entry[{place}].resource"
        self.issues.append(Issue(Severity.INFORMATION, "record.withdrawn", location, text))

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
        try:
            found = self._references[reference]
        except (KeyError, TypeError):  # not a fullUrl of this bundle, or no text at all
            named = self._named_otherwise(reference, element)
            if named is None:
                return None
            found = named
        return found[3] if resource_type is None or found[2] == resource_type else None

    def _named_otherwise(self, reference: object, element: str) -> KeyedResource | None:
        """What `Type/id` names; an issue when it names nothing."""
        if type(reference) is not str:
            return None
        if reference.startswith("#") and self._is_contained(reference[1:]):
            return None  # it is part of this resource and has no key of its own
        if not self._is_named_by_type:
            self._name_by_type_and_id()
        reference, _, _ = reference.partition("/_history/")
        if reference not in self._references:
            self._note_unresolved(reference, element)
            return None
        return self._references[reference]

    def _is_contained(self, name: str) -> bool:
        """Whether the resource in hand contains one of this id; the empty name is the resource itself."""
        resource = next(resource for entry, resource, _, _ in self.resources if entry == self.entry)
        contained = resource.get("contained")
        items = contained if isinstance(contained, list) else ()
        return not name or any(isinstance(each, dict) and each.get("id") == name for each in items)

    def _name_by_type_and_id(self) -> None:
        """The second way to refer to a resource; most bundles never need it."""
        self._is_named_by_type = True
        for keyed in self.resources:
            _, resource, resource_type, _ = keyed
            identifier = resource.get("id")
            if type(identifier) is str and identifier:
                self._references.setdefault(f"{resource_type}/{identifier}", keyed)

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


def is_deletion(entry: object) -> bool:
    """Whether the entry of a transaction deletes, and so carries no resource."""
    request = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(request, dict) and request.get("method") == "DELETE"


def is_in_error(resource: Mapping[str, Any]) -> bool:
    """Whether the sender says that the resource should never have been."""
    if resource.get("status") == IN_ERROR:
        return True
    verified = resource.get("verificationStatus")
    codings = verified.get("coding") if isinstance(verified, dict) else None
    found = codings if isinstance(codings, list) else ()
    return any(isinstance(each, dict) and each.get("code") == IN_ERROR for each in found)


def content_digest(resource: Mapping[str, Any]) -> str:
    """A name for a resource that has none: it stays the same wherever in the bundle it stands."""
    return hashlib.sha256(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
