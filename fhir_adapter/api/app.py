"""The HTTP application: reads like its table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fhir_adapter.api.conflicts import conflict_routes
from fhir_adapter.api.health import health_routes
from fhir_adapter.api.middleware import RequestEnvelope
from fhir_adapter.api.outcomes import error_response, http_response, invalid_request_response
from fhir_adapter.api.reading import TITLE, reading_routes
from fhir_adapter.api.receiving import receiving_routes
from fhir_adapter.api.services import Services
from fhir_adapter.api.workbench import workbench_routes
from fhir_adapter.errors import FhirAdapterError

WORKBENCH_BYTES = 5_000_000  # of one body; a mapping is tried on a sample


def create_app(services: Services, *, pages: Sequence[BaseRoute] = ()) -> FastAPI:
    """The application over the given services; pages: routes of the viewer, which come last."""
    # The bundled documentation pages load scripts from elsewhere, which our policy forbids; /openapi.json stays.
    app = FastAPI(title=TITLE, version=services.software_version, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(health_routes(services))
    app.include_router(receiving_routes(services))
    app.include_router(reading_routes(services))
    if services.workbench is not None:
        app.include_router(workbench_routes(services.workbench, min(WORKBENCH_BYTES, services.limits.max_bytes)))
    if services.worklist is not None:
        app.include_router(conflict_routes(services.worklist))
    app.router.routes.extend(pages)
    app.add_middleware(RequestEnvelope, canonicals=services.canonicals)
    _answer_errors(app, services)
    return app


def _answer_errors(app: FastAPI, services: Services) -> None:
    canonicals = services.canonicals

    @app.exception_handler(FhirAdapterError)
    def answer_own(_: Request, error: FhirAdapterError) -> Response:
        return error_response(error, canonicals)

    @app.exception_handler(HTTPException)
    def answer_router(_: Request, error: HTTPException) -> Response:
        return http_response(error, canonicals)

    @app.exception_handler(RequestValidationError)
    def answer_request(_: Request, error: RequestValidationError) -> Response:
        return invalid_request_response(error, canonicals)
