"""What each source says of a record now, and in which order the rules prefer it.

A source that corrects itself has one voice: of the rows of one record of a source, only the newest that has a value
stands as a candidate, column by column. Two rows that it recorded at the same moment both stand.
A candidate has a score, the smallest the best: plausible before implausible, known before a code for not known, the
values and systems that the rules prefer, the newest recorded, and last the hash of the row, so that the order of
arrival never matters. Sets of codes that one source recorded at one moment are parts of one set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.linked_rows import (
    HASH_LABEL,
    RECORDED_LABEL,
    SOURCE_KEY_LABEL,
    SOURCE_LABEL,
    SYSTEM_LABEL,
)
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import LINK
from fhir_adapter.store.resolution_rules import Choice, Method, ResolutionRules
from fhir_adapter.systems import System
from indicator_engine.tables import Column, ColumnType, Table

# a score is (plausible, known), preferred value, standing of the system, each in its own digits, then place in time
PLACES = 1_000_000  # more rows than one record ever has
SYSTEMS = 40  # more than the tiers of systems that a rule names
IMPLAUSIBLE, NOT_KNOWN = 800, 400
DISCHARGED_HOME = ("1", "4")  # destinations of a neonatal stay: home, and foster care


def value_columns(table: Table) -> tuple[Column, ...]:
    """Columns of a table, its key apart."""
    return tuple(column for column in table.columns if column.name not in table.key)


def keys_of(table: Table, rows: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """The columns of the key."""
    return [rows.c[name] for name in table.key]


def scored_rows(table: Table, columns: Sequence[Column], linked: sa.Subquery, rules: ResolutionRules) -> sa.Subquery:
    """Rows with `s_<column>`, the score of the candidate that the row is for a column, null where it is none."""
    ranked = _ranked(table, columns, linked, rules)
    current = _with_newest_moments(table, columns, ranked, rules)
    scores = [_score(table, each, current, rules).label(f"s_{each.name}") for each in columns]
    return sa.select(current, *scores).subquery("scored")


def is_unknown(table: Table, column: Column, value: sa.ColumnElement[Any], rules: ResolutionRules) -> Any:
    """Whether a value is a code for not known."""
    codes = rules.unknown_codes(table, column)
    return value.in_(codes) if codes else sa.false()


def is_implausible(column: Column, value: sa.ColumnElement[Any]) -> Any:
    """Whether a value is outside the hard range of its column."""
    if column.minimum is None or column.maximum is None:
        return sa.false()
    return sa.or_(value < column.minimum, value > column.maximum)


def owner_label(systems: Sequence[System]) -> str:
    """Name of the mark that a system of these knows the record."""
    return f"owned_by_{'_'.join(systems)}"


def _ranked(table: Table, columns: Sequence[Column], linked: sa.Subquery, rules: ResolutionRules) -> sa.Subquery:
    """Rows with their place and moment, newest first, and whether the owner of the record knows it."""
    keys = keys_of(table, linked)
    newest = linked.c[RECORDED_LABEL].desc().nulls_last()

    def over(function: sa.Function[Any], *order: sa.ColumnElement[Any]) -> sa.Over[Any]:
        return function.over(partition_by=keys, order_by=order or None)

    marks = [
        over(sa.func.row_number(), newest, linked.c[HASH_LABEL].desc()).label("place"),
        over(sa.func.dense_rank(), newest).label("moment"),
    ]
    if any(each.type == ColumnType.CODE_SET for each in columns):
        marks.append(over(sa.func.dense_rank(), newest, linked.c[SOURCE_LABEL].desc()).label("moment_of_source"))
    for systems in _owners(table, columns, rules):
        is_owner = sa.case((linked.c[SYSTEM_LABEL].in_(systems), 1), else_=0)
        marks.append(over(sa.func.max(is_owner)).label(owner_label(systems)))
    return sa.select(linked, *marks).subquery("ranked")


def _owners(table: Table, columns: Sequence[Column], rules: ResolutionRules) -> Iterator[tuple[System, ...]]:
    yield from dict.fromkeys(only for each in columns if (only := rules.choice_of(table, each).only))


def _with_newest_moments(
    table: Table, columns: Sequence[Column], ranked: sa.Subquery, rules: ResolutionRules
) -> sa.Subquery:
    """Rows with `m_<column>`, the moment at which the record of the source last had a value that may stand."""
    record = [*keys_of(table, ranked), ranked.c[SOURCE_LABEL], ranked.c[SOURCE_KEY_LABEL]]
    newest = [
        sa.func.min(sa.case((_may_stand(table, each, ranked, rules), ranked.c.moment)))
        .over(partition_by=record)
        .label(f"m_{each.name}")
        for each in columns
    ]
    return sa.select(ranked, *newest).subquery("current")


def _may_stand(table: Table, column: Column, rows: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[bool]:
    only = rules.choice_of(table, column).only
    has_value = rows.c[column.name].is_not(None)
    if not only:
        return has_value
    return sa.and_(has_value, sa.or_(rows.c[SYSTEM_LABEL].in_(only), rows.c[owner_label(only)] == 0))


def _score(table: Table, column: Column, rows: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[Any]:
    is_current = sa.and_(_may_stand(table, column, rows, rules), rows.c.moment == rows.c[f"m_{column.name}"])
    place = rows.c.moment_of_source if column.type == ColumnType.CODE_SET else rows.c.place
    return sa.case((is_current, standing(table, column, rows, rules) * PLACES + place))


def standing(table: Table, column: Column, rows: sa.FromClause, rules: ResolutionRules) -> sa.ColumnElement[int]:
    """What decides before time does: the smaller, the better."""
    choice = rules.choice_of(table, column)
    value = rows.c[column.name]
    known = sa.case(
        (is_implausible(column, value), IMPLAUSIBLE),
        (is_unknown(table, column, value, rules), NOT_KNOWN),
        else_=0,
    )
    return known + _preference(choice, value) * SYSTEMS + _standing_of_system(choice, rows)


def _preference(choice: Choice, value: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    if not choice.prefer:
        return sa.literal(0)
    ranked = [(value == preferred, place) for place, preferred in enumerate(choice.prefer)]
    return sa.case(*ranked, else_=len(choice.prefer))


def _standing_of_system(choice: Choice, rows: sa.FromClause) -> sa.ColumnElement[int]:
    system = rows.c[SYSTEM_LABEL]
    ranks: list[tuple[sa.ColumnElement[bool], int]] = [
        (system.in_(tier), place + 1) for place, tier in enumerate(choice.precedence)
    ]
    if choice.method is Method.DISCHARGING_UNIT:
        ranks.insert(0, (sa.and_(system == System.NEONATAL.value, _went_home_from_neonatal_care(rows)), 0))
    return sa.case(*ranks, else_=len(choice.precedence) + 1) if ranks else sa.literal(0)


def _went_home_from_neonatal_care(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a neonatal stay of the baby ended at home, so that the neonatal unit sent it there."""
    stay, link = SOURCE["neonatal_episode"].alias("stay"), LINK.alias("stay_link")
    return sa.exists().where(
        link.c.resolved_key == rows.c.baby_key,
        link.c.entity == "baby",
        stay.c.source == link.c.source,
        stay.c.baby_key == link.c.source_key,
        stay.c.discharge_destination.in_(DISCHARGED_HOME),
    )
