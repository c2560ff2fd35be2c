"""Whatever the rows, every engine counts the same, and what it counts adds up."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indicator_engine.counts import Counted, CountTable, MonthRange
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.engines.duck import count_on_snapshot
from indicator_engine.plan import plan_families
from tests.builders import Row, baby, booking, choice, delivery, mother, pregnancy, residence
from tests.engines import Run, run_duckdb, run_in_place, run_reference

Tables = dict[str, list[Row]]

FAMILIES = plan_families(shipped_definitions().values(), shipped_stratifiers())
few_examples = settings(
    derandomize=True, max_examples=12, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
many_examples = settings(few_examples, max_examples=40)

PEOPLE = 3
DAYS = ("2024-02-28", "2024-02-29", "2024-03-01", "2026-01-31", "2026-02-01", "2026-03-29", "2026-10-25", "2026-12-31")
TIMES = ("", "T00:00:00+00:00", "T00:30:00+01:00", "T12:00:00+00:00", "T23:59:59+00:00")
BIRTHDAYS = ("1975-06-01", "1984-02-29", "1996-02-29", "1996-03-01", "2006-10-25", "2018-01-01")
ORGANISATIONS = (None, "RSA", "RSB", "ZZZ")
SITES = (None, "RSA01", "RSB01", "99999")
numbers = st.integers(1, PEOPLE)
moments = st.builds("".join, st.tuples(st.sampled_from(DAYS), st.sampled_from(TIMES)))


def nullable(*values: str | int) -> st.SearchStrategy[str | int | None]:
    """One of the values, or nothing."""
    return st.sampled_from((None, *values))


@st.composite
def mothers(draw: st.DrawFn) -> list[Row]:
    return [
        mother(
            f"m{number}",
            birth_date=draw(nullable(*BIRTHDAYS)),
            ethnic_category=draw(st.sampled_from(("A", "C", "D", "K", "P", "R", "Z", "99"))),
        )
        for number in range(1, PEOPLE + 1)
    ]


@st.composite
def residences(draw: st.DrawFn) -> list[Row]:
    homes = draw(st.sets(st.tuples(numbers, st.sampled_from(("2020-01-01", *DAYS))), max_size=5))
    return [
        residence(f"m{number}", valid_from=day, imd_2019_decile=draw(nullable(1, 2, 3, 10)))
        for number, day in sorted(homes)
    ]


@st.composite
def bookings(draw: st.DrawFn) -> list[Row]:
    return [
        booking(
            f"k{place}",
            pregnancy_key=f"p{draw(numbers)}",
            booking_date=draw(st.sampled_from(DAYS)),
            site_code=draw(st.sampled_from(SITES)),
            smoking_status=draw(nullable("smoker", "non_smoker", "unknown")),
        )
        for place in range(draw(st.integers(0, 5)))
    ]


@st.composite
def deliveries(draw: st.DrawFn) -> list[Row]:
    return [
        delivery(
            f"d{number}",
            pregnancy_key=f"p{draw(numbers)}",
            provider_code=draw(st.sampled_from(ORGANISATIONS)),
            site_code=draw(st.sampled_from(SITES)),
            delivery_method=draw(nullable("0", "4", "5", "8")),
            perineal_trauma=draw(nullable("|10217006|", "|15413009|399031001|", "|6234006|")),
            smoking_at_delivery=draw(nullable("smoker", "non_smoker", "unknown")),
        )
        for number in range(1, PEOPLE + 1)
    ]


@st.composite
def babies(draw: st.DrawFn) -> list[Row]:
    """Babies that share mothers and deliveries as they like, so that there are twins and strangers."""
    return [
        baby(
            f"b{place}",
            delivery_key=f"d{draw(numbers)}",
            mother_key=f"m{draw(numbers)}",
            birth_datetime=draw(moments),
            outcome=draw(st.sampled_from(("01", "01", "02", "03", "04", "05", "98"))),
            gestation_days=draw(st.sampled_from((153, 154, 167, 168, 258, 259, 315, 316))),
            death_confirmed_gestation_days=draw(nullable(160, 167, 168)),
            first_feed=draw(nullable("01", "02", "03")),
            site_code=draw(st.sampled_from(SITES)),
        )
        for place in range(draw(st.integers(0, 7)))
    ]


CONTESTED = (
    ("baby", "b0", "gestation_days"),
    ("baby", "b1", "outcome"),
    ("baby", "b1", "delivery_method"),
    ("baby", "b2", "apgar_5"),
    ("delivery", "d1", "perineal_trauma"),
    ("booking", "k0", "smoking_status"),
    ("person", "m1", "ethnic_category"),
)


@st.composite
def choices(draw: st.DrawFn) -> list[Row]:
    """Choices between sources, some of them open conflicts."""
    cells = draw(st.sets(st.sampled_from(CONTESTED)))
    return [
        choice(*cell, conflict=draw(st.booleans()), status=draw(st.sampled_from(("open", "open", "settled"))))
        for cell in sorted(cells)
    ]


@st.composite
def worlds(draw: st.DrawFn) -> Tables:
    return {
        "person": draw(mothers()),
        "residence": draw(residences()),
        "pregnancy": [
            pregnancy(f"p{number}", mother_key=f"m{number}", booking_provider_code=draw(st.sampled_from(ORGANISATIONS)))
            for number in range(1, PEOPLE + 1)
        ],
        "booking": draw(bookings()),
        "delivery": draw(deliveries()),
        "baby": draw(babies()),
        "resolution": draw(choices()),
    }


EMPTY: Mapping[str, Sequence[Row]] = {
    name: [] for name in ("person", "residence", "pregnancy", "booking", "delivery", "baby", "resolution")
}
TWINS_ON_A_LEAP_DAY: Mapping[str, Sequence[Row]] = {
    "person": [mother("m1", birth_date="1996-02-29")],
    "residence": [residence("m1"), residence("m1", valid_from="2024-02-29", imd_2019_decile=10)],
    "pregnancy": [pregnancy("p1", booking_provider_code=None)],
    "booking": [booking("k1", booking_date="2024-02-29", smoking_status="smoker", site_code=None)],
    "delivery": [delivery("d1", site_code=None, smoking_at_delivery="smoker", perineal_trauma="|10217006|")],
    "baby": [
        baby("b1", birth_datetime="2024-02-29T23:59:59+00:00", outcome="02", site_code="RSA01"),
        baby("B2", birth_datetime="2024-03-01T00:10:00+00:00", outcome="02", first_feed="01", site_code="RSB01"),
        baby("b-3", birth_datetime="2024-03-01", delivery_key="d9", outcome="04"),
        baby("b2", birth_datetime="2024-03-01", delivery_key="D1", outcome="04"),
    ],
}


MOVES: Mapping[str, Sequence[Row]] = {
    "person": [mother("m1"), mother("m2")],
    "residence": [
        residence("m1", valid_from="2026-02-10", imd_2019_decile=1),
        residence("m1", valid_from="2026-03-10", imd_2019_decile=10),
        residence("m1", valid_from="2026-04-10", imd_2019_decile=None),
        residence("m2", valid_from="2020-01-01", imd_2019_decile=5),
    ],
    "pregnancy": [pregnancy("p1", mother_key="m1")],
    "booking": [
        booking("k1", booking_date="2026-01-10"),
        booking("k2", booking_date="2026-02-10"),
        booking("k3", booking_date="2026-03-10"),
        booking("k4", booking_date="2026-04-10"),
    ],
    "delivery": [],
    "baby": [],
}


def stratum_of_each_month(found: Counted) -> dict[str, str]:
    """The deprivation of the bookings of each month."""
    cells = found.counts.cells[found.counts.cells["dimension"] == "imd5"]
    months = (f"{month // 12}-{month % 12 + 1:02d}" for month in cells["month"])
    return dict(zip(months, cells["stratum"], strict=True))


def rows_of(found: Counted) -> tuple[list[object], list[object], list[object]]:
    """All that an engine gave, in an order of its own."""
    return list(found.counts.rows()), list(found.events.rows()), list(found.flagged.rows())


@few_examples
@given(tables=worlds())
@example(tables=dict(EMPTY))
@example(tables=dict(TWINS_ON_A_LEAP_DAY))
def test_duckdb_and_sqlite_count_what_the_reference_counts(
    tmp_path_factory: pytest.TempPathFactory, tables: Tables
) -> None:
    folder = tmp_path_factory.mktemp("engines")
    url = f"sqlite:///{folder / 'perinatal.db'}"
    expected = rows_of(run_reference(FAMILIES, tables))
    assert rows_of(run_in_place(url)(FAMILIES, tables)) == expected
    assert rows_of(run_duckdb(url, folder / "snapshot")(FAMILIES, tables)) == expected


def test_twins_on_a_leap_day_are_counted_alike_by_every_engine(run: Run) -> None:
    assert rows_of(run(FAMILIES, TWINS_ON_A_LEAP_DAY)) == rows_of(run_reference(FAMILIES, TWINS_ON_A_LEAP_DAY))


def test_a_count_that_does_not_fit_its_memory_is_made_all_the_same(sqlite_url: str, tmp_path: Path) -> None:
    expected = rows_of(run_duckdb(sqlite_url, tmp_path)(FAMILIES, TWINS_ON_A_LEAP_DAY))
    starved = count_on_snapshot(FAMILIES, tmp_path, months=MonthRange(), memory="1MB")
    assert rows_of(starved) == expected


def test_a_mother_is_placed_where_she_lived_on_the_day_itself(run: Run) -> None:
    strata = stratum_of_each_month(run(FAMILIES, MOVES))
    assert strata == {"2026-01": "unknown", "2026-02": "1", "2026-03": "5", "2026-04": "unknown"}


@pytest.fixture(params=["duckdb", "sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """One engine that counts with SQL."""
    if request.param == "postgresql":
        return run_in_place(request.getfixturevalue("postgres_url"))
    url = request.getfixturevalue("sqlite_url")
    return run_in_place(url) if request.param == "sqlite" else run_duckdb(url, tmp_path / "snapshot")


def summed(counts: CountTable, dimension: str, *keys: str, of: str) -> pd.DataFrame:
    """Counts of one dimension added up over its strata, for each of the keys, of indicators that are cut by `of`."""
    cut = [each.id for each in shipped_definitions().values() if of in each.stratifiers]
    cells = counts.cells[(counts.cells["dimension"] == dimension) & counts.cells["indicator"].isin(cut)]
    return cells.groupby(["indicator", "month", *keys])[["population", "denominator", "numerator"]].sum()


@pytest.mark.parametrize("dimension", ["eth5", "imd5", "age", "site"])
@many_examples
@given(tables=worlds())
def test_the_strata_of_a_dimension_add_up_to_the_whole(dimension: str, tables: Tables) -> None:
    counts = run_reference(FAMILIES, tables).counts
    pd.testing.assert_frame_equal(
        summed(counts, dimension, "provider", "site", of=dimension),
        summed(counts, "all", "provider", "site", of=dimension),
    )


@many_examples
@given(tables=worlds())
def test_the_site_stratum_is_the_site_of_the_cell(tables: Tables) -> None:
    cells = run_reference(FAMILIES, tables).counts.cells
    sites = cells[cells["dimension"] == "site"]
    assert list(sites["stratum"]) == list(sites["site"].replace("", "unknown"))


@many_examples
@given(tables=worlds(), seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(tables: Tables, seed: int) -> None:
    chance = random.Random(seed)
    mixed = {name: chance.sample(rows, len(rows)) for name, rows in tables.items()}
    assert rows_of(run_reference(FAMILIES, mixed)) == rows_of(run_reference(FAMILIES, tables))


@many_examples
@given(tables=worlds())
def test_a_delivery_has_at_most_one_event(tables: Tables) -> None:
    events = run_reference(FAMILIES, tables).events.events
    assert len(events) <= len({row["delivery_key"] for row in tables["baby"]})
