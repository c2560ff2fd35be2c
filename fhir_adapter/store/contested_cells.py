"""Contested cells of one table: found, explained and counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.code_sets import in_order
from fhir_adapter.store.contesting import (
    AGREES,
    CONFLICT,
    COUNTS,
    DIFFERS,
    NO_CONFLICT,
    find_contested_sql,
    insert_choices_sql,
    insert_values_sql,
)
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import CONTESTED_CELL, FIELD_VALUE
from fhir_adapter.store.resolution_rules import ResolutionRules
from fhir_adapter.store.running import change
from fhir_adapter.store.settlements import PlacedSettlement, note_settled_cells
from indicator_engine.tables import ColumnType, Table

CELL = ("table_name", "record_key", "column_name")


def explain_contested(
    connection: Connection,
    table: Table,
    rules: ResolutionRules,
    settlements: Sequence[PlacedSettlement],
    *,
    only_dirty: bool,
) -> int:
    """Record every choice of a table on which sources differ or that somebody settled; gives the conflicts."""
    dialect = connection.dialect.name
    finding = find_contested_sql(table.name, only_dirty, dialect, rules)
    found = 0 if finding is None else change(connection, finding)
    note_settled_cells(connection, settlements)
    if not found and not settlements:
        return 0
    for name in connection.execute(_columns_of(table)).scalars().all():
        change(connection, insert_values_sql(table.name, name, dialect, rules))
        if table.column(name).type == ColumnType.CODE_SET:
            _put_parts_together(connection, table, name)
        change(connection, insert_choices_sql(table.name, name, dialect, rules))
    conflicts = connection.execute(_conflicts_of(table)).scalar_one()
    connection.execute(sa.delete(CONTESTED_CELL))
    return conflicts


def _columns_of(table: Table) -> sa.Select[str]:
    noted = CONTESTED_CELL
    return (
        sa.select(noted.c.column_name).where(noted.c.table_name == table.name).distinct().order_by(noted.c.column_name)
    )


def _conflicts_of(table: Table) -> sa.Select[int]:
    choice = RESOLVED["resolution"]
    is_noted = sa.and_(*(choice.c[name] == CONTESTED_CELL.c[name] for name in CELL))
    joined = sa.select(sa.func.count()).select_from(CONTESTED_CELL.join(choice, is_noted))
    return joined.where(CONTESTED_CELL.c.table_name == table.name, choice.c.conflict)


def _put_parts_together(connection: Connection, table: Table, column: str) -> None:
    """One candidate a source and moment, with all its codes, in place of the parts that came in several rows."""
    said = FIELD_VALUE
    is_noted = sa.and_(*(said.c[name] == CONTESTED_CELL.c[name] for name in CELL))
    found = (
        sa.select(*said.c)
        .select_from(CONTESTED_CELL.join(said, is_noted))
        .where(said.c.table_name == table.name, said.c.column_name == column)
        .order_by(said.c.record_key, said.c.position)
    )
    cells: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in connection.execute(found).mappings().all():
        cells[row["record_key"]].append(dict(row))
    for record_key, rows in cells.items():
        in_cell = (said.c.table_name == table.name, said.c.column_name == column, said.c.record_key == record_key)
        connection.execute(sa.delete(said).where(*in_cell))
        connection.execute(sa.insert(said), _united(rows))


def _united(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    parts: dict[tuple[object, object], list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        parts[row["source"], row["recorded_at"]].append(row)
    sets = [each[0] | {"value": in_order("".join(str(row["value"]) for row in each))} for each in parts.values()]
    chosen = sets[0]["value"]
    return [
        each | {"position": place} | _standing(is_chosen=place == 1, is_same=each["value"] == chosen)
        for place, each in enumerate(sets, start=1)
    ]


def _standing(*, is_chosen: bool, is_same: bool) -> dict[str, object]:
    if is_chosen:
        return {"standing": COUNTS, "level": NO_CONFLICT}
    return {"standing": AGREES, "level": NO_CONFLICT} if is_same else {"standing": DIFFERS, "level": CONFLICT}
