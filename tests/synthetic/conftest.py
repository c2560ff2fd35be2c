"""Worlds that several tests look at, made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from synthetic_bundles.feeds import FORMATS
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.truth import true_counts
from synthetic_bundles.world import Plan, generate_part, generate_world
from synthetic_bundles.write_world import Writing, write_world

CountsOf = Callable[[str], pd.DataFrame]
LARGE = 30_000
SMALL_PLAN = Plan(600, 11, load_scenario("llr"), "2023-10", 24)
LARGE_MONTHS = 60


@pytest.fixture(scope="session")
def small_world() -> World:
    """600 births of the default scenario over two years that hold the step."""
    return generate_part(SMALL_PLAN, 1)


@pytest.fixture(scope="session")
def llr_world() -> World:
    """20,000 births of the default scenario over five years: the world in which every indicator has events."""
    return generate_world(births=20_000, seed=7, scenario=load_scenario("llr"))


@pytest.fixture(scope="session")
def large_counts() -> CountsOf:
    """True counts of a world of LARGE births of the scenario named, made once a session."""

    @cache
    def of_scenario(name: str) -> pd.DataFrame:
        return true_counts(generate_world(births=LARGE, seed=5, scenario=load_scenario(name), months=LARGE_MONTHS))

    return of_scenario


@pytest.fixture(scope="session")
def written_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world as files, in every format."""
    folder = tmp_path_factory.mktemp("world")
    write_world(SMALL_PLAN, folder, Writing(FORMATS))
    return folder
