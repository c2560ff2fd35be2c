"""Cores: entries that share an NHS number or a local number, in set-based SQL, and what SQL alone cannot settle.

Every step works on the touched entries alone, or on all. The touched ones are first completed to everybody who shares
a number with them, so that a core is always worked out whole and never depends on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import BoundText, bound_text, is_listed, listed, listed_places, literal_sql
from fhir_adapter.store.linkage_schema import LINK_DECISION, LINK_KIN, LINK_TOUCHED
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import LINKAGE_ZONE
from fhir_adapter.store.running import change, fetch

ZONE = LINKAGE_ZONE
ASKED_AT_ONCE = 500  # receipts in one list of a statement
BY_NUMBER, BY_LOCAL_ID, BY_SOURCE_KEY = "nhs-number", "local-id", "source-key"
REFUSED, SEPARATED = "refused", "separated"
SHARED = ("nhs_number_hmac", "local_id_hmac", "core_key")
PEOPLE_NAMED: tuple[tuple[str, str], ...] = (
    ("person", "record_key"),
    ("baby", "person_key"),
    ("baby", "mother_key"),
    ("hv_contact", "child_key"),
    ("hv_contact", "mother_key"),
)


@dataclass(frozen=True, slots=True)
class CoreMember:
    """What tells whether an entry belongs to the others that share its number. All but the keys are digests."""

    entry_key: str
    group: str
    core_key: str
    sex: str | None
    birth_date: str | None
    birth_eve: str | None
    birth_parts: tuple[str | None, str | None, str | None]
    given_sound: str | None = None


def touch_entries(connection: Connection, entry_keys: Iterable[str]) -> None:
    """Note entries to be linked again."""
    rows = [{"entry_key": each} for each in entry_keys]
    if rows:
        connection.execute(sa.insert(LINK_TOUCHED), rows)


def touch_people_of(connection: Connection, receipt_ids: Sequence[str]) -> None:
    """Note everybody whom a row of these receipts names."""
    for start in range(0, len(receipt_ids), ASKED_AT_ONCE):
        asked = receipt_ids[start : start + ASKED_AT_ONCE]
        named = _touch_named(listed_places(asked), connection.dialect.name)
        change(connection, named.text, named.parameters(listed(asked)))


def touch_all_who_share(connection: Connection) -> None:
    """Complete the touched entries to everybody who shares a number or a core with one of them."""
    found = 1
    while found:
        found = sum(change(connection, _spread_sql(name, connection.dialect.name)) for name in SHARED)


def note_kin(connection: Connection, *, only_touched: bool) -> None:
    """Note which entries are mother and child, as the sources' own rows say."""
    gone = sa.delete(LINK_KIN)
    if only_touched:
        gone = gone.where(sa.or_(is_touched(LINK_KIN.c.child_entry), is_touched(LINK_KIN.c.mother_entry)))
    connection.execute(gone)
    # a row may come before the identifiers of either, so that whoever is touched may be the child or the mother
    for table in KIN_TABLES:
        for touched_side in ("child", "mother") if only_touched else (None,):
            change(connection, _kin_sql(table, touched_side, connection.dialect.name))


def touch_kin(connection: Connection) -> None:
    """Note mothers and children of the touched entries, whose pairs may rest on them."""
    for near, far in (("child_entry", "mother_entry"), ("mother_entry", "child_entry")):
        change(connection, _touch_kin_sql(near, far, connection.dialect.name))


def start_cores(connection: Connection, *, only_touched: bool) -> None:
    """Give every entry the core of its NHS number, or its own; those whom people separated stand alone."""
    change(connection, _start_sql(only_touched, connection.dialect.name))
    change(connection, _separated_sql(only_touched, connection.dialect.name))


def doubtful_numbers(connection: Connection, *, only_touched: bool) -> list[CoreMember]:
    """Members of every NHS number whose entries differ in birth date or sex, number by number."""
    return _members(connection, _doubtful_sql(only_touched, connection.dialect.name))


def shared_local_ids(connection: Connection, *, only_touched: bool) -> list[CoreMember]:
    """Members of every local number that somebody without NHS number shares, number by number."""
    return _members(connection, _sharing_sql(only_touched, connection.dialect.name))


def move_to_cores(connection: Connection, moved: Sequence[tuple[str, str]], pass_name: str) -> None:
    """Give entries another core: (entry, core)."""
    rows = [{"asked": entry, "core": core, "by": pass_name} for entry, core in moved]
    if rows:
        connection.execute(_MOVE, rows)


def is_touched(entry_key: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether an entry is one of the touched."""
    return entry_key.in_(sa.select(LINK_TOUCHED.c.entry_key))


_MOVE = (
    sa.update(ZONE)
    .where(ZONE.c.entry_key == sa.bindparam("asked"))
    .values(core_key=sa.bindparam("core"), core_pass=sa.bindparam("by"))
)
KIN_TABLES: dict[str, tuple[str, str]] = {
    "baby": ("person_key", "mother_key"),
    "hv_contact": ("child_key", "mother_key"),
}


@cache
def _touch_named(receipts: int, dialect_name: str) -> BoundText:
    found = sa.union(*(_named(table, column, receipts) for table, column in PEOPLE_NAMED))
    return bound_text(sa.insert(LINK_TOUCHED).from_select(["entry_key"], found), dialect_name)


def _named(table: str, column: str, receipts: int) -> sa.Select[str]:
    twin = SOURCE[table]
    is_named = sa.and_(ZONE.c.source_key == twin.c[column], ZONE.c.source == twin.c.source)
    return sa.select(ZONE.c.entry_key).join_from(twin, ZONE, is_named).where(is_listed(twin.c.receipt_id, receipts))


@cache
def _spread_sql(column: str, dialect_name: str) -> str:
    touched, mate = ZONE.alias("touched"), ZONE.alias("mate")
    found = (
        sa.select(mate.c.entry_key)
        .join_from(touched, mate, touched.c[column] == mate.c[column])
        .where(is_touched(touched.c.entry_key), ~is_touched(mate.c.entry_key))
        .distinct()
    )
    return literal_sql(sa.insert(LINK_TOUCHED).from_select(["entry_key"], found), dialect_name)


@cache
def _kin_sql(table: str, touched_side: str | None, dialect_name: str) -> str:
    twin, child, mother = SOURCE[table], ZONE.alias("child"), ZONE.alias("mother")
    child_column, mother_column = KIN_TABLES[table]
    is_child = sa.and_(child.c.source_key == twin.c[child_column], child.c.source == twin.c.source)
    is_mother = sa.and_(mother.c.source_key == twin.c[mother_column], mother.c.source == twin.c.source)
    known = sa.exists().where(
        LINK_KIN.c.child_entry == child.c.entry_key, LINK_KIN.c.mother_entry == mother.c.entry_key
    )
    found = (
        sa.select(child.c.entry_key, mother.c.entry_key)
        .select_from(twin.join(child, is_child).join(mother, is_mother))
        .where(~known)
        .distinct()
    )
    if touched_side is not None:
        found = found.where(is_touched({"child": child, "mother": mother}[touched_side].c.entry_key))
    return literal_sql(sa.insert(LINK_KIN).from_select(["child_entry", "mother_entry"], found), dialect_name)


@cache
def _touch_kin_sql(near: str, far: str, dialect_name: str) -> str:
    found = sa.select(LINK_KIN.c[far]).where(is_touched(LINK_KIN.c[near]), ~is_touched(LINK_KIN.c[far])).distinct()
    return literal_sql(sa.insert(LINK_TOUCHED).from_select(["entry_key"], found), dialect_name)


@cache
def _start_sql(only_touched: bool, dialect_name: str) -> str:
    by = sa.case((ZONE.c.nhs_number_hmac.is_not(None), BY_NUMBER), else_=BY_SOURCE_KEY)
    started = sa.update(ZONE).values(core_key=ZONE.c.person_key, core_pass=by)
    return literal_sql(started.where(is_touched(ZONE.c.entry_key)) if only_touched else started, dialect_name)


@cache
def _separated_sql(only_touched: bool, dialect_name: str) -> str:
    decided = sa.select(LINK_DECISION.c.left_entry).where(
        LINK_DECISION.c.kind == "separate", LINK_DECISION.c.revoked_at.is_(None)
    )
    apart = sa.update(ZONE).where(ZONE.c.entry_key.in_(decided)).values(core_key=ZONE.c.entry_key, core_pass=SEPARATED)
    return literal_sql(apart.where(is_touched(ZONE.c.entry_key)) if only_touched else apart, dialect_name)


@cache
def _doubtful_sql(only_touched: bool, dialect_name: str) -> str:
    differs = sa.or_(
        sa.func.min(ZONE.c.birth_date_hmac) != sa.func.max(ZONE.c.birth_date_hmac),
        sa.func.min(ZONE.c.sex) != sa.func.max(ZONE.c.sex),
    )
    groups = sa.select(ZONE.c.person_key).where(ZONE.c.core_pass == BY_NUMBER)
    if only_touched:
        groups = groups.where(is_touched(ZONE.c.entry_key))
    doubtful = groups.group_by(ZONE.c.person_key).having(differs)
    member = ZONE.alias("member")
    found = _columns(member, member.c.person_key).where(
        member.c.person_key.in_(doubtful), member.c.core_pass == BY_NUMBER
    )
    return literal_sql(found.order_by(member.c.person_key, member.c.entry_key), dialect_name)


@cache
def _sharing_sql(only_touched: bool, dialect_name: str) -> str:
    groups = sa.select(ZONE.c.local_id_hmac).where(ZONE.c.core_pass == BY_SOURCE_KEY, ZONE.c.local_id_hmac.is_not(None))
    if only_touched:
        groups = groups.where(is_touched(ZONE.c.entry_key))
    member, mate = ZONE.alias("member"), ZONE.alias("mate")
    takes_part = member.c.core_pass.in_((BY_NUMBER, BY_SOURCE_KEY))
    has_mate = sa.exists().where(mate.c.local_id_hmac == member.c.local_id_hmac, mate.c.entry_key != member.c.entry_key)
    found = _columns(member, member.c.local_id_hmac).where(member.c.local_id_hmac.in_(groups), takes_part, has_mate)
    return literal_sql(found.order_by(member.c.local_id_hmac, member.c.entry_key), dialect_name)


def _columns(member: sa.FromClause, group: sa.ColumnElement[str]) -> sa.Select[Any]:
    names = ("core_key", "sex", "birth_date_hmac", "birth_eve_hmac", "birth_year_hmac", "birth_month_hmac")
    last = (member.c.birth_day_hmac, member.c.given_sound_hmac)
    return sa.select(member.c.entry_key, group, *(member.c[name] for name in names), *last)


def _members(connection: Connection, text: str) -> list[CoreMember]:
    return [
        CoreMember(entry, group, core, sex, birth_date, eve, (year, month, day), given_sound)
        for entry, group, core, sex, birth_date, eve, year, month, day, given_sound in fetch(connection, text)
    ]
