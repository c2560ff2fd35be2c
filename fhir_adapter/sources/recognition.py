"""Which adapter an input is for: by what stands in a bundle, or by the header of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir_adapter.sources.adapter import BundleClaim
from fhir_adapter.sources.csv_header import header_names
from fhir_adapter.sources.csv_plan import CsvPlan


def fits_bundle(claims: Sequence[BundleClaim], document: Mapping[str, Any]) -> bool:
    """Whether any resource of the bundle meets any of the claims."""
    entries = document.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            resource_type = resource.get("resourceType")
            for claim in claims:
                if claim.resource == resource_type and meets(claim, resource):
                    return True
    return False


def meets(claim: BundleClaim, resource: Mapping[str, Any]) -> bool:
    """Whether a resource of the right type meets every condition of a claim."""
    if claim.identifier_system is not None and claim.identifier_system not in values_of(
        resource, "identifier", "system"
    ):
        return False
    if claim.extension is not None and claim.extension not in values_of(resource, "extension", "url"):
        return False
    if claim.profile is None:
        return True
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return isinstance(profiles, list) and claim.profile in profiles


def values_of(resource: Mapping[str, Any], name: str, part: str) -> list[Any]:
    """One part of each item of an element."""
    items = resource.get(name)
    return [item.get(part) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def fits_header(shapes: Iterable[CsvPlan], header: Sequence[str]) -> bool:
    """Whether the header has every column that one of the shapes is known by, under any name that a site gives it."""
    return any(each.required <= set(header_names(header, each.format.aliases)) for each in shapes)
