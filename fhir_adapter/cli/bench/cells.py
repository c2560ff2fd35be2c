"""The one shape in which every variant of counting gives its answer, so that they can be held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from indicator_engine.counts import CELL_COLUMNS, COUNT_COLUMNS, EVENT_COLUMNS, Counted
from indicator_engine.errors import CountsInvalid

INDICATORS: Mapping[str, tuple[str, ...]] = {
    "booking": ("BK03",),
    "delivery": ("LB01", "LB06"),
    "baby": ("BF01", "LB11", "MO01"),
}
DIMENSIONS = ("all", "eth5", "imd5", "age", "site")
COUNTED = tuple(column for column in CELL_COLUMNS if column != "version")
COUNTED_EVENTS = tuple(column for column in EVENT_COLUMNS if column != "version")
PLACE = ("month", "provider", "site")


@dataclass(frozen=True, slots=True)
class Answer:
    """cells: columns COUNTED, one row a cell that is not empty. events: columns COUNTED_EVENTS. In any order."""

    cells: pd.DataFrame
    events: pd.DataFrame


def flag_columns(indicator: str) -> list[str]:
    """Columns of a wide table that hold the three counts of an indicator."""
    return [f"{indicator.lower()}_{count}" for count in COUNT_COLUMNS]


def long_cells(wide: pd.DataFrame, indicators: Sequence[str], dimension: str) -> list[pd.DataFrame]:
    """One table an indicator from one row a cell: columns PLACE, `stratum` and the flag columns of each indicator."""
    parts = []
    for indicator in indicators:
        flags = flag_columns(indicator)
        part = wide.loc[wide[flags[0]] > 0, [*PLACE, "stratum", *flags]]
        part = part.rename(columns=dict(zip(flags, COUNT_COLUMNS, strict=True)))
        parts.append(part.assign(indicator=indicator, dimension=dimension))
    return parts


def answer_of(parts: Iterable[pd.DataFrame], events: pd.DataFrame) -> Answer:
    """All cells of a variant, with its events."""
    return Answer(pd.concat(parts, ignore_index=True)[list(COUNTED)], events[list(COUNTED_EVENTS)])


def engine_answer(counted: Counted) -> Answer:
    """What the engine gave, in the same shape."""
    return Answer(counted.counts.cells[list(COUNTED)], counted.events.events[list(COUNTED_EVENTS)])


def check_equal(expected: Answer, found: Answer, *, variant: str) -> None:
    """Raises CountsInvalid when a variant counts otherwise than the engine, in a single cell or event."""
    for what, left, right in (
        ("cells", expected.cells, found.cells),
        ("events", expected.events, found.events),
    ):
        if not _sorted(left).equals(_sorted(right)):
            raise CountsInvalid(f"bench: {what} of the engine and of {variant} differ; one of them counts wrongly")


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    words = {name: "str" for name in table.columns if name in {*PLACE[1:], "indicator", "dimension", "stratum"}}
    numbers = {name: "int64" for name in table.columns if name not in words}
    return table.astype(words | numbers).sort_values(list(table.columns), ignore_index=True)
