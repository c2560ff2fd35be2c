"""SQL text of large statements, compiled once for each database.

SQLAlchemy looks a statement up in its own cache by walking it again at every call, which takes longer than running
the statements of the resolution on the rows of one birth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

DIALECTS: Mapping[str, Dialect] = {
    "sqlite": SQLiteDialect_pysqlite(paramstyle="qmark"),
    "postgresql": PGDialect_psycopg(paramstyle="format"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
}
INSERTS: Mapping[str, Callable[[sa.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@dataclass(frozen=True, slots=True)
class BoundText:
    """Text of a statement with parameters. names: of the parameters, in their order. constants: values of ours."""

    text: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def parameters(self, given: Mapping[str, object]) -> tuple[object, ...]:
        """The parameters in their order. Raises KeyError when one is not given."""
        return tuple([given[name] if name in given else self.constants[name] for name in self.names])


def bound_text(statement: ClauseElement, dialect_name: str) -> BoundText:
    """The text of a statement, some of whose parameters are given when it runs."""
    compiled = statement.compile(dialect=DIALECTS[dialect_name])
    assert isinstance(compiled, SQLCompiler)
    constants = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
    return BoundText(str(compiled), tuple(compiled.positiontup or ()), constants)


def is_listed(column: sa.ColumnElement[str], count: int) -> sa.ColumnElement[bool]:
    """Whether a column is one of so many texts, which `listed` gives; `listed_places` says how many."""
    return column.in_([sa.bindparam(f"listed_{place}") for place in range(count)])


def listed_places(texts: Sequence[str]) -> int:
    """Places in the list of a statement: powers of two, so that lists of all lengths need but a few statements."""
    return 1 << max(0, len(texts) - 1).bit_length()


def listed(texts: Sequence[str]) -> dict[str, object]:
    """The parameters of `is_listed`; the last text fills the places that are left. There is at least one."""
    filled = [*texts, *[texts[-1]] * (listed_places(texts) - len(texts))]
    return {f"listed_{place}": text for place, text in enumerate(filled)}


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
