"""The one table from errors to HTTP: which status, and what the OperationOutcome says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fhir_adapter import errors
from fhir_adapter.api.responses import FHIR_JSON
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.outcome import Fault, operation_outcome

RETRY_AFTER_SECONDS = "5"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an error is answered.

    issue_type: code of R4 issue-type. code: stable word of our own. text: None lets the error speak for itself;
    errors of our own side get a fixed text, because callers can do nothing with their details.
    """

    status: int
    issue_type: str
    code: str
    text: str | None = None


FAULT_HERE = "something went wrong here; it has been noted under the request id of this answer"
TRY_AGAIN = "the service cannot answer now; send the same request again later"

ANSWERS: Mapping[type[errors.FhirAdapterError], Answer] = MappingProxyType(
    {
        errors.FhirAdapterError: Answer(500, "exception", "server.fault", FAULT_HERE),
        errors.SettingsInvalid: Answer(500, "exception", "server.settings", FAULT_HERE),
        errors.PayloadRefused: Answer(400, "structure", "payload.refused"),
        errors.ReferenceRefused: Answer(422, "value", "payload.refused"),
        errors.AdapterUnknown: Answer(422, "not-supported", "adapter.unknown"),
        errors.MappingInvalid: Answer(500, "exception", "server.mapping", FAULT_HERE),
        errors.StoreUnavailable: Answer(503, "transient", "server.store-unavailable", TRY_AGAIN),
        errors.StoreOutdated: Answer(503, "transient", "server.store-outdated", TRY_AGAIN),
        errors.PersonUnknown: Answer(404, "not-found", "person.unknown"),
        errors.AuditBroken: Answer(500, "exception", "server.audit", FAULT_HERE),
        errors.SealBroken: Answer(500, "exception", "server.sealed", FAULT_HERE),
        errors.ResourceNotFound: Answer(404, "not-found", "resource.not-found", "nothing is published here by this id"),
        errors.ConflictUnknown: Answer(404, "not-found", "conflict.unknown", "no conflict is listed by this id"),
        errors.SettlementRefused: Answer(422, "business-rule", "conflict.settlement-refused"),
        errors.SearchRefused: Answer(400, "not-supported", "search.refused"),
        errors.ReportInvalid: Answer(500, "exception", "server.report-invalid", FAULT_HERE),
        errors.NothingToPublish: Answer(404, "not-found", "resource.nothing-published", "nothing is published yet"),
        errors.PublisherRefused: Answer(502, "processing", "server.publisher", FAULT_HERE),
        errors.PublisherUnreachable: Answer(502, "transient", "server.publisher", TRY_AGAIN),
    }
)
STATUS_OF_CODE = MappingProxyType({"payload.too-large": 413})
TYPE_OF_CODE = MappingProxyType({"payload.too-large": "too-costly"})
HTTP_ANSWERS: Mapping[int, Answer] = MappingProxyType(
    {
        401: Answer(401, "login", "http.sign-in", "send the token of the worklist as `Authorization: Bearer …`"),
        404: Answer(404, "not-found", "http.not-found", "there is nothing at this address; see /fhir/metadata"),
        405: Answer(405, "not-supported", "http.method", "this method is not supported here; see /fhir/metadata"),
        406: Answer(406, "not-supported", "http.not-acceptable"),
        415: Answer(415, "not-supported", "http.media-type"),
    }
)


def answer_of(error: errors.FhirAdapterError) -> Answer:
    """The row of the table for an error: that of its own type, or of the nearest type above it."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def error_response(error: errors.FhirAdapterError, canonicals: Canonicals) -> Response:
    """The OperationOutcome that answers an error."""
    answer = answer_of(error)
    code, location = answer.code, ""
    if isinstance(error, errors.PayloadRefused):
        code, location = error.code, error.location
    text = answer.text or (error.text if isinstance(error, errors.PayloadRefused) else str(error))
    fault = Fault("error", code, location, text, TYPE_OF_CODE.get(code, answer.issue_type))
    return outcome_response([fault], canonicals, status=STATUS_OF_CODE.get(code, answer.status))


def http_response(error: HTTPException, canonicals: Canonicals) -> Response:
    """The OperationOutcome that answers what never reached a service: address, method, kind of body or answer."""
    answer = HTTP_ANSWERS.get(error.status_code, Answer(error.status_code, "processing", "http.refused"))
    fault = Fault("error", answer.code, "", answer.text or str(error.detail), answer.issue_type)
    response = outcome_response([fault], canonicals, status=error.status_code)
    response.headers.update(error.headers or {})
    return response


def invalid_request_response(error: RequestValidationError, canonicals: Canonicals) -> Response:
    """The OperationOutcome that answers a malformed request, one issue a fault; what was sent is not repeated."""
    faults = [
        Fault("error", "http.invalid", "", f"{'.'.join(map(str, each['loc']))}: {each['type']}", "invalid")
        for each in error.errors()
    ]
    return outcome_response(faults, canonicals, status=422)


def unexpected_response(canonicals: Canonicals) -> Response:
    """The OperationOutcome of a fault of ours that nobody foresaw."""
    fault = Fault("fatal", "server.fault", "", FAULT_HERE, "exception")
    return outcome_response([fault], canonicals, status=500)


def outcome_response(faults: Sequence[Fault], canonicals: Canonicals, *, status: int) -> Response:
    """An OperationOutcome with a status; 503 says when to come back."""
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if status == 503 else {}
    body = orjson.dumps(operation_outcome(faults, canonicals))
    return Response(body, status, headers=headers, media_type=FHIR_JSON)
