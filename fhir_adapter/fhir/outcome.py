"""OperationOutcome: what went wrong, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json, concept

# `Bundle.entry[3].resource.value`: a resource type and a path, as opposed to `file.csv:17 column BirthWeight`.
FHIRPATH = re.compile(r"^[A-Z][A-Za-z]*(\.[A-Za-z]+(\[[0-9]+\])?)*$")
# Area of our own issue code -> code of the required R4 value set issue-type.
ISSUE_TYPES = {
    "payload": "structure",
    "bundle": "structure",
    "fhir": "structure",
    "record": "business-rule",
    "value": "value",
    "reference": "not-found",
    "map": "code-invalid",
    "code": "code-invalid",
    "unit": "value",
    "csv": "structure",
    "identifier": "value",
    "view": "not-supported",
    "adapter": "not-supported",
    "receipt": "informational",
    "search": "not-supported",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault to report.

    severity: error, warning or information. code: a stable word of our own, `area.what`.
    location: a FHIRPath, or file, line and column. text: never a patient's value.
    issue_type: code of R4 `issue-type` where the area of the code does not say it.
    """

    severity: str
    code: str
    location: str
    text: str
    issue_type: str | None = None


def operation_outcome(faults: Iterable[Fault], canonicals: Canonicals) -> Json:
    """An OperationOutcome with one issue a fault, in the order given."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(fault, canonicals) for fault in faults]}


def _issue(fault: Fault, canonicals: Canonicals) -> Json:
    details = concept(canonicals.code_system("issue"), fault.code)
    issue: Json = {
        "severity": fault.severity,
        "code": fault.issue_type or ISSUE_TYPES.get(fault.code.partition(".")[0], "invalid"),
        "details": {**details, "text": fault.text},
    }
    if FHIRPATH.match(fault.location):
        issue["expression"] = [fault.location]
    elif fault.location:
        issue["diagnostics"] = f"at {fault.location}"
    return issue
