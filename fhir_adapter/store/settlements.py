"""What people have settled: a decision on one cell, kept apart from what sources send and applied after every choice.

A settlement hangs on the key of a source, so that it follows the record wherever that key is linked to. It counts
until it is withdrawn, or until the sources agree by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.contesting import DIFFERS, SETTLEMENT_REASON, UNKNOWN
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import CONTESTED_CELL, DIRTY_KEY, FIELD_VALUE, LINK, SETTLEMENT
from fhir_adapter.store.running import fetch
from indicator_engine.tables import TABLES, Column, ColumnType, Table

SETTLED, CLOSED_BY_SOURCE = "settled", "resolved-by-source"
SETTLED_RULE = "settled-by-a-person"
A_PERSON = "settlement"  # stands for a source where somebody gave a value that no source has


@dataclass(frozen=True, slots=True)
class Settlement:
    """One decision. value: the cell as text, in its canonical form. rest_of_key: the key after its first column.

    entity, source, source_key: the key that the decision hangs on. record_key: what it was linked to at the time.
    """

    id: str
    table_name: str
    column_name: str
    entity: str
    source: str
    source_key: str
    record_key: str
    rest_of_key: str
    value: str
    taken_from: str | None
    author: str
    reason: str
    settled_at: str
    withdrawn_by: str | None = None
    withdrawn_at: str | None = None
    withdrawn_because: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedSettlement:
    """A decision under the key to which it is linked now."""

    settlement: Settlement
    resolved_key: str

    @property
    def record_key(self) -> str:
        """The key of the record now, as one text."""
        rest = self.settlement.rest_of_key
        return f"{self.resolved_key}|{rest}" if rest else self.resolved_key


def save_settlement(connection: Connection, settlement: Settlement) -> None:
    """Keep a decision."""
    connection.execute(sa.insert(SETTLEMENT).values({each.name: getattr(settlement, each.name) for each in COLUMNS}))


def withdraw_settlement(connection: Connection, settlement_id: str, *, author: str, reason: str, at: str) -> None:
    """Let a decision count no more; it is kept with who withdrew it and why."""
    changed = {"withdrawn_by": author, "withdrawn_because": reason, "withdrawn_at": at}
    connection.execute(sa.update(SETTLEMENT).where(SETTLEMENT.c.id == settlement_id).values(changed))


def active_settlements(connection: Connection, *, only_dirty: bool = False) -> list[PlacedSettlement]:
    """Decisions that count, the newest of each cell, under the keys that they are linked to now."""
    return list({_cell_of(each): each for each in _not_withdrawn(connection, only_dirty=only_dirty)}.values())


def settlements_of(connection: Connection, cell: tuple[str, str, str]) -> list[PlacedSettlement]:
    """Every decision on a cell (table, column, record) that nobody has withdrawn, also those that a newer hides."""
    return [each for each in _not_withdrawn(connection) if _cell_of(each) == cell]


def _cell_of(placed: PlacedSettlement) -> tuple[str, str, str]:
    return placed.settlement.table_name, placed.settlement.column_name, placed.record_key


def _not_withdrawn(connection: Connection, *, only_dirty: bool = False) -> list[PlacedSettlement]:
    """Oldest first."""
    found = fetch(connection, _not_withdrawn_sql(only_dirty, connection.dialect.name))
    return [PlacedSettlement(Settlement(*row[:-1]), row[-1]) for row in found]


@cache
def _not_withdrawn_sql(only_dirty: bool, dialect_name: str) -> str:
    link = sa.and_(
        LINK.c.source_key == SETTLEMENT.c.source_key,
        LINK.c.entity == SETTLEMENT.c.entity,
        LINK.c.source == SETTLEMENT.c.source,
    )
    found = sa.select(*SETTLEMENT.c, LINK.c.resolved_key).join_from(SETTLEMENT, LINK, link)
    found = found.where(SETTLEMENT.c.withdrawn_at.is_(None)).order_by(SETTLEMENT.c.settled_at, SETTLEMENT.c.id)
    if only_dirty:
        dirty = sa.select(DIRTY_KEY.c.entity, DIRTY_KEY.c.resolved_key)
        found = found.where(sa.tuple_(LINK.c.entity, LINK.c.resolved_key).in_(dirty))
    return literal_sql(found, dialect_name)


def note_settled_cells(connection: Connection, placed: Sequence[PlacedSettlement]) -> None:
    """Let settled cells be explained, also where sources no longer differ."""
    for each in placed:
        cell = {
            "table_name": each.settlement.table_name,
            "record_key": each.record_key,
            "column_name": each.settlement.column_name,
        }
        is_noted = sa.exists().where(*(CONTESTED_CELL.c[name] == value for name, value in cell.items()))
        if not connection.execute(sa.select(is_noted)).scalar_one():
            noted = cell | {"resolved_key": each.resolved_key, "reason": SETTLEMENT_REASON}
            connection.execute(sa.insert(CONTESTED_CELL).values(noted))


def apply_settlements(connection: Connection, placed: Sequence[PlacedSettlement]) -> None:
    """Put what people settled in place of what the rules chose, unless the sources agree by now."""
    for each in placed:
        status = CLOSED_BY_SOURCE if _sources_agree(connection, each) else SETTLED
        if status == SETTLED:
            _write_value(connection, each)
        _mark(connection, each, status)


def is_settled(table_name: str, column: str, record_key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether what a cell holds is what a person settled, so that nothing else may change it."""
    choice = RESOLVED["resolution"]
    settled = sa.select(choice.c.record_key).where(
        choice.c.table_name == table_name, choice.c.column_name == column, choice.c.status == SETTLED
    )
    return record_key.in_(settled)


def typed_value(column: Column, text: str) -> str | int | float | bool:
    """A cell out of its text. Raises ValueError, which does not repeat the text."""
    try:
        value: str | int | float | bool = _TYPED.get(column.type, str)(text)
    except (KeyError, ValueError):
        raise ValueError(f"{column.name} is a {column.type.value}; write it so") from None
    return value


def is_plausible(column: Column, value: str | float) -> bool:
    """Whether a value is inside the hard range of its column."""
    if column.minimum is None or column.maximum is None or isinstance(value, str):
        return True
    return column.minimum <= value <= column.maximum


COLUMNS = fields(Settlement)
_TRUTH = {"true": True, "false": False}
_TYPED: dict[ColumnType, Any] = {
    ColumnType.INTEGER: int,
    ColumnType.DECIMAL: float,
    ColumnType.BOOLEAN: _TRUTH.__getitem__,
}


def _sources_agree(connection: Connection, placed: PlacedSettlement) -> bool:
    """Whether two sources or more say the same by now, within the tolerance."""
    said = FIELD_VALUE
    found = connection.execute(
        sa.select(said.c.source, said.c.standing).where(*_cell(placed, said), said.c.standing != UNKNOWN)
    ).all()
    sources = {source for source, _ in found}
    return len(sources) > 1 and all(standing != DIFFERS for _, standing in found)


def _write_value(connection: Connection, placed: PlacedSettlement) -> None:
    table = TABLES[placed.settlement.table_name]
    resolved = RESOLVED[table.name]
    value = typed_value(table.column(placed.settlement.column_name), placed.settlement.value)
    parts = zip(table.key, placed.record_key.split("|", len(table.key) - 1), strict=True)
    is_record = [resolved.c[name] == part for name, part in parts]
    connection.execute(sa.update(resolved).where(*is_record).values({placed.settlement.column_name: value}))


def _mark(connection: Connection, placed: PlacedSettlement, status: str) -> None:
    choice = RESOLVED["resolution"]
    marks = {"status": status, "settled_by": placed.settlement.author, "settled_at": placed.settlement.settled_at}
    if status == SETTLED:
        marks |= {"rule_id": SETTLED_RULE, "chosen_source": placed.settlement.taken_from or A_PERSON}
    connection.execute(sa.update(choice).where(*_cell(placed, choice)).values(marks))


def _cell(placed: PlacedSettlement, table: sa.Table) -> Iterator[sa.ColumnElement[bool]]:
    yield table.c.table_name == placed.settlement.table_name
    yield table.c.column_name == placed.settlement.column_name
    yield table.c.record_key == placed.record_key


def of_table(placed: Sequence[PlacedSettlement], table: Table) -> list[PlacedSettlement]:
    """The decisions on one table."""
    return [each for each in placed if each.settlement.table_name == table.name]
