"""A large world is made of parts: whatever makes them, the bytes are the same and nobody is twice in it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import Plan, generate_part
from synthetic_bundles.write_world import Writing, write_world

PLAN = Plan(240, 5, load_scenario("llr"), "2024-01", 12, part_births=80)
WRITING = Writing(("ndjson", "csv"), "heavy")


@pytest.fixture(scope="module")
def parts() -> list[World]:
    return [generate_part(PLAN, part) for part in range(1, PLAN.parts + 1)]


@pytest.fixture(scope="module")
def by_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    write_world(PLAN, folder, WRITING, processes=1)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_three_processes_write_the_bytes_that_one_writes(by_one: Path, tmp_path: Path) -> None:
    write_world(PLAN, tmp_path, WRITING, processes=3)
    assert digests(tmp_path) == digests(by_one)


def test_the_parts_hold_the_births_that_were_asked_for(parts: list[World]) -> None:
    assert [part.births for part in parts] == [80, 80, 80]


def test_births_that_do_not_divide_evenly_are_all_there() -> None:
    plan = replace(PLAN, births=201)
    assert sum(generate_part(plan, part).births for part in range(1, plan.parts + 1)) == 201


def test_nobody_has_a_number_of_somebody_in_another_part(parts: list[World]) -> None:
    numbers = np.concatenate([table["nhs_number"] for part in parts for table in (part.mothers, part.babies)])
    assert len(np.unique(numbers)) == len(numbers)


def test_the_parts_share_their_areas_and_postcodes(parts: list[World]) -> None:
    first, *others = parts
    assert all(np.array_equal(first.areas, other.areas) for other in others)
    assert all(np.array_equal(first.postcodes, other.postcodes) for other in others)


def test_the_parts_differ(parts: list[World]) -> None:
    assert len({part.deliveries["birth_datetime"].tobytes() for part in parts}) == len(parts)


def test_no_two_parts_share_an_identifier(parts: list[World]) -> None:
    assert len({world_stamp(part) for part in parts}) == len(parts)
    assert [part.first_row for part in parts] == [0, 200_000, 400_000]


def test_a_small_world_is_one_part_without_a_number_in_its_names(tmp_path: Path) -> None:
    paths = write_world(replace(PLAN, births=60), tmp_path, Writing(("ndjson",)))
    assert not [path for path in paths if "-p0" in path.name]


def test_the_spread_between_sites_and_months_is_the_same_in_all_parts() -> None:
    plan = Plan(6_000, 5, load_scenario("overdispersed_sites"), "2024-01", 2, part_births=3_000)
    rates = [milk_by_site_month(generate_part(plan, part)) for part in (1, 2)]
    assert np.corrcoef(rates[0], rates[1])[0, 1] > 0.5


def milk_by_site_month(world: World) -> list[float]:
    """Share with breast milk at first feed in each of the larger sites and months."""
    deliveries = world.deliveries[world.babies["delivery"]]
    frame = pd.DataFrame(
        {
            "site": deliveries["site"],
            "month": deliveries["birth_datetime"].astype("M8[M]").astype(str),
            "milk": np.isin(world.babies["first_feed"], ("01", "02")),
        }
    )
    cells = frame[frame["site"] != "RSB03"].groupby(["site", "month"])["milk"].mean()
    return [float(value) for value in cells]


@pytest.mark.parametrize("name", ["truth.parquet", "truth_observable.parquet"])
def test_the_truth_of_all_parts_is_their_sum(by_one: Path, parts: list[World], name: str) -> None:
    truth = pd.read_parquet(by_one / name)
    whole = truth[(truth["indicator"] == "BK01") & (truth["dimension"] == "all")]
    assert whole["population"].sum() == sum(len(part.bookings) for part in parts)


def test_no_cell_of_the_truth_is_told_twice(by_one: Path) -> None:
    truth = pd.read_parquet(by_one / "truth.parquet")
    keys = ["indicator", "month", "provider", "site", "dimension", "stratum", "value"]
    assert not truth.duplicated(keys).any()


def test_the_truth_says_how_many_parts_there_are(by_one: Path) -> None:
    assert orjson.loads((by_one / "truth.json").read_bytes())["parts"] == 3


def test_nothing_of_the_adding_up_is_left_behind(by_one: Path) -> None:
    assert not [path for path in by_one.iterdir() if path.name.startswith(".")]
