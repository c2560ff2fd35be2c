from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from synthetic_bundles.areas import build_areas, build_postcodes
from synthetic_bundles.birth_dates import draw_due_dates
from synthetic_bundles.chance import Floats, calibrated, choose_by_row
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.figures import AREAS_BY_DECILE
from synthetic_bundles.london_time import iso_texts, skip_missing_hour
from synthetic_bundles.nhs_numbers import check_digits, draw_nhs_numbers
from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.truth import true_counts
from synthetic_bundles.world import generate_world
from tests.synthetic.read_csv import rows_of

# Every postcode area in use: Royal Mail, with the Crown dependencies and the overseas and non-geographic ones.
POSTCODE_AREAS = frozenset(
    """
    AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK
    FY G GIR GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN
    NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W
    WA WC WD WF WN WR WS WV XX YO ZE
    """.split()  # noqa: SIM905 a word list is easier to check against the source
)
WEIGHTS = np.arange(10, 1, -1)
TABLES = (
    "mothers",
    "pregnancies",
    "bookings",
    "deliveries",
    "babies",
    "ongoing",
    "areas",
    "postcodes",
    "organisations",
)


def small(seed: int) -> World:
    return generate_world(births=300, seed=seed, scenario=load_scenario("llr"), months=6)


def all_nhs_numbers(world: World) -> list[str]:
    return [*world.mothers["nhs_number"].tolist(), *world.babies["nhs_number"].tolist()]


def is_valid(number: str) -> bool:
    """Modulus 11 over the first nine digits, in the words of the NHS Data Dictionary."""
    digits = np.array([int(digit) for digit in number])
    check = 11 - int(digits[:9] @ WEIGHTS) % 11
    return int(digits[9]) == {11: 0}.get(check, check)


@pytest.mark.parametrize("table", TABLES)
def test_the_same_seed_makes_the_same_table(table: str) -> None:
    assert getattr(small(3), table).tobytes() == getattr(small(3), table).tobytes()


def test_another_seed_makes_other_babies() -> None:
    assert small(3).babies.tobytes() != small(4).babies.tobytes()


def test_every_nhs_number_is_valid(small_world: World) -> None:
    assert all(map(is_valid, all_nhs_numbers(small_world)))


def test_every_nhs_number_is_of_the_synthetic_range(small_world: World) -> None:
    assert all(re.fullmatch(r"999\d{7}", number) for number in all_nhs_numbers(small_world))


def test_no_two_people_share_an_nhs_number(small_world: World) -> None:
    numbers = all_nhs_numbers(small_world)
    assert len(set(numbers)) == len(numbers)


def test_the_whole_synthetic_range_can_be_drawn_without_a_repeat() -> None:
    capacity = int((check_digits(np.arange(1_000_000)) < 10).sum())
    assert len(set(draw_nhs_numbers(np.random.default_rng(1), capacity, at_least=capacity).tolist())) == capacity


def test_more_mothers_than_the_range_holds_are_refused() -> None:
    with pytest.raises(WorldRefused, match="ask for fewer births"):
        draw_nhs_numbers(np.random.default_rng(1), 950_000, at_least=950_000)


def test_who_comes_after_the_last_number_of_the_range_has_none() -> None:
    numbers = draw_nhs_numbers(np.random.default_rng(1), 950_000, at_least=600_000)
    assert (numbers == "").tolist() == [False] * 909_091 + [True] * 40_909


def test_a_baby_without_an_nhs_number_has_its_hospital_number_alone(small_world: World) -> None:
    babies = small_world.babies.copy()
    babies["nhs_number"], babies["nhs_number_status"] = "", ""
    (bundle, *_) = bundles_of(replace(small_world, babies=babies))
    first = next(entry for entry in orjson.loads(bundle)["entry"] if "_birthDate" in entry["resource"])
    assert [each["system"].rsplit("/", 2)[-2] for each in first["resource"]["identifier"]] == ["hospital-number"]


@pytest.mark.parametrize(
    ("births", "first_month", "months"),
    [(0, "2021-05", 60), (10, "2021-05", 0), (10, "May 2021", 60), (10, "2021", 60)],
)
def test_a_size_or_period_that_makes_no_world_is_refused(births: int, first_month: str, months: int) -> None:
    with pytest.raises(WorldRefused):
        generate_world(births=births, seed=1, scenario=load_scenario("no_gap"), first_month=first_month, months=months)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(WorldRefused, match="seed"):
        generate_world(births=1, seed=-1, scenario=load_scenario("no_gap"))


@pytest.mark.parametrize("seed", range(5))
def test_a_world_of_a_single_birth_can_be_made_and_told(seed: int) -> None:
    world = generate_world(births=1, seed=seed, scenario=load_scenario("llr"), months=1)
    assert true_counts(world)["denominator"].max() == 1


def test_no_postcode_is_of_a_real_postcode_area(small_world: World) -> None:
    letters = {re.split(r"\d", postcode)[0] for postcode in small_world.postcodes["postcode"].tolist()}
    assert not letters & POSTCODE_AREAS


def test_a_mother_has_a_postcode_of_the_world_or_the_pseudo_one_or_none(small_world: World) -> None:
    known = {*small_world.postcodes["postcode"].tolist(), "ZZ99 3CZ", ""}
    assert set(small_world.mothers["postcode"].tolist()) <= known


def test_a_known_postcode_lies_in_the_area_where_the_mother_lives(small_world: World) -> None:
    area_of = dict(zip(small_world.postcodes["postcode"].tolist(), small_world.postcodes["area"].tolist(), strict=True))
    homes = zip(small_world.mothers["postcode"].tolist(), small_world.mothers["area"].tolist(), strict=True)
    assert all(area_of.get(postcode, area) == area for postcode, area in homes)


def test_no_two_units_share_a_postcode() -> None:
    postcodes = build_postcodes(build_areas(np.random.default_rng(1)))["postcode"]
    assert np.unique(postcodes).size == postcodes.size


def test_areas_are_distributed_over_deciles_as_in_the_local_file(samples: Path) -> None:
    rows = rows_of(samples / "imd" / "imd2019_llr_lsoa2011.csv")
    assert Counter(row["imd2019_decile"] for row in rows) == AREAS_BY_DECILE.shares


def test_no_area_has_the_code_of_a_real_one(small_world: World, samples: Path) -> None:
    rows = rows_of(samples / "imd" / "imd2019_england_lsoa2011.csv")
    assert not {row["lsoa11cd"] for row in rows} & set(small_world.areas["lsoa"].tolist())


def test_every_rank_lies_in_its_decile(small_world: World) -> None:
    deciles = np.ceil(small_world.areas["rank"] * 10 / 32844)
    assert (deciles == small_world.areas["decile"]).all()


def test_twins_share_a_delivery(small_world: World) -> None:
    babies = np.bincount(small_world.babies["delivery"])
    assert babies.tolist() == small_world.deliveries["babies"].tolist()


def test_a_world_of_this_size_holds_twins(small_world: World) -> None:
    assert small_world.deliveries["babies"].max() == 2


def test_the_first_baby_of_a_delivery_is_born_when_the_delivery_says(small_world: World) -> None:
    first = small_world.babies[small_world.deliveries["first_baby"]]
    assert (first["birth_datetime"] == small_world.deliveries["birth_datetime"]).all()


def test_every_booking_stands_before_its_birth(small_world: World) -> None:
    booked = small_world.bookings["booking_date"][: small_world.births]
    assert (booked < small_world.deliveries["birth_datetime"].astype("M8[D]")).all()


def bookings_a_day(world: World) -> Floats:
    """Bookings a day in each month of the world."""
    months = np.arange(world.first_month, world.last_month + 2)
    position = (world.bookings["booking_date"].astype("M8[M]") - world.first_month).astype(np.int64)
    counts = np.bincount(position[(position >= 0) & (position < world.months)], minlength=world.months)
    return counts / np.diff(months.astype("M8[D]")).astype(np.int64)


@pytest.fixture(scope="module")
def daily_bookings() -> Floats:
    """Of 60,000 births in 60 months: about 1,000 bookings a month, so that chance moves one by 3 per cent."""
    return bookings_a_day(generate_world(births=60_000, seed=5, scenario=load_scenario("llr")))


def test_bookings_are_level_from_the_first_month_to_the_last(
    daily_bookings: Floats,
) -> None:
    # Three per cent for the season and four standard errors for chance.
    assert daily_bookings / daily_bookings.mean() == pytest.approx(np.ones(60), abs=0.16)


def test_the_last_nine_months_book_as_often_as_the_same_months_a_year_before(
    daily_bookings: Floats,
) -> None:
    # The same season, so chance alone: three standard errors of the ratio of 9,000 to 9,000.
    assert daily_bookings[-9:].sum() / daily_bookings[-21:-12].sum() == pytest.approx(1.0, abs=0.045)


def test_births_are_those_asked_for_and_ongoing_pregnancies_come_on_top(small_world: World) -> None:
    told = (small_world.births, len(small_world.pregnancies) - len(small_world.ongoing))
    assert told == (600, 600)


def test_ongoing_pregnancies_are_booked_in_the_months_of_the_world_in_order() -> None:
    world = generate_world(births=2_000, seed=1, scenario=load_scenario("llr"), months=3)
    booked = world.bookings["booking_date"][world.ongoing["pregnancy"]]
    months = booked.astype("M8[M]")
    assert (months.min(), months.max(), (np.sort(booked) == booked).all()) == (
        world.first_month,
        world.last_month,
        True,
    )


def test_who_is_due_after_the_world_is_due_from_its_end_on() -> None:
    end = np.datetime64("2026-05-01")
    due = draw_due_dates(np.random.default_rng(1), 50_000, np.datetime64("2021-05-01"), end)
    assert (due.min(), due.max()) == (end, np.datetime64("2027-01-13"))  # 300 days of gestation less 42 at booking


def test_every_pregnancy_has_its_own_mother_and_booking(small_world: World) -> None:
    rows = np.arange(len(small_world.mothers))
    of_row = np.array([small_world.pregnancies["mother"], small_world.bookings["pregnancy"]])
    assert (of_row == rows).all()


def test_no_record_is_older_than_the_birth_it_tells_of(small_world: World) -> None:
    recorded = small_world.deliveries["recorded_datetime"][small_world.babies["delivery"]]
    assert (recorded > small_world.babies["birth_datetime"]).all()


def test_a_loss_before_24_weeks_is_a_late_fetal_loss(llr_world: World) -> None:
    lost = (llr_world.babies["outcome"] != "01") & (llr_world.babies["gestation_days"] < 168)
    confirmed = llr_world.care.newborns["death_confirmed_gestation_days"][lost]
    assert (confirmed.min() >= 154, confirmed.max() < 168) == (True, True)


def test_a_caesarean_tears_nothing(small_world: World) -> None:
    is_caesarean = np.isin(small_world.deliveries["method"], (7, 8))
    assert set(small_world.deliveries["perineal_trauma"][is_caesarean].tolist()) == {""}


def test_only_low_risk_births_happen_at_the_midwife_led_site() -> None:
    deliveries = generate_world(births=5_000, seed=2, scenario=load_scenario("llr")).deliveries
    midwife_led = deliveries[deliveries["site"] == "RSB03"]
    assert set(midwife_led["method"].tolist()) == {0}


def test_calibration_meets_the_mean() -> None:
    log_odds = np.linspace(-3, 3, 1001)
    assert calibrated(0.0045, log_odds).mean() == pytest.approx(0.0045, rel=1e-9)


def test_each_kind_of_row_is_chosen_by_its_own_weights() -> None:
    weights = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    kind = np.tile([0, 1, 2], 1000)
    assert choose_by_row(np.random.default_rng(1), weights, kind).tolist() == [0, 2, 1] * 1000


@pytest.mark.parametrize(
    ("local", "text"),
    [
        ("2026-03-29T00:59", "2026-03-29T00:59:00+00:00"),
        ("2026-03-29T02:00", "2026-03-29T02:00:00+01:00"),
        ("2026-10-25T01:59", "2026-10-25T01:59:00+01:00"),
        ("2026-10-25T02:00", "2026-10-25T02:00:00+00:00"),
    ],
)
def test_the_offset_changes_with_the_clocks_of_london(local: str, text: str) -> None:
    assert iso_texts(np.array([local], "M8[m]")).tolist() == [text]


def test_the_hour_that_march_leaves_out_is_never_used() -> None:
    assert skip_missing_hour(np.array(["2026-03-29T01:30"], "M8[m]")) == np.datetime64("2026-03-29T02:30")
