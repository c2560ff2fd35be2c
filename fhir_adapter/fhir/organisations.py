"""Organization and Location: who publishes and where a number belongs."""

from __future__ import annotations

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json, narrative, organisation_identifier


def build_organisation(code: str, name: str, kind: str, *, parent: str | None, canonicals: Canonicals) -> Json:
    """An Organization whose id is its code; parent: code of the organisation it is part of."""
    organisation: Json = {
        "resourceType": "Organization",
        "id": code,
        "text": narrative(f"{name} ({code})."),
        "identifier": [organisation_identifier(canonicals, code, kind)],
        "active": True,
        "type": [_kind(kind, canonicals)],
        "name": name,
    }
    if parent is not None:
        organisation["partOf"] = {"reference": f"Organization/{parent}"}
    return organisation


def build_location(code: str, name: str, kind: str, *, parent: str | None, canonicals: Canonicals) -> Json:
    """A Location that a report can be about; a site is managed by its parent, anything else by itself."""
    location: Json = {
        "resourceType": "Location",
        "id": code,
        "text": narrative(f"{name} ({code})."),
        "identifier": [organisation_identifier(canonicals, code, kind)],
        "status": "active",
        "name": name,
        "mode": "instance",
        "type": [_kind(kind, canonicals)],
        "managingOrganization": {"reference": f"Organization/{_manager(code, kind, parent)}"},
    }
    if parent is not None:
        location["partOf"] = {"reference": f"Location/{parent}"}
    return location


def _manager(code: str, kind: str, parent: str | None) -> str:
    return parent if kind == "site" and parent is not None else code


def _kind(kind: str, canonicals: Canonicals) -> Json:
    return {"coding": [{"system": canonicals.code_system("organisation-kind"), "code": kind}]}
