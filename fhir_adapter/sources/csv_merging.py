"""Cells that the lines of a file give for a table, put together to its rows: lines of one key merged, in order of keys.

Nothing is done by line but for lines whose key an earlier line has, and those are few in most files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress, count, islice
from operator import itemgetter, ne
from typing import TypeAlias

from fhir_adapter.sources.convert import united_code_sets
from fhir_adapter.sources.csv_plan import CsvCell, CsvRowsPlan
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import Cell, ColumnRows

CellColumns: TypeAlias = Sequence[Sequence[Cell]]  # one for each mapped column of a table, in it a cell for each line
LineIssue: TypeAlias = tuple[int, int, Issue]  # number of the line in the file, and of the rules that found it

CONTRADICTION = "two lines with one key give different values; the first was kept, correct the other at the source"


@dataclass(frozen=True, slots=True)
class TablePart:
    """What some lines give for a table by one set of rules. at: number of the rules; numbers: of the lines."""

    rules: CsvRowsPlan
    at: int
    numbers: Sequence[int]
    cells: CellColumns

    def issue(self, line: int, severity: Severity, code: str, headers: str, text: str, *, name: str) -> LineIssue:
        """An issue of one of the lines, counted from 0; name: of the file."""
        number = self.numbers[line]
        return number, self.at, Issue(severity, code, f"{name}:{number} column {headers}", text)


def merged_rows(parts: Sequence[TablePart], name: str, issues: list[LineIssue]) -> ColumnRows:
    """The rows of one table; a line without its key is set aside, one of a known key is merged with the first.

    parts: of one sender, in the order of the file; name: of the file. What is wrong is added to the issues.
    """
    columns = [list(chain.from_iterable(each)) for each in zip(*(part.cells for part in parts), strict=True)]
    keys = keys_of(parts[0].rules, columns)
    places: dict[Hashable, int] = {}
    first = list(map(places.setdefault, keys, count()))  # of equal keys the first line is kept
    if None in places:
        issues += keyless(parts, keys, name)
        del places[None]
    if len(places) < len(keys):
        again = [line for line in compress(count(), map(ne, first, count())) if keys[line] is not None]
        issues += merge(parts, columns, [(first[line], line) for line in again], name)
    names = tuple(cell.target for cell in parts[0].rules.cells)
    return ColumnRows(names, in_order(columns, keys, places))


def keys_of(rules: CsvRowsPlan, columns: CellColumns) -> Sequence[Hashable]:
    """The key of each line; None when a part of it is absent."""
    parts = [columns[place] for place in rules.key_places]
    if len(parts) == 1:
        return parts[0]
    return [None if None in key else key for key in zip(*parts, strict=True)]


def in_order(
    columns: CellColumns, keys: Sequence[Hashable], places: Mapping[Hashable, int]
) -> tuple[Sequence[Cell], ...]:
    """The cells of the lines that are kept, in the order of their keys as texts."""
    is_text = all(isinstance(key, str) for key in islice(places, 1))  # a column of keys is of one type
    ordered = sorted(map(str, places)) if is_text else sorted(places, key=key_texts)  # texts are their own order
    if ordered == keys:
        return tuple(columns)
    chosen = [places[key] for key in ordered]
    if len(chosen) <= 1:
        return tuple([each[place] for place in chosen] for each in columns)
    return tuple(map(itemgetter(*chosen), columns))


def ends_of(parts: Sequence[TablePart]) -> Sequence[int]:
    """How many lines there are up to the end of each part."""
    return list(accumulate(len(part.numbers) for part in parts))


def part_of(parts: Sequence[TablePart], ends: Sequence[int], place: int) -> tuple[TablePart, int]:
    """The part in which a line of all parts stands, and its place there. ends: see `ends_of`."""
    at = bisect_right(ends, place)
    return parts[at], place - (ends[at - 1] if at else 0)


def key_texts(key: Hashable) -> list[str]:
    """The parts of a key as texts."""
    return [str(part) for part in key] if isinstance(key, tuple) else [str(key)]


def merge(
    parts: Sequence[TablePart], columns: Sequence[list[Cell]], again: Sequence[tuple[int, int]], name: str
) -> Iterator[LineIssue]:
    """Put the cells of further lines into the first line of their key; a different value is an issue.

    again: place of the first line and of the further one, in the order of the file.
    """
    ends = ends_of(parts)
    for held, line in again:
        part, at = part_of(parts, ends, line)
        for step, cells in zip(part.rules.cells, columns, strict=True):
            known, cell = cells[held], cells[line]
            if cell is None or cell == known:
                continue
            agreed = cell if known is None else one_of(step, known, cell)
            if agreed is None:
                yield part.issue(
                    at, Severity.WARNING, "record.contradicts-itself", step.headers, CONTRADICTION, name=name
                )
            else:
                cells[held] = agreed


def one_of(step: CsvCell, known: Cell, cell: Cell) -> Cell:
    """Two values of one cell as one: sets united, or the preferred of two codes; None where the two contradict."""
    if step.is_set:
        return united_code_sets(str(known), str(cell))
    if known in step.ranks and cell in step.ranks:
        return min(known, cell, key=step.ranks.__getitem__)
    return None


def keyless(parts: Sequence[TablePart], keys: Sequence[Hashable], name: str) -> Iterator[LineIssue]:
    """An issue for each line that gives no key."""
    ends = ends_of(parts)
    for place in [at for at, key in enumerate(keys) if key is None]:
        part, line = part_of(parts, ends, place)
        rules = part.rules
        text = f"a row of {rules.table} without {', '.join(rules.key)} was set aside; fill the column"
        yield part.issue(line, Severity.ERROR, "record.key-missing", rules.key_headers, text, name=name)
