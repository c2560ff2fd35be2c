"""Rates, gaps and charts from small tables of counts, by examples that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd
import pytest

from indicator_engine.counts import EventRow, MonthRange
from indicator_engine.estimates.gaps import traffic_light
from indicator_engine.statistics.comparison import GroupComparison
from indicator_engine.statistics.intervals import Interval
from tests.counted import APRIL_2025, LONG_AFTER, REPORTER, Groups, count_rows, estimates_of, whole_rows

YEAR = range(APRIL_2025, APRIL_2025 + 12)


def yearly(
    groups: Mapping[str, Groups], indicator: str = "LB01"
) -> list[tuple[str, str, int, str, str, str, str, int, int, int]]:
    """Counts in the first month of a year whose last month holds one record of nobody known."""
    return [
        *count_rows(APRIL_2025, groups, indicator=indicator),
        *whole_rows(APRIL_2025 + 11, 1, 0, indicator=indicator),
    ]


def rows_where(frame: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """The rows of a frame whose cells are those named."""
    chosen = frame
    for column, value in wanted.items():
        chosen = chosen[chosen[column] == value]
    return chosen


def row_where(frame: pd.DataFrame, **wanted: object) -> pd.Series:
    """The one row of a frame whose cells are those named."""
    chosen = rows_where(frame, **wanted)
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_a_rate_has_its_wilson_interval() -> None:
    cell = row_where(estimates_of(whole_rows(APRIL_2025, 40, 10)).cells, subject=REPORTER, length="P1M", stratum="all")
    # (20 + z² ± z √(z² + 40 · 0.75)) / 2 (40 + z²)
    assert (cell["value"], cell["low"], cell["high"]) == pytest.approx((0.25, 0.141871, 0.401942), abs=1e-5)


def test_no_rows_give_no_estimates() -> None:
    estimates = estimates_of([], indicators=["LB01", "MO01"])
    assert estimates.cells.empty
    assert estimates.gaps.empty
    assert estimates.charts.empty
    assert estimates.rare.empty


def test_one_birth_gives_every_stratum_of_a_closed_dimension() -> None:
    cells = estimates_of(count_rows(APRIL_2025, {"eth5": {"white": (1, 1)}})).cells
    found = rows_where(cells, subject=REPORTER, length="P1M", dimension="eth5")
    assert dict(zip(found["stratum"], found["denominator"], strict=True)) == {
        "white": 1,
        "mixed": 0,
        "asian": 0,
        "black": 0,
        "other": 0,
        "unknown": 0,
    }


def test_a_stratum_without_anyone_has_no_rate() -> None:
    cells = estimates_of(count_rows(APRIL_2025, {"eth5": {"white": (1, 1)}})).cells
    assert np.isnan(row_where(cells, subject=REPORTER, length="P1M", stratum="black")["value"])


def test_a_record_that_names_no_provider_counts_for_the_whole_alone() -> None:
    rows = whole_rows(APRIL_2025, 5, 1, provider="", site="") + whole_rows(APRIL_2025, 7, 2)
    whole = rows_where(estimates_of(rows).cells, length="P1M", stratum="all")
    assert dict(zip(whole["subject"], whole["denominator"], strict=True)) == {REPORTER: 12, "RSA": 7}


def test_a_provider_may_report_under_another_organisation() -> None:
    rows = whole_rows(APRIL_2025, 5, 1) + whole_rows(APRIL_2025, 7, 2, provider="RSB")
    whole = rows_where(estimates_of(rows, subject_of={"RSB": "RSA"}).cells, length="P1M", stratum="all")
    assert dict(zip(whole["subject"], whole["denominator"], strict=True)) == {REPORTER: 12, "RSA": 12}


def test_a_site_stands_in_the_reports_of_its_own_trust_alone() -> None:
    rows = count_rows(APRIL_2025, {"site": {"RSA01": (5, 1)}})
    rows += count_rows(APRIL_2025, {"site": {"RSB01": (7, 2)}}, provider="RSB", site="RSB01")
    rows += whole_rows(APRIL_2025 + 11, 1, 0)
    estimates = estimates_of(rows)
    assert set(rows_where(estimates.cells, subject="RSA", dimension="site")["stratum"]) == {"RSA01", "unknown"}
    assert set(rows_where(estimates.gaps, subject="RSA", dimension="site")["stratum"]) == {"RSA01"}


def test_a_month_without_any_record_is_a_row_of_zeros() -> None:
    cells = estimates_of(whole_rows(APRIL_2025, 4, 1) + whole_rows(APRIL_2025 + 2, 4, 1)).cells
    whole = rows_where(cells, subject=REPORTER, length="P1M", stratum="all")
    assert list(whole["denominator"]) == [4, 0, 4]


def test_a_year_that_is_not_wholly_in_the_months_asked_for_has_no_report() -> None:
    rows = [row for month in YEAR for row in whole_rows(month, 4, 1)]
    cells = estimates_of(rows, months=MonthRange(APRIL_2025, APRIL_2025 + 10)).cells
    assert set(cells["length"]) == {"P1M", "P3M"}


def test_an_open_range_of_months_ends_with_the_month_of_the_evaluation() -> None:
    rows = whole_rows(APRIL_2025, 4, 1) + whole_rows(APRIL_2025 + 1, 4, 1) + whole_rows(APRIL_2025 + 2, 4, 1)
    assert set(estimates_of(rows, as_of=date(2025, 5, 2)).cells["start"]) == {APRIL_2025, APRIL_2025 + 1}


@pytest.mark.parametrize(("as_of", "is_pending"), [(date(2025, 5, 28), True), (date(2025, 5, 29), False)])
def test_a_month_is_pending_until_the_submission_lag_of_28_days_has_passed(as_of: date, is_pending: bool) -> None:
    cells = estimates_of(whole_rows(APRIL_2025, 4, 1), as_of=as_of).cells
    assert set(cells["pending"]) == {is_pending}


def test_a_pending_month_has_no_point_on_the_chart() -> None:
    rows = whole_rows(APRIL_2025, 40, 10) + whole_rows(APRIL_2025 + 1, 40, 10)
    assert set(estimates_of(rows, as_of=date(2025, 6, 1)).charts["start"]) == {APRIL_2025}


GAP = {"eth5": {"white": (200, 20), "black": (100, 30)}}


def test_a_gap_is_group_minus_reference_and_group_over_reference() -> None:
    gaps = estimates_of(yearly(GAP)).gaps
    wanted = {"subject": REPORTER, "length": "P1Y", "dimension": "eth5", "stratum": "black"}
    assert row_where(gaps, type="difference", **wanted)["value"] == pytest.approx(0.2)
    assert row_where(gaps, type="ratio", **wanted)["value"] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("events", "reference", "policy"), [(10, "white", "fixed"), (9, "rest", "rest"), (0, "rest", "rest")]
)
def test_a_reference_with_fewer_than_ten_events_gives_way_to_the_rest(events: int, reference: str, policy: str) -> None:
    groups = {"eth5": {"white": (200, events), "black": (100, 30), "asian": (100, 20)}}
    gap = row_where(
        estimates_of(yearly(groups)).gaps, subject=REPORTER, length="P1Y", stratum="black", type="difference"
    )
    assert (gap["reference"], gap["reference_policy"]) == (reference, policy)


def test_the_rest_is_everybody_known_but_the_group() -> None:
    groups = {"eth5": {"white": (100, 5), "black": (100, 30), "asian": (100, 25), "unknown": (500, 400)}}
    gap = row_where(
        estimates_of(yearly(groups)).gaps, subject=REPORTER, length="P1Y", stratum="black", type="difference"
    )
    assert gap["value"] == pytest.approx(0.3 - 30 / 200)


def test_sites_are_compared_with_the_rest_of_their_trust() -> None:
    groups = {"site": {"RSA01": (100, 40), "RSA02": (100, 10)}}
    gap = row_where(estimates_of(yearly(groups)).gaps, subject="RSA", length="P1Y", stratum="RSA01", type="difference")
    assert (gap["reference"], gap["value"]) == ("rest", pytest.approx(0.3))


SLOPE = {"imd5": {"1": (100, 30), "2": (100, 25), "3": (100, 20), "4": (100, 15), "5": (100, 10)}}


def test_a_slope_falls_where_the_deprived_have_more_events() -> None:
    gaps = rows_where(estimates_of(yearly(SLOPE)).gaps, subject=REPORTER, length="P1Y", dimension="imd5")
    assert row_where(gaps, type="sii")["value"] < 0
    assert row_where(gaps, type="rii")["value"] < 1


def test_no_slope_is_drawn_through_unordered_groups() -> None:
    gaps = estimates_of(yearly(GAP)).gaps
    assert not set(rows_where(gaps, dimension="eth5")["type"]) & {"sii", "rii"}


def test_months_carry_no_gaps() -> None:
    assert "P1M" not in set(estimates_of(yearly(GAP)).gaps["length"])


@pytest.mark.parametrize(("events", "quarters"), [(10, {APRIL_2025}), (9, set())])
def test_a_quarter_carries_gaps_when_every_group_in_it_has_ten_events(events: int, quarters: set[int]) -> None:
    groups = {"eth5": {"white": (200, 20), "black": (100, events)}}
    gaps = estimates_of(yearly(groups)).gaps
    assert set(rows_where(gaps, subject=REPORTER, length="P3M", dimension="eth5")["start"]) == quarters


def test_a_pending_year_carries_no_gaps() -> None:
    assert "P1Y" not in set(estimates_of(yearly(GAP), as_of=date(2026, 4, 15)).gaps["length"])


def test_gaps_of_a_rare_indicator_rest_on_three_years_that_end_with_the_report() -> None:
    rows = count_rows(APRIL_2025 - 24, {"eth5": {"white": (900, 12), "black": (900, 15)}}, indicator="MO01")
    rows += whole_rows(APRIL_2025 + 11, 1, 0, indicator="MO01")
    gaps = estimates_of(rows, indicators=["MO01"]).gaps
    assert set(zip(gaps["length"], gaps["start"], gaps["pooled_length"], gaps["pooled_start"], strict=True)) == {
        ("P1Y", APRIL_2025, "P3Y", APRIL_2025 - 24)
    }


def light(improvement: str | None, low: float, high: float, *, enough: bool = True) -> str | None:
    """The traffic light of one difference."""
    middle = np.array([(low + high) / 2])
    difference = GroupComparison(middle, Interval(np.array([low]), np.array([high])), np.array(["computed"]))
    found = traffic_light(difference, np.array([enough]), improvement)
    return None if found is None else str(found[0])


@pytest.mark.parametrize(
    ("improvement", "low", "high", "expected"),
    [
        ("decrease", 0.01, 0.05, "red"),
        ("decrease", -0.05, -0.01, "green"),
        ("decrease", -0.01, 0.05, "amber"),
        ("decrease", 0.0, 0.05, "amber"),
        ("decrease", -0.05, 0.0, "amber"),
        ("increase", 0.01, 0.05, "green"),
        ("increase", -0.05, -0.01, "red"),
        ("increase", -0.05, 0.01, "amber"),
        ("increase", -0.05, 0.0, "amber"),
        ("decrease", float("nan"), float("nan"), "grey"),
        (None, 0.01, 0.05, None),
    ],
)
def test_the_light_follows_the_limit_nearest_to_no_gap_on_the_adverse_side(
    improvement: str | None, low: float, high: float, expected: str | None
) -> None:
    assert light(improvement, low, high) == expected


@pytest.mark.parametrize("improvement", ["increase", "decrease"])
def test_too_few_events_are_grey_however_clear_the_gap(improvement: str) -> None:
    assert light(improvement, 0.2, 0.3, enough=False) == "grey"


@pytest.mark.parametrize(("events", "status"), [(9, "grey"), (10, "red")])
def test_a_group_with_fewer_than_ten_events_is_grey(events: int, status: str) -> None:
    groups = {"eth5": {"white": (2000, 20), "black": (20, events)}}
    gap = row_where(
        estimates_of(yearly(groups)).gaps, subject=REPORTER, length="P1Y", stratum="black", type="difference"
    )
    assert gap["status"] == status


def chart(numerators: list[int], denominator: int = 100) -> pd.DataFrame:
    """The chart of the reporter over months that each have so many events."""
    rows = [
        row
        for place, numerator in enumerate(numerators)
        for row in whole_rows(APRIL_2025 + place, denominator, numerator)
    ]
    return rows_where(estimates_of(rows).charts, subject=REPORTER)


STEADY = [19, 21] * 12


def test_the_centre_is_made_from_the_first_24_points() -> None:
    points = chart([*STEADY, 80, 90])
    assert set(points["centre"]) == {0.2}
    assert set(points["baseline_end"]) == {APRIL_2025 + 23}


def test_a_month_without_a_denominator_is_no_baseline_point() -> None:
    rows = [row for place in (*range(5), *range(6, 30)) for row in whole_rows(APRIL_2025 + place, 100, 20)]
    assert set(estimates_of(rows).charts["baseline_end"]) == {APRIL_2025 + 24}


def test_a_point_outside_its_limits_signals_before_it_shifts() -> None:
    last = chart([*STEADY, *([25] * 6), 80]).iloc[-1]
    assert last["signals"] == ("above-upper-limit", "shift-above")
    assert last["variation"] == "special-cause-concern"


def test_the_seventh_point_completes_a_shift_and_the_chart_of_today_marks_all_seven() -> None:
    run = chart([*([20] * 24), *([25] * 7)]).iloc[-7:]
    assert list(run["signals"]) == [()] * 6 + [("shift-above",)]
    assert list(run["variation"]) == ["common-cause"] * 6 + ["special-cause-concern"]
    assert list(run["flags"]) == [("shift-above",)] * 7
    assert list(run["variation_now"]) == ["special-cause-concern"] * 7


@pytest.mark.parametrize(
    ("points", "standing", "signals"),
    [(6, "none", ()), (7, "provisional", ()), (12, "provisional", ()), (13, "firm", ("above-upper-limit",))],
)
def test_no_point_is_ruled_outside_limits_that_are_not_firm(
    points: int, standing: str, signals: tuple[str, ...]
) -> None:
    last = chart([*([19, 21] * 6)[: points - 1], 90]).iloc[-1]
    assert (last["standing"], last["signals"]) == (standing, signals)


def test_a_point_without_a_value_is_not_ruled() -> None:
    rows = [row for place in (*range(13), 14) for row in whole_rows(APRIL_2025 + place, 100, 20)]
    points = rows_where(estimates_of(rows).charts, subject=REPORTER).set_index("start")
    assert points.loc[APRIL_2025 + 13, "variation"] is None


def test_a_subject_without_any_denominator_has_a_chart_without_limits() -> None:
    rows = [*whole_rows(APRIL_2025, 40, 10), *whole_rows(APRIL_2025, 0, 0, provider="RSB")]
    point = row_where(estimates_of(rows).charts, subject="RSB")
    assert (point["standing"], np.isnan(point["baseline_start"])) == ("none", True)


def stillbirths(gaps: list[int], provider: str = "RSA", first: int = 1) -> list[EventRow]:
    """Events with so many births between them, all in April 2025 but the last, which falls in May."""
    places = np.cumsum([first, *(gap + 1 for gap in gaps)]).tolist()
    months = [APRIL_2025] * len(gaps) + [APRIL_2025 + 1]
    return [("MO01", "1.0.0", provider, month, place, place) for month, place in zip(months, places, strict=True)]


def rare_state(events: list[EventRow], subject: str, subject_of: dict[str, str] | None = None) -> str:
    """What the chart of stillbirths said of the year that begins in April 2025."""
    rows = whole_rows(APRIL_2025, 9000, 0, indicator="MO01") + whole_rows(APRIL_2025 + 11, 1, 0, indicator="MO01")
    estimates = estimates_of(rows, events, indicators=["MO01"], subject_of=subject_of)
    return str(row_where(estimates.rare, subject=subject, start=APRIL_2025)["state"])


@pytest.mark.parametrize(
    ("gaps", "state"),
    [
        ([200, 210] * 6, "not_enough_events"),
        ([200, 210] * 7, "no_signal"),
        ([200, 210] * 12 + [5000], "less_frequent"),
        ([200, 210] * 12 + [5] * 7, "more_frequent"),
        ([200, 210] * 12 + [5000] + [5] * 7, "more_frequent"),
    ],
)
def test_the_births_between_stillbirths_give_a_word_by_the_latest_signal(gaps: list[int], state: str) -> None:
    assert rare_state(stillbirths(gaps), REPORTER) == state


def test_the_events_of_a_provider_count_for_the_organisation_it_reports_under() -> None:
    assert rare_state(stillbirths([200, 210] * 7), "RSX", {"RSA": "RSX"}) == "no_signal"


def test_events_of_two_providers_that_report_together_cannot_be_put_in_one_order() -> None:
    events = stillbirths([200, 210] * 7) + stillbirths([200, 210] * 7, "RSB", first=9000)
    assert rare_state(events, "RSX", {"RSA": "RSX", "RSB": "RSX"}) == "not_enough_events"


def test_estimates_do_not_depend_on_the_day_once_every_period_is_mature() -> None:
    rows = yearly(GAP)
    first, second = (estimates_of(rows, as_of=day) for day in (date(2027, 1, 1), LONG_AFTER))
    pd.testing.assert_frame_equal(first.cells, second.cells)
