"""The steps behind the cells of one row that a bundle gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import BundleManifest, Window
from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.bundle_index import BundleIndex, record_scope
from fhir_adapter.sources.bundle_source import bundle_entries, recorded_text
from fhir_adapter.sources.explanation import (
    ExplainedCell,
    ExplainedStep,
    Rule,
    has_value,
    nothing_step,
    rule_steps,
)
from fhir_adapter.sources.records import Cell, Row
from fhir_adapter.sources.registry import MANIFEST, Adapter
from fhir_adapter.sources.rule_lines import keys_of
from fhir_adapter.sources.traced_assembly import (
    Origin,
    TracedAssembly,
    TracedCellOf,
    TracedDraft,
    TracedFact,
    traced_facts,
)
from indicator_engine.tables import TABLES

RECORDED = ("Bundle.timestamp", "Bundle.meta.lastUpdated")  # where the sender says when it recorded


def traced_tables(
    adapter: Adapter, files: AdapterFiles, document: Mapping[str, Any], *, digest: str
) -> Mapping[str, list[TracedDraft]]:
    """Every table of a bundle with the origins of its cells. Raises PayloadRefused as `map_bundle` does."""
    plan = adapter.bundle_plan
    if plan is None or not isinstance(files.manifest, BundleManifest):
        raise PayloadRefused("adapter.wrong-kind", "Bundle", f"adapter {adapter.name} does not read bundles")
    index = BundleIndex(record_scope(document), digest)
    facts = traced_facts(files.views, index, bundle_entries(document))
    return TracedAssembly(plan, files.manifest, facts).run(recorded_text(document))


def explain_bundle_row(
    adapter: Adapter,
    files: AdapterFiles,
    document: Mapping[str, Any],
    row: Row,
    *,
    table: str,
    columns: Sequence[str],
    digest: str,
) -> tuple[ExplainedCell, ...]:
    """The cells of a row that `map_bundle` gave for this table, each with its steps."""
    drafts = traced_tables(adapter, files, document, digest=digest)[table]
    key = TABLES[table].key
    draft = next(each for each in drafts if all(each.value(name) == row[name] for name in key))
    explanation = BundleExplanation(files, document)
    return tuple(explanation.cell(draft, column, row.get(column)) for column in columns)


class BundleExplanation:
    """The steps behind the cells of one bundle."""

    def __init__(self, files: AdapterFiles, document: Mapping[str, Any]) -> None:
        self._files = files
        self._document = document

    def cell(self, draft: TracedDraft, column: str, value: Cell) -> ExplainedCell:
        """One cell with the steps of each of its origins; of an absent one those of the rules that tried."""
        found = draft.cells.get(column)
        if found is None:
            return ExplainedCell(column, value, ())
        tried = () if found.origins else found.tried
        steps = [*self._steps(found), *(step for origin, fault in tried for step in self._tried(origin, fault))]
        return ExplainedCell(column, value, tuple(steps))

    def _steps(self, cell: TracedCellOf) -> list[ExplainedStep]:
        return [step for origin in cell.origins for step in self._origin(origin)]

    def _tried(self, origin: Origin, fault: str | None) -> list[ExplainedStep]:
        assert origin.fact is not None
        if not has_value(origin.rule, self._values(origin.fact).get):
            return []
        return [nothing_step(fault), *self._origin(origin)]

    def _origin(self, origin: Origin) -> list[ExplainedStep]:
        rule = Rule(origin.pointer, origin.table, origin.column, origin.rule)
        if origin.taken is not None:
            return self._taken(rule, origin.taken)
        fact = origin.fact
        assert fact is not None
        [first, *others] = rule_steps(self._files, rule, self._values(fact).get, lambda name: self._view(fact, name))
        return [first, *self._joined(origin), *others]

    def _joined(self, origin: Origin) -> list[ExplainedStep]:
        """The steps that chose the fact of a rule by when it was."""
        rule, steps = origin.joined, []
        pointer = origin.pointer.partition(".columns.")[0]
        if rule is not None and rule.during:
            text = f"only a fact that was {' or '.join(' and '.join(map(window_text, each)) for each in rule.during)}"
            steps.append(ExplainedStep("condition", text, self._files.place(MANIFEST, f"{pointer}.during")))
        if rule is not None and rule.latest:
            text = f"of several facts the last by {', else '.join(rule.latest)}"
            steps.append(ExplainedStep("choice", text, self._files.place(MANIFEST, f"{pointer}.latest")))
        return steps

    def _values(self, fact: TracedFact) -> Mapping[str, Any]:
        return dict(zip(self._names(fact), fact.values(), strict=True))

    def _names(self, fact: TracedFact) -> list[str]:
        return [each.name for each in self._files.views[fact.view].columns()]

    def _taken(self, rule: Rule, taken: TracedCellOf) -> list[ExplainedStep]:
        """The step that takes a cell over from another table, and those behind it."""
        place = self._files.place(MANIFEST, rule.pointer)
        text = f"fills {rule.table}.{rule.column} with {taken.table}.{taken.column} of the same record"
        step = ExplainedStep("taken-over", text, place, value=taken.value)
        if not taken.origins:
            return [step, *(self._input(path) for path in RECORDED if value_at(self._document, path) is not None)][:2]
        return [step, *self._steps(taken)]

    def _view(self, fact: TracedFact, name: str) -> list[ExplainedStep]:
        """The column of a view, and the elements that it read."""
        cell = fact.cells[self._names(fact).index(name)]
        where, path = self._files.view_column(fact.view, name)
        text = f"view {fact.view}, column {name}: {path}"
        step = ExplainedStep("view-column", text, where, value=cell.value)
        if cell.paths:
            return [step, *map(self._input, cell.paths)]
        return [step, ExplainedStep("input", f"nothing in entry {fact.entry}", None, f"Bundle.entry[{fact.entry}]")]

    def _input(self, path: str) -> ExplainedStep:
        return ExplainedStep("input", "element", None, path, value_at(self._document, path))


def window_text(window: Window) -> str:
    """A window of the manifest in words."""
    at = ", else ".join(window.at)
    if window.day:
        return f"on the day of {', else '.join(window.day)} by {at}"
    since = f"from {', else '.join(window.from_)}" if window.from_ else ""
    until = f"{'before' if window.before else 'to'} {', else '.join(window.to)}" if window.to else ""
    within = f"within {window.within}" if window.within else ""
    return " ".join(each for each in (since, until, within, f"by {at}") if each)


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a path such as `Bundle.entry[3].resource.name[0].family`; None for nothing."""
    value: Any = document
    for key in keys_of(path)[1:]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value
