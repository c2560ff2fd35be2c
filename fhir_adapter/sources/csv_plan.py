"""The manifest of a CSV adapter turned into steps: which columns are read and what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    WORKING_COLUMN,
    ColumnRule,
    CsvFormat,
    CsvManifest,
    CsvRows,
    IdentityRule,
    KeyRule,
)
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.convert import Places, Reader, RuleInvalid, cell_reader, place_of
from indicator_engine.tables import TABLES, ColumnType

KeyReader: TypeAlias = Callable[[Sequence[Any]], str | None]


@dataclass(frozen=True, slots=True)
class CsvCell:
    """One cell to read. headers: columns of the file that it is read from, for the place of a fault."""

    target: str
    read: Reader
    headers: str
    is_set: bool
    is_required: bool


@dataclass(frozen=True, slots=True)
class CsvRowsPlan:
    """How one line gives a row of one table; `when` is the place of the column that must be filled."""

    table: str
    key: tuple[str, ...]
    key_headers: str
    when: int | None
    cells: tuple[CsvCell, ...]


@dataclass(frozen=True, slots=True)
class CsvIdentityPlan:
    """Where the identifiers of a person stand in a line; places in the order of `Identity`."""

    role: str
    when: int | None
    key: KeyReader
    places: tuple[int | None, ...]
    postcodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """All that `map_csv` needs. headers: columns that are read, in the order in which closures find them.

    The value after the last header is the scope of the keys, `<prefix>:<sender>`.
    """

    format: CsvFormat
    headers: tuple[str, ...]
    required: frozenset[str]
    sender: int
    prefix: str
    absent_sender: str
    rows: tuple[CsvRowsPlan, ...]
    columns: Mapping[str, tuple[str, ...]]
    identities: tuple[CsvIdentityPlan, ...]


def plan_csv(manifest: CsvManifest, maps: Mapping[str, CodeMap], *, place: str) -> CsvPlan:
    """The steps of an adapter; raises MappingInvalid with every rule that cannot be carried out."""
    headers = used_headers(manifest)
    places: Places = {name: at for at, name in enumerate(headers)}
    faults: list[str] = []
    rows = tuple(plan_rows(each, places, maps, f"tables[{at}]", faults) for at, each in enumerate(manifest.tables))
    identities = tuple(
        plan_identity(each, places, f"identities[{at}]", faults) for at, each in enumerate(manifest.identities)
    )
    if faults:
        raise MappingInvalid(place, faults)
    return CsvPlan(
        format=manifest.format,
        headers=headers,
        required=frozenset(manifest.recognise.header),
        sender=places[manifest.key_scope.from_],
        prefix=manifest.key_scope.prefix,
        absent_sender=manifest.key_scope.absent,
        rows=rows,
        columns=public_columns(manifest),
        identities=identities,
    )


def used_headers(manifest: CsvManifest) -> tuple[str, ...]:
    """Every column of the file that a rule names, each once."""
    names: dict[str, None] = dict.fromkeys((*manifest.recognise.header, manifest.key_scope.from_))
    for rows in manifest.tables:
        names.update(dict.fromkeys([rows.when] if rows.when else []))
        for rule in rows.columns.values():
            names.update(dict.fromkeys(headers_of(rule)))
    for identity in manifest.identities:
        key = identity.key.from_ if isinstance(identity.key, KeyRule) else (identity.key,)
        named = (*key, *identity_fields(identity), *identity.postcode, identity.when)
        names.update(dict.fromkeys(name for name in named if name))
    return tuple(names)


def headers_of(rule: ColumnRule) -> tuple[str, ...]:
    """Columns of the file that a rule reads."""
    key = rule.key.from_ if rule.key else ()
    unit = (rule.unit.from_,) if rule.unit and rule.unit.from_ else ()
    return (*rule.from_, *((rule.time,) if rule.time else ()), *key, *unit)


def identity_fields(rule: IdentityRule) -> tuple[str | None, ...]:
    """The columns of an identity rule in the order of `Identity`."""
    return (
        rule.nhs_number,
        rule.nhs_number_status,
        rule.local_id,
        rule.local_id_system,
        rule.family_name,
        rule.given_name,
        rule.birth_date,
    )


def plan_rows(
    rules: CsvRows, places: Places, maps: Mapping[str, CodeMap], place: str, faults: list[str]
) -> CsvRowsPlan:
    """The steps of one table; faults are added to the list."""
    cells: list[CsvCell] = []
    for target, rule in rules.columns.items():
        if target.startswith(WORKING_COLUMN):
            faults.append(f"{place}.columns.{target}: a file needs no working columns")
            continue
        column = TABLES[rules.table].column(target)
        try:
            read = key_reader(rule.key, places) if rule.key else cell_reader(column, rule, places, maps)
        except RuleInvalid as cause:
            faults.append(f"{place}.columns.{target}: {cause}")
            continue
        headers = ", ".join(headers_of(rule))
        cells.append(CsvCell(target, read, headers, column.type is ColumnType.CODE_SET, rule.required))
    key = TABLES[rules.table].key
    faults.extend(f"{place}: the key column {name} is not mapped" for name in key if name not in rules.columns)
    key_headers = ", ".join(header for name in key if name in rules.columns for header in headers_of(rules.columns[name]))
    when = None if rules.when is None else places[rules.when]
    return CsvRowsPlan(rules.table, key, key_headers, when, tuple(cells))


def key_reader(rule: KeyRule, places: Places) -> KeyReader:
    """A closure from a line to a source key `<scope>/<kind>/<parts>`; None when a part is absent."""
    parts = [place_of(name, places) for name in rule.from_]
    kind = rule.kind

    def read(row: Sequence[Any]) -> str | None:
        values = [row[part] for part in parts]
        if None in values:
            return None
        return "/".join((row[-1], kind, *(key_part(value) for value in values)))

    return read


def key_part(value: str) -> str:
    """A part of a key without the sign that separates parts."""
    return value.replace("%", "%25").replace("/", "%2F") if "/" in value or "%" in value else value


def plan_identity(rule: IdentityRule, places: Places, place: str, faults: list[str]) -> CsvIdentityPlan:
    """The steps of one identity rule; faults are added to the list."""
    if not isinstance(rule.key, KeyRule) or rule.view is not None:
        faults.append(f"{place}: a CSV adapter gives `key` as a key rule and names no view")
        return CsvIdentityPlan(rule.role, None, lambda row: None, (), ())
    return CsvIdentityPlan(
        role=rule.role,
        when=None if rule.when is None else places[rule.when],
        key=key_reader(rule.key, places),
        places=tuple(None if each is None else places[each] for each in identity_fields(rule)),
        postcodes=tuple(places[each] for each in rule.postcode),
    )


def public_columns(manifest: CsvManifest) -> Mapping[str, tuple[str, ...]]:
    """The mapped columns of each table, in the order of the common model."""
    named: dict[str, set[str]] = {}
    for rows in manifest.tables:
        named.setdefault(rows.table, set()).update(rows.columns)
    return {
        table: tuple(name for name in TABLES[table].column_names if name in columns)
        for table, columns in named.items()
    }
