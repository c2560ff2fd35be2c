"""Conditions on the lines of a file, and columns that are read only where a line meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_adapter.sources.records import Cell

if TYPE_CHECKING:
    from fhir_adapter.sources.csv_columns import ColumnReader, Columns, LineFault


@dataclass(frozen=True, slots=True)
class CsvCondition:
    """A column of the file that is filled, or holds one of some texts (wanted), or none of them (unwanted).

    place: of the column among those that are read. is_absent: it must not be filled.
    """

    place: int
    wanted: frozenset[str]
    unwanted: frozenset[str]
    is_absent: bool = False


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
    return [value is not None and value not in condition.unwanted for value in values]


def where_met(columns: Columns, conditions: Sequence[CsvCondition]) -> Columns:
    """The lines that meet every condition."""
    chosen = lines_that_meet(columns, conditions)
    return columns if chosen is None else columns.only(chosen)


def conditional_column(conditions: Sequence[CsvCondition], read: ColumnReader) -> ColumnReader:
    """Cells of the lines that meet the conditions; absent in the others, whatever stands in them."""

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        chosen = lines_that_meet(columns, conditions)
        if chosen is None:
            return read(columns, faults)
        lines = [line for line, is_met in enumerate(chosen) if is_met]
        cells: list[Cell] = [None] * len(chosen)
        if lines:
            found: list[LineFault] = []
            for line, cell in zip(lines, read(columns.only(chosen), found), strict=True):
                cells[line] = cell
            faults.extend((lines[line], fault) for line, fault in found)
        return cells

    return read_column


def masked(columns: Columns, conditions: Sequence[CsvCondition], cells: Sequence[Cell]) -> Sequence[Cell]:
    """The cells of the lines that meet the conditions, absent elsewhere."""
    chosen = lines_that_meet(columns, conditions)
    return cells if chosen is None else [cell if met else None for cell, met in zip(cells, chosen, strict=True)]


def same_everywhere(cell: Cell) -> Callable[[Columns, list[LineFault]], Sequence[Cell]]:
    """A column that holds one cell in every line."""
    return lambda columns, _: [cell] * len(columns.numbers)
