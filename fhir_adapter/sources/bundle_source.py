"""A FHIR bundle to a mapped record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.assembly import Assembly, Draft, Fact, table_rows
from fhir_adapter.sources.bundle_index import BundleIndex, record_name, record_scope
from fhir_adapter.sources.bundle_plan import BundlePlan, IdentityPlan
from fhir_adapter.sources.convert import CellFault, calendar_date, instant_text
from fhir_adapter.sources.dispatch import TypePlan, runnables
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell, Identity, MappedRecord, identity_of
from fhir_adapter.sources.registry import Adapter
from fhir_adapter.sources.view_runtime import ViewFault
from indicator_engine.tables import TABLES

KeyedResource: TypeAlias = tuple[int, dict[str, Any], str, TypePlan]


def map_bundle(adapter: Adapter, document: Mapping[str, Any], *, digest: str) -> MappedRecord:
    """The rows, identities and issues of one bundle.

    digest: of the payload; it stands in for a name when the bundle has none.
    Raises PayloadRefused when the document is no bundle, or the adapter reads none.
    """
    plan = adapter.bundle_plan
    if plan is None:
        raise PayloadRefused("adapter.wrong-kind", "Bundle", f"adapter {adapter.name} does not read bundles")
    index = BundleIndex(record_scope(document), digest)
    facts = run_views(plan, index, bundle_entries(document))
    recorded_at = recorded_text(document)
    assembly = Assembly(plan, facts, record_draft(recorded_at), noting(index))
    assembly.assemble()
    provider = provider_of(plan, assembly)
    return MappedRecord(
        source=adapter.name if provider is None else f"{adapter.name}:{provider}",
        source_record_id=record_name(document, digest),
        recorded_at=recorded_at,
        rows={
            table: table_rows(assembly.tables[table], columns, TABLES[table].key)
            for table, columns in plan.columns.items()
            if assembly.tables.get(table)
        },
        identities=[each for rule in plan.identities for each in identities_of(rule, facts[rule.slot])],
        issues=tuple(dict.fromkeys(index.issues)),  # several views may meet one fault
    )


def bundle_entries(document: Mapping[str, Any]) -> Sequence[object]:
    """The entries of a bundle. Raises PayloadRefused when the document is none."""
    if document.get("resourceType") != "Bundle":
        raise PayloadRefused("bundle.not-a-bundle", "Bundle", "a FHIR Bundle is expected; wrap the resource in one")
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise PayloadRefused("bundle.not-a-bundle", "Bundle.entry", "a list of entries is expected")
    return entries


def run_views(plan: BundlePlan, index: BundleIndex, entries: Sequence[object]) -> list[list[Fact]]:
    """The rows of every view, by slot. Keys are given to all resources before the first reference is read."""
    facts: list[list[Fact]] = [[] for _ in range(plan.slots)]
    for entry, resource, key, type_plan in keyed_resources(plan, index, entries):
        index.entry, index.key = entry, key
        for runnable in runnables(type_plan, resource):
            index.column_elements = runnable.elements
            try:
                for row in runnable.rows(resource, index):
                    facts[runnable.slot].append((entry, row))
            except ViewFault as fault:
                index.note(Severity.ERROR, "view.not-applicable", "", f"{fault}; correct the resource or the mapping")
    return facts


def keyed_resources(plan: BundlePlan, index: BundleIndex, entries: Sequence[object]) -> list[KeyedResource]:
    """Every resource that a view reads, with its place and key; all others are known to the index as well."""
    found: list[KeyedResource] = []
    for place, entry in enumerate(entries):
        resource = entry.get("resource") if type(entry) is dict else None
        resource_type = resource.get("resourceType") if type(resource) is dict else None
        if type(resource_type) is not str:
            note_empty_entry(index, place, entry)
            continue
        assert type(entry) is dict
        assert type(resource) is dict
        key = index.add(resource, resource_type, entry.get("fullUrl"))
        type_plan = plan.types.get(resource_type)
        if type_plan is not None:
            found.append((place, resource, key, type_plan))
    return found


def note_empty_entry(index: BundleIndex, place: int, entry: object) -> None:
    """An issue for an entry without a resource, unless it deletes one."""
    if not is_deletion(entry):
        text = "an entry with a resource and its resourceType is expected"
        index.issues.append(Issue(Severity.ERROR, "bundle.entry-empty", f"Bundle.entry[{place}]", text))


def is_deletion(entry: object) -> bool:
    """Whether the entry of a transaction deletes, and so carries no resource."""
    request = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(request, dict) and request.get("method") == "DELETE"


def noting(index: BundleIndex) -> Any:
    """The assembly's way to the issues of the record."""

    def note(severity: Severity, code: str, entry: int, path: str, text: str) -> None:
        index.issues.append(Issue(severity, code, f"Bundle.entry[{entry}].resource{path}", text))

    return note


def recorded_text(document: Mapping[str, Any]) -> str | None:
    """When the sender recorded the bundle: its timestamp, else the last update it names."""
    meta = document.get("meta")
    last_updated = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return instant_text(document.get("timestamp")) or instant_text(last_updated)


def record_draft(recorded_at: str | None) -> Draft:
    """The row about the record itself, for `table: record`."""
    draft = Draft(0)
    draft.cells = {"recorded_at": recorded_at, "recorded_date": recorded_at[:10] if recorded_at else None}
    return draft


def provider_of(plan: BundlePlan, assembly: Assembly) -> Cell:
    """Code of the provider that the record names, the first of the places where it may stand."""
    for table, column in plan.provider:
        for draft in assembly.tables.get(table, ()):
            if draft.cells.get(column) is not None:
                return draft.cells[column]
    return None


def identities_of(rule: IdentityPlan, facts: Sequence[Fact]) -> Iterator[Identity]:
    """The identifiers of each person of one role."""
    for _, row in facts:
        if isinstance(row[rule.key], str):
            values = [None if place is None else text_or_none(row[place]) for place in rule.places]
            *texts, birth_date = values
            postcode = next((text for place in rule.postcodes if (text := text_or_none(row[place]))), None)
            yield identity_of(row[rule.key], rule.role, [*texts, date_or_none(birth_date)], postcode)


def text_or_none(value: object) -> str | None:
    """A text that is there."""
    return value.strip() or None if isinstance(value, str) else None


def date_or_none(text: str | None) -> str | None:
    """An ISO date; a text that is none was reported with the row already."""
    try:
        return None if text is None else calendar_date(text[:10]).isoformat()
    except CellFault:
        return None
