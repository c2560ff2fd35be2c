"""Small areas and postcodes that no real place has.

Codes have the shape of an LSOA but start at E01900001, far above any that was issued. Postcodes start with QX, which is
no postcode area of the United Kingdom.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from synthetic_bundles.chance import Floats, Integers
from synthetic_bundles.figures import AREAS_BY_DECILE, BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED
from synthetic_bundles.tables import AREA, POSTCODE, Table, table_of

FIRST_LSOA = 1900001
RANKS = 32844  # small areas of England that the Indices of Deprivation 2019 rank
POSTCODES_PER_AREA = 8
POSTCODE_AREA = "QX"
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail leaves C I K M O V out of the inward code
CITY_SHARE_OF_DEPRIVED = 0.85  # K: most of the deprived areas of such a system lie in its city
CITY_SHARE_OF_OTHERS = 0.16


class District(NamedTuple):
    code: str
    name: str
    trust: str  # where most of its women book


DISTRICTS = (
    District("E06900001", "Synthetic City", "RSA"),
    District("E07900002", "North Synthetic", "RSA"),
    District("E07900003", "South Synthetic", "RSA"),
    District("E07900004", "East Synthetic", "RSB"),
    District("E07900005", "West Synthetic", "RSB"),
    District("E07900006", "Synthetic Vale", "RSB"),
    District("E07900007", "Synthetic Hills", "RSB"),
)
DISTRICT_TRUSTS = {district.code: district.trust for district in DISTRICTS}


def build_areas(random: np.random.Generator) -> Table:
    """Small areas, most deprived decile first, in districts, each with a rank within its decile."""
    deciles = np.repeat(np.arange(1, 11), [int(count) for count in AREAS_BY_DECILE.weights])
    districts = _districts_of(random, deciles)
    codes = np.array([district.code for district in DISTRICTS])
    names = np.array([district.name for district in DISTRICTS])
    area_names = [f"{names[district]} {position:03d}" for position, district in enumerate(districts, start=1)]
    return table_of(
        AREA,
        {
            "lsoa": np.array([f"E0{FIRST_LSOA + position}" for position in range(len(deciles))]),
            "name": np.array(area_names),
            "district": codes[districts],
            "district_name": names[districts],
            "rank": _ranks_of(random, deciles),
            "decile": deciles,
        },
    )


def build_postcodes(areas: Table) -> Table:
    """Postcodes of every area, in order of area: POSTCODES_PER_AREA neighbours belong to one."""
    district_of_code = {district.code: position for position, district in enumerate(DISTRICTS, start=1)}
    area = np.repeat(np.arange(len(areas)), POSTCODES_PER_AREA)
    districts = [district_of_code[code] for code in areas["district"][area].tolist()]
    texts = [_postcode(district, unit) for unit, district in enumerate(districts)]
    return table_of(POSTCODE, {"postcode": np.array(texts), "area": area})


def birth_weights(areas: Table) -> Floats:
    """How many births each area has against the least deprived, shape (areas,)."""
    most = BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED.value
    return np.asarray(most ** ((10 - areas["decile"]) / 9.0))


def quintiles_of(deciles: Integers) -> Integers:
    """Quintile of each decile, 1 most deprived."""
    return np.asarray((deciles + 1) // 2)


def _districts_of(random: np.random.Generator, deciles: Integers) -> Integers:
    city_share = np.where(deciles <= 3, CITY_SHARE_OF_DEPRIVED, CITY_SHARE_OF_OTHERS)
    is_city = random.random(len(deciles)) < city_share
    return np.where(is_city, 0, random.integers(1, len(DISTRICTS), len(deciles)))


def _ranks_of(random: np.random.Generator, deciles: Integers) -> Integers:
    ranks = np.empty(len(deciles), dtype=np.int64)
    for decile in range(1, 11):
        lowest, highest = RANKS * (decile - 1) // 10 + 1, RANKS * decile // 10
        members = deciles == decile
        ranks[members] = np.sort(random.choice(np.arange(lowest, highest + 1), int(members.sum()), replace=False))
    return ranks


def _postcode(district: int, unit: int) -> str:
    """A postcode of its own for each unit; the sector turns over once every pair of letters is used."""
    pair, letters = divmod(unit, len(INWARD_LETTERS))
    sector, first = divmod(pair, len(INWARD_LETTERS))
    tens, sector_digit = divmod(sector, 10)
    return f"{POSTCODE_AREA}{district + 10 * tens} {sector_digit}{INWARD_LETTERS[first]}{INWARD_LETTERS[letters]}"
