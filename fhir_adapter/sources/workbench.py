"""An adapter as its author has it: the folder, the mapping in it and its golden cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.golden_accept import accepted_text
from fhir_adapter.sources.golden_case import Difference, GoldenCase, differences_of, outcome_of, parse_case
from fhir_adapter.sources.registry import MANIFEST, Adapter, load_adapter

TESTS = "tests"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A golden case and the file that it is in."""

    file: Path
    text: str
    case: GoldenCase


@dataclass(frozen=True, slots=True)
class Bench:
    """One adapter with its folder and its cases."""

    folder: Path
    adapter: Adapter
    cases: tuple[CaseFile, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one test: nothing but cells that differ, or none."""

    adapter: str
    file: str
    title: str
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def open_bench(folder: Path) -> Bench:
    """The adapter of a folder and its cases; raises MappingInvalid with every fault."""
    if not (folder / MANIFEST).is_file():
        raise MappingInvalid(str(folder), [f"there is no {MANIFEST} here"])
    folder = folder.resolve()
    adapter = load_adapter(folder)
    return Bench(folder, adapter, tuple(case_files(folder)))


def case_files(folder: Path) -> list[CaseFile]:
    """The cases of an adapter in the order of their files; raises MappingInvalid with every fault of every one."""
    found: list[CaseFile] = []
    faults: list[str] = []
    for file in sorted((folder / TESTS).glob("*.yaml")):
        text = file.read_text("utf-8")
        try:
            found.append(CaseFile(file, text, parse_case(text, place=file.name)))
        except MappingInvalid as cause:
            faults.extend(f"{cause.place}: {fault}" for fault in cause.faults)
    if faults:
        raise MappingInvalid(f"{folder.name}/{TESTS}", faults)
    return found


def case_results(bench: Bench) -> list[CaseResult]:
    """What comes of each case of an adapter."""
    return [
        CaseResult(bench.adapter.name, each.file.name, each.case.title, tuple(differences_of(bench.adapter, each.case)))
        for each in bench.cases
    ]


def accept_results(bench: Bench) -> Sequence[Path]:
    """Write what the mapping gives into the cases that differ; gives the files that changed.

    Raises PayloadRefused for a case whose input the adapter refuses: there is nothing to accept.
    """
    changed: list[Path] = []
    for each in bench.cases:
        text = accepted_text(each.text, each.case, outcome_of(bench.adapter, each.case))
        if text != each.text:
            each.file.write_text(text, "utf-8")
            changed.append(each.file)
    return changed
