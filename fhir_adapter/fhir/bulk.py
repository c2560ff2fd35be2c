"""Resources of a Bulk Data export: what one line says of itself, and lines put together as the Bundle they come from.

Source: HL7 FHIR Bulk Data Access 3.0.0, "Bulk Data Output File Organization" and the status response ("manifest").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from fhir_adapter.fhir.elements import Json

PERSONS = frozenset(("Patient", "RelatedPerson", "Person"))
SHARED_TYPES = frozenset(  # of no person: a record takes along those that it refers to
    (
        "Device",
        "Endpoint",
        "Group",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "OrganizationAffiliation",
        "Practitioner",
        "PractitionerRole",
        "Substance",
    )
)
OUTCOME = "OperationOutcome"
OWNERS = ("subject", "patient", "beneficiary", "individual", "for")  # elements of R4 that name whose a resource is
REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"\\]*(?:\\/[^"\\]*)*)"')
NAME = re.compile(r"^(?:(https?://[^\s?#]+)/)?([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?$")
EXPORT_OF = re.compile(r"(/Patient|/Group/[^/]+)?/\$export.*$")
RANKS = {"Patient": 0, "RelatedPerson": 1, "Person": 2, "Condition": 3, "Encounter": 4}
UNRANKED = 5
NO_SERVER = "bulk-export"  # names the server where no manifest does
SYSTEM = "urn:ietf:rfc:3986"


@dataclass(frozen=True, slots=True)
class BulkResource:
    """What one line says of itself. name: `Type/id`, None without an id. owner: name of the person that it is about.

    references: names of everything that it refers to. updated: its last update in seconds, to tell versions apart.
    """

    resource_type: str
    name: str | None
    owner: str | None
    references: Sequence[str]
    updated: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export says of its files. server: FHIR base of the sender. counts: lines by the name of a file."""

    server: str | None
    counts: Mapping[str, int | None]


def bulk_resource(document: Json, raw: bytes) -> BulkResource | None:
    """What a line that was parsed says of itself; None when it is no resource."""
    resource_type = document.get("resourceType")
    if not isinstance(resource_type, str) or not resource_type:
        return None
    identifier = document.get("id")
    name = f"{resource_type}/{identifier}" if isinstance(identifier, str) and identifier else None
    owner = None if resource_type in PERSONS else next(_owners(document), None)
    return BulkResource(resource_type, name, owner, references_in(raw), _updated(document))


def references_in(raw: bytes) -> list[str]:
    """Names `Type/id` of all that a line refers to, each once; a version and the address of a server are left aside."""
    found = (named(each.replace(b"\\/", b"/").decode("utf-8", "replace")) for each in set(REFERENCE.findall(raw)))
    return sorted({each for each in found if each is not None})


def named(reference: str) -> str | None:
    """`Type/id` of a reference, None when it names no resource of a server."""
    found = NAME.match(reference)
    return found[2] if found else None


def server_in(raw: bytes) -> str | None:
    """Address of the server in the first absolute reference of some lines; None when all are relative."""
    for each in REFERENCE.findall(raw):
        found = NAME.match(each.replace(b"\\/", b"/").decode("utf-8", "replace"))
        if found and found[1]:
            return found[1]
    return None


def rank_of(resource_type: str) -> int:
    """Where resources of this type stand in a record: people first, then what the facts refer to."""
    return RANKS.get(resource_type, UNRANKED)


def manifest_of(raw: bytes) -> Manifest | None:
    """The manifest of a finished export; None when the bytes are none."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    output = document.get("output") if isinstance(document, dict) else None
    if not isinstance(output, list) or "transactionTime" not in document:
        return None
    request = document.get("request")
    server = EXPORT_OF.sub("", request) if isinstance(request, str) and "$export" in request else None
    return Manifest(server or None, dict(_counted(output)))


def record_bundle(
    lines: Sequence[bytes], names: Sequence[str | None], *, server: str | None, recorded: str | None
) -> bytes:
    """The lines of one record as a Bundle of type collection, byte for byte as they were sent.

    names: `Type/id` of each line. The identifier is that of the server, not of the record: ids are unique there, so a
    resource keeps its key when the record is sent again with more in it. recorded: when the newest line was updated.
    """
    address = next(filter(None, map(server_in, lines)), None)
    head: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": SYSTEM, "value": server or NO_SERVER},
        **({} if recorded is None else {"timestamp": recorded}),
    }
    entries = (
        b'{"resource":' + line + b"}"
        if address is None or name is None
        else b'{"fullUrl":' + orjson.dumps(f"{address}/{name}") + b',"resource":' + line + b"}"
        for line, name in zip(lines, names, strict=True)
    )
    return orjson.dumps(head)[:-1] + b',"entry":[' + b",".join(entries) + b"]}"


def last_update(document: Json) -> str | None:
    """When the resource was last updated, as it says so; None when it does not, or not as an instant."""
    meta = document.get("meta")
    text = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return text if isinstance(text, str) and _seconds(text) is not None else None


def _owners(document: Json) -> Iterator[str]:
    for element in OWNERS:
        value = document.get(element)
        for each in value if isinstance(value, list) else [value]:
            reference = each.get("reference") if isinstance(each, dict) else None
            name = named(reference) if isinstance(reference, str) else None
            if name is not None and name.partition("/")[0] in PERSONS:
                yield name


def _updated(document: Json) -> float:
    text = last_update(document)
    seconds = None if text is None else _seconds(text)
    return 0.0 if seconds is None else seconds


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def _counted(output: Sequence[object]) -> Iterator[tuple[str, int | None]]:
    for each in output:
        url = each.get("url") if isinstance(each, dict) else None
        if isinstance(url, str):
            count = each.get("count") if isinstance(each, dict) else None
            yield url.rpartition("/")[2], count if type(count) is int else None
