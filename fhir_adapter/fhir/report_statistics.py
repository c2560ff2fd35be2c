"""Our extensions of MeasureReport: inequality statistics on a stratifier, chart points on a group."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.elements import Json, confidence_interval
from fhir_adapter.fhir.extension_parts import complex_extension, part
from indicator_engine.disclosure import DisclosedSeriesPoint, DisclosedSpcPoint, DisclosedStatistic

INEQUALITY_STATISTIC = "inequality-statistic"
SPC_POINT = "spc-point"
SPC_SERIES = "spc-series"
DECIMAL_PLACES = 6  # finer than any published count can resolve, coarse enough to hide floating noise


def inequality_extension(statistic: DisclosedStatistic, canonicals: Canonicals) -> Json:
    """`inequality-statistic`: one measure over the strata of the stratifier it stands on."""
    parts = [
        part("type", "Code", statistic.type),
        part("method", "Code", statistic.method),
        part("value", "Quantity", _quantity(statistic)),
        part("stratum", "Code", statistic.stratum),
        part("reference", "Code", statistic.reference),
        part("referencePolicy", "Code", statistic.reference_policy),
        part("strataUsed", "Integer", statistic.strata_used),
        part("period", "Period", _period(statistic.start, statistic.end)),
        part("status", "Code", statistic.status),
        part("withheld", "String", statistic.withheld),
    ]
    return complex_extension(canonicals.extension(INEQUALITY_STATISTIC), parts)


def spc_point_extension(point: DisclosedSpcPoint, canonicals: Canonicals) -> Json:
    """`spc-point`: what the chart said of this period when it was released."""
    parts = [
        part("chart", "Code", point.chart),
        part("profile", "Code", point.profile),
        part("baseline", "Period", _period(point.baseline_start, point.baseline_end)),
        *_limits(point.centre, point.lower, point.upper),
        *(part("signalThen", "Code", signal) for signal in point.signals),
        part("variation", "Code", point.variation),
        part("provisional", "Boolean", point.provisional),
        part("withheld", "String", point.withheld),
    ]
    return complex_extension(canonicals.extension(SPC_POINT), parts)


def spc_series_extension(series: Iterable[DisclosedSeriesPoint], canonicals: Canonicals) -> Json:
    """`spc-series`: the whole current chart, so that one read draws it."""
    points = [complex_extension("point", _series_parts(point)) for point in series]
    return {"url": canonicals.extension(SPC_SERIES), "extension": points}


def rounded(value: float) -> float:
    """A proportion, difference or ratio as it is written."""
    return round(value, DECIMAL_PLACES)


def _series_parts(point: DisclosedSeriesPoint) -> list[Json | None]:
    return [
        part("period", "Period", _period(point.start, point.end)),
        part("value", "Decimal", _optional(point.value)),
        *_limits(point.centre, point.lower, point.upper),
        *(part("flag", "Code", flag) for flag in point.flags),
        part("variation", "Code", point.variation),
    ]


def _limits(centre: float | None, lower: float | None, upper: float | None) -> list[Json | None]:
    return [
        part("centre", "Decimal", _optional(centre)),
        part("lower", "Decimal", _optional(lower)),
        part("upper", "Decimal", _optional(upper)),
    ]


def _quantity(statistic: DisclosedStatistic) -> Json | None:
    if statistic.value is None:
        return None
    quantity: Json = {}
    if statistic.low is not None and statistic.high is not None:
        percent = rounded(statistic.confidence * 100)
        quantity["extension"] = [confidence_interval(rounded(statistic.low), rounded(statistic.high), percent)]
    return {**quantity, "value": rounded(statistic.value)}


def _period(start: date | None, end: date | None) -> Json | None:
    bounds = {"start": start, "end": end}
    return {name: bound.isoformat() for name, bound in bounds.items() if bound is not None} or None


def _optional(value: float | None) -> float | None:
    return None if value is None else rounded(value)
