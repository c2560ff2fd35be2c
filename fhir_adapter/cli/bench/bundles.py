"""Synthetic records to read and to store."""

from __future__ import annotations

from itertools import islice

from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.render_msds import msd401_lines
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import generate_world

SEED = 7
SCENARIO = "no_gap"


def synthetic_bundles(births: int) -> list[bytes]:
    """So many bundles of one world."""
    return list(islice(bundles_of(_world(births)), births))


def synthetic_msd401(rows: int) -> bytes:
    """A CSV file of a header and so many rows."""
    return b"".join(islice(msd401_lines(_world(rows)), rows + 1))


def _world(births: int) -> World:
    return generate_world(births=births, seed=SEED, scenario=load_scenario(SCENARIO))
