"""A test of a mapping as data: an input, and the rows and issues that it must give."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.adapter import BundleManifest, ManifestModel
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.csv_text import read_header
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.recognition import fits_bundle, fits_header
from fhir_adapter.sources.records import Cell, MappedRecord
from fhir_adapter.sources.registry import Adapter
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.sources.view import pydantic_faults
from indicator_engine.tables import TABLES

FILE_NAME = "input.csv"  # stands for the name of the file in places of faults
DIGEST = "digest"  # stands for that of the payload in keys
IDENTITIES, ISSUES, RECOGNISED, REFUSED, SOURCES = "identities", "issues", "recognised", "refused", "sources"

PresentRow = Mapping[str, Cell]


class ExpectedIssue(ManifestModel):
    """An issue that the input must give. severity: left out, it is not compared."""

    code: str
    location: str
    severity: Severity | None = None


class GoldenCase(ManifestModel):
    """One case: `bundle` or `csv` in, rows (absent cells left out) and issues out, none more and none less.

    identities: as rows, with `person_source_key` and `role`; left out, they are not compared.
    recognised: whether the adapter must know the input for its own.
    sources: the feed of each record, which names the provider; left out, they are not compared.
    strange_headers: first lines of files that the adapter must not know for its own.
    """

    title: str
    bundle: Mapping[str, Any] | None = None
    csv: str | None = None
    rows: Mapping[str, Sequence[PresentRow]]
    identities: Sequence[Mapping[str, str | None]] | None = None
    issues: Sequence[ExpectedIssue] = ()
    recognised: bool = True
    sources: Sequence[str] | None = None
    strange_headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an adapter makes of the input of a case, in the form in which a case expects it. rows: with their keys.

    severities: of each issue, in their order. claimed_headers: the strange headers that it takes for its own.
    """

    rows: Mapping[str, Sequence[PresentRow]]
    identities: Sequence[Mapping[str, str]]
    issues: Sequence[tuple[str, str]]
    recognised: bool
    sources: Sequence[str]
    severities: Sequence[Severity]
    claimed_headers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that is not what the case expects. row: its key; of an issue, its place, and the code as column.

    expected, got: None for what is not there.
    """

    table: str
    row: str
    column: str
    expected: Cell
    got: Cell

    def __str__(self) -> str:
        place = " ".join(each for each in (self.table, self.row, self.column) if each)
        return f"{place}: expected {shown(self.expected)}, got {shown(self.got)}"


def shown(cell: Cell) -> str:
    """A cell as text; a text in quotation marks, so that '1' and 1 differ."""
    return "nothing" if cell is None else repr(cell)


def parse_case(text: str, *, place: str) -> GoldenCase:
    """A case out of its YAML; raises MappingInvalid with every fault."""
    return case_of(read_yaml(text, place=place), place=place)


def case_of(written: object, *, place: str) -> GoldenCase:
    """A case out of what was read; raises MappingInvalid with every fault."""
    try:
        case = GoldenCase.model_validate(written)
    except ValidationError as cause:
        raise MappingInvalid(place, pydantic_faults(cause)) from cause
    if (case.bundle is None) == (case.csv is None):
        raise MappingInvalid(place, ["give either `bundle` or `csv`"])
    return case


def run_case(adapter: Adapter, case: GoldenCase) -> list[str]:
    """Every difference between what the mapping gives and what the case expects; empty when it passes."""
    return [str(each) for each in differences_of(adapter, case)]


def differences_of(adapter: Adapter, case: GoldenCase) -> list[Difference]:
    """Every difference by cell; an input that is refused is one."""
    try:
        return compared(case, outcome_of(adapter, case))
    except PayloadRefused as refusal:
        return [Difference(REFUSED, refusal.location, refusal.code, None, refusal.text)]


def outcome_of(adapter: Adapter, case: GoldenCase) -> Outcome:
    """What the adapter makes of the input of the case. Raises PayloadRefused."""
    found = outcome_of_records(mapped_records(adapter, case), recognised=is_recognised(adapter, case))
    return replace(found, claimed_headers=claimed_headers(adapter, case)) if case.strange_headers else found


def outcome_of_records(records: Sequence[MappedRecord], *, recognised: bool) -> Outcome:
    """Records in the form in which a case expects them."""
    fields = [each._asdict() for record in records for each in record.identities]
    return Outcome(
        rows={table: present_rows(found) for table, found in merged_rows(records).items() if found},
        identities=[{name: str(value) for name, value in each.items() if value is not None} for each in fields],
        issues=[(issue.code, issue.location) for issue in merged_issues(records)],
        recognised=recognised,
        sources=[record.source for record in records],
        severities=[issue.severity for issue in merged_issues(records)],
    )


def is_recognised(adapter: Adapter, case: GoldenCase) -> bool:
    """Whether the adapter knows the input of the case for its own."""
    if case.bundle is not None:
        return isinstance(adapter.manifest, BundleManifest) and fits_bundle(adapter.manifest.recognise, case.bundle)
    return bool(str(case.csv).strip()) and is_known_header(adapter, encoded(adapter, case))


def is_known_header(adapter: Adapter, content: bytes) -> bool:
    """Whether the adapter knows a file for its own by its first line."""
    plan = adapter.csv_plan
    return plan is not None and fits_header((plan, *plan.others), read_header(io.BytesIO(content), name=FILE_NAME))


def claimed_headers(adapter: Adapter, case: GoldenCase) -> list[str]:
    """The strange headers of the case that the adapter takes for its own."""
    return [each for each in case.strange_headers if is_known_header(adapter, f"{each}\n".encode())]


def compared(case: GoldenCase, found: Outcome) -> list[Difference]:
    """Differences between what a case expects and what was found."""
    differences: list[Difference] = []
    for table in dict.fromkeys((*case.rows, *found.rows)):
        wanted, got = present_rows(case.rows.get(table, ())), found.rows.get(table, ())
        differences += row_differences(table, TABLES[table].key if table in TABLES else (), wanted, got)
    if case.identities is not None:
        wanted_people = [{name: value for name, value in each.items() if value is not None} for each in case.identities]
        differences += row_differences(IDENTITIES, ("person_source_key", "role"), wanted_people, found.identities)
    differences += issue_differences([(each.code, each.location) for each in case.issues], found.issues)
    differences += severity_differences(case.issues, found)
    if case.recognised is not found.recognised:
        differences.append(Difference(RECOGNISED, "", "", case.recognised, found.recognised))
    differences += [Difference(RECOGNISED, each, "", None, True) for each in found.claimed_headers]
    if case.sources is not None and [*case.sources] != [*found.sources]:
        differences.append(Difference(SOURCES, "", "", ", ".join(case.sources), ", ".join(found.sources)))
    return differences


def row_differences(
    table: str, key: Sequence[str], wanted: Sequence[PresentRow], got: Sequence[PresentRow]
) -> list[Difference]:
    """Cells that differ, by the key of their rows; rows of one key are told apart by a number."""
    expected_rows, found_rows = by_key(wanted, key), by_key(got, key)
    return [
        Difference(table, name, column, expected.get(column), found.get(column))
        for name in dict.fromkeys((*expected_rows, *found_rows))
        for expected, found in [(expected_rows.get(name, {}), found_rows.get(name, {}))]
        for column in dict.fromkeys((*expected, *found))
        if not is_same(expected.get(column), found.get(column))
    ]


def is_same(one: Cell, other: Cell) -> bool:
    """Whether two cells are one; 1 and true are not."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def by_key(rows: Sequence[PresentRow], key: Sequence[str]) -> dict[str, PresentRow]:
    """Rows by the text of their key."""
    found: dict[str, PresentRow] = {}
    for row in rows:
        name = ", ".join(str(row.get(part, "")) for part in key)
        number = next(at for at in range(1, len(found) + 2) if numbered(name, at) not in found)
        found[numbered(name, number)] = row
    return found


def numbered(name: str, number: int) -> str:
    """The name of the first, second, … row of one key."""
    return name if number == 1 else f"{name} #{number}"


def issue_differences(wanted: Sequence[tuple[str, str]], got: Sequence[tuple[str, str]]) -> list[Difference]:
    """Issues that are expected more or less often than they come."""
    return [
        Difference(ISSUES, location, code, wanted.count(each) or None, got.count(each) or None)
        for each in dict.fromkeys((*wanted, *got))
        for code, location in [each]
        if wanted.count(each) != got.count(each)
    ]


def severity_differences(wanted: Sequence[ExpectedIssue], found: Outcome) -> list[Difference]:
    """Issues of which the case names the severity and that come with another."""
    weighed = dict(zip(found.issues, found.severities, strict=True))
    return [
        Difference(ISSUES, each.location, f"severity of {each.code}", each.severity, severity)
        for each in wanted
        if each.severity is not None
        and (severity := weighed.get((each.code, each.location))) not in (None, each.severity)
    ]


def mapped_records(adapter: Adapter, case: GoldenCase) -> list[MappedRecord]:
    """What the adapter makes of the input of the case."""
    if case.bundle is not None:
        return [map_bundle(adapter, case.bundle, digest=DIGEST)]
    return list(map_csv(adapter, io.BytesIO(encoded(adapter, case)), name=FILE_NAME, digest=DIGEST))


def encoded(adapter: Adapter, case: GoldenCase) -> bytes:
    """The bytes of the file of a case, as the adapter reads them."""
    return str(case.csv).encode(adapter.csv_plan.format.encoding if adapter.csv_plan else "utf-8")


def merged_rows(records: Sequence[MappedRecord]) -> Mapping[str, Sequence[Mapping[str, Cell]]]:
    """The rows of all records by table."""
    merged: dict[str, list[Mapping[str, Cell]]] = {}
    for record in records:
        for table, rows in record.rows.items():
            merged.setdefault(table, []).extend(rows)
    return merged


def merged_issues(records: Iterable[MappedRecord]) -> list[Issue]:
    """The issues of all records."""
    return [issue for record in records for issue in record.issues]


def present_rows(rows: Sequence[Mapping[str, Cell]]) -> list[dict[str, Cell]]:
    """Rows without absent cells, in an order that does not depend on where they came from."""
    present: list[dict[str, Cell]] = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
    return sorted(present, key=lambda row: sorted((name, str(cell)) for name, cell in row.items()))
