"""What the source of compiled row steps may call: drafts of rows, how they are found, and what their faults become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from fhir_adapter.sources.convert import CellFault, united_code_sets
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_steps import CellStep, Fact

Draft: TypeAlias = dict[str, Any]  # a row that is put together: its cells, and under ENTRY where it began
Finder: TypeAlias = Callable[[str, Any], Sequence[Draft]]

ENTRY = "@entry"  # no column can be called so
FEW_DRAFTS = 8  # of one table; a record of one birth has one or two, a batch of many mothers has many
CONTRADICTION = "two different values for one cell in this record; the first was kept, correct the other at the source"
AMBIGUOUS = "the record does not say which of several it belongs to; send the link, or one record for each"


class Assembly:
    """The state of one bundle: facts by the slot of their view, tables of drafts, and which facts found a row."""

    __slots__ = ("facts", "issues", "placed", "tables")

    def __init__(self, facts: Sequence[Sequence[Fact]], issues: list[Issue]) -> None:
        self.facts = facts
        self.issues = issues
        self.placed: set[int] = set()
        self.tables: dict[str, list[Draft]] = {}

    def note(self, severity: Severity, code: str, entry: int, path: str, text: str) -> None:
        """An issue at a path of the resource of an entry."""
        self.issues.append(Issue(severity, code, f"Bundle.entry[{entry}].resource{path}", text))


def read_each(cells: Sequence[CellStep], entry: int, row: Sequence[Any], assembly: Assembly) -> list[Cell]:
    """The cells of a row in which something is wrong: each fault is an issue and its cell absent."""
    found: list[Cell] = []
    for step in cells:
        try:
            found.append(step.read(row))
        except CellFault as fault:
            assembly.note(step.severity, fault.code, entry, step.text, str(fault))
            found.append(None)
    return found


def settle(draft: Draft, step: CellStep, cell: Cell, entry: int, assembly: Assembly) -> None:
    """Two different values for one cell: sets are united, a preferred code wins, else it is an issue."""
    held = draft[step.target]
    if step.is_set:
        draft[step.target] = united_code_sets(str(held), str(cell))
    elif step.ranks:
        draft[step.target] = min(held, cell, key=lambda each: step.ranks.get(each, len(step.ranks)))
    else:
        assembly.note(Severity.WARNING, "record.contradicts-itself", entry, step.text, CONTRADICTION)


def note_ambiguous(drafts: Sequence[Draft], assembly: Assembly) -> None:
    """An issue for each draft that wants a cell which several could give."""
    for draft in drafts:
        assembly.note(Severity.ERROR, "record.not-the-only-one", draft[ENTRY], "", AMBIGUOUS)


def finder(drafts: Sequence[Draft], columns: Sequence[str]) -> Finder:
    """How to find the drafts with a value in one of the columns: few are looked through, many are indexed once."""
    if len(drafts) <= FEW_DRAFTS:
        return partial(drafts_with, drafts)
    index: dict[tuple[str, Cell], list[Draft]] = {}
    for draft in drafts:
        for column in set(columns):
            index.setdefault((column, draft[column]), []).append(draft)
    return lambda column, value: index.get((column, value), ())


def drafts_with(drafts: Sequence[Draft], column: str, value: Cell) -> Sequence[Draft]:
    """The drafts that have this value."""
    return [draft for draft in drafts if draft[column] == value]


NAMES: Mapping[str, object] = {
    "__builtins__": {"len": len, "id": id},
    "ENTRY": ENTRY,
    "CellFault": CellFault,
    **{each.__name__: each for each in (read_each, settle, note_ambiguous, finder)},
}
