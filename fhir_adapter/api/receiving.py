"""Routes that take records in."""

from __future__ import annotations

import re
from dataclasses import asdict

import orjson
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from fhir_adapter.api.bodies import INTAKE_BODIES, JSON_BODIES, media_type_of, read_body
from fhir_adapter.api.bundles import receipt_bundle
from fhir_adapter.api.feedback_faults import feedback_faults
from fhir_adapter.api.outcomes import outcome_response
from fhir_adapter.api.responses import FHIR_JSON, fhir_response, require_fhir_json
from fhir_adapter.api.services import ReceiptView, Services
from fhir_adapter.errors import PayloadRefused
from fhir_adapter.feedback import feedback_document
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.incoming import check_bundle, parse_json
from fhir_adapter.fhir.outcome import Fault

ACCEPTED_BUNDLES = ("transaction", "batch")
PAYLOAD_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,99}$")
DEFAULT_NAME = "payload"
ALREADY_PROCESSED = "this payload was already processed; nothing was changed"


def receiving_routes(services: Services) -> APIRouter:
    """POST routes: Bundles to the FHIR base, everything else to the intake."""
    router = APIRouter()

    async def bundle_body(request: Request) -> bytes:
        return await read_body(request, kinds=JSON_BODIES, max_bytes=services.limits.max_bytes)

    async def intake_body(request: Request) -> bytes:
        return await read_body(request, kinds=INTAKE_BODIES, max_bytes=services.limits.max_bytes)

    @router.post("/fhir", summary="Transaction or batch", dependencies=[Depends(require_fhir_json)])
    def receive_bundle(request: Request, raw: bytes = Depends(bundle_body)) -> Response:
        document = _accepted_bundle(raw, services)
        receipt = services.receive_bundle(raw, transaction=document["type"] == "transaction")
        if receipt.status == "refused":
            return _refusal(receipt, services)
        return fhir_response(receipt_bundle(document, receipt, services), request)

    @router.post("/intake", summary="Any payload; the adapter is chosen")
    def receive_any(request: Request, raw: bytes = Depends(intake_body), name: str = DEFAULT_NAME) -> Response:
        receipt = services.receive_intake(raw, media_type_of(request), None, _checked_name(name))
        return _receipt(receipt, request, services)

    @router.post("/intake/{adapter}", summary="Any payload, for one adapter")
    def receive_for(
        request: Request,
        adapter: str,
        raw: bytes = Depends(intake_body),
        name: str = DEFAULT_NAME,
    ) -> Response:
        receipt = services.receive_intake(raw, media_type_of(request), adapter, _checked_name(name))
        return _receipt(receipt, request, services)

    return router


def _accepted_bundle(raw: bytes, services: Services) -> Json:
    document = parse_json(raw, services.limits)
    kind = check_bundle(document)
    if kind not in ACCEPTED_BUNDLES:
        text = "only transaction and batch are taken here; send collections, documents and messages to /intake"
        raise PayloadRefused("bundle.type-not-taken", "Bundle.type", text)
    return document


def _checked_name(name: str) -> str:
    if not PAYLOAD_NAME.match(name):
        text = "`name` takes letters, digits, '.', '_' and '-', 100 at most"
        raise PayloadRefused("payload.name", "name", text)
    return name


def _receipt(receipt: ReceiptView, request: Request, services: Services) -> Response:
    """The receipt as JSON, or as an OperationOutcome where the sender asks for FHIR."""
    if receipt.status == "refused":
        return _refusal(receipt, services)
    if FHIR_JSON in request.headers.get("accept", ""):
        return outcome_response(_faults(receipt), services.canonicals, status=200)
    body = {
        "receipt_id": receipt.receipt_id,
        "status": receipt.status,
        "adapter": receipt.adapter,
        "rows": dict(receipt.rows),
        "issues": [_issue(each) for each in receipt.issues],
        **feedback_document(receipt.feedback),
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _faults(receipt: ReceiptView) -> list[Fault]:
    known = Fault("information", "receipt.already-processed", "", ALREADY_PROCESSED, "informational")
    first = [known] if receipt.status == "already-processed" else []
    return [*first, *receipt.issues, *feedback_faults(receipt.feedback)]


def _issue(fault: Fault) -> dict[str, str]:
    return {name: value for name, value in asdict(fault).items() if name != "issue_type"}


def _refusal(receipt: ReceiptView, services: Services) -> Response:
    faults = receipt.issues or (Fault("error", "receipt.refused", "", "the payload was refused", "processing"),)
    return outcome_response(faults, services.canonicals, status=422)
