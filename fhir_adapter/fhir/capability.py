"""CapabilityStatement, generated from the table of what the API serves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date as calendar_date

from fhir_adapter.fhir.canonical import TEST_DATA_TAG
from fhir_adapter.fhir.elements import Json

SANER_MEASURE_SOURCE_PULL = "http://hl7.org/fhir/uv/saner/CapabilityStatement/MeasureSource-Pull"


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter that is served: its name, R4 type and what it does."""

    name: str
    type: str
    documentation: str


@dataclass(frozen=True, slots=True)
class ServedType:
    """A resource type that is served: its interactions and search parameters."""

    name: str
    interactions: tuple[str, ...]
    search: tuple[SearchParameter, ...]


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """What a CapabilityStatement says of the software and the place where it runs."""

    title: str
    version: str
    fhir_base: str
    date: calendar_date
    synthetic: bool


def build_capability_statement(
    server: ServerDescription, served: Iterable[ServedType], *, system_interactions: Iterable[str]
) -> Json:
    """What this server does, and nothing else; one that serves synthetic data is tagged as such."""
    described = f"{server.title}, synthetic data" if server.synthetic else server.title
    return {
        "resourceType": "CapabilityStatement",
        **({"meta": {"tag": [dict(TEST_DATA_TAG)]}} if server.synthetic else {}),
        "status": "active",
        "date": server.date.isoformat(),
        "kind": "instance",
        "instantiates": [SANER_MEASURE_SOURCE_PULL],
        "software": {"name": server.title, "version": server.version},
        "implementation": {"description": described, "url": server.fhir_base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [_resource(each) for each in served],
                "interaction": [{"code": code} for code in system_interactions],
            }
        ],
    }


def _resource(served: ServedType) -> Json:
    return {
        "type": served.name,
        "interaction": [{"code": code} for code in served.interactions],
        "versioning": "versioned",
        "readHistory": "vread" in served.interactions,
        "searchParam": [
            {"name": each.name, "type": each.type, "documentation": each.documentation} for each in served.search
        ],
    }
