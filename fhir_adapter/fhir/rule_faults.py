"""What the checks of published resources share: faults are texts `FHIRPath: what must hold`."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_adapter.fhir.canonical import IMPROVEMENT_NOTATION
from fhir_adapter.fhir.elements import Json

Faults = Iterator[str]
IMPROVEMENTS = ("increase", "decrease")


def required_faults(name: str, resource: Json, elements: tuple[str, ...]) -> Faults:
    yield from (f"{name}.{element}: is required" for element in elements if not resource.get(element))


def improvement_faults(name: str, resource: Json) -> Faults:
    if "improvementNotation" not in resource:
        return
    codings = resource["improvementNotation"].get("coding", [])
    known = [each for each in codings if each.get("system") == IMPROVEMENT_NOTATION]
    if not known or any(each.get("code") not in IMPROVEMENTS for each in known):
        yield f"{name}.improvementNotation: must be increase or decrease of {IMPROVEMENT_NOTATION}"


def placed_items(path: str, holder: Json, name: str) -> Iterator[tuple[str, Json]]:
    for position, item in enumerate(holder.get(name, [])):
        yield f"{path}.{name}[{position}]", item


def code_of(population: Json) -> str:
    codings = population.get("code", {}).get("coding", [{}])
    return str(codings[0].get("code"))
