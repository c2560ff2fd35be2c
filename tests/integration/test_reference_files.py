"""Official reference files go in, versions never mix, and every faulty line is told."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa

from fhir_adapter.errors import PayloadRefused, ReferenceRefused
from fhir_adapter.store.benchmarks import hes_averages
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.operational_schema import REFERENCE_IMD
from fhir_adapter.store.reference_files import MOST_FAULTS
from fhir_adapter.store.reference_tables import load_reference
from fhir_adapter.workflows.resolve import resolve_everything
from indicator_engine.counts import month_index
from indicator_engine.gates import MonthlyAverage
from tests.integration.people import cell, first_record, intake_over, send

DECILE = "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"
OFFICIAL_2019 = f'LSOA code (2011),LSOA name (2011),Local Authority District code (2019),"{DECILE}"'
OFFICIAL_2025 = f'LSOA code (2021),LSOA name (2021),Local Authority District code (2024),"{DECILE}"'
POSTCODES = "pcds,lsoa11,lsoa21,oslaua,doterm"


def load(store: sa.Engine, folder: Path, kind: str, *lines: str) -> int:
    """Load a file of these lines."""
    path = folder / "file.csv"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    with writing(store) as connection:
        return load_reference(connection, kind, path)


def deciles(store: sa.Engine) -> set[tuple[str, str, int]]:
    """Area, version and decile of every row loaded."""
    with reading(store) as connection:
        rows = connection.execute(sa.select(REFERENCE_IMD.c.lsoa, REFERENCE_IMD.c.version, REFERENCE_IMD.c.decile))
        return {(lsoa, version, decile) for lsoa, version, decile in rows}


@pytest.mark.parametrize(
    ("header", "line", "version"),
    [
        (OFFICIAL_2019, "E01013600,Leicester 003A,E06000016,2", "2019"),
        (OFFICIAL_2025, "E01013600,Leicester 003A,E06000016,2", "2025"),
        ("lsoa11cd,lad19cd,imd2019_decile", "E01013600,E06000016,2", "2019"),
        ("\ufefflsoa21cd,imd2025_decile", "E01013600,2", "2025"),
    ],
)
def test_the_header_tells_the_version(store: sa.Engine, tmp_path: Path, header: str, line: str, version: str) -> None:
    load(store, tmp_path, "imd", header, line)
    assert deciles(store) == {("E01013600", version, 2)}


def test_both_versions_stand_side_by_side(store: sa.Engine, tmp_path: Path) -> None:
    load(store, tmp_path, "imd", OFFICIAL_2019, "E01013600,a,E06000016,2")
    load(store, tmp_path, "imd", OFFICIAL_2025, "E01013600,a,E06000016,3")
    assert deciles(store) == {("E01013600", "2019", 2), ("E01013600", "2025", 3)}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("lsoa11cd,imd2025_decile", "reference.mixed-versions"),
        ("lsoa21cd,imd2019_decile", "reference.mixed-versions"),
        (f'LSOA code (2011),Local Authority District code (2024),"{DECILE}"', "reference.mixed-versions"),
        ("lsoa,decile", "reference.header"),
    ],
)
def test_a_header_of_two_versions_or_none_is_refused(store: sa.Engine, tmp_path: Path, header: str, code: str) -> None:
    with pytest.raises(PayloadRefused) as refused:
        load(store, tmp_path, "imd", header, "E01013600,2,3")
    assert refused.value.code == code


def test_an_area_made_in_2021_is_not_taken_for_the_index_of_2019(store: sa.Engine, tmp_path: Path) -> None:
    with pytest.raises(ReferenceRefused, match="made in 2021"):
        load(store, tmp_path, "imd", "lsoa11cd,imd2019_decile", "E01035000,2")


@pytest.mark.parametrize("postcodes_first", [True, False])
def test_areas_that_the_postcodes_know_in_2011_alone_are_not_taken_for_the_index_of_2025(
    store: sa.Engine, tmp_path: Path, postcodes_first: bool
) -> None:
    files = [
        ("postcodes", POSTCODES, "LE1 5WW,E01013600,E01034000,E06000016,"),
        ("imd", "lsoa21cd,imd2025_decile", "E01013600,2"),
    ]
    first, second = files if postcodes_first else files[::-1]
    load(store, tmp_path, *first)
    with pytest.raises(ReferenceRefused, match="LSOAs of the other census"):
        load(store, tmp_path, *second)


def test_the_sample_of_england_goes_in_whole_and_in_little_memory(store: sa.Engine, samples: Path) -> None:
    tracemalloc.start()
    with writing(store) as connection:
        rows = load_reference(connection, "imd", samples / "imd" / "imd2019_england_lsoa2011.csv")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows, most < 60_000_000) == (32_844, True)


def test_every_fault_is_counted_and_the_first_are_told(store: sa.Engine, tmp_path: Path) -> None:
    lines = [f"E01013{number:03},11" for number in range(50)]
    with pytest.raises(ReferenceRefused) as refused:
        load(store, tmp_path, "imd", "lsoa11cd,imd2019_decile", "E01013600,2", *lines)
    assert (len(refused.value.faults), refused.value.count, deciles(store)) == (MOST_FAULTS, 50, set())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("RWE,Trust,trust,QK1,,2020-04-01,", "parent_code QK1 of RWE is no organisation"),
        ("RWE,Trust,trust,,,2020-04-01,2019-01-01", "the end lies after the beginning"),
        ("RWE,Trust,hospital,,,2020-04-01,", "a kind is one of"),
        ("RWE,Trust,trust,,,2020-04-31,", "a date is expected"),
    ],
)
def test_a_faulty_organisation_is_told(store: sa.Engine, tmp_path: Path, line: str, text: str) -> None:
    header = "organisation_code,name,kind,parent_code,neonatal_level,valid_from,valid_to"
    with pytest.raises(ReferenceRefused, match=text):
        load(store, tmp_path, "organisations", header, line)


@pytest.mark.parametrize(
    ("line", "decile", "reason"),
    [
        ("LE1 5WW,E01013600,E01013600,E06000016,", 2, None),
        ("LE1 5WW,E01013600,E01013600,E06000016,202001", 2, None),
        ("LE1 5WW,W01000001,W01000001,W06000001,", None, "outside_england"),
        ("LE1 9ZZ,E01013600,E01013600,E06000016,", None, "unknown_area"),
    ],
    ids=["as it is", "terminated", "of Wales", "not in the file"],
)
def test_a_postcode_gives_its_decile_or_why_there_is_none(
    store: sa.Engine, tmp_path: Path, line: str, decile: int | None, reason: str | None
) -> None:
    load(store, tmp_path, "postcodes", POSTCODES, line)
    load(store, tmp_path, "imd", OFFICIAL_2019, "E01013600,a,E06000016,2")
    send(intake_over(store), first_record())
    resolve_everything(store)
    assert (cell(store, "residence", "imd_2019_decile"), cell(store, "residence", "imd_missing_reason")) == (
        [decile],
        [reason],
    )


def test_averages_of_hes_are_read_from_the_benchmarks_by_organisation(store: sa.Engine, tmp_path: Path) -> None:
    header = "indicator,area,period_start,period_end,value,unit,source"
    lines = (
        "hes_monthly_deliveries,RSA,2025-04-01,2026-03-31,410.5,deliveries,HES",
        "hes_monthly_deliveries,RSA,2024-04-01,2025-03-31,400,deliveries,HES",
        "LB01,RSB,2024-04-01,2025-03-31,0.06,proportion,NHS",
    )
    load(store, tmp_path, "benchmarks", header, *lines)
    april_2024 = month_index(2024, 4)
    with reading(store) as connection:
        assert hes_averages(connection) == {
            "RSA": [
                MonthlyAverage(april_2024, april_2024 + 11, 400.0),
                MonthlyAverage(april_2024 + 12, april_2024 + 23, 410.5),
            ]
        }


def test_benchmarks_go_in(store: sa.Engine, tmp_path: Path) -> None:
    header = "indicator,area,period_start,period_end,value,unit,source"
    assert load(store, tmp_path, "benchmarks", header, "LB01,E92000001,2024-04-01,2025-03-31,0.06,proportion,NHS") == 1
