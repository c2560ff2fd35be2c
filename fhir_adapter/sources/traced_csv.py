"""Lines of a CSV file put together to rows slowly, every cell with the rule and the line that it came from.

It reads each cell as `csv_tables` does, one line at a time; a test holds the rows of the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from fhir_adapter.sources.adapter import Condition, CsvFile, CsvManifest, CsvRows
from fhir_adapter.sources.convert import united_code_sets
from fhir_adapter.sources.csv_columns import ColumnReader, Columns, LineFault
from fhir_adapter.sources.csv_conditions import lines_that_meet, masked, where_met
from fhir_adapter.sources.csv_header import header_names, plan_header
from fhir_adapter.sources.csv_plan import CsvCell, CsvPlan, CsvRowsPlan, Reading
from fhir_adapter.sources.csv_shapes import groups_of
from fhir_adapter.sources.csv_source import LINES_AT_ONCE
from fhir_adapter.sources.csv_tables import column_reader
from fhir_adapter.sources.csv_text import csv_lines
from fhir_adapter.sources.records import Cell


@dataclass(frozen=True, slots=True)
class CsvLine:
    """A line of a file: its number and sender, its texts by header, and where each header stands, from 1.

    piece: of the lines that are read together, from 0; rules come before lines in it.
    """

    number: int
    piece: int
    sender: str
    values: Mapping[str, str | None]
    raw: Mapping[str, str]
    columns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CsvBlock:
    """Rules of a table, spelt out. pointer: where they stand in the manifest. group: number of a repeated group."""

    pointer: str
    rows: CsvRows
    group: str | None


@dataclass(frozen=True, slots=True)
class CsvOrigin:
    """The rules and the line that gave a cell, or tried to; fault: why not, where there is one."""

    block: CsvBlock
    line: CsvLine
    fault: str | None = None


@dataclass(slots=True)
class TracedCsvCell:
    """A cell of a row in the making. tried: rules that gave nothing for it though the line met their conditions."""

    value: Cell = None
    origins: tuple[CsvOrigin, ...] = ()
    tried: tuple[CsvOrigin, ...] = ()


TracedCsvRow = dict[str, TracedCsvCell]
KeyedRows = dict[tuple[Cell, ...], TracedCsvRow]


@dataclass(slots=True)
class CsvTrace:
    """The rows of one batch of lines by table and key."""

    tables: dict[str, KeyedRows] = field(default_factory=dict)

    def add(self, plan: CsvRowsPlan, found: Mapping[str, TracedCsvCell]) -> None:
        """Add what one line gives by one set of rules; a row without its key is set aside."""
        key = tuple(found[name].value for name in plan.key)
        if None in key:
            return
        row = self.tables.setdefault(plan.table, {}).setdefault(key, {})
        for step in plan.cells:
            merge(row.setdefault(step.target, TracedCsvCell()), found[step.target], step)


def merge(held: TracedCsvCell, again: TracedCsvCell, step: CsvCell) -> None:
    """One more value of a cell: it fills what is absent; sets are united, a preferred code wins, else the first."""
    held.tried = (*held.tried, *again.tried)
    if again.value is None or again.value == held.value:
        return
    if held.value is None:
        held.value, held.origins = again.value, again.origins
    elif step.is_set:
        held.value = united_code_sets(str(held.value), str(again.value))
        held.origins = (*held.origins, *again.origins)
    elif held.value in step.ranks and again.value in step.ranks and step.ranks[again.value] < step.ranks[held.value]:
        held.value, held.origins = again.value, again.origins


def traced_rows(plan: CsvPlan, manifest: CsvManifest, stream: BinaryIO, first: int, last: int) -> CsvTrace:
    """The rows that the lines from the first to the last give, read as one batch; the stream stands at its start."""
    trace = CsvTrace()
    with csv_lines(stream, plan.format) as reader:
        [header] = reader.take(1).cells
        names = header_names(header, plan.format.aliases)
        at = [plan, *plan.others].index(chosen := plan.for_header(names))
        tracer = LineTracer(chosen, list(manifest.shapes().items())[at], plan_header(chosen, header, name="").places)
        places = {each: number for number, each in reversed(list(enumerate(names, start=1)))}
        piece = 0
        while (batch := reader.take(LINES_AT_ONCE)).count and batch.span()[0] <= last:
            lines = [
                (number, cells)
                for number, cells in zip(batch.numbers, batch.cells, strict=True)
                if first <= number <= last and len(cells) == len(names)
            ]
            tracer.add([(tracer.line(number, piece, cells, names, places), cells) for number, cells in lines], trace)
            piece += 1
    return trace


class LineTracer:
    """Reads the cells of lines of one shape of file, one line by one set of rules at a time."""

    def __init__(self, plan: CsvPlan, shape: tuple[str, CsvFile], places: Sequence[int | None]) -> None:
        self._plan = plan
        self._places = places
        self._missing = frozenset(plan.format.missing)
        self._blocks = list(blocks_of(*shape))
        self._readers: dict[str, list[list[ColumnReader | None]]] = {}

    def line(
        self, number: int, piece: int, cells: Sequence[str], names: Sequence[str], places: Mapping[str, int]
    ) -> CsvLine:
        """A line by its headers."""
        raw = dict(zip(reversed(names), reversed(cells), strict=True))  # of a column that stands twice, the first
        values = {each: None if text.strip() in self._missing else text.strip() for each, text in raw.items()}
        place = self._places[self._plan.sender]
        sender = "" if place is None else values[names[place]] or ""
        return CsvLine(number, piece, sender, values, raw, places)

    def add(self, lines: Sequence[tuple[CsvLine, Sequence[str]]], trace: CsvTrace) -> None:
        """Add the rows of lines that are read together: by sender, then by rules, then by line."""
        for sender in dict.fromkeys(line.sender for line, _ in lines):
            plan = self._plan.by_sender.get(sender, self._plan)
            readers = self._readers.setdefault(
                sender, [[column_reader(cell, self._missing) for cell in rows.cells] for rows in plan.rows]
            )
            for rows, block, its in zip(plan.rows, self._blocks, readers, strict=True):
                for line, cells in lines:
                    if line.sender == sender:
                        found = self._found(rows, its, CsvOrigin(block, line), cells)
                        if found is not None:
                            trace.add(rows, found)

    def _found(
        self, rows: CsvRowsPlan, readers: Sequence[ColumnReader | None], origin: CsvOrigin, cells: Sequence[str]
    ) -> Mapping[str, TracedCsvCell] | None:
        raw = [None if place is None else [cells[place]] for place in self._places]
        columns = where_met(Columns([origin.line.number], raw, self._missing), rows.when)
        if not columns.numbers:
            return None
        made = zip(rows.cells, readers, strict=True)
        return {cell.target: self._cell(cell, read, columns, origin) for cell, read in made}

    def _cell(self, cell: CsvCell, read: ColumnReader | None, columns: Columns, origin: CsvOrigin) -> TracedCsvCell:
        faults: list[LineFault] = []
        if cell.reading is Reading.KEY:
            scope = f"{self._plan.prefix}:{origin.line.sender or self._plan.absent_sender}"
            [value] = masked(columns, cell.when, columns.keys(self._plan.keys[cell.key], scope))
        elif cell.reading is Reading.FIXED or read is None:
            value = cell.fixed
        else:
            [value] = read(columns, faults)
        if value is not None:
            return TracedCsvCell(value, (origin,))
        is_met = lines_that_meet(columns, cell.when) is None
        if cell.target not in origin.block.rows.columns or not is_met:
            return TracedCsvCell()
        fault = f"{faults[0][1].code}: {faults[0][1]}" if faults else None
        return TracedCsvCell(tried=(CsvOrigin(origin.block, origin.line, fault),))


def blocks_of(name: str, shape: CsvFile) -> Iterator[CsvBlock]:
    """The rules of each table of a shape, once for each group that repeats."""
    head = f"files.{name}." if name else ""
    for at, rows in enumerate(shape.tables):
        for group, each in zip(rows.repeat or (None,), groups_of(rows, rows.repeat), strict=True):
            yield CsvBlock(f"{head}tables[{at}]", each, group)


def condition_text(condition: Condition) -> str:
    """A condition in words."""
    if condition.absent:
        return f"{condition.column} is absent"
    if condition.is_:
        return f"{condition.column} is {' or '.join(condition.is_)}"
    return f"{condition.column} is {'not ' + ' nor '.join(condition.is_not) if condition.is_not else 'filled'}"
