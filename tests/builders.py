"""Rows of the common model for tests: valid by default, so that a test names only what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indicator_engine.code_lists import code_list
from indicator_engine.tables import TABLES, Column, ColumnType

Cell = str | int | float | bool | None
Row = dict[str, Cell]
Rows = Mapping[str, Sequence[Mapping[str, Cell]]]

VALID: Mapping[ColumnType, Cell] = {
    ColumnType.STRING: "x",
    ColumnType.INTEGER: 1,
    ColumnType.DECIMAL: 1.0,
    ColumnType.BOOLEAN: False,
    ColumnType.DATE: "2026-01-01",
    ColumnType.DATETIME: "2026-01-01T12:00:00+00:00",
    ColumnType.CODE_SET: "|x|",
}


def row(table: str, **cells: Cell) -> Row:
    """A row of a table with every column: those named, a valid value where one is required, else nothing."""
    return {column.name: cells.get(column.name, _default(column)) for column in TABLES[table].columns}


def complete(rows: Rows) -> dict[str, list[Row]]:
    """Rows with every column filled as `row` does."""
    return {table: [row(table, **each) for each in found] for table, found in rows.items()}


def mother(key: str = "m1", **cells: Cell) -> Row:
    """A White British mother of 30."""
    given: Row = {"person_key": key, "role": "mother", "birth_date": "1996-01-01", "ethnic_category": "A"}
    return row("person", **(given | cells))


def residence(person: str = "m1", **cells: Cell) -> Row:
    """A residence in the most deprived tenth of England since 2020."""
    given: Row = {"person_key": person, "valid_from": "2020-01-01", "imd_2019_decile": 1}
    return row("residence", **(given | cells))


def pregnancy(key: str = "p1", **cells: Cell) -> Row:
    """A pregnancy of mother m1, booked at trust RSA."""
    return row("pregnancy", **({"pregnancy_key": key, "mother_key": "m1", "booking_provider_code": "RSA"} | cells))


def booking(key: str = "k1", **cells: Cell) -> Row:
    """A booking of pregnancy p1 at site RSA01."""
    given: Row = {"booking_key": key, "pregnancy_key": "p1", "booking_date": "2026-01-10", "site_code": "RSA01"}
    return row("booking", **(given | cells))


def delivery(key: str = "d1", **cells: Cell) -> Row:
    """A spontaneous vaginal delivery of pregnancy p1 at site RSA01 of trust RSA."""
    given: Row = {"pregnancy_key": "p1", "provider_code": "RSA", "site_code": "RSA01", "delivery_method": "0"}
    return row("delivery", delivery_key=key, **(given | cells))


def baby(key: str = "b1", **cells: Cell) -> Row:
    """A live baby of mother m1, born at 40 weeks in delivery d1."""
    given: Row = {
        "baby_key": key,
        "person_key": key,
        "delivery_key": "d1",
        "mother_key": "m1",
        "birth_datetime": "2026-01-15T10:00:00+00:00",
        "outcome": "01",
        "gestation_days": 280,
        "birth_weight_g": 3400,
        "delivery_method": "0",
    }
    return row("baby", **(given | cells))


def choice(table: str, record: str, column: str, **cells: Cell) -> Row:
    """A conflict between sources on one cell that nobody has settled."""
    given: Row = {"table_name": table, "record_key": record, "column_name": column, "conflict": True, "status": "open"}
    return row("resolution", **(given | cells))


def _default(column: Column) -> Cell:
    if not column.required:
        return None
    if column.values:
        return column.values[0]
    if column.code_list is not None:
        return next(iter(code_list(column.code_list).codes))
    return VALID[column.type]
