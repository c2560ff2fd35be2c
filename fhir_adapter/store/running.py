"""Runs texts on the cursor of the driver itself, within the transaction of a connection.

Taking one payload in runs some two hundred short statements. SQLAlchemy keeps books on each, which takes several times
as long as SQLite needs for the rows of one birth; so what is compiled once (`compiled`) also goes past it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

Parameters: TypeAlias = Sequence[object]
Found: TypeAlias = tuple[Any, ...]  # cells of a row, as the driver gives them


def change(connection: Connection, text: str, parameters: Parameters = ()) -> int:
    """How many rows a text changed. Raises DBAPIError as SQLAlchemy would."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, parameters)
        return cursor.rowcount


def change_each(connection: Connection, text: str, rows: Sequence[Parameters]) -> int:
    """How many rows a text changed that was run once with each of these parameters; none when there are none."""
    if not rows:
        return 0
    with _cursor(connection, text) as cursor:
        cursor.executemany(text, rows)
        return cursor.rowcount


def fetch(connection: Connection, text: str, parameters: Parameters = ()) -> list[Found]:
    """The rows that a text gives. Raises DBAPIError as SQLAlchemy would."""
    with _cursor(connection, text) as cursor:
        cursor.execute(text, parameters)
        return list(cursor.fetchall())


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[DBAPICursor]:
    if not connection.in_transaction():
        connection.begin()  # as the first statement of a connection does that SQLAlchemy runs
    cursor = connection.connection.cursor()
    driver_error = connection.dialect.loaded_dbapi.Error
    try:
        yield cursor
    except driver_error as cause:
        # parameters may be a patient's values, so they are never part of the message
        raise DBAPIError.instance(
            text, None, cause, driver_error, hide_parameters=True, dialect=connection.dialect
        ) from cause
    finally:
        cursor.close()
