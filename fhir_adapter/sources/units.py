"""Units of measurement: how many of one are in another, from a table of UCUM units."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, what it measures and how many base units of this project it is."""

    code: str
    quantity: str
    factor: float


@cache
def units() -> Mapping[str, Unit]:
    """Every unit known, by its code."""
    lines = (resources.files("fhir_adapter.sources") / "ucum_units.csv").read_text("utf-8").splitlines()
    return {row["unit"]: Unit(row["unit"], row["quantity"], float(row["factor"])) for row in csv.DictReader(lines)}


def factor_between(unit: str, other: str) -> float | None:
    """How many of `other` one `unit` is; None when a unit is not known or they measure different things."""
    known = units()
    if unit not in known or other not in known or known[unit].quantity != known[other].quantity:
        return None
    return known[unit].factor / known[other].factor
