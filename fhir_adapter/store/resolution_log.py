"""Choices on which sources differ: what each says, whose value counts and why, and what a person settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.contesting import DIFFERS, ONLY_ONE_SOURCE
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import FIELD_VALUE

AT_ONCE = 400  # conflicts whose candidates are looked up in one statement


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one source says of the cell. standing: counts, agrees, tolerated, differs or not-known."""

    source: str
    system: str
    source_key: str
    source_record_id: str | None
    value: str
    standing: str
    observed_at: str | None
    recorded_at: str | None
    received_at: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One recorded choice; see the table `resolution`. candidates: the one that counts by the rule comes first."""

    conflict_id: str
    table_name: str
    record_key: str
    column_name: str
    resolved_key: str
    chosen_source: str
    rule_id: str
    conflict: bool
    within_tolerance: bool
    reason: str
    candidate_count: int
    severity: str
    status: str
    settled_by: str | None
    settled_at: str | None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which choices are asked for; None stands for any. source: one that differs from what counts.

    everything: also differences within the tolerance, and cells that were measured or worked out.
    """

    table: str | None = None
    column: str | None = None
    severity: str | None = None
    status: str | None = None
    source: str | None = None
    everything: bool = False


def list_choices(
    connection: Connection, wanted: Wanted | None = None, *, limit: int | None = None, skip: int = 0
) -> tuple[Choice, ...]:
    """The choices asked for, by table, record and column, each with its candidates."""
    choice = RESOLVED["resolution"]
    order = (choice.c.table_name, choice.c.record_key, choice.c.column_name)
    found = sa.select(*_columns()).where(*_conditions(wanted or Wanted())).order_by(*order).offset(skip)
    rows = connection.execute(found if limit is None else found.limit(limit)).all()
    return _with_candidates(connection, [Choice(*tuple(row)) for row in rows])


def count_choices(connection: Connection, wanted: Wanted) -> int:
    """How many choices are as asked for."""
    choice = RESOLVED["resolution"]
    return connection.execute(sa.select(sa.func.count()).select_from(choice).where(*_conditions(wanted))).scalar_one()


def find_choice(connection: Connection, conflict_id: str) -> Choice | None:
    """One choice by its id."""
    choice = RESOLVED["resolution"]
    row = connection.execute(sa.select(*_columns()).where(choice.c.conflict_id == conflict_id)).first()
    return None if row is None else _with_candidates(connection, [Choice(*tuple(row))])[0]


def _columns() -> list[sa.Column[Any]]:
    return [RESOLVED["resolution"].c[each.name] for each in fields(Choice) if each.name != "candidates"]


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    choice = RESOLVED["resolution"]
    asked = {
        choice.c.table_name: wanted.table,
        choice.c.column_name: wanted.column,
        choice.c.severity: wanted.severity,
        choice.c.status: wanted.status,
    }
    conditions = [column == value for column, value in asked.items() if value is not None]
    if wanted.source is not None:
        said = FIELD_VALUE
        conditions.append(
            sa.exists().where(
                *(said.c[name] == choice.c[name] for name in ("table_name", "record_key", "column_name")),
                said.c.source == wanted.source,
                said.c.standing == DIFFERS,
            )
        )
    if not wanted.everything:
        conditions.append(
            sa.or_(choice.c.conflict, choice.c.reason == ONLY_ONE_SOURCE, choice.c.settled_by.is_not(None))
        )
    return conditions


def _with_candidates(connection: Connection, choices: Sequence[Choice]) -> tuple[Choice, ...]:
    said = FIELD_VALUE
    named = [said.c[each.name] for each in fields(Candidate)]
    by_cell: defaultdict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    for start in range(0, len(choices), AT_ONCE):
        keys = sorted({each.record_key for each in choices[start : start + AT_ONCE]})
        found = sa.select(said.c.table_name, said.c.record_key, said.c.column_name, *named)
        found = found.where(said.c.record_key.in_(keys)).order_by(said.c.record_key, said.c.position)
        told: defaultdict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
        for table, key, column, *cells in connection.execute(found):
            told[table, key, column].append(Candidate(*cells))
        by_cell.update(told)
    return tuple(_completed(each, by_cell[each.table_name, each.record_key, each.column_name]) for each in choices)


def _completed(choice: Choice, candidates: Sequence[Candidate]) -> Choice:
    return replace(choice, candidates=tuple(candidates))
