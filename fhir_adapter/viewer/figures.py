"""Figures of a MeasureReport, read from its JSON: any server's reports of our profile would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from fhir_adapter.fhir.canonical import CONFIDENCE_INTERVAL
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.report_quality import FAILED_GATE, OPEN_CONFLICTS
from fhir_adapter.fhir.report_statistics import INEQUALITY_STATISTIC, SPC_POINT, SPC_SERIES


@dataclass(frozen=True, slots=True)
class Score:
    """A published proportion with its interval; value None where it is masked or cannot be."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """One group of a dimension. counts: None where masked."""

    code: str
    display: str
    denominator: int | None
    numerator: int | None
    score: Score


@dataclass(frozen=True, slots=True)
class Gap:
    """One inequality statistic. group, reference: words for the strata compared, None over all strata."""

    dimension: str
    type: str
    group: str | None
    reference: str | None
    score: Score
    start: date
    end: date
    status: str | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way in which the report is cut into groups."""

    code: str
    title: str
    strata: tuple[Stratum, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One period of a chart; None where masked or not ruled."""

    start: date
    end: date
    value: float | None
    centre: float | None
    lower: float | None
    upper: float | None
    variation: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Open conflicts behind a figure. share: of those counted; low, high: bounds of the figure. None: not shown."""

    count: int | None
    share: float | None
    low: float | None
    high: float | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """What the pages show of one report. variation, provisional: of the chart point, if there is one.

    doubt: None in a report that says nothing of conflicts. failed_gates: a sentence each.
    """

    id: str
    start: date
    end: date
    is_complete: bool
    is_synthetic: bool
    score: Score
    has_chart_point: bool
    variation: str | None
    provisional: bool
    dimensions: tuple[Dimension, ...]
    series: tuple[ChartPoint, ...]
    doubt: Doubt | None
    failed_gates: tuple[str, ...]

    @property
    def months(self) -> int:
        """Length of the period in calendar months."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Statistics of every dimension, in order."""
        return tuple(gap for dimension in self.dimensions for gap in dimension.gaps)


def read_figures(report: Json) -> ReportFigures:
    """The figures of a summary MeasureReport with one group."""
    group = report["group"][0]
    point = next(_extensions(group, SPC_POINT), None)
    told = {} if point is None else _parts(point)
    series = next(_extensions(group, SPC_SERIES), {})
    start, end = _bounds(report["period"])
    return ReportFigures(
        id=report["id"],
        start=start,
        end=end,
        is_complete=report["status"] == "complete",
        is_synthetic=any(tag.get("code") == "HTEST" for tag in report.get("meta", {}).get("tag", [])),
        score=_score(group.get("measureScore", {})),
        has_chart_point=point is not None,
        variation=told.get("variation"),
        provisional=bool(told.get("provisional")),
        dimensions=tuple(_dimension(each) for each in group.get("stratifier", [])),
        series=tuple(_chart_point(_parts(each)) for each in series.get("extension", [])),
        doubt=next((_doubt(_parts(each)) for each in _extensions(group, OPEN_CONFLICTS)), None),
        failed_gates=tuple(str(_parts(each).get("text", "")) for each in _extensions(group, FAILED_GATE)),
    )


def _doubt(told: Json) -> Doubt:
    return Doubt(told.get("population"), told.get("share"), told.get("low"), told.get("high"), told.get("withheld"))


def _extensions(holder: Json, name: str) -> Iterator[Json]:
    return (each for each in holder.get("extension", []) if str(each.get("url")).endswith(f"/{name}"))


def _parts(extension: Json) -> Json:
    """Values of a complex extension by name; of repeated parts the first."""
    found: Json = {}
    for part in extension.get("extension", []):
        value = next((value for name, value in part.items() if name.startswith("value")), None)
        found.setdefault(part["url"], value)
    return found


def _bounds(period: Mapping[str, str]) -> tuple[date, date]:
    return date.fromisoformat(period["start"]), date.fromisoformat(period["end"])


def _score(quantity: Json) -> Score:
    interval: Json = {}
    for extension in quantity.get("extension", []):
        if extension.get("url") == CONFIDENCE_INTERVAL:
            interval = _parts(extension).get("interval", {})
    return Score(quantity.get("value"), interval.get("low", {}).get("value"), interval.get("high", {}).get("value"))


def _dimension(stratifier: Json) -> Dimension:
    strata = tuple(_stratum(each) for each in stratifier.get("stratum", []))
    displays = {each.code: each.display for each in strata}
    first = stratifier.get("stratum", [{}])[0].get("component", [{}])[0].get("code", {}).get("coding", [{}])[0]
    title = first.get("display") or stratifier.get("id", "")
    gaps = tuple(_gap(title, _parts(each), displays) for each in _extensions(stratifier, INEQUALITY_STATISTIC))
    return Dimension(first.get("code") or stratifier.get("id", ""), title, strata, gaps)


def _stratum(stratum: Json) -> Stratum:
    coding = stratum["component"][0]["value"]["coding"][0]
    counts = {each["code"]["coding"][0]["code"]: each.get("count") for each in stratum.get("population", [])}
    return Stratum(
        code=coding["code"],
        display=coding.get("display", coding["code"]),
        denominator=counts.get("denominator"),
        numerator=counts.get("numerator"),
        score=_score(stratum.get("measureScore", {})),
    )


def _gap(title: str, told: Json, displays: Mapping[str, str]) -> Gap:
    start, end = _bounds(told["period"])
    group, reference = told.get("stratum"), told.get("reference")
    return Gap(
        dimension=title,
        type=told["type"],
        group=None if group is None else displays.get(group, group),
        reference=None if reference is None else displays.get(reference, reference),
        score=_score(told.get("value") or {}),
        start=start,
        end=end,
        status=told.get("status"),
        withheld=told.get("withheld"),
    )


def _chart_point(told: Json) -> ChartPoint:
    start, end = _bounds(told["period"])
    return ChartPoint(
        start=start,
        end=end,
        value=told.get("value"),
        centre=told.get("centre"),
        lower=told.get("lower"),
        upper=told.get("upper"),
        variation=told.get("variation"),
    )
