"""Birth weight by sex and week of gestation: mean and standard deviation, from a file that a site may replace."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

DAYS_IN_WEEK = 7


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
    lines = (resources.files("indicator_engine") / "rules" / "growth_reference.csv").read_text("utf-8").splitlines()
    return tuple(_mean(row) for row in csv.DictReader(lines))


def _mean(row: dict[str, str]) -> GrowthMean:
    first = int(row["week"]) * DAYS_IN_WEEK
    return GrowthMean(row["sex"], first, first + DAYS_IN_WEEK - 1, float(row["mean_g"]), float(row["deviation_g"]))
