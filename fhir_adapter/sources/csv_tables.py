"""Columns of one sender to cells of tables and to identities; issues placed by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import TypeAlias

from fhir_adapter.sources.adapter import DateRule
from fhir_adapter.sources.convert import CellFault, to_date
from fhir_adapter.sources.csv_columns import (
    ColumnReader,
    Columns,
    LineFault,
    Remembered,
    joint_column,
    moment_column,
    remembered_column,
    text_column,
)
from fhir_adapter.sources.csv_conditions import conditional_column, masked, same_everywhere, where_met
from fhir_adapter.sources.csv_merging import LineIssue, TablePart, merged_rows
from fhir_adapter.sources.csv_plan import CsvCell, CsvIdentityPlan, CsvKey, CsvPlan, CsvRowsPlan, Reading
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Cell, ColumnRows, Home, Identity

AS_IDENTITY = partial(tuple.__new__, Identity)  # out of a tuple of all its fields, without a call of Python for each

PartFault: TypeAlias = tuple[int, Severity, str, str, str]  # line of the part, then as in `TablePart.issue`


@dataclass(frozen=True, slots=True)
class SenderRows:
    """Parts of tables, identities, and postcodes of residences, of the lines of one sender so far."""

    tables: dict[str, list[TablePart]]
    identities: list[Identity]
    homes: dict[Home, str] = field(default_factory=dict)

    def merged(self, name: str, issues: list[LineIssue]) -> Mapping[str, ColumnRows]:
        """The rows of each table that has any, in the order of their keys; name: of the file, for its issues."""
        rows = {table: merged_rows(parts, name, issues) for table, parts in self.tables.items()}
        return {table: each for table, each in rows.items() if len(each)}


class SenderTables:
    """Makes the cells of one sender at a time; what columns remember stays from batch to batch."""

    def __init__(self, plan: CsvPlan, name: str, missing: Set[str]) -> None:
        self._plan = plan
        self._name = name
        self._readers = [[column_reader(cell, missing) for cell in rows.cells] for rows in plan.rows]
        self._birth_dates = [Remembered(partial(date_or_none, each.date), missing) for each in plan.identities]

    def read(self, sender: str, columns: Columns, into: SenderRows, issues: list[LineIssue]) -> None:
        """Add what the lines of one sender give; what is wrong with a line is added to the issues."""
        scope = f"{self._plan.prefix}:{sender or self._plan.absent_sender}"
        for at, (rules, readers) in enumerate(zip(self._plan.rows, self._readers, strict=True)):
            chosen = where_met(columns, rules.when)
            if chosen.numbers:
                keys = KeyColumns(chosen, self._plan.keys, scope)
                part, faults = read_part(rules, at, readers, keys)
                if faults:
                    issues += [part.issue(*each, name=self._name) for each in faults]
                if rules.postcodes:
                    note_homes(part, postcodes_of(chosen, rules.postcodes), into.homes)
                into.tables.setdefault(rules.table, []).append(part)
        for rule, dates in zip(self._plan.identities, self._birth_dates, strict=True):
            into.identities.extend(identities_of(rule, self._plan, scope, columns, dates))


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """Lines of one sender, with the keys that can be made of them."""

    columns: Columns
    rules: Sequence[CsvKey]
    scope: str

    def __getitem__(self, at: int) -> Sequence[Cell]:
        """The key of each line by one of the rules."""
        return self.columns.keys(self.rules[at], self.scope)


def read_part(
    rules: CsvRowsPlan, at: int, readers: Sequence[ColumnReader | None], keys: KeyColumns
) -> tuple[TablePart, list[PartFault]]:
    """The cells of each column of one table, and what is wrong with them; a cell that is at fault is absent."""
    columns, faults = keys.columns, list[PartFault]()
    made: list[Sequence[Cell]] = []
    found: list[LineFault] = []
    for cell, read in zip(rules.cells, readers, strict=True):
        if cell.reading is Reading.KEY:
            made.append(masked(columns, cell.when, keys[cell.key]))
        elif read is None or cell.reading is Reading.FIXED:
            made.append([cell.fixed] * len(columns.numbers))
        else:
            made.append(read(columns, found))
        if found:
            faults += [(line, Severity.ERROR, fault.code, cell.headers, str(fault)) for line, fault in found]
            found.clear()
    faults += [
        fault
        for cell, cells in zip(rules.cells, made, strict=True)
        if cell.is_required
        for fault in missing_in(cell, cells)
    ]
    return TablePart(rules, at, columns.numbers, made), faults


def missing_in(cell: CsvCell, cells: Sequence[Cell]) -> list[PartFault]:
    """A fault for each line that lacks a cell which is required."""
    text = "a value is required here; send it"
    return [
        (line, Severity.ERROR, "value.missing", cell.headers, text) for line, each in enumerate(cells) if each is None
    ]


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


def identities_of(
    rule: CsvIdentityPlan, plan: CsvPlan, scope: str, columns: Columns, birth_dates: Remembered[str | None]
) -> list[Identity]:
    """The identifiers of each person of one role."""
    chosen = where_met(columns, rule.when)
    keys = chosen.keys(plan.keys[rule.key], scope)
    *others, birth_date = rule.places
    texts = [None if place is None else chosen.values(place) for place in others]
    born = None if birth_date is None else chosen.raw(birth_date)
    dates = None if born is None else birth_dates.cells(born)
    first = postcodes_of(chosen, rule.postcodes) if rule.postcodes else None
    fields = [repeat(None) if each is None else each for each in (*texts, dates, first)]
    found = map(AS_IDENTITY, zip(keys, repeat(rule.role), *fields, repeat(None)))
    return list(found) if all(keys) else [each for each in found if each.person_source_key]


def postcodes_of(columns: Columns, places: Sequence[int]) -> list[str | None]:
    """The first postcode that each line has in any of these columns."""
    postcodes = [columns.values(place) for place in places]
    return [next(filter(None, each), None) for each in zip(*postcodes, strict=True)]


def note_homes(part: TablePart, postcodes: Sequence[str | None], homes: dict[Home, str]) -> None:
    """Keep the postcode of each residence apart from its row; of two for one residence the first is kept."""
    people, since = [part.cells[place] for place in part.rules.key_places]
    for person, day, postcode in zip(people, since, postcodes, strict=True):
        if postcode is not None:
            homes.setdefault((str(person), str(day)), postcode)


def date_or_none(rule: DateRule, row: Sequence[str | None]) -> str | None:
    """The date in ISO order; a text that is none is reported with the row."""
    try:
        return None if row[0] is None else str(to_date(rule, row[0]))
    except CellFault:
        return None
