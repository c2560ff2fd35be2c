"""Other libraries that read FHIR, on the same bundles, beside the bare parse; what is not installed is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import orjson

from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.timing import median_seconds

# what a mapping asks of nearly every resource; the whole mapping of this service asks a hundred such questions
PATHS = {
    "Patient": ("id", "birthDate", "gender", "identifier.value"),
    "Observation": ("id", "code.coding.code", "subject.reference", "value.value"),
    "Encounter": ("id", "type.coding.code", "period.start"),
    "Condition": ("id", "code.coding.code", "subject.reference"),
    "Procedure": ("id", "code.coding.code", "subject.reference"),
}
FLOOR = "orjson.loads of the same bytes"

Reader = Callable[[bytes], object]


def other_rows(bundles: Sequence[bytes], *, repeats: int) -> list[BenchRow]:
    """A row for each library that can be imported here; no bar is set for them."""
    readers = {"fhir.resources": _with_fhir_resources(), "fhirpathpy": _with_fhirpathpy()}
    found = {name: each for name, each in readers.items() if each is not None}
    if not found:
        return []
    works: dict[str, Callable[[], object]] = {"floor": lambda: [orjson.loads(raw) for raw in bundles]}
    for name, (_, read) in found.items():
        works[name] = _reading(bundles, read)
    seconds = median_seconds(works, repeats=repeats)
    return [
        BenchRow(f"ingest {name}", f"{work}; {len(bundles)} bundles", seconds[name], FLOOR, seconds["floor"])
        for name, (work, _) in found.items()
    ]


def _reading(bundles: Sequence[bytes], read: Reader) -> Callable[[], object]:
    return lambda: [read(raw) for raw in bundles]


def _with_fhir_resources() -> tuple[str, Reader] | None:
    module = _imported("fhir.resources.R4B.bundle")
    if module is None:
        return None
    bundle: Any = module.Bundle
    return "parse and validate alone, fhir.resources R4B model_validate_json", bundle.model_validate_json


def _with_fhirpathpy() -> tuple[str, Reader] | None:
    module = _imported("fhirpathpy")
    if module is None:
        return None
    compiled = {kind: [module.compile(path) for path in paths] for kind, paths in PATHS.items()}

    def read(raw: bytes) -> object:
        resources = [entry["resource"] for entry in orjson.loads(raw)["entry"]]
        return [ask(each) for each in resources for ask in compiled.get(each["resourceType"], ())]

    return "parse and four paths of each resource, compiled by fhirpathpy", read


def _imported(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None
