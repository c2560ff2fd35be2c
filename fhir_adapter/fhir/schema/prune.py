"""Cuts the official R4 JSON schema to what this service needs and adds what the schema leaves to the specification.

Run as `python -m fhir_adapter.fhir.schema.prune FOLDER TARGET`; `PROVENANCE.md` says where the folder comes from.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

RESOURCE_TYPES = (
    "Basic",
    "Binary",
    "Bundle",
    "CapabilityStatement",
    "CarePlan",
    "CareTeam",
    "Claim",
    "Communication",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Immunization",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Medication",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "MessageHeader",
    "NutritionOrder",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Parameters",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ServiceRequest",
    "Specimen",
    "Task",
)
ANY_RESOURCE: Mapping[str, Any] = {
    "type": "object",
    "properties": {"resourceType": {"type": "string"}},
    "required": ["resourceType"],
}
ANY_RESOURCE_NAME = "ResourceList"
MANY_CHOICES = ("Extension", "ElementDefinition")  # fifty types of value[x] each, at every turn: too dear to compare
TEXT_TYPES = ("string", "markdown")
ANY_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}

# Definitions of the schema are JSON objects of many shapes; they are only moved about here.
Definition = dict[str, Any]
Definitions = dict[str, Definition]


def prune(folder: Path) -> Definitions:
    """Definitions of `fhir.schema.json` in the folder, cut and strengthened."""
    official: Definitions = orjson.loads((folder / "fhir.schema.json").read_bytes())["definitions"]
    kept = {name: _tidy(official[name]) for name in sorted(_reachable(official))}
    kept[ANY_RESOURCE_NAME] = dict(ANY_RESOURCE)
    kept.update({name: dict(ANY_TEXT) for name in TEXT_TYPES})
    for structure in _structures(folder):
        for element in structure["snapshot"]["element"]:
            _apply(kept, element)
    return kept


def every_type(folder: Path) -> list[str]:
    """Names of all resource types of R4, so that a type which is not checked can be told from one that is none."""
    mapping = orjson.loads((folder / "fhir.schema.json").read_bytes())["discriminator"]["mapping"]
    return sorted(mapping)


def write(definitions: Definitions, types: list[str], target: Path) -> None:
    """Write the definitions so that the same input gives the same bytes."""
    body = orjson.dumps({"definitions": definitions, "resourceTypes": types}, option=orjson.OPT_SORT_KEYS)
    target.write_bytes(gzip.compress(body, compresslevel=9, mtime=0))


def _reachable(official: Definitions) -> set[str]:
    found: set[str] = set()
    waiting = list(RESOURCE_TYPES)
    while waiting:
        name = waiting.pop()
        if name not in found and name != ANY_RESOURCE_NAME:
            found.add(name)
            waiting.extend(_references(official[name]))
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield _definition_name(node)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _definition_name(node: Mapping[str, Any]) -> str:
    return str(node["$ref"]).rpartition("/")[2]


def _tidy(definition: Definition) -> Definition:
    tidied = {key: value for key, value in definition.items() if key not in ("description", "properties")}
    if tidied.get("type") != "string":
        tidied.pop("pattern", None)
    if "properties" in definition:
        tidied["type"] = "object"
        tidied["minProperties"] = 1
        tidied["properties"] = {name: _tidy_element(element) for name, element in definition["properties"].items()}
    return tidied


def _tidy_element(element: Definition) -> Definition:
    tidied = {key: value for key, value in element.items() if key != "description"}
    if tidied.get("type") != "string":
        # The official file writes a pattern beside booleans and numbers, where it says nothing.
        tidied.pop("pattern", None)
    if "items" in tidied:
        tidied["items"] = _tidy_element(tidied["items"])
        tidied["minItems"] = 1
    return tidied


def _structures(folder: Path) -> Iterator[Definition]:
    for name in ("profiles-types.json", "profiles-resources.json"):
        for entry in orjson.loads((folder / name).read_bytes())["entry"]:
            structure = entry["resource"]
            if structure["resourceType"] == "StructureDefinition" and structure.get("derivation") != "constraint":
                yield structure


def _apply(kept: Definitions, element: Mapping[str, Any]) -> None:
    path = tuple(element["path"].split("."))
    if len(path) > 1 and element["min"] >= 1:
        _require(kept, path)
    if path[-1].endswith("[x]") and element["max"] == "1":
        _allow_one(kept, path)
    if element.get("binding", {}).get("strength", "required") != "required":
        _open(kept, path)


def _require(kept: Definitions, path: tuple[str, ...]) -> None:
    owner = _owner(kept, path)
    if owner is None:
        return
    choices = _choices(owner["properties"], path[-1])
    if choices and not any(each in owner.get("required", ()) for each in choices):
        owner.setdefault("allOf", []).append({"anyOf": [{"required": [each]} for each in choices]})


def _allow_one(kept: Definitions, path: tuple[str, ...]) -> None:
    """Refuse two types of one choice element; asked only of an object that has one of them."""
    owner = _owner(kept, path)
    if owner is None or path[0] in MANY_CHOICES:
        return
    choices = [each for each in _choices(owner["properties"], path[-1]) if not each.startswith("_")]
    dependencies = owner.setdefault("dependencies", {})
    for each in choices:
        others = [{"required": [other]} for other in choices if other != each]
        if others:
            dependencies[each] = {"not": {"anyOf": others}}


def _open(kept: Definitions, path: tuple[str, ...]) -> None:
    owner = _owner(kept, path)
    element = {} if owner is None else owner["properties"].get(path[-1], {})
    listed = element.get("items", element)
    if "enum" in listed:
        del listed["enum"]
        listed["$ref"] = "#/definitions/code"


def _owner(kept: Definitions, path: tuple[str, ...]) -> Definition | None:
    owner = kept.get(path[0])
    for name in path[1:-1]:
        element = (owner or {}).get("properties", {}).get(name)
        target = None if element is None else element.get("items", element)
        owner = None if target is None or "$ref" not in target else kept.get(_definition_name(target))
    return owner if owner is not None and "properties" in owner else None


def _choices(properties: Mapping[str, Any], name: str) -> list[str]:
    if name.endswith("[x]"):
        stem = name.removesuffix("[x]")
        return sorted(each for each in properties if each.lstrip("_").startswith(stem) and each.lstrip("_") != stem)
    return [each for each in (name, f"_{name}") if each in properties]


if __name__ == "__main__":
    write(prune(Path(sys.argv[1])), every_type(Path(sys.argv[1])), Path(sys.argv[2]))
