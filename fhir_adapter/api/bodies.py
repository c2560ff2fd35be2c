"""Reads request bodies: the right kind, and never more than allowed."""

from __future__ import annotations

from collections.abc import Collection

from starlette.exceptions import HTTPException
from starlette.requests import Request

from fhir_adapter.errors import PayloadRefused

JSON_BODIES = frozenset(("application/fhir+json", "application/json"))
INTAKE_BODIES = JSON_BODIES | {
    "application/ndjson",
    "application/x-ndjson",
    "application/fhir+ndjson",
    "text/csv",
}


def media_type_of(request: Request) -> str:
    """Media type of the body without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, *, kinds: Collection[str], max_bytes: int) -> bytes:
    """The body, stopped as soon as it is larger than allowed.

    Raises HTTPException 415 for another kind, another character set or a compressed body, PayloadRefused with
    `payload.too-large` for a body beyond the limit.
    """
    _check_kind(request, kinds)
    _check_announced_size(request, max_bytes)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
    return b"".join(parts)


def _check_kind(request: Request, kinds: Collection[str]) -> None:
    if media_type_of(request) not in kinds:
        raise HTTPException(415, f"the body must be one of: {', '.join(sorted(kinds))}; set Content-Type")
    content_type = request.headers["content-type"].lower().replace('"', "").replace(" ", "")
    if "charset=" in content_type and "charset=utf-8" not in content_type and "charset=us-ascii" not in content_type:
        raise HTTPException(415, "the body must be in UTF-8")
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise HTTPException(415, "compressed bodies are not read here; send the body as it is")


def _check_announced_size(request: Request, max_bytes: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> PayloadRefused:
    text = f"the body is larger than {max_bytes:,} bytes; send smaller bundles, or load files with `perinatal ingest`"
    return PayloadRefused("payload.too-large", "body", text)
