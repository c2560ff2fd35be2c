"""Checks a resource against the official R4 JSON schema, saying where it fails and never what it holds."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson

from fhir_adapter.fhir.elements import Json

SCHEMA_FILE = "r4.schema.json.gz"
MASK = "(not shown)"
LISTED_OPTIONS = 12  # a longer list of allowed codes helps nobody in a message
RULES_OF_NAMES = ("additionalProperties", "allOf", "dependencies", "minProperties", "required")
MOST_SHAPES = 500  # of one type that are remembered; the resources of a feed have a few dozen

FaultAt = tuple[str, str]
ElementPath = tuple[str | int, ...]
OwnAnswer = Callable[[Json], bool]


class BrokenRule(StrEnum):
    """What kind of rule an element breaks."""

    WRONG_TYPE = "wrong-type"
    FORMAT = "format"
    EMPTY = "empty"
    MISSING = "missing"
    UNKNOWN = "unknown"
    REPEATED_CHOICE = "repeated-choice"


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One place that is not R4. path: from the resource down; of what is missing or unknown, the path of its owner.

    text: what must hold, never what is there.
    """

    rule: BrokenRule
    path: ElementPath
    text: str


class R4Schema:
    """Validators of R4 4.0.1, one a resource type, each built when first asked for."""

    def __init__(self) -> None:
        self._definitions = _definitions()
        self._validators: dict[str, jsonschema_rs.Draft6Validator] = {}
        self._own_answers: dict[str, OwnAnswer | None] = {}

    def knows(self, resource_type: str) -> bool:
        """Whether resources of this type can be checked."""
        return "resourceType" in self._definitions.get(resource_type, {}).get("properties", {})

    def own_answer(self, resource_type: str) -> OwnAnswer | None:
        """The fast answer for resources of a type, what they contain left aside; None for a type not known here."""
        if resource_type not in self._own_answers:
            answer = self._answer_by_shape(resource_type) if self.knows(resource_type) else None
            self._own_answers[resource_type] = answer
        return self._own_answers[resource_type]

    def _answer_by_shape(self, resource_type: str) -> OwnAnswer:
        """The fast answer, by which names of elements stand in a resource.

        Which elements there must be, may be and may not be together is a question of the names alone: a valid resource
        answers it for all that have the same ones, and what is asked of them is what each element holds.
        """
        is_valid = self._validator(resource_type).is_valid
        definition = self._definitions[resource_type]
        elements = {rule: held for rule, held in definition.items() if rule not in RULES_OF_NAMES}
        has_valid_elements = self._compiled(elements, resource_type).is_valid
        valid_shapes: set[tuple[str, ...]] = set()

        def answer(resource: Json) -> bool:
            shape = tuple(resource)
            if shape in valid_shapes:
                return has_valid_elements(resource)
            if not is_valid(resource):
                return False
            if len(valid_shapes) < MOST_SHAPES:
                valid_shapes.add(shape)
            return True

        return answer

    def is_valid(self, resource_type: str, resource: Json) -> bool:
        """The fast answer: no places, no texts. The type must be known."""
        valid = self._validator(resource_type).is_valid(resource)
        return valid and all(self.is_valid(kind, held) for _, kind, held in self._held(resource))

    def faults(self, resource_type: str, resource: Json) -> list[FaultAt]:
        """Every fault as (FHIRPath, text); empty when the resource is valid.

        Contained resources are checked by their own type; the entries of a Bundle are not, the caller takes them one
        by one. A type that is not in the schema is one fault. No text holds a value of the resource.
        """
        if not self.knows(resource_type):
            return [(resource_type, "this resource type is not read here")]
        found = self.placed_faults(resource_type, resource)
        return [(fhirpath(resource_type, each.path), each.text) for each in found]

    def placed_faults(self, resource_type: str, resource: Json) -> list[SchemaFault]:
        """Every fault of a resource and of those it contains, by path. The type must be known."""
        found = self._own_faults(resource_type, resource)
        for position, kind, held in self._held(resource):
            above = ("contained", position)
            inside = self.placed_faults(kind, held)
            found += [SchemaFault(each.rule, (*above, *each.path), each.text) for each in inside]
        return found

    def is_type_of_r4(self, resource_type: str) -> bool:
        """Whether R4 has such a type, known here or not."""
        return resource_type in _types_of_r4()

    def _own_faults(self, resource_type: str, resource: Json) -> list[SchemaFault]:
        validator = self._validator(resource_type)
        if validator.is_valid(resource):
            return []
        names = element_names()
        return [
            SchemaFault(_rule(error), tuple(error.instance_path), _text(error, names))
            for error in validator.iter_errors(resource)
        ]

    def _held(self, resource: Json) -> Iterator[tuple[int, str, Json]]:
        held = resource.get("contained")
        for position, each in enumerate(held if isinstance(held, list) else ()):
            if isinstance(each, dict) and self.knows(str(each.get("resourceType"))):
                yield position, str(each["resourceType"]), each

    def _validator(self, resource_type: str) -> jsonschema_rs.Draft6Validator:
        if resource_type not in self._validators:
            root = {"$ref": f"#/definitions/{resource_type}"}
            self._validators[resource_type] = self._compiled(root, resource_type)
        return self._validators[resource_type]

    def _compiled(self, root: Mapping[str, Any], resource_type: str) -> jsonschema_rs.Draft6Validator:
        """A validator of these rules, with the definitions that resources of the type come to."""
        schema = {**root, "definitions": _reachable(self._definitions, resource_type)}
        # The linear-time engine: the pattern of base64Binary nests repetitions.
        engine = jsonschema_rs.RegexOptions()
        return jsonschema_rs.Draft6Validator(schema, mask=MASK, pattern_options=engine)


@cache
def _schema_file() -> Mapping[str, Any]:
    file = resources.files("fhir_adapter.fhir.schema") / SCHEMA_FILE
    content: Mapping[str, Any] = orjson.loads(gzip.decompress(file.read_bytes()))
    return content


def _definitions() -> Mapping[str, Any]:
    definitions: Mapping[str, Any] = _schema_file()["definitions"]
    return definitions


@cache
def _types_of_r4() -> frozenset[str]:
    return frozenset(_schema_file()["resourceTypes"])


@cache
def element_names() -> frozenset[str]:
    """Names of all elements of the types read: a name found among them is safe to repeat."""
    return frozenset(name for each in _definitions().values() for name in each.get("properties", ()))


def _reachable(definitions: Mapping[str, Any], root: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting.extend(_references(definitions[name]))
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def fhirpath(resource_type: str, path: ElementPath) -> str:
    """The path as text: `Patient.name[0].family`."""
    return resource_type + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _rule(error: jsonschema_rs.ValidationError) -> BrokenRule:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            return BrokenRule.UNKNOWN
        case jsonschema_rs.ValidationErrorKind.Required() | jsonschema_rs.ValidationErrorKind.AnyOf():
            return BrokenRule.MISSING
        case jsonschema_rs.ValidationErrorKind.Not():
            return BrokenRule.REPEATED_CHOICE
        case (
            jsonschema_rs.ValidationErrorKind.Pattern()
            | jsonschema_rs.ValidationErrorKind.Enum()
            | jsonschema_rs.ValidationErrorKind.Constant()
        ):
            return BrokenRule.FORMAT
        case (
            jsonschema_rs.ValidationErrorKind.MinItems()
            | jsonschema_rs.ValidationErrorKind.MinLength()
            | jsonschema_rs.ValidationErrorKind.MinProperties()
        ):
            return BrokenRule.EMPTY
        case _:
            return BrokenRule.WRONG_TYPE


def _text(error: jsonschema_rs.ValidationError, names: frozenset[str]) -> str:
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=unexpected):
            return _unexpected(unexpected, names)
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return f"the element `{name}` is required"
        case jsonschema_rs.ValidationErrorKind.AnyOf(context=branches):
            return _one_required(branches)
        case jsonschema_rs.ValidationErrorKind.Not():
            return "holds two types of one choice element; R4 allows one"
        case jsonschema_rs.ValidationErrorKind.Enum(options=options):
            return _not_listed(options)
        case jsonschema_rs.ValidationErrorKind.Constant(expected_value=expected):
            return f"must be `{expected}`"
        case jsonschema_rs.ValidationErrorKind.Type(types=types):
            return f"must be of JSON type {' or '.join(types)}"
        case jsonschema_rs.ValidationErrorKind.Pattern():
            return "is not written as the R4 data type of this element asks"
        case (
            jsonschema_rs.ValidationErrorKind.MinItems()
            | jsonschema_rs.ValidationErrorKind.MinLength()
            | jsonschema_rs.ValidationErrorKind.MinProperties()
        ):
            return "is empty; FHIR allows no empty arrays, objects or strings, so leave the element out"
        case kind:
            return f"breaks the rule `{kind.name}` of the R4 schema"


def _unexpected(unexpected: list[str], names: frozenset[str]) -> str:
    known = sorted(name for name in unexpected if name in names)
    if known:
        return f"R4 has no such element here: {', '.join(known)}"
    return "holds an element that is not known to R4"


def _one_required(branches: list[list[jsonschema_rs.ValidationError]]) -> str:
    kinds = (error.kind for branch in branches for error in branch)
    names = [str(kind.property) for kind in kinds if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required)]
    shown = [name for name in names if not name.startswith("_")]
    return f"the element {' or '.join(f'`{name}`' for name in shown)} is required"


def _not_listed(options: object) -> str:
    listed = [str(option) for option in options] if isinstance(options, list) else []
    if not 0 < len(listed) <= LISTED_OPTIONS:
        return "is not a code of the required R4 value set"
    return f"is not one of: {', '.join(listed)}"
