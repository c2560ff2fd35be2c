"""What a person settles counts, stays with the record through new data and new links, and can be withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from fhir_adapter.errors import ConflictUnknown, SettlementRefused
from fhir_adapter.store.database import writing
from fhir_adapter.store.resolution_log import Wanted
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.store.schema import SETTLEMENT
from fhir_adapter.store.source_rows import Cell
from fhir_adapter.workflows.conflicts import Decision, Document, settle, withdraw, worklist
from tests.integration.store_rows import Sent, birth, resolved_rows, save

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EARLY, LATE = "2026-03-02T12:00:00+00:00", "2026-03-09T12:00:00+00:00"
TAKEN = Decision("A. Midwife", "the scales of the ward were right", take_source="neonatal")
ALL = Wanted(everything=True)


def said(system: str, grams: int, *, at: str = EARLY) -> Sent:
    return birth(
        receipt=f"r-{system}-{grams}", source=system, system=system, recorded_at=at, baby={"birth_weight_g": grams}
    )


MATERNITY, NEONATAL = said("maternity", 2460), said("neonatal", 2640)


def take_in(store: sa.Engine, *sent: Sent) -> None:
    for each in sent:
        with writing(store) as connection:
            save(connection, each)
            resolve_all(connection, touched=[each.receipt])


def resolve_whole(store: sa.Engine) -> None:
    with writing(store) as connection:
        resolve_all(connection, touched=None)


def weight(store: sa.Engine) -> Cell:
    return resolved_rows(store, "baby")[0]["birth_weight_g"]


def the_conflict(store: sa.Engine) -> Document:
    [found] = worklist(store, ALL)["conflicts"]
    return dict(found)


@pytest.fixture
def contested(store: sa.Engine) -> sa.Engine:
    """A birth whose weight differs between two systems."""
    take_in(store, MATERNITY, NEONATAL)
    return store


def settled(store: sa.Engine, decision: Decision = TAKEN) -> Document:
    return settle(store, the_conflict(store)["id"], decision, NOON)


def test_the_value_of_the_source_that_was_taken_counts(contested: sa.Engine) -> None:
    found = settled(contested)
    assert (weight(contested), found["status"], found["chosen_source"]) == (2640, "settled", "neonatal")
    assert found["correct_in"] == [{"source": "maternity", "system": "maternity"}]


def test_a_value_of_nobody_counts_and_both_sources_are_to_be_corrected(contested: sa.Engine) -> None:
    found = settled(contested, Decision("A. Midwife", "read from the notes", value="2550"))
    assert weight(contested) == 2550
    assert [each["system"] for each in found["correct_in"]] == ["maternity", "neonatal"]


def test_a_settlement_says_who_settled_it_when_and_why(contested: sa.Engine) -> None:
    assert settled(contested)["settlement"] == {
        "value": "2640",
        "taken_from": "neonatal",
        "author": TAKEN.author,
        "reason": TAKEN.reason,
        "settled_at": "2026-03-10T12:00:00Z",
    }


def test_a_settlement_survives_that_everything_is_resolved_again(contested: sa.Engine) -> None:
    before = settled(contested)
    resolve_whole(contested)
    assert (weight(contested), the_conflict(contested)) == (2640, before)


def test_a_settlement_survives_that_a_source_sends_again(contested: sa.Engine) -> None:
    settled(contested)
    take_in(contested, said("maternity", 2461, at=LATE))
    assert (weight(contested), the_conflict(contested)["status"]) == (2640, "settled")


def test_a_settlement_follows_the_record_to_another_key(contested: sa.Engine) -> None:
    settled(contested)
    linked = {"m": "person-m", "b": "person-y"}
    take_in(
        contested,
        *(
            Sent(f"again-{each.source}", each.source, LATE, each.rows, linked, each.system)
            for each in (MATERNITY, NEONATAL)
        ),
    )
    [baby] = resolved_rows(contested, "baby")
    assert (baby["baby_key"], baby["birth_weight_g"]) == ("person-y", 2640)
    assert the_conflict(contested)["status"] == "settled"


def test_a_withdrawn_settlement_leaves_the_choice_to_the_rules(contested: sa.Engine) -> None:
    found = settled(contested)
    again = withdraw(contested, found["id"], author="B. Doctor", reason="a mistake", now=NOON)
    assert (weight(contested), again["status"], again["settlement"]) == (2460, "open", None)


def test_a_withdrawn_settlement_is_kept_with_who_withdrew_it(contested: sa.Engine) -> None:
    withdraw(contested, settled(contested)["id"], author="B. Doctor", reason="a mistake", now=NOON)
    with writing(contested) as connection:
        [row] = connection.execute(sa.select(SETTLEMENT)).mappings()
    assert (row["author"], row["withdrawn_by"], row["withdrawn_because"]) == (TAKEN.author, "B. Doctor", "a mistake")


def test_the_later_of_two_settlements_counts_and_withdrawing_withdraws_both(contested: sa.Engine) -> None:
    found = settled(contested)
    settled(contested, Decision("B. Doctor", "the notes", value="2500"))
    assert weight(contested) == 2500
    assert withdraw(contested, found["id"], author="B. Doctor", reason="a mistake", now=NOON)["status"] == "open"


def test_a_settled_conflict_closes_when_the_sources_agree(contested: sa.Engine) -> None:
    settled(contested)
    take_in(contested, said("neonatal", 2460, at=LATE))
    found = the_conflict(contested)
    assert (weight(contested), found["status"], found["correct_in"]) == (2460, "resolved-by-source", [])


@pytest.mark.parametrize("order", [(MATERNITY, NEONATAL), (NEONATAL, MATERNITY)], ids=["forth", "back"])
def test_a_birth_that_was_held_is_placed_once_its_outcome_is_settled(store: sa.Engine, order: tuple[Sent, ...]) -> None:
    take_in(
        store,
        *(
            birth(receipt=each.receipt, source=each.source, system="maternity", baby={"outcome": code})
            for each, code in zip(order, ("01", "02"), strict=True)
        ),
    )
    settled(store, Decision("A. Midwife", "the notes", value="02"))
    assert [row["outcome"] for row in resolved_rows(store, "baby")] == ["02"]


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (Decision("A", "b"), "either a value or the source"),
        (Decision("A", "b", value="2", take_source="neonatal"), "either a value or the source"),
        (Decision("A", "b", take_source="badger"), "badger says nothing of this field; sources: maternity, neonatal"),
        (Decision("A", "b", value="heavy"), "birth_weight_g is a integer"),
        (Decision("A", "b", value="99999"), "between 200 and 7000"),
        (Decision(" ", "b", value="2500"), "author: give 1 to 500 characters"),
        (Decision("A", "seen on 999 000 1006", value="2500"), "reason: an NHS number stands in it"),
    ],
)
def test_a_settlement_that_cannot_be_taken_changes_nothing(contested: sa.Engine, decision: Decision, told: str) -> None:
    with pytest.raises(SettlementRefused, match=told):
        settled(contested, decision)
    assert the_conflict(contested)["status"] == "open"


@pytest.mark.parametrize("value", ["heavy", "99999", "77"])
def test_a_refusal_never_repeats_the_value(contested: sa.Engine, value: str) -> None:
    with pytest.raises(SettlementRefused) as refusal:
        settled(contested, Decision("A", "b", value=value))
    assert value not in str(refusal.value)


def test_a_conflict_that_is_not_listed_cannot_be_settled(contested: sa.Engine) -> None:
    with pytest.raises(ConflictUnknown, match="perinatal conflicts list"):
        settle(contested, "0" * 16, TAKEN, NOON)


def test_nothing_settled_is_nothing_to_withdraw(contested: sa.Engine) -> None:
    with pytest.raises(SettlementRefused, match="is not settled"):
        withdraw(contested, the_conflict(contested)["id"], author="A", reason="b", now=NOON)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(table="baby"), 1),
        (Wanted(table="person"), 0),
        (Wanted(column="birth_weight_g"), 1),
        (Wanted(severity="error"), 1),
        (Wanted(severity="warn"), 0),
        (Wanted(status="open"), 1),
        (Wanted(status="settled"), 0),
        (Wanted(source="neonatal"), 1),
        (Wanted(source="maternity"), 0),
    ],
)
def test_the_worklist_holds_what_is_asked_for(contested: sa.Engine, wanted: Wanted, count: int) -> None:
    found = worklist(contested, wanted)
    assert (found["total"], len(found["conflicts"])) == (count, count)


def smoking(system: str, status: str) -> Sent:
    cells: dict[str, Cell] = {"smoking_status": status, "cigarettes_per_day": None, "co_ppm": 6.0}
    return birth(receipt=f"r-{system}", source=system, system=system, recorded_at=EARLY, booking=cells)


def test_no_rule_takes_back_what_a_person_settled(store: sa.Engine) -> None:
    take_in(store, smoking("maternity", "smoker"), smoking("health_visiting", "non_smoker"))
    settled(store, Decision("A. Midwife", "she uses a heated stove", take_source="health_visiting"))
    resolve_whole(store)
    assert resolved_rows(store, "booking")[0]["smoking_status"] == "non_smoker"


def care(system: str, level: str) -> Sent:
    rows: dict[str, list[Mapping[str, Cell]]] = {
        "baby": [{"baby_key": "n", "person_key": "n"}],
        "neonatal_episode": [{"episode_key": "e", "baby_key": "n", "admit_datetime": "2026-03-02T05:00:00+00:00"}],
        "neonatal_day": [{"episode_key": "e", "care_date": "2026-03-02", "care_level": level}],
    }
    return Sent(f"r-{system}-{level}", system, EARLY, rows, {"n": "person-b"}, "neonatal")


def test_a_settled_level_of_care_stands_though_another_source_says_a_higher_one(store: sa.Engine) -> None:
    take_in(store, birth(), care("first-unit", "1"), care("second-unit", "3"))
    settled(store, Decision("A. Nurse", "transferred in the morning", value="3"))
    resolve_whole(store)
    assert resolved_rows(store, "neonatal_day")[0]["care_level"] == "3"
