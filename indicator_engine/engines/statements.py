"""What is run for one family, as text: fact into a temporary table, one GROUP BY a dimension, events in order.

Plain GROUP BYs over a materialised fact are faster than GROUPING SETS on DuckDB, and every database has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from indicator_engine.counts import CountRow, EventRow, MonthRange
from indicator_engine.engines.constructs import ByteOrder
from indicator_engine.engines.fact import FLAGS, fact_statement, flag_name, level_name
from indicator_engine.plan import Family, PlannedIndicator


@dataclass(frozen=True, slots=True)
class CountQuery:
    """One GROUP BY: which dimension it cuts by, for which indicators."""

    dimension: str
    indicators: tuple[PlannedIndicator, ...]
    text: str


@dataclass(frozen=True, slots=True)
class EventQuery:
    """The events of one rare indicator with their places in the order of births."""

    indicator: PlannedIndicator
    text: str


@dataclass(frozen=True, slots=True)
class FamilyStatements:
    """Everything to run for one family, in order."""

    create_fact: str
    counts: tuple[CountQuery, ...]
    events: tuple[EventQuery, ...]
    drop_fact: str


def family_statements(family: Family, months: MonthRange, dialect: Dialect) -> FamilyStatements:
    """Statements of a family in the SQL of `dialect`, with all values written in (they come from checked nodes)."""
    name = f"fact_{family.entity}_{family.indicators[0].definition.id.lower()}"
    fact = _fact_table(name, family)
    return FamilyStatements(
        create_fact=f"CREATE TEMPORARY TABLE {name} AS {_text(fact_statement(family, months), dialect)}",
        counts=tuple(_count_queries(family, fact, dialect)),
        events=tuple(
            EventQuery(each, _text(_event_query(each, fact), dialect))
            for each in family.indicators
            if each.definition.charting.chart == "g"
        ),
        drop_fact=f"DROP TABLE {name}",
    )


def count_rows(query: CountQuery, fetched: Sequence[Sequence[Any]]) -> Iterator[CountRow]:
    """Long rows, one an indicator and cell, from the wide rows of a GROUP BY; empty cells are left out."""
    for place, indicator in enumerate(query.indicators):
        first = 4 + place * len(FLAGS)
        definition = indicator.definition
        for row in fetched:
            if row[first]:
                month, provider, site, stratum = row[:4]
                population, denominator, numerator = (int(count) for count in row[first : first + len(FLAGS)])
                yield (
                    definition.id,
                    definition.version,
                    int(month),
                    provider,
                    site,
                    query.dimension,
                    stratum,
                    population,
                    denominator,
                    numerator,
                )


def event_rows(query: EventQuery, fetched: Sequence[Sequence[Any]]) -> Iterator[EventRow]:
    """Rows of EVENT_COLUMNS from the rows of an event query."""
    definition = query.indicator.definition
    for provider, month, whole, own in fetched:
        yield definition.id, definition.version, provider, int(month), int(whole), int(own)


def _fact_table(name: str, family: Family) -> sa.TableClause:
    flags = [flag_name(indicator, flag) for indicator in family.indicators for flag in FLAGS]
    levels = [level_name(dimension) for dimension in family.dimensions]
    numbers = [sa.column(each, sa.Integer()) for each in ("month", *flags)]
    words = [sa.column(each, sa.String()) for each in ("entity_key", "cluster_key", "event_time", "provider", "site")]
    return sa.table(name, *numbers, *words, *(sa.column(each, sa.String()) for each in levels))


def _count_queries(family: Family, fact: sa.TableClause, dialect: Dialect) -> Iterator[CountQuery]:
    for dimension in family.dimensions:
        chosen = tuple(each for each in family.indicators if dimension in ("all", *each.definition.stratifiers))
        keys = [fact.c.month, fact.c.provider, fact.c.site, fact.c[level_name(dimension)]]
        sums = [sa.func.sum(fact.c[flag_name(each, flag)]) for each in chosen for flag in FLAGS]
        yield CountQuery(dimension, chosen, _text(sa.select(*keys, *sums).group_by(*keys), dialect))


def _event_query(indicator: PlannedIndicator, fact: sa.TableClause) -> sa.Select[Any]:
    """Births of the denominator numbered in order of time; of each delivery with events, its first event."""
    order = tuple(ByteOrder(each) for each in (fact.c.event_time, fact.c.cluster_key, fact.c.entity_key))
    numbered = (
        sa.select(
            fact.c.provider,
            fact.c.month,
            fact.c.cluster_key,
            fact.c[flag_name(indicator, "numerator")].label("event"),
            sa.func.row_number().over(order_by=order).label("whole"),
            sa.func.row_number().over(partition_by=fact.c.provider, order_by=order).label("own"),
        )
        .where(fact.c[flag_name(indicator, "denominator")] == 1)
        .subquery("numbered")
    )
    grouped = (numbered.c.provider, numbered.c.cluster_key)
    return (
        sa.select(
            numbered.c.provider,
            sa.func.min(numbered.c.month),
            sa.func.min(numbered.c.whole),
            sa.func.min(numbered.c.own),
        )
        .where(numbered.c.event == 1)
        .group_by(*grouped)
    )


def _text(statement: sa.Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
