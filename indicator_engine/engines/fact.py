"""The wide fact of a family: one row an entity, whole-number flags and stratum codes, as one SQLAlchemy Core statement.

It is built in three layers, so that every value is worked out once a row: the entity with its parents, features and
anchor date; the mother as she was on that date and the values of the stratifiers; flags and stratum codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement, FromClause

from indicator_engine.counts import NOT_ATTRIBUTED, MonthRange
from indicator_engine.definition import UNKNOWN
from indicator_engine.engines.constructs import ByteOrder, MonthIndex
from indicator_engine.engines.contested import HOLDER, NOTHING, Contested, Holder, conflicts_of, doubts_of_family
from indicator_engine.engines.expressions import Element, to_sql
from indicator_engine.engines.model import model_table
from indicator_engine.engines.spells import columns_on, holds_day, spell_statement, spell_table
from indicator_engine.plan import MOTHER, SITE, Family, Parent, PlannedFeature, PlannedIndicator, PlannedStratifier
from indicator_engine.predicates import keys_of
from indicator_engine.tables import TABLES

FLAGS = ("population", "denominator", "numerator")
MEMBER_FLAGS = ("population", "denominator", "exclusion", "numerator")
ENTITY = "entity"
ANCHOR = "fact.anchor"
_MADE_OF_MOTHER = (f"{MOTHER}.", "residence.")
EVENT_ORDER = ("event_time", "cluster_key", "entity_key")


def flag_name(indicator: PlannedIndicator, flag: str) -> str:
    """Column of the fact that holds one flag of one indicator: `lb06_denominator`."""
    return f"{indicator.definition.id.lower()}_{flag}"


def flagged_name(indicator: str) -> str:
    """Column of the fact that says whether an open conflict leaves an entity in doubt: `lb06_flagged`."""
    return f"{indicator.lower()}_flagged"


def level_name(dimension: str) -> str:
    """Column of the fact that holds the stratum of one dimension: its place among the strata, or an open text."""
    return f"level_{dimension}"


def is_charted_by_event(indicator: PlannedIndicator) -> bool:
    """Whether single births have to be put in order of time."""
    return indicator.definition.charting.chart == "g"


@dataclass(frozen=True, slots=True)
class _Layer:
    """A FROM and the columns it offers by key."""

    source: FromClause
    columns: Mapping[str, Element]

    def resolve(self, key: str) -> Element:
        return self.columns[key]


def fact_statement(family: Family, months: MonthRange, contested: Contested = NOTHING) -> sa.Select[Any]:
    """SELECT of the wide fact; every row whose anchor is known and lies in `months`.

    contested: what open conflicts are about; each indicator that reads any of it has a column FLAGGED too.
    """
    flagged = {flagged_name(each) for each in doubts_of_family(family, contested)}
    layer = _doubted(_entity_layer(family), family, contested)
    entity = _named(layer, _entity_keys(family) | flagged, "entity", within=months)
    valued = _named(_mother_layer(family, entity), _final_keys(family) | flagged, "valued")
    columns = [*_columns(family, valued), *(valued.resolve(each).label(each) for each in sorted(flagged))]
    return sa.select(*columns).select_from(valued.source)


def member_statement(family: Family, months: MonthRange) -> sa.Select[Any]:
    """SELECT of the key of every entity and, of each indicator, the MEMBER_FLAGS; in the order of the keys."""
    key = f"{family.shape.table}.{family.shape.key}"
    entity = _named(_entity_layer(family), _entity_keys(family) | {key}, "entity", within=months)
    valued = _named(_mother_layer(family, entity), _final_keys(family) | {key}, "valued")
    flags = [
        _flag(condition).label(f"{each.definition.id.lower()}_{name}")
        for each in family.indicators
        for name, condition in zip(MEMBER_FLAGS, _conditions(each, valued), strict=True)
    ]
    own = valued.resolve(key).label(ENTITY)
    return sa.select(own, *flags).select_from(valued.source).order_by(ByteOrder(valued.resolve(key)))


def entered_statement(family: Family, keys: sa.Select[Any]) -> sa.Select[Any]:
    """SELECT of each entity whose key `keys` selects: its key, its month, and whether it counts in each indicator.

    month: null where its anchor is not known. An entity counts where it is in the denominator and not taken out of it
    again; the flags are named by `flag_name`. Nothing but what belongs to these entities is read.
    """
    counted = _without_cuts(family)
    own = f"{family.shape.table}.{family.shape.key}"
    read = frozenset().union(*(keys_of(node) for each in counted.indicators for node in each.nodes))
    entity = _named(_entity_layer(counted, only=keys), _entity_keys(counted) | {own}, "entity", only=keys, by=own)
    of_mother = any(key.startswith(_MADE_OF_MOTHER) for key in read)
    valued = _mother_layer(counted, entity, within=True) if of_mother else entity
    flags = [
        _flag(sa.and_(denominator, _flag(exclusion) == 0)).label(flag_name(each, "denominator"))
        for each in counted.indicators
        for _, denominator, exclusion, _ in [_conditions(each, valued)]
    ]
    month = sa.case((valued.resolve(ANCHOR).is_not(None), MonthIndex(valued.resolve(ANCHOR)))).label("month")
    return sa.select(valued.resolve(own).label(ENTITY), month, *flags).select_from(valued.source)


def _without_cuts(family: Family) -> Family:
    """The family with nothing but what its denominators read."""
    indicators = tuple(replace(each, numerator=each.denominator) for each in family.indicators)
    read = keys_of(family.anchor).union(*(keys_of(node) for each in indicators for node in each.nodes))
    features = tuple(each for each in family.features if each.name.key in read)
    return replace(family, indicators=indicators, features=features, stratifiers=(), event_time=family.anchor)


def _columns(family: Family, valued: _Layer) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = [
        MonthIndex(valued.resolve(ANCHOR)).label("month"),
        sa.func.coalesce(valued.resolve(family.shape.provider), NOT_ATTRIBUTED).label("provider"),
        sa.func.coalesce(valued.resolve(SITE.key), NOT_ATTRIBUTED).label("site"),
    ]
    if _has_events(family):
        order = (to_sql(family.event_time, valued.resolve), *(valued.resolve(key) for key in _event_keys(family)))
        columns += [each.label(name) for name, each in zip(EVENT_ORDER, order, strict=True)]
    columns += [_level(each, valued).label(level_name(each.id)) for each in family.stratifiers if not is_site(each)]
    for indicator in family.indicators:
        columns += _flags(indicator, valued)
    return columns


def is_site(stratifier: PlannedStratifier) -> bool:
    """Whether the stratum is the site, by which every count is kept apart anyway."""
    return stratifier.is_open and keys_of(stratifier.value) == {SITE.key}


def _level(stratifier: PlannedStratifier, valued: _Layer) -> Element:
    if stratifier.is_open:
        return sa.func.coalesce(valued.resolve(stratifier.name.key), UNKNOWN)
    conditions = (to_sql(each.where, valued.resolve) for each in stratifier.strata)
    whens = [(condition, sa.literal(place)) for place, condition in enumerate(conditions)]
    return sa.case(*whens, else_=sa.literal(len(whens)))


def _flags(indicator: PlannedIndicator, valued: _Layer) -> list[ColumnElement[Any]]:
    population, denominator, exclusion, numerator = _conditions(indicator, valued)
    counted = denominator if indicator.exclusion is None else sa.and_(denominator, _flag(exclusion) == 0)
    conditions = zip(FLAGS, (population, counted, numerator), strict=True)
    return [_flag(condition).label(flag_name(indicator, flag)) for flag, condition in conditions]


def _conditions(indicator: PlannedIndicator, valued: _Layer) -> tuple[Element, Element, Element, Element]:
    """The conditions in the order of MEMBER_FLAGS."""
    population = to_sql(indicator.population, valued.resolve)
    denominator = sa.and_(population, to_sql(indicator.denominator, valued.resolve))
    numerator = to_sql(indicator.numerator, valued.resolve)
    if indicator.exclusion is None:
        return population, denominator, sa.literal(1) == sa.literal(0), sa.and_(denominator, numerator)
    exclusion = sa.and_(denominator, to_sql(indicator.exclusion, valued.resolve))
    return population, denominator, exclusion, sa.and_(denominator, _flag(exclusion) == 0, numerator)


def _flag(condition: Element) -> sa.Case[Any]:
    """1 where the condition is true, 0 where it is false or unknown."""
    return sa.case((condition, sa.literal(1)), else_=sa.literal(0))


def _final_keys(family: Family) -> frozenset[str]:
    """What the last layer reads."""
    nodes = [node for each in family.indicators for node in each.nodes]
    nodes += [stratum.where for each in family.stratifiers for stratum in each.strata]
    named = {ANCHOR, SITE.key, family.shape.provider} | {each.name.key for each in family.stratifiers}
    if _has_events(family):
        named |= keys_of(family.event_time) | set(_event_keys(family))
    return frozenset(named).union(*(keys_of(node) for node in nodes))


def _entity_keys(family: Family) -> frozenset[str]:
    """What the layers above the entity read of it."""
    read = _final_keys(family).union(*(keys_of(each.value) for each in family.stratifiers), {_mother_key(family)})
    return frozenset(key for key in read if not key.startswith((*_MADE_OF_MOTHER, "value.")))


def _has_events(family: Family) -> bool:
    return any(is_charted_by_event(each) for each in family.indicators)


def _event_keys(family: Family) -> tuple[str, str]:
    return family.shape.cluster, f"{family.shape.table}.{family.shape.key}"


def _mother(family: Family) -> Parent:
    return next(each for each in family.shape.parents if each.name == MOTHER)


def _mother_key(family: Family) -> str:
    return f"{_mother(family).of}.{_mother(family).column}"


def _named(
    layer: _Layer,
    keys: Iterable[str],
    name: str,
    *,
    within: MonthRange | None = None,
    only: sa.Select[Any] | None = None,
    by: str = "",
) -> _Layer:
    """The keys of a layer as columns of a subquery, which the next layer reads.

    within: only rows of these months. only: only rows whose key `by` is among those selected.
    """
    labels = {key: key.replace(".", "_") for key in sorted(keys)}
    chosen = sa.select(*(layer.resolve(key).label(label) for key, label in labels.items())).select_from(layer.source)
    if within is not None:
        chosen = chosen.where(*_is_within(layer.resolve(ANCHOR), within))
    if only is not None:
        chosen = chosen.where(layer.resolve(by).in_(only))
    subquery = chosen.subquery(name)
    return _Layer(subquery, {key: subquery.c[label] for key, label in labels.items()})


def _is_within(anchor: Element, months: MonthRange) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [anchor.is_not(None)]
    if months.first is not None:
        conditions.append(MonthIndex(anchor) >= months.first)
    if months.last is not None:
        conditions.append(MonthIndex(anchor) <= months.last)
    return conditions


def _entity_layer(family: Family, only: sa.Select[Any] | None = None) -> _Layer:
    """The entity with its parents, its features and its anchor. only: keys beyond which no child is read."""
    shape = family.shape
    entity = model_table(shape.table)
    source: FromClause = entity
    columns: dict[str, Element] = {f"{shape.table}.{each.name}": each for each in entity.columns}
    for parent in _parents_read(family):
        table = model_table(parent.table).alias(f"parent_{parent.name}")
        key = TABLES[parent.table].key[0]
        source = source.outerjoin(table, table.c[key] == columns[f"{parent.of}.{parent.column}"])
        columns |= {f"{parent.name}.{each.name}": each for each in table.columns}
    for number, group in enumerate(_feature_groups(family)):
        children = _feature_query(group, _of_these(family, group[0].of, only)).subquery(f"features_{number}")
        source = source.outerjoin(children, children.c[group[0].by] == columns[f"{shape.table}.{group[0].of}"])
        columns |= {each.name.key: _feature_value(each, children) for each in group}
    sites = [columns[key] for key in shape.site]
    columns[SITE.key] = sites[0] if len(sites) == 1 else sa.func.coalesce(*sites)
    columns[ANCHOR] = to_sql(family.anchor, columns.__getitem__)
    return _Layer(source, columns)


def _doubted(layer: _Layer, family: Family, contested: Contested) -> _Layer:
    """The layer with a column for each indicator that is in doubt, 1 where an open conflict decides about the row."""
    source, columns = layer.source, dict(layer.columns)
    doubts = doubts_of_family(family, contested)
    by_holder: dict[Holder, dict[str, frozenset[str]]] = {}
    for indicator, held in doubts.items():
        for holder, names in held.items():
            by_holder.setdefault(holder, {})[flagged_name(indicator)] = names
    flags: dict[str, list[ColumnElement[bool]]] = {}
    for number, (holder, names_of) in enumerate(by_holder.items()):
        found = conflicts_of(holder, names_of).alias(f"conflicts_{number}")
        source = source.outerjoin(found, found.c[HOLDER] == columns[holder.of])
        for name in names_of:
            flags.setdefault(name, []).append(found.c[name] == 1)
    columns |= {name: _flag(sa.or_(*each)) for name, each in flags.items()}
    return _Layer(source, columns)


def _parents_read(family: Family) -> list[Parent]:
    """Parents that something reads, with those on the way to them; the mother has a layer of her own."""
    keys = _entity_keys(family) | keys_of(family.anchor) | set(family.shape.site)
    wanted = {key.partition(".")[0] for key in keys}
    chosen: list[Parent] = []
    for parent in reversed(family.shape.parents):
        if parent.name in wanted and parent.name != MOTHER:
            chosen.insert(0, parent)
            wanted.add(parent.of)
    return chosen


def _of_these(family: Family, column: str, only: sa.Select[Any] | None) -> sa.Select[Any] | None:
    """A column of the entities whose keys are selected."""
    if only is None:
        return None
    entity = model_table(family.shape.table).alias("these")
    return sa.select(entity.c[column]).where(entity.c[family.shape.key].in_(only))


def _mother_layer(family: Family, entity: _Layer, *, within: bool = False) -> _Layer:
    """The mother in the spell of her life that holds the anchor date, and the values of the stratifiers.

    within: the spells are worked out in the statement, of these mothers alone.
    """
    spell: FromClause = spell_table().alias("spell")
    if within:
        spell = spell_statement([family], of_people=sa.select(entity.resolve(_mother_key(family)))).subquery("spell")
    anchor = entity.resolve(ANCHOR)
    is_hers = spell.c.person_key == entity.resolve(_mother_key(family))
    columns = {**entity.columns, **columns_on(spell, anchor)}
    columns |= {each.name.key: to_sql(each.value, columns.__getitem__) for each in family.stratifiers}
    return _Layer(entity.source.outerjoin(spell, sa.and_(is_hers, holds_day(spell, anchor))), columns)


def _feature_groups(family: Family) -> list[list[PlannedFeature]]:
    groups: dict[tuple[str, str, str], list[PlannedFeature]] = {}
    for each in family.features:
        groups.setdefault((each.table, each.by, each.of), []).append(each)
    return list(groups.values())


def _feature_query(group: list[PlannedFeature], only: sa.Select[Any] | None) -> sa.Select[Any]:
    child = model_table(group[0].table)
    columns = {f"{group[0].table}.{each.name}": each for each in child.columns}
    by = child.c[group[0].by]
    values = [_aggregate(each, columns).label(_feature_column(each)) for each in group]
    found = sa.select(by, *values).where(by.is_not(None)).group_by(by)
    return found if only is None else found.where(by.in_(only))


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
