"""Worlds for tests of the rules: read from a file of cases, judged by the interpreter or by the SQL of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy.engine import Connection

from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.model_schema import RESOLVED, SOURCE, twin_name
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE, REFERENCE_IMD, RULE_HIT
from fhir_adapter.store.rule_hits import finding_sql
from fhir_adapter.store.rule_sql import checked_tables, reading_hits_sql
from indicator_engine.engines.rule_reference import BrokenCheck, SourceRow, World, broken_checks
from indicator_engine.rules import Scope, shipped_checks
from indicator_engine.tables import TABLES
from tests.builders import Cell, complete

CASES = Path(__file__).parent / "spec" / "data" / "rules"
# of an entry of the linkage zone, what the linkage needs and no rule reads
NOT_LOOKED_AT = dict.fromkeys(("entry_key", "role", "rank", "number_state", "organisation"), "test")
Judge = Callable[[World], frozenset[BrokenCheck]]


class Told(BaseModel):
    """A source row of a case; what is not named is the same for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    record: str
    told_by: str = "e3"
    source_key: str = "k1"
    recorded_at: str | None = None
    received_at: str = "2026-06-01T00:00:00Z"
    nhs_number: str | None = None
    cells: Mapping[str, str | int | float | bool | None] = {}


class Case(BaseModel):
    """Rows of the common model and of sources, and which records break which condition of the rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    rows: Mapping[str, Sequence[Mapping[str, str | int | float | bool | None]]] = {}
    sources: Mapping[str, Sequence[Told]] = {}
    as_of: str | None = None
    broken: Mapping[int, Sequence[str]] = {}

    @property
    def world(self) -> World:
        """The rows with every column filled."""
        known = {name: rows for name, rows in self.rows.items() if name in TABLES}
        others = {name: [dict(row) for row in rows] for name, rows in self.rows.items() if name not in TABLES}
        sources = {name: [_source_row(name, each) for each in told] for name, told in self.sources.items()}
        return World({**complete(known), **others}, sources, self.as_of)


def _source_row(table: str, told: Told) -> SourceRow:
    person = {"person_key": told.source_key} if "person_key" in TABLES[table].column_names else {}
    cells = {**person, **told.cells}
    return SourceRow(
        told.record, told.told_by, told.source_key, cells, told.recorded_at, told.received_at, told.nhs_number
    )


@cache
def cases() -> dict[str, tuple[str, Case]]:
    """Every case of every rule: a name, the rule and the case."""
    found: dict[str, tuple[str, Case]] = {}
    for file in sorted(CASES.glob("R*.yaml")):
        for written in yaml.safe_load(file.read_text("utf-8")):
            case = Case.model_validate(written)
            found[f"{file.stem} {case.title}"] = (file.stem, case)
    return found


def judged_by_interpreter(world: World) -> frozenset[BrokenCheck]:
    """What the plain interpreter finds."""
    asked = [each for each in shipped_checks() if each.scope is not Scope.READING or world.as_of is not None]
    return broken_checks(asked, world)


def judged_by_store(engine: sa.Engine) -> Judge:
    """What the SQL finds on a store; nothing is left behind."""

    def judge(world: World) -> frozenset[BrokenCheck]:
        with engine.connect() as connection, connection.begin() as transaction:
            fill(connection, world)
            found = frozenset(_found(connection, world))
            transaction.rollback()
        return found

    return judge


def _found(connection: Connection, world: World) -> Iterable[BrokenCheck]:
    dialect = connection.dialect.name
    for statement in finding_sql(frozenset(TABLES), frozenset(TABLES), only_dirty=False, dialect_name=dialect):
        connection.exec_driver_sql(statement)
    columns = (RULE_HIT.c.rule_id, RULE_HIT.c.check_number, RULE_HIT.c.table_name, RULE_HIT.c.record_key)
    yield from (BrokenCheck(*row) for row in connection.execute(sa.select(*columns)))
    if world.as_of is not None:
        for table in checked_tables(Scope.READING):
            for row in connection.exec_driver_sql(reading_hits_sql(table, world.as_of, dialect)):
                yield BrokenCheck(row.rule_id, row.check_number, row.table_name, row.record_key)


def fill(connection: Connection, world: World) -> None:
    """Put the rows of a world into a store that holds none."""
    for name, rows in world.tables.items():
        target = RESOLVED.get(name, REFERENCE_IMD)
        connection.execute(sa.insert(target), [dict(row) for row in rows]) if rows else None
    for name, told in world.sources.items():
        for place, row in enumerate(told):
            _fill_source(connection, name, row, place)


def _fill_source(connection: Connection, name: str, row: SourceRow, place: int) -> None:
    table = TABLES[name]
    resolved_key, *others = row.record.split("|")
    own = {table.key[0]: row.source_key} | dict(zip(table.key[1:], others, strict=True))
    cells: dict[str, Cell] = dict.fromkeys(table.column_names)
    provenance: dict[str, Any] = {
        "record_key": "|".join((row.source_key, *others)),
        "source": row.told_by,
        "row_hash": f"{place:032d}",
        "recorded_at": row.recorded_at,
        "received_at": row.received_at,
        "receipt_id": "receipt",
        "mapping_version": "1",
    }
    values = {twin_name(column): value for column, value in (cells | dict(row.cells) | own).items()}
    connection.execute(sa.insert(SOURCE[name]), [values | provenance])
    link = {"source_key": row.source_key, "entity": entity_of(table), "source": row.told_by}
    _once(connection, LINK, link, {"resolved_key": resolved_key, "pass_name": "test"})
    if row.nhs_number is not None:
        zone = {"source_key": row.source_key, "source": row.told_by}
        more = {"person_key": resolved_key, "nhs_number_hmac": row.nhs_number, "sealed": b"", "key_id": "test"}
        _once(connection, LINKAGE_ZONE, zone, {**more, **NOT_LOOKED_AT})


def _once(connection: Connection, table: sa.Table, key: Mapping[str, str], more: Mapping[str, Any]) -> None:
    is_it = [table.c[name] == value for name, value in key.items()]
    if connection.execute(sa.select(sa.literal(1)).where(sa.exists().where(*is_it))).first() is None:
        connection.execute(sa.insert(table), [{**key, **more}])
