"""What a world gives beside the published figures that it was drawn from: the values and how sure each is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import TypeAlias

import numpy as np

from synthetic_bundles.chance import Flags, Floats, Integers
from synthetic_bundles.figures import Figure, Shares
from synthetic_bundles.tables import World

NORMAL_95 = 1.959963984540054  # two-sided 95 % point of the normal distribution
MOST_STANDARD_ERRORS = 4.0  # a drawn value further off than this is no chance over the some 200 of the page

Source: TypeAlias = Figure | Shares


class Origin(StrEnum):
    """How a value of the world comes from its figure."""

    DRAWN = "drawn"  # the chance of every unit follows the figure alone
    CONDITIONAL = "conditional"  # the figure holds for some units, or something else decides as well
    FITTED = "fitted"  # a model was chosen so that the figure comes out roughly
    RULE = "rule"  # there is no figure


class Unit(StrEnum):
    """What values are shown in."""

    PER_CENT = "%"
    PER_THOUSAND = "per 1,000"
    PLAIN = ""

    @property
    def scale(self) -> float:
        return {Unit.PER_CENT: 100.0, Unit.PER_THOUSAND: 1000.0, Unit.PLAIN: 1.0}[self]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One value of the world beside the published one, both in the figure's own unit.

    published: absent where the world follows a rule. lower, upper: 95 % interval of the world's value. standard_error:
    of the world's value, were the published one true.
    """

    label: str
    published: float | None
    world: float
    lower: float
    upper: float
    standard_error: float
    figure: Source | None
    origin: Origin

    @property
    def standard_errors_off(self) -> float:
        """Distance of the world's value from the published one, in standard errors; 0 where none is published."""
        return 0.0 if self.published is None else abs(self.world - self.published) / self.standard_error


@dataclass(frozen=True, slots=True)
class Panel:
    """Comparisons that one plot shows. key: name of its file. axis: what the values are, with their unit."""

    key: str
    title: str
    axis: str
    unit: Unit
    scenario: str
    rows: tuple[Comparison, ...]
    note: str = ""
    is_logarithmic: bool = False


def end_of(world: World) -> np.datetime64:
    """The first day of which nothing is known."""
    end: np.datetime64 = (world.last_month + 1).astype("M8[D]")
    return end


def share(
    label: str, happened: Flags, figure: Source | None, published: float | None, *, origin: Origin = Origin.DRAWN
) -> Comparison:
    """Share of the units in which something happened, with its Wilson interval. happened: shape (n,), n > 0."""
    trials, world = len(happened), float(happened.mean())
    lower, upper = _wilson_interval(world, trials)
    chance = world if published is None else published
    error = sqrt(chance * (1 - chance) / trials)
    return Comparison(label, published, world, lower, upper, error, figure, origin)


def drawn(label: str, happened: Flags, figure: Figure) -> Comparison:
    """Share of the units in which something happened whose chance is the figure."""
    return share(label, happened, figure, figure.value)


def expected(label: str, happened: Flags, chance: Floats, figure: Source) -> Comparison:
    """Share of the units in which something happened, beside the mean of the chances that figure and scenario give."""
    return share(label, happened, figure, float(chance.mean()))


def divided(
    values: Iterable[str], figure: Shares, *, prefix: str = "", origin: Origin = Origin.DRAWN
) -> tuple[Comparison, ...]:
    """Share of each name of a figure among the units. values: the name of each unit, one a unit."""
    names = np.asarray(list(values))
    total = sum(figure.weights)
    return tuple(
        share(f"{prefix}{name}", names == name, figure, weight / total, origin=origin)
        for name, weight in figure.shares.items()
    )


def mean(label: str, values: Floats, figure: Source, published: float, *, origin: Origin = Origin.DRAWN) -> Comparison:
    """Mean of the values with its normal interval. values: shape (n,), n > 1."""
    return _normal(
        label, float(values.mean()), float(values.std(ddof=1)) / sqrt(len(values)), figure, published, origin
    )


def geometric_mean(label: str, values: Floats, figure: Source, published: float, *, log_spread: float) -> Comparison:
    """Geometric mean of the values, which is the median of log-normal ones. values: shape (n,), n > 0, above zero.

    log_spread: standard deviation of the logarithm that the values were drawn with.
    """
    error = published * log_spread / sqrt(len(values))
    return _normal(label, float(np.exp(np.log(values).mean())), error, figure, published, Origin.DRAWN)


def spread(label: str, values: Floats, figure: Source, published: float) -> Comparison:
    """Standard deviation of normal values. values: shape (n,), n > 1."""
    error = published / sqrt(2 * (len(values) - 1))
    return _normal(label, float(values.std(ddof=1)), error, figure, published, Origin.DRAWN)


def clustered_share(label: str, happened: Flags, cluster: Integers) -> Comparison:
    """Share of units that come in clusters, such as the days of a baby, whose units are alike.

    cluster: number of the cluster of each unit. The error is that of a ratio estimator over clusters.
    """
    world = float(happened.mean())
    residual = np.bincount(cluster, weights=happened - world)
    error = sqrt(float((residual**2).sum())) / len(happened)
    return _normal(label, world, error, None, None, Origin.RULE)


def _normal(
    label: str, world: float, error: float, figure: Source | None, published: float | None, origin: Origin
) -> Comparison:
    lower, upper = world - NORMAL_95 * error, world + NORMAL_95 * error
    return Comparison(label, published, world, lower, upper, error, figure, origin)


def _wilson_interval(world: float, trials: int) -> tuple[float, float]:
    """Source: Wilson 1927, JASA 22, 209-212."""
    square = NORMAL_95**2 / trials
    middle = (world + square / 2) / (1 + square)
    half = NORMAL_95 * sqrt(world * (1 - world) / trials + square / (4 * trials)) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)
