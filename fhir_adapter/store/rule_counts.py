"""How often each rule is broken, by source and site: names and counts, never values or records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import LINK, RECEIPT, RECEIPT_ISSUE, RULE_HIT
from fhir_adapter.store.rule_sql import checked_tables, reading_hits_sql
from indicator_engine.rules import Scope, shipped_rules
from indicator_engine.tables import TABLES

UNKNOWN = "unknown"
SEVERAL = "several"
MARK = "(rule {}, {})"  # as the mapper writes it at the end of an issue


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Records that break a rule. effect: of its condition. source: `several` where more than one told of a record."""

    rule: str
    severity: str
    effect: str
    table: str
    source: str
    site: str
    count: int


def count_hits(connection: Connection, *, as_of: str) -> tuple[RuleCount, ...]:
    """Every rule that is broken, in the order of the rules; what is judged on a day is judged on `as_of`."""
    found: Counter[tuple[str, str, str, str, str, str]] = Counter()
    for row in connection.execute(_counted()):
        found[tuple(row[:-1])] += int(row[-1])
    for table in checked_tables(Scope.READING):
        for row in connection.exec_driver_sql(reading_hits_sql(table, as_of, connection.dialect.name)):
            found[row.rule_id, row.severity, row.effect, table, UNKNOWN, UNKNOWN] += 1
    found += _at_intake(connection)
    return tuple(RuleCount(*key, count) for key, count in sorted(found.items()))


def _counted() -> sa.Select[Any]:
    """Hits with the source and the site of their records, counted."""
    labelled = sa.select(
        RULE_HIT.c.rule_id,
        RULE_HIT.c.severity,
        RULE_HIT.c.effect,
        RULE_HIT.c.table_name,
        sa.func.coalesce(_source(), UNKNOWN).label("source"),
        sa.func.coalesce(_site(), UNKNOWN).label("site"),
    ).subquery("labelled")
    return sa.select(*labelled.c, sa.func.count()).group_by(*labelled.c)


def _source() -> sa.ScalarSelect[Any]:
    entities = {name: entity_of(TABLES[name]) for name in dict.fromkeys(table for table in TABLES)}
    entity = sa.case(entities, value=RULE_HIT.c.table_name)
    sources = sa.func.count(LINK.c.source.distinct())
    told = sa.case((sources > 1, SEVERAL), else_=sa.func.min(LINK.c.source))
    is_own = (LINK.c.resolved_key == RULE_HIT.c.of_key, LINK.c.entity == entity)
    return sa.select(told).where(*is_own).scalar_subquery()


def _site() -> sa.ColumnElement[Any]:
    """Where the table of the record, or the delivery of the baby, names one."""
    baby, delivery, booking = (RESOLVED[name] for name in ("baby", "delivery", "booking"))
    key = RULE_HIT.c.of_key
    of_baby = (
        sa.select(sa.func.coalesce(delivery.c.site_code, baby.c.site_code))
        .select_from(baby.outerjoin(delivery, delivery.c.delivery_key == baby.c.delivery_key))
        .where(baby.c.baby_key == key)
    )
    found = {
        "baby": of_baby,
        "delivery": sa.select(delivery.c.site_code).where(delivery.c.delivery_key == key),
        "booking": sa.select(booking.c.site_code).where(booking.c.booking_key == key),
    }
    return sa.case(*((RULE_HIT.c.table_name == name, each.scalar_subquery()) for name, each in found.items()))


def _at_intake(connection: Connection) -> Counter[tuple[str, str, str, str, str, str]]:
    """Issues of the intake that are hits of a rule: those of its codes that name it, or all of a code of its own."""
    found: Counter[tuple[str, str, str, str, str, str]] = Counter()
    for rule in shipped_rules().values():
        for issue in rule.issues:
            table, _, _ = (issue.column or "person.").partition(".")
            for source, count in connection.exec_driver_sql(
                _issues_sql(rule.id, issue.code, issue.column, connection.dialect.name)
            ):
                found[rule.id, str(rule.severity), "null", table, source, UNKNOWN] += int(count)
    return found


@cache
def _issues_sql(rule: str, code: str, column: str | None, dialect_name: str) -> str:
    is_hit = [RECEIPT_ISSUE.c.code == code]
    if column is not None:
        is_hit.append(RECEIPT_ISSUE.c.text.contains(MARK.format(rule, column)))
    counted = (
        sa.select(RECEIPT.c.source_name, sa.func.count())
        .join_from(RECEIPT_ISSUE, RECEIPT, RECEIPT.c.id == RECEIPT_ISSUE.c.receipt_id)
        .where(*is_hit)
        .group_by(RECEIPT.c.source_name)
    )
    return literal_sql(counted, dialect_name)
