from __future__ import annotations

from pathlib import Path

import pytest

from synthetic_bundles.describe_figures import figures_table
from synthetic_bundles.scenario import scenario_names

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "synthetic_world.md"


def test_the_page_shows_the_figures_as_they_are() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(figures_table())


@pytest.mark.parametrize("name", scenario_names())
def test_the_page_tells_of_every_scenario(name: str) -> None:
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")
