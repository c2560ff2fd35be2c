"""What is run, as text: spells of residence once, then for each family a fact, GROUP BYs over it, events in order.

Plain GROUP BYs over a materialised fact are faster than GROUPING SETS on DuckDB, and every database has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Dialect

from indicator_engine.counts import NOT_ATTRIBUTED, CellPart, EventRow, MonthRange
from indicator_engine.definition import UNKNOWN, WHOLE
from indicator_engine.engines.constructs import ByteOrder
from indicator_engine.engines.contested import NOTHING, Contested, contested_statement, doubts_of_family
from indicator_engine.engines.fact import (
    EVENT_ORDER,
    FLAGS,
    MEMBER_FLAGS,
    fact_statement,
    flag_name,
    flagged_name,
    is_charted_by_event,
    is_site,
    level_name,
    member_statement,
)
from indicator_engine.engines.members import Member, Members
from indicator_engine.engines.spells import SPELL, spell_statement
from indicator_engine.plan import Family, PlannedIndicator, PlannedStratifier

PLACE = ("month", "provider", "site")
Levels = tuple[str, ...]
_Query = Callable[[Levels, Sequence[PlannedIndicator]], sa.Select[Any]]


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
    """Everything to run for one family, in order. flagged: counts of those whom an open conflict leaves in doubt."""

    create_fact: str
    counts: tuple[CountQuery, ...]
    flagged: tuple[CountQuery, ...]
    events: tuple[EventQuery, ...]
    drop_fact: str


@dataclass(frozen=True, slots=True)
class RunStatements:
    """Everything to run, in order."""

    create_spells: str
    families: tuple[FamilyStatements, ...]
    drop_spells: str


def contested_text(dialect: Dialect) -> str:
    """What to ask first: the tables and columns with an open conflict, one row each."""
    return _text(contested_statement(), dialect)


def run_statements(
    families: Sequence[Family], months: MonthRange, dialect: Dialect, contested: Contested = NOTHING
) -> RunStatements:
    """Statements in the SQL of `dialect`, with all values written in (they come from checked nodes)."""
    return RunStatements(
        create_spells=f"CREATE TEMPORARY TABLE {SPELL} AS {_text(spell_statement(families), dialect)}",
        families=tuple(_family_statements(family, months, dialect, contested) for family in families),
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


def _family_statements(family: Family, months: MonthRange, dialect: Dialect, contested: Contested) -> FamilyStatements:
    name = f"fact_{family.entity}_{family.indicators[0].definition.id.lower()}"
    fact = _fact_table(name, family)
    doubts = doubts_of_family(family, contested)
    in_doubt = tuple(each for each in family.indicators if each.definition.id in doubts)
    return FamilyStatements(
        create_fact=f"CREATE TEMPORARY TABLE {name} AS {_text(fact_statement(family, months, contested), dialect)}",
        counts=tuple(_count_queries(family, family.indicators, partial(_count_query, fact), dialect)),
        flagged=tuple(_count_queries(family, in_doubt, partial(_flagged_query, fact), dialect)),
        events=tuple(
            EventQuery(each, _text(_event_query(each, fact), dialect))
            for each in family.indicators
            if is_charted_by_event(each)
        ),
        drop_fact=f"DROP TABLE {name}",
    )


def _fact_table(name: str, family: Family) -> sa.TableClause:
    flags = [flag_name(indicator, flag) for indicator in family.indicators for flag in FLAGS]
    flagged = [flagged_name(indicator.definition.id) for indicator in family.indicators]
    levels = [level_name(each.id) for each in family.stratifiers if not is_site(each)]
    numbers = [sa.column(each, sa.Integer()) for each in ("month", *flags, *flagged)]
    words = [sa.column(each, sa.String()) for each in (*EVENT_ORDER, "provider", "site", *levels)]
    return sa.table(name, *numbers, *words)


def _count_queries(
    family: Family, indicators: tuple[PlannedIndicator, ...], query: _Query, dialect: Dialect
) -> Iterator[CountQuery]:
    """One for the whole, which the sites are read from too, and one for every other dimension."""
    sites = tuple(each.id for each in family.stratifiers if is_site(each))
    if indicators:
        yield CountQuery(None, sites, indicators, _text(query((), indicators), dialect))
    for stratifier in family.stratifiers:
        chosen = tuple(each for each in indicators if stratifier.id in each.definition.stratifiers)
        if chosen and stratifier.id not in sites:
            yield CountQuery(stratifier, (), chosen, _text(query((level_name(stratifier.id),), chosen), dialect))


def _count_query(fact: sa.TableClause, level: Levels, indicators: Sequence[PlannedIndicator]) -> sa.Select[Any]:
    sums = {flag: fact.c[flag] for flag in _flags_of(indicators)}
    return _summed(fact, level, sums)


def _flagged_query(fact: sa.TableClause, level: Levels, indicators: Sequence[PlannedIndicator]) -> sa.Select[Any]:
    """The same over rows in doubt alone: they are few, so that this costs little beside the counts of all."""
    in_doubt = [fact.c[flagged_name(each.definition.id)] for each in indicators]
    pairs = zip(indicators, in_doubt, strict=True)
    sums = {flag: fact.c[flag] * doubt for each, doubt in pairs for flag in _flags_of([each])}
    return _summed(fact, level, sums).where(sa.or_(*(each == 1 for each in in_doubt)))


def _flags_of(indicators: Sequence[PlannedIndicator]) -> list[str]:
    return [flag_name(each, flag) for each in indicators for flag in FLAGS]


def _summed(fact: sa.TableClause, level: Levels, sums: Mapping[str, sa.ColumnElement[Any]]) -> sa.Select[Any]:
    keys = [fact.c[name] for name in (*PLACE, *level)]
    # PostgreSQL and DuckDB add whole numbers up in types wider than Python's drivers read as whole numbers.
    added = (sa.cast(sa.func.sum(each), sa.BigInteger()).label(flag) for flag, each in sums.items())
    return sa.select(*keys, *added).group_by(*keys)


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
