"""Writes docs/reference/indicators.md from the shipped definitions: `python -m tests.docs.generate_indicators`."""

from __future__ import annotations

from pathlib import Path

from indicator_engine.definition import IndicatorDefinition, Stratifier, shipped_definitions, shipped_stratifiers

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "indicators.md"

HEAD = """# Indicators

Generated from `indicator_engine/definitions` by `python -m tests.docs.generate_indicators`; do not edit by hand.

Each indicator is one file. Its conditions are written in the [expression language](expression_language.md); each
narrows the one before, so that a numerator row is always a denominator row. Rows in no stratum of a dimension are
`unknown`, never left out. Confidence: F read in the source itself, K known but not read again, ? to be checked.

A definition may have a `denominator_exclusion`: rows of the denominator that are taken out of it again. They are a
population of their own, and in neither the counted denominator nor the numerator.

Definitions in `indicator_engine/definitions/measures` are measures of others. They are never listed, evaluated or
published with the indicators: they come with patients and answers that nobody here wrote, and hold adapters and engines
against them. `pytest tests/contract/test_cms334.py --cms334 DIR` does so for the US caesarean-birth measure CMS334 and
every bundle below DIR that holds its expected MeasureReport.
"""

SCALES = {"percent": "per cent", "per_1000": "per 1,000"}
DIRECTIONS = {
    "decrease": "lower is better",
    "increase": "higher is better",
    None: "neutral: no colour, no traffic light",
}
INTERVALS = {"wilson": "Wilson", "byar_exact": "exact Poisson below ten events, Byar from ten"}


def render_indicators() -> str:
    """The page of all shipped indicators and stratifiers, as Markdown."""
    definitions, stratifiers = shipped_definitions().values(), shipped_stratifiers().values()
    overview = [
        "| id | title | counts | scale | direction |",
        "|---|---|---|---|---|",
        *(_overview_row(each) for each in definitions),
    ]
    parts = [HEAD, "\n".join(overview) + "\n", *(_indicator(each) for each in definitions)]
    return "\n".join([*parts, "## Stratifiers\n", *(_stratifier(each) for each in stratifiers)])


def _overview_row(definition: IndicatorDefinition) -> str:
    link = f"[{definition.id}](#{definition.id.lower()})"
    scale, direction = SCALES[definition.scale], DIRECTIONS[definition.improvement]
    return f"| {link} | {definition.title} | {definition.entity} | {scale} | {direction} |"


def _indicator(definition: IndicatorDefinition) -> str:
    facts = {
        "Version": definition.version,
        "Framework": definition.framework,
        "Source": f"{definition.source} (confidence {definition.confidence})",
        "Counts": f"each {definition.entity}, by `{definition.anchor}`, attributed to the {definition.attributed_to}",
        "Population": _condition(definition.population_text, definition.population),
        "Denominator": _condition(definition.denominator_text, definition.denominator),
        "Numerator": _condition(definition.numerator_text, definition.numerator),
        "Left out": definition.exclusions,
        "Given": f"{SCALES[definition.scale]}, {DIRECTIONS[definition.improvement]}, {INTERVALS[definition.interval]}",
        "Published for": ", ".join(definition.published_periods),
        "Chart": f"{definition.charting.chart} chart by {definition.charting.period}",
        "Gaps": f"over {definition.inequality_period}, from {definition.minimum_events} events in each group",
        "Cut by": ", ".join(f"`{each}`" for each in definition.stratifiers),
        "Mature after": f"{definition.maturity_days} days and the submission lag of the source",
    }
    features = [f"| `{name}` | {_feature_words(definition, name)} |" for name in definition.features]
    table = ["", "| feature | what it is |", "|---|---|", *features] if features else []
    example = definition.example
    return "\n".join(
        [
            f"## {definition.id}",
            "",
            f"**{definition.title}.** {definition.rationale}",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {text} |" for name, text in facts.items()),
            *table,
            "",
            f"Worked example ({example.title}): population {example.population}, denominator {example.denominator},"
            f" numerator {example.numerator}.",
            "",
        ]
    )


def _condition(words: str, condition: str) -> str:
    return f"{words}: `{condition}`"


def _feature_words(definition: IndicatorDefinition, name: str) -> str:
    feature = definition.features[name]
    value = "" if feature.value is None else f" of `{feature.value}`"
    where = "" if feature.where is None else f" where `{feature.where}`"
    by = "" if feature.by is None else f" with the same `{feature.by}`"
    return f"{feature.aggregate}{value} over rows of `{feature.table}`{by}{where}"


def _stratifier(stratifier: Stratifier) -> str:
    reference = stratifier.reference or "the rest"
    policy = f" ({stratifier.reference_policy})" if stratifier.reference_policy else ""
    order = "ordered, rank 1 the most disadvantaged" if stratifier.ordered else "not ordered"
    rows = [f"| `{each.code}` | {each.display} | {_membership(each.where, each.codes)} |" for each in stratifier.strata]
    table = ["", "| stratum | words | holds |", "|---|---|---|", *rows] if rows else []
    return "\n".join(
        [
            f"### {stratifier.id}",
            "",
            f"{stratifier.title}: `{stratifier.value}`. Code in reports `{stratifier.code}`; {order}; gaps are measured"
            f" against {reference}{policy}. Source: {stratifier.source} (confidence {stratifier.confidence}).",
            *table,
            "",
        ]
    )


def _membership(where: str | None, codes: tuple[str, ...]) -> str:
    return f"`{where}`" if where is not None else ", ".join(f"`{code}`" for code in codes)


if __name__ == "__main__":
    PAGE.write_text(render_indicators(), "utf-8")
