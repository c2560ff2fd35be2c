from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import orjson
import pytest

from synthetic_bundles.errors import FormatUnknown
from synthetic_bundles.feeds import FORMATS
from synthetic_bundles.tables import World
from synthetic_bundles.write_world import Writing, write_world
from tests.synthetic.conftest import SMALL_PLAN
from tests.synthetic.read_csv import header_of, rows_of
from tests.synthetic.recount import BundleReader, Resource, birth_time, bundles_in, place_of

ORGANISATION_COLUMNS = ["organisation_code", "name", "kind", "parent_code", "neonatal_level", "valid_from", "valid_to"]


def digests(folder: Path) -> dict[str, str]:
    """Digest of each file below the folder by its place in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_world_writes_the_same_bytes(written_world: Path, tmp_path: Path) -> None:
    write_world(SMALL_PLAN, tmp_path, Writing(FORMATS))
    assert digests(tmp_path) == digests(written_world)


def test_every_file_written_is_returned(tmp_path: Path) -> None:
    paths = write_world(SMALL_PLAN, tmp_path, Writing(("csv",)))
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FormatUnknown, match="bfdr, bulk, bundles, csv, ndjson"):
        write_world(SMALL_PLAN, tmp_path / "nowhere", Writing(("csv", "xml")))
    assert not (tmp_path / "nowhere").exists()


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    write_world(SMALL_PLAN, tmp_path, Writing(("csv",)), progress=lambda done, total: reports.append((done, total)))
    assert reports[-1] == (SMALL_PLAN.births, SMALL_PLAN.births)


def month_of(bundle: Resource) -> str:
    """Month of the birth of the first baby, or of the booking while there is none."""
    reader = BundleReader(bundle)
    births = [birth_time(baby) for _, baby in reader.babies]
    _, booking = reader.encounter("424441002")
    return min(births, default=booking["period"]["start"])[:7]


def trust_of(bundle: Resource) -> str:
    """Trust of the last encounter of the mother: the delivery, or the booking while there is none."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [place_of(resource)[0] for resource in resources if resource["resourceType"] == "Encounter"][-1]


def test_one_bundle_file_is_written_for_each_pregnancy(written_world: Path, small_world: World) -> None:
    assert len(list((written_world / "bundles" / "maternity").glob("20??-??/*.json"))) == len(small_world.pregnancies)


def test_a_bundle_file_stands_in_the_folder_of_its_birth_or_else_its_booking(written_world: Path) -> None:
    paths = sorted((written_world / "bundles" / "maternity").glob("20??-??/*.json"))
    assert [path.parent.name for path in paths] == [month_of(orjson.loads(path.read_bytes())) for path in paths]


def test_a_line_stands_in_the_file_of_its_trust_and_of_its_birth_or_else_its_booking(written_world: Path) -> None:
    paths = sorted((written_world / "ndjson" / "maternity").glob("*.ndjson.gz"))
    places = {(path.name, bundle_place(bundle)) for path in paths for bundle in map(orjson.loads, lines_of(path))}
    assert places == {(path.name, path.name.removesuffix(".ndjson.gz")) for path in paths}


def bundle_place(bundle: Resource) -> str:
    return f"maternity-{trust_of(bundle)}-{month_of(bundle)}"


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def test_no_file_is_of_a_month_outside_the_world(written_world: Path, small_world: World) -> None:
    months = sorted(path.name for path in (written_world / "bundles" / "maternity").glob("20??-??"))
    assert (months[0], months[-1]) == (str(small_world.first_month), str(small_world.last_month))


def test_the_lines_are_the_same_bundles_as_the_files(written_world: Path) -> None:
    files = {path.stem.split("-", 2)[2] for path in (written_world / "bundles" / "maternity").glob("20??-??/*.json")}
    assert {bundle["identifier"]["value"] for bundle in bundles_in(written_world)} == files


def test_the_csv_has_one_line_a_baby(written_world: Path, small_world: World) -> None:
    rows = [row for path in sorted(written_world.rglob("msd401-*.csv")) for row in rows_of(path)]
    assert len(rows) == len(small_world.babies)


def test_the_csv_starts_with_the_columns_of_the_sample(written_world: Path, samples: Path) -> None:
    expected = header_of(samples / "one-birth-four-sources" / "msds_msd401_babydemographics.csv")
    found = header_of(next(written_world.rglob("msd401-*.csv")))
    assert found == [*expected, "OrgCodeProvider", "OrgSiteIDActualDelivery", "Person_ID_Mother"]


def test_the_csv_and_the_bundles_tell_of_the_same_babies(written_world: Path) -> None:
    rows = [row for path in sorted(written_world.rglob("msd401-*.csv")) for row in rows_of(path)]
    patients = [
        entry["resource"]
        for bundle in bundles_in(written_world)
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    numbers = {patient["identifier"][0]["value"] for patient in patients}
    assert {row["NHSNumberBaby"] for row in rows} <= numbers


def test_the_organisations_have_the_columns_of_the_common_model(written_world: Path) -> None:
    assert header_of(written_world / "reference" / "organisations.csv") == ORGANISATION_COLUMNS


def test_the_organisations_are_one_system_two_trusts_and_five_sites(written_world: Path) -> None:
    kinds = [row["kind"] for row in rows_of(written_world / "reference" / "organisations.csv")]
    assert (kinds.count("lmns"), kinds.count("trust"), kinds.count("site")) == (1, 2, 5)


def test_the_deprivation_file_has_the_columns_of_the_official_one(written_world: Path, samples: Path) -> None:
    assert header_of(written_world / "reference" / "imd2019.csv") == header_of(
        samples / "imd" / "imd2019_llr_lsoa2011.csv"
    )


def test_the_reference_tables_stand_apart_from_the_feed(written_world: Path) -> None:
    names = {path.name for path in (written_world / "reference").iterdir()}
    assert names == {"organisations.csv", "imd2019.csv", "postcodes.csv"}


def test_the_truth_states_the_ongoing_pregnancies(written_world: Path, small_world: World) -> None:
    records = orjson.loads((written_world / "truth.json").read_bytes())["records"]
    assert records["ongoing_pregnancies"] == records["pregnancies"] - 600 == len(small_world.ongoing) > 0


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
