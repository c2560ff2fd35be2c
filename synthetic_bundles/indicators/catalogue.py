"""Every indicator with the function that counts it and the dimensions that it is told for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from synthetic_bundles.indicators import (
    births,
    booking,
    feeding,
    health_visiting,
    labour,
    mental_health,
    neonatal,
)
from synthetic_bundles.indicators.counting import WHOLE, Counted, cells
from synthetic_bundles.indicators.scene import Scene, scene_of
from synthetic_bundles.tables import World


@dataclass(frozen=True, slots=True)
class Indicator:
    """count: its units. dimensions: without the whole, which every indicator is told for."""

    identifier: str
    count: Callable[[Scene], Counted]
    dimensions: tuple[str, ...]


EARLY = ("eth5", "eth18", "imd5", "age", "lang", "interp", "site")
SIMPLE = ("eth5", "imd5", "age", "site")
WOMEN = ("eth5", "eth18", "imd5", "age", "lang", "bmi", "smoke", "parity", "site", "interp")
BABIES = ("eth5", "eth18", "imd5", "age", "lang", "bmi", "smoke", "site")
DEATHS = ("eth5", "imd5", "age")
UNITS = ("eth5", "imd5", "age", "lang", "gest", "site")
VISITED = ("eth5", "imd5", "age", "lang", "lad")
REFERRED = ("eth5", "imd5", "age", "lang", "source")

_DIMENSIONS: dict[Callable[[Scene], Counted], tuple[str, ...]] = {
    booking.bk01: EARLY,
    booking.bk02: EARLY,
    booking.bk03: SIMPLE,
    booking.bk04: ("eth5", "imd5", "site"),
    booking.bk05: SIMPLE,
    booking.bk06: ("eth5", "eth18", "imd5", "age", "site"),
    booking.bk07: ("eth5", "imd5", "age"),
    booking.bk08: ("eth5", "imd5", "age", "lang"),
    booking.bk09: ("lang", "site"),
    booking.bk10: ("eth5", "imd5", "age", "lang"),
    booking.an01: ("eth5", "imd10", "site"),
    booking.an02: ("eth5", "imd5"),
    labour.lb01: SIMPLE,
    labour.lb02: WOMEN,
    labour.lb03: WOMEN,
    labour.lb04: WOMEN,
    labour.lb05: WOMEN,
    labour.lb06: (*WOMEN, "method"),
    labour.lb07: WOMEN,
    labour.lb08: WOMEN,
    labour.lb09: (*WOMEN, "method"),
    births.lb10: BABIES,
    births.lb11: BABIES,
    births.lb12: BABIES,
    births.lb13: UNITS,
    births.lb14: BABIES,
    births.lb15: BABIES,
    births.lb16: BABIES,
    births.lb17: BABIES,
    births.lb18: BABIES,
    labour.lb19: WOMEN,
    labour.lb20: WOMEN,
    labour.lb21: WOMEN,
    labour.lb22: WOMEN,
    labour.lb23: WOMEN,
    labour.lb24: WOMEN,
    labour.lb25: WOMEN,
    births.mo01: SIMPLE,
    births.mo02: (*DEATHS, "gest"),
    births.mo03: ("eth5", "imd5"),
    births.mo04: DEATHS,
    births.mo05: (),
    births.mo06: DEATHS,
    births.mm02: (),
    labour.mm01: ("eth5", "imd5", "age", "bmi", "site"),
    feeding.bf01: WOMEN,
    feeding.bf02: WOMEN,
    feeding.bf03: WOMEN,
    feeding.bf04: ("eth5", "imd5", "age", "lang", "gest"),
    feeding.bf05: VISITED,
    feeding.bf06: WOMEN,
    feeding.bf07: WOMEN,
    feeding.bf08: VISITED,
    neonatal.nn01: BABIES,
    neonatal.nn02: UNITS,
    neonatal.nn03: UNITS,
    neonatal.nn04: UNITS,
    neonatal.nn05: UNITS,
    neonatal.nn06: UNITS,
    neonatal.nn07: UNITS,
    neonatal.nn08: UNITS,
    neonatal.nn09: BABIES,
    neonatal.nn10: BABIES,
    neonatal.nn11: UNITS,
    neonatal.nn12: UNITS,
    neonatal.nn13: UNITS,
    health_visiting.hv01: VISITED,
    health_visiting.hv02: VISITED,
    health_visiting.hv03: VISITED,
    health_visiting.hv04: VISITED,
    health_visiting.hv05: VISITED,
    health_visiting.hv06: VISITED,
    health_visiting.hv07: VISITED,
    health_visiting.hv08: VISITED,
    health_visiting.hv09: VISITED,
    # Births have no source of referral: a stratum of it holds referrals and no births.
    mental_health.pm01: ("eth5", "eth18", "imd5", "age", "lang"),
    mental_health.pm02: ("eth5", "age", "eth5xage", "imd5", "lang"),
    mental_health.pm03: REFERRED,
    mental_health.pm04: ("eth5", "imd5", "lang"),
    mental_health.pm05: ("eth5", "imd5", "lang", "source"),
    # The group that a woman belongs to tells whether missing categories come evenly from all.
    mental_health.dq01: ("site", "source", "eth5_true"),
    neonatal.dq02: ("source",),
    neonatal.dq03: ("source", "site"),
    births.dq04: ("site",),
    labour.dq05: ("site",),
}
INDICATORS = MappingProxyType(
    {
        count.__name__.upper(): Indicator(count.__name__.upper(), count, dimensions)
        for count, dimensions in _DIMENSIONS.items()
    }
)


def counts_of(world: World, indicators: tuple[str, ...] = tuple(INDICATORS)) -> Iterator[pd.DataFrame]:
    """One table an indicator, in order of identifier: the identifier, then the columns of CELL and COUNTS."""
    scene = scene_of(world)
    for identifier in sorted(indicators):
        indicator = INDICATORS[identifier]
        table = cells(indicator.count(scene), (WHOLE, *indicator.dimensions))
        table.insert(0, "indicator", identifier)
        yield table
