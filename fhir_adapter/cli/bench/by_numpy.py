"""The floor: bincounts over coded arrays that are already in memory, joins being places in arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fhir_adapter.cli.bench.born import ETHNIC_CODES, SITES, SITES_OF_A_PROVIDER, Births, Days, Minutes
from fhir_adapter.cli.bench.cells import DIMENSIONS, Answer, answer_of, flag_columns, long_cells
from fhir_adapter.cli.bench.parquet_model import PROVIDER_CODES, SITE_CODES
from indicator_engine.counts import month_index

Flags: TypeAlias = NDArray[np.bool_]
Whole: TypeAlias = NDArray[np.int64]

GROUPS_OF_CODES: Mapping[str, str] = {"white": "ABC", "mixed": "DEFG", "asian": "HJKL", "black": "MNP", "other": "RS"}
GROUPS = (*GROUPS_OF_CODES, "unknown")
GROUP_OF_CODE = np.array(
    [next((place for place, codes in enumerate(GROUPS_OF_CODES.values()) if code in codes), 5) for code in ETHNIC_CODES]
    + [5]  # the place that ABSENT, -1, points to
)
FIFTHS = ("1", "2", "3", "4", "5", "unknown")
AGES = ("<20", "20-24", "25-29", "30-34", "35-39", "40-44", "45+", "unknown")
FIRST_YEARS_OF_AGE = np.array([20, 25, 30, 35, 40, 45])
YOUNGEST, OLDEST = 9, 65  # completed years; beyond them the age is not known
STRATA: Mapping[str, tuple[str, ...]] = {
    "all": ("all",),
    "eth5": GROUPS,
    "imd5": FIFTHS,
    "age": AGES,
    "site": SITE_CODES,
}
STATES = 4  # outside, population, denominator, numerator; each holds the ones after it
EPOCH_MONTH = month_index(1970, 1)


@dataclass(frozen=True, slots=True)
class DenseCounts:
    """counts: of each indicator and dimension, shape (months, sites, strata, 3). events: one array a column.

    first_month: month index of the first month of each indicator.
    """

    counts: Mapping[tuple[str, str], Whole]
    first_month: Mapping[str, int]
    events: Mapping[str, Whole]


@dataclass(frozen=True, slots=True)
class _Fact:
    """Rows of one entity: place in time and space, stratum by dimension, and how far each indicator takes them."""

    month: Whole
    site: Whole
    levels: Mapping[str, Whole]
    states: Mapping[str, Whole]


def count_with_numpy(births: Births) -> DenseCounts:
    """Every count of every cell, empty ones too, and the events."""
    counts: dict[tuple[str, str], Whole] = {}
    first_month: dict[str, int] = {}
    for fact in (_booking_fact(births), _delivery_fact(births), _baby_fact(births)):
        first = int(fact.month.min())
        for dimension in DIMENSIONS:
            strata = len(STRATA[dimension])
            months = int(fact.month.max()) - first + 1
            key = (((fact.month - first) * SITES + fact.site) * strata + fact.levels[dimension]) * STATES
            for indicator, state in fact.states.items():
                bins = np.bincount(key + state, minlength=months * SITES * strata * STATES)
                by_state = bins.reshape(months, SITES, strata, STATES)[..., 1:]
                counts[indicator, dimension] = by_state[..., ::-1].cumsum(axis=-1)[..., ::-1]
                first_month[indicator] = first
    return DenseCounts(counts, first_month, _events(births))


def answer_of_dense(dense: DenseCounts) -> Answer:
    """The same counts as tables; not part of what is timed."""
    events = pd.DataFrame(
        {
            "indicator": "MO01",
            "provider": np.array(PROVIDER_CODES)[dense.events["site"]],
            **{name: dense.events[name] for name in ("month", "place_in_whole", "place_in_provider")},
        }
    )
    return answer_of(_parts(dense), events)


def _parts(dense: DenseCounts) -> Iterator[pd.DataFrame]:
    for (indicator, dimension), counts in dense.counts.items():
        month, site, stratum = (axis.ravel() for axis in np.indices(counts.shape[:-1]))
        wide = pd.DataFrame(counts.reshape(-1, counts.shape[-1]), columns=flag_columns(indicator))
        wide = wide.assign(
            month=month + dense.first_month[indicator],
            provider=np.array(PROVIDER_CODES)[site],
            site=np.array(SITE_CODES)[site],
            stratum=np.array(STRATA[dimension])[stratum],
        )
        yield from long_cells(wide, [indicator], dimension)


def _booking_fact(births: Births) -> _Fact:
    everyone = np.arange(len(births.booking_date))
    smoking = births.booking_smoking
    return _fact(
        births,
        mother=everyone,
        anchor=births.booking_date,
        site=births.booking_site.astype(np.int64),
        states={"BK03": _state(np.ones(len(everyone), np.bool_), (smoking == 0) | (smoking == 1), smoking == 0)},
    )


def _delivery_fact(births: Births) -> _Fact:
    everyone = np.arange(len(births.delivery_site))
    babies = np.bincount(births.baby_delivery, minlength=len(everyone))
    counted = np.bincount(births.baby_delivery[births.baby_outcome <= 3], minlength=len(everyone))
    first_baby = np.cumsum(babies) - babies  # twins stand in order of birth
    gestation = births.baby_gestation[first_baby]
    smoking, method = births.delivery_smoking, births.delivery_method
    is_single_at_term = (babies == 1) & (counted == 1) & (gestation >= 259) & (gestation <= 315)
    is_born = counted >= 1
    return _fact(
        births,
        mother=everyone,
        anchor=births.baby_born[first_baby].astype("M8[D]"),
        site=births.delivery_site.astype(np.int64),
        states={
            "LB01": _state(is_born, (smoking == 0) | (smoking == 1), smoking == 0),
            "LB06": _state(is_born, is_single_at_term & (method >= 0) & (method <= 4), births.delivery_trauma >= 1),
        },
    )


def _baby_fact(births: Births) -> _Fact:
    outcome, gestation, feed = births.baby_outcome, births.baby_gestation, births.baby_feed
    babies = np.bincount(births.baby_delivery)[births.baby_delivery]
    is_timely = (babies == 1) & (gestation >= 154) & (gestation <= 315)
    return _fact(
        births,
        mother=births.baby_delivery,
        anchor=births.baby_born.astype("M8[D]"),
        site=births.delivery_site[births.baby_delivery].astype(np.int64),
        states={
            "BF01": _state(outcome <= 3, feed >= 0, feed <= 1),
            "LB11": _state(outcome == 0, is_timely, gestation <= 258),
            "MO01": _state(outcome <= 3, _is_born_from_24_weeks(births), outcome >= 1),
        },
    )


def _is_born_from_24_weeks(births: Births) -> Flags:
    died_late = (births.baby_death_confirmed < 0) | (births.baby_death_confirmed >= 168)
    return np.asarray((births.baby_gestation >= 168) & ((births.baby_outcome == 0) | died_late), np.bool_)


def _state(population: Flags, denominator: Flags, numerator: Flags) -> Whole:
    in_denominator = population & denominator
    return population.astype(np.int64) + in_denominator + (in_denominator & numerator)


def _fact(
    births: Births, *, mother: NDArray[np.integer], anchor: Days, site: Whole, states: Mapping[str, Whole]
) -> _Fact:
    has_moved = births.moved_on[mother] <= anchor
    decile = np.where(has_moved, births.second_decile[mother], births.first_decile[mother]).astype(np.int64)
    levels = {
        "all": np.zeros(len(anchor), np.int64),
        "eth5": GROUP_OF_CODE[births.mother_ethnicity[mother]],
        "imd5": np.where(decile < 1, len(FIFTHS) - 1, (decile - 1) // 2),
        "age": _ages(births.mother_born[mother], anchor),
        "site": site,
    }
    return _Fact(anchor.astype("M8[M]").astype(np.int64) + EPOCH_MONTH, site, levels, states)


def _ages(born: Days, anchor: Days) -> Whole:
    months = anchor.astype("M8[M]").astype(np.int64) - born.astype("M8[M]").astype(np.int64)
    is_before_day = _day_of_month(anchor) < _day_of_month(born)
    years = (months - is_before_day) // 12
    level = np.searchsorted(FIRST_YEARS_OF_AGE, years, side="right")
    return np.asarray(np.where((years < YOUNGEST) | (years > OLDEST), len(AGES) - 1, level), np.int64)


def _day_of_month(days: Days) -> Whole:
    return np.asarray(days - days.astype("M8[M]").astype("M8[D]"), "m8[D]").astype(np.int64)


def _events(births: Births) -> Mapping[str, Whole]:
    """Stillbirths, the first of each delivery, by their places among births from 24 weeks in order of time."""
    is_counted = (births.baby_outcome <= 3) & _is_born_from_24_weeks(births)
    baby = np.flatnonzero(is_counted)
    ordered = baby[np.argsort(births.baby_born[baby], kind="stable")]  # babies stand in the order of their keys
    site = births.delivery_site[births.baby_delivery[ordered]].astype(np.int64)
    own = _place_in_group(site // SITES_OF_A_PROVIDER)
    event = np.flatnonzero(births.baby_outcome[ordered] >= 1)
    _, first = np.unique(births.baby_delivery[ordered[event]], return_index=True)
    chosen = event[first]
    return {
        "site": site[chosen],
        "month": _months(births.baby_born[ordered[chosen]]),
        "place_in_whole": chosen + 1,
        "place_in_provider": own[chosen],
    }


def _months(minutes: Minutes) -> Whole:
    return minutes.astype("M8[M]").astype(np.int64) + EPOCH_MONTH


def _place_in_group(group: Whole) -> Whole:
    """Place of each row among the rows of its group, from 1."""
    by_group = np.argsort(group, kind="stable")
    sizes = np.bincount(group)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = np.empty(len(group), np.int64)
    places[by_group] = np.arange(len(group)) - starts + 1
    return places
