"""Who is one person, in the cases that decide: late and wrong numbers, twins, corrections, and what people undo."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import reading
from fhir_adapter.store.link_decisions import list_history, open_pairs
from fhir_adapter.store.schema import RESOLVED
from fhir_adapter.workflows.link_decisions import Steward, decide_pair, merge_people, unmerge_person
from tests.linked_people import (
    NUMBERS,
    PSEUDONYMS,
    WRONG_NUMBER,
    Submission,
    baby,
    everything,
    facts,
    link_everything,
    links,
    maternity,
    mother,
    pairs,
    people,
    stay,
    take_in,
)

WOMAN, GIRL, TWIN, OTHER_GIRL = NUMBERS[:4]
STEWARD = Steward("steward", "seen in both records", "2026-05-01T00:00:00Z")
LATER = Steward("another steward", "a mistake", "2026-05-02T00:00:00Z")
BIRTH = maternity("r-birth", mother(number=WOMAN), (baby(number=GIRL), facts()))


def count(store: sa.Engine, table: str) -> int:
    with reading(store) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(RESOLVED[table])).scalar_one()


def status(store: sa.Engine, source: str, key: str) -> str:
    return next(str(each.status) for each in links(store) if (each.source, each.source_key) == (source, key))


def passes(store: sa.Engine, source: str) -> dict[str, str]:
    return {each.source_key: each.pass_name for each in links(store) if each.source == source}


SECOND_FACTS = facts(birth_order=2, birth_weight_g=2100, birth_datetime="2026-03-02T04:40:00+00:00")


def twins(receipt: str = "r-twins") -> Submission:
    return maternity(
        receipt, mother(number=WOMAN), (baby("b1", number=GIRL), facts()), (baby("b2", number=TWIN), SECOND_FACTS)
    )


def second_stay(number: str | None, **told: str | None) -> Submission:
    return stay("r-second", mother("nm2", number=WOMAN), baby("n2", number=number, **told), SECOND_FACTS)


def test_a_valid_number_makes_records_of_two_systems_one_person(store: sa.Engine) -> None:
    take_in(store, [BIRTH, stay("r-stay", mother("nm", number=WOMAN), baby("nb", number=GIRL), facts())])
    found = people(store)
    assert found["mat:RSA", "b"] == found["neo:RSA", "nb"]
    assert status(store, "neo:RSA", "nb") == "LINKED"


def test_a_number_that_comes_late_makes_no_second_baby(store: sa.Engine) -> None:
    without = maternity("r-1", mother(number=WOMAN), (baby(), facts()), at="2026-03-02T12:00:00+00:00")
    late = maternity("r-2", mother(number=WOMAN), (baby(number=GIRL), facts()), at="2026-04-20T12:00:00+00:00")
    take_in(store, [without], [stay("r-stay", mother("nm", number=WOMAN), baby("nb", number=GIRL), facts())], [late])
    assert count(store, "baby") == 1
    assert status(store, "mat:RSA", "b") == "LINKED"


def test_the_key_that_a_late_number_replaces_stays_in_the_history(store: sa.Engine) -> None:
    take_in(store, [maternity("r-1", None, (baby(), facts()))])
    before = people(store)["mat:RSA", "b"]
    take_in(store, [maternity("r-2", None, (baby(number=GIRL), facts()))])
    with reading(store) as connection:
        changes = list_history(connection, before)
    assert [(each.from_key, each.to_key) for each in changes] == [(before, people(store)["mat:RSA", "b"])]


def test_a_corrected_number_moves_the_record_to_its_own_person(store: sa.Engine) -> None:
    wrong = maternity("r-1", None, (baby(number=OTHER_GIRL), facts()), at="2026-03-02T12:00:00+00:00")
    right = maternity("r-2", None, (baby(number=GIRL), facts()), at="2026-03-03T12:00:00+00:00")
    take_in(store, [stay("r-stay", None, baby("nb", number=GIRL), facts())], [right], [wrong])
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]


@pytest.mark.parametrize(
    ("number", "expected"), [("T:0000012", "TEMP_ID"), (WRONG_NUMBER, "NO_VALID_NHS"), (None, "NO_VALID_NHS")]
)
def test_what_is_no_valid_number_links_nobody(store: sa.Engine, number: str | None, expected: str) -> None:
    other = baby("nb", number=number, birth_date="2026-03-09")
    take_in(store, [BIRTH, stay("r-stay", None, other, facts(birth_weight_g=3900), source="neo:RSB")])
    assert status(store, "neo:RSB", "nb") == expected


@pytest.mark.parametrize(("told", "expected"), [("01", True), ("02", True), ("08", True), (None, True), ("05", False)])
def test_a_number_counts_unless_its_status_doubts_it(store: sa.Engine, told: str | None, expected: bool) -> None:
    stranger = baby("nb", number=GIRL, status=told, birth_date="2026-03-03")
    take_in(store, [BIRTH, stay("r-stay", None, stranger, facts(birth_weight_g=3900), source="neo:RSB")])
    assert (people(store)["mat:RSA", "b"] == people(store)["neo:RSB", "nb"]) is expected


def test_a_temporary_id_is_linked_through_the_mother(store: sa.Engine) -> None:
    take_in(store, [stay("r-stay", mother("nm", number=WOMAN), baby("nb", number="T:0000012"), facts())], [BIRTH])
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]
    assert passes(store, "neo:RSA")["nb"] == "kin"


def test_a_mother_without_number_is_linked_through_the_baby(store: sa.Engine) -> None:
    take_in(store, [stay("r-stay", mother("nm"), baby("nb", number=GIRL), facts())], [BIRTH])
    assert people(store)["mat:RSA", "m"] == people(store)["neo:RSA", "nm"]


def test_a_local_number_links_within_its_organisation(store: sa.Engine) -> None:
    known = maternity("r-1", None, (baby(number=GIRL, local_id="H1"), facts()))
    take_in(store, [known, stay("r-2", None, baby("nb", local_id="H1"), facts(birth_weight_g=None))])
    assert passes(store, "neo:RSA")["nb"] == "local-id"
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]


def test_a_number_with_a_contradicting_birth_date_is_left_to_people(store: sa.Engine) -> None:
    take_in(store, [BIRTH, stay("r-2", None, baby("nb", number=GIRL, birth_date="2025-07-19"), facts())])
    assert people(store)["mat:RSA", "b"] != people(store)["neo:RSA", "nb"]
    assert ("nhs-number", "review", "birth-date", "open") in pairs(store)
    assert status(store, "neo:RSA", "nb") == "AMBIGUOUS_NHS" or status(store, "mat:RSA", "b") == "AMBIGUOUS_NHS"


@pytest.mark.parametrize("told", ["2026-03-01", "2026-03-22", "2025-03-02"])
def test_one_component_of_a_birth_date_may_differ(store: sa.Engine, told: str) -> None:
    take_in(store, [BIRTH, stay("r-2", None, baby("nb", number=GIRL, birth_date=told), facts())])
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]


def test_the_last_of_february_and_the_first_of_march_are_neighbours(store: sa.Engine) -> None:
    born = maternity("r-1", None, (baby(number=GIRL, birth_date="2026-03-01"), facts()))
    take_in(store, [born, stay("r-2", None, baby("nb", number=GIRL, birth_date="2026-02-28"), facts())])
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]


def test_the_attributes_of_a_birth_link_one_candidate(store: sa.Engine) -> None:
    take_in(store, [maternity("r-1", None, (baby(number=GIRL), facts()))], [stay("r-2", None, baby("nb"), facts())])
    assert passes(store, "neo:RSA")["nb"] == "birth-attributes"


def test_several_candidates_are_left_to_people(store: sa.Engine) -> None:
    one = maternity("r-1", None, (baby("b1", number=GIRL), facts()))
    other = maternity("r-2", None, (baby("b2", number=OTHER_GIRL), facts(birth_weight_g=2465)))
    take_in(store, [one], [stay("r-3", None, baby("nb"), facts())], [other])
    assert status(store, "neo:RSA", "nb") == "AMBIGUOUS_NHS"
    assert [each[3] for each in pairs(store)] == ["open", "open"]


def test_two_accepted_numbers_are_never_joined(store: sa.Engine) -> None:
    old = maternity("r-1", mother(number=WOMAN), (baby(number=GIRL, local_id="H1"), facts()))
    new = stay("r-2", mother("nm", number=WOMAN), baby("nb", number=OTHER_GIRL, local_id="H1"), facts())
    take_in(store, [old, new])
    assert people(store)["mat:RSA", "b"] != people(store)["neo:RSA", "nb"]


def test_twins_reported_by_two_systems_are_one_delivery(store: sa.Engine) -> None:
    take_in(store, [second_stay(TWIN)], [twins()])
    assert (count(store, "baby"), count(store, "delivery")) == (2, 1)


def test_a_twin_without_number_is_told_by_birth_order(store: sa.Engine) -> None:
    take_in(store, [twins()], [second_stay(None)])
    assert people(store)["neo:RSA", "n2"] == people(store)["mat:RSA", "b2"]


def test_a_twin_whom_nothing_tells_is_left_to_people(store: sa.Engine) -> None:
    unknown = dict.fromkeys(("birth_order", "birth_weight_g", "birth_datetime", "gestation_days"))
    take_in(store, [twins()], [stay("r-2", mother("nm", number=WOMAN), baby("nb"), unknown)])
    assert status(store, "neo:RSA", "nb") == "AMBIGUOUS_NHS"


def test_swapped_twins_are_listed(store: sa.Engine) -> None:
    first = stay("r-first", mother("nm1", number=WOMAN), baby("n1", number=TWIN), facts())
    take_in(store, [twins()], [first], [second_stay(GIRL)])
    swapped = ("swapped-twins", "review", "facts-of-the-other-twin", "open")
    assert pairs(store) == [swapped, swapped]


def test_twins_in_their_places_are_not_listed(store: sa.Engine) -> None:
    first = stay("r-first", mother("nm1", number=WOMAN), baby("n1", number=GIRL), facts())
    take_in(store, [twins()], [first], [second_stay(TWIN)])
    assert pairs(store) == []


def merged(store: sa.Engine) -> tuple[str, str]:
    """Two babies of two numbers, made one by a person; their keys before."""
    other = maternity("r-other", None, (baby("o", number=OTHER_GIRL), facts(birth_weight_g=3000)), source="mat:RSB")
    take_in(store, [BIRTH, other])
    keys = people(store)["mat:RSA", "b"], people(store)["mat:RSB", "o"]
    assert merge_people(store, *keys, STEWARD) is not None
    return keys


def test_a_merge_makes_one_person_under_the_smaller_key(store: sa.Engine) -> None:
    keys = merged(store)
    assert people(store)["mat:RSA", "b"] == people(store)["mat:RSB", "o"] == min(keys)
    assert count(store, "baby") == 1


def test_an_unmerge_restores_both_keys(store: sa.Engine) -> None:
    keys = merged(store)
    before = everything(store)
    assert len(unmerge_person(store, min(keys), None, LATER)) == 1
    assert (people(store)["mat:RSA", "b"], people(store)["mat:RSB", "o"]) == keys
    assert everything(store) != before


def test_a_merge_survives_new_records_and_linking_everything_again(store: sa.Engine) -> None:
    keys = merged(store)
    take_in(store, [stay("r-again", None, baby("nb", number=OTHER_GIRL), facts(birth_weight_g=3000))])
    link_everything(store)
    assert people(store)["neo:RSA", "nb"] == min(keys)


def test_an_accepted_pair_is_one_person_and_a_rejected_one_two(store: sa.Engine) -> None:
    take_in(store, [BIRTH, stay("r-2", None, baby("nb", number=GIRL, birth_date="2025-07-19"), facts())])
    with reading(store) as connection:
        (asked,) = open_pairs(connection)
    decide_pair(store, asked.id, "accept", STEWARD)
    assert people(store)["mat:RSA", "b"] == people(store)["neo:RSA", "nb"]
    decide_pair(store, asked.id, "reject", LATER)
    link_everything(store)
    assert people(store)["mat:RSA", "b"] != people(store)["neo:RSA", "nb"]


def test_a_link_of_the_program_can_be_taken_back(store: sa.Engine) -> None:
    take_in(store, [maternity("r-1", None, (baby(number=GIRL), facts())), stay("r-2", None, baby("nb"), facts())])
    unmerge_person(store, people(store)["mat:RSA", "b"], None, STEWARD)
    link_everything(store)
    assert people(store)["mat:RSA", "b"] != people(store)["neo:RSA", "nb"]


def test_an_entry_taken_out_stands_alone_in_spite_of_its_number(store: sa.Engine) -> None:
    take_in(store, [BIRTH, stay("r-2", None, baby("nb", number=GIRL), facts())])
    entry = PSEUDONYMS.of_source_key("neo:RSA", "nb")
    unmerge_person(store, people(store)["neo:RSA", "nb"], entry, STEWARD)
    assert people(store)["neo:RSA", "nb"] == entry


def test_a_stay_with_the_number_of_the_other_twin_waits_for_somebody(store: sa.Engine) -> None:
    take_in(store, [twins()], [second_stay(GIRL)])
    assert status(store, "neo:RSA", "n2") == "AMBIGUOUS_NHS"
    assert people(store)["neo:RSA", "n2"] not in (people(store)["mat:RSA", "b1"], people(store)["mat:RSA", "b2"])


def test_an_accepted_swapped_stay_is_of_the_twin_whose_facts_it_bears(store: sa.Engine) -> None:
    take_in(store, [twins()], [second_stay(GIRL)])
    with reading(store) as connection:
        (asked,) = open_pairs(connection)
    decide_pair(store, asked.id, "accept", STEWARD)
    link_everything(store)
    assert people(store)["neo:RSA", "n2"] == people(store)["mat:RSA", "b2"]


def test_swapped_twins_are_not_accepted_where_no_record_of_the_birth_tells_which_is_wrong(store: sa.Engine) -> None:
    known = [stay("r-1", mother("nm", number=WOMAN), baby("n1", number=GIRL), facts())]
    known += [second_stay(TWIN)]
    other = stay("r-3", mother("om", number=WOMAN), baby("o2", number=GIRL), SECOND_FACTS, source="neo:RSB")
    take_in(store, known, [other])
    with reading(store) as connection:
        asked = open_pairs(connection)
    assert [decide_pair(store, each.id, "accept", STEWARD) for each in asked] == [None]
