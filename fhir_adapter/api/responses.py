"""Answers in FHIR JSON, with the headers that FHIR clients look for."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fhir_adapter.api.services import StoredResource
from fhir_adapter.fhir.elements import LOCAL_ZONE, Json

FHIR_JSON = "application/fhir+json"
JSON_FORMATS = frozenset(("json", "application/json", "application/fhir json", FHIR_JSON, "text/json"))
ANYTHING = frozenset(("*/*", "application/*", ""))


def fhir_response(resource: Json, request: Request, *, status: int = 200) -> Response:
    """A resource as FHIR JSON; `_pretty=true` indents it."""
    option = orjson.OPT_INDENT_2 if request.query_params.get("_pretty") == "true" else 0
    return Response(orjson.dumps(resource, option=option), status, media_type=FHIR_JSON)


def stored_response(stored: StoredResource, request: Request) -> Response:
    """A stored version with its ETag and date, or 304 when the caller already has it."""
    headers = {"ETag": etag(stored), "Last-Modified": format_datetime(last_modified(stored), usegmt=True)}
    if _has_current(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    response = fhir_response(with_meta(stored), request)
    response.headers.update(headers)
    return response


def with_meta(stored: StoredResource) -> Json:
    """The resource with the version and date under which it is stored."""
    resource: Json = orjson.loads(stored.content)
    meta = {"versionId": str(stored.version_id), "lastUpdated": stored.last_updated, **resource.get("meta", {})}
    return {"resourceType": resource["resourceType"], "id": stored.id, "meta": meta} | {
        name: value for name, value in resource.items() if name != "meta"
    }


def etag(stored: StoredResource) -> str:
    """Weak entity tag of a version, as FHIR defines it."""
    return f'W/"{stored.version_id}"'


def last_modified(stored: StoredResource) -> datetime:
    """When the version was stored, in UTC as HTTP dates are."""
    moment = datetime.fromisoformat(stored.last_updated)
    local = moment.replace(tzinfo=LOCAL_ZONE) if moment.tzinfo is None else moment
    return local.astimezone(UTC)


def require_fhir_json(request: Request) -> None:
    """Raise HTTPException 406 when the caller takes no JSON; `_format` stands over the Accept header."""
    # A plus sign in a query arrives as a blank when the client does not escape it.
    asked = request.query_params.get("_format")
    wanted = [asked] if asked else request.headers.get("accept", "*/*").split(",")
    kinds = {each.partition(";")[0].strip().lower() for each in wanted}
    if not kinds & (JSON_FORMATS | ANYTHING):
        raise HTTPException(406, "only JSON is sent here: ask for application/fhir+json")


def _has_current(if_none_match: str, current: str) -> bool:
    tags = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in tags or current.removeprefix("W/") in tags
