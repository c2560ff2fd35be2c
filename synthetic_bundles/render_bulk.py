"""Bulk Data files (NDJSON) out of rendered transaction bundles: one resource a line, references by type and id.

Source: HL7 FHIR Bulk Data Access, export status response and NDJSON files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from synthetic_bundles.fhir_codes import SYNTHETIC_META

INSTANT = re.compile(  # of FHIR R4: a date-time to the second with an offset
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
URN = "urn:uuid:"
REFERENCE_BY_URN = b'"reference":"urn:uuid:'
REFERENCE = b'"reference":"'
UUID_AND_QUOTE = 37  # bytes

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BulkFile:
    """One file of an export. url: relative to the manifest. count: lines in it."""

    resource_type: str
    url: str
    count: int


def bulk_lines(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """The type and the NDJSON line of every resource of a transaction bundle, in its order.

    A reference to an entry of the bundle by `urn:uuid:` becomes `Type/id`; one to anything else stays as it is.
    Every resource says by a tag that it is synthetic, and when it was recorded if the bundle tells the moment in full.
    """
    document: Json = orjson.loads(bundle)
    entries: list[Json] = document.get("entry", [])
    resources = [entry["resource"] for entry in entries]
    meta = _meta(document.get("timestamp"))
    for resource in resources:
        resource["meta"] = _merged(resource["meta"], meta) if "meta" in resource else meta
    together = b"".join([orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE) for resource in resources])
    lines = _with_typed_references(together, _targets(entries)).splitlines(keepends=True)
    for resource, line in zip(resources, lines, strict=True):
        yield resource["resourceType"], line


def bulk_manifest(files: Iterable[BulkFile], *, transaction_time: str, request: str) -> Json:
    """The body of a finished export's status response. transaction_time: a FHIR instant. request: URL of the export."""
    return {
        "transactionTime": transaction_time,
        "request": request,
        "requiresAccessToken": False,
        "output": [{"type": each.resource_type, "url": each.url, "count": each.count} for each in files],
        "error": [],
    }


def _targets(entries: Iterable[Json]) -> dict[bytes, bytes]:
    """What stands after `urn:uuid:` in a reference, with its closing quote, to what replaces it."""
    targets = {}
    for entry in entries:
        resource, url = entry["resource"], entry.get("fullUrl", "")
        if url.startswith(URN):
            targets[f'{url[len(URN) :]}"'.encode()] = f'{resource["resourceType"]}/{resource["id"]}"'.encode()
    return targets


def _with_typed_references(lines: bytes, targets: Mapping[bytes, bytes]) -> bytes:
    """The lines with their references rewritten: all at once, for that is faster than one by one.

    Within a JSON string every quote is escaped, so no text can look like the member that is looked for.
    """
    first, *others = lines.split(REFERENCE_BY_URN)
    parts = [first]
    for other in others:
        target = targets.get(other[:UUID_AND_QUOTE])
        parts += (REFERENCE_BY_URN, other) if target is None else (REFERENCE, target, other[UUID_AND_QUOTE:])
    return b"".join(parts)


def _meta(timestamp: object) -> Json:
    if isinstance(timestamp, str) and INSTANT.fullmatch(timestamp):
        return {"lastUpdated": timestamp, **SYNTHETIC_META}
    return dict(SYNTHETIC_META)


def _merged(own: Json, added: Json) -> Json:
    """The meta of a resource with what is added; its own tags stay."""
    return {**own, **added, "tag": [*own.get("tag", []), *added["tag"]]}
