"""Conditions on the lines of a file, and columns that are read only where a line meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING

from fhir_adapter.sources.records import Cell

if TYPE_CHECKING:
    from fhir_adapter.sources.csv_columns import ColumnReader, Columns, LineFault


@dataclass(frozen=True, slots=True, eq=False)
class CsvCondition:
    """A column of the file that is filled, or holds one of some texts (wanted), or none of them (unwanted).

    place: of the column among those that are read. is_absent: it must not be filled. Made by `condition_at`, so that
    equal ones are the same and lines are looked for by identity, which costs nothing.
    """

    place: int
    wanted: frozenset[str]
    unwanted: frozenset[str]
    is_absent: bool = False


@cache
def condition_at(place: int, wanted: frozenset[str], unwanted: frozenset[str], is_absent: bool) -> CsvCondition:
    """The one condition of these parts."""
    return CsvCondition(place, wanted, unwanted, is_absent)


def lines_that_meet(columns: Columns, conditions: Sequence[CsvCondition]) -> list[bool] | None:
    """Which lines meet every condition; None for all of them."""
    chosen: list[bool] | None = None
    for each in conditions:
        meets = lines_of_one(columns, each)
        chosen = meets if chosen is None else [one and other for one, other in zip(chosen, meets, strict=True)]
    return None if chosen is None or all(chosen) else chosen


def lines_of_one(columns: Columns, condition: CsvCondition) -> list[bool]:
    """Which lines meet one condition; a line without the value meets none but that it is absent."""
    values = columns.values(condition.place)
    if condition.is_absent:
        return [value is None for value in values]
    if condition.wanted:
        return [value in condition.wanted for value in values]
    if all(values):  # as is most often so, none of them absent
        return [True] * len(values) if not condition.unwanted else [value not in condition.unwanted for value in values]
    return [value is not None and value not in condition.unwanted for value in values]


def where_met(columns: Columns, conditions: tuple[CsvCondition, ...]) -> Columns:
    """The lines that meet every condition; looked for once for all tables and columns that ask for the same."""
    if not conditions:
        return columns
    if conditions not in columns.met:
        chosen = lines_that_meet(columns, conditions)
        columns.met[conditions] = None if chosen is None else list(compress(range(len(chosen)), chosen))
    places = columns.met[conditions]
    return columns if places is None else columns.only(places)


def conditional_column(conditions: tuple[CsvCondition, ...], read: ColumnReader) -> ColumnReader:
    """Cells of the lines that meet the conditions; absent in the others, whatever stands in them."""

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        part = where_met(columns, conditions)
        if part is columns:
            return read(columns, faults)
        cells: list[Cell] = [None] * len(columns.numbers)
        if part.places:
            found: list[LineFault] = []
            for line, cell in zip(part.places, read(part, found), strict=True):
                cells[line] = cell
            faults.extend((part.places[line], fault) for line, fault in found)
        return cells

    return read_column


def masked(columns: Columns, conditions: tuple[CsvCondition, ...], cells: Sequence[Cell]) -> Sequence[Cell]:
    """The cells of the lines that meet the conditions, absent elsewhere."""
    part = where_met(columns, conditions)
    if part is columns:
        return cells
    kept: list[Cell] = [None] * len(cells)
    for line in part.places:
        kept[line] = cells[line]
    return kept


def same_everywhere(cell: Cell) -> Callable[[Columns, list[LineFault]], Sequence[Cell]]:
    """A column that holds one cell in every line."""
    return lambda columns, _: [cell] * len(columns.numbers)
