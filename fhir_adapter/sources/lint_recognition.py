"""What a manifest says of the inputs that are its own, and of the people in them, checked against R4 and the model."""

from __future__ import annotations

from collections.abc import Callable

from fhir_adapter.fhir.r4_elements import is_resource, resource_types
from fhir_adapter.sources.adapter import BundleManifest, CsvManifest
from fhir_adapter.sources.fhirpath import parse_path
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.path_types import Typed, typed
from fhir_adapter.sources.suggestions import did_you_mean
from indicator_engine.tables import TABLES

Note = Callable[[str, Severity, str, str], None]  # pointer, severity, code, text


def lint_claims(manifest: BundleManifest, note: Note) -> None:
    """Note claims on resources and elements that R4 does not have."""
    for at, claim in enumerate(manifest.recognise):
        pointer = f"recognise[{at}]"
        if not is_resource(claim.resource):
            text = f"R4 has no resource {claim.resource}{did_you_mean(claim.resource, resource_types())}"
            note(f"{pointer}.resource", Severity.ERROR, "lint.unknown-resource", text)
        elif claim.coding is not None:
            lint_element(claim.resource, claim.coding.element, f"{pointer}.coding.element", note)


def lint_element(resource: str, element: str, pointer: str, note: Note) -> None:
    """Note an element that the resource does not have."""

    def tell(kind: str, text: str) -> None:
        if kind == "element":
            note(pointer, Severity.ERROR, "lint.unknown-element", text)

    typed(parse_path(element, constants={}), Typed(frozenset({resource})), tell)


def lint_roles(manifest: BundleManifest | CsvManifest, note: Note) -> None:
    """Note identities of a role that nobody can have."""
    roles = TABLES["person"].column("role").values
    shapes = manifest.shapes() if isinstance(manifest, CsvManifest) else {"": manifest}
    for name, shape in shapes.items():
        head = f"files.{name}." if name else ""
        for at, identity in enumerate(shape.identities):
            if roles and identity.role not in roles:
                text = f"{identity.role} is not one of {', '.join(roles)}{did_you_mean(identity.role, roles)}"
                note(f"{head}identities[{at}].role", Severity.ERROR, "lint.unknown-role", text)
