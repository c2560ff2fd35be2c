"""The HTTP application over a store."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from sqlalchemy.engine import Engine

from fhir_adapter.api.app import create_app
from fhir_adapter.api.queries import SearchQuery
from fhir_adapter.api.reading import find_resources
from fhir_adapter.api.services import ReceiptStatus, ReceiptView, SearchPage, Services, StoredResource
from fhir_adapter.errors import FhirAdapterError
from fhir_adapter.fhir.outcome import Fault
from fhir_adapter.settings import Settings
from fhir_adapter.sources.issues import Issue
from fhir_adapter.store.database import reading
from fhir_adapter.store.intake_log import ReceivedIssue
from fhir_adapter.store.migrating import check_schema
from fhir_adapter.store.releases import load_history, load_resource
from fhir_adapter.version import SOFTWARE_DATE, SOFTWARE_VERSION
from fhir_adapter.viewer.overview import Published
from fhir_adapter.viewer.pages import viewer_routes
from fhir_adapter.wiring.conflicts import worklist_of
from fhir_adapter.wiring.guarding import STORE_AWAY, while_store_answers
from fhir_adapter.wiring.search import search_store, stored_resource
from fhir_adapter.wiring.store import canonicals_of, intake_of, limits_of, workbench_of
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.receive import Receipt, receive_bundle, receive_payload

PUBLIC = "public"  # nothing else is served: reports for the inside need a role, and there are none yet
STATUSES: dict[str, ReceiptStatus] = {
    "accepted": "accepted",
    "already-processed": "already-processed",
    "refused": "refused",
}


def app_of(settings: Settings, store: Engine) -> FastAPI:
    """The application: FHIR at /fhir, intake at /intake, pages at /."""
    services = services_of(settings, store)
    published = Published(find=partial(find_resources, services))
    return create_app(services, pages=viewer_routes(published))


def services_of(settings: Settings, store: Engine) -> Services:
    """The work behind the routes."""
    intake = intake_of(settings, store, actor="service")  # no client has a name yet
    canonicals = canonicals_of(settings)

    def read(resource_type: str, resource_id: str, version: int | None) -> StoredResource:
        with reading(store) as connection:
            return stored_resource(
                load_resource(connection, resource_type, resource_id, audience=PUBLIC, version=version)
            )

    def history(resource_type: str, resource_id: str) -> tuple[StoredResource, ...]:
        with reading(store) as connection:
            found = load_history(connection, resource_type, resource_id, audience=PUBLIC)
        return tuple(stored_resource(each) for each in found)

    def search(resource_type: str, query: SearchQuery) -> SearchPage:
        return search_store(store, canonicals, resource_type, query, audience=PUBLIC)

    return Services(
        receive_bundle=while_store_answers(partial(_receive_bundle, intake)),
        receive_intake=while_store_answers(partial(_receive_intake, intake)),
        read=while_store_answers(read),
        history=while_store_answers(history),
        search=while_store_answers(search),
        is_ready=partial(_is_ready, store),
        base_url=settings.base_url.rstrip("/"),
        software_version=SOFTWARE_VERSION,
        software_date=SOFTWARE_DATE,
        synthetic=settings.synthetic,
        workbench=workbench_of(settings) if settings.workbench else None,
        worklist=worklist_of(settings, store),
        canonicals=canonicals,
        limits=limits_of(settings),
    )


def _receive_bundle(intake: Intake, raw: bytes, *, transaction: bool) -> ReceiptView:  # noqa: ARG001 - the bundle says so
    return _view(receive_bundle(raw, intake))


def _receive_intake(intake: Intake, raw: bytes, media_type: str, adapter: str | None, name: str) -> ReceiptView:
    return _view(receive_payload(raw, media_type, adapter, name, intake))


def _view(receipt: Receipt) -> ReceiptView:
    return ReceiptView(
        receipt_id=receipt.receipt_id,
        status=STATUSES[receipt.status],
        adapter=receipt.adapter,
        rows=receipt.rows,
        issues=tuple(_fault(each) for each in receipt.issues),
        feedback=receipt.feedback,
    )


def _fault(issue: Issue | ReceivedIssue) -> Fault:
    return Fault(str(issue.severity), issue.code, issue.location, issue.text)


def _is_ready(store: Engine) -> bool:
    try:
        check_schema(store)
    except (FhirAdapterError, *STORE_AWAY):
        return False
    return True
