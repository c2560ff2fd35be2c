"""Routes of the worklist: values of patients, for those who send the token; values never stand in an address."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fhir_adapter.api.bodies import JSON_BODIES, read_body
from fhir_adapter.api.services import ConflictQuery, SettlementRequest, Worklist
from fhir_adapter.api.workbench import json_response
from fhir_adapter.fhir.incoming import IncomingLimits, parse_json

LIMITS = IncomingLimits(max_bytes=20_000, max_depth=2)  # of one decision
LARGEST_PAGE = 500
BEARER = "Bearer "
Words = Annotated[str, Field(min_length=1, max_length=500)]
Sent = Annotated[str, Field(max_length=500)]


class WithdrawalBody(BaseModel):
    """Who withdraws a settlement, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    author: Words
    reason: Words


class SettlementBody(WithdrawalBody):
    """A decision: `value`, or `take_source`; and who decides, and why."""

    value: Sent | None = None
    take_source: Sent | None = None


Body = TypeVar("Body", bound=WithdrawalBody)


def conflict_routes(worklist: Worklist) -> APIRouter:
    """GET and POST routes of the worklist, each behind the token."""

    def require_token(request: Request) -> None:
        sent = request.headers.get("authorization", "")
        if not (sent.startswith(BEARER) and worklist.is_allowed(sent.removeprefix(BEARER))):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})

    async def decision_body(request: Request) -> bytes:
        require_token(request)
        return await read_body(request, kinds=JSON_BODIES, max_bytes=LIMITS.max_bytes)

    router = APIRouter(prefix="/conflicts", dependencies=[Depends(require_token)])

    @router.get("", summary="Fields on which sources differ, with the values")
    def list_conflicts(
        table: str | None = None,
        column: str | None = None,
        severity: str | None = None,
        status: str | None = None,
        source: str | None = None,
        everything: Annotated[bool, Query(alias="all")] = False,
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
        skip: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        query = ConflictQuery(table, column, severity, status, source, everything, limit, skip)
        return _kept_nowhere(json_response(worklist.list(query)))

    @router.post("/{conflict_id}/settle", summary="Settle a conflict")
    def settle_conflict(conflict_id: str, raw: bytes = Depends(decision_body)) -> Response:
        sent = _parsed(SettlementBody, raw)
        request = SettlementRequest(sent.author, sent.reason, sent.value, sent.take_source)
        return _kept_nowhere(json_response(worklist.settle(conflict_id, request)))

    @router.post("/{conflict_id}/withdraw", summary="Withdraw what was settled")
    def withdraw_settlement(conflict_id: str, raw: bytes = Depends(decision_body)) -> Response:
        sent = _parsed(WithdrawalBody, raw)
        return _kept_nowhere(json_response(worklist.withdraw(conflict_id, sent.author, sent.reason)))

    return router


def _kept_nowhere(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _parsed(kind: type[Body], raw: bytes) -> Body:
    """The body as one of ours; what is wrong is told by its place alone."""
    document = parse_json(raw, LIMITS, place="body")
    try:
        return kind.model_validate(document)
    except ValidationError as cause:
        raise RequestValidationError(cause.errors(include_input=False, include_url=False)) from cause
