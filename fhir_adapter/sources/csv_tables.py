"""Columns of one sender to rows of tables: cells, then keys, then lines of one key merged; issues placed by line."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import count, repeat, starmap
from typing import TypeAlias

from fhir_adapter.sources.adapter import DateRule
from fhir_adapter.sources.convert import CellFault, to_date, united_code_sets
from fhir_adapter.sources.csv_columns import (
    ColumnReader,
    Columns,
    LineFault,
    Remembered,
    Values,
    joint_column,
    moment_column,
    remembered_column,
    text_column,
)
from fhir_adapter.sources.csv_conditions import conditional_column, masked, same_everywhere, where_met
from fhir_adapter.sources.csv_plan import CsvCell, CsvIdentityPlan, CsvPlan, CsvRowsPlan, Reading
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell, Home, Identity, RowTuple, TupleRows

LineIssue: TypeAlias = tuple[int, Issue]  # number of the line in the file
CellColumns: TypeAlias = Sequence[Sequence[Cell]]  # one for each mapped column of a table, a cell a line
KeyedRows: TypeAlias = dict[Hashable, RowTuple]


@dataclass(frozen=True, slots=True)
class SenderRows:
    """Rows by table and key, identities, and postcodes of residences, of the lines of one sender so far."""

    tables: dict[str, KeyedRows]
    identities: list[Identity]
    homes: dict[Home, str] = field(default_factory=dict)

    def in_order(self, columns: Mapping[str, tuple[str, ...]]) -> Mapping[str, TupleRows]:
        """The rows of each table that has any, in the order of their keys; columns: of each table."""
        return {table: TupleRows(columns[table], in_order(rows)) for table, rows in self.tables.items() if rows}


class SenderTables:
    """Makes the rows of one sender at a time; what columns remember stays from batch to batch."""

    def __init__(self, plan: CsvPlan, name: str, missing: Set[str]) -> None:
        self._plan = plan
        self._name = name
        self._readers = [[column_reader(cell, missing) for cell in rows.cells] for rows in plan.rows]
        self._birth_dates = [Remembered(partial(date_or_none, each.date), missing) for each in plan.identities]

    def read(self, sender: str, columns: Columns, into: SenderRows, issues: list[LineIssue]) -> None:
        """Add the rows of one sender; what is wrong with a line is added to the issues."""
        scope = f"{self._plan.prefix}:{sender or self._plan.absent_sender}"
        for rows, readers in zip(self._plan.rows, self._readers, strict=True):
            chosen = where_met(columns, rows.when)
            if chosen.numbers:
                keys = [chosen.keys(each, scope) for each in self._plan.keys]
                reading = TableReading(rows, self._name, chosen, issues)
                made = reading.cells(readers, keys)
                if rows.postcodes:
                    homes = [made[place] for place in rows.key_places]
                    note_homes(homes, postcodes_of(chosen, rows.postcodes), into.homes)
                reading.put(made, into.tables.setdefault(rows.table, {}))
        for rule, dates in zip(self._plan.identities, self._birth_dates, strict=True):
            into.identities.extend(identities_of(rule, self._plan, scope, columns, dates))


def column_reader(cell: CsvCell, missing: Set[str]) -> ColumnReader | None:
    """The closure of a column; None for one that is not read from the file as it is."""
    read = reader_of_every_line(cell, missing)
    return conditional_column(cell.when, read) if read is not None and cell.when else read


def reader_of_every_line(cell: CsvCell, missing: Set[str]) -> ColumnReader | None:
    """The closure of a column as if it had no conditions."""
    if cell.read is None:
        return None
    match cell.reading:
        case Reading.VALUE:
            return same_everywhere(cell.fixed)
        case Reading.TEXT:
            return text_column(cell.origins[0], cell.read)
        case Reading.REMEMBERED:
            return remembered_column(cell.origins[0], cell.read, missing)
        case Reading.MOMENT:
            return moment_column((cell.origins[0], cell.origins[1]), cell.date, cell.read, missing)
        case Reading.JOINT:
            return joint_column(cell.origins, cell.read)
    return None


class TableReading:
    """One table being read from the lines of one sender."""

    def __init__(self, plan: CsvRowsPlan, name: str, columns: Columns, issues: list[LineIssue]) -> None:
        self._plan = plan
        self._name = name
        self._columns = columns
        self._issues = issues

    def cells(self, readers: Sequence[ColumnReader | None], keys: Sequence[Values]) -> CellColumns:
        """The cells of each column; a fault is an issue and its cell absent."""
        return [self._column(*each, keys) for each in zip(self._plan.cells, readers, strict=True)]

    def _column(self, cell: CsvCell, read: ColumnReader | None, keys: Sequence[Values]) -> Sequence[Cell]:
        if cell.reading is Reading.KEY:
            return masked(self._columns, cell.when, keys[cell.key])
        if read is None or cell.reading is Reading.FIXED:
            return [cell.fixed] * len(self._columns.numbers)
        faults: list[LineFault] = []
        cells = read(self._columns, faults)
        for line, fault in faults:
            self._note(line, Severity.ERROR, fault.code, cell.headers, str(fault))
        return cells

    def put(self, columns: CellColumns, known: KeyedRows) -> None:
        """Add a row for each line to those known; one without its key is set aside, one of a known key is merged."""
        for cell, cells in zip(self._plan.cells, columns, strict=True):
            if cell.is_required:
                self._note_missing(cell, cells)
        keys = self._keys(columns)
        rows = list(zip(*columns, strict=True))
        known_before = len(known)
        kept = list(map(known.setdefault, keys, rows))  # of equal keys the first line is kept
        if None in known:
            self._note_keyless(keys)
            del known[None]
        if len(known) < known_before + len(rows):
            self._merge_repeated(keys, rows, kept, known)

    def _keys(self, columns: CellColumns) -> Sequence[Hashable]:
        [first, *others] = self._plan.key_places
        if not others:
            return columns[first]
        parts = [columns[place] for place in self._plan.key_places]
        return [None if None in key else key for key in zip(*parts, strict=True)]

    def _merge_repeated(
        self, keys: Sequence[Hashable], rows: Sequence[RowTuple], kept: Sequence[RowTuple], known: KeyedRows
    ) -> None:
        repeated = [at for at, first, row in zip(count(), kept, rows) if first is not row and first != row]
        for line in repeated:
            key = keys[line]
            if key is not None:
                known[key] = self._merged(known[key], rows[line], line)

    def _merged(self, known: RowTuple, again: RowTuple, line: int) -> RowTuple:
        """The row with the cells of a further line of its key; where both say something, see `_one_of`."""
        return tuple(
            held if cell is None or cell == held else cell if held is None else self._one_of(step, held, cell, line)
            for step, held, cell in zip(self._plan.cells, known, again, strict=True)
        )

    def _one_of(self, step: CsvCell, held: Cell, cell: Cell, line: int) -> Cell:
        """Sets united, or the preferred of two codes; else the first, and an issue."""
        if step.is_set:
            return united_code_sets(str(held), str(cell))
        if held in step.ranks and cell in step.ranks:
            return min(held, cell, key=step.ranks.__getitem__)
        text = "two lines with one key give different values; the first was kept, correct the other at the source"
        self._note(line, Severity.WARNING, "record.contradicts-itself", step.headers, text)
        return held

    def _note_missing(self, cell: CsvCell, cells: Sequence[Cell]) -> None:
        for line in [at for at, value in enumerate(cells) if value is None]:
            self._note(line, Severity.ERROR, "value.missing", cell.headers, "a value is required here; send it")

    def _note_keyless(self, keys: Sequence[Hashable]) -> None:
        text = f"a row of {self._plan.table} without {', '.join(self._plan.key)} was set aside; fill the column"
        for line in [at for at, key in enumerate(keys) if key is None]:
            self._note(line, Severity.ERROR, "record.key-missing", self._plan.key_headers, text)

    def _note(self, line: int, severity: Severity, code: str, headers: str, text: str) -> None:
        number = self._columns.numbers[line]
        self._issues.append((number, Issue(severity, code, f"{self._name}:{number} column {headers}", text)))


def in_order(rows: KeyedRows) -> list[RowTuple]:
    """The rows in the order of their keys as texts."""
    if set(map(type, rows)) == {str}:
        ordered = sorted(map(str, rows))  # texts are their own order
        return list(rows.values()) if ordered == list(rows) else [rows[key] for key in ordered]
    return [rows[key] for key in sorted(rows, key=key_texts)]


def key_texts(key: Hashable) -> list[str]:
    """The parts of a key as texts."""
    return [str(part) for part in key] if isinstance(key, tuple) else [str(key)]


def identities_of(
    rule: CsvIdentityPlan, plan: CsvPlan, scope: str, columns: Columns, birth_dates: Remembered[str | None]
) -> list[Identity]:
    """The identifiers of each person of one role."""
    chosen = where_met(columns, rule.when)
    keys = chosen.keys(plan.keys[rule.key], scope)
    *texts, birth_date = [None if place is None else chosen.values(place) for place in rule.places]
    dates = None if birth_date is None else birth_dates.cells([text or "" for text in birth_date])
    first = postcodes_of(chosen, rule.postcodes) if rule.postcodes else None
    fields = [repeat(None) if each is None else each for each in (*texts, dates, first)]
    found = starmap(Identity, zip(keys, repeat(rule.role), *fields, strict=False))
    return [each for each in found if each.person_source_key] if None in keys else list(found)


def postcodes_of(columns: Columns, places: Sequence[int]) -> list[str | None]:
    """The first postcode that each line has in any of these columns."""
    postcodes = [columns.values(place) for place in places]
    return [next(filter(None, each), None) for each in zip(*postcodes, strict=True)]


def note_homes(keys: Sequence[Sequence[Cell]], postcodes: Sequence[str | None], homes: dict[Home, str]) -> None:
    """Keep the postcode of each residence apart from its row; of two for one residence the first is kept.

    keys: the columns `person_key` and `valid_from` of the residences.
    """
    people, since = keys
    for person, day, postcode in zip(people, since, postcodes, strict=True):
        if postcode is not None:
            homes.setdefault((str(person), str(day)), postcode)


def date_or_none(rule: DateRule, row: Sequence[str | None]) -> str | None:
    """The date in ISO order; a text that is none is reported with the row."""
    try:
        return None if row[0] is None else str(to_date(rule, row[0]))
    except CellFault:
        return None
