"""Rows of tables out of rows of views: begin with the spine, add what others contribute, merge equal keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from fhir_adapter.sources.bundle_plan import (
    RECORD,
    BundlePlan,
    CellStep,
    RowsPlan,
    SpineStep,
    TableJoin,
    ViewJoin,
)
from fhir_adapter.sources.convert import CellFault, united_code_sets
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Cell

Fact: TypeAlias = tuple[int, tuple[Any, ...]]  # entry of the bundle, row of a view
Finder: TypeAlias = Callable[[str, Any], Sequence["Draft"]]
Note: TypeAlias = Callable[[Severity, str, int, str, str], None]

FEW_DRAFTS = 8  # of one table; a record of one birth has one or two, a batch of many mothers has many
CONTRADICTION = "two different values for one cell in this record; the first was kept, correct the other at the source"


class Draft:
    """A row that is being put together; entry: where in the bundle it began."""

    __slots__ = ("cells", "entry")

    def __init__(self, entry: int) -> None:
        self.entry = entry
        self.cells: dict[str, Cell] = {}


class Assembly:
    """The drafts of one bundle. note(severity, code, entry, path, text) takes the issues."""

    __slots__ = ("_facts", "_note", "_placed", "_plan", "tables")

    def __init__(self, plan: BundlePlan, facts: Sequence[Sequence[Fact]], record: Draft, note: Note) -> None:
        self._plan = plan
        self._facts = facts
        self._note = note
        self._placed: set[int] = set()
        self.tables: dict[str, list[Draft]] = {RECORD: [record]}

    def assemble(self) -> None:
        """Fill `tables` with complete drafts, each key once."""
        for rows in self._plan.rows:
            drafts = self._begun(rows.spine)
            if not drafts:
                self.tables.setdefault(rows.table, [])
                continue
            for join in rows.joins:
                if isinstance(join, ViewJoin):
                    self._join_view(drafts, join)
                else:
                    self._join_table(drafts, join)
            self._keep(rows, drafts)
        self._note_unplaced()

    def _begun(self, spine: Sequence[SpineStep]) -> list[Draft]:
        for step in spine:
            facts = self._facts[step.slot]
            if facts and (step.when is None or self._facts[step.when]):
                return [self._draft(step.cells, entry, row) for entry, row in facts]
            # a view that may begin rows of this table is no fact that lost its place
            self._placed.update(id(row) for _, row in facts)
        return []

    def _draft(self, cells: Sequence[CellStep], entry: int, row: Sequence[Any]) -> Draft:
        draft = Draft(entry)
        self._read(cells, entry, row, (draft,), False)
        return draft

    def _read(
        self, cells: Sequence[CellStep], entry: int, row: Sequence[Any], drafts: Sequence[Draft], fill: bool
    ) -> None:
        for step in cells:
            try:
                cell = step.read(row)
            except CellFault as fault:
                self._note(Severity.ERROR, fault.code, entry, step.text, str(fault))
                continue
            if cell is None:
                continue
            target = step.target
            for draft in drafts:
                held = draft.cells.get(target)
                if held is None:
                    draft.cells[target] = cell
                elif held != cell and not fill:
                    self._settle(draft, step, held, cell, entry)

    def _settle(self, draft: Draft, step: CellStep, held: Cell, cell: Cell, entry: int) -> None:
        """Two different values for one cell: sets are united, a preferred code wins, else it is an issue."""
        if step.is_set:
            draft.cells[step.target] = united_code_sets(str(held), str(cell))
        elif step.ranks:
            draft.cells[step.target] = min(held, cell, key=lambda each: step.ranks.get(each, len(step.ranks)))
        else:
            self._note(Severity.WARNING, "record.contradicts-itself", entry, step.text, CONTRADICTION)

    def _put(self, draft: Draft, step: CellStep, cell: Cell, entry: int, *, fill: bool) -> None:
        held = draft.cells.get(step.target)
        if held is None:
            draft.cells[step.target] = cell
        elif held != cell and not fill:
            self._settle(draft, step, held, cell, entry)

    def _join_view(self, drafts: Sequence[Draft], join: ViewJoin) -> None:
        facts = self._facts[join.slot]
        if not facts:
            return
        if not join.matches:
            self._join_only(drafts, join, facts)
            return
        find = finder(drafts, [column for _, column in join.matches])
        for entry, row in facts:
            for place, column in join.matches:
                value = row[place]
                if value is not None:
                    matched = find(column, value)
                    break
            else:
                continue
            if matched:
                self._placed.add(id(row))
                self._read(join.cells, entry, row, matched, join.fill)

    def _join_only(self, drafts: Sequence[Draft], join: ViewJoin, facts: Sequence[Fact]) -> None:
        wanting = [each for each in drafts if any(each.cells.get(step.target) is None for step in join.cells)]
        self._placed.update(id(row) for _, row in facts)
        if len(facts) == 1:
            entry, row = facts[0]
            self._read(join.cells, entry, row, wanting, True)
        else:
            self._note_ambiguous(wanting)

    def _join_table(self, drafts: Sequence[Draft], join: TableJoin) -> None:
        others = self.tables.get(join.table, [])
        if not join.matches:
            wanting = [each for each in drafts if any(each.cells.get(step.target) is None for step in join.cells)]
            if len(others) > 1:
                self._note_ambiguous(wanting)
                return
            for other in others:
                self._take_over(join, other, wanting)
            return
        find = finder(drafts, [column for _, column in join.matches])
        for other in others:
            values = ((other.cells.get(name), column) for name, column in join.matches)
            column, value = next(((column, value) for value, column in values if value is not None), ("", None))
            if value is not None:
                self._take_over(join, other, find(column, value))

    def _take_over(self, join: TableJoin, other: Draft, drafts: Sequence[Draft]) -> None:
        for step, origin in zip(join.cells, join.origins, strict=True):
            cell = other.cells.get(origin)
            if cell is not None:
                for draft in drafts:
                    self._put(draft, step, cell, other.entry, fill=join.fill)

    def _note_ambiguous(self, drafts: Sequence[Draft]) -> None:
        text = "the record does not say which of several it belongs to; send the link, or one record for each"
        for draft in drafts:
            self._note(Severity.ERROR, "record.not-the-only-one", draft.entry, "", text)

    def _keep(self, rows: RowsPlan, drafts: Sequence[Draft]) -> None:
        kept = self.tables.setdefault(rows.table, [])
        by_key = {draft_key(draft, rows.key): draft for draft in kept}
        for draft in drafts:
            key = draft_key(draft, rows.key)
            if None in key:
                missing = ", ".join(name for name, cell in zip(rows.key, key, strict=True) if cell is None)
                text = f"a row of {rows.table} without {missing} was set aside; send what it is made from"
                self._note(Severity.ERROR, "record.key-missing", draft.entry, "", text)
                continue
            for step in rows.required:
                if draft.cells.get(step.target) is None:
                    text = "a value is required here; send it"
                    self._note(Severity.ERROR, "value.missing", draft.entry, step.text, text)
            if key in by_key:
                self._merge(rows, by_key[key], draft)
            else:
                by_key[key] = draft
                kept.append(draft)

    def _merge(self, rows: RowsPlan, kept: Draft, again: Draft) -> None:
        steps = {step.target: step for each in (*rows.spine, *rows.joins) for step in each.cells}
        for target, cell in again.cells.items():
            if cell is not None:
                self._put(kept, steps[target], cell, again.entry, fill=False)

    def _note_unplaced(self) -> None:
        text = "nothing in this record says what this belongs to, so it was not used; send the resource it refers to"
        for slot in sorted(self._plan.fact_slots):
            for entry, row in self._facts[slot]:
                if id(row) not in self._placed:
                    self._note(Severity.INFORMATION, "record.fact-unplaced", entry, "", text)


def finder(drafts: Sequence[Draft], columns: Sequence[str]) -> Finder:
    """How to find the drafts with a value in one of the columns: few are looked through, many are indexed once."""
    if len(drafts) <= FEW_DRAFTS:
        return partial(drafts_with, drafts)
    index: dict[tuple[str, Cell], list[Draft]] = {}
    for draft in drafts:
        for column in set(columns):
            index.setdefault((column, draft.cells.get(column)), []).append(draft)
    return lambda column, value: index.get((column, value), ())


def drafts_with(drafts: Sequence[Draft], column: str, value: Cell) -> Sequence[Draft]:
    """The drafts that have this value; most records have one draft of a table."""
    if len(drafts) == 1:
        return drafts if drafts[0].cells.get(column) == value else ()
    return [draft for draft in drafts if draft.cells.get(column) == value]


def draft_key(draft: Draft, key: Sequence[str]) -> tuple[Cell, ...]:
    """The key of the row."""
    return tuple(draft.cells.get(name) for name in key)


def table_rows(drafts: Sequence[Draft], columns: Sequence[str], key: Sequence[str]) -> list[Mapping[str, Cell]]:
    """Rows with every mapped column, in the order of their keys."""
    ordered = drafts if len(drafts) < 2 else sorted(drafts, key=lambda draft: [str(draft.cells[name]) for name in key])
    return [{name: draft.cells.get(name) for name in columns} for draft in ordered]
