"""Checks the shape of what we send with fhir.resources: names, JSON types and cardinality; no codes and no rules."""

from __future__ import annotations

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from fhir_adapter.fhir.elements import Json


def shape_faults(resource: Json) -> list[str]:
    """Every fault that fhir.resources R4B sees, as `path: what`; empty when there is none.

    Slow (sixty times the parse): for tests, and for one resource of each type at publication. No value is repeated.
    """
    model = get_fhir_model_class(resource["resourceType"])
    try:
        model.model_validate(resource)
    except ValidationError as cause:
        return [f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in cause.errors(include_input=False)]
    return []
