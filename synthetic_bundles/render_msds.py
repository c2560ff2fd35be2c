"""Births and ongoing pregnancies as the CSV tables of the Maternity Services Data Set, version 2.

Column names are those of MSDS v2. Dates are YYYY-MM-DD and times HH:MM:SS, local, in columns of their own. Codes are
SNOMED CT and so the columns that name the scheme are left out, as are those that NHS Digital alone can fill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.msds_antenatal import ANTENATAL_TABLES, antenatal_rows
from synthetic_bundles.msds_babies import BABY_TABLES, MSD401, baby_rows
from synthetic_bundles.msds_labour import LABOUR_TABLES, labour_rows
from synthetic_bundles.record_cells import Cells, babies_told, cells
from synthetic_bundles.records import BirthRecord, BundleRecord, birth_records
from synthetic_bundles.tables import World

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType({**ANTENATAL_TABLES, **LABOUR_TABLES, **BABY_TABLES})
MSD401_COLUMNS = TABLES["msd401"]
MSD401_HEADER = csv_line(MSD401_COLUMNS)


def rows_of(record: BundleRecord) -> Iterator[tuple[str, Cells]]:
    """Table and cells of every row that tells of this pregnancy; an ongoing one has neither labour nor baby."""
    yield from antenatal_rows(record)
    if isinstance(record, BirthRecord):
        yield from labour_rows(record)
        yield from baby_rows(record)


def msd401_lines(world: World) -> Iterator[bytes]:
    """The header, then a line a baby in order of birth; every line ends as RFC 4180 says."""
    yield MSD401_HEADER
    for birth in birth_records(world):
        yield from msd401_lines_of(birth)


def msd401_lines_of(birth: BirthRecord) -> Iterator[bytes]:
    """The lines of table MSD401 of one birth."""
    for told in babies_told(birth):
        yield csv_line(cells(MSD401, told))
