"""What is drawn to go wrong, and what can still be observed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from synthetic_bundles.errors import FaultLevelInvalid, FaultLevelUnknown
from synthetic_bundles.faults.drawing import ALL_FAULTS, NONE, Faults, draw_faults, has
from synthetic_bundles.faults.entry import birth_as_written, contact_as_written, referral_as_written
from synthetic_bundles.faults.kinds import (
    ENTRY_ERRORS,
    FAULTS_OF,
    Fault,
    System,
    fault_levels,
    load_fault_level,
    parse_fault_level,
)
from synthetic_bundles.faults.observed import observed, without_unlinked_stays
from synthetic_bundles.faults.shifts import is_in_busy_shift
from synthetic_bundles.indicators.catalogue import INDICATORS, counts_of
from synthetic_bundles.records import birth_records
from synthetic_bundles.referral_records import referral_records
from synthetic_bundles.tables import World
from synthetic_bundles.truth import observable_counts, true_counts
from synthetic_bundles.visit_records import contact_records

SYSTEMS = tuple(System)


@pytest.fixture(scope="module")
def heavy(llr_world: World) -> Faults:
    return draw_faults(llr_world, load_fault_level("heavy"))


@pytest.fixture(scope="module")
def seen(llr_world: World, heavy: Faults) -> World:
    return observed(llr_world, heavy)


def only(faults: Faults, system: System, kind: Fault) -> Faults:
    """The same faults without any but this one of this system."""
    cleared = {
        each: np.full(len(faults.of(each)), NONE)
        if each is not system
        else np.where(has(getattr(faults, each.value), kind), ALL_FAULTS.index(kind), NONE)
        for each in System
    }
    return replace(
        faults,
        maternity=cleared[System.MATERNITY],
        neonatal=cleared[System.NEONATAL],
        health_visiting=cleared[System.HEALTH_VISITING],
        mental_health=cleared[System.MENTAL_HEALTH],
    )


def test_the_levels_are_none_default_and_heavy() -> None:
    assert fault_levels() == ("default", "heavy", "none")


@pytest.mark.parametrize("name", fault_levels())
def test_every_level_can_be_loaded(name: str) -> None:
    assert load_fault_level(name).name == name


def test_a_level_that_is_not_shipped_is_refused_with_those_that_are() -> None:
    with pytest.raises(FaultLevelUnknown, match="default, heavy, none"):
        load_fault_level("awful")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[]", "must be a mapping"),
        ("maternity: {twins_swapped: 0.1}", r"maternity\.twins_swapped: no fault of it"),
        ("maternity: {late: 2}", r"maternity\.late: a share from 0 to 1"),
        ("maternity: {late: 0.6, resent: 0.6}", "more than 1"),
        ("busy_shift_factor: 0.5", "a number from 1 on"),
        ("maternal: {}", "key 'maternal' is not known"),
    ],
)
def test_a_level_with_a_mistake_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(FaultLevelInvalid, match=reason):
        parse_fault_level("mine", text)


def test_the_same_world_has_the_same_faults(llr_world: World, heavy: Faults) -> None:
    again = draw_faults(llr_world, load_fault_level("heavy"))
    assert [again.of(system) for system in SYSTEMS] == [heavy.of(system) for system in SYSTEMS]


def test_without_faults_there_are_none(llr_world: World) -> None:
    none = draw_faults(llr_world, load_fault_level("none"))
    assert {fault for system in SYSTEMS for fault in none.of(system)} == {None}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_fault_of_a_system_happens_in_a_large_world(heavy: Faults, system: System) -> None:
    assert set(heavy.of(system)) - {None} == set(FAULTS_OF[system])


@pytest.mark.parametrize("kind", [Fault.NHS_NUMBER_MISSING, Fault.TEMPORARY_ID, Fault.UNKNOWN_CODE, Fault.LATE])
def test_maternity_faults_come_as_often_as_the_level_says(llr_world: World, heavy: Faults, kind: Fault) -> None:
    quiet = ~is_in_busy_shift(llr_world.deliveries) & (
        llr_world.deliveries["birth_datetime"].astype("M8[M]") < llr_world.last_month
    )
    rate = heavy.level.rates[System.MATERNITY][kind]
    spread = (rate * (1 - rate) / quiet.sum()) ** 0.5
    assert abs(has(heavy.maternity, kind)[quiet].mean() - rate) < 4 * spread


def test_entry_errors_are_commoner_in_busy_shifts(llr_world: World, heavy: Faults) -> None:
    busy = is_in_busy_shift(llr_world.deliveries)
    wrong = has(heavy.maternity, *ENTRY_ERRORS)
    ratio = wrong[busy].mean() / wrong[~busy].mean()
    assert 0.75 * heavy.level.busy_shift_factor < ratio < 1.25 * heavy.level.busy_shift_factor


def test_twins_are_swapped_in_pairs(llr_world: World, heavy: Faults) -> None:
    swapped = llr_world.care.neonatal_episodes["baby"][has(heavy.neonatal, Fault.TWINS_SWAPPED)]
    deliveries = llr_world.babies["delivery"][swapped]
    assert set(np.unique(deliveries, return_counts=True)[1].tolist()) == {2}


def is_valid_number(number: str) -> bool:
    check = 11 - sum(int(digit) * weight for digit, weight in zip(number[:9], range(10, 1, -1), strict=True)) % 11
    return check % 11 == int(number[9])


def test_a_wrong_number_is_nobodys(llr_world: World) -> None:
    births = [birth_as_written(birth, Fault.NHS_NUMBER_WRONG) for birth in birth_records(llr_world, stop=500)]
    numbers = [birth.babies[0].nhs_number or "" for birth in births]
    assert not [number for number in numbers if is_valid_number(number)]


def exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("system", [System.HEALTH_VISITING, System.MENTAL_HEALTH])
def test_an_impossible_date_stays_in_its_month_and_does_not_exist(
    llr_world: World, heavy: Faults, system: System
) -> None:
    if system is System.HEALTH_VISITING:
        pairs = [
            (record.visit.contact_date, contact_as_written(record, fault).visit.contact_date)
            for record, fault in zip(contact_records(llr_world), heavy.of(system), strict=True)
            if fault is Fault.IMPOSSIBLE_DATE
        ]
    else:
        pairs = [
            (record.referral.referral_date, referral_as_written(record, fault).referral.referral_date)
            for record, fault in zip(referral_records(llr_world), heavy.of(system), strict=True)
            if fault is Fault.IMPOSSIBLE_DATE
        ]
    assert {true[:7] == written[:7] for true, written in pairs} == {True}
    assert not [written for _, written in pairs if exists(written)]


def test_without_faults_everything_in_maternity_is_observed(llr_world: World) -> None:
    none = draw_faults(llr_world, load_fault_level("none"))
    assert true_counts(observed(llr_world, none)).equals(true_counts(llr_world))


@pytest.mark.parametrize("kind", [Fault.DUPLICATE, Fault.RESENT, Fault.OUT_OF_ORDER, Fault.LATE])
@pytest.mark.parametrize("system", SYSTEMS)
def test_how_a_record_travels_changes_no_count(llr_world: World, heavy: Faults, system: System, kind: Fault) -> None:
    seen = observed(llr_world, only(heavy, system, kind))
    names = ("BF01", "HV03", "PM03", "NN01")
    expected = list(counts_of(llr_world, names))
    assert all(found.equals(true) for found, true in zip(counts_of(seen, names), expected, strict=True))


def total(world: World, indicator: str, column: str) -> int:
    (table,) = counts_of(world, (indicator,))
    return int(table[table["dimension"] == "all"][column].sum())


def stratum(world: World, indicator: str, dimension: str, name: str) -> int:
    (table,) = counts_of(world, (indicator,))
    return int(table[(table["dimension"] == dimension) & (table["stratum"] == name)]["denominator"].sum())


def test_a_method_of_no_known_code_is_unknown(llr_world: World, seen: World, heavy: Faults) -> None:
    unknown = int(has(heavy.maternity, Fault.UNKNOWN_CODE).sum())
    assert int((seen.deliveries["method"] < 0).sum()) == unknown
    assert 0 < stratum(seen, "LB09", "method", "unknown") <= unknown
    assert 0 < total(llr_world, "LB21", "denominator") - total(seen, "LB21", "denominator") <= unknown


def test_a_mother_without_a_real_birth_date_has_no_known_age(seen: World, heavy: Faults) -> None:
    assert int(np.isnat(seen.mothers["birth_date"]).sum()) == int(has(heavy.maternity, Fault.IMPOSSIBLE_DATE).sum())
    assert stratum(seen, "LB01", "age", "unknown") > 0


def test_a_gestation_in_days_is_unknown_or_that_of_a_neonatal_unit(
    llr_world: World, seen: World, heavy: Faults
) -> None:
    first = llr_world.deliveries["first_baby"][has(heavy.maternity, Fault.GESTATION_IN_DAYS)]
    stays = seen.care.neonatal_episodes
    linked = np.isin(first, stays["baby"][stays["is_linked"]])
    assert (seen.babies["gestation_days"][first[~linked]] == -1).all()
    assert (seen.babies["gestation_days"][first[linked]] > 0).all()


def test_a_baby_without_gestation_is_in_no_band_of_it(seen: World) -> None:
    assert stratum(seen, "LB13", "gest", "unknown") == 0
    (table,) = counts_of(seen, ("NN02",))
    assert "unknown" not in set(table[(table["dimension"] == "gest") & (table["denominator"] > 0)]["stratum"])


def test_a_visit_that_names_nobody_is_no_visit(llr_world: World, seen: World, heavy: Faults) -> None:
    lost = has(heavy.health_visiting, Fault.NHS_NUMBER_MISSING, Fault.NHS_NUMBER_WRONG, Fault.IMPOSSIBLE_DATE)
    assert len(seen.care.health_visits) == len(llr_world.care.health_visits) - int(lost.sum())
    assert total(seen, "HV03", "denominator") == total(llr_world, "HV03", "denominator")
    assert total(seen, "HV03", "numerator") < total(llr_world, "HV03", "numerator")


def test_contacts_follow_the_referrals_that_are_left(seen: World) -> None:
    care = seen.care
    first = care.mental_health_referrals["first_contact_date"]
    dates = care.mental_health_contacts["contact_date"]
    assert (dates >= first[care.mental_health_contacts["referral"]]).all()


def test_days_of_care_follow_the_stays_that_are_linked(seen: World) -> None:
    care = without_unlinked_stays(seen).care
    admitted = care.neonatal_episodes["admit_datetime"].astype("M8[D]")[care.neonatal_days["episode"]]
    assert (care.neonatal_days["care_date"] >= admitted).all()
    assert care.neonatal_episodes["is_linked"].all()


def test_conflicts_are_counted_and_change_nothing_else(llr_world: World, heavy: Faults) -> None:
    seen = observed(llr_world, only(heavy, System.NEONATAL, Fault.GESTATION_CONFLICT))
    assert total(seen, "DQ03", "numerator") > total(llr_world, "DQ03", "numerator")
    assert total(seen, "LB11", "numerator") == total(llr_world, "LB11", "numerator")


def test_the_observable_truth_tells_of_every_indicator(seen: World) -> None:
    names = [table["indicator"].iat[0] for table in observable_counts(seen) if len(table)]
    assert names == sorted(INDICATORS)
