"""Counting in place, on the store's own database (SQLite or PostgreSQL): right for small work."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection

from indicator_engine.counts import CellPart, Counted, EventRow, MonthRange, gather_parts
from indicator_engine.engines.statements import cell_parts, event_rows, run_statements
from indicator_engine.plan import Family


def count_on_connection(families: Sequence[Family], connection: Connection, *, months: MonthRange) -> Counted:
    """Counts of all families over the resolved tables that `connection` sees; leaves nothing behind."""
    parts: list[CellPart] = []
    events: list[EventRow] = []
    statements = run_statements(families, months, connection.dialect)
    connection.exec_driver_sql(statements.create_spells)
    for family in statements.families:
        connection.exec_driver_sql(family.create_fact)
        for count_query in family.counts:
            fetched = connection.exec_driver_sql(count_query.text)
            parts += cell_parts(count_query, pd.DataFrame(fetched.fetchall(), columns=list(fetched.keys())))
        for event_query in family.events:
            events += event_rows(event_query, connection.exec_driver_sql(event_query.text).fetchall())
        connection.exec_driver_sql(family.drop_fact)
    connection.exec_driver_sql(statements.drop_spells)
    return gather_parts(parts, events)
