"""Reference figures that the user loaded, in the shapes in which they are asked for."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.person_schema import REFERENCE_BENCHMARK
from indicator_engine.counts import month_index
from indicator_engine.gates import HesAverages, MonthlyAverage

HES_MONTHLY_DELIVERIES = "hes_monthly_deliveries"


def hes_averages(connection: Connection) -> HesAverages:
    """Average deliveries a month in HES by organisation; empty when none were loaded.

    They are the benchmarks of `hes_monthly_deliveries`; `area` is the code of the organisation.
    """
    figure = REFERENCE_BENCHMARK
    columns = (figure.c.area, figure.c.period_start, figure.c.period_end, figure.c.value)
    wanted = sa.select(*columns).where(figure.c.indicator == HES_MONTHLY_DELIVERIES)
    found: dict[str, list[MonthlyAverage]] = {}
    for area, start, end, value in connection.execute(wanted.order_by(figure.c.area, figure.c.period_start)):
        found.setdefault(area, []).append(MonthlyAverage(_month_of(start), _month_of(end), value))
    return found


def _month_of(day: str) -> int:
    found = date.fromisoformat(day)
    return month_index(found.year, found.month)
