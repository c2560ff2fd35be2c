"""The page of indicators says what the definitions say."""

from __future__ import annotations

import pytest

from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from tests.docs.generate_indicators import PAGE, render_indicators


def test_the_committed_page_of_indicators_is_current() -> None:
    assert PAGE.read_text("utf-8") == render_indicators(), "run `python -m tests.docs.generate_indicators`"


@pytest.mark.parametrize("heading", [*shipped_definitions(), *shipped_stratifiers()])
def test_every_indicator_and_stratifier_has_its_section(heading: str) -> None:
    assert f"# {heading}\n" in render_indicators()
