"""Reference tables that the user loads: deprivation by small area, small areas by postcode, organisations."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isfinite
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.store.compiled import BoundText, bound_text, is_listed, listed, listed_places, upsert_sql
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import REFERENCE_IMD, REFERENCE_POSTCODE
from fhir_adapter.store.person_schema import REFERENCE_BENCHMARK
from fhir_adapter.store.reference_files import Cells, Faults, read_rows
from fhir_adapter.store.running import fetch
from indicator_engine.tables import TABLES

Values = tuple[str | int | float | None, ...]
AT_ONCE = 500
ROWS_AT_ONCE = 20_000
IMD_2019, IMD_2025 = "2019", "2025"  # versions by which the resolution looks deciles up
ENGLISH_LSOA = re.compile(r"E01\d{6}")
LAST_OF_2011 = "E01033768"  # the 32,844 LSOAs of the census of 2011 end here; ONS numbered those made in 2021 after it
FIRST_INVENTED = "E01900000"  # of synthetic worlds, far above any that was issued
ORGANISATION_COLUMNS = TABLES["organisation"].column_names
KINDS = TABLES["organisation"].column("kind").values
LEVELS = TABLES["organisation"].column("neonatal_level").values


@dataclass(frozen=True, slots=True)
class Area:
    """Where a postcode lies. None: the table names no area of that vintage."""

    lsoa_2011: str | None
    lsoa_2021: str | None
    local_authority: str | None

    @property
    def is_outside_england(self) -> bool:
        """Whether the area is of another country, for which there is no English index."""
        area = self.lsoa_2011 or self.lsoa_2021
        return area is not None and not area.startswith("E")


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of the tree. parent_code: None at the top."""

    code: str
    name: str
    kind: str
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a kind of reference file goes. read: a row from version, cells, place and faults, None for a faulty line.

    check: of all rows of the table, once the file is in.
    """

    table: sa.Table
    columns: tuple[str, ...]
    read: Callable[[str, Cells, str, Faults], Values | None]
    check: Callable[[Connection, Path, Faults], None] | None = None


def plain_postcode(postcode: str) -> str:
    """A postcode as it is looked up: capitals, no spaces."""
    return "".join(postcode.upper().split())


def areas_of_postcodes(connection: Connection, postcodes: Collection[str]) -> dict[str, Area]:
    """Areas of those postcodes that the loaded table holds, by the postcode as it was given."""
    plain = {postcode: plain_postcode(postcode) for postcode in postcodes}
    wanted = sorted(set(plain.values()))
    found: dict[str, Area] = {}
    for start in range(0, len(wanted), AT_ONCE):
        asked = wanted[start : start + AT_ONCE]
        chosen = _areas(listed_places(asked), connection.dialect.name)
        rows = fetch(connection, chosen.text, chosen.parameters(listed(asked)))
        found |= {postcode: Area(*areas) for postcode, *areas in rows}
    return {postcode: found[key] for postcode, key in plain.items() if key in found}


@cache
def _areas(postcodes: int, dialect_name: str) -> BoundText:
    table = REFERENCE_POSTCODE
    chosen = sa.select(table.c.postcode, table.c.lsoa_2011, table.c.lsoa_2021, table.c.local_authority)
    return bound_text(chosen.where(is_listed(table.c.postcode, postcodes)), dialect_name)


def load_reference(connection: Connection, kind: str, path: Path) -> int:
    """Load one reference file, replacing rows of the same key; gives the number of rows.

    Raises PayloadRefused for a file or header that cannot be read, and ReferenceRefused with every fault in its lines;
    the caller then rolls back, so that nothing of the file is loaded.
    """
    target, faults = TARGETS[kind], Faults()
    statement = upsert_sql(target.table, target.columns, connection.dialect.name)
    loaded = 0
    for rows in _batches(_rows(path, kind, target, faults)):
        connection.exec_driver_sql(statement, rows)
        loaded += len(rows)
    if target.check is not None:
        target.check(connection, path, faults)
    faults.check()
    if not loaded:
        raise PayloadRefused("reference.empty", str(path), "the file has no line below its header")
    return loaded


def list_organisations(connection: Connection) -> tuple[Organisation, ...]:
    """Every organisation loaded, by code."""
    table = RESOLVED["organisation"]
    chosen = sa.select(table.c.organisation_code, table.c.name, table.c.kind, table.c.parent_code)
    return tuple(Organisation(*row) for row in connection.execute(chosen.order_by(table.c.organisation_code)))


def _rows(path: Path, kind: str, target: Target, faults: Faults) -> Iterator[Values]:
    for version, place, cells in read_rows(path, kind, faults):
        row = target.read(version, cells, place, faults)
        if row is not None:
            yield row


def _batches(rows: Iterator[Values]) -> Iterator[list[Values]]:
    batch: list[Values] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _read_imd(version: str, cells: Cells, place: str, faults: Faults) -> Values | None:
    decile, lsoa = cells["decile"], cells["lsoa"]
    before = faults.count
    if not decile.isdigit() or not 1 <= int(decile) <= 10:
        faults.add("reference.value", f"{place} column decile", "a decile is a whole number from 1 to 10")
    if ENGLISH_LSOA.fullmatch(lsoa) is None:
        faults.add("reference.value", f"{place} column lsoa", "an area is an LSOA of England, as E01000001")
    elif version == IMD_2019 and is_new_in_2021(lsoa):
        text = "this LSOA was made in 2021, and IMD 2019 is of the LSOAs of 2011: give the file of one version (R34)"
        faults.add("reference.vintage", f"{place} column lsoa", text)
    return None if faults.count > before else (lsoa, version, int(decile), cells["local_authority"] or None)


def _check_vintage(connection: Connection, path: Path, faults: Faults) -> None:
    """Areas that the loaded postcodes know in the other vintage alone are of the wrong one (rule R34)."""
    postcode, imd = REFERENCE_POSTCODE, REFERENCE_IMD
    for version, own, other in (
        (IMD_2019, postcode.c.lsoa_2011, postcode.c.lsoa_2021),
        (IMD_2025, postcode.c.lsoa_2021, postcode.c.lsoa_2011),
    ):
        wrong = sa.select(imd.c.lsoa).where(
            imd.c.version == version,
            imd.c.lsoa.in_(sa.select(other).where(other.is_not(None))),
            imd.c.lsoa.not_in(sa.select(own).where(own.is_not(None))),
        )
        if connection.execute(sa.select(own).where(own.is_not(None)).limit(1)).first() is None:
            continue  # the postcodes have no areas of this vintage to compare with
        areas = connection.execute(wrong.order_by(imd.c.lsoa)).scalars().all()
        if areas:
            text = (
                f"{len(areas):,} areas of IMD {version}, {areas[0]} the first, are by the postcodes LSOAs of the other "
                "census: IMD 2019 goes with LSOA 2011 and IMD 2025 with LSOA 2021 (R34)"
            )
            faults.add("reference.vintage", str(path), text)


def is_new_in_2021(lsoa: str) -> bool:
    """Whether an LSOA of England exists since the census of 2021 only; codes of the synthetic world are none such."""
    return LAST_OF_2011 < lsoa < FIRST_INVENTED


def _read_postcode(_version: str, cells: Cells, place: str, faults: Faults) -> Values | None:
    postcode, before = plain_postcode(cells["postcode"]), faults.count
    if not postcode:
        faults.add("reference.value", f"{place} column pcds", "a postcode is expected")
    if ENGLISH_LSOA.fullmatch(cells["lsoa_2011"]) and is_new_in_2021(cells["lsoa_2011"]):
        text = "this LSOA was made in 2021 and stands in the column of 2011: check which column is which (R34)"
        faults.add("reference.vintage", f"{place} column lsoa11", text)
    if faults.count > before:
        return None
    # a terminated postcode is read as well: people lived there, and some records still say so
    return postcode, cells["lsoa_2011"] or None, cells["lsoa_2021"] or None, cells["local_authority"] or None


def _read_organisation(_version: str, cells: Cells, place: str, faults: Faults) -> Values | None:
    before = faults.count
    if cells["kind"] not in KINDS:
        faults.add("reference.value", f"{place} column kind", f"a kind is one of: {', '.join(KINDS)}")
    if cells["neonatal_level"] and cells["neonatal_level"] not in LEVELS:
        faults.add("reference.value", f"{place} column neonatal_level", f"a level is one of: {', '.join(LEVELS)}")
    for column in ("organisation_code", "name"):
        if not cells[column]:
            faults.add("reference.value", f"{place} column {column}", "a value is required here")
    for column in ("valid_from", "valid_to"):
        _check_date(cells[column], f"{place} column {column}", faults, is_required=column == "valid_from")
    if faults.count == before and cells["valid_to"] and cells["valid_to"] <= cells["valid_from"]:
        faults.add("reference.value", f"{place} column valid_to", "the end lies after the beginning, or is left empty")
    return None if faults.count > before else tuple(cells[name] or None for name in ORGANISATION_COLUMNS)


def _check_parents(connection: Connection, path: Path, faults: Faults) -> None:
    """Every parent is an organisation, of this file or one loaded before."""
    table = RESOLVED["organisation"]
    known = sa.select(table.c.organisation_code)
    orphans = sa.select(table.c.organisation_code, table.c.parent_code).where(
        table.c.parent_code.is_not(None), table.c.parent_code.not_in(known)
    )
    for code, parent in connection.execute(orphans.order_by(table.c.organisation_code)):
        text = f"parent_code {parent} of {code} is no organisation: add its line, or leave the parent empty"
        faults.add("reference.value", str(path), text)


def _read_benchmark(_version: str, cells: Cells, place: str, faults: Faults) -> Values | None:
    before = faults.count
    for column in ("indicator", "area", "unit", "source"):
        if not cells[column]:
            faults.add("reference.value", f"{place} column {column}", "a value is required here")
    for column in ("period_start", "period_end"):
        _check_date(cells[column], f"{place} column {column}", faults, is_required=True)
    value = _number(cells["value"])
    if value is None:
        faults.add("reference.value", f"{place} column value", "a number is expected, with a point, as 12.5")
    if faults.count > before:
        return None
    return (*(cells[name] for name in BENCHMARK_COLUMNS[:4]), value, cells["unit"], cells["source"])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _check_date(text: str, place: str, faults: Faults, *, is_required: bool) -> None:
    if not text and not is_required:
        return
    try:
        date.fromisoformat(text)
    except ValueError:
        faults.add("reference.value", place, "a date is expected, as 2026-03-31")


BENCHMARK_COLUMNS = tuple(column.name for column in REFERENCE_BENCHMARK.columns)
TARGETS: Mapping[str, Target] = {
    "imd": Target(REFERENCE_IMD, ("lsoa", "version", "decile", "local_authority"), _read_imd, _check_vintage),
    "postcodes": Target(
        REFERENCE_POSTCODE,
        ("postcode", "lsoa_2011", "lsoa_2021", "local_authority"),
        _read_postcode,
        _check_vintage,
    ),
    "organisations": Target(RESOLVED["organisation"], ORGANISATION_COLUMNS, _read_organisation, _check_parents),
    "benchmarks": Target(REFERENCE_BENCHMARK, BENCHMARK_COLUMNS, _read_benchmark),
}
