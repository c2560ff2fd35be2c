"""Golden cases and inputs tried on an adapter, as JSON documents; nothing is kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.fhir.incoming import IncomingLimits, parse_json
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.golden_case import case_of, differences_of, merged_issues, merged_rows
from fhir_adapter.sources.issues import Issue
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import Adapter, AdapterRegistry
from fhir_adapter.sources.workbench import CaseResult, case_results, open_bench
from fhir_adapter.workflows.explain import Explainer, Question
from fhir_adapter.workflows.receive import CSV_TYPES

Document = dict[str, Any]
MOST_ROWS = 2_000  # of one answer
NO_CASE = "a golden case is expected: `title`, `rows`, and either `bundle` or `csv`; see the reference of mapping files"
SENT_CASE = "body"  # stands for the file of a case that was sent


@dataclass(frozen=True, slots=True)
class Workbench:
    """Adapters that may be tried. folder: where their golden cases are."""

    adapters: AdapterRegistry
    folder: Path
    limits: IncomingLimits

    def test(self, name: str, raw: bytes) -> Document:
        """What comes of the golden case in the body, or of the adapter's own cases when there is none.

        Raises AdapterUnknown, and PayloadRefused for a body that is no case.
        """
        adapter = self.adapters.by_name(name)
        results = [self._sent(adapter, raw)] if raw else case_results(open_bench(self.folder / name))
        return {
            "adapter": name,
            "version": adapter.version,
            "passed": all(each.passed for each in results),
            "cases": [
                {"file": each.file, "title": each.title, "passed": each.passed, "differences": differences(each)}
                for each in results
            ],
        }

    def _sent(self, adapter: Adapter, raw: bytes) -> CaseResult:
        document = parse_json(raw, self.limits, place=SENT_CASE)
        try:
            case = case_of(document, place=SENT_CASE)
        except MappingInvalid:
            raise PayloadRefused("case.invalid", SENT_CASE, NO_CASE) from None  # its keys may be anything
        return CaseResult(adapter.name, SENT_CASE, case.title, tuple(differences_of(adapter, case)))

    def explain(self, name: str, raw: bytes, media_type: str) -> Document:
        """Rows and issues of the bundle or CSV file in the body.

        Raises AdapterUnknown, and PayloadRefused for a body that the adapter cannot read.
        """
        adapter = self.adapters.by_name(name)
        records = self._mapped(adapter, raw, media_type)
        rows = merged_rows(records)
        if sum(map(len, rows.values())) > MOST_ROWS:
            text = f"the body gives more than {MOST_ROWS:,} rows; send fewer, or use `perinatal mapping` on the file"
            raise PayloadRefused("payload.too-large", SENT_CASE, text)
        return {
            "adapter": name,
            "version": adapter.version,
            "rows": {table: list(found) for table, found in rows.items()},
            "issues": [_told(each) for each in merged_issues(records)],
        }

    def explain_row(
        self, name: str, raw: bytes, media_type: str, *, table: str, row: int, column: str | None
    ) -> Document:
        """The cells of one row of the body, each with its steps back to the input. row: from 1.

        Raises AdapterUnknown, and PayloadRefused also for a table, a column or a row that there is not.
        """
        self.adapters.by_name(name)
        explainer = Explainer(self.adapters, self.folder, self.limits)
        question = Question(table, row, column, name)
        if media_type in CSV_TYPES:
            return asdict(explainer.explain_lines(io.BytesIO(raw), question, location=f"{SENT_CASE}.csv"))
        return asdict(explainer.explain_payload(raw, question, location=SENT_CASE))

    def _mapped(self, adapter: Adapter, raw: bytes, media_type: str) -> Sequence[MappedRecord]:
        digest = sha256(raw).hexdigest()
        if media_type in CSV_TYPES:
            return list(map_csv(adapter, io.BytesIO(raw), name=f"{SENT_CASE}.csv", digest=digest))
        document = parse_json(raw, self.limits, place=SENT_CASE)
        return [map_bundle(adapter, document, digest=digest)]


def differences(result: CaseResult) -> list[Document]:
    """The differences of a case as JSON."""
    return [asdict(each) for each in result.differences]


def _told(issue: Issue) -> dict[str, str]:
    """An issue as it is told."""
    return {"severity": issue.severity, "code": issue.code, "location": issue.location, "text": issue.text}
