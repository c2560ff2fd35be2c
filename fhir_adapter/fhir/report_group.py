"""The group of a MeasureReport: the whole, its strata, their counts and scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from fhir_adapter.fhir.canonical import GROUP_LINK_ID, MEASURE_POPULATION, Canonicals
from fhir_adapter.fhir.elements import Json, absent, concept, confidence_interval
from fhir_adapter.fhir.report_quality import failed_gate_extension, open_conflicts_extension
from fhir_adapter.fhir.report_statistics import (
    inequality_extension,
    rounded,
    spc_point_extension,
    spc_series_extension,
)
from indicator_engine.definition import WHOLE, IndicatorDefinition, Stratifier
from indicator_engine.disclosure import DisclosedCell, DisclosedReport, DisclosedStatistic

CONFIDENCE_PERCENT = 95  # of the intervals of cells; statistics carry their own


def report_group(
    report: DisclosedReport,
    definition: IndicatorDefinition,
    stratifiers: Mapping[str, Stratifier],
    canonicals: Canonicals,
) -> Json:
    """The one group of a report; raises ValueError when its first cell is not the whole."""
    whole, *strata = report.cells
    if whole.dimension != WHOLE:
        raise ValueError(f"{report.indicator}: the first cell of a report is the whole, not {whole.dimension}")
    group: Json = {
        "id": "main",
        "extension": _group_extensions(report, canonicals),
        "code": concept(canonicals.code_system("indicator"), report.indicator, definition.title),
        **_figures(whole, with_ids=True),
    }
    stratified = [
        _stratifier(stratifiers[dimension], list(cells), report.statistics, canonicals)
        for dimension, cells in groupby(strata, key=lambda cell: cell.dimension)
    ]
    return {**group, "stratifier": stratified} if stratified else group


def _group_extensions(report: DisclosedReport, canonicals: Canonicals) -> list[Json]:
    extensions: list[Json] = [{"url": GROUP_LINK_ID, "valueString": "main"}]
    if report.spc is not None:
        extensions.append(spc_point_extension(report.spc, canonicals))
    if report.series:
        extensions.append(spc_series_extension(report.series, canonicals))
    extensions.append(open_conflicts_extension(report.cells[0].flagged, canonicals))
    return [*extensions, *(failed_gate_extension(each, canonicals) for each in report.failed_gates)]


def _stratifier(
    stratifier: Stratifier,
    cells: list[DisclosedCell],
    statistics: Iterable[DisclosedStatistic],
    canonicals: Canonicals,
) -> Json:
    extensions = [inequality_extension(each, canonicals) for each in statistics if each.dimension == stratifier.id]
    stratum = [_stratum(stratifier, cell, canonicals) for cell in cells]
    named: Json = {"id": stratifier.id, "extension": extensions} if extensions else {"id": stratifier.id}
    return {**named, "stratum": stratum}


def _stratum(stratifier: Stratifier, cell: DisclosedCell, canonicals: Canonicals) -> Json:
    component: Json = {"component": [_component(stratifier, cell, canonicals)], **_figures(cell)}
    if cell.flagged.population == 0:
        return component
    return {"extension": [open_conflicts_extension(cell.flagged, canonicals)], **component}


def _component(stratifier: Stratifier, cell: DisclosedCell, canonicals: Canonicals) -> Json:
    display = stratifier.display_of(cell.stratum)
    return {
        "code": concept(canonicals.code_system("dimension"), stratifier.code, stratifier.title),
        "value": concept(canonicals.code_system(stratifier.code), cell.stratum, display),
    }


def _figures(cell: DisclosedCell, *, with_ids: bool = False) -> Json:
    counts = (
        ("ip", "initial-population", cell.population),
        ("den", "denominator", cell.denominator),
        ("num", "numerator", cell.numerator),
    )
    # Element ids are unique in a resource, so only the group's own populations have one.
    populations = [({"id": name} if with_ids else {}) | _population(code, count) for name, code, count in counts]
    return {"population": populations, "measureScore": _score(cell)}


def _population(code: str, count: int | None) -> Json:
    counted: Json = {"_count": absent("masked")} if count is None else {"count": count}
    return {"code": concept(MEASURE_POPULATION, code), **counted}


def _score(cell: DisclosedCell) -> Json:
    if cell.masked:
        return {"_value": absent("masked")}
    if cell.denominator == 0:
        return {"_value": absent("not-applicable")}
    if cell.value is None:
        return {"_value": absent("masked")}
    score: Json = {}
    if cell.low is not None and cell.high is not None:
        score["extension"] = [confidence_interval(rounded(cell.low), rounded(cell.high), CONFIDENCE_PERCENT)]
    return {**score, "value": rounded(cell.value)}
