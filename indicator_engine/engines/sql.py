"""Counting in place, on the store's own database (SQLite or PostgreSQL): right for small work."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from indicator_engine.counts import Counted, CountRow, EventRow, MonthRange, gather
from indicator_engine.engines.statements import count_rows, event_rows, family_statements
from indicator_engine.plan import Family


def count_on_connection(families: Sequence[Family], connection: Connection, *, months: MonthRange) -> Counted:
    """Counts of all families over the resolved tables that `connection` sees; leaves nothing behind."""
    cells: list[CountRow] = []
    events: list[EventRow] = []
    for family in families:
        statements = family_statements(family, months, connection.dialect)
        connection.exec_driver_sql(statements.create_fact)
        for count_query in statements.counts:
            cells += count_rows(count_query, connection.exec_driver_sql(count_query.text).fetchall())
        for event_query in statements.events:
            events += event_rows(event_query, connection.exec_driver_sql(event_query.text).fetchall())
        connection.exec_driver_sql(statements.drop_fact)
    return gather(cells, events)
