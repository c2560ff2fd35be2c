"""The same counts in pandas: read the columns, merge, group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fhir_adapter.cli.bench.by_numpy import AGES, FIRST_YEARS_OF_AGE, GROUPS_OF_CODES, OLDEST, YOUNGEST
from fhir_adapter.cli.bench.cells import DIMENSIONS, INDICATORS, PLACE, Answer, answer_of, flag_columns, long_cells

GROUP_OF_CODE = {code: group for group, codes in GROUPS_OF_CODES.items() for code in codes}
KNOWN_SMOKING = ("smoker", "non_smoker")
BORN = ("01", "02", "03", "04")
READ: Mapping[str, tuple[str, ...]] = {
    "person": ("person_key", "birth_date", "ethnic_category"),
    "residence": ("person_key", "valid_from", "imd_2019_decile"),
    "pregnancy": ("pregnancy_key", "mother_key", "booking_provider_code"),
    "booking": ("booking_key", "pregnancy_key", "booking_date", "site_code", "smoking_status"),
    "delivery": (
        "delivery_key",
        "pregnancy_key",
        "provider_code",
        "site_code",
        "delivery_method",
        "perineal_trauma",
        "smoking_at_delivery",
    ),
    "baby": (
        "baby_key",
        "delivery_key",
        "mother_key",
        "birth_datetime",
        "outcome",
        "gestation_days",
        "death_confirmed_gestation_days",
        "first_feed",
    ),
}
Tables = Mapping[str, pd.DataFrame]


def count_with_pandas(model: Path) -> Answer:
    """Cells and events over the Parquet files of `model`."""
    tables = {name: pd.read_parquet(model / name, columns=list(columns)) for name, columns in READ.items()}
    baby_fact = _baby_fact(tables)
    facts = {"booking": _booking_fact(tables), "delivery": _delivery_fact(tables), "baby": baby_fact}
    return answer_of((part for entity, fact in facts.items() for part in _cells(entity, fact)), _events(baby_fact))


def _cells(entity: str, fact: pd.DataFrame) -> Iterator[pd.DataFrame]:
    flags = [flag for indicator in INDICATORS[entity] for flag in flag_columns(indicator)]
    for dimension in DIMENSIONS:
        keys = list(dict.fromkeys([*PLACE, *([] if dimension == "all" else [dimension])]))
        wide = fact.groupby(keys, sort=False)[flags].sum().reset_index()
        wide["stratum"] = "all" if dimension == "all" else wide[dimension]
        yield from long_cells(wide, INDICATORS[entity], dimension)


def _booking_fact(tables: Tables) -> pd.DataFrame:
    fact = tables["booking"].merge(tables["pregnancy"], on="pregnancy_key", how="left")
    fact = fact.rename(columns={"booking_provider_code": "provider", "site_code": "site"})
    fact["anchor"] = pd.to_datetime(fact["booking_date"])
    smoking = fact["smoking_status"]
    fact = _flagged(
        fact, "BK03", fact["anchor"].notna(), smoking.isin(KNOWN_SMOKING), (smoking == "smoker").fillna(value=False)
    )
    return _placed(fact, tables)


def _delivery_fact(tables: Tables) -> pd.DataFrame:
    baby = tables["baby"].assign(counted=tables["baby"]["outcome"].isin(BORN))
    born = baby.groupby("delivery_key", sort=False).agg(
        first_birth=("birth_datetime", "min"),
        babies=("baby_key", "size"),
        counted=("counted", "sum"),
        shortest=("gestation_days", "min"),
        longest=("gestation_days", "max"),
    )
    fact = tables["delivery"].merge(born, left_on="delivery_key", right_index=True)
    fact = fact.merge(tables["pregnancy"], on="pregnancy_key", how="left")
    fact = fact.rename(columns={"provider_code": "provider", "site_code": "site"})
    fact["anchor"] = pd.to_datetime(fact["first_birth"].str.slice(0, 10), format="%Y-%m-%d")
    smoking, is_born = fact["smoking_at_delivery"], fact["counted"] >= 1
    is_at_term = (fact["shortest"] >= 259) & (fact["longest"] <= 315)
    is_vaginal = fact["delivery_method"].isin(tuple("01234"))
    is_torn = fact["perineal_trauma"].str.contains(r"\|(?:10217006|399031001)\|", regex=True, na=False)
    fact = _flagged(fact, "LB01", is_born, smoking.isin(KNOWN_SMOKING), (smoking == "smoker").fillna(value=False))
    is_single = (fact["babies"] == 1) & (fact["counted"] == 1)
    return _placed(_flagged(fact, "LB06", is_born, is_single & is_vaginal & is_at_term, is_torn), tables)


def _baby_fact(tables: Tables) -> pd.DataFrame:
    delivery = tables["delivery"][["delivery_key", "provider_code", "site_code"]]
    fact = tables["baby"].merge(delivery, on="delivery_key", how="left")
    fact = fact.rename(columns={"provider_code": "provider", "site_code": "site"})
    fact["anchor"] = pd.to_datetime(fact["birth_datetime"].str.slice(0, 10), format="%Y-%m-%d")
    babies = fact.groupby("delivery_key", sort=False)["baby_key"].transform("size")
    outcome, gestation, feed = fact["outcome"], fact["gestation_days"], fact["first_feed"]
    confirmed = fact["death_confirmed_gestation_days"].fillna(gestation)
    is_born, is_live = outcome.isin(BORN), outcome == "01"
    fact = _flagged(fact, "BF01", is_born, feed.isin(("01", "02", "03")), feed.isin(("01", "02")))
    fact = _flagged(fact, "LB11", is_live, (babies == 1) & gestation.between(154, 315), gestation <= 258)
    is_from_24_weeks = (gestation >= 168) & (is_live | (confirmed >= 168))
    return _placed(_flagged(fact, "MO01", is_born, is_from_24_weeks, ~is_live), tables)


def _flagged(
    fact: pd.DataFrame, indicator: str, population: pd.Series, denominator: pd.Series, numerator: pd.Series
) -> pd.DataFrame:
    in_denominator = population & denominator
    conditions = (population, in_denominator, in_denominator & numerator)
    columns = zip(flag_columns(indicator), conditions, strict=True)
    return fact.assign(**{name: condition.astype("int64") for name, condition in columns})


def _placed(fact: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """The fact with its month and the stratum of every dimension."""
    people = tables["person"].rename(columns={"person_key": "mother_key"})
    fact = fact.merge(people, on="mother_key", how="left")
    fact["decile"] = _deciles(fact, tables["residence"])
    born, anchor = pd.to_datetime(fact["birth_date"]), fact["anchor"]
    before = (anchor.dt.month * 100 + anchor.dt.day) < (born.dt.month * 100 + born.dt.day)
    years = anchor.dt.year - born.dt.year - before
    age = np.array(AGES)[np.searchsorted(FIRST_YEARS_OF_AGE, years, side="right")]
    fifth = (fact["decile"] + 1) // 2
    return fact.assign(
        month=anchor.dt.year * 12 + anchor.dt.month - 1,
        provider=fact["provider"].fillna(""),
        site=fact["site"].fillna(""),
        eth5=fact["ethnic_category"].map(GROUP_OF_CODE).fillna("unknown"),
        imd5=fifth.map({1: "1", 2: "2", 3: "3", 4: "4", 5: "5"}).fillna("unknown"),
        age=np.where(years.between(YOUNGEST, OLDEST), age, "unknown"),
    )


def _deciles(fact: pd.DataFrame, residence: pd.DataFrame) -> pd.Series:
    """Decile of the residence that was current on the anchor date, by row of the fact."""
    began = residence.assign(valid_from=pd.to_datetime(residence["valid_from"]))
    asked = fact[["mother_key", "anchor"]].reset_index()
    pairs = asked.merge(began, left_on="mother_key", right_on="person_key")
    current = pairs[pairs["valid_from"] <= pairs["anchor"]].sort_values("valid_from", kind="stable")
    return current.drop_duplicates("index", keep="last").set_index("index")["imd_2019_decile"]


def _events(fact: pd.DataFrame) -> pd.DataFrame:
    counted = fact[fact["mo01_denominator"] == 1].sort_values(["birth_datetime", "delivery_key", "baby_key"])
    counted["place_in_whole"] = np.arange(1, len(counted) + 1)
    counted["place_in_provider"] = counted.groupby("provider", sort=False).cumcount() + 1
    events = counted[counted["mo01_numerator"] == 1]
    places = ["month", "place_in_whole", "place_in_provider"]
    first = events.groupby(["provider", "delivery_key"], sort=False)[places].min().reset_index()
    return first.assign(indicator="MO01")
