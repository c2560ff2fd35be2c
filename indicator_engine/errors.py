"""Errors of the indicator engine.

IndicatorEngineError
+-- DefinitionInvalid      an indicator definition or a predicate that cannot be accepted
+-- CodeListUnknown        a code list that is not shipped
+-- InvalidCounts          counts that cannot be a proportion or a rate
+-- PresetUnknown          a disclosure preset that is not declared
+-- EngineUnavailable      an engine that cannot run here
+-- CountsInvalid          an engine returned what is no table of counts
"""

from __future__ import annotations

from collections.abc import Sequence


class IndicatorEngineError(Exception):
    """Root of all errors of this package."""


class DefinitionInvalid(IndicatorEngineError):
    """An indicator definition is refused; `faults` lists every reason, each with its place."""

    def __init__(self, place: str, faults: Sequence[str]) -> None:
        self.place = place
        self.faults = tuple(faults)
        super().__init__(f"{place}: " + "; ".join(self.faults))


class CodeListUnknown(IndicatorEngineError):
    """A code list of this name is not shipped."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"code list '{name}' is not known; known lists: {', '.join(sorted(known))}")


class PresetUnknown(IndicatorEngineError):
    """A disclosure preset of this name is not declared."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"disclosure preset '{name}' is not known; known presets: {', '.join(known)}")


class InvalidCounts(IndicatorEngineError):
    """Counts that cannot be a proportion or a rate; `position` is the first bad place."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(f"{message} (first at position {position})")


class EngineUnavailable(IndicatorEngineError):
    """The engine asked for cannot run in this installation."""


class CountsInvalid(IndicatorEngineError):
    """A table of counts lacks a column, holds a duplicate key or a count below zero."""
