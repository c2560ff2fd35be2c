"""What is run, as text: spells of residence once, then for each family a fact, GROUP BYs over it, events in order.

Plain GROUP BYs over a materialised fact are faster than GROUPING SETS on DuckDB, and every database has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Dialect

from indicator_engine.counts import NOT_ATTRIBUTED, CellPart, EventRow, MonthRange
from indicator_engine.definition import UNKNOWN, WHOLE
from indicator_engine.engines.constructs import ByteOrder
from indicator_engine.engines.fact import (
    EVENT_ORDER,
    FLAGS,
    MEMBER_FLAGS,
    fact_statement,
    flag_name,
    is_charted_by_event,
    is_site,
    level_name,
    member_statement,
)
from indicator_engine.engines.members import Member, Members
from indicator_engine.engines.spells import SPELL, spell_statement
from indicator_engine.plan import Family, PlannedIndicator, PlannedStratifier

PLACE = ("month", "provider", "site")


@dataclass(frozen=True, slots=True)
class CountQuery:
    """One GROUP BY over month, provider, site and (unless None) the level of a stratifier.

    Its columns are PLACE, the level, and of each indicator the three FLAGS, added up. site_dimensions: those whose
    stratum is the site; the query of the whole answers them too.
    """

    stratifier: PlannedStratifier | None
    site_dimensions: tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class RunStatements:
    """Everything to run, in order."""

    create_spells: str
    families: tuple[FamilyStatements, ...]
    drop_spells: str


def run_statements(families: Sequence[Family], months: MonthRange, dialect: Dialect) -> RunStatements:
    """Statements in the SQL of `dialect`, with all values written in (they come from checked nodes)."""
    return RunStatements(
        create_spells=f"CREATE TEMPORARY TABLE {SPELL} AS {_text(spell_statement(families), dialect)}",
        families=tuple(_family_statements(family, months, dialect) for family in families),
        drop_spells=f"DROP TABLE {SPELL}",
    )


@dataclass(frozen=True, slots=True)
class MemberStatements:
    """What to run to see who is in which population, in order."""

    create_spells: str
    members: str
    drop_spells: str


def member_statements(family: Family, months: MonthRange, dialect: Dialect) -> MemberStatements:
    """Statements in the SQL of `dialect`, as for counting."""
    return MemberStatements(
        create_spells=f"CREATE TEMPORARY TABLE {SPELL} AS {_text(spell_statement([family]), dialect)}",
        members=_text(member_statement(family, months), dialect),
        drop_spells=f"DROP TABLE {SPELL}",
    )


def member_rows(family: Family, fetched: Sequence[Sequence[Any]]) -> Members:
    """The members of each indicator from the rows of the member statement."""
    width = len(MEMBER_FLAGS)
    return {
        indicator.definition.id: [
            Member(str(row[0]), *(flag == 1 for flag in row[1 + place * width :][:width])) for row in fetched
        ]
        for place, indicator in enumerate(family.indicators)
    }


def cell_parts(query: CountQuery, columns: pd.DataFrame) -> Iterator[CellPart]:
    """The cells of each indicator and dimension from the rows of a GROUP BY; empty cells are left out."""
    wide = [columns.iloc[:, place].to_numpy() for place in range(columns.shape[1])]
    month, provider, site = wide[: len(PLACE)]
    first = len(PLACE) if query.stratifier is None else len(PLACE) + 1
    for place, indicator in enumerate(query.indicators):
        counts = wide[first + place * len(FLAGS) :][: len(FLAGS)]
        held = counts[0] > 0
        for dimension, stratum in _strata(query, indicator, site, wide[len(PLACE)]):
            yield CellPart(
                indicator=indicator.definition.id,
                version=indicator.definition.version,
                dimension=dimension,
                month=month[held],
                provider=provider[held],
                site=site[held],
                stratum=stratum[held],
                counts=tuple(each[held] for each in counts),
            )


def event_rows(query: EventQuery, fetched: Sequence[Sequence[Any]]) -> Iterator[EventRow]:
    """Rows of EVENT_COLUMNS from the rows of an event query."""
    definition = query.indicator.definition
    for provider, month, whole, own in fetched:
        yield definition.id, definition.version, provider, int(month), int(whole), int(own)


def _strata(
    query: CountQuery, indicator: PlannedIndicator, site: NDArray[Any], level: NDArray[Any]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Dimensions of an indicator that a query answers, each with the stratum of every row.

    level: read only where the query has a stratifier.
    """
    if query.stratifier is None:
        yield WHOLE, np.full(len(site), WHOLE, dtype=object)
        for dimension in query.site_dimensions:
            if dimension in indicator.definition.stratifiers:
                yield dimension, np.where(site == NOT_ATTRIBUTED, UNKNOWN, site)
    elif query.stratifier.is_open:
        yield query.stratifier.id, level
    else:
        codes = np.array([*(each.code for each in query.stratifier.strata), UNKNOWN], dtype=object)
        yield query.stratifier.id, codes[level.astype(np.int64)]


def _family_statements(family: Family, months: MonthRange, dialect: Dialect) -> FamilyStatements:
    name = f"fact_{family.entity}_{family.indicators[0].definition.id.lower()}"
    fact = _fact_table(name, family)
    return FamilyStatements(
        create_fact=f"CREATE TEMPORARY TABLE {name} AS {_text(fact_statement(family, months), dialect)}",
        counts=tuple(_count_queries(family, fact, dialect)),
        events=tuple(
            EventQuery(each, _text(_event_query(each, fact), dialect))
            for each in family.indicators
            if is_charted_by_event(each)
        ),
        drop_fact=f"DROP TABLE {name}",
    )


def _fact_table(name: str, family: Family) -> sa.TableClause:
    flags = [flag_name(indicator, flag) for indicator in family.indicators for flag in FLAGS]
    levels = [level_name(each.id) for each in family.stratifiers if not is_site(each)]
    numbers = [sa.column(each, sa.Integer()) for each in ("month", *flags)]
    words = [sa.column(each, sa.String()) for each in (*EVENT_ORDER, "provider", "site", *levels)]
    return sa.table(name, *numbers, *words)


def _count_queries(family: Family, fact: sa.TableClause, dialect: Dialect) -> Iterator[CountQuery]:
    """One for the whole, which the sites are read from too, and one for every other dimension."""
    sites = tuple(each.id for each in family.stratifiers if is_site(each))
    yield CountQuery(None, sites, family.indicators, _text(_count_query(fact, (), family.indicators), dialect))
    for stratifier in family.stratifiers:
        if stratifier.id not in sites:
            chosen = tuple(each for each in family.indicators if stratifier.id in each.definition.stratifiers)
            query = _count_query(fact, (fact.c[level_name(stratifier.id)],), chosen)
            yield CountQuery(stratifier, (), chosen, _text(query, dialect))


def _count_query(
    fact: sa.TableClause, level: tuple[sa.ColumnElement[Any], ...], indicators: Sequence[PlannedIndicator]
) -> sa.Select[Any]:
    keys = (*(fact.c[name] for name in PLACE), *level)
    flags = (flag_name(each, flag) for each in indicators for flag in FLAGS)
    # PostgreSQL and DuckDB add whole numbers up in types wider than Python's drivers read as whole numbers.
    sums = (sa.cast(sa.func.sum(fact.c[flag]), sa.BigInteger()).label(flag) for flag in flags)
    return sa.select(*keys, *sums).group_by(*keys)


def _event_query(indicator: PlannedIndicator, fact: sa.TableClause) -> sa.Select[Any]:
    """Births of the denominator numbered in order of time; of each delivery with events, its first event."""
    is_event = fact.c[flag_name(indicator, "numerator")] == 1
    ordered = (
        sa.select(
            fact.c.provider,
            fact.c.month,
            # A key that is not read again need not be carried through the sort.
            sa.case((is_event, fact.c.cluster_key)).label("cluster_key"),
            fact.c[flag_name(indicator, "numerator")].label("event"),
            sa.func.row_number().over(order_by=tuple(ByteOrder(fact.c[name]) for name in EVENT_ORDER)).label("whole"),
        )
        .where(fact.c[flag_name(indicator, "denominator")] == 1)
        .subquery("ordered")
    )
    # The order within a provider follows from the order of the whole: sorting numbers is cheaper than texts again.
    own = sa.func.row_number().over(partition_by=ordered.c.provider, order_by=ordered.c.whole).label("own")
    numbered = sa.select(*ordered.c, own).subquery("numbered")
    return (
        sa.select(
            numbered.c.provider,
            sa.func.min(numbered.c.month),
            sa.func.min(numbered.c.whole),
            sa.func.min(numbered.c.own),
        )
        .where(numbered.c.event == 1)
        .group_by(numbered.c.provider, numbered.c.cluster_key)
    )


def _text(statement: sa.Select[Any], dialect: Dialect) -> str:
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
