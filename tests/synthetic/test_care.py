"""What happens around the births agrees with the births, and with itself."""

from __future__ import annotations

import numpy as np
import pytest

from synthetic_bundles.care_tables import ANTENATAL, NEW_BIRTH
from synthetic_bundles.chance import Flags
from synthetic_bundles.families import homes_at
from synthetic_bundles.newborns import deaths_of
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import Table, World
from synthetic_bundles.world import generate_world

CARE_TABLES = (
    "booking_answers",
    "histories",
    "fathers",
    "residences",
    "care_plans",
    "labours",
    "newborns",
    "neonatal_episodes",
    "neonatal_days",
    "health_visits",
    "mental_health_referrals",
    "mental_health_contacts",
)


def small(seed: int) -> World:
    return generate_world(births=300, seed=seed, scenario=load_scenario("llr"), months=6)


@pytest.fixture(scope="module")
def babies_of_episodes(llr_world: World) -> Table:
    babies: Table = llr_world.babies[llr_world.care.neonatal_episodes["baby"]]
    return babies


def is_known(times: np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]) -> Flags:
    return np.asarray(~np.isnat(times))


@pytest.mark.parametrize("table", CARE_TABLES)
def test_the_same_seed_makes_the_same_care(table: str) -> None:
    assert getattr(small(3).care, table).tobytes() == getattr(small(3).care, table).tobytes()


@pytest.mark.parametrize("table", CARE_TABLES)
def test_every_table_of_care_has_rows(llr_world: World, table: str) -> None:
    assert len(getattr(llr_world.care, table)) > 0


@pytest.mark.parametrize(
    ("care", "own"), [("booking_answers", "bookings"), ("histories", "pregnancies"), ("labours", "deliveries")]
)
def test_a_table_that_stands_beside_another_has_its_rows(llr_world: World, care: str, own: str) -> None:
    assert len(getattr(llr_world.care, care)) == len(getattr(llr_world, own))


def test_a_world_of_a_single_birth_has_care() -> None:
    world = generate_world(births=1, seed=2, scenario=load_scenario("llr"), months=1)
    assert len(world.care.newborns) == len(world.babies)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("care_plans", "plan_date"),
        ("neonatal_days", "care_date"),
        ("neonatal_episodes", "admit_datetime"),
        ("neonatal_episodes", "discharge_datetime"),
        ("newborns", "discharge_datetime"),
        ("health_visits", "contact_date"),
        ("mental_health_referrals", "referral_date"),
        ("mental_health_referrals", "first_contact_date"),
        ("mental_health_contacts", "contact_date"),
    ],
)
def test_nothing_happens_from_the_end_of_the_world_on(llr_world: World, table: str, column: str) -> None:
    times = getattr(llr_world.care, table)[column]
    assert (times[is_known(times)] < (llr_world.last_month + 1).astype("M8[D]")).all()


def test_labour_never_begins_after_the_birth(llr_world: World) -> None:
    began, born = llr_world.care.labours["onset_datetime"], llr_world.deliveries["birth_datetime"]
    assert (began[is_known(began)] <= born[is_known(began)]).all()


def test_only_caesareans_have_a_time_of_caesarean(llr_world: World) -> None:
    is_caesarean = np.isin(llr_world.deliveries["method"], (7, 8))
    assert (is_known(llr_world.care.labours["caesarean_datetime"]) == is_caesarean).all()


def test_a_caesarean_in_labour_comes_between_its_onset_and_the_birth(llr_world: World) -> None:
    labours = llr_world.care.labours
    both = is_known(labours["onset_datetime"]) & is_known(labours["caesarean_datetime"])
    times = (labours["onset_datetime"], labours["caesarean_datetime"], llr_world.deliveries["birth_datetime"])
    assert ((times[0] <= times[1]) & (times[1] <= times[2]))[both].all()


def test_a_caesarean_before_labour_has_no_onset(llr_world: World) -> None:
    labours = llr_world.care.labours
    assert not is_known(labours["onset_datetime"][labours["onset_method"] == "2"]).any()


def test_an_induction_code_means_an_induced_onset(llr_world: World) -> None:
    labours = llr_world.care.labours
    assert set(labours["onset_method"][labours["induction_code"] != ""].tolist()) <= {"3", "4", "5", ""}


def test_nobody_has_had_more_caesareans_than_births(llr_world: World) -> None:
    pregnancies, histories = llr_world.pregnancies, llr_world.care.histories
    assert (pregnancies["previous_caesareans"] <= histories["parity"]).all()


def test_parity_is_the_sum_of_births_at_term_and_before(llr_world: World) -> None:
    histories = llr_world.care.histories
    assert (histories["parity"] == histories["previous_term_births"] + histories["previous_preterm_births"]).all()


def test_gravidity_counts_this_pregnancy(llr_world: World) -> None:
    histories = llr_world.care.histories
    assert (histories["gravidity"] == histories["parity"] + histories["previous_losses_lt24w"] + 1).all()


def test_the_expected_date_agrees_with_the_gestation_at_birth(llr_world: World) -> None:
    expected = llr_world.care.histories["edd_agreed"][: llr_world.births]
    born = llr_world.deliveries["birth_datetime"].astype("M8[D]")
    assert (280 - (expected - born).astype(np.int64) == llr_world.deliveries["gestation_days"]).all()


def test_no_baby_is_admitted_before_its_birth(llr_world: World, babies_of_episodes: Table) -> None:
    assert (llr_world.care.neonatal_episodes["admit_datetime"] >= babies_of_episodes["birth_datetime"]).all()


def test_only_babies_born_alive_are_admitted(babies_of_episodes: Table) -> None:
    assert set(babies_of_episodes["outcome"].tolist()) == {"01"}


def test_no_baby_leaves_before_it_was_admitted(llr_world: World) -> None:
    episodes = llr_world.care.neonatal_episodes
    left = is_known(episodes["discharge_datetime"])
    assert (episodes["discharge_datetime"] >= episodes["admit_datetime"])[left].all()


def test_who_died_in_a_unit_left_it_at_death(llr_world: World, babies_of_episodes: Table) -> None:
    episodes = llr_world.care.neonatal_episodes
    died = episodes["discharge_destination"] == "3"
    assert (episodes["discharge_datetime"][died] == babies_of_episodes["death_datetime"][died]).all()


def test_no_stay_outlasts_a_death(llr_world: World, babies_of_episodes: Table) -> None:
    died = is_known(babies_of_episodes["death_datetime"])
    left = llr_world.care.neonatal_episodes["discharge_datetime"][died]
    assert (left[is_known(left)] <= babies_of_episodes["death_datetime"][died][is_known(left)]).all()


def test_a_baby_moved_to_another_unit_is_admitted_there_when_it_leaves(llr_world: World) -> None:
    episodes = llr_world.care.neonatal_episodes
    moved = np.flatnonzero(episodes["discharge_destination"] == "2")
    assert (episodes["admit_datetime"][moved + 1] == episodes["discharge_datetime"][moved]).all()


def test_neonatal_days_lie_within_their_stays(llr_world: World) -> None:
    days = llr_world.care.neonatal_days
    of_day = llr_world.care.neonatal_episodes[days["episode"]]
    left = np.where(is_known(of_day["discharge_datetime"]), of_day["discharge_datetime"], np.datetime64("9999-01-01"))
    starts, ends = of_day["admit_datetime"].astype("M8[D]"), left.astype("M8[D]")
    assert ((days["care_date"] >= starts) & (days["care_date"] <= ends)).all()


def test_a_baby_has_one_neonatal_day_a_date(llr_world: World) -> None:
    days = llr_world.care.neonatal_days
    baby = llr_world.care.neonatal_episodes["baby"][days["episode"]].astype(np.int64)
    keys = baby * 100_000 + days["care_date"].astype(np.int64)
    assert np.unique(keys).size == keys.size


def test_findings_of_very_preterm_babies_are_theirs_alone(llr_world: World, babies_of_episodes: Table) -> None:
    graded = llr_world.care.neonatal_episodes["ivh_grade"] != ""
    assert (graded == (babies_of_episodes["gestation_days"] < 224)).all()


def test_a_baby_that_died_in_hospital_never_goes_home(llr_world: World) -> None:
    home = llr_world.care.newborns["discharge_datetime"]
    death = llr_world.babies["death_datetime"]
    both = is_known(home) & is_known(death)
    assert (home[both] < death[both]).all()


def test_feeding_at_discharge_is_known_only_of_those_who_went_home(llr_world: World) -> None:
    newborns = llr_world.care.newborns
    assert is_known(newborns["discharge_datetime"])[newborns["feeding_at_discharge"] != ""].all()


def test_no_child_is_visited_after_its_death(llr_world: World) -> None:
    visits = llr_world.care.health_visits
    of_child = visits[visits["baby"] >= 0]
    death = deaths_of(llr_world.babies, llr_world.care.newborns)[of_child["baby"]].astype("M8[D]")
    assert (of_child["contact_date"] < death)[is_known(death)].all()


def test_only_antenatal_contacts_name_no_child(llr_world: World) -> None:
    visits = llr_world.care.health_visits
    assert ((visits["baby"] < 0) == (visits["contact_type"] == ANTENATAL)).all()


def test_a_new_birth_visit_comes_after_the_birth(llr_world: World) -> None:
    visits = llr_world.care.health_visits
    visits = visits[visits["contact_type"] == NEW_BIRTH]
    assert (visits["contact_date"] > llr_world.babies["birth_datetime"][visits["baby"]]).all()


def test_what_was_not_attended_found_nothing(llr_world: World) -> None:
    visits = llr_world.care.health_visits
    missed = visits[np.isin(visits["attendance"], ("2", "3", "4"))]
    found = (missed["breastfeeding_status"] != "") | (missed["epds_score"] >= 0) | (missed["asq3_gross_motor"] >= 0)
    assert not found.any()


def test_no_first_contact_comes_before_its_referral(llr_world: World) -> None:
    referrals = llr_world.care.mental_health_referrals
    first = referrals["first_contact_date"]
    assert (first >= referrals["referral_date"])[is_known(first)].all()


def test_the_first_contact_of_a_referral_was_attended(llr_world: World) -> None:
    referrals, contacts = llr_world.care.mental_health_referrals, llr_world.care.mental_health_contacts
    first = contacts["contact_date"] == referrals["first_contact_date"][contacts["referral"]]
    assert contacts["attended"][first].all()


def test_mothers_live_at_their_recorded_area_when_they_give_birth(llr_world: World) -> None:
    rows = np.arange(llr_world.births)
    residences = llr_world.care.residences
    homes = homes_at(residences, rows, llr_world.deliveries["birth_datetime"].astype("M8[D]"))
    assert (residences["area"][homes] == llr_world.mothers["area"][rows]).all()


def test_some_mothers_live_elsewhere_a_year_later(llr_world: World) -> None:
    rows = np.arange(llr_world.births)
    residences = llr_world.care.residences
    born = llr_world.deliveries["birth_datetime"].astype("M8[D]")
    a_year_on = (born.astype(np.int64) + 365).astype("M8[D]")
    later = homes_at(residences, rows, a_year_on)
    assert 0.02 < (residences["area"][later] != llr_world.mothers["area"][rows]).mean() < 0.2


def test_residences_of_a_mother_follow_one_another(llr_world: World) -> None:
    residences = llr_world.care.residences
    same = residences["mother"][1:] == residences["mother"][:-1]
    assert (residences["valid_to"][:-1][same] == residences["valid_from"][1:][same]).all()


def test_fathers_are_of_age(llr_world: World) -> None:
    fathers = llr_world.care.fathers
    booked = llr_world.bookings["booking_date"][fathers["pregnancy"]]
    assert ((booked - fathers["birth_date"]).astype(np.int64) >= 14 * 365).all()


def test_antenatal_plans_are_made_by_the_day_of_birth(llr_world: World) -> None:
    plans = llr_world.care.care_plans
    plans = plans[(plans["plan_type"] == "05") & (plans["pregnancy"] < llr_world.births)]
    born = llr_world.deliveries["birth_datetime"][plans["pregnancy"]].astype("M8[D]")
    assert (plans["plan_date"] <= born).all()
