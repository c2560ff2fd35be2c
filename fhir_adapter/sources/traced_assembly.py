"""Rows of a bundle put together slowly, every cell with the rule and the element that it came from.

It follows the steps that `row_writer` compiles; a test holds the rows of the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_adapter.sources.adapter import BundleManifest, BundleRows, ColumnRule, Columns, Contribution
from fhir_adapter.sources.bundle_index import BundleIndex
from fhir_adapter.sources.bundle_plan import RECORD, BundlePlan
from fhir_adapter.sources.convert import CellFault, united_code_sets
from fhir_adapter.sources.interpreter import TracedRow, traced_rows
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_steps import CellStep, RowsPlan, TableJoin, ViewJoin
from fhir_adapter.sources.view import View
from fhir_adapter.sources.view_faults import ViewFault


@dataclass(frozen=True, slots=True)
class TracedFact:
    """A row of a view: its entry of the bundle and its cells with their paths."""

    view: str
    entry: int
    cells: TracedRow

    def values(self) -> tuple[Any, ...]:
        """The row as the compiled view gives it."""
        return tuple(cell.value for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a cell came from: the rule, and a row of a view or a cell of a table that was put together before.

    joined: the contribution that the rule is of, None for one of a spine.
    """

    pointer: str
    table: str
    column: str
    rule: ColumnRule
    fact: TracedFact | None = None
    taken: TracedCellOf | None = None
    joined: Contribution | None = None


@dataclass(slots=True)
class TracedCellOf:
    """A cell of a row in the making and its origins; several for a set of codes.

    tried: rules that gave nothing while the cell was absent, with the fault when there was one.
    """

    table: str
    column: str
    value: Cell = None
    origins: tuple[Origin, ...] = ()
    tried: tuple[tuple[Origin, str | None], ...] = ()


@dataclass(slots=True)
class TracedDraft:
    """A row in the making."""

    cells: dict[str, TracedCellOf] = field(default_factory=dict)

    def value(self, column: str) -> Cell:
        """The value of a column, None for one that nothing has filled."""
        return self.cells[column].value if column in self.cells else None

    __getitem__ = value  # as a row that is put together for the store


Drafts = list[TracedDraft]


def traced_facts(views: Mapping[str, View], index: BundleIndex, entries: Sequence[object]) -> list[list[TracedFact]]:
    """The rows of every view over a bundle, by the place of the view."""
    index.add_all(entries)
    found: list[list[TracedFact]] = [[] for _ in views]
    for entry, resource, resource_type, key in index.resources:
        index.entry, index.key = entry, key
        for slot, (name, view) in enumerate(views.items()):
            if view.resource != resource_type:
                continue
            try:
                rows = traced_rows(view, resource, index, path=f"Bundle.entry[{entry}].resource")
            except ViewFault:
                continue  # told as an issue when the bundle is taken in
            found[slot] += [TracedFact(name, entry, row) for row in rows]
    return found


class TracedAssembly:
    """The tables of one bundle, put together by the rules of a manifest in their order."""

    def __init__(self, plan: BundlePlan, manifest: BundleManifest, facts: Sequence[Sequence[TracedFact]]) -> None:
        self._plan = plan
        self._manifest = manifest
        self._facts = facts
        self.tables: dict[str, Drafts] = {}

    def run(self, recorded_at: str | None) -> Mapping[str, Drafts]:
        """Every table. recorded_at: when the sender recorded the bundle."""
        recorded = {"recorded_at": recorded_at, "recorded_date": recorded_at[:10] if recorded_at else None}
        cells = {name: TracedCellOf(RECORD, name, value) for name, value in recorded.items()}
        self.tables[RECORD] = [TracedDraft(cells)]
        for at, ((plan, _), rules) in enumerate(zip(self._plan.rows, self._manifest.tables, strict=True)):
            self._keep(plan, self._drafts(plan, rules, f"tables[{at}]"))
        return self.tables

    def _drafts(self, plan: RowsPlan, rules: BundleRows, pointer: str) -> Drafts:
        drafts: Drafts = []
        for at, (step, spine) in enumerate(zip(plan.spine, rules.spine, strict=True)):
            if self._facts[step.slot] and (step.when is None or self._facts[step.when]):
                for fact in self._facts[step.slot]:
                    found = read_cells(plan.table, step.cells, spine.columns, fact, f"{pointer}.spine[{at}]")
                    drafts.append(TracedDraft({each.column: each for each in found}))
                break
        if drafts:
            for at, (join, rule) in enumerate(zip(plan.joins, rules.contributions, strict=True)):
                place = f"{pointer}.contributions[{at}]"
                if isinstance(join, ViewJoin):
                    self._join_view(plan, join, rule, drafts, place)
                else:
                    self._join_table(plan, join, rule.columns, drafts, place)
        return [draft for draft in drafts if all(draft.value(column) is not None for column in plan.when)]

    def _join_view(self, plan: RowsPlan, join: ViewJoin, rule: Contribution, drafts: Drafts, pointer: str) -> None:
        facts = self._facts[join.slot]
        if not join.matches:
            wanting = [draft for draft in drafts if any(draft.value(step.target) is None for step in join.cells)]
            if len(facts) == 1:
                found = read_cells(plan.table, join.cells, rule.columns, facts[0], pointer, rule)
                put(wanting, join.cells, found, fill=True)
            return
        for fact, matched in self._offers(join, drafts):
            put(
                matched,
                join.cells,
                read_cells(plan.table, join.cells, rule.columns, fact, pointer, rule),
                fill=join.fill,
            )

    def _offers(self, join: ViewJoin, drafts: Drafts) -> list[tuple[TracedFact, Sequence[TracedDraft]]]:
        """The facts of a view with the drafts that each belongs to, also by when it was."""
        offers: list[tuple[tuple[TracedFact, tuple[Any, ...]], Sequence[TracedDraft]]] = []
        for fact in self._facts[join.slot]:
            row = fact.values()
            matched: Sequence[TracedDraft] = matching(drafts, [(row[place], column) for place, column in join.matches])
            if join.timing is not None:
                matched = join.timing.drafts_at(row, matched)
            if matched:
                offers.append(((fact, row), matched))
        taken = offers if join.timing is None else join.timing.taken(offers)
        return [(fact, matched) for (fact, _), matched in taken]

    def _join_table(self, plan: RowsPlan, join: TableJoin, columns: Columns, drafts: Drafts, pointer: str) -> None:
        others = self.tables.get(join.table, [])
        if not join.matches:
            wanting = [draft for draft in drafts if any(draft.value(step.target) is None for step in join.cells)]
            if len(others) == 1:
                put(wanting, join.cells, taken_cells(plan.table, join, columns, others[0], pointer), fill=True)
            return
        for other in others:
            matched = matching(drafts, [(other.value(name), column) for name, column in join.matches])
            put(matched, join.cells, taken_cells(plan.table, join, columns, other, pointer), fill=join.fill)

    def _keep(self, plan: RowsPlan, drafts: Drafts) -> None:
        """Add the drafts to their table; one of a known key adds what is absent there."""
        kept = self.tables.setdefault(plan.table, [])
        if not plan.key:  # a working table keeps them all
            kept.extend(drafts)
            return
        steps = {step.target: step for each in (*plan.spine, *plan.joins) for step in each.cells}
        for draft in drafts:
            key = [draft.value(name) for name in plan.key]
            if None in key:
                continue
            known = next((each for each in kept if [each.value(name) for name in plan.key] == key), None)
            if known is None:
                kept.append(draft)
                continue
            for column, cell in draft.cells.items():
                if cell.value is not None:
                    settle(known, steps[column], cell, fill=False)


def read_cells(
    table: str,
    steps: Sequence[CellStep],
    columns: Columns,
    fact: TracedFact,
    pointer: str,
    joined: Contribution | None = None,
) -> list[TracedCellOf]:
    """The cells that a row of a view gives; one that cannot be read is absent."""
    row = fact.values()
    found: list[TracedCellOf] = []
    for step in steps:
        rule = columns[step.target]
        origin = Origin(f"{pointer}.columns.{step.target}", table, step.target, rule, fact, joined=joined)
        fault: str | None = None
        try:
            value = step.read(row) if step.fixed is None else step.fixed
        except CellFault as cause:
            value, fault = None, f"{cause.code}: {cause}"
        if value is None:
            found.append(TracedCellOf(table, step.target, tried=((origin, fault),)))
        else:
            found.append(TracedCellOf(table, step.target, value, (origin,)))
    return found


def taken_cells(table: str, join: TableJoin, columns: Columns, other: TracedDraft, pointer: str) -> list[TracedCellOf]:
    """The cells that are taken over from a row put together before."""
    found: list[TracedCellOf] = []
    for step, name in zip(join.cells, join.origins, strict=True):
        taken = other.cells.get(name, TracedCellOf(join.table, name))
        rule = columns[step.target]
        origin = Origin(f"{pointer}.columns.{step.target}", table, step.target, rule, taken=taken)
        origins = () if taken.value is None else (origin,)
        found.append(TracedCellOf(table, step.target, taken.value, origins, taken.tried))
    return found


def matching(drafts: Drafts, alternatives: Sequence[tuple[Any, str]]) -> Drafts:
    """The drafts that the first alternative whose value is present finds."""
    chosen = next(((value, column) for value, column in alternatives if value is not None), None)
    return [] if chosen is None else [draft for draft in drafts if draft.value(chosen[1]) == chosen[0]]


def put(drafts: Sequence[TracedDraft], steps: Sequence[CellStep], cells: Sequence[TracedCellOf], *, fill: bool) -> None:
    """Put cells into drafts where there is none yet, else settle two values."""
    for draft in drafts:
        for step, cell in zip(steps, cells, strict=True):
            if cell.value is not None:
                settle(draft, step, cell, fill=fill)
            elif cell.tried:
                held = draft.cells.setdefault(step.target, TracedCellOf(cell.table, step.target))
                held.tried = (*held.tried, *cell.tried)


def settle(draft: TracedDraft, step: CellStep, cell: TracedCellOf, *, fill: bool) -> None:
    """One more value for a cell: it fills what is absent; sets are united, a preferred code wins, else the first."""
    held = draft.cells.get(step.target)
    if held is None or held.value is None:
        draft.cells[step.target] = TracedCellOf(cell.table, step.target, cell.value, cell.origins)
    elif not fill and held.value != cell.value:
        if step.is_set:
            held.value = united_code_sets(str(held.value), str(cell.value))
            held.origins = (*held.origins, *cell.origins)
        elif step.ranks and rank(step, cell.value) < rank(step, held.value):
            held.value, held.origins = cell.value, cell.origins


def rank(step: CellStep, value: Cell) -> int:
    """Place of a value in the order of preference."""
    return step.ranks.get(value, len(step.ranks))
