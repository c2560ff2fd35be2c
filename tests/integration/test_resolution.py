"""The resolved model is derived from the source rows, whatever the order in which they came."""

from __future__ import annotations

from itertools import permutations

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import writing
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.resolved import ResolutionCounts, resolve_all
from fhir_adapter.store.schema import DIRTY_KEY, REFERENCE_IMD, TOUCHED_KEY
from fhir_adapter.store.source_rows import Cell
from tests.integration.store_rows import Sent, birth, one_baby, resolved_rows, save

OLD = birth(receipt="r-old", recorded_at="2026-03-02T12:00:00+00:00", baby={"gestation_days": 250, "apgar_5": 9})
NEW = birth(receipt="r-new", recorded_at="2026-03-05T12:00:00+00:00", baby={"gestation_days": 257})
OTHER = birth(receipt="r-other", source="other", recorded_at=None, baby={"birth_weight_g": 2640, "first_feed": "01"})
ORDERS = list(permutations([OLD, NEW, OTHER]))
ORDER_NAMES = ["-".join(sent.receipt for sent in order) for order in ORDERS]
TWIN = Sent(
    receipt="r-twin",
    source="feed",
    recorded_at="2026-03-02T12:00:00+00:00",
    rows={"baby": [one_baby() | {"baby_key": "a", "person_key": "a", "delivery_method": "8"}]},
    persons={"a": "person-a"},
)


def whole(store: sa.Engine) -> dict[str, list[dict[str, object]]]:
    tables = [*(table.name for table in CLINICAL_TABLES), "resolution"]
    return {name: [dict(row) for row in resolved_rows(store, name)] for name in tables}


def take_in(store: sa.Engine, *sent: Sent) -> ResolutionCounts:
    """Save and resolve one after the other, as the service does."""
    for each in sent:
        with writing(store) as connection:
            save(connection, each)
            counts = resolve_all(connection, touched=[each.receipt])
    return counts


def take_in_at_once(store: sa.Engine, *sent: Sent) -> ResolutionCounts:
    with writing(store) as connection:
        for each in sent:
            save(connection, each)
        return resolve_all(connection, touched=None)


def test_a_birth_is_resolved_under_the_keys_of_its_people(store: sa.Engine) -> None:
    take_in(store, birth())
    assert resolved_rows(store, "baby") == [
        one_baby()
        | {"baby_key": "person-b", "person_key": "person-b", "mother_key": "person-m"}
        | {"delivery_key": "d-person-b"}
    ]


def test_a_pregnancy_and_its_booking_follow_the_delivery(store: sa.Engine) -> None:
    take_in(store, birth())
    keys = {name: resolved_rows(store, name)[0][f"{name}_key"] for name in ("delivery", "pregnancy", "booking")}
    assert keys == {"delivery": "d-person-b", "pregnancy": "p-person-b", "booking": "b-p-person-b"}


def test_every_kind_of_cell_reads_the_same_from_every_database(store: sa.Engine) -> None:
    take_in(store, birth())
    assert resolved_rows(store, "booking")[0]["bmi"] == 24.5
    assert resolved_rows(store, "delivery")[0]["augmentation"] is True
    assert resolved_rows(store, "person")[1]["birth_date"] == "1990-05-01"


def test_the_newest_value_that_is_not_null_wins(store: sa.Engine) -> None:
    take_in(store, OLD, NEW)
    found = resolved_rows(store, "baby")[0]
    assert (found["gestation_days"], found["apgar_5"]) == (257, 9)


def test_a_value_recorded_at_no_known_time_comes_last(store: sa.Engine) -> None:
    take_in(store, OTHER, OLD)
    found = resolved_rows(store, "baby")[0]
    assert (found["birth_weight_g"], found["first_feed"]) == (2460, "01")


def test_a_moment_in_summer_time_is_compared_as_an_instant(store: sa.Engine) -> None:
    earlier = birth(receipt="r-1", recorded_at="2026-06-01T00:30:00+01:00", baby={"gestation_days": 250})
    later = birth(receipt="r-2", recorded_at="2026-06-01T00:10:00+00:00", baby={"gestation_days": 257})
    take_in(store, later, earlier)
    assert resolved_rows(store, "baby")[0]["gestation_days"] == 257


@pytest.mark.parametrize("order", ORDERS, ids=ORDER_NAMES)
def test_the_order_of_arrival_changes_nothing(store: sa.Engine, order: tuple[Sent, ...]) -> None:
    take_in(store, *order)
    step_by_step = whole(store)
    take_in_at_once(store, OLD, NEW, OTHER)
    assert step_by_step == whole(store)


def test_resolving_again_changes_nothing(store: sa.Engine) -> None:
    take_in(store, OLD, OTHER)
    before = whole(store)
    take_in_at_once(store)
    assert whole(store) == before


def test_a_column_with_several_values_is_recorded_as_a_conflict(store: sa.Engine) -> None:
    counts = take_in(store, birth(), OTHER)
    assert counts.conflicts == 1
    assert resolved_rows(store, "resolution") == [
        {
            "table_name": "baby",
            "record_key": "person-b",
            "column_name": "birth_weight_g",
            "chosen_source": "feed",
            "rule_id": "birth-weight",
            "conflict": True,
            "candidate_count": 2,
            "severity": "error",
            "status": "open",
            "conflict_id": "2951787f0a851625",
            "resolved_key": "person-b",
            "within_tolerance": False,
            "reason": "difference",
        }
    ]


def test_a_birth_without_an_outcome_is_held_and_counted(store: sa.Engine) -> None:
    counts = take_in(store, birth(baby={"outcome": None}))
    assert (counts.resolved["baby"], counts.held, counts.held_rows) == (0, {"baby.outcome": 1}, {"baby": 1})


def test_a_held_birth_is_placed_when_its_outcome_comes(store: sa.Engine) -> None:
    take_in(store, birth(baby={"outcome": None}))
    counts = take_in(store, birth(receipt="r-2", recorded_at="2026-03-09", baby={"outcome": "01"}))
    assert (counts.resolved["baby"], counts.held) == (1, {})


def test_an_ethnic_category_that_nobody_sent_is_resolved_to_not_known(store: sa.Engine) -> None:
    take_in(store, birth(mother={"ethnic_category": None}))
    assert resolved_rows(store, "person")[1]["ethnic_category"] == "99"


def test_a_mother_without_a_sex_keeps_none(store: sa.Engine) -> None:
    take_in(store, birth())
    assert "sex" not in resolved_rows(store, "person")[1]


def test_the_second_twin_moves_the_delivery_to_the_smaller_key(store: sa.Engine) -> None:
    take_in(store, birth(), TWIN)
    assert [row["delivery_key"] for row in resolved_rows(store, "baby")] == ["d-person-a", "d-person-a"]
    assert [row["delivery_key"] for row in resolved_rows(store, "delivery")] == ["d-person-a"]
    assert [row["pregnancy_key"] for row in resolved_rows(store, "booking")] == ["p-person-a"]


def test_a_delivery_takes_the_most_interventional_method_of_its_babies(store: sa.Engine) -> None:
    take_in(store, birth(), TWIN)
    assert resolved_rows(store, "delivery")[0]["delivery_method"] == "8"


def test_a_person_who_turns_out_to_be_another_leaves_nothing_behind(store: sa.Engine) -> None:
    take_in(store, birth())
    found = birth(receipt="r-2")
    take_in(store, Sent(found.receipt, found.source, found.recorded_at, found.rows, {"m": "person-z", "b": "person-y"}))
    assert [row["person_key"] for row in resolved_rows(store, "person")] == ["person-y", "person-z"]
    assert [row["delivery_key"] for row in resolved_rows(store, "delivery")] == ["d-person-y"]
    assert [row["mother_key"] for row in resolved_rows(store, "baby")] == ["person-z"]


def test_two_feeds_that_know_the_same_baby_mean_the_same_delivery(store: sa.Engine) -> None:
    take_in(store, OLD, OTHER)
    assert [row["delivery_key"] for row in resolved_rows(store, "delivery")] == ["d-person-b"]


def test_a_residence_takes_the_decile_of_its_area(store: sa.Engine) -> None:
    add_area(store)
    take_in(store, birth())
    found = resolved_rows(store, "residence")[0]
    assert (found["imd_2019_decile"], found["local_authority"]) == (3, "E06")


def test_an_area_that_no_table_holds_is_unknown_with_the_reason(store: sa.Engine) -> None:
    add_area(store)
    take_in(store, birth(residence={"lsoa_2011": "W01"}))
    assert resolved_rows(store, "residence")[0]["imd_missing_reason"] == "unknown_area"


def test_a_reason_given_by_the_source_is_kept(store: sa.Engine) -> None:
    take_in(store, birth(residence={"lsoa_2011": None, "imd_missing_reason": "no_postcode"}))
    assert resolved_rows(store, "residence")[0]["imd_missing_reason"] == "no_postcode"


def test_the_working_tables_are_empty_after_a_resolution(store: sa.Engine) -> None:
    take_in(store, OLD, NEW)
    with writing(store) as connection:
        left = [connection.execute(sa.select(table)).all() for table in (TOUCHED_KEY, DIRTY_KEY)]
    assert left == [[], []]


def test_a_birth_elsewhere_is_not_touched(store: sa.Engine) -> None:
    take_in(store, birth())
    counts = take_in(store, Sent("r-2", "feed", None, {"person": [{"person_key": "x", "role": "father"}]}))
    assert counts.resolved == {"person": 1, "residence": 0}


def add_area(store: sa.Engine) -> None:
    row = {"lsoa": "E01", "version": "2019", "decile": 3, "local_authority": "E06"}
    with writing(store) as connection:
        connection.execute(sa.insert(REFERENCE_IMD).values(row))


TEARS = birth(receipt="r-tears", source="lines", recorded_at=None, delivery={"perineal_trauma": "|6234006|"})
MORE_TEARS = Sent(
    receipt="r-more",
    source="lines",
    recorded_at=None,
    rows={"delivery": [{"delivery_key": "d", "perineal_trauma": "|15413009|6234006|"}]},
)


@pytest.mark.parametrize("order", list(permutations([TEARS, MORE_TEARS])), ids=["tears-more", "more-tears"])
def test_sets_of_codes_of_one_source_and_moment_are_united(store: sa.Engine, order: tuple[Sent, ...]) -> None:
    counts = take_in(store, *order)
    [delivery] = resolved_rows(store, "delivery")
    assert (delivery["perineal_trauma"], counts.conflicts) == ("|15413009|6234006|", 0)


def test_a_newer_set_of_codes_stands_in_place_of_the_older(store: sa.Engine) -> None:
    newer = birth(receipt="r-newer", source="lines", delivery={"perineal_trauma": "|57759005|"})
    take_in(store, TEARS, newer)
    [delivery] = resolved_rows(store, "delivery")
    assert delivery["perineal_trauma"] == "|57759005|"


def contact(key: str, day: str, *, attended: bool = True, mechanism: str = "01") -> Sent:
    row: dict[str, Cell] = {
        "contact_key": key,
        "referral_key": "q",
        "contact_date": day,
        "attended": attended,
        "mechanism": mechanism,
    }
    return Sent(receipt=f"r-{key}", source="mind", recorded_at=None, rows={"mh_contact": [row]})


REFERRED = Sent(
    receipt="r-referral",
    source="mind",
    recorded_at=None,
    rows={
        "person": [{"person_key": "m", "role": "mother"}],
        "mh_referral": [{"referral_key": "q", "mother_key": "m", "referral_date": "2026-01-01"}],
    },
)
CONTACTS = (
    contact("c1", "2026-01-05", attended=False),
    contact("c2", "2026-01-06", mechanism="02"),
    contact("c3", "2026-01-09", mechanism="11"),
    contact("c4", "2026-01-20"),
)


@pytest.mark.parametrize("order", [(REFERRED, *CONTACTS), (*reversed(CONTACTS), REFERRED)], ids=["first", "last"])
def test_the_first_contact_is_the_first_attended_in_person_or_by_video(
    store: sa.Engine, order: tuple[Sent, ...]
) -> None:
    take_in(store, *order)
    assert [row["first_contact_date"] for row in resolved_rows(store, "mh_referral")] == ["2026-01-09"]
