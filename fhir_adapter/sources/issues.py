"""A fault found in an input, named by place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice

MOST_ALIKE = 20  # issues of one code at one element that a receipt lists; the others are counted
PLACE_NUMBERS = re.compile(r"\[[0-9]+\]|:[0-9]+(?= |$)")


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
    count: how many faults this stands for; more than one only where further ones of the same kind are summed up.
    """

    severity: Severity
    code: str
    location: str
    text: str
    count: int = 1


def capped(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The issues, those of one code at one element summed up beyond the first MOST_ALIKE.

    Places that differ in their numbers alone are the same element: `Bundle.entry[3].resource.birthDate` and that of
    entry 4, line 17 and line 18 of one column. The counts of what is given are the counts of what came.
    """
    coming = iter(issues)
    first = tuple(islice(coming, MOST_ALIKE + 1))
    if len(first) <= MOST_ALIKE:
        return first
    seen: Counter[tuple[Severity, str, str]] = Counter()
    kept: list[Issue] = []
    for issue in chain(first, coming):
        kind = (issue.severity, issue.code, PLACE_NUMBERS.sub("", issue.location))
        seen[kind] += issue.count
        if seen[kind] <= MOST_ALIKE:
            kept.append(issue)
    return (*kept, *(_summed(*kind, count) for kind, count in seen.items() if count > MOST_ALIKE))


def _summed(severity: Severity, code: str, element: str, count: int) -> Issue:
    more = count - MOST_ALIKE
    text = f"{more:,} more of this kind at this element, {count:,} in all; the first {MOST_ALIKE} are listed by place"
    return Issue(severity, code, element, text, more)
