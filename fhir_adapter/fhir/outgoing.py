"""The last look at a resource before it is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure_checks import check_measure
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.fhir.report_checks import check_report

OWN_RULES: Mapping[str, Callable[[Json], list[str]]] = MappingProxyType(
    {"Measure": check_measure, "MeasureReport": check_report}
)


def outgoing_faults(resource: Json, schema: R4Schema) -> list[str]:
    """Every reason why a resource must not be published, as `FHIRPath: what must hold`; empty when there is none.

    Fast enough for every report of a release: the R4 schema, then our own rules for its type.
    """
    kind = resource["resourceType"]
    faults = [f"{path}: {text}" for path, text in schema.faults(kind, resource)]
    return faults + (OWN_RULES[kind](resource) if kind in OWN_RULES else [])
