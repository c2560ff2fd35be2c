"""Tables of the resolved model as engines see them, wherever they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from indicator_engine.tables import TABLES, ColumnType

SQL_TYPES: Mapping[ColumnType, sa.types.TypeEngine[Any]] = {
    ColumnType.INTEGER: sa.Integer(),
    ColumnType.DECIMAL: sa.Float(),
    ColumnType.BOOLEAN: sa.Boolean(),
}


def model_table(name: str) -> sa.TableClause:
    """A resolved table: names and types of its columns."""
    columns = (sa.column(each.name, SQL_TYPES.get(each.type, sa.String())) for each in TABLES[name].columns)
    return sa.table(name, *columns)
