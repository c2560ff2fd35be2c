"""What a bench gives: the machine, and one row a measured ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MachineFacts = Mapping[str, str | int | float | None]
BENCH_COLUMNS = ("name", "work", "seconds", "floor", "floor seconds", "ratio", "bar", "ok")


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One piece of work against its floor.

    work, floor: in words, with their size; floor is None where there is nothing to compare with.
    ratio: seconds over floor_seconds, or, where `at_least`, floor_seconds over seconds: how many times faster.
    bar: what the ratio may be at most (or must be at least); None where none is set.
    """

    name: str
    work: str
    seconds: float
    floor: str | None = None
    floor_seconds: float | None = None
    bar: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """How the work compares with its floor."""
        if self.floor_seconds is None:
            return None
        return self.floor_seconds / self.seconds if self.at_least else self.seconds / self.floor_seconds

    @property
    def ok(self) -> bool:
        """Whether no bar is missed."""
        ratio = self.ratio
        if ratio is None or self.bar is None:
            return True
        return ratio >= self.bar if self.at_least else ratio <= self.bar

    def document(self) -> dict[str, str | float | bool | None]:
        """The row as it stands in the JSON document."""
        return {
            "name": self.name,
            "work": self.work,
            "seconds": self.seconds,
            "floor": self.floor,
            "floor_seconds": self.floor_seconds,
            "ratio": self.ratio,
            "bar": self.bar,
            "ok": self.ok,
        }

    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of BENCH_COLUMNS."""
        sign = "≥" if self.at_least else "≤"
        return (
            self.name,
            self.work,
            _number(self.seconds),
            self.floor or "",
            _number(self.floor_seconds),
            _number(self.ratio),
            "" if self.bar is None else f"{sign} {self.bar:g}",
            "yes" if self.ok else "no",
        )


@dataclass(frozen=True, slots=True)
class BenchReport:
    """Everything one run measured."""

    machine: MachineFacts
    rows: tuple[BenchRow, ...]

    def document(self) -> dict[str, object]:
        """The report as one JSON document: `machine` and `rows`."""
        return {"machine": dict(self.machine), "rows": [row.document() for row in self.rows]}

    def table(self) -> list[tuple[str, ...]]:
        """The heading and a line a row, for a terminal."""
        return [BENCH_COLUMNS, *(row.cells() for row in self.rows)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
