"""Lives cut into spells at the days on which a residence began: made once a run, joined once a family.

The first spell of a person is open to the past and the last to the future, so that one spell holds any given day.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.expression import FromClause

from indicator_engine.engines.expressions import Element
from indicator_engine.engines.model import SQL_TYPES, model_table
from indicator_engine.plan import MOTHER, Family
from indicator_engine.predicates import keys_of
from indicator_engine.tables import TABLES

SPELL = "residence_spell"
PERSON_KEY = "person_key"
BEGAN = "valid_from"
TABLE_OF = {MOTHER: "person", "residence": "residence"}


def spell_statement(families: Iterable[Family], of_people: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """SELECT of all spells, or of those people, with what the families read of the person and of the residence.

    began: when the residence did, null without one. begins: null where the spell is open to the past. ends: the first
    day of the next spell, null for the last.
    """
    read = sorted(key for key in _keys_read(families) if key.partition(".")[0] in TABLE_OF)
    person, residence = model_table("person"), model_table("residence")
    own, began = residence.c[PERSON_KEY], residence.c[BEGAN]
    of_residence = {PERSON_KEY, BEGAN} | {_column(key) for key in read if not key.startswith(f"{MOTHER}.")}
    cuts = sa.select(
        *(residence.c[name] for name in sorted(of_residence)),
        sa.func.lag(began).over(partition_by=own, order_by=began).label("earlier"),
        sa.func.lead(began).over(partition_by=own, order_by=began).label("ends"),
    )
    cut = (cuts if of_people is None else cuts.where(own.in_(of_people))).subquery("cut")
    columns = ((person if key.startswith(f"{MOTHER}.") else cut).c[_column(key)].label(_label(key)) for key in read)
    spells = sa.select(
        person.c[PERSON_KEY],
        *columns,
        cut.c[BEGAN].label("began"),
        sa.case((cut.c.earlier.is_not(None), cut.c[BEGAN])).label("begins"),
        cut.c.ends,
    ).select_from(person.outerjoin(cut, cut.c[PERSON_KEY] == person.c[PERSON_KEY]))
    return spells if of_people is None else spells.where(person.c[PERSON_KEY].in_(of_people))


def spell_table() -> sa.TableClause:
    """What the statement gives, once it is a table; a column that no family reads is not there."""
    told = (
        sa.column(_label(f"{name}.{column.name}"), SQL_TYPES.get(column.type, sa.String()))
        for name, table in TABLE_OF.items()
        for column in TABLES[table].columns
    )
    return sa.table(SPELL, *(sa.column(name, sa.String()) for name in (PERSON_KEY, "began", "begins", "ends")), *told)


def holds_day(spell: FromClause, day: Element) -> sa.ColumnElement[bool]:
    """Whether a spell holds a day: one of each person does."""
    return sa.and_(
        sa.or_(spell.c.begins.is_(None), spell.c.begins <= day), sa.or_(spell.c.ends.is_(None), spell.c.ends > day)
    )


def columns_on(spell: FromClause, day: Element) -> dict[str, Element]:
    """The mother and her residence on a day by key; before her first residence there is none."""
    mother = {f"{MOTHER}.{each.name}": spell.c[_label(f"{MOTHER}.{each.name}")] for each in TABLES["person"].columns}
    has_begun = spell.c.began <= day
    keys = [f"residence.{each.name}" for each in TABLES["residence"].columns]
    return {**mother, **{key: sa.case((has_begun, spell.c[_label(key)])) for key in keys}}


def _keys_read(families: Iterable[Family]) -> frozenset[str]:
    nodes = [node for family in families for node in family.nodes]
    return frozenset().union(*(keys_of(node) for node in nodes))


def _column(key: str) -> str:
    return key.partition(".")[2]


def _label(key: str) -> str:
    return key.replace(".", "_")
