"""Rows of tables out of rows of views: begin with the spine, add what others contribute, merge equal keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from fhir_adapter.sources.bundle_plan import RECORD, BundlePlan, TablePlan
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_runtime import ENTRY, Assembly, Draft, settle
from fhir_adapter.sources.row_steps import Fact, RowsPlan


def assembled(
    plan: BundlePlan, facts: Sequence[Sequence[Fact]], recorded_at: str | None, issues: list[Issue]
) -> Mapping[str, list[Draft]]:
    """Complete drafts by table, each key once; what is wrong with them is added to the issues."""
    assembly = Assembly(facts, issues)
    assembly.tables[RECORD] = [record_draft(recorded_at)]
    for rows, drafts_of in plan.rows:
        keep_drafts(rows, drafts_of(assembly), assembly)
    note_unplaced(plan, assembly)
    return assembly.tables


def record_draft(recorded_at: str | None) -> Draft:
    """The row about the record itself, for `table: record`."""
    return {"recorded_at": recorded_at, "recorded_date": recorded_at[:10] if recorded_at else None, ENTRY: 0}


def keep_drafts(rows: RowsPlan, drafts: Sequence[Draft], assembly: Assembly) -> None:
    """Add the drafts to their table; one without its key is set aside, one of a known key is merged.

    A working table has no key and keeps them all.
    """
    kept = assembly.tables.setdefault(rows.table, [])
    if not rows.key:
        kept.extend(drafts)
    if not drafts or not rows.key:
        return
    by_key = {draft_key(draft, rows.key): draft for draft in kept}
    for draft in drafts:
        key = draft_key(draft, rows.key)
        if None in key:
            missing = ", ".join(name for name, cell in zip(rows.key, key, strict=True) if cell is None)
            text = f"a row of {rows.table} without {missing} was set aside; send what it is made from"
            assembly.note(Severity.ERROR, "record.key-missing", draft[ENTRY], "", text)
            continue
        for step in rows.required:
            if draft[step.target] is None:
                text = "a value is required here; send it"
                assembly.note(Severity.ERROR, "value.missing", draft[ENTRY], step.text, text)
        known = by_key.setdefault(key, draft)
        if known is draft:
            kept.append(draft)
        else:
            merge(rows, known, draft, assembly)


def draft_key(draft: Draft, key: Sequence[str]) -> tuple[Cell, ...]:
    """The key of the row."""
    return (draft[key[0]],) if len(key) == 1 else tuple([draft[name] for name in key])


def merge(rows: RowsPlan, kept: Draft, again: Draft, assembly: Assembly) -> None:
    """Add the cells of a further draft with the same key."""
    steps = {step.target: step for each in (*rows.spine, *rows.joins) for step in each.cells}
    for target, cell in again.items():
        if cell is None or target == ENTRY:
            continue
        if kept[target] is None:
            kept[target] = cell
        elif kept[target] != cell:
            settle(kept, steps[target], cell, again[ENTRY], assembly)


def note_unplaced(plan: BundlePlan, assembly: Assembly) -> None:
    """A word on each fact that belongs to no row."""
    text = "nothing in this record says what this belongs to, so it was not used; send the resource it refers to"
    facts, placed = assembly.facts, assembly.placed
    if len(placed) == sum([len(facts[slot]) for slot in plan.fact_slots]):
        return
    for slot in plan.fact_slots:
        for fact in facts[slot]:
            if id(fact) not in placed:
                assembly.note(Severity.INFORMATION, "record.fact-unplaced", fact[0], "", text)


def table_rows(drafts: list[Draft], plan: TablePlan) -> list[Draft]:
    """The drafts as rows: every mapped column and no other, in the order of their keys. The drafts are used up."""
    for draft in drafts:
        for name in plan.working:
            del draft[name]
    return drafts if len(drafts) < 2 else sorted(drafts, key=key_texts(plan.key))


def key_texts(key: Sequence[str]) -> Callable[[Mapping[str, Any]], list[str]]:
    """The order of rows: that of their keys as texts."""
    values = itemgetter(*key)
    return lambda row: [str(each) for each in (values(row) if len(key) > 1 else (values(row),))]
