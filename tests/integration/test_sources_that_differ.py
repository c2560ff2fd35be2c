"""Whose value counts where sources differ, and what is a conflict: the shipped rules, on both databases."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.resolution_log import Choice, Wanted, list_choices
from fhir_adapter.store.resolved import ResolutionCounts, resolve_all
from fhir_adapter.store.source_rows import Cell
from tests.integration.store_rows import Sent, birth, resolved_rows, save

Cells = Mapping[str, Cell]
EARLY, LATE = "2026-03-02T12:00:00+00:00", "2026-03-09T12:00:00+00:00"


def said(system: str, *, at: str | None = EARLY, receipt: str = "", **cells: Cell) -> Sent:
    """A birth as a system of this kind sends it; cells: of the baby."""
    return told(system, cells, at=at, receipt=receipt)


def told(system: str, cells: Cells, *, at: str | None = EARLY, receipt: str = "") -> Sent:
    """The same, with the cells in a mapping."""
    return birth(receipt=receipt or f"r-{system}", source=system, system=system, recorded_at=at, baby=cells)


def take_in(store: sa.Engine, *sent: Sent) -> ResolutionCounts:
    for each in sent:
        with writing(store) as connection:
            save(connection, each)
            counts = resolve_all(connection, touched=[each.receipt])
    return counts


def baby(store: sa.Engine) -> dict[str, Cell]:
    [found] = resolved_rows(store, "baby")
    return found


def choices(store: sa.Engine) -> tuple[Choice, ...]:
    with reading(store) as connection:
        return list_choices(connection, Wanted(everything=True))


def outcome_of(store: sa.Engine) -> list[tuple[str, bool, str]]:
    return [(each.column_name, each.conflict, each.severity) for each in choices(store)]


def test_maternity_comes_before_a_newer_value_of_neonatal_care(store: sa.Engine) -> None:
    take_in(store, said("maternity", gestation_days=257), said("neonatal", at=LATE, gestation_days=254))
    assert baby(store)["gestation_days"] == 257
    assert outcome_of(store) == [("gestation_days", True, "warn")]


@pytest.mark.parametrize(
    ("column", "of_maternity", "of_neonatal", "found"),
    [
        ("gestation_days", 257, 251, [("gestation_days", True, "warn")]),
        ("gestation_days", 257, 250, [("gestation_days", True, "error")]),
        ("birth_weight_g", 2460, 2470, [("birth_weight_g", False, "info")]),
        ("birth_weight_g", 2460, 2471, [("birth_weight_g", True, "warn")]),
        ("birth_weight_g", 2460, 2560, [("birth_weight_g", True, "warn")]),
        ("birth_weight_g", 2460, 2561, [("birth_weight_g", True, "error")]),
        ("apgar_5", 9, 8, [("apgar_5", False, "info")]),
        ("apgar_5", 9, 7, [("apgar_5", True, "warn")]),
        ("birth_datetime", EARLY, "2026-03-02T13:00:00+00:00", [("birth_datetime", False, "info")]),
        ("birth_datetime", EARLY, "2026-03-02T13:01:00+00:00", [("birth_datetime", True, "warn")]),
        ("birth_datetime", EARLY, "2026-03-02T14:00:00+01:00", [("birth_datetime", False, "info")]),
        ("birth_datetime", EARLY, "2026-03-03T12:00:00+00:00", [("birth_datetime", True, "error")]),
        ("birth_datetime", EARLY, "2026-03-02", [("birth_datetime", False, "info")]),
        ("birth_datetime", EARLY, "2026-03-03", [("birth_datetime", True, "error")]),
        ("feeding_at_discharge", "01", "02", [("feeding_at_discharge", False, "info")]),
        ("feeding_at_discharge", "01", "03", [("feeding_at_discharge", True, "warn")]),
        ("delivery_method", "0", "7", [("delivery_method", True, "warn")]),
    ],
)
def test_a_difference_is_a_conflict_only_beyond_the_tolerance(
    store: sa.Engine, column: str, of_maternity: Cell, of_neonatal: Cell, found: list[tuple[str, bool, str]]
) -> None:
    take_in(store, told("maternity", {column: of_maternity}), told("neonatal", {column: of_neonatal}))
    assert baby(store)[column] == of_maternity
    assert outcome_of(store) == found


def test_a_plausible_value_of_a_lower_source_comes_before_an_implausible_one(store: sa.Engine) -> None:
    take_in(store, said("maternity", birth_weight_g=26400), said("neonatal", birth_weight_g=2640))
    assert baby(store)["birth_weight_g"] == 2640
    assert outcome_of(store) == [("birth_weight_g", True, "error")]


def test_a_source_that_corrects_itself_is_no_conflict(store: sa.Engine) -> None:
    first = said("maternity", receipt="r-1", birth_weight_g=2460)
    take_in(store, said("maternity", receipt="r-2", at=LATE, birth_weight_g=3460), first)
    assert (baby(store)["birth_weight_g"], outcome_of(store)) == (3460, [])


def test_what_a_source_withdrew_stands_no_more_against_another(store: sa.Engine) -> None:
    wrong, right = said("neonatal", receipt="r-1", gestation_days=200), said("neonatal", receipt="r-2", at=LATE)
    take_in(store, said("maternity"), wrong, right)
    assert outcome_of(store) == []


def test_two_values_of_one_source_and_moment_are_a_conflict(store: sa.Engine) -> None:
    one, other = (said("maternity", receipt=f"r-{days}", at=None, gestation_days=days) for days in (250, 257))
    take_in(store, one, other)
    assert outcome_of(store) == [("gestation_days", True, "error")]


@pytest.mark.parametrize("unknown", ["Z", "99"])
def test_an_ethnic_category_not_known_loses_to_any_other_and_differs_from_none(store: sa.Engine, unknown: str) -> None:
    told = birth(receipt="r-1", source="hv", system="health_visiting", mother={"ethnic_category": "H"})
    asked = birth(receipt="r-2", source="m", system="maternity", recorded_at=LATE, mother={"ethnic_category": unknown})
    take_in(store, asked, told)
    mother = resolved_rows(store, "person")[1]
    assert (mother["ethnic_category"], outcome_of(store)) == ("H", [])


@pytest.mark.parametrize(("newer", "conflict"), [("J", False), ("A", True)])
def test_the_newest_ethnic_category_that_she_told_counts_and_groups_are_compared(
    store: sa.Engine, newer: str, conflict: bool
) -> None:
    booked = birth(receipt="r-1", source="m", system="maternity", mother={"ethnic_category": "H"})
    later = {"receipt": "r-2", "source": "hv", "system": "health_visiting", "recorded_at": LATE}
    take_in(store, booked, birth(**later, mother={"ethnic_category": newer}))  # type: ignore[arg-type]  # names of the builder
    assert resolved_rows(store, "person")[1]["ethnic_category"] == newer
    assert outcome_of(store) == [("ethnic_category", conflict, "warn" if conflict else "info")]


def test_a_smoker_by_any_source_is_a_smoker(store: sa.Engine) -> None:
    one = birth(receipt="r-1", source="a", system="maternity", booking={"smoking_status": "smoker"})
    other = birth(receipt="r-2", source="b", system="maternity", recorded_at=LATE)
    found = {"booking": [{"booking_key": "k", "pregnancy_key": "p", "smoking_status": "non_smoker"}]}
    take_in(store, one, Sent("r-2", "b", LATE, {**other.rows, **found}, other.persons, "maternity"))
    assert resolved_rows(store, "booking")[0]["smoking_status"] == "smoker"
    assert outcome_of(store) == [("smoking_status", True, "info")]


@pytest.mark.parametrize(
    ("measured", "status"),
    [({"co_ppm": 4}, "smoker"), ({"co_ppm": 3.9}, "non_smoker"), ({"cigarettes_per_day": 1}, "smoker")],
)
def test_measured_smoking_comes_before_a_finding(store: sa.Engine, measured: Cells, status: str) -> None:
    take_in(store, birth(booking={"smoking_status": "non_smoker", **measured}))
    assert resolved_rows(store, "booking")[0]["smoking_status"] == status
    assert [each.reason for each in choices(store)] == ["measured"] * (status == "smoker")


@pytest.mark.parametrize(
    ("dates", "gestation", "source"),
    [
        ({"edd_agreed": "2026-03-25", "lmp_date": "2025-06-01"}, 257, "estimated-due-date"),
        ({"lmp_date": "2025-06-18"}, 257, "last-menstrual-period"),
    ],
)
def test_gestation_that_nobody_recorded_is_worked_out_of_the_dates(
    store: sa.Engine, dates: Cells, gestation: int, source: str
) -> None:
    sent = birth(baby={"gestation_days": None})
    pregnancy = {"pregnancy": [{"pregnancy_key": "p", "mother_key": "m", **dates}]}
    take_in(store, Sent(sent.receipt, sent.source, sent.recorded_at, {**sent.rows, **pregnancy}, sent.persons))
    assert baby(store)["gestation_days"] == gestation
    assert [(each.reason, each.chosen_source) for each in choices(store)] == [("worked-out", source)]


def stay(destination: str) -> Sent:
    """A neonatal stay of the baby that ended there, in the feed of the neonatal unit."""
    row = {"episode_key": "e", "baby_key": "b", "admit_datetime": EARLY, "discharge_destination": destination}
    return Sent("r-stay", "neonatal", EARLY, {"neonatal_episode": [row]}, system="neonatal")


@pytest.mark.parametrize(("destination", "feeding"), [("1", "03"), ("2", "01")], ids=["home", "ward"])
@pytest.mark.parametrize("is_stay_first", [True, False])
def test_feeding_at_discharge_is_the_word_of_the_unit_that_sent_the_baby_home(
    store: sa.Engine, destination: str, feeding: str, is_stay_first: bool
) -> None:
    fed = [said("maternity", feeding_at_discharge="01"), said("neonatal", feeding_at_discharge="03")]
    take_in(store, *((stay(destination), *fed) if is_stay_first else (*fed, stay(destination))))
    assert baby(store)["feeding_at_discharge"] == feeding


def died(system: str, day: str, *, at: str = EARLY) -> Sent:
    sent = birth(receipt=f"r-{system}", source=system, system=system, recorded_at=at)
    persons = [{**each, "death_datetime": day} if each["person_key"] == "b" else each for each in sent.rows["person"]]
    return Sent(sent.receipt, sent.source, at, {**sent.rows, "person": persons}, sent.persons, system)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ("2026-03-05", [("death_datetime", False, "info")]),
        ("2026-03-06", [("death_datetime", True, "error")]),
    ],
)
def test_the_newest_confirmation_of_a_death_counts(
    store: sa.Engine, other: str, found: list[tuple[str, bool, str]]
) -> None:
    take_in(store, died("maternity", "2026-03-04"), died("neonatal", other, at=LATE))
    assert resolved_rows(store, "person")[0]["death_datetime"] == other
    assert outcome_of(store) == found


def test_a_death_that_one_of_two_sources_tells_is_listed_and_no_conflict(store: sa.Engine) -> None:
    take_in(store, said("maternity"), died("neonatal", "2026-03-04"))
    assert [(each.column_name, each.reason, each.conflict) for each in choices(store)] == [
        ("death_datetime", "only-one-source", False)
    ]


def contact(source: str, system: str, status: str) -> Sent:
    row = {"contact_key": "c", "child_key": "b", "contact_date": "2026-04-20", "contact_type": "6_8_week"}
    told = {**row, "attendance": "5", "breastfeeding_status": status}
    return Sent(f"r-{source}", source, LATE, {"hv_contact": [told]}, system=system)


def test_a_review_is_the_word_of_the_health_visiting_service_alone(store: sa.Engine) -> None:
    take_in(store, contact("hv", "health_visiting", "01"), contact("gp", "other", "03"))
    assert resolved_rows(store, "hv_contact")[0]["breastfeeding_status"] == "01"
    assert outcome_of(store) == []


def test_a_birth_that_is_both_live_and_stillborn_by_equal_sources_is_held(store: sa.Engine) -> None:
    one, other = (
        said("maternity", outcome="01"),
        birth(receipt="r-b", source="b", system="maternity", baby={"outcome": "02"}),
    )
    counts = take_in(store, one, other)
    assert (counts.held, counts.held_rows) == ({"baby.outcome (undecided)": 1}, {"baby": 1})
    assert resolved_rows(store, "baby") == []
    assert outcome_of(store) == [("outcome", True, "error")]


def test_an_outcome_between_which_a_rule_stands_is_not_held(store: sa.Engine) -> None:
    counts = take_in(store, said("maternity", outcome="01"), said("neonatal", outcome="02"))
    assert (baby(store)["outcome"], counts.held) == ("01", {})


def test_each_candidate_says_where_it_stands(store: sa.Engine) -> None:
    take_in(store, said("neonatal", gestation_days=254), said("maternity", gestation_days=257))
    [choice] = choices(store)
    assert [(each.source, each.value, each.standing, each.source_record_id) for each in choice.candidates] == [
        ("maternity", "257", "counts", "record"),
        ("neonatal", "254", "differs", "record"),
    ]


def test_sets_of_codes_are_compared_whole(store: sa.Engine) -> None:
    torn = [
        birth(receipt=f"r-{source}{code}", source=source, system="maternity", delivery={"perineal_trauma": f"|{code}|"})
        for source, code in (("a", "6234006"), ("a", "15413009"), ("b", "15413009"), ("b", "6234006"))
    ]
    take_in(store, *torn)
    assert resolved_rows(store, "delivery")[0]["perineal_trauma"] == "|15413009|6234006|"
    assert outcome_of(store) == []
