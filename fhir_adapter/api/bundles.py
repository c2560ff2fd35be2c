"""Bundles that answer: search sets, histories, transaction and batch responses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from fhir_adapter.api.feedback_faults import feedback_faults
from fhir_adapter.api.responses import etag, with_meta
from fhir_adapter.api.search_parameters import ReadSearch
from fhir_adapter.api.services import ReceiptView, SearchPage, Services, StoredResource
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.outcome import Fault, operation_outcome

ENTRY_PLACE = re.compile(r"^Bundle\.entry\[([0-9]+)\]")
STATUS_OF_METHOD = {"POST": "201 Created"}


def searchset(resource_type: str, page: SearchPage, search: ReadSearch, services: Services) -> Json:
    """A page of a search with its links; ignored parameters are told in an outcome entry."""
    entries = [
        {**_entry(stored, services), "search": {"mode": "match"}} for stored in page.entries[: search.query.count]
    ]
    if search.ignored:
        entries.append({"resource": _ignored(search.ignored, services), "search": {"mode": "outcome"}})
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": page.total,
        "link": _links(resource_type, page, search, services),
    }
    return {**bundle, "entry": entries} if entries else bundle


def history_bundle(versions: Sequence[StoredResource], services: Services) -> Json:
    """All versions of one resource, newest first."""
    return {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(versions),
        "entry": [_version(stored, services) for stored in versions],
    }


def receipt_bundle(document: Json, receipt: ReceiptView, services: Services) -> Json:
    """The response to a transaction or batch that was taken in: one entry for each entry of the request.

    What is told of the record as a whole goes with the first entry.
    """
    requests = document.get("entry", [])
    by_entry = _faults_by_entry(receipt.issues)
    of_record = feedback_faults(receipt.feedback)
    bundle: Json = {
        "resourceType": "Bundle",
        "type": f"{document['type']}-response",
        "identifier": {"system": f"{services.canonicals.base}/receipt-id", "value": receipt.receipt_id},
    }
    entries = [
        {"response": _response(request, by_entry.get(position, []), [] if position else of_record, receipt, services)}
        for position, request in enumerate(requests)
    ]
    return {**bundle, "entry": entries} if entries else bundle


def _entry(stored: StoredResource, services: Services) -> Json:
    return {"fullUrl": f"{services.fhir_base}/{stored.type}/{stored.id}", "resource": with_meta(stored)}


def _ignored(names: Sequence[str], services: Services) -> Json:
    text = "a search parameter is not known here and was ignored; see /fhir/metadata for those that are"
    faults = [Fault("warning", "search.parameter-ignored", "", text, "not-supported") for _ in names]
    return operation_outcome(faults, services.canonicals)


def _links(resource_type: str, page: SearchPage, search: ReadSearch, services: Services) -> list[Json]:
    address = f"{services.fhir_base}/{resource_type}"
    understood = list(search.understood)
    links = [{"relation": "self", "url": _url(address, understood)}]
    if page.next_cursor is not None and search.query.count:
        following = [each for each in understood if each[0] != "_cursor"] + [("_cursor", page.next_cursor)]
        links.append({"relation": "next", "url": _url(address, following)})
    return links


def _url(address: str, parameters: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _version(stored: StoredResource, services: Services) -> Json:
    return {
        **_entry(stored, services),
        "request": {"method": "PUT", "url": f"{stored.type}/{stored.id}"},
        "response": {
            "status": "201 Created" if stored.version_id == 1 else "200 OK",
            "etag": etag(stored),
            "lastModified": stored.last_updated,
        },
    }


def _faults_by_entry(issues: Sequence[Fault]) -> dict[int, list[Fault]]:
    """Issues by the position of the entry they name; those of the Bundle as a whole go with the first entry."""
    found: dict[int, list[Fault]] = {}
    for issue in issues:
        place = ENTRY_PLACE.match(issue.location)
        found.setdefault(int(place[1]) if place else 0, []).append(issue)
    return found


def _response(
    request: object, faults: list[Fault], of_record: list[Fault], receipt: ReceiptView, services: Services
) -> Json:
    if receipt.status == "already-processed":
        text = "this bundle was already processed; nothing was changed"
        told = [Fault("information", "receipt.already-processed", "", text, "informational"), *of_record]
        return {"status": "200 OK", "outcome": operation_outcome(told, services.canonicals)}
    status = "422 Unprocessable Entity" if any(each.severity == "error" for each in faults) else _status(request)
    told = [*faults, *of_record]
    return {"status": status, **({"outcome": operation_outcome(told, services.canonicals)} if told else {})}


def _status(request: object) -> str:
    asked = request.get("request") if isinstance(request, dict) else None
    method = str(asked.get("method")) if isinstance(asked, dict) else ""
    return STATUS_OF_METHOD.get(method, "200 OK")
