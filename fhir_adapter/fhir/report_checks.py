"""Our own rules for the MeasureReports we publish, where neither the R4 schema nor fhir.resources looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from itertools import chain

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.figure_checks import figure_faults
from fhir_adapter.fhir.narrative_checks import narrative_faults
from fhir_adapter.fhir.rule_faults import Faults, improvement_faults, placed_items, required_faults

FHIR_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
STATUSES = ("complete", "pending", "error")
TYPES = ("individual", "subject-list", "summary", "data-collection")


def check_report(report: Json) -> list[str]:
    """Every rule of ours that a MeasureReport breaks, each with its FHIRPath; empty when none is."""
    checks: tuple[Callable[[Json], Faults], ...] = (
        _check_codes,
        _check_identity,
        _check_period,
        _check_data_collection,
        _check_groups,
        _check_contained,
        narrative_faults,
    )
    return list(chain.from_iterable(check(report) for check in checks))


def _check_codes(report: Json) -> Faults:
    if report.get("status") not in STATUSES:
        yield f"MeasureReport.status: must be one of {', '.join(STATUSES)}"
    if report.get("type") not in TYPES:
        yield f"MeasureReport.type: must be one of {', '.join(TYPES)}"
    yield from improvement_faults("MeasureReport", report)


def _check_identity(report: Json) -> Faults:
    yield from required_faults("MeasureReport", report, ("id", "identifier", "measure", "subject", "reporter", "date"))
    if not FHIR_ID.match(str(report.get("id", ""))):
        yield "MeasureReport.id: letters, digits, '-' and '.', 64 at most"
    url, _, version = str(report.get("measure", "")).partition("|")
    if not url or not version or " " in url:
        yield "MeasureReport.measure: must be a canonical with its version, as url|version"


def _check_period(report: Json) -> Faults:
    period = report.get("period", {})
    try:
        start, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
    except (KeyError, TypeError, ValueError):
        yield "MeasureReport.period: start and end must be plain dates"
        return
    if start > end:
        yield "MeasureReport.period: start must not be after end (per-1)"


def _check_data_collection(report: Json) -> Faults:
    if report.get("type") == "data-collection" and "group" in report:
        yield "MeasureReport.group: a data-collection report has none (mrp-1)"


def _check_groups(report: Json) -> Faults:
    for path, group in placed_items("MeasureReport", report, "group"):
        yield from figure_faults(path, group)
        for stratifier_path, stratifier in placed_items(path, group, "stratifier"):
            yield from _check_stratifier(stratifier_path, stratifier)


def _check_stratifier(path: str, stratifier: Json) -> Faults:
    seen = []
    for stratum_path, stratum in placed_items(path, stratifier, "stratum"):
        if ("value" in stratum) == ("component" in stratum):
            yield f"{stratum_path}: must have value or component, not both (mrp-2)"
        yield from figure_faults(stratum_path, stratum)
        seen.append(_stratum_key(stratum))
    if len(set(seen)) != len(seen):
        yield f"{path}: the same stratum stands there twice"


def _stratum_key(stratum: Json) -> tuple[str, ...]:
    values = (component.get("value", {}) for component in stratum.get("component", [stratum]))
    codings = (coding for value in values for coding in value.get("coding", [{}]))
    return tuple(str(coding.get("code")) for coding in codings)


def _check_contained(report: Json) -> Faults:
    contained = {f"#{each.get('id')}" for each in report.get("contained", [])}
    referred = {each.get("valueReference", {}).get("reference", "") for each in report.get("extension", [])}
    for lost in sorted(contained - referred):
        yield f"MeasureReport.contained: {lost} is referred to by nothing (dom-3)"
    for dangling in sorted(each for each in referred - contained if each.startswith("#")):
        yield f"MeasureReport.extension: {dangling} is not contained"
