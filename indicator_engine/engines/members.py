"""Who is in which population: single units, to hold a definition against a known answer. They never leave the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias


class Member(NamedTuple):
    """One counted entity by its key, and the populations of an indicator that it is in.

    exclusion: it is in the denominator and taken out of it again, so it is not in the numerator.
    """

    entity: str
    population: bool
    denominator: bool
    exclusion: bool
    numerator: bool

    @property
    def counted(self) -> tuple[bool, bool, bool]:
        """As it is counted: population, denominator without the exclusion, numerator."""
        return self.population, self.denominator and not self.exclusion, self.numerator


Members: TypeAlias = Mapping[str, Sequence[Member]]
"""Indicator -> its members, in the order of their keys."""
