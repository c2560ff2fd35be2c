"""The steps behind the cells of one row that a CSV file gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import Condition, CsvManifest
from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.explanation import ExplainedCell, ExplainedStep, Rule, has_value, nothing_step, rule_steps
from fhir_adapter.sources.records import Row
from fhir_adapter.sources.registry import MANIFEST, Adapter
from fhir_adapter.sources.traced_csv import CsvLine, CsvOrigin, TracedCsvCell, condition_text, traced_rows
from indicator_engine.tables import TABLES


@dataclass(frozen=True, slots=True)
class CsvPlace:
    """A row of a table and the lines, first and last, of the batch that it came from."""

    row: Row
    first: int
    last: int


def find_csv_row(adapter: Adapter, stream: BinaryIO, *, name: str, digest: str, table: str, row: int) -> CsvPlace:
    """The row of this number, from 1. Raises PayloadRefused when there are fewer."""
    seen = 0
    for record in map_csv(adapter, stream, name=name, digest=digest):
        rows = record.rows.get(table, ())
        if row <= seen + len(rows):
            first, _, last = record.source_record_id.rpartition(":")[2].partition("-")
            return CsvPlace(rows[row - seen - 1], int(first), int(last))
        seen += len(rows)
    raise no_such_row(name, table, seen)


def no_such_row(location: str, table: str, rows: int) -> PayloadRefused:
    """The refusal of a row that there is not."""
    asked = f"ask for 1 to {rows}" if rows else "ask for another table"
    return PayloadRefused("explain.no-such-row", location, f"rows of {table} here: {rows}; {asked}")


def explain_csv_row(
    adapter: Adapter,
    files: AdapterFiles,
    stream: BinaryIO,
    place: CsvPlace,
    *,
    name: str,
    table: str,
    columns: Sequence[str],
) -> tuple[ExplainedCell, ...]:
    """The cells of a row, each with its steps back to line and column; the stream is read from its start."""
    if adapter.csv_plan is None or not isinstance(files.manifest, CsvManifest):
        raise PayloadRefused("adapter.wrong-kind", name, f"adapter {adapter.name} does not read CSV files")
    stream.seek(0)
    trace = traced_rows(adapter.csv_plan, files.manifest, stream, place.first, place.last)
    row = trace.tables[table][tuple(place.row[each] for each in TABLES[table].key)]
    explanation = CsvExplanation(files, name, table)
    return tuple(explanation.cell(column, row.get(column, TracedCsvCell())) for column in columns)


class CsvExplanation:
    """The steps behind the cells of one row of a table."""

    def __init__(self, files: AdapterFiles, name: str, table: str) -> None:
        self._files = files
        self._name = name
        self._table = table

    def cell(self, column: str, cell: TracedCsvCell) -> ExplainedCell:
        """One cell with the steps of each of its origins; of an absent one those of the rules that tried."""
        if cell.origins:
            steps = [step for origin in cell.origins for step in self._steps(origin, column)]
        else:
            steps = [step for origin in cell.tried for step in self._tried(origin, column)]
        return ExplainedCell(column, cell.value, tuple(steps))

    def _tried(self, origin: CsvOrigin, column: str) -> list[ExplainedStep]:
        rule = origin.block.rows.columns[column]
        if origin.fault is None and not has_value(rule, origin.line.values.get):
            return []
        return [nothing_step(origin.fault), *self._steps(origin, column)]

    def _steps(self, origin: CsvOrigin, column: str) -> list[ExplainedStep]:
        block, line = origin.block, origin.line
        rule = block.rows.columns[column]
        pointer = f"{block.pointer}.columns.{column}"
        written = Rule(pointer, self._table, column, rule, line.sender)
        [first, *others] = rule_steps(self._files, written, line.values.get, partial(self._inputs, line))
        conditions = [
            *self._conditions(block.rows.when, f"{block.pointer}.when", line),
            *self._conditions(rule.when, f"{pointer}.when", line),
        ]
        return [first, *self._group(origin), *conditions, *others]

    def _group(self, origin: CsvOrigin) -> list[ExplainedStep]:
        if origin.block.group is None:
            return []
        place = self._files.place(MANIFEST, f"{origin.block.pointer}.repeat")
        return [ExplainedStep("group", f"group {origin.block.group} of the line", place)]

    def _conditions(self, conditions: Sequence[Condition], pointer: str, line: CsvLine) -> list[ExplainedStep]:
        return [
            ExplainedStep(
                "condition",
                f"the line meets: {condition_text(each)}",
                self._files.place(MANIFEST, pointer),
                f"{self._name}:{line.number} column {each.column}",
                line.raw.get(each.column),
            )
            for each in conditions
        ]

    def _inputs(self, line: CsvLine, header: str) -> list[ExplainedStep]:
        at = line.columns.get(header)
        text = "the header has no such column" if at is None else f"column {at} of the line"
        place = f"{self._name}:{line.number} column {header}"
        return [ExplainedStep("input", text, None, place, line.raw.get(header))]
