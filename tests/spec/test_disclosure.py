"""What each preset lets out, and what it holds back with which reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import numpy as np
import pytest

from indicator_engine.counts import EventRow
from indicator_engine.disclosure import DisclosedReport, DisclosedStatistic, ReportStatus, preset_named, preset_names
from indicator_engine.errors import PresetUnknown
from tests.counted import (
    APRIL_2025,
    LONG_AFTER,
    REPORTER,
    Groups,
    count_rows,
    disclosed,
    estimates_of,
    report_of,
    whole_rows,
)

COUNTS = [0, 1, 5, 7, 8, 9, 12, 13, 17, 18, 100]


@pytest.mark.parametrize(
    ("preset", "shown"),
    [
        ("hes", [0, None, None, None, 10, 10, 10, 15, 15, 20, 100]),
        ("msds", [0, 5, 5, 5, 10, 10, 10, 15, 15, 20, 100]),
        ("none", COUNTS),
    ],
)
def test_a_preset_shows_counts_as_it_says(preset: str, shown: list[int | None]) -> None:
    reports = [
        report_of(disclosed(estimates_of(whole_rows(APRIL_2025, 100, count)), preset)).cells[0].numerator
        for count in COUNTS
    ]
    assert reports == shown


def test_the_presets_that_are_shipped_are_those_of_the_page() -> None:
    assert preset_names() == ("hes", "msds", "none")


def test_an_unknown_preset_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(PresetUnknown, match="known presets: hes, msds, none"):
        disclosed(estimates_of([]), "hess")


@pytest.mark.parametrize("preset", ["hes", "msds", "none"])
def test_no_rows_give_no_reports(preset: str) -> None:
    assert disclosed(estimates_of([], indicators=["LB01", "MO01"]), preset).reports == ()


def test_one_birth_is_masked_wherever_it_stands() -> None:
    report = report_of(disclosed(estimates_of(count_rows(APRIL_2025, {"eth5": {"white": (1, 1)}})), "hes"))
    assert [each.stratum for each in report.cells if each.masked] == ["all", "white"]


def test_a_rate_and_its_interval_come_from_the_counts_that_are_shown() -> None:
    cell = report_of(disclosed(estimates_of(whole_rows(APRIL_2025, 41, 12)), "hes")).cells[0]
    assert (cell.denominator, cell.numerator, cell.value) == (40, 10, 0.25)
    assert [cell.low, cell.high] == [pytest.approx(0.141871, abs=1e-5), pytest.approx(0.401942, abs=1e-5)]


def test_a_masked_count_takes_its_rate_and_interval_along() -> None:
    cell = report_of(disclosed(estimates_of(whole_rows(APRIL_2025, 41, 7)), "hes")).cells[0]
    assert (cell.denominator, cell.numerator, cell.value, cell.low, cell.high) == (40, None, None, None, None)


def test_a_rate_without_anyone_is_undefined_and_not_masked() -> None:
    rows = [("LB01", "1.0.0", APRIL_2025, "RSA", "RSA01", "all", "all", 5, 0, 0)]
    cell = report_of(disclosed(estimates_of(rows))).cells[0]
    assert (cell.masked, cell.value, cell.low, cell.high) == (False, None, None, None)


def test_three_figures_are_kept_and_minus_zero_is_zero() -> None:
    hes = preset_named("hes")
    assert [hes.rounded(value) for value in (0.123456, -0.00098765, 12345.6)] == [0.123, -0.000988, 12300.0]
    assert str(hes.rounded(-0.0)) == "0.0"


def year_report(groups: Mapping[str, Groups], preset: str, indicator: str = "LB01") -> DisclosedReport:
    """The report of the reporter on a year in whose first month these groups were counted."""
    rows = count_rows(APRIL_2025, groups, indicator=indicator) + whole_rows(APRIL_2025 + 11, 1, 0, indicator=indicator)
    return report_of(disclosed(estimates_of(rows, indicators=[indicator]), preset), length="P1Y")


def statistic(report: DisclosedReport, type_: str, stratum: str | None = None) -> DisclosedStatistic:
    """The one statistic of a type, and of a stratum for gaps between two groups."""
    (found,) = [each for each in report.statistics if (each.type, each.stratum) == (type_, stratum)]
    return found


@pytest.mark.parametrize(
    ("white", "black", "value", "status", "withheld"),
    [
        ((200, 20), (100, 30), 0.2, "red", None),
        ((200, 20), (100, 7), None, "grey", "masked_cell"),
        ((200, 20), (7, 0), None, "grey", "masked_cell"),
        ((200, 20), (100, 0), -0.1, "grey", None),
        ((200, 20), (0, 0), None, "grey", "zero_denominator"),
    ],
)
def test_a_gap_is_withheld_and_grey_when_one_of_its_two_cells_is_masked(
    white: tuple[int, int], black: tuple[int, int], value: float | None, status: str, withheld: str | None
) -> None:
    gap = statistic(year_report({"eth5": {"white": white, "black": black}}, "hes"), "difference", "black")
    assert (gap.value, gap.status, gap.withheld) == (value, status, withheld)


def test_a_withheld_gap_has_no_interval() -> None:
    gap = statistic(year_report({"eth5": {"white": (200, 20), "black": (100, 7)}}, "hes"), "difference", "black")
    assert (gap.low, gap.high) == (None, None)


FIFTHS = {"1": (100, 30), "2": (100, 25), "3": (100, 20), "4": (100, 15), "5": (100, 10)}


@pytest.mark.parametrize(
    ("masked", "withheld"),
    [
        ({}, None),
        ({"1": (100, 3), "2": (100, 3)}, None),
        ({"1": (100, 3), "2": (100, 3), "3": (100, 3)}, "too_few_strata"),
    ],
)
def test_a_slope_is_withheld_when_fewer_than_three_fifths_are_shown(masked: Groups, withheld: str | None) -> None:
    assert statistic(year_report({"imd5": {**FIFTHS, **masked}}, "hes"), "sii").withheld == withheld


def test_a_slope_over_fewer_than_ten_events_is_withheld() -> None:
    fifths = {"1": (100, 9), "2": (100, 0), "3": (100, 0), "4": (100, 0), "5": (100, 0)}
    assert statistic(year_report({"imd5": fifths}, "hes"), "sii").withheld == "too_few_events"


def test_a_slope_over_five_fifths_has_an_interval() -> None:
    slope = statistic(year_report({"imd5": FIFTHS}, "hes"), "sii")
    assert None not in (slope.value, slope.low, slope.high)


def test_a_slope_over_four_fifths_describes_and_does_not_judge() -> None:
    slope = statistic(year_report({"imd5": {**FIFTHS, "3": (0, 0)}}, "hes"), "sii")
    assert (slope.value is None, slope.low, slope.high, slope.strata_used) == (False, None, None, 4)


def test_statistics_are_rounded_to_three_figures_under_hes_and_not_under_none() -> None:
    groups = {"eth5": {"white": (211, 20), "black": (103, 31)}}
    true = 31 / 103 - 20 / 211
    assert statistic(year_report(groups, "hes"), "difference", "black").value == float(f"{true:.3g}")
    assert statistic(year_report(groups, "none"), "difference", "black").value == pytest.approx(true, abs=1e-15)


def monthly(counts: list[tuple[int, int]], preset: str) -> list[DisclosedReport]:
    """The reports of the reporter on consecutive months."""
    rows = [row for place, count in enumerate(counts) for row in whole_rows(APRIL_2025 + place, *count)]
    table = disclosed(estimates_of(rows), preset)
    return [each for each in table.reports if (each.subject, each.length) == (REPORTER, "P1M")]


STEADY = [(100, 19), (100, 21)] * 12


def test_the_whole_chart_stands_in_the_latest_report_alone() -> None:
    assert [len(each.series) for each in monthly(STEADY, "hes")] == [0] * 23 + [24]


def test_a_pending_report_has_neither_point_nor_gap_and_the_chart_ends_before_it() -> None:
    rows = [row for place in range(14) for row in whole_rows(APRIL_2025 + place, 100, 20)]
    as_of = LONG_AFTER.replace(year=2026, month=6, day=10)
    table = disclosed(estimates_of(rows, as_of=as_of), "hes")
    pending, latest = report_of(table, place=-1), report_of(table, place=-2)
    assert (pending.status, pending.spc, pending.statistics, pending.series) == (ReportStatus.PENDING, None, (), ())
    assert len(latest.series) == 13


@pytest.mark.parametrize("preset", ["hes", "msds"])
def test_what_a_preset_hides_in_a_cell_is_not_given_away_by_a_gap(preset: str) -> None:
    gap = statistic(year_report({"eth5": {"white": (200, 20), "black": (100, 3)}}, preset), "difference", "black")
    assert (gap.value, gap.status, gap.withheld) == (None, "grey", "masked_cell")


@pytest.mark.parametrize("preset", ["hes", "msds"])
def test_what_a_preset_hides_in_a_month_is_not_given_away_by_its_signal(preset: str) -> None:
    point = monthly([*STEADY, (100, 3)], preset)[-1].spc
    assert point is not None
    assert (point.signals, point.variation, point.withheld) == ((), None, "masked_cell")


def test_a_masked_month_is_not_ruled_and_has_no_value_on_the_chart() -> None:
    latest = monthly([*STEADY, (100, 3)], "hes")[-1]
    assert latest.spc is not None
    assert (latest.spc.signals, latest.spc.variation, latest.spc.withheld) == ((), None, "masked_cell")
    assert (latest.series[-1].value, latest.series[-1].flags, latest.series[-1].variation) == (None, (), None)


def test_the_same_month_is_ruled_where_nothing_is_masked() -> None:
    latest = monthly([*STEADY, (100, 3)], "none")[-1]
    assert latest.spc is not None
    assert (latest.spc.signals, latest.spc.variation) == (("below-lower-limit",), "special-cause-improvement")


def test_limits_are_not_drawn_where_their_width_would_give_a_masked_denominator_away() -> None:
    latest = monthly([*STEADY, (6, 0)], "hes")[-1]
    assert latest.spc is not None
    assert (latest.spc.centre, latest.spc.lower, latest.spc.upper) == (0.2, None, None)
    assert (latest.series[-1].lower, latest.series[-1].upper) == (None, None)


def test_a_chart_over_fewer_than_ten_baseline_events_is_withheld() -> None:
    latest = monthly([(100, 0)] * 23 + [(100, 9)], "hes")[-1]
    assert latest.spc is not None
    assert (latest.spc.centre, latest.spc.withheld) == (None, "too_few_events")


@pytest.mark.parametrize(("points", "withheld"), [(6, "too_few_points"), (7, None)])
def test_a_chart_of_fewer_than_seven_points_has_no_limits(points: int, withheld: str | None) -> None:
    latest = monthly(STEADY[:points], "hes")[-1]
    assert latest.spc is not None
    assert (latest.spc.withheld, latest.spc.centre is None) == (withheld, withheld is not None)


def test_a_subject_without_any_denominator_has_a_point_without_limits() -> None:
    rows = [*whole_rows(APRIL_2025, 40, 10), *whole_rows(APRIL_2025, 0, 0, provider="RSB")]
    point = report_of(disclosed(estimates_of(rows), "hes"), subject="RSB").spc
    assert point is not None
    assert (point.baseline_start, point.baseline_end, point.withheld) == (None, None, "too_few_points")


def stillbirths(gap: int) -> list[EventRow]:
    """Twenty stillbirths with so many births between them."""
    return [("MO01", "1.0.0", "RSA", APRIL_2025, 1 + gap * place, 1 + gap * place) for place in range(20)]


def test_of_single_events_nothing_leaves_but_a_word() -> None:
    rows = whole_rows(APRIL_2025, 9000, 20, indicator="MO01") + whole_rows(APRIL_2025 + 11, 1, 0, indicator="MO01")
    near, far = (disclosed(estimates_of(rows, stillbirths(gap), indicators=["MO01"]), "hes") for gap in (101, 313))
    point = report_of(near, length="P1Y").spc
    assert point is not None
    assert point.variation == "no-signal"
    assert near == far


def test_reports_stand_in_the_order_of_indicator_subject_length_and_start() -> None:
    rows = [row for place in range(12) for row in whole_rows(APRIL_2025 + place, 40, 10)]
    rows += whole_rows(APRIL_2025, 40, 10, indicator="BF01", provider="RSB")
    table = disclosed(estimates_of(rows, indicators=["LB01", "BF01"]), "hes")
    keys = [(each.indicator, each.subject, each.length, each.start) for each in table.reports]
    assert keys == sorted(set(keys))


def test_cells_stand_whole_first_then_each_dimension_in_the_order_of_its_strata() -> None:
    report = report_of(disclosed(estimates_of(count_rows(APRIL_2025, {"imd5": {"5": (9, 1), "1": (9, 1)}})), "hes"))
    dimensions = list(dict.fromkeys(each.dimension for each in report.cells))
    assert dimensions == ["all", "eth5", "imd5", "age", "site"]
    fifths = [each.stratum for each in report.cells if each.dimension == "imd5"]
    assert fifths == ["1", "2", "3", "4", "5", "unknown"]


def floats_of(report: DisclosedReport) -> list[float]:
    """Every number with a fraction that a report holds, at any depth."""
    return [value for value in leaves(asdict(report)) if isinstance(value, float)]


def leaves(value: object) -> Iterator[object]:
    """The values inside nested mappings and sequences."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else None
    if inner is None:
        yield value
    else:
        for each in inner:
            yield from leaves(each)


@pytest.mark.parametrize("preset", ["hes", "msds", "none"])
def test_nothing_that_leaves_is_nan(preset: str) -> None:
    rows = [row for place in range(14) for row in count_rows(APRIL_2025 + place, {"imd5": {"1": (9, 0), "5": (0, 0)}})]
    table = disclosed(estimates_of(rows), preset)
    values = [value for report in table.reports for value in floats_of(report)]
    assert values
    assert np.isfinite(values).all()
