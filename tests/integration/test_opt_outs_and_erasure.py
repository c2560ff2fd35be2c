"""Who opted out or was erased is in no table, and stays out."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from fhir_adapter.errors import PersonUnknown, ReferenceRefused
from fhir_adapter.store.audit_log import list_openings
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.intake_log import find_receipt
from fhir_adapter.store.link_decisions import save_decision
from fhir_adapter.store.operational_schema import LINKAGE_ZONE, RECEIPT, SETTLEMENT
from fhir_adapter.store.schema import METADATA
from fhir_adapter.store.settlements import Settlement, save_settlement
from fhir_adapter.workflows.erase import erase_by_nhs_number, erase_by_person_key, load_opt_outs
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.resolve import resolve_everything
from tests.integration.people import (
    BABY,
    MOTHER,
    NOW,
    OTHER_MOTHER,
    cell,
    counts,
    first_record,
    intake_over,
    other_record,
    resolved,
    send,
)
from tests.mapping.maternity_bundles import changed


def opt_out_list(folder: Path, *numbers: str) -> Path:
    """A list of people who opted out, one a line."""
    path = folder / "opt-outs.csv"
    path.write_text("".join(f"{each}\n" for each in numbers), "utf-8")
    return path


def codes_of(store: sa.Engine) -> list[str]:
    """Codes of the issues of every receipt."""
    with reading(store) as connection:
        digests = connection.execute(sa.select(RECEIPT.c.digest)).scalars().all()
        receipts = [find_receipt(connection, each) for each in digests]
    return [issue.code for receipt in receipts if receipt is not None for issue in receipt.issues]


def decided_about(store: sa.Engine, number: str, intake: Intake) -> set[str]:
    """Keep a settlement and a decision about somebody; every word by which the store knows them."""
    word = intake.pseudonyms.of_nhs_number(number)
    names = ("source", "source_key", "entry_key", "person_key", "role")
    with writing(store) as connection:
        asked = sa.select(*(LINKAGE_ZONE.c[name] for name in names)).where(LINKAGE_ZONE.c.nhs_number_hmac == word)
        source, key, entry, person, role = connection.execute(asked).one()
        on_cell = ("person", "sex", "person", source, key, person, "", "1", None, "A", "b", "2026-03-11T00:00:00Z")
        save_settlement(connection, Settlement(f"s-{role}", *on_cell))
        save_decision(connection, "separate", (entry, entry), ("A", "b"), "2026-03-11T00:00:00Z")
    return {word, key, entry, person}


def places_of(store: sa.Engine, words: set[str]) -> set[str]:
    """Columns in which one of these words stands."""
    with reading(store) as connection:
        return {
            f"{table.name}.{column.name}"
            for table in METADATA.sorted_tables
            for column in table.columns
            if any(str(cell) in words for cell in connection.execute(sa.select(column)).scalars())
        }


def test_nothing_is_stored_of_a_mother_who_opted_out(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    load_opt_outs(opt_out_list(tmp_path, MOTHER), intake)
    send(intake, first_record())
    assert counts(store) == {}


def test_the_receipt_counts_the_people_who_opted_out_and_names_none(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    load_opt_outs(opt_out_list(tmp_path, MOTHER, BABY), intake)
    receipt = send(intake, first_record())
    [told] = [each.text for each in receipt.issues if each.code == "person.opted-out"]
    assert told == "2 of the people it tells of are on the opt-out list: nothing of them is kept, nor the payload"


def test_of_a_baby_who_opted_out_only_the_mother_is_kept(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    load_opt_outs(opt_out_list(tmp_path, BABY), intake)
    send(intake, first_record())
    assert (len(resolved(store)["delivery"]), resolved(store)["baby"], cell(store, "person", "role")) == (
        1,
        [],
        ["mother"],
    )


def test_a_list_that_is_loaded_later_takes_out_who_is_there(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    _, erased = load_opt_outs(opt_out_list(tmp_path, MOTHER, BABY), intake)
    assert (counts(store), erased.known_as, erased.files) == ({}, 2, 1)


def test_a_list_without_a_person_lets_later_records_in_again(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    load_opt_outs(opt_out_list(tmp_path, MOTHER), intake)
    load_opt_outs(opt_out_list(tmp_path, OTHER_MOTHER), intake)
    send(intake, first_record())
    assert len(resolved(store)["baby"]) == 1


def test_every_faulty_line_of_a_list_is_told_and_none_repeated(store: sa.Engine, tmp_path: Path) -> None:
    path = opt_out_list(tmp_path, "1234567890", MOTHER, "12")
    with pytest.raises(ReferenceRefused) as refused:
        load_opt_outs(path, intake_over(store))
    text = "one NHS number a line is expected: ten digits with a valid check digit"
    assert str(refused.value) == f"{path}:1: {text}; {path}:3: {text}"


def test_a_list_with_a_fault_leaves_the_list_before_it(store: sa.Engine, tmp_path: Path) -> None:
    intake = intake_over(store)
    load_opt_outs(opt_out_list(tmp_path, MOTHER), intake)
    with pytest.raises(ReferenceRefused):
        load_opt_outs(opt_out_list(tmp_path, OTHER_MOTHER, "12"), intake)
    send(intake, first_record())
    assert counts(store) == {}


@pytest.mark.parametrize("number", [MOTHER, "999 000 1006"])
def test_an_erased_mother_is_in_no_table(store: sa.Engine, number: str) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    erase_by_nhs_number(intake, number)
    assert counts(store) == {}  # the record of the birth is hers too


def test_no_name_of_an_erased_baby_stands_anywhere_but_among_those_kept_out(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, other_record())
    send(intake, first_record())
    words = decided_about(store, BABY, intake)
    erase_by_nhs_number(intake, BABY)
    assert places_of(store, words) == {"barred_person.word"}


def test_what_was_settled_about_the_mother_of_an_erased_baby_stays(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    decided_about(store, MOTHER, intake)
    erase_by_nhs_number(intake, BABY)
    with reading(store) as connection:
        assert len(connection.execute(sa.select(SETTLEMENT)).all()) == 1


def test_erasing_leaves_the_model_as_if_the_people_had_never_been_there(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, other_record())
    alone = resolved(store)
    send(intake, first_record())
    erase_by_nhs_number(intake, MOTHER)
    assert resolved(store) == alone


def test_resolving_everything_after_an_erasure_changes_nothing(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, other_record())
    send(intake, first_record())
    erase_by_nhs_number(intake, BABY)
    before = resolved(store)
    resolve_everything(store)
    assert resolved(store) == before


def test_a_person_is_erased_by_the_key_of_the_model(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    [key] = cell(store, "baby", "person_key")
    erase_by_person_key(intake, key)
    assert (resolved(store)["baby"], len(resolved(store)["delivery"])) == ([], 1)


def test_a_record_of_an_erased_person_that_is_sent_again_stays_out(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    erase_by_nhs_number(intake, BABY)
    send(intake, first_record(changed("feed", status="amended"), at="2026-03-09T10:00:00+00:00"))
    assert (resolved(store)["baby"], "payload" in counts(store)) == ([], False)


def test_an_erased_person_stays_out_without_an_nhs_number(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    erase_by_nhs_number(intake, BABY)
    send(intake, first_record(changed("baby", identifier=[]), at="2026-03-09T10:00:00+00:00"))
    assert resolved(store)["baby"] == []


def test_the_receipt_of_a_dropped_payload_stays_and_says_so(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    erase_by_nhs_number(intake, BABY)
    assert "payload.not-kept" in codes_of(store)


def test_a_payload_that_told_the_same_again_is_dropped_too(store: sa.Engine) -> None:
    intake = intake_over(store)
    send(intake, first_record())
    send(intake, {**first_record(), "id": "sent-again"})
    assert erase_by_nhs_number(intake, BABY).files == 2


@pytest.mark.parametrize("number", ["9990009996", "1234567890", "", "no number"])
def test_somebody_unknown_is_refused_and_not_named(store: sa.Engine, number: str) -> None:
    with pytest.raises(PersonUnknown) as refused:
        erase_by_nhs_number(intake_over(store), number)
    assert not any(map(str.isdigit, str(refused.value)))


def test_erasing_is_audited_with_counts_alone(store: sa.Engine) -> None:
    intake = intake_over(store, at=NOW + timedelta(days=1))
    send(intake, first_record())
    erase_by_nhs_number(intake, BABY)
    with reading(store) as connection:
        told = [(each.actor, each.purpose, each.kind, each.records) for each in list_openings(connection)]
    assert told == [("tester", "erase", "identity", 1), ("tester", "erase", "payload", 1)]
