"""Errors of the synthetic world.

SyntheticBundlesError
+-- ScenarioUnknown     no scenario of that name is shipped
+-- ScenarioInvalid     a scenario file that cannot be accepted; lists every fault
+-- WorldRefused        a size or a period of which no world can be made
+-- FormatUnknown       an output format that is not written
+-- FaultLevelUnknown   no level of faults of that name is shipped
+-- FaultLevelInvalid   a file of a level of faults that cannot be accepted; lists every reason
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


class SyntheticBundlesError(Exception):
    """Root of all errors of this package."""


class ScenarioUnknown(SyntheticBundlesError):
    """No scenario of this name is shipped."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"scenario '{name}' is not known; choose one of: {', '.join(known)}")


class ScenarioInvalid(SyntheticBundlesError):
    """A scenario file is refused; `faults` lists every reason with its place in the file."""

    def __init__(self, place: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{place}: " + "; ".join(self.faults))


class WorldRefused(SyntheticBundlesError):
    """The size or the period asked for cannot be made; the text says what can."""


class FormatUnknown(SyntheticBundlesError):
    """An output format that is not written here."""

    def __init__(self, unknown: Collection[str], known: Collection[str]) -> None:
        super().__init__(f"format {', '.join(sorted(unknown))} is not known; choose from: {', '.join(sorted(known))}")


class FaultLevelUnknown(SyntheticBundlesError):
    """No level of faults of this name is shipped."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"level of faults '{name}' is not known; choose one of: {', '.join(known)}")


class FaultLevelInvalid(SyntheticBundlesError):
    """A file of a level of faults is refused; the text lists every reason with its place in the file."""

    def __init__(self, place: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{place}: " + "; ".join(reasons))
