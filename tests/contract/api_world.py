"""Services in memory behind the real application: what a caller of the API meets, without a store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from starlette.routing import BaseRoute

from fhir_adapter.api.app import create_app
from fhir_adapter.api.matching import page_of
from fhir_adapter.api.queries import SearchQuery
from fhir_adapter.api.services import ReceiptView, SearchPage, Services, StoredResource
from fhir_adapter.errors import AdapterUnknown, ResourceNotFound
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.fhir.measure import build_measure
from fhir_adapter.fhir.organisations import build_location, build_organisation
from fhir_adapter.fhir.outcome import Fault
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from tests.contract.report_builders import built, disclosed_report

BASE_URL = "http://testserver"
LIMITS = IncomingLimits(max_bytes=20_000, max_depth=50)
CANARY = "Zebediah-Canary"


def stored(resource: Json, *, version: int = 1, last_updated: str = "2026-05-12T06:00:00+01:00") -> StoredResource:
    """A resource as the store gives it."""
    content = orjson.dumps(resource)
    return StoredResource(resource["resourceType"], resource["id"], version, last_updated, content)


@cache
def published() -> tuple[StoredResource, ...]:
    """Four reports, one of them in two versions, every Measure and two organisations."""
    first = disclosed_report()
    reports = [
        built(first),
        built(disclosed_report(subject="RSB")),
        built(disclosed_report(start=date(2025, 10, 1), end=date(2025, 12, 31), series=())),
        built(disclosed_report(indicator="LB01", version=shipped_definitions()["LB01"].version)),
    ]
    measures = [
        build_measure(each, shipped_stratifiers(), Canonicals(), publisher="QSY", date=date(2026, 5, 12))
        for each in shipped_definitions().values()
    ]
    places = [
        build(code, name, kind, parent=parent, canonicals=Canonicals())
        for build in (build_location, build_organisation)
        for code, name, kind, parent in (("QSY", "Synthetic System", "lmns", None), ("RSA", "First", "trust", "QSY"))
    ]
    older = stored(reports[0], version=1, last_updated="2026-04-12T06:00:00+01:00")
    return (older, stored(reports[0], version=2), *(stored(each) for each in [*reports[1:], *measures, *places]))


@dataclass
class World:
    """What the fake services hold, and what they were given."""

    resources: list[StoredResource] = field(default_factory=lambda: list(published()))
    issues: tuple[Fault, ...] = ()
    is_ready: bool = True
    received: dict[str, bytes] = field(default_factory=dict)
    failure: Exception | None = None

    def current(self, resource_type: str) -> list[StoredResource]:
        """Newest version of each resource of a type."""
        newest = {each.id: each for each in self.resources if each.type == resource_type}
        return list(newest.values())

    def history(self, resource_type: str, resource_id: str) -> tuple[StoredResource, ...]:
        """Versions of a resource, newest first."""
        found = [each for each in self.resources if (each.type, each.id) == (resource_type, resource_id)]
        if not found:
            raise ResourceNotFound(resource_type, resource_id)
        return tuple(reversed(found))

    def read(self, resource_type: str, resource_id: str, version: int | None) -> StoredResource:
        """One version of a resource."""
        versions = self.history(resource_type, resource_id)
        wanted = [each for each in versions if version in (None, each.version_id)]
        if not wanted:
            raise ResourceNotFound(resource_type, resource_id)
        return wanted[0]

    def search(self, resource_type: str, query: SearchQuery) -> SearchPage:
        """A page of the current resources."""
        if self.failure is not None:
            raise self.failure
        return page_of(self.current(resource_type), query)

    def receive_bundle(self, raw: bytes, *, transaction: bool) -> ReceiptView:
        """Keeps the bytes; a transaction with an error is refused, the same bytes are known."""
        has_error = any(each.severity == "error" for each in self.issues)
        return self._receipt(raw, "ukcore-maternity", refused=transaction and has_error)

    def receive_intake(self, raw: bytes, media_type: str, adapter: str | None, name: str) -> ReceiptView:
        """Keeps the bytes for the adapter that was named."""
        if adapter == "unknown":
            raise AdapterUnknown(name, "no adapter has this name; known: msds-csv, ukcore-maternity", ["msds-csv"])
        return self._receipt(raw, adapter or f"chosen-for-{media_type}", refused=False)

    def _receipt(self, raw: bytes, adapter: str, *, refused: bool) -> ReceiptView:
        receipt_id = hashlib.sha256(raw).hexdigest()[:12]
        if refused:
            return ReceiptView(receipt_id, "refused", adapter, {}, self.issues)
        if receipt_id in self.received:
            return ReceiptView(receipt_id, "already-processed", adapter, {}, ())
        self.received[receipt_id] = raw
        return ReceiptView(receipt_id, "accepted", adapter, {"baby": 1}, self.issues)


def services_of(world: World) -> Services:
    """The services that a composition root would give."""
    return Services(
        receive_bundle=world.receive_bundle,
        receive_intake=world.receive_intake,
        read=world.read,
        history=world.history,
        search=world.search,
        is_ready=lambda: world.is_ready,
        base_url=BASE_URL,
        software_version="0.1.0",
        software_date=date(2026, 5, 12),
        synthetic=True,
        limits=LIMITS,
    )


@dataclass(frozen=True)
class Client:
    """Asks the application as an HTTP client would, one request at a time."""

    app: FastAPI

    def get(self, address: str, **headers: str) -> httpx.Response:
        """GET with headers whose names are written with underscores."""
        return self.request("GET", address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, address: str, content: object, media_type: str = "application/fhir+json") -> httpx.Response:
        """POST of bytes, of an iterator of bytes, or of a resource."""
        body = orjson.dumps(content) if isinstance(content, dict) else content
        return self.request("POST", address, content=body, headers={"content-type": media_type})

    def request(self, method: str, address: str, **parts: Any) -> httpx.Response:
        """One request, answered."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                return await client.request(method, address, **parts)

        return asyncio.run(send())


def client_of(world: World | None = None, *, pages: Sequence[BaseRoute] = ()) -> Client:
    """A client of the application over the world."""
    return Client(create_app(services_of(world or World()), pages=pages))


def transaction(kind: str = "transaction", **changes: object) -> Json:
    """A bundle with two entries."""
    entries = [
        {"resource": {"resourceType": "Patient", "id": "a"}, "request": {"method": "PUT", "url": "Patient/a"}},
        {"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}},
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries, **changes}
