"""The manifest of a CSV adapter turned into steps: which columns are read and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    WORKING_COLUMN,
    ColumnRule,
    Condition,
    CsvFile,
    CsvFormat,
    CsvManifest,
    CsvRows,
    DateRule,
    IdentityRule,
    KeyRule,
    SiteFile,
)
from fhir_adapter.sources.bundle_plan import ranks
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.convert import Places, RuleInvalid, cell_reader, constant_cell
from fhir_adapter.sources.csv_conditions import CsvCondition, condition_at
from fhir_adapter.sources.csv_shapes import (
    condition_headers,
    headers_in,
    headers_of,
    identity_fields,
    later_headers,
    sites_by_sender,
    sites_in_format,
    spelt_out,
    with_values,
)
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_steps import Reader
from fhir_adapter.sources.rule_marks import marking_rules
from indicator_engine.tables import TABLES, Column, ColumnType

LONDON_NAME = "Europe/London"


class Reading(StrEnum):
    """How the cells of a column come about."""

    FIXED = "fixed"
    VALUE = "value"
    KEY = "key"
    TEXT = "text"
    REMEMBERED = "remembered"
    MOMENT = "moment"
    JOINT = "joint"


@dataclass(frozen=True, slots=True)
class CsvCell:
    """One column to make. headers: columns of the file that it is made of, for the place of a fault.

    origins: places of those columns; read: from a row of their values. key: which of the keys, for a key.
    fixed: what every row holds, for a column that is not read. when: conditions on the lines that have the cell.
    ranks: preference among the values of several lines.
    """

    target: str
    reading: Reading
    headers: str = ""
    origins: tuple[int, ...] = ()
    read: Reader | None = None
    date: DateRule = field(default_factory=DateRule)
    key: int = 0
    fixed: Cell = None
    when: tuple[CsvCondition, ...] = ()
    is_set: bool = False
    is_required: bool = False
    ranks: Mapping[object, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CsvRowsPlan:
    """How one line gives a row of one table; `when` holds the conditions that it must meet.

    cells: one for each mapped column of the table, in the order of the common model.
    key_places: of the columns of the key among the cells.
    postcodes: places of the columns with the postcode of a residence, the first that is filled.
    """

    table: str
    key: tuple[str, ...]
    key_headers: str
    when: tuple[CsvCondition, ...]
    cells: tuple[CsvCell, ...]
    key_places: tuple[int, ...]
    postcodes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CsvKey:
    """A source key `<scope>/<kind>/<parts>`; parts: places of the columns. suffix: a last part for every line.

    A plan has each of them once, so that one is told from another by identity, which costs nothing to look up by.
    """

    kind: str
    parts: tuple[int, ...]
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class CsvIdentityPlan:
    """Where the identifiers of a person stand in a line; places in the order of `Identity`. key: which of the keys."""

    role: str
    when: tuple[CsvCondition, ...]
    key: int
    places: tuple[int | None, ...]
    postcodes: tuple[int, ...]
    date: DateRule = field(default_factory=DateRule)


@dataclass(frozen=True, slots=True)
class CsvPlan:
    """All that `map_csv` needs. headers: columns that are read; places are places among them.

    sender: place of the column that names the sender; keys begin with `<prefix>:<sender>`.
    by_sender: plans with the value lists of one site, in place of this one. others: plans of the other shapes of file.
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
    by_sender: Mapping[str, CsvPlan] = field(default_factory=dict)
    others: tuple[CsvPlan, ...] = ()

    def for_header(self, names: Sequence[str]) -> CsvPlan:
        """The plan of the shape whose needed columns stand in the header; the nearest when none has them all.

        names: under the names that the mapping uses. Of several shapes that fit, the one that needs most columns.
        """
        present = frozenset(names)
        return min((self, *self.others), key=lambda each: (len(each.required - present), -len(each.required)))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where headers stand, which keys there are, and which columns each table has."""

    places: Places
    keys: Mapping[KeyRule, int]
    columns: Mapping[str, tuple[str, ...]]


def plan_csv(
    manifest: CsvManifest, maps: Mapping[str, CodeMap], *, place: str, sites: Sequence[SiteFile] = ()
) -> CsvPlan:
    """The steps of an adapter; raises MappingInvalid with every rule that cannot be carried out.

    The plan is that of the first shape of file; the other shapes are in its `others`.
    """
    written = sites_in_format(manifest.format, sites, place=place)
    everywhere = with_values(maps, [site for site in sites if not site.senders], place=place)
    local = {sender: with_values(everywhere, chosen, place=place) for sender, chosen in sites_by_sender(sites).items()}
    plans: list[CsvPlan] = []
    faults: list[str] = []
    for name, shape in manifest.shapes().items():
        head = f"files.{name}." if name else ""
        plan = plan_shape(manifest, shape, written, everywhere, head, faults)
        by_sender = {
            sender: plan_shape(manifest, shape, written, its_maps, head, faults) for sender, its_maps in local.items()
        }
        plans.append(replace(plan, by_sender=by_sender))
    if faults:
        raise MappingInvalid(place, list(dict.fromkeys(faults)))
    return replace(plans[0], others=tuple(plans[1:]))


def plan_shape(
    manifest: CsvManifest,
    shape: CsvFile,
    written: CsvFormat,
    maps: Mapping[str, CodeMap],
    head: str,
    faults: list[str],
) -> CsvPlan:
    """The steps of one shape of file; faults are added to the list. head: key of the shape in the manifest."""
    optional = (*written.optional, *later_headers(shape))
    numbered = [*places_of("tables", shape.tables, head)]
    named = [*places_of("identities", shape.identities, head)]
    shape = spelt_out(shape)
    headers = used_headers(manifest, shape)
    keys = used_keys(shape)
    layout = Layout(
        places={name: at for at, name in enumerate(headers)},
        keys={rule: at for at, rule in enumerate(keys)},
        columns=public_columns(shape),
    )
    rows = tuple(plan_rows(each, layout, maps, at, faults) for each, at in zip(shape.tables, numbered, strict=True))
    identities = tuple(
        plan_identity(each, layout, at, faults) for each, at in zip(shape.identities, named, strict=True)
    )
    return CsvPlan(
        format=written.model_copy(update={"optional": optional}),
        headers=headers,
        required=frozenset(shape.recognise.header),
        sender=layout.places[manifest.key_scope.from_],
        prefix=manifest.key_scope.prefix,
        absent_sender=manifest.key_scope.absent,
        keys=tuple(CsvKey(rule.kind, tuple(layout.places[name] for name in rule.from_), rule.suffix) for rule in keys),
        rows=rows,
        columns=layout.columns,
        identities=identities,
    )


def places_of(name: str, parts: Sequence[CsvRows | IdentityRule], head: str) -> Iterator[str]:
    """The key of each part in the manifest, as often as the part repeats."""
    for at, part in enumerate(parts):
        yield from [f"{head}{name}[{at}]"] * max(1, len(part.repeat))


def used_keys(shape: CsvFile) -> tuple[KeyRule, ...]:
    """Every key that a rule puts together, each once: a line makes it once for all rows that hold it."""
    rules = [rule.key for rows in shape.tables for rule in rows.columns.values() if rule.key]
    rules += [each.key for each in shape.identities if isinstance(each.key, KeyRule)]
    return tuple(dict.fromkeys(rules))


def used_headers(manifest: CsvManifest, shape: CsvFile) -> tuple[str, ...]:
    """Every column of the file that a rule names, each once, in the order of the rules."""
    names: dict[str, None] = dict.fromkeys((*shape.recognise.header, manifest.key_scope.from_))
    for rows in shape.tables:
        names.update(dict.fromkeys(condition_headers(rows.when)))
        for rule in rows.columns.values():
            names.update(dict.fromkeys((*headers_of(rule), *condition_headers(rule.when))))
    for identity in shape.identities:
        names.update(dict.fromkeys(sorted(headers_in(identity))))
    return tuple(names)


def plan_conditions(conditions: Sequence[Condition], layout: Layout) -> tuple[CsvCondition, ...]:
    """The conditions with places in place of names."""
    return tuple(
        condition_at(layout.places[each.column], frozenset(each.is_), frozenset(each.is_not), each.absent)
        for each in conditions
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
        when=plan_conditions(rules.when, layout),
        cells=cells,
        key_places=tuple(at for name in key for at, cell in enumerate(cells) if cell.target == name),
        postcodes=tuple(
            layout.places[name]
            for rule in rules.columns.values()
            if rules.table == "residence" and rule.as_ == "imd_missing_reason"
            for name in rule.from_
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
        key, when = layout.keys[rule.key], plan_conditions(rule.when, layout)
        return CsvCell(target, Reading.KEY, headers, key=key, when=when, is_required=rule.required)
    try:
        cell = read_cell(TABLES[table].column(target), rule, layout, maps)
        return cell if cell.read is None else replace(cell, read=marking_rules(f"{table}.{target}", cell.read))
    except RuleInvalid as cause:
        faults.append(f"{place}: {cause}")
        return CsvCell(target, Reading.FIXED)


def read_cell(column: Column, rule: ColumnRule, layout: Layout, maps: Mapping[str, CodeMap]) -> CsvCell:
    """A column that is read from the file. Raises RuleInvalid when the rule cannot be carried out."""
    when = plan_conditions(rule.when, layout)
    rule = rule.model_copy(update={"when": ()})
    names = tuple(dict.fromkeys(headers_of(rule)))
    return CsvCell(
        target=column.name,
        reading=Reading.VALUE if when and rule.value is not None else reading_of(column, rule, names),
        headers=", ".join(headers_of(rule)),
        origins=tuple(layout.places[name] for name in names),
        read=cell_reader(column, rule, {name: place for place, name in enumerate(names)}, maps),
        date=rule.date,
        fixed=None if rule.value is None else constant_cell(column, rule.value),
        when=when,
        is_set=column.type is ColumnType.CODE_SET,
        is_required=rule.required,
        ranks=ranks(rule.prefer),
    )


def reading_of(column: Column, rule: ColumnRule, names: Sequence[str]) -> Reading:
    """How the cells come about: few different values are remembered, texts that all differ are not."""
    if rule.value is not None:
        return Reading.FIXED
    if rule.time is not None:
        is_usual = rule.date.zone == LONDON_NAME and len(names) == 2 and len(rule.from_) == 1 and not rule.missing
        return Reading.MOMENT if is_usual else Reading.JOINT
    if len(names) != 1:
        return Reading.JOINT
    is_text = (rule.type or column.type) is ColumnType.STRING and rule.text is None and rule.as_ is None
    return Reading.TEXT if is_text and rule.unit is None and not rule.missing else Reading.REMEMBERED


def plan_identity(rule: IdentityRule, layout: Layout, place: str, faults: list[str]) -> CsvIdentityPlan:
    """The steps of one identity rule; faults are added to the list."""
    if not isinstance(rule.key, KeyRule) or rule.view is not None:
        faults.append(f"{place}: a CSV adapter gives `key` as a key rule and names no view")
        return CsvIdentityPlan(rule.role, (), 0, (), ())
    return CsvIdentityPlan(
        role=rule.role,
        when=plan_conditions(rule.when, layout),
        key=layout.keys[rule.key],
        places=tuple(None if each is None else layout.places[each] for each in identity_fields(rule)),
        postcodes=tuple(layout.places[each] for each in rule.postcode),
        date=rule.date,
    )


def public_columns(shape: CsvFile) -> Mapping[str, tuple[str, ...]]:
    """The mapped columns of each table, in the order of the common model."""
    named: dict[str, set[str]] = {}
    for rows in shape.tables:
        named.setdefault(rows.table, set()).update(rows.columns)
    return {
        table: tuple(name for name in TABLES[table].column_names if name in columns) for table, columns in named.items()
    }
