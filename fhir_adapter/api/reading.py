"""Routes that read what is published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fhir_adapter.api.bundles import history_bundle, searchset
from fhir_adapter.api.responses import fhir_response, require_fhir_json, stored_response, with_meta
from fhir_adapter.api.search_parameters import LARGEST_COUNT, Reader, ReadSearch, read_search
from fhir_adapter.api.served import SERVED, SYSTEM_INTERACTIONS
from fhir_adapter.api.services import Services
from fhir_adapter.errors import ResourceNotFound
from fhir_adapter.fhir.capability import ServerDescription, build_capability_statement
from fhir_adapter.fhir.elements import Json

TITLE = "perinatal-equity"
RESOURCE_ID = re.compile(r"^[A-Za-z0-9.\-]{1,64}$")  # R4 datatype id


def reading_routes(services: Services) -> APIRouter:
    """GET routes of the FHIR base."""
    router = APIRouter(prefix="/fhir", dependencies=[Depends(require_fhir_json)])

    @router.get("/metadata", summary="What this server does")
    def metadata(request: Request) -> Response:
        return fhir_response(_capability_statement(services), request)

    @router.get("/{resource_type}", summary="Search")
    def search(resource_type: str, request: Request) -> Response:
        _require_served(resource_type)
        read = _read_request(resource_type, request, services)
        page = services.search(resource_type, read.query)
        return fhir_response(searchset(resource_type, page, read, services), request)

    @router.get("/{resource_type}/{resource_id}", summary="Read the current version")
    def read(resource_type: str, resource_id: str, request: Request) -> Response:
        _require_address(resource_type, resource_id)
        return stored_response(services.read(resource_type, resource_id, None), request)

    @router.get("/{resource_type}/{resource_id}/_history", summary="All versions, newest first")
    def history(resource_type: str, resource_id: str, request: Request) -> Response:
        _require_address(resource_type, resource_id)
        return fhir_response(history_bundle(services.history(resource_type, resource_id), services), request)

    @router.get("/{resource_type}/{resource_id}/_history/{version}", summary="Read one version")
    def vread(resource_type: str, resource_id: str, version: str, request: Request) -> Response:
        _require_address(resource_type, resource_id)
        number = _version_number(resource_type, resource_id, version)
        return stored_response(services.read(resource_type, resource_id, number), request)

    return router


def find_resources(services: Services, resource_type: str, parameters: Mapping[str, str]) -> Iterator[Json]:
    """Every resource that a search finds, page after page, in order; unknown parameters are refused.

    This is the read path of the pages: they see what any FHIR client of ours would see.
    """
    reader = Reader(services.fhir_base, services.canonicals)
    wanted = {"_count": str(LARGEST_COUNT), **parameters}
    cursor: str | None = None
    while True:
        asked = wanted if cursor is None else {**wanted, "_cursor": cursor}
        page = services.search(resource_type, read_search(resource_type, asked.items(), reader, strict=True).query)
        yield from (with_meta(stored) for stored in page.entries)
        cursor = page.next_cursor
        if cursor is None or "_count" in parameters:
            return


def _read_request(resource_type: str, request: Request, services: Services) -> ReadSearch:
    reader = Reader(services.fhir_base, services.canonicals)
    prefer = request.headers.get("prefer", "").replace(" ", "").lower()
    return read_search(resource_type, request.query_params.multi_items(), reader, strict="handling=strict" in prefer)


def _require_served(resource_type: str) -> None:
    if resource_type not in SERVED:
        raise HTTPException(404)


def _require_address(resource_type: str, resource_id: str) -> None:
    _require_served(resource_type)
    if not RESOURCE_ID.match(resource_id):
        raise ResourceNotFound(resource_type, resource_id)


def _version_number(resource_type: str, resource_id: str, version: str) -> int:
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise ResourceNotFound(resource_type, resource_id)
    return int(version)


def _capability_statement(services: Services) -> Json:
    server = ServerDescription(
        TITLE, services.software_version, services.fhir_base, services.software_date, services.synthetic
    )
    return build_capability_statement(server, SERVED.values(), system_interactions=SYSTEM_INTERACTIONS)
