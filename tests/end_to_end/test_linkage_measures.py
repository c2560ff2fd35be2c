"""The measures of linkage themselves, on a few mentions counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.end_to_end.linkage_quality import Linked, pair_counts, share, stays_of_births, whole_of
from tests.end_to_end.mentions_of_store import alone, persons_of_clusters
from tests.end_to_end.review_queue import Reviews, joined_by_reviews

COLUMNS = ["feed", "system", "role", "person", "resolved", "source_key"]
BIRTH_OF_ONE, BIRTH_OF_TWO = ("maternity", "maternity", "baby", "B1"), ("maternity", "maternity", "baby", "B2")
STAY_OF_ONE, VISIT_OF_ONE = ("neonatal", "neonatal", "baby", "B1"), ("health_visiting", "health_visiting", "baby", "B1")
VISIT_OF_TWO = ("health_visiting", "health_visiting", "baby", "B2")


def mentions(*rows: tuple[str, ...]) -> pd.DataFrame:
    """Mentions, each with what the store takes it for as its last part."""
    return pd.DataFrame([(*row, f"key {place}") for place, row in enumerate(rows)], columns=COLUMNS)


def linked(told: pd.DataFrame) -> Linked:
    return whole_of(pair_counts(told, told["resolved"]))


def test_a_pair_of_one_person_that_is_linked_is_right_and_complete() -> None:
    measured = linked(mentions((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "a")))
    assert (measured.precision.value, measured.recall.value) == (1.0, 1.0)


def test_a_pair_that_is_not_linked_costs_recall_and_no_precision() -> None:
    measured = linked(mentions((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "a"), (*VISIT_OF_ONE, "b")))
    assert (measured.precision.value, measured.recall.events, measured.recall.trials) == (1.0, 1, 3)


def test_a_pair_of_two_persons_costs_precision() -> None:
    measured = linked(mentions((*BIRTH_OF_TWO, "a"), (*STAY_OF_ONE, "a")))
    assert (measured.precision.value, measured.recall.trials) == (0.0, 0)


def test_pairs_within_a_feed_do_not_count() -> None:
    measured = linked(mentions((*VISIT_OF_ONE, "a"), (*VISIT_OF_ONE, "a")))
    assert (measured.precision.trials, measured.recall.trials) == (0, 0)


@pytest.mark.parametrize(
    ("rows", "right", "stated", "known"),
    [
        pytest.param(((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "a")), 1, 1, 1, id="its own birth"),
        pytest.param(((*BIRTH_OF_TWO, "a"), (*STAY_OF_ONE, "a")), 0, 1, 0, id="another birth"),
        pytest.param(((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "b")), 0, 0, 1, id="none"),
        pytest.param(((*BIRTH_OF_ONE, "a"), (*BIRTH_OF_TWO, "a"), (*STAY_OF_ONE, "a")), 0, 1, 1, id="two at once"),
    ],
)
def test_a_stay_is_right_where_every_birth_that_it_is_linked_to_is_its_own(
    rows: tuple[tuple[str, ...], ...], right: int, stated: int, known: int
) -> None:
    told = mentions(*rows)
    measured = stays_of_births(told, told["resolved"])
    assert (measured.recall.events, measured.precision.trials, measured.recall.trials) == (right, stated, known)


def test_a_question_answered_rightly_joins_two_of_one_person() -> None:
    told = mentions((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "b"))
    assert joined_by_reviews(told, Reviews((("key 1", "a"),))).nunique() == 1


def test_a_question_answered_rightly_keeps_two_persons_apart() -> None:
    told = mentions((*BIRTH_OF_TWO, "a"), (*STAY_OF_ONE, "b"))
    assert joined_by_reviews(told, Reviews((("key 1", "a"),))).nunique() == 2


def test_a_question_about_a_swapped_twin_answered_rightly_takes_the_stay_out_of_the_other_twin() -> None:
    told = mentions((*BIRTH_OF_ONE, "a"), (*BIRTH_OF_TWO, "b"), (*VISIT_OF_TWO, "b"), (*STAY_OF_ONE, "b"))
    assert joined_by_reviews(told, Reviews((("key 3", "a"),))).tolist() == ["a", "b", "b", "a"]


def test_a_person_of_the_store_is_whom_most_of_its_mentions_are_of() -> None:
    told = mentions((*BIRTH_OF_ONE, "a"), (*VISIT_OF_ONE, "a"), (*BIRTH_OF_TWO, "a"))
    assert persons_of_clusters(told).to_dict() == {"a": "B1"}


def test_mentions_that_stand_apart_have_a_person_of_their_own() -> None:
    told = mentions((*BIRTH_OF_ONE, "a"), (*STAY_OF_ONE, "a"))
    assert alone(told, told["feed"] == "neonatal").nunique() == 2


def test_a_share_of_nothing_has_no_value() -> None:
    assert share(0, 0).value is None
