"""Counting on DuckDB over a Parquet snapshot of the resolved model: the default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
from sqlalchemy.dialects import postgresql

from indicator_engine.counts import Counted, CountRow, EventRow, MonthRange, gather
from indicator_engine.engines.statements import count_rows, event_rows, family_statements
from indicator_engine.plan import SHAPES, Family

# DuckDB reads PostgreSQL's text; named parameters keep the compiler from doubling per cent signs.
DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def count_on_snapshot(families: Sequence[Family], snapshot: Path, *, months: MonthRange) -> Counted:
    """Counts of all families over `snapshot`, a folder with one Parquet folder a resolved table."""
    cells: list[CountRow] = []
    events: list[EventRow] = []
    with duckdb.connect() as connection:
        for table in sorted({name for family in families for name in tables_read(family)}):
            connection.read_parquet(str(snapshot / table / "*.parquet")).create_view(table)
        for family in families:
            statements = family_statements(family, months, DIALECT)
            connection.execute(statements.create_fact)
            for count_query in statements.counts:
                cells += count_rows(count_query, connection.execute(count_query.text).fetchall())
            for event_query in statements.events:
                events += event_rows(event_query, connection.execute(event_query.text).fetchall())
            connection.execute(statements.drop_fact)
    return gather(cells, events)


def tables_read(family: Family) -> frozenset[str]:
    """Resolved tables that the statements of a family read."""
    shape = SHAPES[family.entity]
    own = {shape.table, "residence"} | {parent.table for parent in shape.parents}
    return frozenset(own | {feature.table for feature in family.features})
