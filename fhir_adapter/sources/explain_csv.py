"""The steps behind the cells of one row that a CSV file gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import ColumnRule, CsvManifest, CsvRows
from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.convert import CellFault, cell_reader
from fhir_adapter.sources.csv_columns import key_column
from fhir_adapter.sources.csv_header import header_names
from fhir_adapter.sources.csv_plan import CsvKey, headers_of
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.csv_text import csv_lines
from fhir_adapter.sources.explanation import ExplainedCell, ExplainedStep, Rule, has_value, nothing_step, rule_steps
from fhir_adapter.sources.records import Cell, Row
from fhir_adapter.sources.registry import Adapter
from indicator_engine.tables import TABLES, ColumnType

LINES_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class CsvPlace:
    """A row of a table and the lines, first and last, of the batch that it came from."""

    row: Row
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CsvLine:
    """A line of a file: its number, its texts by header, and where each header stands, from 1.

    row: what the line alone gives for the row that is explained.
    """

    number: int
    values: Mapping[str, str | None]
    raw: Mapping[str, str]
    columns: Mapping[str, int]
    row: Row


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
    manifest = files.manifest
    if not isinstance(manifest, CsvManifest):
        raise PayloadRefused("adapter.wrong-kind", name, f"adapter {adapter.name} does not read CSV files")
    key = [place.row[each] for each in TABLES[table].key]
    lines = [
        line
        for line in lines_between(adapter, manifest, stream, place, table)
        if line.row and [line.row.get(each) for each in TABLES[table].key] == key
    ]
    explain = CsvExplanation(files, manifest, name, table, lines)
    return tuple(explain.cell(column, place.row.get(column)) for column in columns)


def lines_between(
    adapter: Adapter, manifest: CsvManifest, stream: BinaryIO, place: CsvPlace, table: str
) -> Iterator[CsvLine]:
    """Each whole line of a batch with each row of the table that it gives by itself."""
    stream.seek(0)
    with csv_lines(stream, manifest.format) as reader:
        [header] = reader.take(1).cells
        names = header_names(header, manifest.format.aliases)
        places = {each: at for at, each in reversed(list(enumerate(names, start=1)))}
        while (batch := reader.take(LINES_AT_ONCE)).count and batch.span()[0] <= place.last:
            for number, cells in zip(batch.numbers, batch.cells, strict=True):
                if place.first <= number <= place.last and len(cells) == len(names):
                    raw = dict(zip(names, cells, strict=True))
                    values = {each: missing_or(text, manifest) for each, text in raw.items()}
                    for row in rows_of_line(adapter, manifest, header, cells, table):
                        yield CsvLine(number, values, raw, places, row)


def missing_or(text: str, manifest: CsvManifest) -> str | None:
    """The text without space around it; None for what counts as missing."""
    return None if text.strip() in manifest.format.missing else text.strip()


def rows_of_line(
    adapter: Adapter, manifest: CsvManifest, header: Sequence[str], cells: Sequence[str], table: str
) -> Iterator[Row]:
    """What one line gives as a file of its own."""
    text = io.StringIO()
    csv.writer(text, delimiter=manifest.format.delimiter, lineterminator="\n").writerows([header, cells])
    content = io.BytesIO(text.getvalue().encode(manifest.format.encoding))
    for record in map_csv(adapter, content, name="line", digest="line"):
        yield from record.rows.get(table, ())


class CsvExplanation:
    """The cells of one row of a table, explained from the lines that gave it."""

    def __init__(
        self, files: AdapterFiles, manifest: CsvManifest, name: str, table: str, lines: Sequence[CsvLine]
    ) -> None:
        self._files = files
        self._manifest = manifest
        self._name = name
        self._table = table
        self._lines = lines

    def cell(self, column: str, value: Cell) -> ExplainedCell:
        """One cell; a set of codes has the steps of every line, another cell those of the line that it is from."""
        is_set = TABLES[self._table].column(column).type is ColumnType.CODE_SET
        giving = [line for line in self._lines if line.row.get(column) is not None]
        chosen = giving if is_set else giving[:1]
        lines = self._lines if value is None else chosen
        return ExplainedCell(column, value, tuple(step for line in lines for step in self._steps(line, column)))

    def _steps(self, line: CsvLine, column: str) -> list[ExplainedStep]:
        is_absent = line.row.get(column) is None
        for at, rows in enumerate(self._manifest.tables):
            if rows.table == self._table and column in rows.columns and self._gives(rows, line, column):
                rule = Rule(f"tables[{at}].columns.{column}", self._table, column, rows.columns[column])
                if is_absent and not has_value(rule.rule, line.values.get):
                    continue
                fault = [nothing_step(self._read(rule.rule, column, line)[1])] if is_absent else []
                inputs = partial(self._inputs, line)
                return [*fault, *rule_steps(self._files, rule, line.values.get, inputs)]
        return [] if is_absent else [ExplainedStep("input", "line", None, f"{self._name}:{line.number}")]

    def _gives(self, rows: CsvRows, line: CsvLine, column: str) -> bool:
        """Whether these rules make the row out of the line, and this cell of it."""
        if rows.when is not None and line.values.get(rows.when) is None:
            return False
        wanted = [*TABLES[self._table].key, column]
        return all(self._read(rows.columns[each], each, line)[0] == line.row.get(each) for each in wanted)

    def _read(self, rule: ColumnRule, column: str, line: CsvLine) -> tuple[Cell, str | None]:
        """What a rule makes of a line, and the fault when it makes nothing."""
        if rule.value is not None:
            return rule.value, None
        if rule.key is not None:
            parts = [[line.values.get(name)] for name in rule.key.from_]
            return key_column(CsvKey(rule.key.kind, ()), self._scope(line), parts)[0], None
        names = list(dict.fromkeys(headers_of(rule)))
        places = {name: at for at, name in enumerate(names)}
        read = cell_reader(TABLES[self._table].column(column), rule, places, self._files.code_maps)
        try:
            return read([line.values.get(name) for name in names]), None
        except CellFault as fault:
            return None, f"{fault.code}: {fault}"

    def _scope(self, line: CsvLine) -> str:
        scope = self._manifest.key_scope
        return f"{scope.prefix}:{line.values.get(scope.from_) or scope.absent}"

    def _inputs(self, line: CsvLine, header: str) -> list[ExplainedStep]:
        at = line.columns.get(header)
        text = "the header has no such column" if at is None else f"column {at} of the line"
        place = f"{self._name}:{line.number} column {header}"
        return [ExplainedStep("input", text, None, place, line.raw.get(header))]
