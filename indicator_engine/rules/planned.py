"""Rules with their conditions parsed: what SQL and the interpreter are both made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from indicator_engine.errors import DefinitionInvalid
from indicator_engine.plan import MOTHER, Parent, table_scope
from indicator_engine.predicates import Name, Node, ValueType, parse_predicate, parse_value
from indicator_engine.rules.declared import Check, Effect, Rule, RuleFeature, RuleSeverity, Scope, shipped_rules
from indicator_engine.tables import TABLES

SOURCE_ROWS = "source_rows"
LEFT, RIGHT = "left", "right"
TOLD_BY, RECORDED_AT, RECEIVED_AT, SOURCE_KEY = "told_by", "recorded_at", "received_at", "source_key"
AS_OF = "as_of"

_DELIVERY_OF_BABY = Parent("delivery", "delivery", "baby", "delivery_key")
_PREGNANCY_OF_DELIVERY = Parent("pregnancy", "pregnancy", "delivery", "pregnancy_key")

PARENTS: Mapping[str, tuple[Parent, ...]] = {
    "person": (Parent("baby", "baby", "person", "person_key"),),
    "pregnancy": (Parent(MOTHER, "person", "pregnancy", "mother_key"),),
    "booking": (
        Parent("pregnancy", "pregnancy", "booking", "pregnancy_key"),
        Parent(MOTHER, "person", "pregnancy", "mother_key"),
    ),
    "delivery": (_PREGNANCY_OF_DELIVERY, Parent(MOTHER, "person", "pregnancy", "mother_key")),
    "baby": (
        _DELIVERY_OF_BABY,
        _PREGNANCY_OF_DELIVERY,
        Parent(MOTHER, "person", "baby", "mother_key"),
        Parent("person", "person", "baby", "person_key"),
    ),
    "neonatal_episode": (
        Parent("baby", "baby", "neonatal_episode", "baby_key"),
        Parent("person", "person", "baby", "person_key"),
    ),
    "hv_contact": (
        Parent("child", "person", "hv_contact", "child_key"),
        Parent("baby", "baby", "hv_contact", "child_key"),
    ),
    "mh_referral": (Parent("pregnancy", "pregnancy", "mh_referral", "pregnancy_key"),),
}
"""Parents that a record may read, in the order of joining. A baby has the key of its person."""

REFERENCE_TABLES: Mapping[str, Mapping[str, ValueType]] = {
    "reference_imd": {"lsoa": ValueType.TEXT, "version": ValueType.TEXT, "decile": ValueType.NUMBER},
}
"""Tables that the user loads and that a feature may look into."""

PROVENANCE: Mapping[str, ValueType] = {
    TOLD_BY: ValueType.TEXT,
    SOURCE_KEY: ValueType.TEXT,
    RECORDED_AT: ValueType.DATETIME,
    RECEIVED_AT: ValueType.DATETIME,
}
"""What is known of a source row beside its cells: its source, its key there, when it was recorded and received."""


@dataclass(frozen=True, slots=True)
class PlannedRuleFeature:
    """A parsed aggregate. by: key of the child column, such as `delivery.pregnancy_key`; equals: key in the record."""

    name: Name
    table: str
    aggregate: str
    by: str | None
    equals: str | None
    value: Node | None
    where: Node | None


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One parsed condition. number: its place among the conditions of its rule, from 1."""

    rule: str
    number: int
    table: str
    scope: Scope
    same: str | None
    features: tuple[PlannedRuleFeature, ...]
    breaks: Node
    severity: RuleSeverity
    effect: Effect
    columns: tuple[str, ...]
    to: Node | None


@cache
def shipped_checks() -> tuple[PlannedCheck, ...]:
    """Every condition of the shipped rules, in the order of the rules."""
    return plan_rules(shipped_rules().values())


def plan_rules(rules: Iterable[Rule]) -> tuple[PlannedCheck, ...]:
    """Parse the conditions of rules; raises DefinitionInvalid with the place for the first that cannot be."""
    return tuple(_plan_check(rule, number, each) for rule in rules for number, each in enumerate(rule.checks, 1))


def source_scope(table: str, prefix: str | None = None) -> dict[str, Name]:
    """The cells of a source row as names, and where it came from; behind a prefix for one side of a pair."""
    cells = table_scope(table, prefix=prefix)
    place = prefix or table
    told = {name: Name(f"{place}.{name}", kind) for name, kind in PROVENANCE.items()}
    return cells | {name if prefix is None else f"{prefix}.{name}": found for name, found in told.items()}


def record_scope(table: str) -> dict[str, Name]:
    """The columns of a resolved record and of its parents as names."""
    scope = table_scope(table) | table_scope(table, prefix=table)
    for parent in PARENTS.get(table, ()):
        columns = table_scope(parent.table, prefix=parent.name)
        scope |= columns
    return scope


def _plan_check(rule: Rule, number: int, check: Check) -> PlannedCheck:
    place = f"{rule.id} check {number}"
    if check.table not in TABLES:
        raise DefinitionInvalid(place, [f"table `{check.table}` is not part of the common model"])
    unknown = [name for name in check.columns if name not in TABLES[check.table].column_names]
    if unknown:
        raise DefinitionInvalid(place, [f"`{', '.join(unknown)}` is no column of {check.table}"])
    scope = _scope_of(check)
    features = tuple(_plan_feature(name, each, check.table, place) for name, each in check.features.items())
    scope |= {each.name.key.removeprefix("feature."): each.name for each in features}
    _check_effect(check, place)
    return PlannedCheck(
        rule=rule.id,
        number=number,
        table=check.table,
        scope=check.scope,
        same=check.same,
        features=features,
        breaks=parse_predicate(check.breaks, scope, place=place),
        severity=check.severity or rule.severity,
        effect=check.effect,
        columns=check.columns,
        to=None if check.to is None else parse_value(check.to, _recode_scope(check), place=place).node,
    )


def _scope_of(check: Check) -> dict[str, Name]:
    if check.scope is Scope.SOURCE_ROW:
        return source_scope(check.table)
    if check.scope is Scope.SOURCE_PAIR:
        left, right = source_scope(check.table, LEFT), source_scope(check.table, RIGHT)
        return left | right
    today = {AS_OF: Name(f"reading.{AS_OF}", ValueType.DATE)} if check.scope is Scope.READING else {}
    return record_scope(check.table) | today


def _recode_scope(check: Check) -> dict[str, Name]:
    """A recode reads the record itself, or the left row of a pair."""
    return source_scope(check.table, LEFT) if check.scope is Scope.SOURCE_PAIR else table_scope(check.table)


def _check_effect(check: Check, place: str) -> None:
    table = TABLES[check.table]
    needed = {each.name for each in table.needed_columns} | set(table.key)
    if check.effect is Effect.NULL and needed.intersection(check.columns):
        raise DefinitionInvalid(place, ["a column that places the record cannot be set aside; hold the record"])


def _plan_feature(name: str, feature: RuleFeature, table: str, place: str) -> PlannedRuleFeature:
    place = f"{place} features.{name}"
    scope = _feature_scope(feature.table, table, place)
    value = None if feature.value is None else parse_value(feature.value, scope, place=place)
    where = None if feature.where is None else parse_predicate(feature.where, scope, place=place)
    kind = {"any": ValueType.BOOLEAN}.get(feature.aggregate, ValueType.NUMBER)
    named = Name(f"feature.{name}", kind)
    if value is not None and feature.aggregate != "distinct":
        named = replace(named, type=value.type, unit=value.unit, codes=value.codes)
    by = _key_of(feature.by, scope, place)
    equals = _key_of(feature.equals, record_scope(table), place)
    return PlannedRuleFeature(
        named, feature.table, feature.aggregate, by, equals, None if value is None else value.node, where
    )


def _feature_scope(child: str, table: str, place: str) -> dict[str, Name]:
    if child == SOURCE_ROWS:
        return source_scope(table)
    if child in REFERENCE_TABLES:
        return {name: Name(f"{child}.{name}", kind) for name, kind in REFERENCE_TABLES[child].items()}
    if child not in TABLES:
        raise DefinitionInvalid(place, [f"table `{child}` is not part of the common model"])
    return record_scope(child)


def _key_of(word: str | None, scope: Mapping[str, Name], place: str) -> str | None:
    if word is None:
        return None
    if word not in scope:
        raise DefinitionInvalid(place, [f"`{word}` is not known here"])
    return scope[word].key
