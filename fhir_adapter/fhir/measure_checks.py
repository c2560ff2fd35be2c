"""Our own rules for the Measures we publish."""

from __future__ import annotations

from itertools import chain

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.narrative_checks import narrative_faults
from fhir_adapter.fhir.rule_faults import Faults, code_of, improvement_faults, placed_items, required_faults


def check_measure(measure: Json) -> list[str]:
    """Every rule of ours that a Measure breaks, each with its FHIRPath; empty when none is."""
    return list(
        chain(
            required_faults("Measure", measure, ("id", "url", "version", "status", "scoring", "group")),
            improvement_faults("Measure", measure),
            chain.from_iterable(
                _check_measure_group(path, group) for path, group in placed_items("Measure", measure, "group")
            ),
            narrative_faults(measure),
        )
    )


def _check_measure_group(path: str, group: Json) -> Faults:
    codes = [code_of(population) for _, population in placed_items(path, group, "population")]
    for needed in ("initial-population", "denominator", "numerator"):
        if codes.count(needed) != 1:
            yield f"{path}.population: a proportion has exactly one {needed}"
    for population_path, population in placed_items(path, group, "population"):
        yield from _check_criteria(population_path, population)
    for stratifier_path, stratifier in placed_items(path, group, "stratifier"):
        yield from _check_measure_stratifier(stratifier_path, stratifier)


def _check_measure_stratifier(path: str, stratifier: Json) -> Faults:
    is_simple = any(name in stratifier for name in ("code", "description", "criteria"))
    if is_simple == ("component" in stratifier):
        yield f"{path}: must have code, description and criteria, or components, not both (mea-1)"
    for component_path, component in placed_items(path, stratifier, "component"):
        yield from _check_criteria(component_path, component)


def _check_criteria(path: str, holder: Json) -> Faults:
    criteria = holder.get("criteria", {})
    if not criteria.get("language") or not criteria.get("expression"):
        yield f"{path}.criteria: language and expression are required"
