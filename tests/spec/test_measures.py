"""Measures of others: their worked examples, and the exclusion as a population of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from indicator_engine.definition import (
    IndicatorDefinition,
    parse_definition,
    shipped_definitions,
    shipped_measures,
    shipped_stratifiers,
)
from indicator_engine.engines.members import Member
from indicator_engine.errors import DefinitionInvalid
from indicator_engine.plan import plan_families
from tests.builders import complete
from tests.engines import Run, members_by_duckdb, members_by_reference

MEASURES = shipped_measures().values()
CMS334 = shipped_measures()["CMS334"]


@pytest.mark.parametrize("definition", MEASURES, ids=lambda each: each.id)
def test_the_worked_example_of_a_measure_gives_its_integers(run: Run, definition: IndicatorDefinition) -> None:
    example = definition.example
    cells = run(plan_families([definition], shipped_stratifiers()), complete(example.rows)).counts.cells
    sums = tuple(int(cells[name].sum()) for name in ("population", "denominator", "numerator"))
    assert sums == (example.population, example.denominator - example.denominator_exclusion, example.numerator)


def members(engine: str, folder: Path) -> list[Member]:
    """The members of the worked example of CMS334, as one engine sees them."""
    (family,) = plan_families([CMS334], shipped_stratifiers())
    rows = complete(CMS334.example.rows)
    found = members_by_reference(family, rows) if engine == "reference" else members_by_duckdb(family, rows, folder)
    return list(found["CMS334"])


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_every_engine_tells_who_is_in_which_population(engine: str, tmp_path: Path) -> None:
    assert members(engine, tmp_path) == [
        Member("d1", True, True, False, True),
        Member("d2", True, True, False, False),
        Member("d3", True, True, True, False),
        Member("d4", True, False, False, False),
        Member("d5", False, False, False, False),
    ]


def test_a_measure_is_no_indicator_that_is_published() -> None:
    assert set(shipped_measures()) & set(shipped_definitions()) == set()


def test_an_exclusion_without_words_is_refused() -> None:
    text = CMS334.model_copy(update={"denominator_exclusion_text": None}).model_dump_json(exclude_none=True)
    with pytest.raises(DefinitionInvalid, match="belong together"):
        parse_definition(text.replace('"numerator_text"', '"improvement": null, "numerator_text"'), place="x.yaml")
