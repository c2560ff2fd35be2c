"""Which adapter an input is for: by what stands in a bundle, or by the header of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fhir_adapter.sources.adapter import BundleClaim, CodingClaim
from fhir_adapter.sources.csv_header import header_names
from fhir_adapter.sources.csv_plan import CsvPlan


@dataclass(frozen=True, slots=True)
class NamedClaim:
    """A claim with the adapter that makes it. strength: of the claim, worked out once."""

    name: str
    strength: int
    claim: BundleClaim


ClaimsByType: TypeAlias = Mapping[str, Sequence[NamedClaim]]


def fits_bundle(claims: Sequence[BundleClaim], document: Mapping[str, Any]) -> bool:
    """Whether any resource of the bundle meets any of the claims."""
    return strength_of(claims, document) > 0


def strength_of(claims: Sequence[BundleClaim], document: Mapping[str, Any]) -> int:
    """Strength of the strongest claim that the bundle or any of its resources meets; 0 when none is met."""
    return strongest_claimants(claims_by_type({"": claims}), document)[0]


def claims_by_type(claims: Mapping[str, Sequence[BundleClaim]]) -> ClaimsByType:
    """The claims of every adapter by the type of resource that they are about, the strongest first."""
    found: dict[str, list[NamedClaim]] = {}
    for name, each in claims.items():
        for claim in each:
            found.setdefault(claim.resource, []).append(NamedClaim(name, claim.strength, claim))
    return {
        resource_type: tuple(sorted(each, key=lambda claim: -claim.strength)) for resource_type, each in found.items()
    }


def strongest_claimants(claims: ClaimsByType, document: Mapping[str, Any]) -> tuple[int, frozenset[str]]:
    """The strength of the strongest claims that are met, and whose they are; 0 and nobody when none is met.

    One walk over the bundle for the claims of all adapters: most resources are of a type that nobody claims. Types with
    the strongest claims come first, so that weaker ones of other types are not looked at where a stronger one is met.
    """
    strongest, claimants = 0, frozenset[str]()
    for resource, found in sorted(claimed_resources(claims, document), key=strongest_first):
        for each in found:
            if each.strength < strongest:
                break
            is_news = each.strength > strongest or each.name not in claimants
            if is_news and meets(each.claim, resource):
                claimants = frozenset((each.name,)) | (claimants if each.strength == strongest else frozenset())
                strongest = each.strength
    return strongest, claimants


def strongest_first(claimed: tuple[Mapping[str, Any], Sequence[NamedClaim]]) -> int:
    """Orders resources by the strongest claim on their type."""
    return -claimed[1][0].strength


def claimed_resources(
    claims: ClaimsByType, document: Mapping[str, Any]
) -> list[tuple[Mapping[str, Any], Sequence[NamedClaim]]]:
    """The bundle itself and what its entries hold, as far as anybody claims their type, with those claims."""
    entries = document.get("entry")
    return [
        (resource, claims[kind])
        for entry in ({"resource": document}, *(entries if type(entries) is list else ()))
        if type(entry) is dict
        and type(resource := entry.get("resource")) is dict
        and type(kind := resource.get("resourceType")) is str
        and kind in claims
    ]


def resources_of(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The bundle itself, then what its entries hold."""
    entries = document.get("entry")
    held = [entry.get("resource") for entry in entries if type(entry) is dict] if type(entries) is list else []
    return [document, *[each for each in held if type(each) is dict]]


def meets(claim: BundleClaim, resource: Mapping[str, Any]) -> bool:
    """Whether a resource of the right type meets every condition of a claim."""
    if claim.identifier_system is not None and claim.identifier_system not in values_of(
        resource, "identifier", "system"
    ):
        return False
    if claim.extension is not None and claim.extension not in values_of(resource, "extension", "url"):
        return False
    if claim.coding is not None and not has_coding(claim.coding, resource):
        return False
    if claim.profile is None:
        return True
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return isinstance(profiles, list) and claim.profile in profiles


def has_coding(claim: CodingClaim, resource: Mapping[str, Any]) -> bool:
    """Whether a concept of the element, or the coding that it is, is of the system and has the code."""
    value = resource.get(claim.element)
    for concept in value if type(value) is list else (value,):
        for coding in codings_of(concept) if type(concept) is dict else ():
            if (
                type(coding) is dict
                and coding.get("system") == claim.system
                and claim.code in (None, coding.get("code"))
            ):
                return True
    return False


def codings_of(concept: Mapping[str, Any]) -> Sequence[object]:
    """The codings of a concept; of a coding, itself."""
    codings = concept.get("coding", [concept])
    return codings if isinstance(codings, list) else ()


def values_of(resource: Mapping[str, Any], name: str, part: str) -> list[Any]:
    """One part of each item of an element."""
    items = resource.get(name)
    return [item.get(part) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def fits_header(shapes: Iterable[CsvPlan], header: Sequence[str]) -> bool:
    """Whether the header has every column that one of the shapes is known by, under any name that a site gives it."""
    return any(not lacking_columns(each, header) for each in shapes)


def lacking_columns(shape: CsvPlan, header: Sequence[str]) -> list[str]:
    """The columns that a shape is known by and that the header has under no name."""
    return sorted(shape.required - set(header_names(header, shape.format.aliases)))
