"""The first line of a file: which columns it has, and where the ones that are read stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import CsvFormat
from fhir_adapter.sources.csv_plan import CsvPlan
from fhir_adapter.sources.issues import Issue, Severity


@dataclass(frozen=True, slots=True)
class HeaderPlan:
    """width: cells of a line. places: where each read column stands, None for one that the file lacks."""

    width: int
    places: tuple[int | None, ...]
    issues: tuple[Issue, ...]


def header_names(header: Sequence[str], aliases: Mapping[str, str]) -> list[str]:
    """The names of a header under the names that the mapping uses."""
    plain = [name.strip().removeprefix("\ufeff") for name in header]
    return [aliases.get(name, name) for name in plain]


def plan_header(plan: CsvPlan, header: Sequence[str], *, name: str) -> HeaderPlan:
    """Where the columns stand. Raises PayloadRefused when a column that the adapter lives by is missing or given twice.

    A column is named by place when it is not known: a file without a header has a patient's values in its first line.
    """
    names = header_names(header, plan.format.aliases)
    repeated = sorted({each for each in names if each in plan.headers and names.count(each) > 1})
    if repeated:
        text = f"columns given twice: {', '.join(repeated)}; leave one of each"
        raise PayloadRefused("csv.column-repeated", f"{name}:1", text)
    missing = [each for each in plan.headers if each not in names]
    lacking = [each for each in missing if each in plan.required]
    if lacking:
        text = f"the header lacks {', '.join(lacking)}; check the delimiter, or choose another adapter"
        raise PayloadRefused("csv.column-missing", f"{name}:1", text)
    issues = [*missing_issues(missing, plan.format, name), *unknown_issues(names, plan, name)]
    places = tuple(names.index(each) if each in names else None for each in plan.headers)
    return HeaderPlan(len(names), places, tuple(issues))


def missing_issues(missing: Sequence[str], written: CsvFormat, name: str) -> list[Issue]:
    """A warning for each column that is read and not there; optional ones may be absent without a word."""
    text = "the header has no such column; its values count as absent"
    return [
        Issue(Severity.WARNING, "csv.column-missing", f"{name}:1 column {each}", text)
        for each in missing
        if each not in written.optional
    ]


def unknown_issues(names: Sequence[str], plan: CsvPlan, name: str) -> list[Issue]:
    """A word on each column that no rule reads."""
    text = "no rule reads this column; map it, or leave it out of the file"
    return [
        Issue(Severity.INFORMATION, "csv.column-unknown", f"{name}:1 column {place}", text)
        for place, each in enumerate(names, start=1)
        if each not in plan.headers
    ]
