"""Holds an incoming Bundle against the R4 schema, and leaves out of it what could not be read as R4 means it.

The fast answer comes first: a Bundle without a fault costs about as much again as parsing it. Places are FHIRPaths
from the Bundle, `Bundle.entry[3].resource.birthDate`, and no text holds a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.r4_schema import BrokenRule, ElementPath, OwnAnswer, R4Schema, SchemaFault, fhirpath

NAMES = frozenset(("id", "fullUrl", "reference", "resourceType"))  # what joins records: better odd than absent
OTHER_TYPE = "(no type of R4)"
STAND_IN: Json = {"resourceType": "Basic"}  # for a resource in its entry: each is checked by its own type


@dataclass(frozen=True, slots=True)
class IncomingFault:
    """One place of a Bundle that is not R4. is_left_out: it was taken out, so that nothing is read there."""

    rule: BrokenRule
    location: str
    text: str
    is_left_out: bool


@dataclass(frozen=True, slots=True)
class IncomingFindings:
    """Faults in the order of the entries. unchecked: resources whose type the schema here lacks, counted by type."""

    faults: tuple[IncomingFault, ...] = ()
    unchecked: Mapping[str, int] = field(default_factory=dict)


NOTHING_FOUND = IncomingFindings()


@cache
def incoming_schema() -> R4Schema:
    """The schema that what comes in is held against; its validators are built once a process."""
    return R4Schema()


def settle_bundle(document: dict[str, Any]) -> IncomingFindings:
    """Every place of the Bundle that is not R4; an element of another JSON type is taken out of the document.

    What is of the right type and written otherwise than R4 asks (a code, a date) stays: a mapping may have a rule for
    it, and has its own word when it cannot read it. What names a resource (`id`, `reference`, `fullUrl`) stays too.
    The document must have passed `check_bundle`.
    """
    schema = incoming_schema()
    faults: list[SchemaFault] = []
    unchecked: Counter[str] = Counter()
    entries = document.get("entry") or ()
    # The schema takes any object with a type for a resource in an entry, so that the shell alone is asked about here.
    if not schema.is_valid("Bundle", document):
        faults += schema.placed_faults("Bundle", _shell(document, entries))
    answers: dict[str, OwnAnswer | None] = {}
    for position, entry in enumerate(entries):
        resource = entry.get("resource") if type(entry) is dict else None
        kind = resource.get("resourceType") if type(resource) is dict else None
        if type(kind) is not str or not kind:
            continue  # the mapping says so: an entry without a resource
        assert type(resource) is dict
        if kind not in answers:
            answers[kind] = schema.own_answer(kind)
        answer = answers[kind]
        if answer is None:
            unchecked[kind if schema.is_type_of_r4(kind) else OTHER_TYPE] += 1
        elif not answer(resource) or ("contained" in resource and not schema.is_valid(kind, resource)):
            above = ("entry", position, "resource")
            inside = schema.placed_faults(kind, resource)
            faults += [SchemaFault(each.rule, (*above, *each.path), each.text) for each in inside]
    if not faults and not unchecked:
        return NOTHING_FOUND
    found = tuple(
        IncomingFault(each.rule, fhirpath("Bundle", each.path), each.text, _can_leave_out(each))
        for each in dict.fromkeys(faults)
    )
    _leave_out(document, [each.path for each in faults if _can_leave_out(each)])
    return IncomingFindings(found, unchecked)


def _shell(document: Json, entries: Sequence[object]) -> Json:
    """The Bundle with something valid in place of each resource."""
    if not entries:
        return document
    stood_in = [
        {**entry, "resource": STAND_IN} if type(entry) is dict and "resource" in entry else entry for entry in entries
    ]
    return {**document, "entry": stood_in}


def _can_leave_out(fault: SchemaFault) -> bool:
    """Whether the element itself is wrong, and what stands there only describes; entries are never moved."""
    if fault.rule is not BrokenRule.WRONG_TYPE or not fault.path:
        return False
    is_entry = fault.path[0] == "entry" and len(fault.path) < 3
    return not is_entry and fault.path[-1] not in NAMES


def _leave_out(document: dict[str, Any], paths: Sequence[ElementPath]) -> None:
    """Take elements out, the last of a list first, so that the places of the others still hold."""
    for path in sorted(set(paths), key=_order, reverse=True):
        owner: Any = document
        for part in path[:-1]:
            owner = owner[part]
        del owner[path[-1]]


def _order(path: ElementPath) -> list[tuple[bool, str, int]]:
    return [(True, "", part) if isinstance(part, int) else (False, part, 0) for part in path]
