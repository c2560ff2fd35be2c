"""Reference tables that the user loads: deprivation by small area, small areas by postcode, organisations."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.store.compiled import upsert_sql
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import REFERENCE_IMD, REFERENCE_POSTCODE
from indicator_engine.tables import TABLES

Values = tuple[str | int | None, ...]
AT_ONCE = 500
ROWS_AT_ONCE = 20_000
IMD_2019 = "2019"  # version by which the resolution looks deciles up
ORGANISATION_COLUMNS = TABLES["organisation"].column_names
KINDS = TABLES["organisation"].column("kind").values


@dataclass(frozen=True, slots=True)
class Area:
    """Where a postcode lies. None: the table names no area of that vintage."""

    lsoa_2011: str | None
    lsoa_2021: str | None
    local_authority: str | None


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of the tree. parent_code: None at the top."""

    code: str
    name: str
    kind: str
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of reference file: the columns it must have and how a line becomes a row."""

    table: sa.Table
    columns: tuple[str, ...]
    header: tuple[str, ...]
    read: Callable[[Mapping[str, str], str], Values]


def plain_postcode(postcode: str) -> str:
    """A postcode as it is looked up: capitals, no spaces."""
    return "".join(postcode.upper().split())


def areas_of_postcodes(connection: Connection, postcodes: Collection[str]) -> dict[str, Area]:
    """Areas of those postcodes that the loaded table holds, by the postcode as it was given."""
    plain = {postcode: plain_postcode(postcode) for postcode in postcodes}
    wanted = sorted(set(plain.values()))
    found: dict[str, Area] = {}
    for start in range(0, len(wanted), AT_ONCE):
        chosen = sa.select(
            REFERENCE_POSTCODE.c.postcode,
            REFERENCE_POSTCODE.c.lsoa_2011,
            REFERENCE_POSTCODE.c.lsoa_2021,
            REFERENCE_POSTCODE.c.local_authority,
        ).where(REFERENCE_POSTCODE.c.postcode.in_(wanted[start : start + AT_ONCE]))
        found |= {row.postcode: Area(*row[1:]) for row in connection.execute(chosen)}
    return {postcode: found[key] for postcode, key in plain.items() if key in found}


def load_reference(connection: Connection, kind: str, path: Path) -> int:
    """Load one reference file, replacing rows of the same key; gives the number of rows.

    Raises PayloadRefused with file and line for a wrong encoding, header or value; nothing is loaded then.
    """
    layout = LAYOUTS[kind]
    statement = upsert_sql(layout.table, layout.columns, connection.dialect.name)
    loaded = 0
    for rows in _batches(_rows(path, layout)):
        connection.exec_driver_sql(statement, rows)
        loaded += len(rows)
    if not loaded:
        raise PayloadRefused("reference.empty", str(path), "the file has no line below its header")
    return loaded


def list_organisations(connection: Connection) -> tuple[Organisation, ...]:
    """Every organisation loaded, by code."""
    table = RESOLVED["organisation"]
    chosen = sa.select(table.c.organisation_code, table.c.name, table.c.kind, table.c.parent_code)
    return tuple(Organisation(*row) for row in connection.execute(chosen.order_by(table.c.organisation_code)))


def _rows(path: Path, layout: Layout) -> Iterator[Values]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _check_header(reader.fieldnames, layout, path)
            for row in reader:
                yield layout.read(row, f"{path}:{reader.line_num}")
    except FileNotFoundError as cause:
        raise PayloadRefused("file.missing", str(path), "there is no such file; check the path") from cause
    except UnicodeDecodeError as cause:
        text = f"not UTF-8 (byte {cause.start}); save the file as UTF-8"
        raise PayloadRefused("reference.encoding", str(path), text) from cause


def _check_header(found: Sequence[str] | None, layout: Layout, path: Path) -> None:
    lacking = [name for name in layout.header if name not in (found or ())]
    if lacking:
        text = f"the header lacks {', '.join(lacking)}; the layout is: {', '.join(layout.header)}"
        raise PayloadRefused("reference.header", f"{path}:1", text)


def _batches(rows: Iterator[Values]) -> Iterator[list[Values]]:
    batch: list[Values] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_imd_2019(row: Mapping[str, str], place: str) -> Values:
    decile = row["imd2019_decile"].strip()
    if not decile.isdigit() or not 1 <= int(decile) <= 10:
        raise PayloadRefused("reference.value", f"{place} column imd2019_decile", "a decile is a number from 1 to 10")
    return row["lsoa11cd"].strip(), IMD_2019, int(decile), row["lad19cd"].strip() or None


def _read_postcode(row: Mapping[str, str], place: str) -> Values:
    postcode = plain_postcode(row["pcds"])
    if not postcode:
        raise PayloadRefused("reference.value", f"{place} column pcds", "a postcode is expected")
    return postcode, row["lsoa11"].strip() or None, row["lsoa21"].strip() or None, row["oslaua"].strip() or None


def _read_organisation(row: Mapping[str, str], place: str) -> Values:
    if row["kind"] not in KINDS:
        raise PayloadRefused("reference.value", f"{place} column kind", f"a kind is one of: {', '.join(KINDS)}")
    for column in ("organisation_code", "name"):
        if not row[column].strip():
            raise PayloadRefused("reference.value", f"{place} column {column}", "a value is required here")
    for column in ("valid_from", "valid_to"):
        _check_date(row[column], f"{place} column {column}", is_required=column == "valid_from")
    return tuple(row[name].strip() or None for name in ORGANISATION_COLUMNS)


def _check_date(text: str, place: str, *, is_required: bool) -> None:
    if not text.strip() and not is_required:
        return
    try:
        date.fromisoformat(text.strip())
    except ValueError as cause:
        raise PayloadRefused("reference.value", place, "a date is expected, as 2026-03-31") from cause


LAYOUTS: Mapping[str, Layout] = {
    "imd": Layout(
        REFERENCE_IMD,
        ("lsoa", "version", "decile", "local_authority"),
        ("lsoa11cd", "lad19cd", "imd2019_decile"),
        _read_imd_2019,
    ),
    "postcodes": Layout(
        REFERENCE_POSTCODE,
        ("postcode", "lsoa_2011", "lsoa_2021", "local_authority"),
        ("pcds", "lsoa11", "lsoa21", "oslaua"),
        _read_postcode,
    ),
    "organisations": Layout(RESOLVED["organisation"], ORGANISATION_COLUMNS, ORGANISATION_COLUMNS, _read_organisation),
}
