"""The steps of a table to one Python function: source text is written from the steps, never from the text of a file.

Column names enter the source through `repr`, every other name is made here. What a step needs at run time (a reader,
a list of steps) stands in the namespace of the function under a made name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, TypeAlias

from fhir_adapter.sources import row_runtime
from fhir_adapter.sources.convert import SingleReader
from fhir_adapter.sources.row_runtime import Assembly, Draft
from fhir_adapter.sources.row_steps import CellStep, RowsPlan, SpineStep, TableJoin, ViewJoin

DraftsFunction: TypeAlias = Callable[[Assembly], list[Draft]]


def compile_rows(plan: RowsPlan, columns: Sequence[str], fact_slots: frozenset[int]) -> DraftsFunction:
    """The function that gives the drafts of a table out of the facts and the tables before.

    columns: of the table, working columns included; every draft has all of them, in this order.
    fact_slots: views whose rows must find a row to belong to.
    """
    writer = RowsWriter(columns, fact_slots)
    namespace: dict[str, Any] = dict(row_runtime.NAMES)
    source = writer.write(plan)
    namespace.update(writer.values)
    exec(compile(source, f"<rows of {plan.table}>", "exec"), namespace)  # noqa: S102 - written from checked steps
    function: DraftsFunction = namespace["drafts_of"]
    return function


class RowsWriter:
    """Writes the source of one function; `values` are the objects that the source names."""

    def __init__(self, columns: Sequence[str], fact_slots: frozenset[int]) -> None:
        self._columns = columns
        self._fact_slots = fact_slots
        self._lines: list[str] = []
        self._indent = 0
        self.values: dict[str, object] = {}

    def write(self, plan: RowsPlan) -> str:
        """The whole source: a function `drafts_of(assembly)`."""
        with self._block("def drafts_of(assembly):"):
            self._line("facts, tables, placed = assembly.facts, assembly.tables, assembly.placed")
            self._line("drafts = []")
            for at, step in enumerate(plan.spine):
                self._begin(step, "if" if at == 0 else "elif")
            self._line("if not drafts:")
            self._line("    return drafts")
            self._line("only = drafts[0] if len(drafts) == 1 else None")
            for join in plan.joins:
                if isinstance(join, ViewJoin):
                    self._join_view(join)
                else:
                    self._join_table(join)
            lacks = " or ".join(f"draft[{column!r}] is None" for column in plan.when)
            self._line(f"return [draft for draft in drafts if not ({lacks})]" if plan.when else "return drafts")
        return "\n".join([*self._lines, ""])

    def _line(self, text: str) -> None:
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def _block(self, head: str) -> Iterator[None]:
        self._line(head)
        self._indent += 1
        yield
        self._indent -= 1

    def _named(self, kind: str, value: object) -> str:
        name = f"{kind}{len(self.values)}"
        self.values[name] = value
        return name

    def _begin(self, step: SpineStep, keyword: str) -> None:
        condition = f"facts[{step.slot}]" + ("" if step.when is None else f" and facts[{step.when}]")
        with self._block(f"{keyword} {condition}:"), self._block(f"for entry, row in facts[{step.slot}]:"):
            cells = dict(zip((each.target for each in step.cells), self._read(step.cells), strict=True))
            items = ", ".join(f"{name!r}: {cells.get(name, 'None')}" for name in self._columns)
            self._line(f"drafts.append({{{items}, ENTRY: entry}})")

    def _read(self, cells: Sequence[CellStep]) -> list[str]:
        """Lines that read the cells of `row`; gives the expression of each."""
        names = [repr(each.fixed) if each.fixed is not None else f"cell{at}" for at, each in enumerate(cells)]
        reading = [(name, each) for name, each in zip(names, cells, strict=True) if each.fixed is None]
        if reading:
            with self._block("try:"):
                for name, step in reading:
                    self._read_one(name, step)
            with self._block("except CellFault:"):
                steps = self._named("steps", tuple(each for _, each in reading))
                self._line(f"[{', '.join(name for name, _ in reading)}] = read_each({steps}, entry, row, assembly)")
        return names

    def _read_one(self, name: str, step: CellStep) -> None:
        """Lines that read one cell; most are of one value, and most values are absent in most rows."""
        if isinstance(step.read, SingleReader):
            self._line(f"{name} = row[{step.read.origin}]")
            self._line(f"if {name} is not None:")
            self._line(f"    {name} = {self._named('convert', step.read.convert)}({name})")
        else:
            self._line(f"{name} = {self._named('read', step.read)}(row)")

    def _put(self, cells: Sequence[CellStep], names: Sequence[str], drafts: str, *, fill: bool) -> None:
        """Lines that put the cells into drafts: where there is none yet, else two values are settled."""
        with self._block(f"for draft in {drafts}:"):
            for step, name in zip(cells, names, strict=True):
                with nullcontext() if step.fixed is not None else self._block(f"if {name} is not None:"):
                    self._line(f"if draft[{step.target!r}] is None:")
                    self._line(f"    draft[{step.target!r}] = {name}")
                    if not fill:
                        self._line(f"elif draft[{step.target!r}] != {name}:")
                        self._line(f"    settle(draft, {self._named('step', step)}, {name}, entry, assembly)")

    def _join_view(self, join: ViewJoin) -> None:
        with self._block(f"if facts[{join.slot}]:"):
            if not join.matches:
                self._join_only_fact(join)
                return
            self._find(column for _, column in join.matches)
            if join.timing is not None:
                self._join_timed(join, self._named("timing", join.timing))
                return
            with self._block(f"for fact in facts[{join.slot}]:"):
                self._match_fact(join)
                self._place_fact(join)
                self._put(join.cells, self._read(join.cells), "matched", fill=join.fill)

    def _join_timed(self, join: ViewJoin, timing: str) -> None:
        self._line("offers = []")
        with self._block(f"for fact in facts[{join.slot}]:"):
            self._match_fact(join)
            self._line(f"matched = {timing}.drafts_at(row, matched)")
            with self._block("if matched:"):
                self._place_fact(join)
                self._line("offers.append((fact, matched))")
        with self._block(f"for fact, matched in {timing}.taken(offers):"):
            self._line("entry, row = fact")
            self._put(join.cells, self._read(join.cells), "matched", fill=join.fill)

    def _match_fact(self, join: ViewJoin) -> None:
        self._line("entry, row = fact")
        self._match([(f"row[{place}]", column) for place, column in join.matches])

    def _place_fact(self, join: ViewJoin) -> None:
        if join.slot in self._fact_slots:
            self._line("placed.add(id(fact))")

    def _join_only_fact(self, join: ViewJoin) -> None:
        if join.slot in self._fact_slots:
            self._line(f"placed.update([id(fact) for fact in facts[{join.slot}]])")
        self._wanting(join.cells)
        with self._block(f"if len(facts[{join.slot}]) > 1:"):
            self._line("note_ambiguous(wanting, assembly)")
        with self._block("else:"):
            self._line(f"entry, row = facts[{join.slot}][0]")
            self._put(join.cells, self._read(join.cells), "wanting", fill=True)

    def _join_table(self, join: TableJoin) -> None:
        with self._block(f"if tables.get({join.table!r}):"):
            if not join.matches:
                self._join_only_row(join)
                return
            self._find(column for _, column in join.matches)
            with self._block(f"for other in tables[{join.table!r}]:"):
                self._match([(f"other[{name!r}]", column) for name, column in join.matches])
                self._take_over(join, "matched")

    def _join_only_row(self, join: TableJoin) -> None:
        self._wanting(join.cells)
        with self._block(f"if len(tables[{join.table!r}]) > 1:"):
            self._line("note_ambiguous(wanting, assembly)")
        with self._block("else:"):
            self._line(f"other = tables[{join.table!r}][0]")
            self._take_over(join, "wanting")

    def _take_over(self, join: TableJoin, drafts: str) -> None:
        names = [f"cell{at}" for at in range(len(join.cells))]
        self._line("entry = other[ENTRY]")
        for name, origin in zip(names, join.origins, strict=True):
            self._line(f"{name} = other[{origin!r}]")
        self._put(join.cells, names, drafts, fill=join.fill)

    def _wanting(self, cells: Sequence[CellStep]) -> None:
        lacks = " or ".join(f"draft[{step.target!r}] is None" for step in cells) or "False"
        self._line(f"wanting = [draft for draft in drafts if {lacks}]")

    def _find(self, columns: Iterator[str]) -> None:
        """One draft is looked at straight away, several through a finder."""
        names = "".join(f"{column!r}, " for column in columns)
        self._line(f"find = None if only is not None else finder(drafts, ({names}))")

    def _match(self, alternatives: Sequence[tuple[str, str]]) -> None:
        """Lines that set `matched` by the first alternative whose value is present, and go on when there is none."""
        for at, (value, column) in enumerate(alternatives):
            self._line(f"{'if' if at == 0 else 'elif'} (value := {value}) is not None:")
            self._line("    if only is None:")
            self._line(f"        matched = find({column!r}, value)")
            self._line("    else:")
            self._line(f"        matched = drafts if only[{column!r}] == value else ()")
        self._line("else:")
        self._line("    continue")
        self._line("if not matched:")
        self._line("    continue")
