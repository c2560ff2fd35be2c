"""How the types of the common model are kept, so that a cell reads the same from SQLite and from PostgreSQL."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from indicator_engine.tables import ColumnType

DATETIME_LENGTH = 25  # YYYY-MM-DDTHH:MM:SS+01:00


class IsoDate(TypeDecorator[str]):
    """A calendar date that is written and read as text `YYYY-MM-DD`: DATE in PostgreSQL, text in SQLite."""

    impl = sa.String(10)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the column in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Date())
        return dialect.type_descriptor(sa.String(10))

    def process_result_value(self, value: date | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the base class gives it
        """Give the text of a date, whatever the driver gave."""
        return value.isoformat() if isinstance(value, date) else value


def text_type(length: int | None = None) -> TypeEngine[str]:
    """Text that sorts by its bytes, so that the order is the same in every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def sql_type(kind: ColumnType) -> TypeEngine[Any]:
    """The SQL type in which a column of the common model is kept."""
    return SQL_TYPES[kind]


SQL_TYPES: dict[ColumnType, TypeEngine[Any]] = {
    ColumnType.STRING: text_type(),
    ColumnType.CODE: text_type(),
    ColumnType.ENUM: text_type(),
    ColumnType.CODE_SET: text_type(),
    ColumnType.INTEGER: sa.Integer(),
    ColumnType.DECIMAL: sa.Double(),
    ColumnType.BOOLEAN: sa.Boolean(),
    ColumnType.DATE: IsoDate(),
    ColumnType.DATETIME: text_type(DATETIME_LENGTH),
    ColumnType.BYTES: sa.LargeBinary(),
}
