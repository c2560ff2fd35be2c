"""The steps by which rows of a table come about, as data: what a manifest says, with places in place of names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.timing import Timing

Fact: TypeAlias = tuple[int, tuple[Any, ...]]  # entry of the bundle, row of a view
Reader: TypeAlias = Callable[[Sequence[Any]], Cell]


@dataclass(frozen=True, slots=True)
class CellStep:
    """One cell to read. text: path of the value in the resource. ranks: preference among several values.

    fixed: what every row holds here, when the manifest gives the value itself. severity: of a value that is no cell.
    """

    target: str
    read: Reader
    text: str
    is_set: bool
    is_required: bool
    ranks: Mapping[object, int]
    fixed: str | None = None
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class SpineStep:
    """A view whose rows begin rows; `when` is the view that must have rows as well."""

    slot: int
    when: int | None
    cells: tuple[CellStep, ...]


@dataclass(frozen=True, slots=True)
class ViewJoin:
    """Cells from the rows of a view; `matches` pairs its place with a column of the row.

    timing: which of the facts that match belong to a row by when they were; None when that does not matter.
    """

    slot: int
    matches: tuple[tuple[int, str], ...]
    fill: bool
    cells: tuple[CellStep, ...]
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class TableJoin:
    """Cells from rows put together before; `matches` pairs its column with a column of the row."""

    table: str
    matches: tuple[tuple[str, str], ...]
    fill: bool
    cells: tuple[CellStep, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsPlan:
    """How rows of one table come about. key: empty for a working table. when: columns that every row must have."""

    table: str
    key: tuple[str, ...]
    spine: tuple[SpineStep, ...]
    joins: tuple[ViewJoin | TableJoin, ...]
    required: tuple[CellStep, ...]
    when: tuple[str, ...] = ()
