"""The oracle of the rules: a plain interpreter over rows in memory, record by record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from indicator_engine.engines.reference import Cell, Row, evaluate
from indicator_engine.rules import PlannedCheck, Scope
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
from indicator_engine.tables import TABLES


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as a source sent it. record: key of the resolved record that it belongs to, its parts joined by `|`.

    nhs_number: any word that is equal for equal valid NHS numbers, None without one.
    """

    record: str
    told_by: str
    source_key: str
    cells: Row
    recorded_at: str | None = None
    received_at: str | None = None
    nhs_number: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """All that rules can look at. tables: resolved and reference rows; sources: the source rows, by table."""

    tables: Mapping[str, Sequence[Row]]
    sources: Mapping[str, Sequence[SourceRow]] = field(default_factory=dict)
    as_of: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class BrokenCheck:
    """One condition that one record breaks. number: its place in the rule."""

    rule: str
    number: int
    table: str
    record: str


def broken_checks(checks: Iterable[PlannedCheck], world: World) -> frozenset[BrokenCheck]:
    """Every record that breaks a condition, before any effect."""
    return frozenset(
        BrokenCheck(each.rule, each.number, each.table, record)
        for each in checks
        for record in _FINDERS[each.scope](each, world)
    )


def _broken_records(check: PlannedCheck, world: World) -> Iterator[str]:
    for row in world.tables.get(check.table, ()):
        values = _record_values(check.table, row, world) | {f"reading.{AS_OF}": world.as_of}
        own = record_of(check.table, row)
        for feature in check.features:
            values[feature.name.key] = _feature_value(feature, check.table, own, values, world)
        if evaluate(check.breaks, values.get) is True:
            yield own


def _broken_rows(check: PlannedCheck, world: World) -> Iterator[str]:
    for row in world.sources.get(check.table, ()):
        if evaluate(check.breaks, _source_values(row, check.table).get) is True:
            yield row.record


def _broken_pairs(check: PlannedCheck, world: World) -> Iterator[str]:
    for left, right in permutations(_standing(check, world), 2):
        if _are_pair(check, left, right):
            values = _source_values(left, LEFT) | _source_values(right, RIGHT)
            if evaluate(check.breaks, values.get) is True:
                yield left.record


_FINDERS = {
    Scope.RECORD: _broken_records,
    Scope.READING: _broken_records,
    Scope.SOURCE_ROW: _broken_rows,
    Scope.SOURCE_PAIR: _broken_pairs,
}


def _are_pair(check: PlannedCheck, left: SourceRow, right: SourceRow) -> bool:
    if check.same == "record":
        return left.record == right.record
    return left.nhs_number is not None and left.nhs_number == right.nhs_number


def _standing(check: PlannedCheck, world: World) -> list[SourceRow]:
    """What each source says now: of each of its keys, the rows that have the columns, at the newest moment of those."""
    groups: defaultdict[tuple[str, str, str], list[SourceRow]] = defaultdict(list)
    for row in world.sources.get(check.table, ()):
        if all(row.cells.get(name) is not None for name in check.columns):
            groups[row.record, row.told_by, row.source_key].append(row)
    found: list[SourceRow] = []
    for rows in groups.values():
        newest = max((row.recorded_at for row in rows if row.recorded_at is not None), default=None)
        found += [row for row in rows if row.recorded_at == newest]
    return found


def record_of(table: str, row: Row) -> str:
    """The key of a resolved row as one text, its parts joined by `|`."""
    return "|".join(str(row[name]) for name in TABLES[table].key)


def _record_values(table: str, row: Row, world: World) -> dict[str, Cell]:
    values = {f"{table}.{name}": value for name, value in row.items()}
    for parent in PARENTS.get(table, ()):
        key = TABLES[parent.table].key[0]
        wanted = values.get(f"{parent.of}.{parent.column}")
        found = next((each for each in world.tables.get(parent.table, ()) if each[key] == wanted), None)
        if wanted is not None and found is not None:
            values |= {f"{parent.name}.{name}": value for name, value in found.items()}
    return values


def _source_values(row: SourceRow, place: str) -> dict[str, Cell]:
    values = {f"{place}.{name}": value for name, value in row.cells.items()}
    told: dict[str, Cell] = {
        TOLD_BY: row.told_by,
        SOURCE_KEY: row.source_key,
        RECORDED_AT: row.recorded_at,
        RECEIVED_AT: row.received_at,
    }
    return values | {f"{place}.{name}": value for name, value in told.items()}


def _feature_value(feature: PlannedRuleFeature, table: str, own: str, values: Mapping[str, Cell], world: World) -> Cell:
    found: list[Cell] = []
    for child in _children(feature, table, own, world):
        wanted = None if feature.equals is None else values.get(feature.equals)
        if feature.by is not None and (wanted is None or child.get(feature.by) != wanted):
            continue
        if feature.where is None or evaluate(feature.where, child.get) is True:
            found.append(True if feature.value is None else evaluate(feature.value, child.get))
    return _aggregate(feature.aggregate, found)


def _children(feature: PlannedRuleFeature, table: str, own: str, world: World) -> Iterator[Mapping[str, Cell]]:
    if feature.table == SOURCE_ROWS:
        yield from (_source_values(row, table) for row in world.sources.get(table, ()) if row.record == own)
    elif feature.table in TABLES:
        yield from (_record_values(feature.table, row, world) for row in world.tables.get(feature.table, ()))
    else:
        for row in world.tables.get(feature.table, ()):
            yield {f"{feature.table}.{name}": value for name, value in row.items()}


def _aggregate(aggregate: str, found: Sequence[Cell]) -> Cell:
    if aggregate == "count":
        return len(found)
    if aggregate == "any":
        return bool(found)
    known = [each for each in found if each is not None]
    if aggregate == "distinct":
        return len(set(known))
    if not known:
        return None
    return min(known) if aggregate == "min" else max(known)
