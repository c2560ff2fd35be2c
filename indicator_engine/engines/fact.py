"""The wide fact of a family: one row an entity, integer flags and stratum codes, as one SQLAlchemy Core statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement, FromClause

from indicator_engine.counts import NOT_ATTRIBUTED, MonthRange
from indicator_engine.definition import UNKNOWN, WHOLE
from indicator_engine.engines.constructs import MonthIndex
from indicator_engine.engines.expressions import Element, to_sql
from indicator_engine.plan import Family, PlannedFeature, PlannedIndicator, PlannedStratifier
from indicator_engine.predicates import keys_of
from indicator_engine.tables import TABLES, ColumnType

FLAGS = ("population", "denominator", "numerator")

SQL_TYPES: Mapping[ColumnType, sa.types.TypeEngine[Any]] = {
    ColumnType.INTEGER: sa.Integer(),
    ColumnType.DECIMAL: sa.Float(),
    ColumnType.BOOLEAN: sa.Boolean(),
}


def model_table(name: str) -> sa.TableClause:
    """A resolved table as engines see it: names and types of its columns, wherever it is stored."""
    columns = (sa.column(each.name, SQL_TYPES.get(each.type, sa.String())) for each in TABLES[name].columns)
    return sa.table(name, *columns)


def flag_name(indicator: PlannedIndicator, flag: str) -> str:
    """Column of the fact that holds one flag of one indicator: `lb06_denominator`."""
    return f"{indicator.definition.id.lower()}_{flag}"


def level_name(dimension: str) -> str:
    """Column of the fact that holds the stratum code of one dimension."""
    return f"level_{dimension}"


@dataclass(frozen=True, slots=True)
class _Joined:
    """The FROM of a fact and the columns it offers by key."""

    source: FromClause
    columns: Mapping[str, Element]

    def resolve(self, key: str) -> Element:
        return self.columns[key]


def fact_statement(family: Family, months: MonthRange) -> sa.Select[Any]:
    """SELECT of the wide fact; every row whose anchor is known and lies in `months`."""
    joined = _join_residence(family, _join_entity(family))
    month = MonthIndex(joined.resolve("fact.anchor"))
    chosen = sa.select(*_columns(family, joined, month)).select_from(joined.source)
    chosen = chosen.where(joined.resolve("fact.anchor").is_not(None))
    if months.first is not None:
        chosen = chosen.where(month >= months.first)
    if months.last is not None:
        chosen = chosen.where(month <= months.last)
    return chosen


def _columns(family: Family, joined: _Joined, month: Element) -> list[ColumnElement[Any]]:
    table, key = family.shape.table, family.shape.key
    columns: list[ColumnElement[Any]] = [
        joined.resolve(f"{table}.{key}").label("entity_key"),
        joined.resolve(family.shape.cluster).label("cluster_key"),
        to_sql(family.event_time, joined.resolve).label("event_time"),
        month.label("month"),
        sa.func.coalesce(joined.resolve(family.shape.provider), NOT_ATTRIBUTED).label("provider"),
        sa.func.coalesce(joined.resolve("fact.site"), NOT_ATTRIBUTED).label("site"),
        sa.literal(WHOLE).label(level_name(WHOLE)),
    ]
    columns += [_level(each, joined).label(level_name(each.id)) for each in family.stratifiers]
    for indicator in family.indicators:
        columns += _flags(indicator, joined)
    return columns


def _level(stratifier: PlannedStratifier, joined: _Joined) -> Element:
    if stratifier.open_value is not None:
        return sa.func.coalesce(to_sql(stratifier.open_value, joined.resolve), UNKNOWN)
    whens = [(to_sql(each.where, joined.resolve), sa.literal(each.code)) for each in stratifier.strata]
    return sa.case(*whens, else_=sa.literal(UNKNOWN))


def _flags(indicator: PlannedIndicator, joined: _Joined) -> list[ColumnElement[Any]]:
    population = to_sql(indicator.population, joined.resolve)
    denominator = sa.and_(population, to_sql(indicator.denominator, joined.resolve))
    numerator = sa.and_(denominator, to_sql(indicator.numerator, joined.resolve))
    conditions = zip(FLAGS, (population, denominator, numerator), strict=True)
    return [
        sa.case((condition, sa.literal(1)), else_=sa.literal(0)).label(flag_name(indicator, flag))
        for flag, condition in conditions
    ]


def _join_entity(family: Family) -> _Joined:
    shape = family.shape
    entity = model_table(shape.table)
    source: FromClause = entity
    columns: dict[str, Element] = {f"{shape.table}.{each.name}": each for each in entity.columns}
    for parent in shape.parents:
        table = model_table(parent.table).alias(f"parent_{parent.name}")
        key = TABLES[parent.table].key[0]
        source = source.outerjoin(table, table.c[key] == columns[f"{parent.of}.{parent.column}"])
        columns |= {f"{parent.name}.{each.name}": each for each in table.columns}
    for number, group in enumerate(_feature_groups(family)):
        children = _feature_query(group).subquery(f"features_{number}")
        source = source.outerjoin(children, children.c[group[0].by] == columns[f"{shape.table}.{group[0].by}"])
        columns |= {each.name.key: _feature_value(each, children) for each in group}
    sites = [columns[key] for key in shape.site]
    columns["fact.site"] = sites[0] if len(sites) == 1 else sa.func.coalesce(*sites)
    columns["fact.anchor"] = to_sql(family.anchor, columns.__getitem__)
    return _Joined(source, columns)


def _feature_groups(family: Family) -> list[list[PlannedFeature]]:
    groups: dict[tuple[str, str], list[PlannedFeature]] = {}
    for each in family.features:
        groups.setdefault((each.table, each.by), []).append(each)
    return list(groups.values())


def _feature_query(group: list[PlannedFeature]) -> sa.Select[Any]:
    child = model_table(group[0].table)
    columns = {f"{group[0].table}.{each.name}": each for each in child.columns}
    by = child.c[group[0].by]
    values = [_aggregate(each, columns).label(_feature_column(each)) for each in group]
    return sa.select(by, *values).where(by.is_not(None)).group_by(by)


def _aggregate(feature: PlannedFeature, columns: Mapping[str, Element]) -> Element:
    where = None if feature.where is None else to_sql(feature.where, columns.__getitem__)
    if feature.aggregate in ("count", "any"):
        return sa.func.sum(sa.literal(1) if where is None else sa.case((where, sa.literal(1)), else_=sa.literal(0)))
    assert feature.value is not None
    value = to_sql(feature.value, columns.__getitem__)
    chosen = value if where is None else sa.case((where, value), else_=sa.null())
    return sa.func.min(chosen) if feature.aggregate == "min" else sa.func.max(chosen)


def _feature_column(feature: PlannedFeature) -> str:
    return feature.name.key.removeprefix("feature.")


def _feature_value(feature: PlannedFeature, children: sa.Subquery) -> Element:
    value = children.c[_feature_column(feature)]
    if feature.aggregate == "count":
        return sa.func.coalesce(value, 0)
    if feature.aggregate == "any":
        return sa.func.coalesce(value, 0) > 0
    return value


def _join_residence(family: Family, joined: _Joined) -> _Joined:
    """The residence that was current on the anchor date: the latest that had begun by then."""
    if not any(_reads_residence(each) for each in family.stratifiers):
        return joined
    residence = model_table("residence").alias("residence")
    earlier = model_table("residence").alias("earlier_residence")
    table, key = family.shape.table, family.shape.key
    began = earlier.c.valid_from <= joined.resolve("fact.anchor")
    latest = (
        sa.select(
            joined.resolve(f"{table}.{key}").label("entity_key"), sa.func.max(earlier.c.valid_from).label("began")
        )
        .select_from(
            joined.source.join(earlier, sa.and_(earlier.c.person_key == joined.resolve("mother.person_key"), began))
        )
        .group_by(joined.resolve(f"{table}.{key}"))
        .subquery("latest_residence")
    )
    source = joined.source.outerjoin(latest, latest.c.entity_key == joined.resolve(f"{table}.{key}")).outerjoin(
        residence,
        sa.and_(
            residence.c.person_key == joined.resolve("mother.person_key"), residence.c.valid_from == latest.c.began
        ),
    )
    columns = dict(joined.columns) | {f"residence.{each.name}": each for each in residence.columns}
    return _Joined(source, columns)


def _reads_residence(stratifier: PlannedStratifier) -> bool:
    nodes = [each.where for each in stratifier.strata]
    if stratifier.open_value is not None:
        nodes.append(stratifier.open_value)
    return any(key.startswith("residence.") for node in nodes for key in keys_of(node))
