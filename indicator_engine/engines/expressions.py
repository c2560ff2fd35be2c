"""Nodes of the expression language as SQLAlchemy expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import ColumnElement

from indicator_engine import predicates
from indicator_engine.engines.constructs import CalendarDate, CompletedYears, DaysBetween, HoldsText, MinutesBetween

Element = ColumnElement[Any]
Resolve = Callable[[str], Element]

OPERATORS: Mapping[str, Callable[[Element, Element], Element]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _quotient(left: Element, right: Element) -> Element:
    """Never a division of whole numbers, which databases cut off differently; unknown where the divisor is zero."""
    return sa.cast(left, sa.Double()).op("/")(sa.func.nullif(sa.cast(right, sa.Double()), 0))


ARITHMETIC: Mapping[str, Callable[[Element, Element], Element]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
}


@singledispatch
def to_sql(node: predicates.Node, resolve: Resolve) -> Element:  # noqa: ARG001 - the registered ones use it
    """The SQL expression of a node; `resolve` gives the column of a name's key, such as `baby.outcome`."""
    raise AssertionError(f"no SQL for {type(node).__name__}")


@to_sql.register
def _(node: predicates.Literal, _: Resolve) -> Element:
    return sa.literal(node.value)


@to_sql.register
def _(node: predicates.Column, resolve: Resolve) -> Element:
    return resolve(node.name.key)


@to_sql.register
def _(node: predicates.DateOf, resolve: Resolve) -> Element:
    return CalendarDate(to_sql(node.value, resolve))


@to_sql.register
def _(node: predicates.DaysBetween, resolve: Resolve) -> Element:
    return DaysBetween(to_sql(node.later, resolve), to_sql(node.earlier, resolve))


@to_sql.register
def _(node: predicates.CompletedYears, resolve: Resolve) -> Element:
    return CompletedYears(to_sql(node.later, resolve), to_sql(node.earlier, resolve))


@to_sql.register
def _(node: predicates.MinutesBetween, resolve: Resolve) -> Element:
    return MinutesBetween(to_sql(node.later, resolve), to_sql(node.earlier, resolve))


@to_sql.register
def _(node: predicates.Arithmetic, resolve: Resolve) -> Element:
    return ARITHMETIC[node.operator](to_sql(node.left, resolve), to_sql(node.right, resolve))


@to_sql.register
def _(node: predicates.Absolute, resolve: Resolve) -> Element:
    return sa.func.abs(to_sql(node.value, resolve))


@to_sql.register
def _(node: predicates.GroupOf, resolve: Resolve) -> Element:
    value = to_sql(node.value, resolve)
    return sa.case(
        *((value.in_([sa.literal(code) for code in codes]), sa.literal(group)) for group, codes in node.groups)
    )


@to_sql.register
def _(node: predicates.GrowthScore, resolve: Resolve) -> Element:
    grams, days, sex = (to_sql(each, resolve) for each in (node.grams, node.days, node.sex))
    fits = [sa.and_(sex == each.sex, days.between(each.first_day, each.last_day)) for each in node.means]
    mean = sa.case(*((fit, sa.literal(each.mean_g)) for fit, each in zip(fits, node.means, strict=True)))
    spread = sa.case(*((fit, sa.literal(each.deviation_g)) for fit, each in zip(fits, node.means, strict=True)))
    return _quotient(grams - mean, spread)


@to_sql.register
def _(node: predicates.Coalesce, resolve: Resolve) -> Element:
    return sa.func.coalesce(*(to_sql(each, resolve) for each in node.values))


@to_sql.register
def _(node: predicates.Comparison, resolve: Resolve) -> Element:
    return OPERATORS[node.operator](to_sql(node.left, resolve), to_sql(node.right, resolve))


@to_sql.register
def _(node: predicates.InList, resolve: Resolve) -> Element:
    return to_sql(node.value, resolve).in_([sa.literal(option) for option in node.options])


@to_sql.register
def _(node: predicates.ContainsAny, resolve: Resolve) -> Element:
    value = to_sql(node.value, resolve)
    return sa.or_(*(HoldsText(value, sa.literal(f"|{code}|")) for code in node.codes))


@to_sql.register
def _(node: predicates.IsKnown, resolve: Resolve) -> Element:
    return to_sql(node.value, resolve).is_not(None)


@to_sql.register
def _(node: predicates.And, resolve: Resolve) -> Element:
    return sa.and_(*(to_sql(part, resolve) for part in node.parts))


@to_sql.register
def _(node: predicates.Or, resolve: Resolve) -> Element:
    return sa.or_(*(to_sql(part, resolve) for part in node.parts))


@to_sql.register
def _(node: predicates.Not, resolve: Resolve) -> Element:
    return sa.not_(to_sql(node.part, resolve))
