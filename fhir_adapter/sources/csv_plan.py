"""The manifest of a CSV adapter turned into steps: which columns are read and what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
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
from fhir_adapter.sources.records import Cell
from indicator_engine.tables import TABLES, Column, ColumnType

MOST_REMEMBERED = 4_096  # values of one column; more and its memory begins anew, so that it stays flat

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
    """How one line gives a row of one table; `when` is the place of the column that must be filled.

    cells: one for each mapped column of the table, in the order of the common model.
    readers: the same as pairs, for the common line in which nothing is wrong.
    """

    table: str
    key: tuple[str, ...]
    key_headers: str
    when: int | None
    cells: tuple[CsvCell, ...]
    readers: tuple[tuple[str, Reader], ...]
    has_required: bool


@dataclass(frozen=True, slots=True)
class CsvIdentityPlan:
    """Where the identifiers of a person stand in a line; places in the order of `Identity`."""

    role: str
    when: int | None
    key: int
    places: tuple[int | None, ...]
    postcodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """All that `map_csv` needs. headers: columns that are read, in the order in which closures find them.

    A line is laid out as the values of the headers, the scope of the keys (`<prefix>:<sender>`), and the keys.
    """

    format: CsvFormat
    headers: tuple[str, ...]
    required: frozenset[str]
    sender: int
    prefix: str
    absent_sender: str
    keys: tuple[KeyReader, ...]
    rows: tuple[CsvRowsPlan, ...]
    columns: Mapping[str, tuple[str, ...]]
    identities: tuple[CsvIdentityPlan, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where headers and keys stand in a line, and which columns each table has."""

    places: Places
    keys: Mapping[KeyRule, int]
    columns: Mapping[str, tuple[str, ...]]


def plan_csv(manifest: CsvManifest, maps: Mapping[str, CodeMap], *, place: str) -> CsvPlan:
    """The steps of an adapter; raises MappingInvalid with every rule that cannot be carried out."""
    headers = used_headers(manifest)
    keys = used_keys(manifest)
    layout = Layout(
        places={name: at for at, name in enumerate(headers)},
        keys={rule: at for at, rule in enumerate(keys, start=len(headers) + 1)},
        columns=public_columns(manifest),
    )
    faults: list[str] = []
    rows = tuple(plan_rows(each, layout, maps, f"tables[{at}]", faults) for at, each in enumerate(manifest.tables))
    identities = tuple(
        plan_identity(each, layout, f"identities[{at}]", faults) for at, each in enumerate(manifest.identities)
    )
    if faults:
        raise MappingInvalid(place, faults)
    return CsvPlan(
        format=manifest.format,
        headers=headers,
        required=frozenset(manifest.recognise.header),
        sender=layout.places[manifest.key_scope.from_],
        prefix=manifest.key_scope.prefix,
        absent_sender=manifest.key_scope.absent,
        keys=tuple(key_reader(rule, layout.places, len(headers)) for rule in keys),
        rows=rows,
        columns=layout.columns,
        identities=identities,
    )


def used_keys(manifest: CsvManifest) -> tuple[KeyRule, ...]:
    """Every key that a rule puts together, each once: a line makes it once for all rows that hold it."""
    rules = [rule.key for rows in manifest.tables for rule in rows.columns.values() if rule.key]
    rules += [each.key for each in manifest.identities if isinstance(each.key, KeyRule)]
    return tuple(dict.fromkeys(rules))


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
    rules: CsvRows, layout: Layout, maps: Mapping[str, CodeMap], place: str, faults: list[str]
) -> CsvRowsPlan:
    """The steps of one table; faults are added to the list."""
    working = [target for target in rules.columns if target.startswith(WORKING_COLUMN)]
    faults.extend(f"{place}.columns.{target}: a file needs no working columns" for target in working)
    key = TABLES[rules.table].key
    faults.extend(f"{place}: the key column {name} is not mapped" for name in key if name not in rules.columns)
    cells = tuple(
        plan_cell(rules.table, target, rules.columns.get(target), layout, maps, f"{place}.columns.{target}", faults)
        for target in layout.columns[rules.table]
    )
    key_rules = [rules.columns[name] for name in key if name in rules.columns]
    return CsvRowsPlan(
        table=rules.table,
        key=key,
        key_headers=", ".join(header for rule in key_rules for header in headers_of(rule)),
        when=None if rules.when is None else layout.places[rules.when],
        cells=cells,
        readers=tuple((cell.target, cell.read) for cell in cells),
        has_required=any(cell.is_required for cell in cells),
    )


def plan_cell(
    table: str,
    target: str,
    rule: ColumnRule | None,
    layout: Layout,
    maps: Mapping[str, CodeMap],
    place: str,
    faults: list[str],
) -> CsvCell:
    """One cell; a column that this rule does not map is absent in its rows."""
    if rule is None:
        return CsvCell(target, no_cell, "", False, False)
    column = TABLES[table].column(target)
    try:
        read = slot_reader(layout.keys[rule.key]) if rule.key else value_reader(column, rule, layout.places, maps)
    except RuleInvalid as cause:
        faults.append(f"{place}: {cause}")
        read = no_cell
    headers = ", ".join(headers_of(rule))
    return CsvCell(target, read, headers, column.type is ColumnType.CODE_SET, rule.required)


def no_cell(_row: Sequence[Any]) -> Cell:
    """Nothing."""
    return None


def slot_reader(place: int) -> Reader:
    """A closure that takes a value of the line as it is."""
    return itemgetter(place)


def value_reader(column: Column, rule: ColumnRule, places: Places, maps: Mapping[str, CodeMap]) -> Reader:
    """The closure of a cell; where a column holds few different values each is converted once and remembered."""
    read = cell_reader(column, rule, places, maps)
    is_alone = len(rule.from_) == 1 and rule.time is None and rule.unit is None
    if not is_alone or (rule.type or column.type) is ColumnType.STRING:
        return read
    return remembered(read, places[rule.from_[0]])


def remembered(read: Reader, origin: int) -> Reader:
    """The same closure with a memory of the values it has met; a value that gives a fault is not kept."""
    memory: dict[Any, Cell] = {}

    def recall(row: Sequence[Any]) -> Cell:
        value = row[origin]
        if value in memory:
            return memory[value]
        cell = read(row)
        if len(memory) >= MOST_REMEMBERED:
            memory.clear()
        memory[value] = cell
        return cell

    return recall


def key_reader(rule: KeyRule, places: Places, scope: int) -> KeyReader:
    """A closure from a line to a source key `<scope>/<kind>/<parts>`; None when a part is absent."""
    parts = [place_of(name, places) for name in rule.from_]
    kind = rule.kind
    if len(parts) == 1:
        [only] = parts

        def read_one(row: Sequence[Any]) -> str | None:
            value = row[only]
            return None if value is None else f"{row[scope]}/{kind}/{key_part(value)}"

        return read_one

    def read(row: Sequence[Any]) -> str | None:
        values = [row[part] for part in parts]
        if None in values:
            return None
        return "/".join((row[scope], kind, *(key_part(value) for value in values)))

    return read


def key_part(value: str) -> str:
    """A part of a key without the sign that separates parts."""
    return value.replace("%", "%25").replace("/", "%2F") if "/" in value or "%" in value else value


def plan_identity(rule: IdentityRule, layout: Layout, place: str, faults: list[str]) -> CsvIdentityPlan:
    """The steps of one identity rule; faults are added to the list."""
    if not isinstance(rule.key, KeyRule) or rule.view is not None:
        faults.append(f"{place}: a CSV adapter gives `key` as a key rule and names no view")
        return CsvIdentityPlan(rule.role, None, 0, (), ())
    return CsvIdentityPlan(
        role=rule.role,
        when=None if rule.when is None else layout.places[rule.when],
        key=layout.keys[rule.key],
        places=tuple(None if each is None else layout.places[each] for each in identity_fields(rule)),
        postcodes=tuple(layout.places[each] for each in rule.postcode),
    )


def public_columns(manifest: CsvManifest) -> Mapping[str, tuple[str, ...]]:
    """The mapped columns of each table, in the order of the common model."""
    named: dict[str, set[str]] = {}
    for rows in manifest.tables:
        named.setdefault(rows.table, set()).update(rows.columns)
    return {
        table: tuple(name for name in TABLES[table].column_names if name in columns) for table, columns in named.items()
    }
