"""Counts of an evaluation: kept whole, inside, so that they can be disclosed again without counting again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.operational_schema import COUNT_CELL, COUNT_RUN, COUNTED_EVENT, FLAGGED_CELL
from indicator_engine.counts import CountRow, EventRow

RUN_COLUMNS = tuple(column.name for column in COUNT_RUN.columns)
CELL_COLUMNS = tuple(column.name for column in COUNT_CELL.columns)
EVENT_COLUMNS = tuple(column.name for column in COUNTED_EVENT.columns)


@dataclass(frozen=True, slots=True)
class CountRun:
    """One counting of the resolved model.

    created_at: instant in UTC as text, to the microsecond, because the latest run is what is published. as_of: the
    calendar date up to which records were looked at.
    definition_hash, snapshot_hash: digests of what was counted by, and of what was counted.
    """

    id: str
    created_at: str
    as_of: str
    engine: str
    definition_hash: str
    snapshot_hash: str


def save_count_run(
    connection: Connection,
    run: CountRun,
    cells: Iterable[CountRow],
    events: Iterable[EventRow],
    flagged: Iterable[CountRow] = (),
) -> None:
    """Keep a run with its cells, its events and the cells of those in doubt, in the transaction of the caller."""
    dialect = connection.dialect.name
    connection.exec_driver_sql(insert_sql(COUNT_RUN, RUN_COLUMNS, dialect), [astuple(run)])
    event_rows = [(run.id, place, *event) for place, event in enumerate(events)]
    for table, found in ((COUNT_CELL, cells), (FLAGGED_CELL, flagged)):
        cell_rows = [(run.id, *cell) for cell in found]
        if cell_rows:
            connection.exec_driver_sql(insert_sql(table, CELL_COLUMNS, dialect), cell_rows)
    if event_rows:
        connection.exec_driver_sql(insert_sql(COUNTED_EVENT, EVENT_COLUMNS, dialect), event_rows)


def latest_run(connection: Connection) -> CountRun | None:
    """The run that was made last; None before the first."""
    newest_first = sa.select(COUNT_RUN).order_by(COUNT_RUN.c.created_at.desc(), COUNT_RUN.c.id.desc())
    row = connection.execute(newest_first.limit(1)).first()
    return None if row is None else CountRun(*row)


def load_cells(connection: Connection, run_id: str) -> list[CountRow]:
    """Cells of a run, in the order of their key."""
    return _cells_of(connection, COUNT_CELL, run_id)


def load_flagged(connection: Connection, run_id: str) -> list[CountRow]:
    """Cells of a run over those in doubt alone, in the order of their key."""
    return _cells_of(connection, FLAGGED_CELL, run_id)


def _cells_of(connection: Connection, table: sa.Table, run_id: str) -> list[CountRow]:
    columns = [table.c[name] for name in CELL_COLUMNS[1:]]
    keys = [column for column in table.primary_key if column.name != "run_id"]
    statement = sa.select(*columns).where(table.c.run_id == run_id).order_by(*keys)
    return [tuple(row) for row in connection.execute(statement)]


def load_events(connection: Connection, run_id: str) -> list[EventRow]:
    """Events of a run, in the order in which they were saved."""
    columns = [COUNTED_EVENT.c[name] for name in EVENT_COLUMNS[2:]]
    statement = sa.select(*columns).where(COUNTED_EVENT.c.run_id == run_id).order_by(COUNTED_EVENT.c.position)
    return [tuple(row) for row in connection.execute(statement)]


def forget_runs(connection: Connection, run_ids: Sequence[str]) -> None:
    """Remove runs with all that they counted."""
    for table, column in (
        (COUNT_CELL, "run_id"),
        (FLAGGED_CELL, "run_id"),
        (COUNTED_EVENT, "run_id"),
        (COUNT_RUN, "id"),
    ):
        connection.execute(sa.delete(table).where(table.c[column].in_(list(run_ids))))
