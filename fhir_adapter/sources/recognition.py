"""Which adapter an input is for: by what stands in a bundle, or by the header of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_adapter.sources.adapter import BundleClaim, CsvManifest
from fhir_adapter.sources.csv_header import header_names


def fits_bundle(claims: Sequence[BundleClaim], document: Mapping[str, Any]) -> bool:
    """Whether any resource of the bundle meets any of the claims."""
    return any(meets(claim, resource) for resource in resources_of(document) for claim in claims)


def resources_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The resources of a bundle, as far as they are objects."""
    entries = document.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def meets(claim: BundleClaim, resource: Mapping[str, Any]) -> bool:
    """Whether one resource meets every condition of one claim."""
    if resource.get("resourceType") != claim.resource:
        return False
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return (
        (claim.identifier_system is None or claim.identifier_system in values_of(resource, "identifier", "system"))
        and (claim.extension is None or claim.extension in values_of(resource, "extension", "url"))
        and (claim.profile is None or (isinstance(profiles, list) and claim.profile in profiles))
    )


def values_of(resource: Mapping[str, Any], name: str, part: str) -> list[Any]:
    """One part of each item of an element."""
    items = resource.get(name)
    return [item.get(part) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def fits_header(manifest: CsvManifest, header: Sequence[str]) -> bool:
    """Whether the header has every column that the adapter is known by."""
    return set(manifest.recognise.header) <= set(header_names(header, manifest.format.aliases))
