"""Counting on DuckDB over a Parquet snapshot of the resolved model: the default."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import duckdb
from sqlalchemy.dialects import postgresql

from indicator_engine.counts import CellPart, Counted, EventRow, MonthRange, gather_parts
from indicator_engine.engines.contested import CHOICES, NOTHING, Contested, tables_of_doubts
from indicator_engine.engines.members import Members
from indicator_engine.engines.statements import (
    cell_parts,
    contested_text,
    event_rows,
    member_rows,
    member_statements,
    run_statements,
)
from indicator_engine.plan import SHAPES, Family

Settings: TypeAlias = dict[str, str | bool | int | float | list[str]]

# DuckDB reads PostgreSQL's text; named parameters keep the compiler from doubling per cent signs.
DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
MEMORY = "1GB"  # a million births fit; what does not is spilled to disk


def count_on_snapshot(
    families: Sequence[Family], snapshot: Path, *, months: MonthRange, memory: str | None = MEMORY
) -> Counted:
    """Counts of all families over `snapshot`, a folder with one Parquet folder a resolved table.

    memory: what DuckDB may hold before it spills into a folder that is then removed. Where it cannot do with that,
    it counts again with its own limit, four fifths of the machine's.
    """
    try:
        with TemporaryDirectory(prefix="perinatal-count-") as folder:
            return _count(families, snapshot, months, _settings(folder, memory))
    except duckdb.OutOfMemoryException:
        if memory is None:
            raise
    return count_on_snapshot(families, snapshot, months=months, memory=None)


def members_on_snapshot(family: Family, snapshot: Path, *, months: MonthRange) -> Members:
    """The members of each indicator of a family over `snapshot`: single units, for tests and stewards alone."""
    statements = member_statements(family, months, DIALECT)
    with duckdb.connect() as connection:
        for table in sorted(tables_read(family)):
            connection.read_parquet(str(snapshot / table / "*.parquet")).create_view(table)
        connection.execute(statements.create_spells)
        found = member_rows(family, connection.execute(statements.members).fetchall())
        connection.execute(statements.drop_spells)
    return found


def _settings(folder: str, memory: str | None) -> Settings:
    # No statement here asks for the order of rows as they stand, so none has to be kept.
    settings: Settings = {"preserve_insertion_order": False, "temp_directory": folder}
    return settings if memory is None else settings | {"memory_limit": memory}


def _count(families: Sequence[Family], snapshot: Path, months: MonthRange, settings: Settings) -> Counted:
    parts: list[CellPart] = []
    flagged: list[CellPart] = []
    events: list[EventRow] = []
    with duckdb.connect(config=settings) as connection:
        contested = _contested(connection, snapshot)
        read = tables_of_doubts(families, contested).union(*(tables_read(family) for family in families))
        for table in sorted(read):
            connection.read_parquet(str(snapshot / table / "*.parquet")).create_view(table, replace=True)
        statements = run_statements(families, months, DIALECT, contested)
        connection.execute(statements.create_spells)
        for family in statements.families:
            connection.execute(family.create_fact)
            for count_query in family.counts:
                parts += cell_parts(count_query, connection.execute(count_query.text).df())
            for count_query in family.flagged:
                flagged += cell_parts(count_query, connection.execute(count_query.text).df())
            for event_query in family.events:
                events += event_rows(event_query, connection.execute(event_query.text).fetchall())
            connection.execute(family.drop_fact)
    return gather_parts(parts, events, flagged)


def _contested(connection: duckdb.DuckDBPyConnection, snapshot: Path) -> Contested:
    """What open conflicts are about; nothing in a snapshot that came without the choices of a resolution."""
    if not (snapshot / CHOICES).is_dir():
        return NOTHING
    connection.read_parquet(str(snapshot / CHOICES / "*.parquet")).create_view(CHOICES)
    return frozenset((table, column) for table, column in connection.execute(contested_text(DIALECT)).fetchall())


def tables_read(family: Family) -> frozenset[str]:
    """Resolved tables that the statements of a family read."""
    shape = SHAPES[family.entity]
    own = {shape.table, "residence"} | {parent.table for parent in shape.parents}
    return frozenset(own | {feature.table for feature in family.features})
