"""From definitions to something an engine can run: names resolved, expressions parsed, indicators gathered in families.

A family is every indicator that counts the same entity on the same anchor date with the same attribution, so that
one wide fact (one row an entity, integer flags) serves all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from indicator_engine.code_lists import code_list
from indicator_engine.definition import WHOLE, Entity, Feature, IndicatorDefinition, Stratifier, Stratum
from indicator_engine.errors import DefinitionInvalid
from indicator_engine.predicates import Column, InList, Name, Node, ValueType, parse_predicate, parse_value
from indicator_engine.tables import TABLES, ColumnType
from indicator_engine.tables import Column as ModelColumn


@dataclass(frozen=True, slots=True)
class Parent:
    """A table that an entity belongs to: joined when `of`.`column` is the key of `table`."""

    name: str
    table: str
    of: str
    column: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of an entity hang together: its key, its parents (in the order of joining) and who it belongs to."""

    table: str
    key: str
    parents: tuple[Parent, ...]
    provider: str
    site: tuple[str, ...]
    cluster: str


MOTHER = "mother"
MOTHER_OF_PREGNANCY = Parent(MOTHER, "person", "pregnancy", "mother_key")

SHAPES: Mapping[Entity, Shape] = {
    Entity.BOOKING: Shape(
        table="booking",
        key="booking_key",
        parents=(Parent("pregnancy", "pregnancy", "booking", "pregnancy_key"), MOTHER_OF_PREGNANCY),
        provider="pregnancy.booking_provider_code",
        site=("booking.site_code",),
        cluster="booking.booking_key",
    ),
    Entity.DELIVERY: Shape(
        table="delivery",
        key="delivery_key",
        parents=(Parent("pregnancy", "pregnancy", "delivery", "pregnancy_key"), MOTHER_OF_PREGNANCY),
        provider="delivery.provider_code",
        site=("delivery.site_code",),
        cluster="delivery.delivery_key",
    ),
    Entity.BABY: Shape(
        table="baby",
        key="baby_key",
        parents=(
            Parent("delivery", "delivery", "baby", "delivery_key"),
            Parent("pregnancy", "pregnancy", "delivery", "pregnancy_key"),
            Parent(MOTHER, "person", "baby", "mother_key"),
            Parent("person", "person", "baby", "person_key"),
        ),
        provider="delivery.provider_code",
        site=("delivery.site_code", "baby.site_code"),
        cluster="baby.delivery_key",
    ),
}

SITE = Name("fact.site", ValueType.TEXT)

VALUE_TYPES: Mapping[ColumnType, ValueType] = {
    ColumnType.STRING: ValueType.TEXT,
    ColumnType.CODE: ValueType.TEXT,
    ColumnType.ENUM: ValueType.TEXT,
    ColumnType.INTEGER: ValueType.NUMBER,
    ColumnType.DECIMAL: ValueType.NUMBER,
    ColumnType.BOOLEAN: ValueType.BOOLEAN,
    ColumnType.DATE: ValueType.DATE,
    ColumnType.DATETIME: ValueType.DATETIME,
    ColumnType.CODE_SET: ValueType.CODE_SET,
}


@dataclass(frozen=True, slots=True)
class PlannedFeature:
    """An aggregate over child rows. by: the column of the child table that equals `of`, a column of the entity."""

    name: Name
    table: str
    by: str
    of: str
    aggregate: str
    value: Node | None
    where: Node | None


@dataclass(frozen=True, slots=True)
class PlannedStratum:
    """One closed group: its code and the condition that places a row in it."""

    code: str
    where: Node


@dataclass(frozen=True, slots=True)
class PlannedStratifier:
    """A dimension: closed groups in order, or (open) the text value itself. What fits nowhere is `unknown`.

    name: under which the conditions of the strata read the value, so that it is worked out once a row.
    """

    id: str
    name: Name
    value: Node
    is_open: bool
    strata: tuple[PlannedStratum, ...]


@dataclass(frozen=True, slots=True)
class PlannedIndicator:
    """Parsed conditions of one indicator; each narrows the one before.

    exclusion: what is taken out of the denominator again; None when nothing is.
    """

    definition: IndicatorDefinition
    population: Node
    denominator: Node
    numerator: Node
    exclusion: Node | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every condition."""
        own = (self.population, self.denominator, self.numerator)
        return own if self.exclusion is None else (*own, self.exclusion)


@dataclass(frozen=True, slots=True)
class Family:
    """Indicators that share one wide fact."""

    entity: Entity
    shape: Shape
    anchor: Node
    event_time: Node
    features: tuple[PlannedFeature, ...]
    indicators: tuple[PlannedIndicator, ...]
    stratifiers: tuple[PlannedStratifier, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every expression over the entity, its parents, its features and the mother."""
        conditions = (node for each in self.indicators for node in each.nodes)
        values = (node for each in self.stratifiers for node in (each.value, *(one.where for one in each.strata)))
        return (self.anchor, self.event_time, *conditions, *values)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The whole, then every dimension that one of the indicators is cut by."""
        return (WHOLE, *(each.id for each in self.stratifiers))


def plan_families(
    definitions: Iterable[IndicatorDefinition], stratifiers: Mapping[str, Stratifier]
) -> tuple[Family, ...]:
    """Check and gather definitions; raises DefinitionInvalid for the first that cannot be planned."""
    groups: dict[tuple[Entity, str, str], list[IndicatorDefinition]] = {}
    for each in definitions:
        groups.setdefault((each.entity, each.anchor, each.attributed_to), []).append(each)
    return tuple(_plan_family(group, stratifiers) for group in groups.values())


def check_definition(definition: IndicatorDefinition, stratifiers: Mapping[str, Stratifier]) -> None:
    """Plan one definition by itself; raises DefinitionInvalid with place and suggestion."""
    plan_families([definition], stratifiers)


def table_scope(table: str, *, prefix: str | None = None) -> dict[str, Name]:
    """The columns of one table as names, plain or behind a prefix."""
    columns = TABLES[table].columns
    return {_word(prefix, column.name): _name(prefix or table, column) for column in columns if _is_readable(column)}


def _word(prefix: str | None, column: str) -> str:
    return column if prefix is None else f"{prefix}.{column}"


def _is_readable(column: ModelColumn) -> bool:
    return column.type in VALUE_TYPES


def _name(alias: str, column: ModelColumn) -> Name:
    codes: frozenset[str] | None = None
    if column.values:
        codes = frozenset(column.values)
    elif column.code_list is not None:
        codes = frozenset(code_list(column.code_list).codes)
    return Name(f"{alias}.{column.name}", VALUE_TYPES[column.type], column.unit, codes)


def _plan_family(group: list[IndicatorDefinition], stratifiers: Mapping[str, Stratifier]) -> Family:
    first = group[0]
    shape = SHAPES[first.entity]
    features = _plan_features(group, shape)
    scope = _entity_scope(shape) | {each.name.key.removeprefix("feature."): each.name for each in features}
    place = f"{first.id} anchor"
    # The mother is looked up as she was on the anchor date, so that date cannot hang on her.
    anchor = parse_value(
        first.anchor, {word: name for word, name in scope.items() if not _is_mothers(name)}, place=place
    )
    if anchor.type is not ValueType.DATE:
        raise DefinitionInvalid(place, [f"a calendar date is expected, but `{first.anchor}` is a {anchor.type}"])
    scope["anchor"] = Name("fact.anchor", ValueType.DATE)
    return Family(
        entity=first.entity,
        shape=shape,
        anchor=anchor.node,
        event_time=_event_time(anchor.node),
        features=features,
        indicators=tuple(_plan_indicator(each, scope) for each in group),
        stratifiers=_plan_stratifiers(group, scope, stratifiers),
    )


def _is_mothers(name: Name) -> bool:
    return name.key.startswith(f"{MOTHER}.")


def _event_time(anchor: Node) -> Node:
    """Births of one day are put in order by their time, where the anchor is the date of a time."""
    return getattr(anchor, "value", anchor)


def _entity_scope(shape: Shape) -> dict[str, Name]:
    scope = table_scope(shape.table) | table_scope(shape.table, prefix=shape.table)
    for parent in shape.parents:
        columns = table_scope(parent.table, prefix=parent.name)
        scope |= columns
    return scope


def _plan_features(group: list[IndicatorDefinition], shape: Shape) -> tuple[PlannedFeature, ...]:
    found: dict[str, tuple[Feature, PlannedFeature]] = {}
    for definition in group:
        for name, feature in definition.features.items():
            place = f"{definition.id} features.{name}"
            if name in found and found[name][0] != feature:
                raise DefinitionInvalid(place, ["another indicator of this entity declares it otherwise; rename it"])
            if name not in found:
                found[name] = (feature, _plan_feature(name, feature, shape, place))
    return tuple(planned for _, planned in found.values())


def _plan_feature(name: str, feature: Feature, shape: Shape, place: str) -> PlannedFeature:
    if feature.table not in TABLES:
        raise DefinitionInvalid(place, [f"table `{feature.table}` is not part of the common model"])
    by = feature.by or shape.key
    of = feature.of or by
    for table, column in ((feature.table, by), (shape.table, of)):
        if column not in TABLES[table].column_names:
            raise DefinitionInvalid(place, [f"`{column}` is no column of {table}, so it cannot join the two"])
    scope = table_scope(feature.table)
    value = None if feature.value is None else parse_value(feature.value, scope, place=place)
    where = None if feature.where is None else parse_predicate(feature.where, scope, place=place)
    kind = {"count": ValueType.NUMBER, "any": ValueType.BOOLEAN}.get(feature.aggregate)
    if value is not None:
        planned = Name(f"feature.{name}", value.type, value.unit, value.codes)
    else:
        assert kind is not None
        planned = Name(f"feature.{name}", kind)
    return PlannedFeature(
        planned, feature.table, by, of, feature.aggregate, None if value is None else value.node, where
    )


def _plan_indicator(definition: IndicatorDefinition, scope: Mapping[str, Name]) -> PlannedIndicator:
    def condition(part: str) -> Node:
        return parse_predicate(getattr(definition, part), scope, place=f"{definition.id} {part}")

    exclusion = None if definition.denominator_exclusion is None else condition("denominator_exclusion")
    return PlannedIndicator(
        definition, condition("population"), condition("denominator"), condition("numerator"), exclusion
    )


def _plan_stratifiers(
    group: list[IndicatorDefinition], scope: Mapping[str, Name], stratifiers: Mapping[str, Stratifier]
) -> tuple[PlannedStratifier, ...]:
    wanted = dict.fromkeys(each for definition in group for each in definition.stratifiers)
    for each in wanted:
        if each not in stratifiers:
            raise DefinitionInvalid(f"{group[0].id} stratifiers", [f"`{each}` is no stratifier that is declared"])
    full = dict(scope) | table_scope("residence", prefix="residence")
    full["site"] = SITE
    return tuple(_plan_stratifier(stratifiers[each], full) for each in wanted)


def _plan_stratifier(stratifier: Stratifier, scope: Mapping[str, Name]) -> PlannedStratifier:
    place = f"stratifier {stratifier.id}"
    value = parse_value(stratifier.value, scope, place=place)
    name = Name(f"value.{stratifier.id}", value.type, value.unit, value.codes)
    strata = tuple(
        PlannedStratum(each.code, _stratum_condition(each, dict(scope) | {"value": name}, place))
        for each in stratifier.strata
    )
    return PlannedStratifier(stratifier.id, name, value.node, stratifier.open_strata, strata)


def _stratum_condition(stratum: Stratum, scope: Mapping[str, Name], place: str) -> Node:
    if stratum.where is None:
        return InList(Column(scope["value"]), stratum.codes)
    return parse_predicate(stratum.where, scope, place=f"{place} {stratum.code}")
