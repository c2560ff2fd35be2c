"""Birth weight by sex and week of gestation: mean and standard deviation, from a file that a site may replace."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from indicator_engine.errors import DefinitionInvalid

DAYS_IN_WEEK = 7
NAME = "growth_reference.csv"
COLUMNS = ("sex", "week", "mean_g", "deviation_g")
SEXES = ("1", "2")  # male and female, as in person.sex


@dataclass(frozen=True, slots=True)
class GrowthMean:
    """Mean and standard deviation of the birth weight in grams, of one sex and one completed week (days inclusive)."""

    sex: str
    first_day: int
    last_day: int
    mean_g: float
    deviation_g: float


@cache
def growth_means() -> tuple[GrowthMean, ...]:
    """Every row of `rules/growth_reference.csv`, whose page of origin says where the numbers are from."""
    return read_growth_means((resources.files("indicator_engine") / "rules" / NAME).read_text("utf-8"))


def read_growth_means(text: str) -> tuple[GrowthMean, ...]:
    """Means of a file with the columns sex, week, mean_g and deviation_g; raises DefinitionInvalid with every fault."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise DefinitionInvalid(NAME, [f"the columns are {', '.join(COLUMNS)}"])
    rows = list(reader)
    faults = [f"line {line}: {fault}" for line, row in enumerate(rows, start=2) for fault in _faults(row)]
    if faults:
        raise DefinitionInvalid(NAME, faults)
    return tuple(_mean(row) for row in rows)


def _faults(row: dict[str, str]) -> Iterator[str]:
    if row["sex"] not in SEXES:
        yield f"sex is one of {', '.join(SEXES)}"
    if not str(row["week"]).isdigit():
        yield "week is a completed week, such as 39"
    for column in ("mean_g", "deviation_g"):
        try:
            is_weight = float(row[column]) > 0
        except (TypeError, ValueError):
            is_weight = False
        if not is_weight:
            yield f"{column} is a number of grams above zero"


def _mean(row: dict[str, str]) -> GrowthMean:
    first = int(row["week"]) * DAYS_IN_WEEK
    return GrowthMean(row["sex"], first, first + DAYS_IN_WEEK - 1, float(row["mean_g"]), float(row["deviation_g"]))
