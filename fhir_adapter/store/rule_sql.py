"""The conditions of the rules as SQL text: one SELECT of hits for all conditions over one table.

Each gives the columns of HIT_COLUMNS. The engine's interpreter (`rule_reference`) says the same row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import FromClause

from fhir_adapter.store.choosing import record_key
from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.entities import entity_of, own_key
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, LINKAGE_ZONE, REFERENCE_IMD, RULE_HIT
from fhir_adapter.store.settlements import is_settled
from indicator_engine.engines.constructs import CalendarDate
from indicator_engine.engines.expressions import Element, to_sql
from indicator_engine.engines.model import model_table
from indicator_engine.predicates import keys_of
from indicator_engine.rules import PlannedCheck, Scope, shipped_checks
from indicator_engine.rules.planned import (
    AS_OF,
    LEFT,
    PARENTS,
    RECEIVED_AT,
    RECORDED_AT,
    RIGHT,
    SOURCE_KEY,
    SOURCE_ROWS,
    TOLD_BY,
    PlannedRuleFeature,
)
from indicator_engine.tables import TABLES, Table

HIT_COLUMNS = ("table_name", "record_key", "rule_id", "check_number", "of_key", "severity", "effect", "columns")
REFERENCES: Mapping[str, sa.Table] = {"reference_imd": REFERENCE_IMD}
BROKEN = "broken"
SAME_RECORD, SAME_NUMBER = "record", "nhs_number"  # what two rows of a pair have in common
NO_LIMIT: sa.ColumnElement[int] = sa.literal_column(str(2**63 - 1))  # as many rows as there are


def checked_tables(scope: Scope) -> tuple[str, ...]:
    """Tables with at least one condition of this scope."""
    return tuple(dict.fromkeys(each.table for each in shipped_checks() if each.scope is scope))


def paired_tables(same: str) -> tuple[str, ...]:
    """Tables with a condition on two rows that have this in common."""
    return tuple(
        dict.fromkeys(each.table for each in shipped_checks() if each.scope is Scope.SOURCE_PAIR and each.same == same)
    )


def checks_of(table_name: str, scope: Scope) -> tuple[PlannedCheck, ...]:
    """The conditions of one scope over one table."""
    return tuple(each for each in shipped_checks() if each.table == table_name and each.scope is scope)


@cache
def insert_record_hits_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that keeps the resolved records of a table that break a condition."""
    checks = checks_of(table_name, Scope.RECORD)
    return _insert(_hits(checks, _record_flags(checks, only_dirty=only_dirty)), dialect_name)


@cache
def insert_row_hits_sql(table_name: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that keeps the records of a table one of whose source rows breaks a condition."""
    checks = checks_of(table_name, Scope.SOURCE_ROW)
    return _insert(_hits(checks, _row_flags(checks, only_dirty=only_dirty)), dialect_name)


@cache
def insert_pair_hits_sql(table_name: str, same: str, only_dirty: bool, dialect_name: str) -> str:
    """Text that keeps the records of a table of which two source rows, alike in this, break a condition together."""
    checks = [each for each in checks_of(table_name, Scope.SOURCE_PAIR) if each.same == same]
    return _insert(sa.union_all(*(_pair_hits(each, only_dirty=only_dirty) for each in checks)), dialect_name)


@cache
def reading_hits_sql(table_name: str, as_of: str, dialect_name: str) -> str:
    """Text that selects the records of a table that break a condition on a day."""
    checks = checks_of(table_name, Scope.READING)
    day = {f"reading.{AS_OF}": CalendarDate(sa.literal(as_of))}
    return literal_sql(_hits(checks, _record_flags(checks, only_dirty=False, more=day)), dialect_name)


@cache
def smallest_left_sql(check: PlannedCheck, only_dirty: bool, dialect_name: str) -> str:
    """Text that writes the smallest value of a recode over all broken pairs of a record."""
    assert check.to is not None
    table = TABLES[check.table]
    pairs, left, right = _pairs(check, only_dirty=only_dirty)
    resolve = (_side(check, left, LEFT) | _side(check, right, RIGHT)).__getitem__
    smallest = (
        sa.select(left.c.record_key, sa.func.min(to_sql(check.to, resolve)).label("smallest"))
        .select_from(pairs)
        .where(to_sql(check.breaks, resolve))
        .group_by(left.c.record_key)
        .subquery("smallest")
    )
    placed = sa.table(table.name, *(sa.column(name) for name in table.column_names))
    key = record_key(table, placed)
    value = sa.select(smallest.c.smallest).where(smallest.c.record_key == key).scalar_subquery()
    changed = sa.update(placed).values({check.columns[0]: value})
    is_broken = key.in_(sa.select(smallest.c.record_key))
    return literal_sql(changed.where(is_broken, ~is_settled(table.name, check.columns[0], key)), dialect_name)


def _insert(found: sa.Select[Any] | sa.CompoundSelect[Any], dialect_name: str) -> str:
    return literal_sql(sa.insert(RULE_HIT).from_select(list(HIT_COLUMNS), found), dialect_name)


def _hits(checks: Sequence[PlannedCheck], flagged: sa.Select[Any]) -> sa.Select[Any]:
    """One row a record and broken condition. flagged: record_key, of_key and a flag for each condition."""
    flags = flagged.subquery("flags")
    values = [flags.c[f"{BROKEN}_{place}"] for place in range(len(checks))]
    broken = sa.select(flags).where(sa.or_(*(value == 1 for value in values))).subquery("any_broken")
    names = sa.union_all(*(_named(each, place) for place, each in enumerate(checks))).subquery("names")
    chosen = sa.case(*((names.c.place == place, broken.c[f"{BROKEN}_{place}"]) for place in range(len(checks))))
    origin = {"record_key": broken.c.record_key, "of_key": broken.c.of_key}
    columns: list[Element] = [origin[name] if name in origin else names.c[name] for name in HIT_COLUMNS]
    return sa.select(*columns).select_from(broken.join(names, chosen == 1)).distinct()


def _named(check: PlannedCheck, place: int) -> sa.Select[Any]:
    return sa.select(
        *(value.label(name) for name, value in _constants(check).items()), sa.literal(place).label("place")
    )


def _constants(check: PlannedCheck) -> dict[str, Element]:
    return {
        "table_name": sa.literal(check.table),
        "rule_id": sa.literal(check.rule),
        "check_number": sa.literal(check.number),
        "severity": sa.literal(str(check.severity)),
        "effect": sa.literal(str(check.effect)),
        "columns": sa.literal(" ".join(check.columns)),
    }


def _flag(condition: Element, place: int) -> sa.Label[int]:
    return sa.case((condition, sa.literal(1)), else_=sa.literal(0)).label(f"{BROKEN}_{place}")


def _record_flags(
    checks: Sequence[PlannedCheck], *, only_dirty: bool, more: Mapping[str, Element] | None = None
) -> sa.Select[Any]:
    table = TABLES[checks[0].table]
    read = {key for check in checks for key in _keys_read(check)}
    source, columns = _record_layer(table.name, read, "own")
    columns |= more or {}
    own = columns[f"{table.name}.{table.key[0]}"].table
    features = {each: f"feature_{place}" for place, each in enumerate(_features_of(checks))}
    held = {key: columns[key].label(key.replace(".", "_")) for key in sorted(read) if key in columns}
    first = sa.select(
        record_key(table, own).label("record_key"),
        own.c[table.key[0]].label("of_key"),
        *held.values(),
        *(_feature(each, table, columns, name).label(name) for each, name in features.items()),
    ).select_from(source)
    if only_dirty:
        first = first.where(_is_dirty(table, own.c[table.key[0]]))
    # without a fence, both databases would work every feature out again in each condition that reads it
    values = first.limit(NO_LIMIT).subquery("values_read")
    flags = []
    for place, check in enumerate(checks):
        known = {key: values.c[label.name] for key, label in held.items()}
        known |= {each.name.key: values.c[features[each]] for each in check.features}
        flags.append(_flag(to_sql(check.breaks, known.__getitem__), place))
    return sa.select(values.c.record_key, values.c.of_key, *flags)


def _features_of(checks: Sequence[PlannedCheck]) -> tuple[PlannedRuleFeature, ...]:
    """Each once: the same feature may stand in several conditions."""
    return tuple(dict.fromkeys(each for check in checks for each in check.features))


def _keys_read(check: PlannedCheck) -> frozenset[str]:
    return keys_of(check.breaks).union(*({each.equals} for each in check.features if each.equals))


def _record_layer(table_name: str, read: set[str], alias: str) -> tuple[FromClause, dict[str, Element]]:
    """A resolved table joined with those of its parents that are read, and its columns by key."""
    own = model_table(table_name).alias(alias)
    source: FromClause = own
    columns: dict[str, Element] = {f"{table_name}.{each.name}": each for each in own.columns}
    for parent in _parents_read(table_name, read):
        joined = model_table(parent.table).alias(f"{alias}_{parent.name}")
        key = TABLES[parent.table].key[0]
        source = source.outerjoin(joined, joined.c[key] == columns[f"{parent.of}.{parent.column}"])
        columns |= {f"{parent.name}.{each.name}": each for each in joined.columns}
    return source, columns


def _parents_read(table_name: str, read: set[str]) -> list[Any]:
    wanted = {key.partition(".")[0] for key in read}
    chosen: list[Any] = []
    for parent in reversed(PARENTS.get(table_name, ())):
        if parent.name in wanted:
            chosen.insert(0, parent)
            wanted.add(parent.of)
    return chosen


def _feature(feature: PlannedRuleFeature, table: Table, columns: Mapping[str, Element], alias: str) -> Element:
    child, found, conditions = _child_layer(feature, table, columns, alias)
    if feature.by is not None and feature.equals is not None:
        conditions.append(found[feature.by] == columns[feature.equals])
    if feature.where is not None:
        conditions.append(to_sql(feature.where, found.__getitem__))
    if feature.aggregate == "any":
        return sa.exists(sa.select(sa.literal(1)).select_from(child).where(*conditions).correlate_except(child))
    value = sa.func.count() if feature.value is None else _aggregate(feature, found)
    return sa.select(value).select_from(child).where(*conditions).correlate_except(child).scalar_subquery()


def _aggregate(feature: PlannedRuleFeature, found: Mapping[str, Element]) -> Element:
    assert feature.value is not None
    value = to_sql(feature.value, found.__getitem__)
    if feature.aggregate == "distinct":
        return sa.func.count(value.distinct())
    return sa.func.min(value) if feature.aggregate == "min" else sa.func.max(value)


def _child_layer(
    feature: PlannedRuleFeature, table: Table, columns: Mapping[str, Element], alias: str
) -> tuple[FromClause, dict[str, Element], list[sa.ColumnElement[bool]]]:
    if feature.table == SOURCE_ROWS:
        own = columns[f"{table.name}.{table.key[0]}"].table
        twin, link = _twin(table, alias), LINK.alias(f"{alias}_link")
        joined = twin.join(link, _is_own_link(table, twin, link))
        is_own = [link.c.resolved_key == own.c[table.key[0]]]
        is_own += [twin.c[twin_name(name)] == own.c[name] for name in table.key[1:]]
        return joined, _source_columns(table, twin, table.name), is_own
    if feature.table in REFERENCES:
        looked_up = REFERENCES[feature.table].alias(alias)
        return looked_up, {f"{feature.table}.{each.name}": each for each in looked_up.columns}, []
    read = {feature.by} if feature.by else set()
    for node in (feature.value, feature.where):
        read |= set() if node is None else keys_of(node)
    source, found = _record_layer(feature.table, read, alias)
    return source, found, []


def _twin(table: Table, alias: str) -> FromClause:
    return SOURCE[table.name].alias(alias)


def _is_own_link(table: Table, twin: FromClause, link: FromClause) -> sa.ColumnElement[bool]:
    place = twin.c.record_key if len(table.key) == 1 else twin.c[own_key(table)]
    return sa.and_(link.c.entity == entity_of(table), link.c.source == twin.c.source, link.c.source_key == place)


def _source_columns(table: Table, twin: FromClause, prefix: str) -> dict[str, Element]:
    told: dict[str, Element] = {
        TOLD_BY: twin.c.source,
        SOURCE_KEY: twin.c.record_key,
        RECORDED_AT: twin.c.recorded_at,
        RECEIVED_AT: twin.c.received_at,
    }
    cells: dict[str, Element] = {name: twin.c[twin_name(name)] for name in table.column_names}
    return {f"{prefix}.{name}": column for name, column in (cells | told).items()}


def _row_flags(checks: Sequence[PlannedCheck], *, only_dirty: bool) -> sa.Select[Any]:
    table = TABLES[checks[0].table]
    twin, link = _twin(table, "told"), LINK.alias("told_link")
    columns = _source_columns(table, twin, table.name)
    flags = [_flag(to_sql(each.breaks, columns.__getitem__), place) for place, each in enumerate(checks)]
    selected = sa.select(
        _linked_record(table, twin, link).label("record_key"), link.c.resolved_key.label("of_key"), *flags
    ).select_from(twin.join(link, _is_own_link(table, twin, link)))
    return selected.where(_is_dirty(table, link.c.resolved_key)) if only_dirty else selected


def _linked_record(table: Table, twin: FromClause, link: FromClause) -> sa.ColumnElement[str]:
    joined: sa.ColumnElement[str] = link.c.resolved_key
    for name in table.key[1:]:
        joined = joined + sa.literal("|") + sa.cast(twin.c[twin_name(name)], sa.Text())
    return joined


def _pair_hits(check: PlannedCheck, *, only_dirty: bool) -> sa.Select[Any]:
    pairs, left, right = _pairs(check, only_dirty=only_dirty)
    resolve = (_side(check, left, LEFT) | _side(check, right, RIGHT)).__getitem__
    values = _constants(check) | {"record_key": left.c.record_key, "of_key": left.c.of_key}
    chosen = sa.select(*(values[name].label(name) for name in HIT_COLUMNS)).select_from(pairs)
    return chosen.where(to_sql(check.breaks, resolve)).distinct()


def _pairs(check: PlannedCheck, *, only_dirty: bool) -> tuple[FromClause, sa.Subquery, sa.Subquery]:
    left = _standing(check, LEFT, only_dirty=only_dirty)
    # whoever shares an NHS number with a dirty record is dirty as well
    right = _standing(check, RIGHT, only_dirty=only_dirty)
    same = "record_key" if check.same == SAME_RECORD else "nhs_number"
    is_other = sa.or_(
        left.c[f"{LEFT}_{TOLD_BY}"] != right.c[f"{RIGHT}_{TOLD_BY}"],
        left.c[f"{LEFT}_{SOURCE_KEY}"] != right.c[f"{RIGHT}_{SOURCE_KEY}"],
        left.c.row_hash != right.c.row_hash,
    )
    return left.join(right, sa.and_(left.c[same] == right.c[same], is_other)), left, right


def _standing(check: PlannedCheck, side: str, *, only_dirty: bool) -> sa.Subquery:
    """What each source says now: of each of its keys, the rows that have the columns, at the newest moment of those."""
    table = TABLES[check.table]
    twin, link = _twin(table, f"{side}_told"), LINK.alias(f"{side}_link")
    columns = _source_columns(table, twin, side)
    record = _linked_record(table, twin, link)
    newest = sa.func.rank().over(
        partition_by=[record, twin.c.source, twin.c.record_key], order_by=twin.c.recorded_at.desc().nulls_last()
    )
    read = {key for key in keys_of(check.breaks) if key.startswith(f"{side}.")}
    read |= {f"{side}.{TOLD_BY}", f"{side}.{SOURCE_KEY}"} | ({f"{side}.{check.columns[0]}"} if check.to else set())
    source: FromClause = twin.join(link, _is_own_link(table, twin, link))
    number: Element = sa.null()
    if check.same == SAME_NUMBER:
        zone = LINKAGE_ZONE.alias(f"{side}_zone")
        is_person = sa.and_(zone.c.source_key == twin.c.person_key, zone.c.source == twin.c.source)
        source, number = source.join(zone, is_person), zone.c.nhs_number_hmac
    told = sa.select(
        record.label("record_key"),
        link.c.resolved_key.label("of_key"),
        twin.c.row_hash,
        newest.label("newest"),
        *([number.label("nhs_number")] if check.same == SAME_NUMBER else []),
        *(columns[key].label(key.replace(".", "_")) for key in sorted(read)),
    ).select_from(source)
    told = told.where(*(columns[f"{side}.{name}"].is_not(None) for name in check.columns))
    if check.same == SAME_NUMBER:
        told = told.where(number.is_not(None))
    if only_dirty:
        told = told.where(_is_dirty(table, link.c.resolved_key))
    ranked = told.subquery(f"{side}_rows")
    return sa.select(ranked).where(ranked.c.newest == 1).subquery(side)


def _side(check: PlannedCheck, rows: sa.Subquery, side: str) -> dict[str, Element]:
    names = {f"{side}.{name}" for name in (*TABLES[check.table].column_names, TOLD_BY, SOURCE_KEY)}
    names |= {f"{side}.{RECORDED_AT}", f"{side}.{RECEIVED_AT}"}
    return {key: rows.c[key.replace(".", "_")] for key in names if key.replace(".", "_") in rows.c}


def _is_dirty(table: Table, key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return key.in_(sa.select(DIRTY_KEY.c.resolved_key).where(DIRTY_KEY.c.entity == entity_of(table)))
