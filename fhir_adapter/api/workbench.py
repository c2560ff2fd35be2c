"""Routes that try a mapping: nothing is kept, nothing of what was sent is logged."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from fhir_adapter.api.bodies import JSON_BODIES, media_type_of, read_body
from fhir_adapter.api.services import TryMapping

TRIED_BODIES = JSON_BODIES | {"text/csv"}


def workbench_routes(workbench: TryMapping, max_bytes: int) -> APIRouter:
    """POST routes of the workbench."""
    router = APIRouter(prefix="/mappings/{adapter}")

    async def case_body(request: Request) -> bytes:
        return await read_body(request, kinds=JSON_BODIES, max_bytes=max_bytes) if has_body(request) else b""

    async def input_body(request: Request) -> bytes:
        return await read_body(request, kinds=TRIED_BODIES, max_bytes=max_bytes)

    @router.post("/$test", summary="Run a golden case, or the adapter's own")
    def test_mapping(adapter: str, raw: bytes = Depends(case_body)) -> Response:
        return json_response(workbench.test(adapter, raw))

    @router.post(
        "/$explain", summary="Rows and issues of a bundle or a CSV file, or where the cells of one row are from"
    )
    def explain_mapping(
        request: Request,
        adapter: str,
        raw: bytes = Depends(input_body),
        table: str | None = None,
        row: Annotated[int, Query(ge=1)] = 1,
        column: str | None = None,
    ) -> Response:
        kind = media_type_of(request)
        if table is None:
            return json_response(workbench.explain(adapter, raw, kind))
        return json_response(workbench.explain_row(adapter, raw, kind, table=table, row=row, column=column))

    return router


def has_body(request: Request) -> bool:
    """Whether anything was sent with the request."""
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def json_response(document: object) -> Response:
    """A document as JSON."""
    return Response(orjson.dumps(document), media_type="application/json")
