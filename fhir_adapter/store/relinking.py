"""Links of what is not a person, worked out from those of the persons.

A delivery is known by the smallest key of its babies. Deliveries that share a baby are one, through any number of
others: of twins a neonatal unit may know the second alone. A pregnancy is known by its delivery, a booking by its
pregnancy. What no rule reaches keeps the key of its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import INSERTS, literal_sql
from fhir_adapter.store.entities import CLINICAL_TABLES, entity_of, own_key
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import LINK, TOUCHED_KEY
from fhir_adapter.store.running import change
from indicator_engine.tables import TABLES

LINK_COLUMNS = ["entity", "source", "source_key", "resolved_key", "pass_name"]
OWN_KEY_ENTITIES = tuple(
    table.name
    for table in CLINICAL_TABLES
    if entity_of(table) == table.name and table.name not in ("person", "baby", "delivery", "pregnancy", "booking")
)
Found = sa.Select[str, str, str, str, str]


def relink(connection: Connection, *, only_touched: bool) -> None:
    """Work out the links of every entity but persons, of the touched source keys or of all."""
    if not only_touched:
        connection.execute(sa.delete(LINK).where(LINK.c.entity != "person"))
    for name in RULES:
        changed = change(connection, _relink_sql(name, only_touched, connection.dialect.name))
        while name in UNTIL_STILL and changed:
            changed = change(connection, _relink_sql(name, only_touched, connection.dialect.name))


def _unlinked_persons(table_name: str) -> Callable[[bool], Found]:
    def rule(only_touched: bool) -> Found:
        twin = SOURCE[table_name]
        key = _place(table_name, "person_key")
        link = LINK.alias("person_link")
        is_linked = sa.exists().where(
            link.c.entity == "person", link.c.source == twin.c.source, link.c.source_key == key
        )
        found = _link("person", twin.c.source, key, key, "source-key").where(key.is_not(None), ~is_linked)
        return _narrowed(found, "person", twin.c.source, key, only_touched).distinct()

    return rule


def _babies(only_touched: bool) -> Found:
    twin = SOURCE["baby"]
    person = _person_link(twin)
    key = sa.func.min(sa.func.coalesce(person.c.resolved_key, twin.c.record_key))
    found = _link("baby", twin.c.source, twin.c.record_key, key, "person")
    found = found.select_from(twin.outerjoin(person, _is_person(person, twin)))
    found = _narrowed(found, "baby", twin.c.source, twin.c.record_key, only_touched)
    return found.group_by(twin.c.source, twin.c.record_key)


def _deliveries_by_babies(only_touched: bool) -> Found:
    twin = SOURCE["baby"]
    person = _person_link(twin)
    key = sa.literal("d-") + sa.func.min(sa.func.coalesce(person.c.resolved_key, twin.c.person_key))
    found = _link("delivery", twin.c.source, twin.c.delivery_key, key, "babies")
    found = found.select_from(twin.outerjoin(person, _is_person(person, twin)))
    found = found.where(twin.c.delivery_key.is_not(None), twin.c.person_key.is_not(None))
    found = _narrowed(found, "delivery", twin.c.source, twin.c.delivery_key, only_touched)
    return found.group_by(twin.c.source, twin.c.delivery_key)


def _deliveries_by_shared_babies(only_touched: bool) -> Found:
    """The smallest key among the deliveries that share a baby: one step, to be repeated until nothing changes."""
    mine, theirs = SOURCE["baby"].alias("mine"), SOURCE["baby"].alias("theirs")
    my_person, their_person = LINK.alias("my_person"), LINK.alias("their_person")
    of_mine, of_theirs = LINK.alias("of_mine"), LINK.alias("of_theirs")
    key = sa.func.min(of_theirs.c.resolved_key)
    found = _link("delivery", mine.c.source, mine.c.delivery_key, key, "shared-babies")
    found = found.select_from(
        mine.join(of_mine, _is_linked(of_mine, "delivery", mine, mine.c.delivery_key))
        .join(my_person, _is_linked(my_person, "person", mine, mine.c.person_key))
        .join(
            their_person,
            sa.and_(their_person.c.resolved_key == my_person.c.resolved_key, their_person.c.entity == "person"),
        )
        .join(
            theirs, sa.and_(theirs.c.person_key == their_person.c.source_key, theirs.c.source == their_person.c.source)
        )
        .join(of_theirs, _is_linked(of_theirs, "delivery", theirs, theirs.c.delivery_key))
    )
    found = _narrowed(found, "delivery", mine.c.source, mine.c.delivery_key, only_touched)
    # a delivery that holds the smallest key already is left alone, so that the steps come to an end
    return found.group_by(mine.c.source, mine.c.delivery_key).having(key < sa.func.min(of_mine.c.resolved_key))


def _deliveries_without_babies(only_touched: bool) -> Found:
    twin = SOURCE["delivery"]
    baby = SOURCE["baby"].alias("known_baby")
    key = twin.c.record_key
    has_babies = sa.exists().where(
        baby.c.source == twin.c.source, baby.c.delivery_key == key, baby.c.person_key.is_not(None)
    )
    found = _link("delivery", twin.c.source, key, sa.literal("d-") + key, "source-key").where(~has_babies)
    return _narrowed(found, "delivery", twin.c.source, key, only_touched).distinct()


def _pregnancies_by_delivery(only_touched: bool) -> Found:
    twin = SOURCE["delivery"]
    delivery = LINK.alias("delivery_link")
    delivery_key = sa.func.coalesce(delivery.c.resolved_key, sa.literal("d-") + twin.c.record_key)
    key = sa.literal("p-") + sa.func.substr(sa.func.min(delivery_key), 3)
    found = _link("pregnancy", twin.c.source, twin.c.pregnancy_key, key, "delivery")
    found = found.select_from(twin.outerjoin(delivery, _is_linked(delivery, "delivery", twin, twin.c.record_key)))
    found = found.where(twin.c.pregnancy_key.is_not(None))
    found = _narrowed(found, "pregnancy", twin.c.source, twin.c.pregnancy_key, only_touched)
    return found.group_by(twin.c.source, twin.c.pregnancy_key)


def _pregnancies_without_delivery(table_name: str) -> Callable[[bool], Found]:
    def rule(only_touched: bool) -> Found:
        twin = SOURCE[table_name]
        delivery = SOURCE["delivery"].alias("known_delivery")
        key = _place(table_name, "pregnancy_key")
        has_delivery = sa.exists().where(delivery.c.source == twin.c.source, delivery.c.pregnancy_key == key)
        found = _link("pregnancy", twin.c.source, key, sa.literal("p-") + key, "source-key")
        found = found.where(key.is_not(None), ~has_delivery)
        return _narrowed(found, "pregnancy", twin.c.source, key, only_touched).distinct()

    return rule


def _bookings(only_touched: bool) -> Found:
    twin = SOURCE["booking"]
    pregnancy = LINK.alias("pregnancy_link")
    key = sa.literal("b-") + sa.func.min(sa.func.coalesce(pregnancy.c.resolved_key, twin.c.record_key))
    found = _link("booking", twin.c.source, twin.c.record_key, key, "pregnancy")
    found = found.select_from(twin.outerjoin(pregnancy, _is_linked(pregnancy, "pregnancy", twin, twin.c.pregnancy_key)))
    found = _narrowed(found, "booking", twin.c.source, twin.c.record_key, only_touched)
    return found.group_by(twin.c.source, twin.c.record_key)


def _own_key(table_name: str) -> Callable[[bool], Found]:
    def rule(only_touched: bool) -> Found:
        twin = SOURCE[table_name]
        table = TABLES[table_name]
        key = _place(table_name, own_key(table))
        found = _link(entity_of(table), twin.c.source, key, key, "source-key")
        return _narrowed(found, entity_of(table), twin.c.source, key, only_touched).distinct()

    return rule


RULES: Mapping[str, Callable[[bool], Found]] = {
    "persons": _unlinked_persons("person"),
    "residents": _unlinked_persons("residence"),
    "baby persons": _unlinked_persons("baby"),
    "babies": _babies,
    "deliveries by babies": _deliveries_by_babies,
    "deliveries by shared babies": _deliveries_by_shared_babies,
    "deliveries without babies": _deliveries_without_babies,
    "pregnancies by delivery": _pregnancies_by_delivery,
    "pregnancies without delivery": _pregnancies_without_delivery("pregnancy"),
    "bookings without pregnancy": _pregnancies_without_delivery("booking"),
    "bookings": _bookings,
    **{f"{name} by own key": _own_key(name) for name in OWN_KEY_ENTITIES},
    # days of a stay that has not come yet
    "stays by their days": _own_key("neonatal_day"),
}


UNTIL_STILL = frozenset({"deliveries by shared babies"})


@cache
def _relink_sql(rule: str, only_touched: bool, dialect_name: str) -> str:
    insert = INSERTS[dialect_name](LINK).from_select(LINK_COLUMNS, RULES[rule](only_touched))
    return literal_sql(_replacing(insert), dialect_name)


def _replacing(insert: sqlite.Insert | postgresql.Insert) -> sa.Insert:
    taken = {name: insert.excluded[name] for name in ("resolved_key", "pass_name")}
    return insert.on_conflict_do_update(
        index_elements=["entity", "source", "source_key"],
        set_=taken,
        where=LINK.c.resolved_key != insert.excluded.resolved_key,
    )


def _link(
    entity: str,
    source: sa.ColumnElement[str],
    source_key: sa.ColumnElement[str],
    resolved_key: sa.ColumnElement[str],
    pass_name: str,
) -> Found:
    return sa.select(
        sa.literal(entity).label("entity"),
        source.label("source"),
        source_key.label("source_key"),
        resolved_key.label("resolved_key"),
        sa.literal(pass_name).label("pass_name"),
    )


def _person_link(twin: sa.Table) -> sa.FromClause:
    return LINK.alias(f"person_of_{twin.name}")


def _is_person(person: sa.FromClause, twin: sa.Table) -> sa.ColumnElement[bool]:
    return _is_linked(person, "person", twin, twin.c.person_key)


def _is_linked(
    link: sa.FromClause, entity: str, twin: sa.FromClause, key: sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    return sa.and_(link.c.entity == entity, link.c.source == twin.c.source, link.c.source_key == key)


def _place(table_name: str, column: str) -> sa.ColumnElement[str]:
    # a single key is found through the primary key of the twin
    is_single_key = TABLES[table_name].key == (column,)
    return SOURCE[table_name].c["record_key" if is_single_key else column]


def _narrowed(
    found: Found, entity: str, source: sa.ColumnElement[str], key: sa.ColumnElement[str], only_touched: bool
) -> Found:
    # SQLite takes ON CONFLICT after a bare FROM for a join, so a condition always stands between the two
    if not only_touched:
        return found.where(source.is_not(None))
    touched = sa.select(TOUCHED_KEY.c.source, TOUCHED_KEY.c.source_key).where(TOUCHED_KEY.c.entity == entity)
    return found.where(sa.tuple_(source, key).in_(touched))
