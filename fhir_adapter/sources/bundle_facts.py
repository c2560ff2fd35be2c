"""A bundle mapped in two steps, so that the first is made once: rows of views, then what the manifest makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_adapter.sources.assembly import assembled, table_rows
from fhir_adapter.sources.bundle_index import BundleIndex, record_scope
from fhir_adapter.sources.bundle_plan import BundlePlan
from fhir_adapter.sources.bundle_source import bundle_entries, provider_of, record_identities, recorded_text, run_views
from fhir_adapter.sources.issues import Issue
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.row_steps import Fact


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """Rows of every view by slot, and what was wrong on the way to them."""

    facts: Sequence[Sequence[Fact]]
    issues: tuple[Issue, ...]
    recorded_at: str | None

    def without(self, slot: int, place: int) -> ViewFacts:
        """The same with one column of one view absent."""
        rows = [(entry, (*row[:place], None, *row[place + 1 :])) for entry, row in self.facts[slot]]
        return ViewFacts([*self.facts[:slot], rows, *self.facts[slot + 1 :]], self.issues, self.recorded_at)


def view_facts(plan: BundlePlan, document: Mapping[str, Any], *, digest: str) -> ViewFacts:
    """The rows of every view in a bundle. Raises PayloadRefused when the document is none."""
    index = BundleIndex(record_scope(document), digest)
    facts = run_views(plan, index, bundle_entries(document))
    return ViewFacts(facts, tuple(index.issues), recorded_text(document))


def record_of(plan: BundlePlan, found: ViewFacts, *, adapter: str = "") -> MappedRecord:
    """What the manifest makes of the rows of views; the name of the record is left out. adapter: its name."""
    issues = list(found.issues)
    drafts = assembled(plan, found.facts, found.recorded_at, issues)
    provider = provider_of(plan, drafts)
    return MappedRecord(
        source=adapter if provider is None else f"{adapter}:{provider}",
        source_record_id="",
        recorded_at=found.recorded_at,
        rows={table: table_rows(drafts[table], each) for table, each in plan.tables.items() if drafts[table]},
        identities=record_identities(plan, found.facts, drafts),
        issues=tuple(dict.fromkeys(issues)),
    )
