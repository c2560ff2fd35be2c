"""Synthetic records to read and to store."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson

from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.render_msds import msd401_lines
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import generate_world

SEED = 7
SCENARIO = "no_gap"
FACTS = frozenset(("Observation", "CarePlan"))  # resources that no other resource refers to


def synthetic_bundles(births: int) -> list[bytes]:
    """So many bundles of one world."""
    return list(islice(bundles_of(_world(births)), births))


def shorter_bundle(raw: bytes, resources: int) -> bytes:
    """The bundle with so many resources: persons, encounters and procedures stay, facts are left out evenly."""
    document = orjson.loads(raw)
    facts = [at for at, each in enumerate(document["entry"]) if _is_fact(each)]
    most = max(0, resources - (len(document["entry"]) - len(facts)))
    kept = {facts[len(facts) * at // most] for at in range(most)} if most < len(facts) else set(facts)
    document["entry"] = [each for at, each in enumerate(document["entry"]) if at in kept or not _is_fact(each)]
    return orjson.dumps(document)


def _is_fact(entry: dict[str, Any]) -> bool:
    return entry["resource"]["resourceType"] in FACTS


def synthetic_msd401(rows: int) -> bytes:
    """A CSV file of a header and so many rows."""
    return b"".join(islice(msd401_lines(_world(rows)), rows + 1))


def _world(births: int) -> World:
    return generate_world(births=births, seed=SEED, scenario=load_scenario(SCENARIO))
