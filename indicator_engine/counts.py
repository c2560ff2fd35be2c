"""What leaves an engine: whole numbers only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicator_engine.errors import CountsInvalid

KEY_COLUMNS = ("indicator", "version", "month", "provider", "site", "dimension", "stratum")
COUNT_COLUMNS = ("population", "denominator", "numerator")
FLAGGED_COLUMNS = tuple(f"flagged_{name}" for name in COUNT_COLUMNS)
CELL_COLUMNS = (*KEY_COLUMNS, *COUNT_COLUMNS)
EVENT_COLUMNS = ("indicator", "version", "provider", "month", "place_in_whole", "place_in_provider")
NOT_ATTRIBUTED = ""
LARGEST_NUMBER = 2**62

CountRow = tuple[str, str, int, str, str, str, str, int, int, int]
EventRow = tuple[str, str, str, int, int, int]


def month_index(year: int, month: int) -> int:
    """Months since the year 0, so that months can be counted with: 2026-03 is 24314."""
    return year * 12 + month - 1


@dataclass(frozen=True, slots=True)
class CellPart:
    """Cells of one indicator and one dimension, as engines fetch them: arrays of one length.

    month: whole numbers. provider, site, stratum: text. counts: COUNT_COLUMNS, whole numbers.
    """

    indicator: str
    version: str
    dimension: str
    month: NDArray[Any]
    provider: NDArray[Any]
    site: NDArray[Any]
    stratum: NDArray[Any]
    counts: tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True)
class CountTable:
    """Counts of one run, one row a cell at the finest grain: month x provider x site x dimension x stratum.

    cells: columns CELL_COLUMNS; month is a month index; provider and site are "" where the record names none.
    Raises CountsInvalid when a column is missing, a key stands twice, or numerator <= denominator <= population
    and >= 0 does not hold.
    """

    cells: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in CELL_COLUMNS if name not in self.cells.columns]
        if missing:
            raise CountsInvalid(f"a table of counts lacks the columns {', '.join(missing)}")
        if not pd.Index(_cell_numbers(self.cells)).is_unique:
            raise CountsInvalid("a table of counts holds a cell twice")
        ordered = (
            (self.cells["numerator"] >= 0)
            & (self.cells["numerator"] <= self.cells["denominator"])
            & (self.cells["denominator"] <= self.cells["population"])
        )
        if not ordered.all():
            raise CountsInvalid("a table of counts breaks 0 <= numerator <= denominator <= population")

    @classmethod
    def of_rows(cls, rows: Iterable[CountRow]) -> CountTable:
        """Build from tuples in the order of CELL_COLUMNS; sorted, so that equal counts are equal tables."""
        return cls(_sorted_cells(pd.DataFrame(list(rows), columns=list(CELL_COLUMNS))))

    @classmethod
    def of_parts(cls, parts: Sequence[CellPart]) -> CountTable:
        """Build from columns; sorted in the same way."""
        return cls(_sorted_cells(pd.DataFrame(_stacked(parts), columns=list(CELL_COLUMNS))))

    def rows(self) -> list[CountRow]:
        """Tuples in the order of CELL_COLUMNS."""
        return list(self.cells[list(CELL_COLUMNS)].itertuples(index=False, name=None))


@dataclass(frozen=True, slots=True)
class EventTable:
    """Single events of rare indicators, by their place in the order of opportunities. Stays inside, always.

    events: columns EVENT_COLUMNS; one event a delivery. place_in_whole and place_in_provider say how many
    opportunities (births of the denominator) there had been, this one included, over the whole system and over the
    provider of the birth.
    """

    events: pd.DataFrame

    @classmethod
    def of_rows(cls, rows: Iterable[EventRow]) -> EventTable:
        """Build from tuples in the order of EVENT_COLUMNS; sorted."""
        events = pd.DataFrame(list(rows), columns=list(EVENT_COLUMNS))
        typed = events.astype({"month": "int64", "place_in_whole": "int64", "place_in_provider": "int64"})
        return cls(typed.sort_values(["indicator", "version", "place_in_whole"], ignore_index=True))

    def rows(self) -> list[EventRow]:
        """Tuples in the order of EVENT_COLUMNS."""
        return list(self.events[list(EVENT_COLUMNS)].itertuples(index=False, name=None))


@dataclass(frozen=True, slots=True)
class Counted:
    """All that one engine run gives.

    flagged: the same counts of those alone whom an open conflict leaves in doubt; cells without any are left out.
    """

    counts: CountTable
    events: EventTable
    flagged: CountTable = field(default_factory=lambda: CountTable.of_rows(()))

    def cells(self) -> pd.DataFrame:
        """All cells with COUNT_COLUMNS and FLAGGED_COLUMNS."""
        if self.flagged.cells.empty:
            return self.counts.cells.assign(**dict.fromkeys(FLAGGED_COLUMNS, 0))
        named = dict(zip(COUNT_COLUMNS, FLAGGED_COLUMNS, strict=True))
        joined = self.counts.cells.merge(self.flagged.cells.rename(columns=named), on=list(KEY_COLUMNS), how="left")
        return joined.assign(**{name: joined[name].fillna(0).astype("int64") for name in FLAGGED_COLUMNS})


@dataclass(frozen=True, slots=True)
class MonthRange:
    """Months to count, both ends included, as month indexes; None is open."""

    first: int | None = None
    last: int | None = None


def _stacked(parts: Sequence[CellPart]) -> dict[str, NDArray[Any]]:
    """Columns of all parts; what is the same for a whole part is written on each of its cells."""
    lengths = [len(each.month) for each in parts]
    one_a_part = {name: [getattr(each, name) for each in parts] for name in ("indicator", "version", "dimension")}
    one_a_cell = {name: [getattr(each, name) for each in parts] for name in ("month", "provider", "site", "stratum")}
    counts = {name: [each.counts[place] for each in parts] for place, name in enumerate(COUNT_COLUMNS)}
    repeated = {name: np.repeat(np.array(words, dtype=object), lengths) for name, words in one_a_part.items()}
    joined = {name: np.concatenate([[], *arrays]) for name, arrays in (one_a_cell | counts).items()}
    return repeated | joined


def _sorted_cells(cells: pd.DataFrame) -> pd.DataFrame:
    typed = cells.astype({"month": "int64"} | dict.fromkeys(COUNT_COLUMNS, "int64"))
    order = np.argsort(_cell_numbers(typed), kind="stable")
    return typed.take(order).reset_index(drop=True)


def _cell_numbers(cells: pd.DataFrame) -> NDArray[np.int64]:
    """A number for the key of each cell: equal for equal keys, and in the order of the keys."""
    numbers, size = np.zeros(len(cells), dtype=np.int64), 1
    for name in KEY_COLUMNS:
        codes, found = pd.factorize(cells[name], sort=True)
        if size * len(found) > LARGEST_NUMBER:
            numbers = np.unique(numbers, return_inverse=True)[1].astype(np.int64)
            size = len(cells)
        numbers, size = numbers * len(found) + codes, size * len(found)
    return numbers


def gather(cells: Sequence[CountRow], events: Sequence[EventRow], flagged: Sequence[CountRow] = ()) -> Counted:
    """The tables of a run from rows."""
    return Counted(CountTable.of_rows(cells), EventTable.of_rows(events), CountTable.of_rows(flagged))


def gather_parts(parts: Sequence[CellPart], events: Sequence[EventRow], flagged: Sequence[CellPart] = ()) -> Counted:
    """The tables of a run from the columns that an engine fetched."""
    return Counted(CountTable.of_parts(parts), EventTable.of_rows(events), CountTable.of_parts(flagged))
