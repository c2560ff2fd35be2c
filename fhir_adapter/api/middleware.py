"""Around every request: its id, the headers that keep browsers safe, and the last net for faults."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fhir_adapter.api.outcomes import unexpected_response
from fhir_adapter.fhir.canonical import Canonicals

REQUEST_ID = re.compile(r"^[A-Za-z0-9._\-]{1,128}$")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

log = structlog.get_logger(__name__)


def new_request_id() -> str:
    """An id for a request whose sender gave none."""
    return uuid.uuid4().hex


class RequestEnvelope:
    """ASGI middleware: echoes or makes the request id, adds safe headers, answers 500 to what nobody caught.

    A caught exception is logged by its type and place alone: its message could quote a record.
    """

    def __init__(
        self, app: ASGIApp, *, canonicals: Canonicals, make_request_id: Callable[[], str] = new_request_id
    ) -> None:
        self._app = app
        self._canonicals = canonicals
        self._make_request_id = make_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _sent_id(scope) or self._make_request_id()
        has_started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                _add_headers(message, request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            # Nobody is left to answer, and nothing is wrong here.
            return
        except Exception as cause:
            log.error("request.failed", request_id=request_id, error=type(cause).__name__, place=_place(cause))
            if not has_started:
                await unexpected_response(self._canonicals)(scope, receive, send_with_headers)


def _sent_id(scope: Scope) -> str | None:
    sent = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return sent if REQUEST_ID.match(sent) else None


def _add_headers(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-ID"] = request_id
    headers.update(SAFE_HEADERS)
    headers.setdefault("Content-Security-Policy", API_POLICY)


def _place(cause: BaseException) -> str:
    trace = cause.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
