"""Rules for counts and scores: what every reader of a report may rely on."""

from __future__ import annotations

from fhir_adapter.fhir.canonical import CONFIDENCE_INTERVAL, DATA_ABSENT_REASON
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.rule_faults import Faults, code_of, placed_items

ABSENT_REASONS = ("masked", "not-applicable")
SCORE_TOLERANCE = 1e-6  # scores are written with six decimal places


def figure_faults(path: str, part: Json) -> Faults:
    counts: dict[str, int | None] = {}
    for population_path, population in placed_items(path, part, "population"):
        code = code_of(population)
        if code in counts:
            yield f"{population_path}.code: {code} stands there twice"
        counts[code] = population.get("count")
        yield from _check_primitive(population_path, population, "count")
        if (population.get("count") or 0) < 0:
            yield f"{population_path}.count: must not be below zero"
    yield from _check_order(path, counts)
    yield from _check_score(f"{path}.measureScore", part.get("measureScore", {}), counts)


def _check_order(path: str, counts: dict[str, int | None]) -> Faults:
    if not {"denominator", "numerator"} <= counts.keys():
        yield f"{path}.population: denominator and numerator must both be there"
    initial, denominator, numerator = (counts.get(key) for key in ("initial-population", "denominator", "numerator"))
    if denominator is not None and numerator is not None and numerator > denominator:
        yield f"{path}.population: the numerator of a proportion is at most its denominator"
    if initial is not None and denominator is not None and denominator > initial:
        yield f"{path}.population: the denominator is at most the initial population"


def _check_score(path: str, score: Json, counts: dict[str, int | None]) -> Faults:
    yield from _check_primitive(path, score, "value")
    value = score.get("value")
    denominator, numerator = counts.get("denominator"), counts.get("numerator")
    if value is None:
        return
    if denominator is None or numerator is None:
        yield f"{path}.value: must be absent where a count is masked"
    elif denominator == 0:
        yield f"{path}.value: must be absent where the denominator is 0"
    elif abs(value - numerator / denominator) > SCORE_TOLERANCE:
        yield f"{path}.value: is not numerator / denominator of the published counts"
    yield from _check_interval(path, score)


def _check_interval(path: str, score: Json) -> Faults:
    for extension in score.get("extension", []):
        if extension.get("url") == CONFIDENCE_INTERVAL:
            parts = {part.get("url"): part for part in extension.get("extension", [])}
            yield from _check_bounds(path, score["value"], parts)


def _check_bounds(path: str, value: float, parts: dict[str, Json]) -> Faults:
    interval = parts.get("interval", {}).get("valueRange", {})
    low, high = interval.get("low", {}).get("value"), interval.get("high", {}).get("value")
    if low is None or high is None:
        yield f"{path}: an interval needs both low and high"
    elif not low - SCORE_TOLERANCE <= value <= high + SCORE_TOLERANCE:
        yield f"{path}: the interval does not hold the score"
    confidence = parts.get("confidence", {}).get("valueDecimal")
    if confidence is None or not 1 < confidence < 100:
        yield f"{path}: confidence must be in per cent, between 1 and 100"


def _check_primitive(path: str, holder: Json, name: str) -> Faults:
    reasons = [
        extension.get("valueCode")
        for extension in holder.get(f"_{name}", {}).get("extension", [])
        if extension.get("url") == DATA_ABSENT_REASON
    ]
    if (name in holder) == bool(reasons):
        yield f"{path}.{name}: must have a value or a data-absent-reason, not both"
    if any(reason not in ABSENT_REASONS for reason in reasons):
        yield f"{path}.{name}: data-absent-reason must be one of {', '.join(ABSENT_REASONS)}"
