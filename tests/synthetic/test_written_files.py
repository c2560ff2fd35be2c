from __future__ import annotations

import hashlib
from pathlib import Path

import orjson
import pytest

from synthetic_bundles.errors import FormatUnknown
from synthetic_bundles.tables import World
from synthetic_bundles.write_world import write_world
from tests.synthetic.read_csv import header_of, rows_of
from tests.synthetic.recount import bundles_in

ORGANISATION_COLUMNS = ["organisation_code", "name", "kind", "parent_code", "neonatal_level", "valid_from", "valid_to"]


def digests(folder: Path) -> dict[str, str]:
    """Digest of each file below the folder by its place in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_world_writes_the_same_bytes(written_world: Path, small_world: World, tmp_path: Path) -> None:
    write_world(small_world, tmp_path, formats=("bundles", "ndjson", "csv"))
    assert digests(tmp_path) == digests(written_world)


def test_every_file_written_is_returned(small_world: World, tmp_path: Path) -> None:
    paths = write_world(small_world, tmp_path, formats=("csv",))
    assert sorted(path.name for path in paths) == sorted(path.name for path in tmp_path.iterdir())


def test_an_unknown_format_is_refused_before_anything_is_written(small_world: World, tmp_path: Path) -> None:
    with pytest.raises(FormatUnknown, match="bundles, csv, ndjson"):
        write_world(small_world, tmp_path / "nowhere", formats=("csv", "xml"))
    assert not (tmp_path / "nowhere").exists()


def test_progress_ends_at_its_total(small_world: World, tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    write_world(
        small_world, tmp_path, formats=("csv", "ndjson"), progress=lambda done, total: reports.append((done, total))
    )
    assert reports[-1] == (1200, 1200)


def test_one_bundle_file_a_birth_stands_in_the_folder_of_its_month(written_world: Path) -> None:
    bundles = [orjson.loads(path.read_bytes()) for path in sorted(written_world.glob("20??-??/*.json"))]
    assert len(bundles) == 600


def test_the_lines_are_the_same_bundles_as_the_files(written_world: Path) -> None:
    files = {path.stem for path in written_world.glob("20??-??/*.json")}
    assert {bundle["identifier"]["value"] for bundle in bundles_in(written_world)} == files


def test_the_csv_has_one_line_a_baby(written_world: Path, small_world: World) -> None:
    rows = [row for path in sorted(written_world.glob("msd401-*.csv")) for row in rows_of(path)]
    assert len(rows) == len(small_world.babies)


def test_the_csv_starts_with_the_columns_of_the_sample(written_world: Path, samples: Path) -> None:
    expected = header_of(samples / "one-birth-four-sources" / "msds_msd401_babydemographics.csv")
    found = header_of(next(written_world.glob("msd401-*.csv")))
    assert found == [*expected, "OrgCodeProvider", "OrgSiteIDActualDelivery", "Person_ID_Mother"]


def test_the_csv_and_the_bundles_tell_of_the_same_babies(written_world: Path) -> None:
    rows = [row for path in sorted(written_world.glob("msd401-*.csv")) for row in rows_of(path)]
    patients = [
        entry["resource"]
        for bundle in bundles_in(written_world)
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    numbers = {patient["identifier"][0]["value"] for patient in patients}
    assert {row["NHSNumberBaby"] for row in rows} <= numbers


def test_the_organisations_have_the_columns_of_the_common_model(written_world: Path) -> None:
    assert header_of(written_world / "organisations.csv") == ORGANISATION_COLUMNS


def test_the_organisations_are_one_system_two_trusts_and_five_sites(written_world: Path) -> None:
    kinds = [row["kind"] for row in rows_of(written_world / "organisations.csv")]
    assert (kinds.count("lmns"), kinds.count("trust"), kinds.count("site")) == (1, 2, 5)


def test_the_deprivation_file_has_the_columns_of_the_official_one(written_world: Path, samples: Path) -> None:
    assert header_of(written_world / "imd2019.csv") == header_of(samples / "imd" / "imd2019_llr_lsoa2011.csv")


def test_the_truth_says_what_it_is_the_truth_of(written_world: Path) -> None:
    truth = orjson.loads((written_world / "truth.json").read_bytes())
    told = {name: truth[name] for name in ("scenario", "seed", "births", "first_month", "last_month")}
    assert told == {
        "scenario": "llr",
        "seed": 11,
        "births": 600,
        "first_month": "2023-10",
        "last_month": "2025-09",
    }
