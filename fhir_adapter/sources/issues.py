"""A fault found in an input, named by place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a fault costs: an error sets a value or a record aside, a warning keeps it."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault: where it is, what it is and what to do about it.

    code: a stable word of our own, `area.what`, documented in docs/reference/issue_codes.md.
    location: a FHIRPath such as `Bundle.entry[3].resource.valueQuantity.value`, or `file.csv:17 column BirthWeight`.
    text: what is wrong and what to do, in plain words; never a patient's value.
    """

    severity: Severity
    code: str
    location: str
    text: str
