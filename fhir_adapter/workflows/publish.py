"""Disclosed results to FHIR resources, and both the release and its outbox entries in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

import orjson
from sqlalchemy.engine import Engine

from fhir_adapter.errors import ReportInvalid
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure import build_measure
from fhir_adapter.fhir.measure_report import ReportContext, build_measure_report, content_digest
from fhir_adapter.fhir.organisations import build_location, build_organisation
from fhir_adapter.fhir.outgoing import outgoing_faults
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.store.counts_store import CountRun
from fhir_adapter.store.database import writing
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.releases import (
    NewRelease,
    ResourceToSave,
    SavedRelease,
    SearchColumns,
    next_release_number,
    save_release,
)
from fhir_adapter.workflows.organisations import OrganisationTree
from indicator_engine.disclosure import DisclosedReport, DisclosedTable
from indicator_engine.evaluate import Catalogue


@dataclass(frozen=True, slots=True)
class Publication:
    """What a release is made with. software_date: date of the Measures, which change with the program alone."""

    canonicals: Canonicals
    software_version: str
    software_date: date
    synthetic: bool
    released_at: datetime


def publish_table(
    database: Engine,
    table: DisclosedTable,
    catalogue: Catalogue,
    run: CountRun,
    tree: OrganisationTree,
    publication: Publication,
    *,
    targets: Sequence[str],
) -> SavedRelease:
    """Build every resource of a release, check each, and save all of it at once; raises ReportInvalid."""
    resources = list(build_resources(table, catalogue, run, tree, publication))
    release = NewRelease(
        id=uuid.uuid4().hex,
        number=0,  # given in the transaction that saves it
        created_at=publication.released_at,
        as_of=run.as_of,
        preset=table.preset,
        audience=table.audience,
        reporter=tree.reporter.code,
        engine=run.engine,
        inputs_hash=sha256(f"{run.definition_hash}|{run.snapshot_hash}|{table.preset}".encode()).hexdigest(),
        status="published",
        report_count=len(table.reports),
    )
    with writing(database) as connection:
        numbered = replace(release, number=next_release_number(connection))
        return save_release(connection, numbered, resources, targets)


def build_resources(
    table: DisclosedTable, catalogue: Catalogue, run: CountRun, tree: OrganisationTree, publication: Publication
) -> Iterator[ResourceToSave]:
    """Organizations and Locations, Measures, then MeasureReports; raises ReportInvalid for the first that is faulty."""
    schema = R4Schema()
    organisations = tree.with_subjects({report.subject for report in table.reports})
    for each in organisations:
        described = (each.code, each.name, each.kind)
        for build in (build_organisation, build_location):
            built = build(*described, parent=each.parent_code, canonicals=publication.canonicals)
            yield _checked(built, schema, SearchColumns(name=each.name, identifier=each.code))
    names = {each.code: (each.name, each.kind) for each in organisations}
    for definition in catalogue.definitions.values():
        measure = build_measure(
            definition,
            catalogue.stratifiers,
            publication.canonicals,
            publisher=tree.reporter.name,
            date=publication.software_date,
        )
        url = publication.canonicals.measure(definition.id)
        yield _checked(measure, schema, SearchColumns(url=url, name=definition.title, status=measure["status"]))
    hashes = {indicator: catalogue.definition_hash(indicator) for indicator in catalogue.definitions}
    for report in table.reports:
        context = ReportContext(
            canonicals=publication.canonicals,
            reporter=tree.reporter.code,
            organisations=names,
            released_at=publication.released_at,
            synthetic=publication.synthetic,
            engine_version=publication.software_version,
            definition_hash=hashes[report.indicator],
            snapshot_hash=run.snapshot_hash,
            preset=table.preset,
            audience=table.audience,
        )
        definition = catalogue.definitions[report.indicator]
        built = build_measure_report(report, definition, catalogue.stratifiers, context)
        yield _checked(built, schema, _report_columns(report, built, context), digest=content_digest(built))


def _checked(resource: Json, schema: R4Schema, columns: SearchColumns, *, digest: str | None = None) -> ResourceToSave:
    faults = outgoing_faults(resource, schema)
    if faults:
        raise ReportInvalid(resource["resourceType"], resource["id"], faults)
    return ResourceToSave(resource["resourceType"], resource["id"], orjson.dumps(resource), columns, digest)


def _report_columns(report: DisclosedReport, built: Json, context: ReportContext) -> SearchColumns:
    return SearchColumns(
        measure=context.canonicals.measure(report.indicator),
        measure_version=report.version,
        subject=report.subject,
        reporter=context.reporter,
        identifier_system=built["identifier"][0]["system"],
        identifier=built["identifier"][0]["value"],
        period_start=report.start.isoformat(),
        period_end=report.end.isoformat(),
        date=instant_text(context.released_at),
        status=str(report.status),
        length=report.length,
        audience=context.audience,
    )
