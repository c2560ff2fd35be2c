"""The drawn model as the Parquet files that the store's snapshot would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fhir_adapter.cli.bench.born import (
    ABSENT,
    ETHNIC_CODES,
    FEEDS,
    METHODS,
    OUTCOMES,
    SITES,
    SITES_OF_A_PROVIDER,
    SMOKING,
    TRAUMAS,
    Births,
    Minutes,
)
from fhir_adapter.store.snapshot import ARROW_TYPES, ROWS_AT_ONCE
from indicator_engine.tables import TABLES

DIGITS_OF_A_KEY = 9
LONG_AGO = np.datetime64("2000-01-01", "D")
SITE_CODES = tuple(f"S{site:03d}A" for site in range(SITES))
PROVIDER_CODES = tuple(f"R{site // SITES_OF_A_PROVIDER:03d}" for site in range(SITES))


def write_model(births: Births, folder: Path) -> None:
    """Write the six tables that the shipped indicators read, every column of each, rows in the order of their key."""
    for name, columns in _tables(births).items():
        table = TABLES[name]
        rows = len(next(iter(columns.values())))
        arrays = {}
        for column in table.columns:
            kind = ARROW_TYPES.get(column.type, pa.string())
            given = columns.get(column.name)
            arrays[column.name] = pa.nulls(rows, kind) if given is None else given.cast(kind)
        place = folder / name
        place.mkdir(parents=True)
        pq.write_table(pa.table(arrays), place / "part-0.parquet", compression="zstd", row_group_size=ROWS_AT_ONCE)


def _tables(births: Births) -> Mapping[str, Mapping[str, pa.Array]]:
    return {
        "person": _people(births),
        "residence": _residences(births),
        "pregnancy": _pregnancies(births),
        "booking": _bookings(births),
        "delivery": _deliveries(births),
        "baby": _babies(births),
    }


def _people(births: Births) -> Mapping[str, pa.Array]:
    """Babies first: `baby` comes before `mother` in the order of keys."""
    deliveries, babies = len(births.mother_born), len(births.baby_born)
    return {
        "person_key": pa.concat_arrays([_keys("baby", _all(babies)), _keys("mother", _all(deliveries))]),
        "role": pa.concat_arrays([pa.repeat("baby", babies), pa.repeat("mother", deliveries)]),
        "birth_date": pa.concat_arrays([_dates(births.baby_born.astype("M8[D]")), _dates(births.mother_born)]),
        "ethnic_category": pa.concat_arrays(
            [pa.nulls(babies, pa.string()), _texts(ETHNIC_CODES, births.mother_ethnicity)]
        ),
    }


def _residences(births: Births) -> Mapping[str, pa.Array]:
    movers = np.flatnonzero(~np.isnat(births.moved_on))
    mother = np.concatenate([_all(len(births.moved_on)), movers])
    began = np.concatenate([np.full(len(births.moved_on), LONG_AGO), births.moved_on[movers]])
    decile = np.concatenate([births.first_decile, births.second_decile[movers]])
    order = np.lexsort((began, mother))
    return {
        "person_key": _keys("mother", mother[order]),
        "valid_from": _dates(began[order]),
        "imd_2019_decile": _numbers(decile[order]),
    }


def _pregnancies(births: Births) -> Mapping[str, pa.Array]:
    own = _all(len(births.booking_date))
    return {
        "pregnancy_key": _keys("pregnancy", own),
        "mother_key": _keys("mother", own),
        "booking_provider_code": _texts(PROVIDER_CODES, births.booking_site),
    }


def _bookings(births: Births) -> Mapping[str, pa.Array]:
    own = _all(len(births.booking_date))
    return {
        "booking_key": _keys("booking", own),
        "pregnancy_key": _keys("pregnancy", own),
        "booking_date": _dates(births.booking_date),
        "site_code": _texts(SITE_CODES, births.booking_site),
        "smoking_status": _texts(SMOKING, births.booking_smoking),
    }


def _deliveries(births: Births) -> Mapping[str, pa.Array]:
    own = _all(len(births.delivery_site))
    return {
        "delivery_key": _keys("delivery", own),
        "pregnancy_key": _keys("pregnancy", own),
        "provider_code": _texts(PROVIDER_CODES, births.delivery_site),
        "site_code": _texts(SITE_CODES, births.delivery_site),
        "delivery_method": _texts(METHODS, births.delivery_method),
        "perineal_trauma": _texts(TRAUMAS, births.delivery_trauma),
        "smoking_at_delivery": _texts(SMOKING, births.delivery_smoking),
    }


def _babies(births: Births) -> Mapping[str, pa.Array]:
    own = _all(len(births.baby_born))
    return {
        "baby_key": _keys("baby", own),
        "person_key": _keys("baby", own),
        "delivery_key": _keys("delivery", births.baby_delivery),
        "mother_key": _keys("mother", births.baby_delivery),
        "birth_datetime": _times(births.baby_born),
        "outcome": _texts(OUTCOMES, births.baby_outcome),
        "gestation_days": _numbers(births.baby_gestation),
        "death_confirmed_gestation_days": _numbers(births.baby_death_confirmed),
        "birth_order": _numbers(births.baby_order),
        "first_feed": _texts(FEEDS, births.baby_feed),
    }


def _all(rows: int) -> NDArray[np.int64]:
    return np.arange(rows)


def _keys(kind: str, numbers: NDArray[np.integer]) -> pa.Array:
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), DIGITS_OF_A_KEY, "0")
    return pc.binary_join_element_wise(f"synthetic|{kind}", digits, "|")


def _texts(words: Sequence[str], codes: NDArray[np.integer]) -> pa.Array:
    return pa.array(words).take(pa.array(codes, mask=codes == ABSENT))


def _numbers(values: NDArray[np.integer]) -> pa.Array:
    return pa.array(values, mask=values == ABSENT)


def _dates(days: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(days.astype("M8[D]"))


def _times(minutes: Minutes) -> pa.Array:
    texts = pc.strftime(pa.array(minutes.astype("M8[s]")), "%Y-%m-%dT%H:%M:%S")
    return pc.binary_join_element_wise(texts, "+00:00", "")
