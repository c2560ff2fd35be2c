"""The manifest of a CSV adapter turned into steps: which columns are read and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    WORKING_COLUMN,
    ColumnRule,
    CsvFormat,
    CsvManifest,
    CsvRows,
    DateRule,
    IdentityRule,
    KeyRule,
)
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.convert import Places, RuleInvalid, cell_reader
from fhir_adapter.sources.csv_rows import RowsFunction, compile_row_builder
from fhir_adapter.sources.row_steps import Reader
from indicator_engine.tables import TABLES, Column, ColumnType

LONDON_NAME = "Europe/London"


class Reading(StrEnum):
    """How the cells of a column come about."""

    FIXED = "fixed"
    KEY = "key"
    TEXT = "text"
    REMEMBERED = "remembered"
    MOMENT = "moment"
    JOINT = "joint"


@dataclass(frozen=True, slots=True)
class CsvCell:
    """One column to make. headers: columns of the file that it is made of, for the place of a fault.

    origins: places of those columns; read: from a row of their values. key: which of the keys, for a key.
    fixed: what every row holds, for a column that is not read.
    """

    target: str
    reading: Reading
    headers: str = ""
    origins: tuple[int, ...] = ()
    read: Reader | None = None
    date: DateRule = field(default_factory=DateRule)
    key: int = 0
    fixed: str | None = None
    is_set: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class CsvRowsPlan:
    """How one line gives a row of one table; `when` is the place of the column that must be filled.

    cells: one for each mapped column of the table, in the order of the common model.
    build: makes the rows out of the columns that are not fixed.
    """

    table: str
    key: tuple[str, ...]
    key_headers: str
    when: int | None
    cells: tuple[CsvCell, ...]
    build: RowsFunction


@dataclass(frozen=True, slots=True)
class CsvKey:
    """A source key `<scope>/<kind>/<parts>`; parts: places of the columns."""

    kind: str
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CsvIdentityPlan:
    """Where the identifiers of a person stand in a line; places in the order of `Identity`. key: which of the keys."""

    role: str
    when: int | None
    key: int
    places: tuple[int | None, ...]
    postcodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """All that `map_csv` needs. headers: columns that are read; places are places among them.

    sender: place of the column that names the sender; keys begin with `<prefix>:<sender>`.
    """

    format: CsvFormat
    headers: tuple[str, ...]
    required: frozenset[str]
    sender: int
    prefix: str
    absent_sender: str
    keys: tuple[CsvKey, ...]
    rows: tuple[CsvRowsPlan, ...]
    columns: Mapping[str, tuple[str, ...]]
    identities: tuple[CsvIdentityPlan, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where headers stand, which keys there are, and which columns each table has."""

    places: Places
    keys: Mapping[KeyRule, int]
    columns: Mapping[str, tuple[str, ...]]


def plan_csv(manifest: CsvManifest, maps: Mapping[str, CodeMap], *, place: str) -> CsvPlan:
    """The steps of an adapter; raises MappingInvalid with every rule that cannot be carried out."""
    headers = used_headers(manifest)
    keys = used_keys(manifest)
    layout = Layout(
        places={name: at for at, name in enumerate(headers)},
        keys={rule: at for at, rule in enumerate(keys)},
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
        keys=tuple(CsvKey(rule.kind, tuple(layout.places[name] for name in rule.from_)) for rule in keys),
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
        build=compile_row_builder(
            rules.table,
            [(cell.target, cell.fixed) for cell in cells],
            frozenset(cell.target for cell in cells if cell.reading is not Reading.FIXED),
        ),
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
        return CsvCell(target, Reading.FIXED)
    if rule.key is not None:
        headers = ", ".join(headers_of(rule))
        return CsvCell(target, Reading.KEY, headers, key=layout.keys[rule.key], is_required=rule.required)
    try:
        return read_cell(TABLES[table].column(target), rule, layout.places, maps)
    except RuleInvalid as cause:
        faults.append(f"{place}: {cause}")
        return CsvCell(target, Reading.FIXED)


def read_cell(column: Column, rule: ColumnRule, places: Places, maps: Mapping[str, CodeMap]) -> CsvCell:
    """A column that is read from the file. Raises RuleInvalid when the rule cannot be carried out."""
    names = tuple(dict.fromkeys(headers_of(rule)))
    return CsvCell(
        target=column.name,
        reading=reading_of(column, rule, names),
        headers=", ".join(headers_of(rule)),
        origins=tuple(places[name] for name in names),
        read=cell_reader(column, rule, {name: place for place, name in enumerate(names)}, maps),
        date=rule.date,
        fixed=rule.value,
        is_set=column.type is ColumnType.CODE_SET,
        is_required=rule.required,
    )


def reading_of(column: Column, rule: ColumnRule, names: Sequence[str]) -> Reading:
    """How the cells come about: few different values are remembered, texts that all differ are not."""
    if rule.value is not None:
        return Reading.FIXED
    if rule.time is not None:
        is_usual = rule.date.zone == LONDON_NAME and len(names) == 2 and len(rule.from_) == 1
        return Reading.MOMENT if is_usual else Reading.JOINT
    if len(names) != 1:
        return Reading.JOINT
    is_text = (rule.type or column.type) is ColumnType.STRING and rule.text is None and rule.as_ is None
    return Reading.TEXT if is_text and rule.unit is None else Reading.REMEMBERED


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
