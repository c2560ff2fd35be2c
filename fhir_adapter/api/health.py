"""Routes for whoever watches over the service."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from fhir_adapter.api.services import Services
from fhir_adapter.errors import StoreUnavailable


def health_routes(services: Services) -> APIRouter:
    """Alive: the process answers. Ready: its store answers too."""
    router = APIRouter(prefix="/health")

    @router.get("/live", summary="The process answers")
    def live() -> Response:
        return JSONResponse({"status": "live"})

    @router.get("/ready", summary="The store answers")
    def ready() -> Response:
        if not services.is_ready():
            raise StoreUnavailable("the store does not answer")
        return JSONResponse({"status": "ready"})

    return router
