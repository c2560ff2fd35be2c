"""Areas like those of a local system, and as many as England has."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from synthetic_bundles.areas import (
    COUNTRIES,
    DISTRICT_TRUSTS,
    POSTCODES_PER_AREA,
    RANKS,
    build_areas,
    build_postcodes,
)
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.mothers import build_mothers
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import Table
from synthetic_bundles.vocabulary import TRUSTS
from tests.synthetic.read_csv import rows_of

KINDS = tuple(COUNTRIES)
SAMPLES = {"llr": "imd2019_llr_lsoa2011.csv", "england": "imd2019_england_lsoa2011.csv"}


def areas_of(kind: str) -> Table:
    return build_areas(np.random.default_rng(1), kind)


def postcodes_of(kind: str) -> list[str]:
    postcodes: list[str] = build_postcodes(areas_of(kind), kind)["postcode"].tolist()
    return postcodes


@pytest.mark.parametrize("kind", KINDS)
def test_areas_are_distributed_over_deciles_as_in_the_official_file(kind: str, samples: Path) -> None:
    official = Counter(int(row["imd2019_decile"]) for row in rows_of(samples / "imd" / SAMPLES[kind]))
    assert Counter(areas_of(kind)["decile"].tolist()) == official


def test_every_rank_of_england_lies_in_the_decile_that_it_has_in_the_official_file(samples: Path) -> None:
    rows = rows_of(samples / "imd" / SAMPLES["england"])
    areas = areas_of("england")
    official = {int(row["imd2019_rank"]): int(row["imd2019_decile"]) for row in rows}
    # Some ranks of the official file are shared, so that the next one is missing there.
    assert set(zip(areas["rank"].tolist(), areas["decile"].tolist(), strict=True)) >= set(official.items())


def test_england_has_as_many_areas_as_are_ranked() -> None:
    assert len(areas_of("england")) == RANKS


@pytest.mark.parametrize("kind", KINDS)
def test_no_area_has_the_code_of_a_real_one(kind: str, samples: Path) -> None:
    real = {row["lsoa11cd"] for row in rows_of(samples / "imd" / SAMPLES["england"])}
    assert not real & set(areas_of(kind)["lsoa"].tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_no_district_has_the_code_of_a_real_one(kind: str, samples: Path) -> None:
    real = {row["lad19cd"] for row in rows_of(samples / "imd" / SAMPLES["england"])}
    assert not real & set(areas_of(kind)["district"].tolist())


@pytest.mark.parametrize("column", ["lsoa", "name"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_two_areas_share_a_code_or_a_name(kind: str, column: str) -> None:
    areas = areas_of(kind)
    assert np.unique(areas[column]).size == len(areas)


@pytest.mark.parametrize("kind", KINDS)
def test_codes_of_areas_have_the_shape_of_an_lsoa_above_all_that_were_issued(kind: str) -> None:
    codes = areas_of(kind)["lsoa"].tolist()
    assert [code for code in codes if not (code.startswith("E019") and len(code) == 9 and code[1:].isdigit())] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_units_share_a_postcode(kind: str) -> None:
    postcodes = postcodes_of(kind)
    assert len(set(postcodes)) == len(postcodes)


@pytest.mark.parametrize("kind", KINDS)
def test_postcodes_have_the_shape_of_a_real_one_in_an_area_that_there_is_not(kind: str) -> None:
    texts = np.array(postcodes_of(kind))
    fits = np.array([text[:2] == "QX" and text[2:-4].isdigit() and text[-4] == " " for text in texts.tolist()])
    lengths = set(np.strings.str_len(texts).tolist())
    assert (bool(fits.all()), lengths) == (True, {7, 8})


@pytest.mark.parametrize("kind", KINDS)
def test_every_area_has_the_same_number_of_postcodes_side_by_side(kind: str) -> None:
    areas = areas_of(kind)
    belongs_to = build_postcodes(areas, kind)["area"]
    assert (belongs_to == np.repeat(np.arange(len(areas)), POSTCODES_PER_AREA)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_district_has_areas(kind: str) -> None:
    districts = {district.code for district in COUNTRIES[kind].districts}
    assert set(areas_of(kind)["district"].tolist()) == districts


@pytest.mark.parametrize("kind", KINDS)
def test_every_district_names_a_trust_of_the_world(kind: str) -> None:
    trusts = {DISTRICT_TRUSTS[code] for code in areas_of(kind)["district"].tolist()}
    assert trusts == set(TRUSTS)


def test_districts_stand_in_order_of_code_for_a_sorted_search() -> None:
    assert list(DISTRICT_TRUSTS) == sorted(DISTRICT_TRUSTS)


@pytest.mark.parametrize("kind", KINDS)
def test_most_of_the_deprived_areas_lie_in_cities(kind: str) -> None:
    areas, country = areas_of(kind), COUNTRIES[kind]
    cities = [district.code for district in country.districts[: country.cities]]
    is_city = np.isin(areas["district"], cities)
    deprived = areas["decile"] <= 3
    assert is_city[deprived].mean() > 0.7 > 0.3 > is_city[~deprived].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_postcode_lies_in_the_area_where_the_mother_lives(kind: str) -> None:
    random, areas = np.random.default_rng(1), areas_of(kind)
    postcodes = build_postcodes(areas, kind)
    days = np.full(2_000, np.datetime64("2024-01-01"))
    mothers = build_mothers(random, load_scenario("no_gap"), areas, postcodes, days, np.full(2_000, "9990000000"))
    area_of = dict(zip(postcodes["postcode"].tolist(), postcodes["area"].tolist(), strict=True))
    homes = zip(mothers["postcode"].tolist(), mothers["area"].tolist(), strict=True)
    assert all(area_of.get(postcode, area) == area for postcode, area in homes)


def test_the_local_areas_are_the_default() -> None:
    assert build_areas(np.random.default_rng(1)).tobytes() == areas_of("llr").tobytes()


def test_a_world_that_was_made_before_keeps_its_areas_and_postcodes() -> None:
    areas = areas_of("llr")
    digests = [hashlib.sha256(table.tobytes()).hexdigest()[:16] for table in (areas, build_postcodes(areas))]
    assert digests == ["70896e53709308f7", "9c9dbe9f24ff8e8f"]


def test_areas_of_an_unknown_kind_are_refused() -> None:
    with pytest.raises(WorldRefused, match="choose one of llr, england"):
        areas_of("wales")
