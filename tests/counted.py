"""Counts, estimates and disclosed reports for tests: small tables of counts in, one report out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from indicator_engine.counts import CountRow, EventRow, MonthRange, gather, month_index
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.disclosure import DisclosedReport, DisclosedTable, disclose
from indicator_engine.estimates import Estimates
from indicator_engine.evaluate import Catalogue, EvaluationSettings, estimate_counts

APRIL_2025 = month_index(2025, 4)
REPORTER = "QSY"
LONG_AFTER = date(2030, 1, 1)
"""A day on which every period of the tests is mature."""

Groups = Mapping[str, tuple[int, int]]
"""Stratum -> denominator and numerator."""


def count_rows(
    month: int,
    groups: Mapping[str, Groups],
    *,
    indicator: str = "LB01",
    provider: str = "RSA",
    site: str = "RSA01",
) -> list[CountRow]:
    """Cells of one month and site; the whole is the sum over the groups of the first dimension."""
    first = next(iter(groups.values()))
    whole = {"all": {"all": (sum(den for den, _ in first.values()), sum(num for _, num in first.values()))}}
    return [
        (indicator, "1.0.0", month, provider, site, dimension, stratum, denominator, denominator, numerator)
        for dimension, found in (whole | dict(groups)).items()
        for stratum, (denominator, numerator) in found.items()
    ]


def whole_rows(month: int, denominator: int, numerator: int, **further: str) -> list[CountRow]:
    """Cells of one month in which nothing is known of anybody."""
    return count_rows(month, {"eth5": {"unknown": (denominator, numerator)}}, **further)


def estimates_of(
    rows: Sequence[CountRow],
    events: Sequence[EventRow] = (),
    *,
    indicators: Sequence[str] = ("LB01",),
    months: MonthRange | None = None,
    as_of: date = LONG_AFTER,
    subject_of: Mapping[str, str] | None = None,
    flagged: Sequence[CountRow] = (),
) -> Estimates:
    """Estimates of shipped indicators from these counts."""
    catalogue = Catalogue(shipped_definitions(), shipped_stratifiers()).chosen(indicators)
    settings = EvaluationSettings(REPORTER, as_of, months or MonthRange(), 28, subject_of or {})
    return estimate_counts(gather(rows, events, flagged), catalogue, settings)


def disclosed(estimates: Estimates, preset: str = "none") -> DisclosedTable:
    """What a preset lets out of estimates."""
    return disclose(estimates, preset=preset, audience="public")


def report_of(
    table: DisclosedTable, *, subject: str = REPORTER, length: str = "P1M", place: int = 0
) -> DisclosedReport:
    """The report of a subject and length at a place in the order of time; -1 is the latest."""
    return [each for each in table.reports if (each.subject, each.length) == (subject, length)][place]
