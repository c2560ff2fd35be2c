"""A FHIR bundle to a mapped record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.assembly import assembled, table_rows
from fhir_adapter.sources.bundle_index import BundleIndex, record_name, record_scope
from fhir_adapter.sources.bundle_plan import NOWHERE, BundlePlan, IdentityPlan
from fhir_adapter.sources.convert import CellFault, calendar_date, instant_text
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Cell, Identity, MappedRecord, identity_of
from fhir_adapter.sources.registry import Adapter
from fhir_adapter.sources.row_runtime import Draft
from fhir_adapter.sources.row_steps import Fact
from fhir_adapter.sources.view_faults import ViewFault


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
    drafts = assembled(plan, facts, recorded_at, index.issues)
    provider = provider_of(plan, drafts)
    if provider is None and index.withdrawn:
        provider = provider_in_error(plan, document, digest)
    return MappedRecord(
        source=adapter.name if provider is None else f"{adapter.name}:{provider}",
        source_record_id=record_name(document, digest),
        recorded_at=recorded_at,
        rows={table: table_rows(drafts[table], each) for table, each in plan.tables.items() if drafts[table]},
        identities=record_identities(plan, facts, drafts),
        issues=tuple(dict.fromkeys(index.issues)),  # several views may meet one fault
        withdrawn=tuple(index.withdrawn),
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
    index.add_all(entries)
    facts: list[list[Fact]] = [[] for _ in range(plan.slots)]
    choosers = plan.choosers
    for entry, resource, resource_type, key in index.resources:
        choose = choosers.get(resource_type)
        if choose is None:
            continue
        index.entry, index.key = entry, key
        for runnable in choose(resource):
            index.column_elements = runnable.elements
            try:
                rows = runnable.rows(resource, index)
            except ViewFault as fault:
                index.note(Severity.ERROR, "view.not-applicable", "", f"{fault}; correct the resource or the mapping")
                continue
            for row in rows:
                facts[runnable.slot].append((entry, row))
    return facts


def recorded_text(document: Mapping[str, Any]) -> str | None:
    """When the sender recorded the bundle: its timestamp, else the last update it names."""
    meta = document.get("meta")
    last_updated = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return instant_text(document.get("timestamp")) or instant_text(last_updated)


def provider_of(plan: BundlePlan, drafts: Mapping[str, Sequence[Draft]]) -> Cell:
    """Code of the provider that the record names, the first of the places where it may stand."""
    for table, column in plan.provider:
        for draft in drafts[table]:
            found: Cell = draft[column]
            if found is not None:
                return found
    return None


def provider_in_error(plan: BundlePlan, document: Mapping[str, Any], digest: str) -> Cell:
    """Code of the provider that stands in what was entered in error, for that still tells who speaks."""
    index = BundleIndex(record_scope(document), digest, reads_errors=True)
    facts = run_views(plan, index, bundle_entries(document))
    return provider_of(plan, assembled(plan, facts, recorded_text(document), index.issues))


def record_identities(
    plan: BundlePlan, facts: Sequence[Sequence[Fact]], drafts: Mapping[str, Sequence[Draft]]
) -> list[Identity]:
    """The identifiers of every person, under the role that the rows of `person` give, where they give one."""
    roles = {draft["person_key"]: draft["role"] for draft in drafts.get("person", ()) if "role" in draft}
    return [
        each
        for rule in plan.identities
        for each in identities_of(rule, facts[rule.slot])
        if roles.get(each.person_source_key, rule.role) == rule.role
    ]


def identities_of(rule: IdentityPlan, facts: Sequence[Fact]) -> Iterator[Identity]:
    """The identifiers of each person of one role."""
    for _, row in facts:
        key = row[rule.key]
        if type(key) is str:
            fields = [text_or_none(row[place]) if place != NOWHERE else None for place in rule.places]
            *texts, birth_date = fields
            postcode = next((text for place in rule.postcodes if (text := text_or_none(row[place]))), None)
            found = identity_of(key, rule.role, [*texts, date_or_none(birth_date)], postcode)
            if rule.lived_from is None:
                yield found
            elif since := date_or_none(text_or_none(row[rule.lived_from])):
                yield found._replace(lived_from=since)


def text_or_none(value: object) -> str | None:
    """A text that is there."""
    return value.strip() or None if type(value) is str else None


def date_or_none(text: str | None) -> str | None:
    """An ISO date; a text that is none was reported with the row already."""
    try:
        return None if text is None else calendar_date(text[:10]).isoformat()
    except CellFault:
        return None
