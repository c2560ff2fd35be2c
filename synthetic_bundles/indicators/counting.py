"""From units to counts by month, place, dimension and stratum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.indicators.units import Groups, Units

COUNTS = ("population", "denominator", "numerator")
CELL = ("month", "provider", "site", "dimension", "stratum", "value")
NO_VALUE = -1  # of a unit that is counted and not measured
WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Part:
    """Units of one kind with what each adds to the counts. value: of a histogram, NO_VALUE elsewhere."""

    units: Units
    population: Integers
    denominator: Integers
    numerator: Integers
    value: Integers


Counted = Sequence[Part]


def share(units: Units, population: Flags, denominator: Flags, numerator: Flags) -> Counted:
    """Units of the numerator among those of the denominator, among those of the population."""
    inside = population & denominator
    return (_part(units, population, inside, inside & numerator),)


def ratio(below: Units, is_below: Flags, above: Units, is_above: Flags) -> Counted:
    """Units of one kind over units of another, each in its own month."""
    none_below, none_above = np.zeros(len(below), dtype=bool), np.zeros(len(above), dtype=bool)
    return (_part(below, is_below, is_below, none_below), _part(above, none_above, none_above, is_above))


def histogram(units: Units, is_counted: Flags, value: Integers) -> Counted:
    """How many units have each value: the three counts are the same."""
    return (_part(units, is_counted, is_counted, is_counted, value),)


def cells(counted: Counted, dimensions: Iterable[str]) -> pd.DataFrame:
    """Counts in every cell that holds any unit, with the columns of CELL and COUNTS; by dimension in their order."""
    placed = [_placed(part) for part in counted]
    columns = [_of_dimension(each, dimension) for dimension in dimensions for each in placed]
    joined = pd.DataFrame({name: np.concatenate([each[name] for each in columns]) for name in (*CELL, *COUNTS)})
    if len(counted) == 1:
        return joined
    return joined.groupby(list(CELL), as_index=False, sort=False)[list(COUNTS)].sum()


def _part(units: Units, population: Flags, denominator: Flags, numerator: Flags, value: Integers | None = None) -> Part:
    return Part(
        units,
        population.astype(np.int64),
        denominator.astype(np.int64),
        numerator.astype(np.int64),
        np.full(len(units), NO_VALUE) if value is None else value,
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A part without the units that add nothing. place: position of each unit among the distinct places."""

    part: Part
    rows: Integers
    place: Integers
    places: Mapping[str, NDArray[Any]]
    sums: Mapping[str, Integers]


def _placed(part: Part) -> _Placed:
    rows = np.flatnonzero(part.population + part.denominator + part.numerator)
    units = part.units
    axes = {
        "month": _axis(units.month[rows].astype(np.int64)),
        "provider": units.provider.at(rows),
        "site": units.site.at(rows),
        "value": _axis(part.value[rows]),
    }
    found, place = _combined(list(axes.values()))
    names = {name: axis.names[position] for (name, axis), position in zip(axes.items(), found, strict=True)}
    names["month"] = names["month"].astype("M8[M]").astype("U7")
    return _Placed(part, rows, place, names, {name: getattr(part, name)[rows] for name in COUNTS})


def _of_dimension(placed: _Placed, dimension: str) -> dict[str, NDArray[Any]]:
    rows = placed.rows
    groups = _whole(len(rows)) if dimension == WHOLE else placed.part.units.groups[dimension].at(rows)
    place = Groups(np.arange(len(placed.places["month"])), placed.place)
    (place_of, stratum_of), cell = _combined([place, groups])
    sums = {
        name: np.bincount(cell, weights=added, minlength=len(place_of)).astype(np.int64)
        for name, added in placed.sums.items()
    }
    names = {name: column[place_of] for name, column in placed.places.items()}
    return {**names, "dimension": np.full(len(place_of), dimension), "stratum": groups.names[stratum_of], **sums}


def _combined(axes: Sequence[Groups]) -> tuple[Sequence[Integers], Integers]:
    """The distinct combinations, as positions on each axis, and the combination of each row."""
    sizes = [max(len(axis.names), 1) for axis in axes]
    key = np.ravel_multi_index([axis.codes for axis in axes], sizes)
    # The axes are short, so marking every possible key is far quicker than sorting the rows.
    is_found = np.zeros(int(np.prod(sizes)), dtype=bool)
    is_found[key] = True
    found = np.flatnonzero(is_found)
    return np.unravel_index(found, sizes), np.asarray(np.cumsum(is_found)[key] - 1)


def _axis(numbers: Integers) -> Groups:
    names, codes = np.unique(numbers, return_inverse=True)
    return Groups(names, codes)


def _whole(rows: int) -> Groups:
    return Groups(np.array([WHOLE]), np.zeros(rows, dtype=np.int64))
