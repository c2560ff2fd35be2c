"""Counting in place, on the store's own database (SQLite or PostgreSQL): right for small work."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import Connection

from indicator_engine.counts import CellPart, Counted, EventRow, MonthRange, gather_parts
from indicator_engine.engines.statements import CountQuery, cell_parts, contested_text, event_rows, run_statements
from indicator_engine.plan import Family


def count_on_connection(families: Sequence[Family], connection: Connection, *, months: MonthRange) -> Counted:
    """Counts of all families over the resolved tables that `connection` sees; leaves nothing behind."""
    parts: list[CellPart] = []
    flagged: list[CellPart] = []
    events: list[EventRow] = []
    asked = connection.exec_driver_sql(contested_text(connection.dialect))
    contested = frozenset((table, column) for table, column in asked)
    statements = run_statements(families, months, connection.dialect, contested)
    connection.exec_driver_sql(statements.create_spells)
    for family in statements.families:
        connection.exec_driver_sql(family.create_fact)
        for count_query in family.counts:
            parts += cell_parts(count_query, _fetched(connection, count_query))
        for count_query in family.flagged:
            flagged += cell_parts(count_query, _fetched(connection, count_query))
        for event_query in family.events:
            events += event_rows(event_query, connection.exec_driver_sql(event_query.text).fetchall())
        connection.exec_driver_sql(family.drop_fact)
    connection.exec_driver_sql(statements.drop_spells)
    return gather_parts(parts, events, flagged)


def _fetched(connection: Connection, query: CountQuery) -> pd.DataFrame:
    fetched = connection.exec_driver_sql(query.text)
    return pd.DataFrame(fetched.fetchall(), columns=list(fetched.keys()))
