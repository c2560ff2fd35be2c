"""The reference tables that a world brings along, as CSV in the official layouts."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from synthetic_bundles.areas import quintiles_of
from synthetic_bundles.tables import World

# Columns of table `organisation` of the common model.
ORGANISATION_COLUMNS = ("organisation_code", "name", "kind", "parent_code", "neonatal_level", "valid_from", "valid_to")
# Columns of the lookup made from File 1 of the English Indices of Deprivation 2019.
IMD_COLUMNS = ("lsoa11cd", "lsoa11nm", "lad19cd", "lad19nm", "imd2019_rank", "imd2019_decile", "imd2019_quintile")
# The columns of the ONS Postcode Directory that are needed.
POSTCODE_COLUMNS = ("pcds", "lsoa11", "lsoa21", "oslaua")


def write_organisations(world: World, path: Path) -> None:
    rows = world.organisations
    valid_from = np.datetime_as_string(rows["valid_from"])
    columns = [rows[name] for name in ORGANISATION_COLUMNS[:5]]
    absent = [""] * len(rows)
    _write_csv(path, ORGANISATION_COLUMNS, zip(*columns, valid_from, absent, strict=True))


def write_deprivation(world: World, path: Path) -> None:
    areas = world.areas
    columns = [areas[name].tolist() for name in ("lsoa", "name", "district", "district_name", "rank", "decile")]
    _write_csv(path, IMD_COLUMNS, zip(*columns, quintiles_of(areas["decile"]).tolist(), strict=True))


def write_postcodes(world: World, path: Path) -> None:
    """Every area keeps its code from 2011 to 2021, as most real ones do."""
    areas = world.areas[world.postcodes["area"]]
    lsoa = areas["lsoa"].tolist()
    rows = zip(world.postcodes["postcode"].tolist(), lsoa, lsoa, areas["district"].tolist(), strict=True)
    _write_csv(path, POSTCODE_COLUMNS, rows)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
