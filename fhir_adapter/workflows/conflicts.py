"""The worklist: where sources differ, what each says, in which system to correct it, and what a person settles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from nhs_number.validate import is_valid
from sqlalchemy.engine import Connection, Engine

from fhir_adapter.errors import ConflictUnknown, SettlementRefused
from fhir_adapter.store.code_sets import in_order
from fhir_adapter.store.contesting import DIFFERS
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.entities import entity_of
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import DIRTY_KEY
from fhir_adapter.store.resolution_log import Candidate, Choice, Wanted, count_choices, find_choice, list_choices
from fhir_adapter.store.resolution_rules import ResolutionRules, rules_of
from fhir_adapter.store.resolved import resolve_all, wait_for_other_writers
from fhir_adapter.store.settlements import (
    SETTLED,
    PlacedSettlement,
    Settlement,
    active_settlements,
    is_plausible,
    save_settlement,
    settlements_of,
    typed_value,
    withdraw_settlement,
)
from indicator_engine.code_lists import code_list
from indicator_engine.tables import TABLES, Column, ColumnType

Document = dict[str, Any]
TEN_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){9}(?!\d)")
REPLACED = "another settlement of the same field replaced it"
LONGEST_TEXT = 500
BECAUSE_SETTLED = "a person settled it"


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides on a conflict: a value, or whose value to take; and who decided it and why."""

    author: str
    reason: str
    value: str | None = None
    take_source: str | None = None


def worklist(engine: Engine, wanted: Wanted, *, limit: int | None = None, skip: int = 0) -> Document:
    """Conflicts as asked for, with the values; total: how many there are over all pages."""
    with reading(engine) as connection:
        rules = rules_of(connection)
        settled = _settled_cells(connection)
        found = list_choices(connection, wanted, limit=limit, skip=skip)
        total = count_choices(connection, wanted)
    return {"total": total, "conflicts": [conflict_document(each, rules, settled) for each in found]}


def settle(engine: Engine, conflict_id: str, decision: Decision, now: datetime) -> Document:
    """Keep what somebody decided and resolve the record again; gives the conflict as it is then.

    Raises ConflictUnknown, and SettlementRefused with what is wrong, which never repeats a value.
    """
    with writing(engine) as connection:
        wait_for_other_writers(connection)
        choice = _known(connection, conflict_id)
        _check_words(decision.author, decision.reason)
        settlement = _settlement_of(choice, decision, instant_text(now))
        _withdraw_active(connection, choice, decision.author, REPLACED, instant_text(now))
        save_settlement(connection, settlement)
        return _resolved_again(connection, choice)


def withdraw(engine: Engine, conflict_id: str, *, author: str, reason: str, now: datetime) -> Document:
    """Let the rules choose again; gives the conflict as it is then. Raises as `settle` does."""
    with writing(engine) as connection:
        wait_for_other_writers(connection)
        choice = _known(connection, conflict_id)
        _check_words(author, reason)
        if not _withdraw_active(connection, choice, author, reason, instant_text(now)):
            raise SettlementRefused(f"conflict {conflict_id} is not settled, so there is nothing to withdraw")
        return _resolved_again(connection, choice)


def conflict_document(
    choice: Choice, rules: ResolutionRules, settled: dict[tuple[str, str, str], PlacedSettlement]
) -> Document:
    """One conflict, with what each source says and where to correct it."""
    settlement = settled.get((choice.table_name, choice.column_name, choice.record_key))
    rule = rules.choice_of(TABLES[choice.table_name], TABLES[choice.table_name].column(choice.column_name))
    return {
        "id": choice.conflict_id,
        "table": choice.table_name,
        "record": choice.record_key,
        "column": choice.column_name,
        "status": choice.status,
        "severity": choice.severity,
        "reason": choice.reason,
        "within_tolerance": choice.within_tolerance,
        "chosen_source": choice.chosen_source,
        "rule": rule.id,
        "because": BECAUSE_SETTLED if choice.status == SETTLED else rule.because,
        "candidates": [_candidate_document(each) for each in choice.candidates],
        "correct_in": list(_to_correct(choice, settlement)),
        "settlement": None if settlement is None else _settlement_document(settlement.settlement),
    }


def _candidate_document(candidate: Candidate) -> Document:
    return {
        "source": candidate.source,
        "system": candidate.system,
        "source_record_id": candidate.source_record_id,
        "value": candidate.value,
        "standing": candidate.standing,
        "observed_at": candidate.observed_at,
        "recorded_at": candidate.recorded_at,
        "received_at": candidate.received_at,
    }


def _settlement_document(settlement: Settlement) -> Document:
    return {
        "value": settlement.value,
        "taken_from": settlement.taken_from,
        "author": settlement.author,
        "reason": settlement.reason,
        "settled_at": settlement.settled_at,
    }


def _to_correct(choice: Choice, settlement: PlacedSettlement | None) -> Iterator[Document]:
    """Sources whose value lost, by the rule or by a person's decision."""
    is_settled = settlement is not None and choice.status == SETTLED
    losing = [
        each
        for each in choice.candidates
        if (each.value != settlement.settlement.value if is_settled and settlement else each.standing == DIFFERS)
    ]
    for source, system in dict.fromkeys((each.source, each.system) for each in losing):
        yield {"source": source, "system": system}


def _settled_cells(connection: Connection) -> dict[tuple[str, str, str], PlacedSettlement]:
    placed = active_settlements(connection)
    return {(each.settlement.table_name, each.settlement.column_name, each.record_key): each for each in placed}


def _known(connection: Connection, conflict_id: str) -> Choice:
    choice = find_choice(connection, conflict_id)
    if choice is None or not choice.candidates:
        raise ConflictUnknown(conflict_id)
    return choice


def _check_words(author: str, reason: str) -> None:
    for name, text in (("author", author), ("reason", reason)):
        if not text.strip() or len(text) > LONGEST_TEXT:
            raise SettlementRefused(f"{name}: give 1 to {LONGEST_TEXT} characters")
        if any(is_valid(re.sub(r"\D", "", found)) for found in TEN_DIGITS.findall(text)):
            raise SettlementRefused(f"{name}: an NHS number stands in it; write it without")


def _settlement_of(choice: Choice, decision: Decision, at: str) -> Settlement:
    if (decision.value is None) == (decision.take_source is None):
        raise SettlementRefused("give either a value or the source whose value to take")
    anchor = choice.candidates[0]
    value = decision.value
    if decision.take_source is not None:
        anchor = _candidate_of(choice, decision.take_source)
        value = anchor.value
    table = TABLES[choice.table_name]
    named = f"{choice.conflict_id}|{at}|{decision.author}|{anchor.source}|{value}"
    return Settlement(
        id=blake2b(named.encode(), digest_size=8).hexdigest(),
        table_name=table.name,
        column_name=choice.column_name,
        entity=entity_of(table),
        source=anchor.source,
        source_key=anchor.source_key,
        record_key=choice.record_key,
        rest_of_key=choice.record_key.partition("|")[2] if len(table.key) > 1 else "",
        value=checked_value(table.column(choice.column_name), str(value)),
        taken_from=decision.take_source,
        author=decision.author,
        reason=decision.reason,
        settled_at=at,
    )


def _candidate_of(choice: Choice, source: str) -> Candidate:
    found = [each for each in choice.candidates if each.source == source]
    if not found:
        known = ", ".join(dict.fromkeys(each.source for each in choice.candidates))
        raise SettlementRefused(f"{source} says nothing of this field; sources: {known}")
    if len({each.value for each in found}) > 1:
        raise SettlementRefused(f"{source} says two things of this field; give the value itself")
    return found[0]


def checked_value(column: Column, text: str) -> str:
    """The canonical text of a settled value; raises SettlementRefused, which does not repeat it."""
    if column.type == ColumnType.CODE_SET:
        _check_codes(column, [each for each in text.split("|") if each])
        return in_order(text)
    try:
        value = typed_value(column, text)
        if column.type in (ColumnType.DATE, ColumnType.DATETIME):
            datetime.fromisoformat(text)
    except ValueError:
        raise SettlementRefused(f"{column.name} is a {column.type.value}; write the value so") from None
    if not is_plausible(column, value):
        raise SettlementRefused(f"{column.name} lies between {column.minimum:g} and {column.maximum:g}")
    _check_codes(column, [text])
    return text


def _check_codes(column: Column, codes: list[str]) -> None:
    known = column.values or (tuple(code_list(column.code_list).codes) if column.code_list else ())
    if known and not set(codes) <= set(known):
        raise SettlementRefused(f"{column.name} takes one of {', '.join(known)}")


def _withdraw_active(connection: Connection, choice: Choice, author: str, reason: str, at: str) -> bool:
    """Withdraw what counts for the cell; gives whether anything did."""
    cell = (choice.table_name, choice.column_name, choice.record_key)
    active = settlements_of(connection, cell)
    for each in active:
        withdraw_settlement(connection, each.settlement.id, author=author, reason=reason, at=at)
    return bool(active)


def _resolved_again(connection: Connection, choice: Choice) -> Document:
    entity = entity_of(TABLES[choice.table_name])
    dirty = [{"entity": entity, "resolved_key": choice.resolved_key}]
    if choice.table_name == "baby":
        # what is known of a delivery follows from its babies
        baby = RESOLVED["baby"]
        found = sa.select(baby.c.delivery_key).where(baby.c.baby_key == choice.resolved_key)
        keys = [key for key in connection.execute(found).scalars() if key is not None]
        dirty += [{"entity": "delivery", "resolved_key": key} for key in keys]
    connection.execute(sa.insert(DIRTY_KEY), dirty)
    resolve_all(connection, touched=())
    now = find_choice(connection, choice.conflict_id)
    rules, settled = rules_of(connection), _settled_cells(connection)
    return conflict_document(now or choice, rules, settled)
