"""Small areas and postcodes that no real place has.

Codes have the shape of an LSOA but start at E01900001, far above any that was issued. Postcodes start with QX, which is
no postcode area of the United Kingdom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from synthetic_bundles.chance import Floats, Integers
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.figures import (
    AREAS_BY_DECILE,
    AREAS_BY_DECILE_OF_ENGLAND,
    BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED,
    Shares,
)
from synthetic_bundles.tables import AREA, POSTCODE, Table, table_of
from synthetic_bundles.vocabulary import TRUSTS

FIRST_LSOA = 1900001
RANKS = 32844  # small areas of England that the Indices of Deprivation 2019 rank
POSTCODES_PER_AREA = 8  # the same everywhere: the postcodes of an area are neighbours, found by their place
POSTCODE_AREA = "QX"
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail leaves C I K M O V out of the inward code
SECTORS = 10  # of a postcode district
CITY_SHARE_OF_DEPRIVED = 0.85  # K: most of the deprived areas of such a system lie in its city
CITY_SHARE_OF_OTHERS = 0.16
CITIES_OF_ENGLAND, SHIRES_OF_ENGLAND = 60, 240  # K: about as many districts as England has


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
DISTRICTS_OF_ENGLAND = (
    *(
        District(f"E08900{number:03d}", f"Synthetic Borough {number:03d}", TRUSTS[number % 2])
        for number in range(1, CITIES_OF_ENGLAND + 1)
    ),
    *(
        District(f"E07901{number:03d}", f"Synthetic Shire {number:03d}", TRUSTS[number % 2])
        for number in range(1, SHIRES_OF_ENGLAND + 1)
    ),
)
# In order of code: whoever looks a district up by a sorted search relies on it.
DISTRICT_TRUSTS = {district.code: district.trust for district in sorted((*DISTRICTS, *DISTRICTS_OF_ENGLAND))}


@dataclass(frozen=True, slots=True)
class Country:
    """Where a world lies. districts: the first `cities` of them hold most of the deprived areas.

    numbers_tell_districts: whether the last digit of a postcode district tells the district, which leaves room for nine
    districts and few postcodes; otherwise the numbers run on.
    """

    areas_by_decile: Shares
    districts: tuple[District, ...]
    cities: int
    numbers_tell_districts: bool


COUNTRIES: Mapping[str, Country] = MappingProxyType(
    {
        "llr": Country(AREAS_BY_DECILE, DISTRICTS, cities=1, numbers_tell_districts=True),
        "england": Country(
            AREAS_BY_DECILE_OF_ENGLAND, DISTRICTS_OF_ENGLAND, cities=CITIES_OF_ENGLAND, numbers_tell_districts=False
        ),
    }
)


def build_areas(random: np.random.Generator, kind: str = "llr") -> Table:
    """Small areas, most deprived decile first, in districts, each with a rank within its decile.

    kind: llr for a system like Leicester, Leicestershire and Rutland, england for as many as England has.
    Raises WorldRefused for another.
    """
    country = _country(kind)
    deciles = np.repeat(np.arange(1, 11), [int(count) for count in country.areas_by_decile.weights])
    districts = _districts_of(random, deciles, country)
    codes = np.array([district.code for district in country.districts])
    names = np.array([district.name for district in country.districts])
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


def build_postcodes(areas: Table, kind: str = "llr") -> Table:
    """Postcodes of every area, in order of area: POSTCODES_PER_AREA neighbours belong to one. kind: of the areas."""
    country = _country(kind)
    area = np.repeat(np.arange(len(areas)), POSTCODES_PER_AREA)
    if country.numbers_tell_districts:
        number_of_code = {district.code: number for number, district in enumerate(country.districts, start=1)}
        firsts = [number_of_code[code] for code in areas["district"][area].tolist()]
        texts = [_postcode(unit, first, step=10) for unit, first in enumerate(firsts)]
    else:
        texts = [_postcode(unit, 1, step=1) for unit in range(len(area))]
    return table_of(POSTCODE, {"postcode": np.array(texts), "area": area})


def birth_weights(areas: Table) -> Floats:
    """How many births each area has against the least deprived, shape (areas,)."""
    most = BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED.value
    return np.asarray(most ** ((10 - areas["decile"]) / 9.0))


def quintiles_of(deciles: Integers) -> Integers:
    """Quintile of each decile, 1 most deprived."""
    return np.asarray((deciles + 1) // 2)


def _country(kind: str) -> Country:
    if kind not in COUNTRIES:
        raise WorldRefused(f"areas are to be of kind '{kind}'; choose one of {', '.join(COUNTRIES)}")
    return COUNTRIES[kind]


def _districts_of(random: np.random.Generator, deciles: Integers, country: Country) -> Integers:
    """Place of the district of each area among those of the country."""
    city_share = np.where(deciles <= 3, CITY_SHARE_OF_DEPRIVED, CITY_SHARE_OF_OTHERS)
    is_city = random.random(len(deciles)) < city_share
    others = random.integers(country.cities, len(country.districts), len(deciles))
    cities = random.integers(0, country.cities, len(deciles))  # of a single city: takes nothing from the generator
    return np.where(is_city, cities, others)


def _ranks_of(random: np.random.Generator, deciles: Integers) -> Integers:
    ranks = np.empty(len(deciles), dtype=np.int64)
    for decile in range(1, 11):
        lowest, highest = RANKS * (decile - 1) // 10 + 1, RANKS * decile // 10
        members = deciles == decile
        ranks[members] = np.sort(random.choice(np.arange(lowest, highest + 1), int(members.sum()), replace=False))
    return ranks


def _postcode(unit: int, first: int, *, step: int) -> str:
    """A postcode of its own for each unit; the sector turns over once every pair of letters is used.

    first: number of the postcode district of the first sectors. step: to the next number, once all sectors are used.
    """
    pair, letters = divmod(unit, len(INWARD_LETTERS))
    sector, initial = divmod(pair, len(INWARD_LETTERS))
    turns, digit = divmod(sector, SECTORS)
    return f"{POSTCODE_AREA}{first + step * turns} {digit}{INWARD_LETTERS[initial]}{INWARD_LETTERS[letters]}"
