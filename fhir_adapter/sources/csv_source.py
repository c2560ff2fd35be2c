"""A CSV file to mapped records: a batch of lines of one provider each, memory flat in the size of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import BinaryIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.bundle_source import date_or_none
from fhir_adapter.sources.convert import CellFault, united_code_sets
from fhir_adapter.sources.csv_header import HeaderPlan, plan_header
from fhir_adapter.sources.csv_plan import CsvIdentityPlan, CsvPlan, CsvRowsPlan
from fhir_adapter.sources.csv_text import BrokenLine, CsvLine, check_encoding, read_lines
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell, Identity, MappedRecord, identity_of
from fhir_adapter.sources.registry import Adapter

NAMED_DIGITS = 16  # of the digest; enough to tell files apart in the name of a record


def map_csv(
    adapter: Adapter, stream: BinaryIO, *, name: str, digest: str, batch_rows: int = 1000
) -> Iterator[MappedRecord]:
    """Records of the file: one for each provider in each batch of lines, in the order of the file.

    stream: seekable, read from where it stands; it stays open. name: of the file, for the places of faults.
    Raises PayloadRefused for an empty file, a wrong encoding or a header that is not the adapter's.
    """
    plan = adapter.csv_plan
    if plan is None:
        raise PayloadRefused("adapter.wrong-kind", name, f"adapter {adapter.name} does not read CSV files")
    check_encoding(stream, plan.format, name=name)
    with closing(read_lines(stream, plan.format)) as lines:
        batch = Batch(adapter.name, plan, first_line(lines, plan, name=name), name, digest)
        for line, cells in lines:
            batch.add(line, cells)
            if batch.lines >= batch_rows:
                yield from batch.take()
        yield from batch.take(is_last=True)


def first_line(lines: Iterator[CsvLine], plan: CsvPlan, *, name: str) -> HeaderPlan:
    """The header, read. Raises PayloadRefused when there is none or it is not the adapter's."""
    _, header = next(lines, (1, None))
    if header is None:
        raise PayloadRefused("csv.empty", name, "the file is empty; a header and lines below it are expected")
    if isinstance(header, BrokenLine):
        text = "the first line is no header; check the quotation marks"
        raise PayloadRefused("csv.header-unreadable", f"{name}:1", text)
    return plan_header(plan, header, name=name)


class Batch:
    """Lines that are being put together into records; empty again after `take`."""

    def __init__(self, adapter: str, plan: CsvPlan, header: HeaderPlan, name: str, digest: str) -> None:
        self._adapter = adapter
        self._plan = plan
        self._header = header
        self._name = name
        self._digest = digest
        self._missing = frozenset(plan.format.missing)
        self._any_line = False
        self._start()
        self.issues.extend(header.issues)

    def _start(self) -> None:
        self.lines = 0
        self.issues: list[Issue] = []
        self._first = 0
        self._last = 0
        self._senders: dict[str, SenderRows] = {}

    def add(self, line: int, cells: Sequence[str] | BrokenLine) -> None:
        """Take one line in; what is wrong with it becomes issues."""
        self.lines += 1
        self._first = self._first or line
        self._last = line
        self._any_line = True
        if isinstance(cells, BrokenLine):
            text = "the line is no CSV; check the quotation marks"
            self.issues.append(Issue(Severity.ERROR, "csv.line-unreadable", f"{self._name}:{line}", text))
            return
        if len(cells) != self._header.width:
            text = f"the line has {len(cells)} cells where the header has {self._header.width}; it was set aside"
            self.issues.append(Issue(Severity.ERROR, "csv.ragged-row", f"{self._name}:{line}", text))
            return
        row = self._values(cells)
        sender = row[self._plan.sender]
        row.append(f"{self._plan.prefix}:{sender or self._plan.absent_sender}")
        row += [read(row) for read in self._plan.keys]
        rows = self._senders.get(sender or "")
        if rows is None:
            rows = self._senders[sender or ""] = SenderRows(self._plan)
        rows.add(row, f"{self._name}:{line}", self.issues)

    def _values(self, cells: Sequence[str]) -> list[str | None]:
        missing = self._missing
        return [
            None if place is None or (value := cells[place].strip()) in missing else value
            for place in self._header.places
        ]

    def take(self, *, is_last: bool = False) -> Iterator[MappedRecord]:
        """The records of the lines so far; issues go with the first of them."""
        if is_last and not self._any_line:
            text = "the file has a header and no line below it"
            self.issues.append(Issue(Severity.WARNING, "csv.no-rows", self._name, text))
        if self.issues and not self._senders:
            self._senders[""] = SenderRows(self._plan)
        issues = self.issues
        for sender, rows in self._senders.items():
            yield MappedRecord(
                source=f"{self._adapter}:{sender}" if sender else self._adapter,
                source_record_id=f"{self._digest[:NAMED_DIGITS]}:{self._first}-{self._last}",
                recorded_at=None,
                rows=rows.tables(),
                identities=rows.identities,
                issues=tuple(issues),
            )
            issues = []
        self._start()


class SenderRows:
    """Rows of one sender by table and key; the same key on several lines is one row."""

    def __init__(self, plan: CsvPlan) -> None:
        self._plan = plan
        self._tables: dict[str, dict[tuple[Cell, ...], dict[str, Cell]]] = {rows.table: {} for rows in plan.rows}
        self.identities: list[Identity] = []

    def add(self, row: Sequence[str | None], place: str, issues: list[Issue]) -> None:
        """Put one line into the tables."""
        for rows in self._plan.rows:
            if rows.when is None or row[rows.when] is not None:
                self._add_row(rows, row, place, issues)
        for rule in self._plan.identities:
            if rule.when is None or row[rule.when] is not None:
                self._add_identity(rule, row)

    def _add_row(self, rows: CsvRowsPlan, row: Sequence[str | None], place: str, issues: list[Issue]) -> None:
        try:
            cells = {target: read(row) for target, read in rows.readers}
        except CellFault:
            cells = read_cells(rows, row, place, issues)
        if rows.has_required:
            note_missing(rows, cells, place, issues)
        key = tuple([cells[name] for name in rows.key])
        if None in key:
            text = f"a row of {rows.table} without {', '.join(rows.key)} was set aside; fill the column"
            issues.append(Issue(Severity.ERROR, "record.key-missing", f"{place} column {rows.key_headers}", text))
            return
        known = self._tables[rows.table].setdefault(key, cells)
        if known is not cells and known != cells:
            merge(rows, known, cells, place, issues)

    def _add_identity(self, rule: CsvIdentityPlan, row: Sequence[str | None]) -> None:
        key = row[rule.key]
        if key is None:
            return
        *texts, birth_date = [None if place is None else row[place] for place in rule.places]
        postcode = next((row[place] for place in rule.postcodes if row[place]), None)
        self.identities.append(identity_of(key, rule.role, [*texts, date_or_none(birth_date)], postcode))

    def tables(self) -> Mapping[str, list[Mapping[str, Cell]]]:
        """Rows with every mapped column, in the order of their keys."""
        return {
            table: [cells for _, cells in sorted(rows.items(), key=by_key)]
            for table, rows in self._tables.items()
            if rows
        }


def by_key(item: tuple[tuple[Cell, ...], Mapping[str, Cell]]) -> list[str]:
    """The order of rows: that of their keys as texts."""
    return [str(part) for part in item[0]]


def read_cells(rows: CsvRowsPlan, row: Sequence[str | None], place: str, issues: list[Issue]) -> dict[str, Cell]:
    """The cells of a line in which something is wrong: each fault is an issue and its cell absent."""
    cells: dict[str, Cell] = {}
    for step in rows.cells:
        try:
            cells[step.target] = step.read(row)
        except CellFault as fault:
            cells[step.target] = None
            issues.append(Issue(Severity.ERROR, fault.code, f"{place} column {step.headers}", str(fault)))
    return cells


def note_missing(rows: CsvRowsPlan, cells: Mapping[str, Cell], place: str, issues: list[Issue]) -> None:
    """An issue for each value that the mapping requires and the line lacks."""
    for step in rows.cells:
        if step.is_required and cells[step.target] is None:
            text = "a value is required here; send it"
            issues.append(Issue(Severity.ERROR, "value.missing", f"{place} column {step.headers}", text))


def merge(
    rows: CsvRowsPlan, known: dict[str, Cell], again: Mapping[str, Cell], place: str, issues: list[Issue]
) -> None:
    """Add the cells of a further line with the same key; a different value is an issue and the first is kept."""
    text = "two lines with one key give different values; the first was kept, correct the other at the source"
    for step in rows.cells:
        cell, held = again[step.target], known.get(step.target)
        if held is None:
            known[step.target] = cell
        elif cell is None or cell == held:
            continue
        elif step.is_set:
            known[step.target] = united_code_sets(str(held), str(cell))
        else:
            location = f"{place} column {step.headers}"
            issues.append(Issue(Severity.WARNING, "record.contradicts-itself", location, text))
