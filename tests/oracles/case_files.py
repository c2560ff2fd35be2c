"""Reads oracle case files of two formats: lists of cases of a statistic, and control charts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"

CHART_SCHEMA = "spc-oracle/1"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may lie from the oracle's: `absolute` + `relative` times the oracle's size."""

    relative: float
    absolute: float


@dataclass(frozen=True, slots=True)
class OracleCase:
    """One case: which statistic or chart, and what the file says of it."""

    file: Path
    is_chart: bool
    name: str
    statistic: str
    content: JsonObject
    tolerance: Tolerance


def cases_below(folder: Path) -> list[OracleCase]:
    """Every case of every case file below a folder, in the order of the files' paths.

    Raises pytest.UsageError when there is none: a folder that was mistyped must not pass.
    """
    cases = [case for path in sorted(folder.rglob("*.json")) for case in _cases_of(path)]
    if not cases:
        raise pytest.UsageError(f"no oracle case below {folder}: give a folder of case files to --oracles")
    return cases


def _cases_of(path: Path) -> list[OracleCase]:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        return []
    if document.get("schema") == CHART_SCHEMA:
        return _chart_cases(path, document)
    if "statistic" in document and "cases" in document:
        return _statistic_cases(path, document)
    return []


def _statistic_cases(path: Path, document: JsonObject) -> list[OracleCase]:
    entries = document["cases"]
    assert isinstance(entries, list)
    return [_statistic_case(path, document, entry) for entry in entries if isinstance(entry, dict)]


def _statistic_case(path: Path, document: JsonObject, entry: JsonObject) -> OracleCase:
    tolerance = _tolerance(document.get("tolerance"), entry.get("tolerance"))
    return OracleCase(path, False, str(entry["case"]), str(document["statistic"]), entry, tolerance)


def _chart_cases(path: Path, document: JsonObject) -> list[OracleCase]:
    tolerance = _tolerance(document.get("tolerance"), None)
    series = document.get("series")
    if isinstance(series, list):
        return [
            OracleCase(path, True, f"series {number}", f"{document['case']} series", entry, tolerance)
            for number, entry in enumerate(series, start=1)
            if isinstance(entry, dict)
        ]
    return [OracleCase(path, True, str(document["case"]), "chart", document, tolerance)]


def _tolerance(of_file: Json, of_case: Json) -> Tolerance:
    stated: JsonObject = {}
    stated.update(of_file if isinstance(of_file, dict) else {})
    stated.update(of_case if isinstance(of_case, dict) else {})
    return Tolerance(relative=_number(stated.get("rel")), absolute=_number(stated.get("abs")))


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
