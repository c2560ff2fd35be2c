"""The checks of what we publish notice each fault that is seeded into a good resource."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from fhir_adapter.fhir.canonical import DATA_ABSENT_REASON, Canonicals
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure import build_measure
from fhir_adapter.fhir.measure_checks import check_measure
from fhir_adapter.fhir.outgoing import outgoing_faults
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.fhir.report_checks import check_report
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from tests.contract.report_builders import built

Path = tuple[str | int, ...]
Mutation = Callable[[Json], None]
GROUP: Path = ("group", 0)
STRATUM: Path = (*GROUP, "stratifier", 0, "stratum", 0)
INTERVAL: Path = (*GROUP, "measureScore", "extension", 0, "extension", 1, "valueRange")
MASKED_COUNT: Path = (*GROUP, "stratifier", 0, "stratum", 3, "population", 2, "_count", "extension", 0, "valueCode")


def holder_of(resource: Json, path: Path) -> Any:
    """The object or list that holds the last step of the path."""
    found: Any = resource
    for step in path[:-1]:
        found = found[step]
    return found


def put(path: Path, value: object) -> Mutation:
    """A mutation that sets one element."""

    def mutate(resource: Json) -> None:
        holder_of(resource, path)[path[-1]] = value

    return mutate


def drop(path: Path) -> Mutation:
    """A mutation that removes one element."""

    def mutate(resource: Json) -> None:
        del holder_of(resource, path)[path[-1]]

    return mutate


def mutated(resource: Json, mutation: Mutation) -> Json:
    """A deep copy of the resource with the mutation made."""
    changed = copy.deepcopy(resource)
    mutation(changed)
    return changed


REPORT_FAULTS: dict[str, tuple[Mutation, str]] = {
    "status outside its list": (put(("status",), "done"), "MeasureReport.status"),
    "type outside its list": (put(("type",), "aggregate"), "MeasureReport.type"),
    "improvement outside its list": (
        put(("improvementNotation", "coding", 0, "code"), "up"),
        "MeasureReport.improvementNotation",
    ),
    "measure without a version": (put(("measure",), "https://example.org/Measure/LB06"), "MeasureReport.measure"),
    "measure missing": (drop(("measure",)), "MeasureReport.measure"),
    "id with a blank": (put(("id",), "LB06 1"), "MeasureReport.id"),
    "no identifier": (drop(("identifier",)), "MeasureReport.identifier"),
    "no subject": (drop(("subject",)), "MeasureReport.subject"),
    "period the wrong way round": (put(("period", "end"), "2025-12-31"), "MeasureReport.period"),
    "period with a time": (put(("period", "end"), "2026-03-31T23:59:59Z"), "MeasureReport.period"),
    "period without an end": (drop(("period", "end")), "MeasureReport.period"),
    "data-collection with groups": (put(("type",), "data-collection"), "mrp-1"),
    "stratum with value and component": (put((*STRATUM, "value"), {"text": "1"}), "mrp-2"),
    "stratum with neither value nor component": (drop((*STRATUM, "component")), "mrp-2"),
    "the same stratum twice": (
        lambda report: report["group"][0]["stratifier"][0]["stratum"].append(
            report["group"][0]["stratifier"][0]["stratum"][0]
        ),
        "twice",
    ),
    "count below zero": (put((*GROUP, "population", 0, "count"), -1), "below zero"),
    "numerator above denominator": (put((*GROUP, "population", 2, "count"), 401), "at most its denominator"),
    "denominator above initial population": (put((*GROUP, "population", 0, "count"), 399), "at most the initial"),
    "numerator missing": (drop((*GROUP, "population", 2)), "must both be there"),
    "count and reason together": (
        put((*GROUP, "population", 0, "_count"), {"extension": [{"url": DATA_ABSENT_REASON, "valueCode": "masked"}]}),
        "not both",
    ),
    "count absent without a reason": (drop((*GROUP, "population", 0, "count")), "data-absent-reason"),
    "reason outside the list": (put(MASKED_COUNT, "unknown"), "data-absent-reason must be"),
    "score in per cent": (put((*GROUP, "measureScore", "value"), 25.0), "numerator / denominator"),
    "score as one minus n/d": (put((*GROUP, "measureScore", "value"), 0.75), "numerator / denominator"),
    "score beside a masked count": (
        put((*GROUP, "stratifier", 0, "stratum", 3, "measureScore"), {"value": 0.1}),
        "count is masked",
    ),
    "interval beside the score": (put((*INTERVAL, "low", "value"), 0.3), "does not hold the score"),
    "interval with one end": (drop((*INTERVAL, "high")), "both low and high"),
    "confidence as a proportion": (
        put((*GROUP, "measureScore", "extension", 0, "extension", 0, "valueDecimal"), 0.95),
        "per cent",
    ),
    "a script in the narrative": (
        put(("text", "div"), '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'),
        "text.div",
    ),
    "a handler in the narrative": (
        put(("text", "div"), '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">x</p></div>'),
        "text.div",
    ),
    "contained parameters that nothing names": (drop(("extension", 0)), "dom-3"),
    "a reference to nothing contained": (drop(("contained",)), "is not contained"),
}
MEASURE_FAULTS: dict[str, tuple[Mutation, str]] = {
    "no version": (drop(("version",)), "Measure.version"),
    "population without criteria": (drop((*GROUP, "population", 1, "criteria")), "criteria"),
    "criteria without a language": (drop((*GROUP, "population", 1, "criteria", "language")), "criteria"),
    "two denominators": (
        put((*GROUP, "population", 0, "code", "coding", 0, "code"), "denominator"),
        "exactly one denominator",
    ),
    "stratifier with code and component": (put((*GROUP, "stratifier", 0, "code"), {"text": "x"}), "mea-1"),
    "stratifier with neither": (drop((*GROUP, "stratifier", 0, "component")), "mea-1"),
    "component without criteria": (drop((*GROUP, "stratifier", 0, "component", 0, "criteria")), "criteria"),
    "improvement outside its list": (put(("improvementNotation", "coding", 0, "code"), "up"), "improvementNotation"),
}


def good_measure() -> Json:
    """The Measure of LB06."""
    definition = shipped_definitions()["LB06"]
    return build_measure(
        definition, shipped_stratifiers(), Canonicals(), publisher="A publisher", date=date(2026, 5, 12)
    )


@pytest.mark.parametrize(("mutation", "words"), REPORT_FAULTS.values(), ids=REPORT_FAULTS.keys())
def test_a_fault_in_a_report_is_named(mutation: Mutation, words: str) -> None:
    assert words in "; ".join(check_report(mutated(built(), mutation)))


@pytest.mark.parametrize(("mutation", "words"), MEASURE_FAULTS.values(), ids=MEASURE_FAULTS.keys())
def test_a_fault_in_a_measure_is_named(mutation: Mutation, words: str) -> None:
    assert words in "; ".join(check_measure(mutated(good_measure(), mutation)))


@pytest.mark.parametrize("resource", [built(), good_measure()], ids=["report", "measure"])
def test_a_good_resource_may_leave(resource: Json) -> None:
    assert outgoing_faults(resource, R4Schema()) == []


@pytest.mark.parametrize(
    "mutation",
    [put(("type",), "aggregate"), put((*GROUP, "measureScore", "value"), 0.75)],
    ids=["against the schema", "against our rules"],
)
def test_a_faulty_report_may_not_leave(mutation: Mutation) -> None:
    assert outgoing_faults(mutated(built(), mutation), R4Schema()) != []
