"""A world of three systems goes in whole: every record is taken, and each table holds as many rows as there were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from synthetic_bundles.faults.kinds import System
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.worlds import Perinatal, Ran, perinatal_at, take_in

TOLD = ("ndjson",)
SYSTEMS = (System.MATERNITY, System.NEONATAL, System.HEALTH_VISITING)
COUNTED = {
    "pregnancies": ("pregnancy", "true"),
    "bookings": ("booking", "true"),
    "deliveries": ("delivery", "true"),
    "babies": ("baby", "true"),
    "neonatal_episodes": ("neonatal_episode", "true"),
    "health_visits": ("hv_contact", "true"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small world of three systems."""
    folder = tmp_path_factory.mktemp("told")
    write_world(Plan(200, 5, load_scenario("llr")), folder, Writing(TOLD, systems=SYSTEMS))
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Perinatal:
    return perinatal_at(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def taken(store: Perinatal, told: Path) -> Ran:
    """The world, taken in."""
    return take_in(store, told)


def counted(store: Perinatal, table: str, condition: str) -> int:
    engine = sa.create_engine(store.settings["database_url"])
    with engine.connect() as connection:
        rows = int(connection.execute(sa.text(f"SELECT count(*) FROM {table} WHERE {condition}")).scalar_one())
    engine.dispose()
    return rows


def test_every_record_is_taken(taken: Ran) -> None:
    assert taken.code == 0, taken.err


@pytest.mark.parametrize("name", COUNTED)
def test_each_table_holds_as_many_rows_as_there_were(taken: Ran, store: Perinatal, told: Path, name: str) -> None:
    expected = json.loads((told / "truth.json").read_text("utf-8"))["records"][name]
    assert (taken.code, counted(store, *COUNTED[name])) == (0, expected)


ORPHANS = {
    "a contact of a child": "hv_contact WHERE child_key NOT IN (SELECT person_key FROM baby)",
    "a contact of a mother": "hv_contact WHERE mother_key NOT IN (SELECT mother_key FROM pregnancy)",
    "a day of care": "neonatal_day WHERE episode_key NOT IN (SELECT episode_key FROM neonatal_episode)",
    "a care plan": "care_plan WHERE pregnancy_key NOT IN (SELECT pregnancy_key FROM pregnancy)",
    "a home": "residence WHERE person_key NOT IN (SELECT person_key FROM person)",
}


@pytest.mark.parametrize("orphan", ORPHANS)
def test_rows_of_one_system_find_those_of_another(taken: Ran, store: Perinatal, orphan: str) -> None:
    table, condition = ORPHANS[orphan].split(" WHERE ")
    assert (taken.code, counted(store, table, condition)) == (0, 0)
