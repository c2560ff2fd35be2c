"""Whoever is resolved again brings her family along: a rule about one record reads others of the same family.

A rule may set a value aside, so that every record that a rule reads must stand as it was resolved, not as an earlier
run of the rules left it. The family of a record is what hangs on one mother, and whoever shares an NHS number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, LINKAGE_ZONE
from fhir_adapter.store.running import change
from indicator_engine.tables import TABLES


@dataclass(frozen=True, slots=True)
class Step:
    """From a record to another: rows of `table` name `entity` in `column`, and are themselves found by their key.

    up: from the row to what it names; else from what is named to the rows.
    """

    table: str
    column: str
    entity: str
    up: bool


def _up(table: str, column: str, entity: str) -> Step:
    return Step(table, column, entity, up=True)


def _down(table: str, column: str, entity: str) -> Step:
    return Step(table, column, entity, up=False)


# The order matters: up to the mother first, then down to all that hangs on her.
STEPS = (
    _up("mh_contact", "referral_key", "mh_referral"),
    _up("mh_referral", "pregnancy_key", "pregnancy"),
    _up("mh_referral", "mother_key", "person"),
    _up("neonatal_episode", "baby_key", "baby"),
    _up("hv_contact", "child_key", "person"),
    _up("hv_contact", "mother_key", "person"),
    _down("baby", "person_key", "person"),
    _up("care_plan", "pregnancy_key", "pregnancy"),
    _up("booking", "pregnancy_key", "pregnancy"),
    _up("baby", "delivery_key", "delivery"),
    _up("delivery", "pregnancy_key", "pregnancy"),
    _up("baby", "mother_key", "person"),
    _up("pregnancy", "mother_key", "person"),
    _down("pregnancy", "mother_key", "person"),
    _down("baby", "mother_key", "person"),
    _down("booking", "pregnancy_key", "pregnancy"),
    _down("delivery", "pregnancy_key", "pregnancy"),
    _down("baby", "delivery_key", "delivery"),
    _up("baby", "person_key", "person"),
    _down("neonatal_episode", "baby_key", "baby"),
    _down("hv_contact", "child_key", "person"),
    _down("mh_referral", "mother_key", "person"),
    _down("mh_referral", "pregnancy_key", "pregnancy"),
)


def note_families(connection: Connection) -> None:
    """Add to the dirty keys those of everybody in the families of those that are there."""
    change(connection, _sharers_sql(connection.dialect.name))
    for step in range(len(STEPS)):
        change(connection, _step_sql(step, connection.dialect.name))


@cache
def _step_sql(number: int, dialect_name: str) -> str:
    step = STEPS[number]
    table, twin = TABLES[step.table], SOURCE[step.table].alias("told")
    place = twin.c.record_key if len(table.key) == 1 else twin.c[twin_name(table.key[0])]
    named = twin.c.record_key if step.column == table.key[0] else twin.c[twin_name(step.column)]
    known = (step.entity, named), (entity_of(table), place)
    (to_entity, to_key), (from_entity, from_key) = known if step.up else known[::-1]
    return _noted(twin, from_entity, from_key, to_entity, to_key, dialect_name)


def _noted(
    twin: sa.FromClause,
    from_entity: str,
    from_key: sa.ColumnElement[str],
    to_entity: str,
    to_key: sa.ColumnElement[str],
    dialect_name: str,
) -> str:
    origin, goal = LINK.alias("origin_link"), LINK.alias("goal_link")
    is_origin = sa.and_(
        origin.c.entity == from_entity, origin.c.source == twin.c.source, origin.c.source_key == from_key
    )
    is_goal = sa.and_(goal.c.entity == to_entity, goal.c.source == twin.c.source, goal.c.source_key == to_key)
    known = DIRTY_KEY.alias("known")
    reached = (
        sa.select(sa.literal(to_entity), goal.c.resolved_key)
        .select_from(origin.join(twin, is_origin).join(goal, is_goal))
        .where(
            _is_dirty(origin, from_entity),
            ~sa.exists().where(known.c.entity == to_entity, known.c.resolved_key == goal.c.resolved_key),
        )
        .distinct()
    )
    return literal_sql(sa.insert(DIRTY_KEY).from_select(["entity", "resolved_key"], reached), dialect_name)


@cache
def _sharers_sql(dialect_name: str) -> str:
    """Persons of whom a source gives the NHS number that it gives of a dirty one."""
    own, goal = LINK.alias("own_link"), LINK.alias("goal_link")
    held, other = LINKAGE_ZONE.alias("held"), LINKAGE_ZONE.alias("other")
    is_held = sa.and_(held.c.source == own.c.source, held.c.source_key == own.c.source_key)
    is_other = other.c.nhs_number_hmac == held.c.nhs_number_hmac
    is_goal = sa.and_(
        goal.c.entity == "person", goal.c.source == other.c.source, goal.c.source_key == other.c.source_key
    )
    known = DIRTY_KEY.alias("known")
    reached = (
        sa.select(sa.literal("person"), goal.c.resolved_key)
        .select_from(own.join(held, is_held).join(other, is_other).join(goal, is_goal))
        .where(
            own.c.entity == "person",
            _is_dirty(own, "person"),
            ~sa.exists().where(known.c.entity == "person", known.c.resolved_key == goal.c.resolved_key),
        )
        .distinct()
    )
    return literal_sql(sa.insert(DIRTY_KEY).from_select(["entity", "resolved_key"], reached), dialect_name)


def _is_dirty(link: sa.FromClause, entity: str) -> sa.ColumnElement[bool]:
    # a list in place of a join makes SQLite, which has no statistics, start from the few dirty keys
    return link.c.resolved_key.in_(sa.select(DIRTY_KEY.c.resolved_key).where(DIRTY_KEY.c.entity == entity))
