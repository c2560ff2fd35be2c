"""What breaks a rule leaves the resolved model as its rule says, however the rows came and however often it runs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.store.schema import RULE_HIT
from fhir_adapter.store.source_rows import Cell
from tests.integration.store_rows import Sent, birth, resolved_rows, save


def take_in(store: sa.Engine, *sent: Sent) -> None:
    for each in sent:
        with writing(store) as connection:
            save(connection, each)
            resolve_all(connection, touched=[each.receipt])


def resolve_again(store: sa.Engine) -> None:
    with writing(store) as connection:
        resolve_all(connection, touched=None)


def hits(store: sa.Engine) -> list[tuple[object, ...]]:
    with reading(store) as connection:
        columns = (RULE_HIT.c.rule_id, RULE_HIT.c.check_number, RULE_HIT.c.table_name, RULE_HIT.c.record_key)
        found = connection.execute(sa.select(*columns))
        return sorted(tuple(row) for row in found)


def whole(store: sa.Engine) -> tuple[object, ...]:
    return *(resolved_rows(store, table.name) for table in CLINICAL_TABLES), hits(store)


def rules_broken(store: sa.Engine) -> set[str]:
    return {str(rule) for rule, *_ in hits(store)}


def test_a_value_in_error_is_set_aside_and_its_record_kept(store: sa.Engine) -> None:
    take_in(store, birth(baby={"gestation_days": 140}))
    [found] = resolved_rows(store, "baby")
    assert "gestation_days" not in found
    assert found["birth_weight_g"] == 2460
    assert "R04" in rules_broken(store)


def test_a_value_that_is_only_warned_of_stays(store: sa.Engine) -> None:
    take_in(store, birth(baby={"gestation_days": 150}))
    assert resolved_rows(store, "baby")[0]["gestation_days"] == 150
    assert "R06" in rules_broken(store)


def test_a_late_loss_is_told_by_the_gestation_of_its_death_and_keeps_its_outcome(store: sa.Engine) -> None:
    take_in(store, birth(baby={"gestation_days": 160, "outcome": "02"}))
    found = resolved_rows(store, "baby")[0]
    assert (found["outcome"], found["death_confirmed_gestation_days"], found["gestation_days"]) == ("02", 160, 160)


def test_a_booking_after_the_birth_cannot_be_placed(store: sa.Engine) -> None:
    late = birth()
    rows = {**late.rows, "booking": [{"booking_key": "k", "pregnancy_key": "p", "booking_date": "2026-03-03"}]}
    take_in(store, Sent(late.receipt, late.source, late.recorded_at, rows, late.persons))
    assert resolved_rows(store, "booking") == []
    assert "R08" in rules_broken(store)


def neonatal(level: str, receipt: str, source: str = "neo", recorded_at: str | None = None) -> Sent:
    rows: dict[str, list[Mapping[str, Cell]]] = {
        "baby": [{"baby_key": "n", "person_key": "n"}],
        "neonatal_episode": [{"episode_key": "e", "baby_key": "n", "admit_datetime": "2026-03-02T05:00:00+00:00"}],
        "neonatal_day": [{"episode_key": "e", "care_date": "2026-03-02", "care_level": level}],
    }
    return Sent(receipt, source, recorded_at, rows, {"n": "person-b"})


@pytest.mark.parametrize("levels", [("1", "2"), ("2", "1")])
def test_the_highest_of_two_levels_of_care_on_one_day_counts(store: sa.Engine, levels: tuple[str, str]) -> None:
    take_in(store, birth(), neonatal(levels[0], "r-1"), neonatal(levels[1], "r-2"))
    assert resolved_rows(store, "neonatal_day")[0]["care_level"] == "1"


def test_a_corrected_value_brings_the_record_back_in_order(store: sa.Engine) -> None:
    take_in(store, birth(baby={"gestation_days": 140}))
    take_in(store, birth(receipt="r-2", recorded_at="2026-03-05T12:00:00+00:00", baby={"gestation_days": 280}))
    assert resolved_rows(store, "baby")[0]["gestation_days"] == 280
    assert "R04" not in rules_broken(store)


ALONE = Sent(
    receipt="r-visit",
    source="hv",
    recorded_at=None,
    rows={
        "hv_contact": [
            {
                "contact_key": "c",
                "child_key": "h",
                "contact_type": "new_birth",
                "contact_date": "2026-06-02",
                "attendance": "5",
            }
        ]
    },
    persons={"h": "person-b"},
)
YOUNG = birth(receipt="r-young", mother={"birth_date": "2019-01-01"})
LATER = birth(receipt="r-later", source="other", recorded_at=None, baby={"gestation_days": 140, "birth_order": 2})
ORDERS = list(permutations([YOUNG, LATER, neonatal("2", "r-neo"), ALONE]))


@pytest.mark.parametrize("order", ORDERS[::5], ids=lambda order: "-".join(each.receipt for each in order))
def test_no_order_of_arrival_changes_the_hits_or_the_model(store: sa.Engine, order: tuple[Sent, ...]) -> None:
    take_in(store, *order)
    step_by_step = whole(store)
    resolve_again(store)
    assert whole(store) == step_by_step
    assert {"R07", "R20", "R42"} <= rules_broken(store)


def test_a_mother_whose_date_of_birth_was_set_aside_stays_so_when_her_baby_comes_again(store: sa.Engine) -> None:
    take_in(store, YOUNG)
    rows: dict[str, list[Mapping[str, Cell]]] = {"baby": [{"baby_key": "z", "person_key": "z", "apgar_5": 9}]}
    take_in(store, Sent("r-again", "other", None, rows, {"z": "person-b"}))
    assert "R07" in rules_broken(store)
    assert "birth_date" not in next(row for row in resolved_rows(store, "person") if row["role"] == "mother")
