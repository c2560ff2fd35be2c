"""Cells of a table to rows: one Python expression a table, written from the names of its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from fhir_adapter.sources.records import Cell

RowsFunction: TypeAlias = Callable[[int, Sequence[Sequence[Cell]]], list[dict[str, Cell]]]


def compile_row_builder(table: str, cells: Sequence[tuple[str, Cell]], read: frozenset[str]) -> RowsFunction:
    """A function that gives a row for each line out of the number of lines and the columns of cells.

    cells: name of each column and what every row holds in it. read: columns that come from the file instead, given
    in the order of `cells`. Names and values enter the source through `repr`.
    """
    names = {name: f"cell{at}" for at, (name, _) in enumerate(cells) if name in read}
    items = ", ".join(f"{name!r}: {names.get(name, repr(fixed))}" for name, fixed in cells)
    head = "".join(f"{name}, " for name in names.values())
    loop = f"for {head} in zip(*columns)" if names else "for _ in range(lines)"
    namespace: dict[str, Any] = {"__builtins__": {"zip": zip, "range": range}}
    source = f"def rows(lines, columns):\n    return [{{{items}}} {loop}]\n"
    exec(compile(source, f"<rows of {table}>", "exec"), namespace)  # noqa: S102 - written above from checked names
    function: RowsFunction = namespace["rows"]
    return function
