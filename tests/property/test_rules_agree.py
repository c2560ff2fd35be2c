"""Whatever the rows, the SQL of the rules finds what the plain interpreter finds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_adapter.store.database import open_database
from indicator_engine.code_lists import code_list
from indicator_engine.engines.rule_reference import SourceRow, World, record_of
from indicator_engine.tables import TABLES, Column, ColumnType
from tests.builders import Cell, Row
from tests.rule_worlds import judged_by_interpreter, judged_by_store

some_examples = settings(
    derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
fewer_examples = settings(some_examples, max_examples=8)

TABLES_OF_RULES = (
    "person",
    "pregnancy",
    "booking",
    "delivery",
    "baby",
    "neonatal_episode",
    "neonatal_day",
    "hv_contact",
    "mh_referral",
    "residence",
)
DAYS = ("1966-01-15", "1999-12-31", "2000-01-01", "2025-05-01", "2026-01-14", "2026-01-15", "2026-02-20", "2026-12-31")
MOMENTS = (*DAYS, "2026-01-15T00:30:00+00:00", "2026-01-15T10:00:00+00:00", "2026-03-29T02:15:00+01:00")
SPECIAL: Mapping[str, tuple[Cell, ...]] = {
    "gestation_days": (10, 140, 141, 153, 160, 167, 168, 280, 316),
    "birth_weight_g": (3, 150, 199, 200, 3400, 5300, 7001),
    "death_confirmed_gestation_days": (160, 167, 168),
    "role": ("mother", "baby"),
    "bmi": (11.9, 25.0, 26.0, 26.1),
    "height_cm": (160.0, 170.5),
    "weight_kg": (64.0, 71.3),
    "co_ppm": (0.0, 3.9, 4.0),
    "apgar_1": (-1, 0, 1, 10, 11),
    "apgar_5": (-1, 0, 1, 10, 11),
    "lsoa_2011": ("E1", "E2", "E3"),
    "lsoa_2021": ("E1", "E2", "E3"),
}
IMD: list[Row] = [
    {"lsoa": "E1", "version": "2019", "decile": 1, "local_authority": None},
    {"lsoa": "E2", "version": "2025", "decile": 2, "local_authority": None},
]
KEYS = ("x1", "x2", "x3")


def values_of(column: Column) -> tuple[Cell, ...]:
    """Values of a column at which rules turn."""
    if column.name in SPECIAL:
        return SPECIAL[column.name]
    if column.name.endswith("_key"):
        return KEYS
    if column.values:
        return column.values
    if column.type is ColumnType.CODE_SET:
        return ("|10217006|", "|10217006|289854007|", "|6234006|")
    if column.code_list is not None:
        return tuple(code_list(column.code_list).codes)
    by_type: Mapping[ColumnType, tuple[Cell, ...]] = {
        ColumnType.DATE: DAYS,
        ColumnType.DATETIME: MOMENTS,
        ColumnType.INTEGER: (0, 1, 2),
        ColumnType.DECIMAL: (0.5, 1.0),
        ColumnType.BOOLEAN: (True, False),
    }
    return by_type.get(column.type, ("x",))


def cells(draw: st.DrawFn, table: str, *, may_lack: bool) -> Row:
    described = TABLES[table]
    needed = {each.name for each in described.needed_columns} | set(described.key)
    row: Row = {}
    for column in described.columns:
        optional = may_lack or column.name not in needed
        row[column.name] = draw(st.sampled_from((None, *values_of(column)) if optional else values_of(column)))
    return row


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few resolved rows of every table and a few source rows of some."""
    tables: dict[str, list[Row]] = {"reference_imd": IMD}
    sources: dict[str, list[SourceRow]] = {}
    for table in TABLES_OF_RULES:
        rows = [cells(draw, table, may_lack=False) for _ in range(draw(st.integers(0, 3)))]
        tables[table] = list({record_of(table, row): row for row in rows}.values())
    for table in ("person", "baby", "neonatal_day"):
        sources[table] = [told_row(draw, table, at) for at in range(draw(st.integers(0, 4)))]
    return World(tables, sources, "2026-02-20")


def told_row(draw: st.DrawFn, table: str, at: int) -> SourceRow:
    source, key = draw(st.sampled_from(("e3", "neo"))), draw(st.sampled_from(("k1", "k2")))
    row = cells(draw, table, may_lack=True) | ({"person_key": key} if table != "neonatal_day" else {})
    day = draw(st.sampled_from(("2026-01-14", "2026-01-15")))
    # each key of a source is linked to one record
    resolved = {"k1": "x1", "k2": "x2"}[key] if source == "e3" else "x1"
    row |= {"care_date": day} if table == "neonatal_day" else {}
    return SourceRow(
        record=f"{resolved}|{day}" if table == "neonatal_day" else resolved,
        told_by=source,
        source_key=key,
        cells=row,
        recorded_at=draw(st.sampled_from((None, "2026-01-16T00:00:00Z", "2026-01-17T00:00:00Z"))),
        received_at="2026-02-01T00:00:00Z",
        nhs_number={"k1": "w1", "k2": "w1" if source == "e3" else None}[key] if table == "baby" else None,
    )


@given(world=worlds())
@some_examples
def test_sqlite_finds_what_the_interpreter_finds(sqlite_template: Path, world: World) -> None:
    engine = open_database(f"sqlite:///{sqlite_template}")
    found = judged_by_store(engine)(world)
    engine.dispose()
    assert found == judged_by_interpreter(world)


@given(data=st.data())
@fewer_examples
def test_postgresql_finds_what_the_interpreter_finds(request: pytest.FixtureRequest, data: st.DataObject) -> None:
    engine = open_database(request.getfixturevalue("postgres_store_url"))
    world = data.draw(worlds())
    found = judged_by_store(engine)(world)
    engine.dispose()
    assert found == judged_by_interpreter(world)
