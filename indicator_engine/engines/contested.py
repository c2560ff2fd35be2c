"""Which records an open conflict leaves in doubt for an indicator: those with a conflict on a column that decides it.

A conflict decides about whatever reads the column: the record itself, what belongs to it, and what a feature adds it up
for. What only places a record (its date, its organisation, its groups) is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from indicator_engine.engines.model import model_table
from indicator_engine.plan import Family, PlannedFeature, PlannedIndicator
from indicator_engine.predicates import keys_of
from indicator_engine.tables import TABLES

CHOICES, OPEN = "resolution", "open"
HOLDER = "holder"
ANCHOR = "fact.anchor"

Contested: TypeAlias = frozenset[tuple[str, str]]
"""Tables and columns with at least one open conflict."""

NOTHING: Contested = frozenset()


@dataclass(frozen=True, slots=True)
class Derivation:
    """Rows of `table` that name a record in `by`, and those of their columns that one of its columns is made of."""

    table: str
    by: str
    columns: tuple[str, ...]


# columns that the resolution makes of other rows: a conflict on those is one on these
DERIVED: Mapping[tuple[str, str], Derivation] = {
    ("delivery", "delivery_method"): Derivation("baby", "delivery_key", ("delivery_method",)),
    ("mh_referral", "first_contact_date"): Derivation(
        "mh_contact", "referral_key", ("contact_date", "attended", "mechanism")
    ),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Records whose conflicts flag an entity.

    table: theirs. of: what the entity names them by, `table.column`. by: their column that equals it, None where it is
    their key.
    """

    table: str
    of: str
    by: str | None


Doubts: TypeAlias = Mapping[Holder, frozenset[str]]
"""Holders of conflicts that flag an entity for one indicator, with the columns that do."""


def doubts_of(family: Family, indicator: PlannedIndicator, contested: Contested) -> Doubts:
    """Where conflicts that leave an indicator in doubt are held; empty where none of its columns is contested."""
    found: dict[Holder, set[str]] = {}
    for holder, column in _read(family, _keys_read(family, indicator)):
        if (holder.table, column) in contested:
            found.setdefault(holder, set()).add(column)
    return {holder: frozenset(columns) for holder, columns in found.items()}


def doubts_of_family(family: Family, contested: Contested) -> Mapping[str, Doubts]:
    """The same for each indicator of a family that is in doubt at all, by its id."""
    found = {each.definition.id: doubts_of(family, each, contested) for each in family.indicators}
    return {indicator: doubts for indicator, doubts in found.items() if doubts}


def _keys_read(family: Family, indicator: PlannedIndicator) -> frozenset[str]:
    read = frozenset().union(*(keys_of(node) for node in indicator.nodes))
    return read | keys_of(family.anchor) if ANCHOR in read else read


def _read(family: Family, keys: Iterable[str]) -> Iterator[tuple[Holder, str]]:
    """Every column of the model behind what an indicator reads, with who holds conflicts on it."""
    shape = family.shape
    features = {each.name.key: each for each in family.features}
    named = {shape.table: (shape.table, f"{shape.table}.{shape.key}")}
    named |= {each.name: (each.table, f"{each.of}.{each.column}") for each in shape.parents}
    for key in keys:
        owner, _, column = key.partition(".")
        if key in features:
            yield from _read_by_feature(shape.table, features[key])
        elif owner in named:
            table, of = named[owner]
            yield Holder(table, of, None), column
            derivation = DERIVED.get((table, column))
            if derivation is not None:
                yield from ((Holder(derivation.table, of, derivation.by), each) for each in derivation.columns)


def _read_by_feature(table: str, feature: PlannedFeature) -> Iterator[tuple[Holder, str]]:
    holder = Holder(feature.table, f"{table}.{feature.of}", feature.by)
    for node in (feature.value, feature.where):
        if node is not None:
            yield from ((holder, key.partition(".")[2]) for key in keys_of(node))


def contested_statement() -> sa.Select[tuple[str, str]]:
    """SELECT of the tables and columns with an open conflict."""
    choice = model_table(CHOICES)
    return sa.select(choice.c.table_name, choice.c.column_name).where(*_is_open(choice)).distinct()


def conflicts_of(holder: Holder, columns: Mapping[str, frozenset[str]]) -> sa.Subquery:
    """One row for each record that has open conflicts (or that rows with some name): HOLDER, and 0 or 1 a name.

    columns: which columns count, for each name.
    """
    choice = model_table(CHOICES)
    flags = [
        sa.func.max(sa.case((_is_one_of(choice, each), sa.literal(1)), else_=sa.literal(0))).label(name)
        for name, each in columns.items()
    ]
    source: sa.FromClause = choice
    key: sa.ColumnElement[str] = choice.c.record_key
    if holder.by is not None:
        rows = model_table(holder.table)
        source = choice.join(rows, _record_key(holder.table, rows) == choice.c.record_key)
        key = rows.c[holder.by]
    wanted = _is_one_of(choice, frozenset().union(*columns.values()))
    found = sa.select(key.label(HOLDER), *flags).select_from(source)
    return found.where(*_is_open(choice), choice.c.table_name == holder.table, wanted).group_by(key).subquery()


def _is_open(choice: sa.TableClause) -> tuple[sa.ColumnElement[bool], ...]:
    return choice.c.conflict, choice.c.status == sa.literal(OPEN)


def _is_one_of(choice: sa.TableClause, columns: frozenset[str]) -> sa.ColumnElement[bool]:
    return choice.c.column_name.in_([sa.literal(each) for each in sorted(columns)])


def _record_key(table: str, rows: sa.TableClause) -> sa.ColumnElement[str]:
    first, *others = (sa.cast(rows.c[name], sa.Text()) for name in TABLES[table].key)
    joined: sa.ColumnElement[str] = first
    for each in others:
        joined = joined + sa.literal("|") + each
    return joined


def tables_of_doubts(families: Sequence[Family], contested: Contested) -> frozenset[str]:
    """Tables that have to be there for conflicts to be seen from these families."""
    if not contested:
        return frozenset()
    doubts = (each for family in families for each in doubts_of_family(family, contested).values())
    return frozenset({CHOICES}).union(holder.table for each in doubts for holder in each)
