"""Measure: the published definition of an indicator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as calendar_date

from fhir_adapter.fhir.canonical import IMPROVEMENT_NOTATION, MEASURE_POPULATION, MEASURE_SCORING, Canonicals
from fhir_adapter.fhir.elements import Json, concept, narrative
from indicator_engine.definition import IndicatorDefinition, Stratifier

DISPLAY_SCALE = "display-scale"
PUBLISHED_PERIOD = "published-period"
CRITERIA_LANGUAGE = "application/sql"
DISCLAIMER = (
    "Counts are published after disclosure control: small counts are masked and the others may be rounded, and every "
    "rate and interval is computed from the published counts. Differences between groups are associations; they do "
    "not by themselves show a cause. Not for the care of individuals."
)


def build_measure(
    definition: IndicatorDefinition,
    stratifiers: Mapping[str, Stratifier],
    canonicals: Canonicals,
    *,
    publisher: str,
    date: calendar_date,
) -> Json:
    """The Measure of one version of one indicator; stratifiers by id, all that the definition names."""
    measure: Json = {
        "resourceType": "Measure",
        "id": definition.id,
        "meta": {"profile": [canonicals.profile("indicator-measure")]},
        "text": narrative(f"{definition.title}: {definition.numerator_text}, among {definition.denominator_text}."),
        "extension": [
            {"url": canonicals.extension(DISPLAY_SCALE), "valueCode": definition.scale},
            *(_period(length.value, canonicals) for length in definition.published_periods),
        ],
        "url": canonicals.measure(definition.id),
        "identifier": [{"system": canonicals.code_system("indicator"), "value": definition.id}],
        "version": definition.version,
        "name": f"Indicator{definition.id}",
        "title": definition.title,
        "status": "active",
        "subjectCodeableConcept": concept("http://hl7.org/fhir/resource-types", "Location"),
        "date": date.isoformat(),
        "publisher": publisher,
        "description": _description(definition),
        "purpose": definition.rationale,
        **_features(definition),
        "relatedArtifact": _sources(definition),
        "disclaimer": DISCLAIMER,
        "scoring": concept(MEASURE_SCORING, definition.scoring),
        "rationale": definition.rationale,
    }
    if definition.improvement is not None:
        measure["improvementNotation"] = concept(IMPROVEMENT_NOTATION, definition.improvement)
    measure["group"] = [_group(definition, stratifiers, canonicals)]
    return measure


def _description(definition: IndicatorDefinition) -> str:
    return (
        f"{definition.numerator_text}, among {definition.denominator_text}. Left out: {definition.exclusions}. "
        f"Counts: {definition.entity.value}, placed in a period by {definition.anchor}."
    )


def _features(definition: IndicatorDefinition) -> Json:
    """Meaning of the names that the criteria use beside the columns of the common model."""
    told = [
        f"`{name}`: {feature.aggregate} of {feature.value or 'rows'} in {feature.table}"
        + (f" where {feature.where}" if feature.where else "")
        for name, feature in definition.features.items()
    ]
    return {"guidance": "Names in the criteria. " + "; ".join(told) + "."} if told else {}


def _period(length: str, canonicals: Canonicals) -> Json:
    return {"url": canonicals.extension(PUBLISHED_PERIOD), "valueCode": length}


def _sources(definition: IndicatorDefinition) -> list[Json]:
    return [
        {"type": "documentation", "label": "framework", "display": definition.framework},
        {"type": "citation", "label": "source", "citation": definition.source},
    ]


def _group(definition: IndicatorDefinition, stratifiers: Mapping[str, Stratifier], canonicals: Canonicals) -> Json:
    return {
        "id": "main",
        "code": concept(canonicals.code_system("indicator"), definition.id, definition.title),
        "description": definition.title,
        "population": _populations(definition),
        "stratifier": [_stratifier(stratifiers[each], canonicals) for each in definition.stratifiers],
    }


def _populations(definition: IndicatorDefinition) -> list[Json]:
    return [
        _population("ip", "initial-population", definition.population_text, definition.population),
        _population("den", "denominator", definition.denominator_text, definition.denominator),
        _population("num", "numerator", definition.numerator_text, definition.numerator),
    ]


def _population(element_id: str, code: str, words: str, expression: str) -> Json:
    return {
        "id": element_id,
        "code": concept(MEASURE_POPULATION, code),
        "description": words,
        "criteria": {"language": CRITERIA_LANGUAGE, "expression": expression},
    }


def _stratifier(stratifier: Stratifier, canonicals: Canonicals) -> Json:
    component = {
        "code": concept(canonicals.code_system("dimension"), stratifier.code, stratifier.title),
        "description": stratifier.title,
        "criteria": {"language": CRITERIA_LANGUAGE, "expression": stratifier.value},
    }
    # The component form alone: mea-1 allows no code or criteria beside it.
    return {"id": stratifier.id, "component": [component]}
