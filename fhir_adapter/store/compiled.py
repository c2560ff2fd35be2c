"""SQL text of large statements, compiled once for each database.

SQLAlchemy looks a statement up in its own cache by walking it again at every call, which takes longer than running
the statements of the resolution on the rows of one birth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
}
INSERTS: Mapping[str, Callable[[sa.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def literal_sql(statement: ClauseElement, dialect_name: str) -> str:
    """The text of a statement whose parameters are all constants of ours."""
    return str(statement.compile(dialect=DIALECTS[dialect_name], compile_kwargs={"literal_binds": True}))


@cache
def insert_sql(table: sa.Table, columns: tuple[str, ...], dialect_name: str) -> str:
    """Text that inserts tuples of these columns, in this order, and leaves rows that are already there alone."""
    statement = INSERTS[dialect_name](table).on_conflict_do_nothing()
    return _positional_sql(statement, columns, dialect_name)


@cache
def upsert_sql(table: sa.Table, columns: tuple[str, ...], dialect_name: str) -> str:
    """Text that inserts tuples of these columns, in this order, and replaces the row that has the same key."""
    statement = INSERTS[dialect_name](table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    replacing = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    return _positional_sql(replacing, columns, dialect_name)


def _positional_sql(statement: sa.Insert, columns: tuple[str, ...], dialect_name: str) -> str:
    compiled = statement.compile(dialect=DIALECTS[dialect_name], column_keys=list(columns))
    # the text names the columns in the order of the table, whatever order was asked for
    assert compiled.positiontup == list(columns), f"columns of {statement.table} are not in the order of the table"
    return str(compiled)
