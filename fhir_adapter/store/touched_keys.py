"""From the receipts that came in to the source keys, and then the resolved keys, that must be resolved again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import BoundText, bound_text, is_listed, listed, listed_places, literal_sql
from fhir_adapter.store.entities import CLINICAL_TABLES, entity_of, own_key
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import DIRTY_KEY, LINK, TOUCHED_KEY
from fhir_adapter.store.running import change, fetch
from indicator_engine.tables import TABLES

ASKED_AT_ONCE = 500  # receipts in one list of a statement
# What else must be looked at when a key is touched: (touched entity, table, column that holds it, entity to touch).
# The order matters: a birth names its delivery, the delivery its pregnancy, and those then name all that hangs on them.
SPREAD: tuple[tuple[str, str, str, str], ...] = (
    ("person", "baby", "person_key", "baby"),
    ("person", "baby", "mother_key", "baby"),
    ("baby", "baby", "baby_key", "delivery"),
    ("person", "pregnancy", "mother_key", "pregnancy"),
    ("delivery", "baby", "delivery_key", "baby"),
    ("delivery", "delivery", "delivery_key", "pregnancy"),
    ("pregnancy", "delivery", "pregnancy_key", "delivery"),
    ("delivery", "baby", "delivery_key", "baby"),
    ("pregnancy", "booking", "pregnancy_key", "booking"),
    ("pregnancy", "care_plan", "pregnancy_key", "care_plan"),
    ("pregnancy", "mh_referral", "pregnancy_key", "mh_referral"),
    ("person", "mh_referral", "mother_key", "mh_referral"),
    ("person", "hv_contact", "child_key", "hv_contact"),
    ("person", "hv_contact", "mother_key", "hv_contact"),
    ("baby", "neonatal_episode", "baby_key", "neonatal_episode"),
)


def touch_receipts(connection: Connection, receipt_ids: Sequence[str]) -> None:
    """Note the source keys of every row of these receipts."""
    for start in range(0, len(receipt_ids), ASKED_AT_ONCE):
        asked = receipt_ids[start : start + ASKED_AT_ONCE]
        seeds = _seeds(listed_places(asked), connection.dialect.name)
        change(connection, seeds.text, seeds.parameters(listed(asked)))


def touch_dependents(connection: Connection) -> None:
    """Note all that depends on the touched keys, and deliveries that were or will be one with a touched one.

    Deliveries are one when they share a baby, through any number of others.
    """
    spread: dict[int, int] = {}
    _spread(connection, spread)
    found = 1
    while found:
        found = sum(change(connection, each) for each in _shared_sql(connection.dialect.name))
        _spread(connection, spread)


def _spread(connection: Connection, spread: dict[int, int]) -> None:
    """Take every step once that may find something. spread: by step, of how many keys it started the last time."""
    known: Counter[str] = Counter(dict(fetch(connection, _COUNT)))
    for step, (touched, _, _, gives) in enumerate(SPREAD):
        if known[touched] != spread.get(step, 0):
            spread[step] = known[touched]
            known[gives] += change(connection, _spread_sql(step, connection.dialect.name))


def note_dirty_keys(connection: Connection) -> None:
    """Note the resolved keys that the touched source keys have at this moment."""
    change(connection, _dirty_sql(connection.dialect.name))


def dirty_entities(connection: Connection) -> frozenset[str]:
    """Entities that have at least one key to resolve again."""
    return frozenset(entity for (entity,) in fetch(connection, _DIRTY_ENTITIES))


def forget_touched_keys(connection: Connection) -> None:
    """Empty both working tables."""
    change(connection, "DELETE FROM touched_key")
    change(connection, "DELETE FROM dirty_key")


_COUNT = "SELECT entity, count(*) FROM touched_key GROUP BY entity"
_DIRTY_ENTITIES = "SELECT DISTINCT entity FROM dirty_key"


@cache
def _seeds(receipts: int, dialect_name: str) -> BoundText:
    found = [each for table in CLINICAL_TABLES for each in _seeds_in(table.name, receipts)]
    seeds = sa.insert(TOUCHED_KEY).from_select(["entity", "source", "source_key"], sa.union(*found))
    return bound_text(seeds, dialect_name)


def _seeds_in(table_name: str, receipts: int) -> list[sa.Select[tuple[str, ...]]]:
    twin = SOURCE[table_name]
    table = TABLES[table_name]
    of_receipts = is_listed(twin.c.receipt_id, receipts)
    found = [_touch(twin, entity_of(table), own_key(table), of_receipts)]
    if table_name == "baby":
        found.append(_touch(twin, "person", "person_key", of_receipts))
        found.append(_touch(twin, "delivery", "delivery_key", of_receipts))
    if table_name in ("delivery", "booking"):
        # a booking may be all that tells of its pregnancy
        found.append(_touch(twin, "pregnancy", "pregnancy_key", of_receipts))
    if table_name == "neonatal_episode":
        # how a baby was fed on its way home is the word of the unit that sent it there
        found.append(_touch(twin, "baby", "baby_key", of_receipts))
    if table_name == "mh_contact":
        found.append(_touch(twin, "mh_referral", "referral_key", of_receipts))
    return found


def _touch(twin: sa.Table, entity: str, column: str, condition: sa.ColumnElement[bool]) -> sa.Select[tuple[str, ...]]:
    key = twin.c[column]
    return sa.select(sa.literal(entity), twin.c.source, key).where(condition, key.is_not(None)).distinct()


@cache
def _spread_sql(step: int, dialect_name: str) -> str:
    touched_entity, table_name, column, entity = SPREAD[step]
    twin = SOURCE[table_name]
    # a delivery names its pregnancy by another column than its key, and so does a birth its delivery
    named = {"pregnancy": "pregnancy_key", "delivery": "delivery_key"}
    gives = named.get(entity, own_key(TABLES[table_name])) if entity != table_name else own_key(TABLES[table_name])
    touched = TOUCHED_KEY.alias("touched")
    known = TOUCHED_KEY.alias("known")
    is_known = sa.exists().where(
        known.c.entity == entity, known.c.source == twin.c.source, known.c.source_key == twin.c[gives]
    )
    found = (
        sa.select(sa.literal(entity), twin.c.source, twin.c[gives])
        .join_from(
            touched,
            twin,
            sa.and_(twin.c.source == touched.c.source, _key_is(twin, TABLES[table_name].key, column, touched)),
        )
        .where(touched.c.entity == touched_entity, twin.c[gives].is_not(None), ~is_known)
        .distinct()
    )
    return literal_sql(sa.insert(TOUCHED_KEY).from_select(["entity", "source", "source_key"], found), dialect_name)


def _key_is(twin: sa.Table, key: tuple[str, ...], column: str, touched: sa.FromClause) -> sa.ColumnElement[bool]:
    # a single key is found through the primary key of the twin
    place = "record_key" if key == (column,) else column
    return twin.c[place] == touched.c.source_key


@cache
def _shared_sql(dialect_name: str) -> tuple[str, str]:
    return tuple(  # type: ignore[return-value]  # there are two
        literal_sql(sa.insert(TOUCHED_KEY).from_select(["entity", "source", "source_key"], found), dialect_name)
        for found in (_same_delivery_before(), _same_baby_now())
    )


def _same_delivery_before() -> sa.Select[str, str, str]:
    """Deliveries whose link stands for the delivery that a touched one stands for."""
    touched, mine, theirs = TOUCHED_KEY.alias("touched"), LINK.alias("mine"), LINK.alias("theirs")
    return (
        sa.select(sa.literal("delivery"), theirs.c.source, theirs.c.source_key)
        .select_from(
            touched.join(mine, _is_link(mine, "delivery", touched.c.source, touched.c.source_key)).join(
                theirs, sa.and_(theirs.c.resolved_key == mine.c.resolved_key, theirs.c.entity == "delivery")
            )
        )
        .where(touched.c.entity == "delivery", ~_is_known("delivery", theirs.c.source, theirs.c.source_key))
        .distinct()
    )


def _same_baby_now() -> sa.Select[str, str, str]:
    """Deliveries that have a baby in common with a touched one, by the links of persons."""
    touched, mine, theirs = TOUCHED_KEY.alias("touched"), LINK.alias("mine"), LINK.alias("theirs")
    my_baby, their_baby = SOURCE["baby"].alias("my_baby"), SOURCE["baby"].alias("their_baby")
    of_delivery = sa.and_(my_baby.c.delivery_key == touched.c.source_key, my_baby.c.source == touched.c.source)
    of_person = sa.and_(their_baby.c.person_key == theirs.c.source_key, their_baby.c.source == theirs.c.source)
    return (
        sa.select(sa.literal("delivery"), their_baby.c.source, their_baby.c.delivery_key)
        .select_from(
            touched.join(my_baby, of_delivery)
            .join(mine, _is_link(mine, "person", my_baby.c.source, my_baby.c.person_key))
            .join(theirs, sa.and_(theirs.c.resolved_key == mine.c.resolved_key, theirs.c.entity == "person"))
            .join(their_baby, of_person)
        )
        .where(
            touched.c.entity == "delivery",
            their_baby.c.delivery_key.is_not(None),
            ~_is_known("delivery", their_baby.c.source, their_baby.c.delivery_key),
        )
        .distinct()
    )


def _is_link(
    link: sa.FromClause, entity: str, source: sa.ColumnElement[str], key: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    return sa.and_(link.c.entity == entity, link.c.source == source, link.c.source_key == key)


def _is_known(entity: str, source: sa.ColumnElement[str], key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    known = TOUCHED_KEY.alias("known")
    return sa.exists().where(known.c.entity == entity, known.c.source == source, known.c.source_key == key)


@cache
def _dirty_sql(dialect_name: str) -> str:
    is_touched = sa.and_(
        LINK.c.entity == TOUCHED_KEY.c.entity,
        LINK.c.source == TOUCHED_KEY.c.source,
        LINK.c.source_key == TOUCHED_KEY.c.source_key,
    )
    # an outer join makes SQLite, which has no statistics, start from the few touched keys
    joined = TOUCHED_KEY.outerjoin(LINK, is_touched)
    key = sa.func.coalesce(LINK.c.resolved_key, TOUCHED_KEY.c.source_key)
    now = sa.select(TOUCHED_KEY.c.entity, key).select_from(joined).distinct()
    return literal_sql(sa.insert(DIRTY_KEY).from_select(["entity", "resolved_key"], now), dialect_name)
