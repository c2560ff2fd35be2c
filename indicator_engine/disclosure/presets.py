"""Disclosure presets: how small counts are treated, as data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from indicator_engine.errors import PresetUnknown

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Replacement(BaseModel):
    """Counts of a closed range that are all published as one number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    range: tuple[int, int]
    by: int


class Preset(BaseModel):
    """One set of rules. None switches a rule off.

    significant_figures: rounding of statistics and chart limits. fewest_events, fewest_strata: below these, a
    statistic over several strata is withheld. internal_only: never for a public audience.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    confidence: str
    masked: tuple[int, int] | None = None
    replaced: Replacement | None = None
    round_to: int = 1
    significant_figures: int | None = None
    fewest_events: int = 0
    fewest_strata: int = 0
    internal_only: bool = False

    def is_masked(self, counts: Counts) -> Flags:
        """Which counts are withheld."""
        if self.masked is None:
            return np.zeros(counts.shape, dtype=np.bool_)
        return np.asarray((counts >= self.masked[0]) & (counts <= self.masked[1]), dtype=np.bool_)

    def is_protected(self, counts: Counts) -> Flags:
        """Which counts are not to be found out: those withheld, and those published as another number."""
        if self.replaced is None:
            return self.is_masked(counts)
        first, last = self.replaced.range
        return np.asarray(self.is_masked(counts) | ((counts >= first) & (counts <= last)), dtype=np.bool_)

    def at_most(self, counts: Counts) -> Counts:
        """The largest number that each count may be, by what is shown of it."""
        ranges = [self.masked] if self.replaced is None else [self.masked, self.replaced.range]
        largest = max((last for each in ranges if each is not None for last in each[1:]), default=0)
        return np.where(self.is_protected(counts), largest, self.disclosed(counts))

    def disclosed(self, counts: Counts) -> Counts:
        """Counts as they may be shown; masked ones are to be withheld by the caller."""
        rounded = (2 * counts + self.round_to) // (2 * self.round_to) * self.round_to
        if self.replaced is None:
            return rounded
        first, last = self.replaced.range
        return np.where((counts >= first) & (counts <= last), self.replaced.by, rounded)

    def rounded(self, value: float) -> float:
        """A statistic to the preset's significant figures."""
        figures = value if self.significant_figures is None else float(f"{value:.{self.significant_figures}g}")
        return figures + 0.0  # minus zero is no number to publish


def preset_named(name: str) -> Preset:
    """The preset of this name; raises PresetUnknown with those that are known."""
    presets = _presets()
    if name not in presets:
        raise PresetUnknown(name, preset_names())
    return presets[name]


def preset_names() -> tuple[str, ...]:
    """Names of all presets that are shipped."""
    return tuple(_presets())


@cache
def _presets() -> Mapping[str, Preset]:
    text = (resources.files("indicator_engine") / "definitions" / "presets.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, Preset]).validate_python(yaml.safe_load(text))
