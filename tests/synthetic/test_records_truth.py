"""The truth of single records: whom each mentions under which key, and where it differs from the birth record."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

from synthetic_bundles.faults.drawing import Faults, draw_faults, has
from synthetic_bundles.faults.kinds import Fault, load_fault_level
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import Plan, generate_part
from synthetic_bundles.write_world import Writing, write_world

PLAN = Plan(700, 7, load_scenario("small_numbers"), "2024-01", 12)  # has swapped twins
BUNDLES = ("maternity", "neonatal", "health_visiting")
TABLE_KEYS = {
    ("msds", "msd001", "Person_ID_Mother"),
    ("msds", "msd401", "LPIDBaby"),
    ("e3", "e3_maternity", "BabyHospitalNumber"),
    ("badgernet", "badgernet_episodes", "BadgerUniqueID"),
    ("csds", "cyp001", "LocalPatientId"),
    ("csds", "cyp001", "MotherLocalPatientId"),
    ("mhsds", "mhs001", "LocalPatientId"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world with many faults in every format but two."""
    folder = tmp_path_factory.mktemp("world")
    write_world(PLAN, folder, Writing(("ndjson", "csv", "bfdr"), "heavy"))
    return folder


@pytest.fixture(scope="module")
def world() -> World:
    return generate_part(PLAN, 1)


@pytest.fixture(scope="module")
def faults(world: World) -> Faults:
    return draw_faults(world, load_fault_level("heavy"))


@pytest.fixture(scope="module")
def people(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth_people.parquet")


@pytest.fixture(scope="module")
def conflicts(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth_conflicts.parquet")


def patients_of(folder: Path, feed: str) -> set[tuple[str, str]]:
    """Identifier of the bundle and id of each Patient in the files of a feed that are whole."""
    return {
        (bundle["identifier"]["value"], entry["resource"]["id"])
        for bundle in bundles_of(folder, feed)
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    }


def bundles_of(folder: Path, feed: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(f"*/{feed}/*.ndjson.gz")):
        if path.with_name(path.name.replace(".ndjson", "-sent-again.ndjson")).exists():
            continue
        yield from map(orjson.loads, gzip.decompress(path.read_bytes()).splitlines())


def cells_of(folder: Path, feed: str, table: str, column: str) -> set[str]:
    """What stands in a column over all files of a table that are whole."""
    found: set[str] = set()
    for path in sorted((folder / "csv" / feed).glob(f"{table}-*.csv")):
        if not path.with_name(f"{path.stem}-sent-again.csv").exists():
            found |= {row[column] for row in csv.DictReader(path.read_text("utf-8").splitlines())}
    return found - {""}


@pytest.mark.parametrize("feed", [*BUNDLES, "bfdr"])
def test_the_people_of_a_feed_of_bundles_are_its_patients(folder: Path, people: pd.DataFrame, feed: str) -> None:
    told = people[people["feed"].str.endswith(f"/{feed}")]
    assert set(zip(told["record"], told["key"], strict=True)) == patients_of(folder, feed)


@pytest.mark.parametrize(("feed", "table", "column"), sorted(TABLE_KEYS))
def test_the_people_of_a_table_stand_under_its_numbers(
    folder: Path, people: pd.DataFrame, feed: str, table: str, column: str
) -> None:
    told = people[(people["feed"] == f"csv/{feed}") & (people["place"] == column)]
    assert set(told["key"]) == cells_of(folder, feed, table, column)


def test_a_key_of_a_feed_means_one_person_of_a_role(people: pd.DataFrame) -> None:
    keys = ["feed", "sender", "record", "place", "key", "role"]
    assert (people.groupby(keys, observed=True)["person"].nunique() == 1).all()


def test_a_person_has_one_group_and_one_quintile_in_all_feeds(people: pd.DataFrame) -> None:
    assert (people.groupby("person")[["eth5", "imd5"]].nunique() == 1).all(axis=None)


def test_every_mother_and_baby_of_the_world_is_mentioned_by_maternity(people: pd.DataFrame, world: World) -> None:
    told = people[people["feed"] == "ndjson/maternity"].groupby("role", observed=True)["person"].nunique()
    assert told.to_dict() == {"mother": len(world.mothers), "baby": len(world.babies)}


@pytest.mark.parametrize(
    ("state", "fault"), [("wrong", Fault.NHS_NUMBER_WRONG), ("temporary", Fault.TEMPORARY_ID)], ids=str
)
def test_babies_of_maternity_have_the_numbers_that_their_faults_leave_them(
    people: pd.DataFrame, faults: Faults, state: str, fault: Fault
) -> None:
    told = people[(people["feed"] == "csv/e3") & (people["role"] == "baby") & (people["nhs_number"] == state)]
    assert len(told) == has(faults.maternity, fault).sum() > 0


def test_stays_of_swapped_twins_bear_the_number_of_another(people: pd.DataFrame, faults: Faults) -> None:
    told = people[(people["feed"] == "csv/badgernet") & (people["nhs_number"] == "of_another")]
    assert len(told) == has(faults.neonatal, Fault.TWINS_SWAPPED).sum() > 0


def test_certificates_bear_no_number(people: pd.DataFrame) -> None:
    assert set(people[people["feed"] == "bfdr/bfdr"]["nhs_number"]) == {"missing"}


@pytest.mark.parametrize("feed", ["ndjson/neonatal", "csv/badgernet"])
@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("gestation_days", Fault.GESTATION_CONFLICT),
        ("birth_weight_g", Fault.WEIGHT_CONFLICT),
        ("birth_datetime", Fault.BIRTH_DATE_CONFLICT),
        ("ethnic_category", Fault.ETHNICITY_CONFLICT),
    ],
)
def test_every_injected_conflict_is_listed_for_each_feed_that_has_it(
    conflicts: pd.DataFrame, faults: Faults, feed: str, field: str, fault: Fault
) -> None:
    is_one = (conflicts["feed"] == feed) & (conflicts["field"] == field) & (conflicts["kind"] == "injected")
    assert is_one.sum() == has(faults.neonatal, fault).sum()


def test_units_differ_by_themselves_as_the_truth_counts_it(conflicts: pd.DataFrame, faults: Faults) -> None:
    natural = conflicts[(conflicts["feed"] == "csv/badgernet") & (conflicts["kind"] == "natural")]
    gestation = natural[(natural["field"] == "gestation_days") & natural["is_named"]]
    assert len(gestation) >= faults.differs_in_gestation.sum()


@pytest.mark.parametrize(("field", "least"), [("gestation_days", 2), ("birth_weight_g", 40)])
def test_an_injected_difference_is_as_large_as_the_fault_says(conflicts: pd.DataFrame, field: str, least: int) -> None:
    sizes = conflicts[(conflicts["field"] == field) & (conflicts["kind"] == "injected")]["size"]
    assert sizes.min() >= least


def test_who_differs_is_among_the_people(people: pd.DataFrame, conflicts: pd.DataFrame) -> None:
    keys = ["feed", "record", "place", "key", "role", "person"]
    known = set(people[keys].astype(str).itertuples(index=False, name=None))
    assert set(conflicts[keys].astype(str).itertuples(index=False, name=None)) <= known


def test_a_world_without_faults_differs_by_nature_alone(tmp_path: Path) -> None:
    write_world(Plan(300, 9, load_scenario("llr"), "2024-01", 12), tmp_path, Writing(("csv",), "none"))
    assert set(pd.read_parquet(tmp_path / "truth_conflicts.parquet")["kind"]) == {"natural"}
