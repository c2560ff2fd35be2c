"""The true counts of a world, in plain numpy and pandas from the definitions of the indicators, never by an engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.london_time import Days
from synthetic_bundles.scenario import injected_effects
from synthetic_bundles.strata import age_bands, deprivation_quintiles, ethnic_groups
from synthetic_bundles.tables import Table, World
from synthetic_bundles.vocabulary import (
    EARLIEST_LIVE_DAYS,
    LIVE,
    NON_SMOKER,
    POST_TERM_DAYS,
    SEVERE_TEAR_CODES,
    SMOKER,
    STILLBORN,
    TERM_DAYS,
    VAGINAL,
    VIABLE_DAYS,
)

DIMENSIONS = ("all", "eth5", "imd5", "age", "site")
PLACE = ["month", "provider", "site"]
COUNTS = ["denominator", "numerator"]
COUNT_COLUMNS = ["indicator", *PLACE, "dimension", "stratum", *COUNTS]


def write_truth(world: World, path: Path) -> None:
    """Write `truth_of(world)` as JSON."""
    path.write_bytes(orjson.dumps(truth_of(world), option=orjson.OPT_APPEND_NEWLINE))


def truth_of(world: World) -> dict[str, Any]:
    """What was made, what was injected, and the counts that a right engine must find in the data.

    counts: one row for each indicator, month, provider, site, dimension and stratum whose denominator is not zero.
    """
    return {
        "scenario": world.scenario.name,
        "seed": world.seed,
        "births": world.births,
        "first_month": str(world.first_month),
        "last_month": str(world.last_month),
        "injected": injected_effects(world.scenario),
        "counts": true_counts(world).to_dict(orient="records"),
        "records": {
            "bundles": len(world.pregnancies),
            "mothers": len(world.mothers),
            "pregnancies": len(world.pregnancies),
            "ongoing_pregnancies": len(world.ongoing),
            "bookings": len(world.bookings),
            "deliveries": len(world.deliveries),
            "babies": len(world.babies),
        },
    }


def true_counts(world: World) -> pd.DataFrame:
    """The counts as a table with COUNT_COLUMNS, sorted by all of them but the counts."""
    facts = {**_baby_facts(world), **_delivery_facts(world), **_booking_facts(world)}
    tables = [table for indicator in sorted(facts) for table in _count_dimensions(indicator, facts[indicator])]
    counts = pd.concat(tables, ignore_index=True)[COUNT_COLUMNS]
    return counts.sort_values(COUNT_COLUMNS[:-2], ignore_index=True)


def _booking_facts(world: World) -> dict[str, pd.DataFrame]:
    bookings = world.bookings
    mothers = world.mothers[world.pregnancies["mother"][bookings["pregnancy"]]]
    facts = _facts(world, mothers, bookings, bookings["booking_date"])
    status = bookings["smoking_status"]
    return {"BK03": _counted(facts, np.isin(status, (SMOKER, NON_SMOKER)), status == SMOKER)}


def _delivery_facts(world: World) -> dict[str, pd.DataFrame]:
    deliveries = world.deliveries
    mothers = world.mothers[world.pregnancies["mother"][deliveries["pregnancy"]]]
    facts = _facts(world, mothers, deliveries, deliveries["birth_datetime"].astype("M8[D]"))
    is_birth = _has_registered_birth(world)
    days = deliveries["gestation_days"]
    is_vaginal_term_singleton = (
        (deliveries["babies"] == 1)
        & np.isin(deliveries["method"], VAGINAL)
        & (days >= TERM_DAYS)
        & (days <= POST_TERM_DAYS)
    )
    trauma = (deliveries["perineal_trauma"], deliveries["second_trauma"])
    is_severe = np.isin(trauma[0], SEVERE_TEAR_CODES) | np.isin(trauma[1], SEVERE_TEAR_CODES)
    status = deliveries["smoking_status"]
    return {
        "LB01": _counted(facts, is_birth & np.isin(status, (SMOKER, NON_SMOKER)), status == SMOKER),
        "LB06": _counted(facts, is_birth & is_vaginal_term_singleton, is_severe),
    }


def _baby_facts(world: World) -> dict[str, pd.DataFrame]:
    babies = world.babies
    deliveries = world.deliveries[babies["delivery"]]
    facts = _facts(world, world.mothers[babies["mother"]], deliveries, babies["birth_datetime"].astype("M8[D]"))
    days = babies["gestation_days"]
    is_live, is_stillborn = babies["outcome"] == LIVE, np.isin(babies["outcome"], STILLBORN)
    is_reportable = (days >= EARLIEST_LIVE_DAYS) & (days <= POST_TERM_DAYS)
    is_live_singleton = is_live & (deliveries["babies"] == 1) & is_reportable
    is_fed = np.isin(babies["first_feed"], ("01", "02", "03")) & (is_live | is_stillborn)
    return {
        "BF01": _counted(facts, is_fed, np.isin(babies["first_feed"], ("01", "02"))),
        "LB11": _counted(facts, is_live_singleton, days < TERM_DAYS),
        "MO01": _counted(facts, (is_live | is_stillborn) & (days >= VIABLE_DAYS), is_stillborn),
    }


def _has_registered_birth(world: World) -> Flags:
    """Whether any baby of each delivery has an outcome of 01 to 04."""
    is_birth = np.isin(world.babies["outcome"], (LIVE, *STILLBORN))
    return np.bincount(world.babies["delivery"], weights=is_birth, minlength=len(world.deliveries)) > 0


def _facts(world: World, mothers: Table, places: Table, at: Days) -> pd.DataFrame:
    """One row an event: its month, where it belongs, and the strata of the mother at that date."""
    return pd.DataFrame(
        {
            "month": at.astype("M8[M]").astype("U7"),
            "provider": places["provider"],
            "site": places["site"],
            "eth5": ethnic_groups(mothers),
            "imd5": deprivation_quintiles(mothers, world.areas),
            "age": age_bands(mothers["birth_date"], at),
        }
    )


def _counted(facts: pd.DataFrame, is_counted: Flags, is_event: Flags) -> pd.DataFrame:
    """The events of the denominator, with both counts as whole numbers."""
    numerator: Integers = is_event[is_counted].astype(np.int64)
    return facts[is_counted].assign(denominator=1, numerator=numerator)


def _count_dimensions(indicator: str, events: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for dimension in DIMENSIONS:
        stratum = events.get(dimension, "all")
        keyed = events[[*PLACE, *COUNTS]].assign(indicator=indicator, dimension=dimension, stratum=stratum)
        yield keyed.groupby(["indicator", *PLACE, "dimension", "stratum"], as_index=False)[COUNTS].sum()
