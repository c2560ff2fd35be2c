"""What the overview and the page of an indicator show, chosen from the published reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure import DISPLAY_SCALE
from fhir_adapter.viewer.figures import Gap, ReportFigures, read_figures
from fhir_adapter.viewer.wording import PERCENT, SCALES, Scale

# Newest first, a year of months with its quarters and the year itself fit in.
REPORTS_READ = "40"
MONTHS_OF_A_YEAR = 12
# A gap that the data show clearly is told before a wider one that could be chance.
CLARITY = MappingProxyType({"red": 2, "green": 2, "amber": 1})


@dataclass(frozen=True, slots=True)
class Published:
    """Where the pages read: a FHIR search that gives the resources found, in the order asked for."""

    find: Callable[[str, Mapping[str, str]], Iterable[Json]]


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One indicator for the whole system.

    latest: the newest complete report of the shortest period. ruled: the newest with a chart point.
    charted: the newest with a series. compared: the newest year with inequality statistics, else the newest period
    that has some. None where there is none.
    """

    id: str
    title: str
    description: str
    scale: Scale
    place: str
    latest: ReportFigures | None
    ruled: ReportFigures | None
    charted: ReportFigures | None
    compared: ReportFigures | None

    @property
    def is_synthetic(self) -> bool:
        """Whether any report shown is tagged as test data."""
        shown = (self.latest, self.ruled, self.charted, self.compared)
        return any(report is not None and report.is_synthetic for report in shown)

    @property
    def largest_gap(self) -> Gap | None:
        """The largest difference between two groups, one that is red or green before one that is neither."""
        gaps = () if self.compared is None else self.compared.gaps
        shown = [each for each in gaps if each.type == "difference" and each.score.value is not None]
        return max(shown, key=_clarity_and_size, default=None)


def _clarity_and_size(gap: Gap) -> tuple[int, float]:
    return CLARITY.get(gap.status or "", 0), abs(gap.score.value or 0.0)


def all_indicators(published: Published) -> list[IndicatorView]:
    """Every published Measure with its figures for the whole system, by id."""
    place = _whole_system(published)
    measures = published.find("Measure", {"_sort": "_id"})
    return [_view(published, measure, place) for measure in measures]


def one_indicator(published: Published, indicator: str) -> IndicatorView | None:
    """One published Measure with its figures for the whole system; None when it is not published."""
    found = list(published.find("Measure", {"_id": indicator, "_count": "1"}))
    return _view(published, found[0], _whole_system(published)) if found else None


def _whole_system(published: Published) -> Json | None:
    """The organisation that is part of no other."""
    organisations = published.find("Organization", {"_sort": "_id"})
    return next((each for each in organisations if "partOf" not in each), None)


def _view(published: Published, measure: Json, place: Json | None) -> IndicatorView:
    reports = [] if place is None else _complete_reports(published, measure["id"], place["id"])
    return IndicatorView(
        id=measure["id"],
        title=measure["title"],
        description=measure.get("description", ""),
        scale=_scale(measure),
        place="" if place is None else place["name"],
        latest=_latest(reports),
        ruled=next((each for each in reports if each.has_chart_point), None),
        charted=next((each for each in reports if each.series), None),
        compared=_compared(reports),
    )


def _complete_reports(published: Published, indicator: str, place: str) -> list[ReportFigures]:
    wanted = {
        "measure": f"Measure/{indicator}",
        "subject": f"Location/{place}",
        "status": "complete",
        "_sort": "-period",
        "_count": REPORTS_READ,
    }
    return [read_figures(each) for each in published.find("MeasureReport", wanted)]


def _latest(reports: Sequence[ReportFigures]) -> ReportFigures | None:
    shortest = min((each.months for each in reports), default=0)
    return max((each for each in reports if each.months == shortest), key=lambda report: report.end, default=None)


def _compared(reports: Sequence[ReportFigures]) -> ReportFigures | None:
    """The newest year with statistics: it counts more people than any newer quarter."""
    with_gaps = [each for each in reports if each.gaps]
    years = [each for each in with_gaps if each.months == MONTHS_OF_A_YEAR]
    return next(iter(years or with_gaps), None)


def _scale(measure: Json) -> Scale:
    codes = [
        each.get("valueCode", "")
        for each in measure.get("extension", [])
        if str(each.get("url")).endswith(f"/{DISPLAY_SCALE}")
    ]
    return SCALES.get(codes[0], PERCENT) if codes else PERCENT
