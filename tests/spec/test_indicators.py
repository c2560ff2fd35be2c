"""Each indicator counts its worked example, and each trap around it, the same on every engine."""

from __future__ import annotations

import pytest

from indicator_engine.counts import Counted
from indicator_engine.definition import IndicatorDefinition, shipped_definitions, shipped_stratifiers
from indicator_engine.plan import plan_families
from tests.builders import Cell, Row, baby, booking, complete, delivery, mother, pregnancy, residence
from tests.engines import Run

Triple = tuple[int, int, int]


def counted(run: Run, indicator: str, tables: dict[str, list[Row]]) -> Counted:
    """Counts of one shipped indicator over rows of the common model."""
    families = plan_families([shipped_definitions()[indicator]], shipped_stratifiers())
    return run(families, tables)


def whole(found: Counted) -> Triple:
    """Population, denominator and numerator over everything."""
    cells = found.counts.cells[found.counts.cells["dimension"] == "all"]
    return int(cells["population"].sum()), int(cells["denominator"].sum()), int(cells["numerator"].sum())


def strata(found: Counted, dimension: str) -> dict[str, int]:
    """Denominator of each stratum of a dimension."""
    cells = found.counts.cells[found.counts.cells["dimension"] == dimension]
    return {str(stratum): int(count) for stratum, count in cells.groupby("stratum")["denominator"].sum().items()}


@pytest.mark.parametrize("definition", shipped_definitions().values(), ids=lambda each: each.id)
def test_the_worked_example_of_a_definition_gives_its_integers(run: Run, definition: IndicatorDefinition) -> None:
    example = definition.example
    found = counted(run, definition.id, complete(example.rows))
    assert whole(found) == (example.population, example.denominator, example.numerator)


def birth(outcome: str = "01", gestation_days: int | None = 280, **cells: Cell) -> dict[str, list[Row]]:
    """One mother with one delivery of one baby."""
    return {
        "person": [mother()],
        "residence": [residence()],
        "pregnancy": [pregnancy()],
        "delivery": [delivery()],
        "baby": [baby("b1", outcome=outcome, gestation_days=gestation_days, **cells)],
    }


@pytest.mark.parametrize(
    ("gestation_days", "expected"),
    [(153, (1, 0, 0)), (154, (1, 1, 1)), (258, (1, 1, 1)), (259, (1, 1, 0)), (315, (1, 1, 0)), (316, (1, 0, 0))],
)
def test_preterm_birth_is_bounded_at_22_and_37_and_45_weeks(run: Run, gestation_days: int, expected: Triple) -> None:
    assert whole(counted(run, "LB11", birth(gestation_days=gestation_days))) == expected


@pytest.mark.parametrize(
    ("outcome", "gestation_days", "expected"),
    [
        ("01", 168, (1, 1, 0)),
        ("02", 168, (1, 1, 1)),
        ("03", 280, (1, 1, 1)),
        ("04", 280, (1, 1, 1)),
        ("02", 167, (1, 0, 0)),
        ("05", 200, (0, 0, 0)),
        ("98", 280, (0, 0, 0)),
    ],
)
def test_a_stillbirth_is_an_outcome_02_to_04_from_24_weeks_and_never_a_termination(
    run: Run, outcome: str, gestation_days: int, expected: Triple
) -> None:
    assert whole(counted(run, "MO01", birth(outcome, gestation_days))) == expected


def test_a_death_confirmed_before_24_weeks_and_delivered_later_is_no_stillbirth(run: Run) -> None:
    assert whole(counted(run, "MO01", birth("02", 175, death_confirmed_gestation_days=167))) == (1, 0, 0)


def test_a_death_confirmed_at_24_weeks_is_a_stillbirth(run: Run) -> None:
    assert whole(counted(run, "MO01", birth("02", 175, death_confirmed_gestation_days=168))) == (1, 1, 1)


def test_no_event_is_zero_and_not_unknown(run: Run) -> None:
    assert whole(counted(run, "MO01", birth())) == (1, 1, 0)


def test_donor_milk_is_breast_milk_and_a_missing_first_feed_is_out_of_the_denominator(run: Run) -> None:
    tables = birth() | {"baby": [baby("b1", first_feed="02"), baby("b2", first_feed=None), baby("b3", first_feed="03")]}
    assert whole(counted(run, "BF01", tables)) == (3, 2, 1)


def test_an_unknown_smoking_status_is_out_of_the_denominator_at_booking(run: Run) -> None:
    tables = {
        "person": [mother()],
        "residence": [residence()],
        "pregnancy": [pregnancy()],
        "booking": [booking("k1", smoking_status="unknown"), booking("k2", smoking_status="smoker"), booking("k3")],
    }
    assert whole(counted(run, "BK03", tables)) == (3, 1, 1)


def test_a_mother_of_twins_counts_once_among_women_delivering(run: Run) -> None:
    twins = [baby("b1"), baby("b2", birth_datetime="2026-01-15T10:20:00+00:00")]
    tables = birth() | {"baby": twins, "delivery": [delivery(smoking_at_delivery="smoker")]}
    assert whole(counted(run, "LB01", tables)) == (1, 1, 1)


def test_twins_born_on_either_side_of_midnight_belong_to_the_month_of_the_first(run: Run) -> None:
    twins = [
        baby("b1", birth_datetime="2026-01-31T23:50:00+00:00"),
        baby("b2", birth_datetime="2026-02-01T00:10:00+00:00"),
    ]
    tables = birth() | {"baby": twins, "delivery": [delivery(smoking_at_delivery="smoker")]}
    cells = counted(run, "LB01", tables).counts.cells
    assert set(cells["month"]) == {2026 * 12}


def test_a_birth_after_midnight_in_summer_time_falls_on_the_local_date(run: Run) -> None:
    tables = birth(birth_datetime="2026-07-01T00:30:00+01:00", first_feed="01")
    cells = counted(run, "BF01", tables).counts.cells
    assert set(cells["month"]) == {2026 * 12 + 6}


@pytest.mark.parametrize(
    ("ethnic_category", "group"),
    [
        ("A", "white"),
        ("C", "white"),
        ("D", "mixed"),
        ("H", "asian"),
        ("L", "asian"),
        ("M", "black"),
        ("R", "other"),
        ("S", "other"),
        ("Z", "unknown"),
        ("99", "unknown"),
    ],
)
def test_ethnic_categories_fall_into_the_groups_of_2001(run: Run, ethnic_category: str, group: str) -> None:
    tables = birth(first_feed="01") | {"person": [mother(ethnic_category=ethnic_category)]}
    assert strata(counted(run, "BF01", tables), "eth5") == {group: 1}


@pytest.mark.parametrize(
    ("birth_date", "group"),
    [
        ("2006-01-16", "<20"),
        ("2006-01-15", "20-24"),
        ("1996-01-16", "25-29"),
        ("1996-01-15", "30-34"),
        ("1981-01-15", "45+"),
        (None, "unknown"),
    ],
)
def test_a_mother_is_as_old_as_on_the_day_of_birth(run: Run, birth_date: str | None, group: str) -> None:
    tables = birth(first_feed="01") | {"person": [mother(birth_date=birth_date)]}
    assert strata(counted(run, "BF01", tables), "age") == {group: 1}


def test_a_mother_born_on_29_february_ages_on_1_march(run: Run) -> None:
    tables = birth(first_feed="01", birth_datetime="2026-02-28T12:00:00+00:00")
    assert strata(counted(run, "BF01", tables | {"person": [mother(birth_date="1996-02-29")]}), "age") == {"25-29": 1}


def test_a_move_after_the_birth_does_not_rewrite_it(run: Run) -> None:
    homes = [residence(imd_2019_decile=1), residence(valid_from="2026-01-16", imd_2019_decile=10)]
    assert strata(counted(run, "BF01", birth(first_feed="01") | {"residence": homes}), "imd5") == {"1": 1}


def test_a_move_before_the_birth_counts_for_the_new_area(run: Run) -> None:
    homes = [residence(imd_2019_decile=1), residence(valid_from="2026-01-15", imd_2019_decile=10)]
    assert strata(counted(run, "BF01", birth(first_feed="01") | {"residence": homes}), "imd5") == {"5": 1}


def test_a_mother_without_a_known_area_is_a_stratum_of_her_own(run: Run) -> None:
    assert strata(counted(run, "BF01", birth(first_feed="01") | {"residence": []}), "imd5") == {"unknown": 1}


def test_a_birth_without_a_provider_is_counted_for_none(run: Run) -> None:
    tables = birth(first_feed="01") | {"delivery": [delivery(provider_code=None, site_code=None)]}
    cells = counted(run, "BF01", tables).counts.cells
    assert set(cells["provider"]) == {""}


def test_twins_that_are_both_stillborn_are_one_event_on_the_g_chart(run: Run) -> None:
    twins = [baby("b1", outcome="02"), baby("b2", outcome="02", birth_datetime="2026-01-15T10:20:00+00:00")]
    assert len(counted(run, "MO01", birth() | {"baby": twins}).events.rows()) == 1


def test_an_event_knows_how_many_births_came_before_it(run: Run) -> None:
    babies = [
        baby("b1", delivery_key="d1", birth_datetime="2026-01-01T10:00:00+00:00"),
        baby("b2", delivery_key="d2", birth_datetime="2026-01-02T10:00:00+00:00"),
        baby("b3", delivery_key="d3", birth_datetime="2026-01-03T10:00:00+00:00", outcome="02"),
    ]
    deliveries = [delivery("d1"), delivery("d2", provider_code="RSB"), delivery("d3")]
    events = counted(run, "MO01", birth() | {"baby": babies, "delivery": deliveries}).events.rows()
    assert events == [("MO01", "1.0.0", "RSA", 2026 * 12, 3, 2)]
