"""Runs texts on the cursor of the driver itself, within the transaction of a connection.

Taking one payload in runs some two hundred short statements. SQLAlchemy keeps books on each, which takes several times
as long as SQLite needs for the rows of one birth; so what is compiled once (`compiled`) also goes past it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

Parameters: TypeAlias = Sequence[object]
Given = TypeVar("Given")
Found: TypeAlias = tuple[Any, ...]  # cells of a row, as the driver gives them


def change(connection: Connection, text: str, parameters: Parameters = ()) -> int:
    """How many rows a text changed. Raises DBAPIError as SQLAlchemy would."""

    def run(cursor: DBAPICursor) -> int:
        cursor.execute(text, parameters)
        return cursor.rowcount

    return _on_cursor(connection, text, run)


def change_each(connection: Connection, text: str, rows: Sequence[Parameters]) -> int:
    """How many rows a text changed that was run once with each of these parameters; none when there are none."""

    def run(cursor: DBAPICursor) -> int:
        cursor.executemany(text, rows)
        return cursor.rowcount

    return _on_cursor(connection, text, run) if rows else 0


def fetch(connection: Connection, text: str, parameters: Parameters = ()) -> list[Found]:
    """The rows that a text gives. Raises DBAPIError as SQLAlchemy would."""

    def run(cursor: DBAPICursor) -> list[Found]:
        cursor.execute(text, parameters)
        return list(cursor.fetchall())

    return _on_cursor(connection, text, run)


def _on_cursor(connection: Connection, text: str, run: Callable[[DBAPICursor], Given]) -> Given:
    if not connection.in_transaction():
        connection.begin()  # as the first statement of a connection does that SQLAlchemy runs
    cursor = connection.connection.cursor()
    try:
        return run(cursor)
    except Exception as cause:
        driver_error = connection.dialect.loaded_dbapi.Error
        if not isinstance(cause, driver_error):
            raise
        # parameters may be a patient's values, so they are never part of the message
        raise DBAPIError.instance(
            text, None, cause, driver_error, hide_parameters=True, dialect=connection.dialect
        ) from cause
    finally:
        cursor.close()
