"""The pages say what the published reports say, to people, without scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import partial
from xml.etree import ElementTree

import httpx
import pytest

from fhir_adapter.api.reading import find_resources
from fhir_adapter.fhir.elements import Json
from fhir_adapter.viewer.charts import control_chart
from fhir_adapter.viewer.figures import ChartPoint, read_figures
from fhir_adapter.viewer.overview import Published
from fhir_adapter.viewer.pages import viewer_routes
from fhir_adapter.viewer.wording import PERCENT
from indicator_engine.definition import shipped_definitions
from indicator_engine.disclosure import DisclosedReport, ReportStatus
from tests.contract.api_world import World, client_of, services_of, stored
from tests.contract.report_builders import (
    built,
    cell,
    disclosed_report,
    failed_gate,
    flagged,
    series,
    spc_point,
    statistic,
)

SYSTEM = "QSY"


def page(address: str, *reports: DisclosedReport, **changes: object) -> httpx.Response:
    """A page over the published world, to which the reports were added."""
    world = World()
    world.resources += [stored(built(each, **changes)) for each in reports]
    published = Published(find=partial(find_resources, services_of(world)))
    return client_of(world, pages=viewer_routes(published)).get(address)


def system_report(**changes: object) -> DisclosedReport:
    """A complete quarter of the whole system."""
    return disclosed_report(**{"subject": SYSTEM, **changes})


def text_of(answer: httpx.Response) -> str:
    """Words of a page, its marks removed and its blanks joined."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_the_overview_lists_every_published_indicator() -> None:
    links = re.findall(r'href="/indicator/([A-Z0-9]+)"', page("/").text)
    assert links == list(shipped_definitions())


def test_the_overview_shows_value_interval_and_variation_of_the_whole_system() -> None:
    words = text_of(page("/", system_report()))
    assert "January to March 2026 250.0 per 1,000 225.0 to 325.0 Unusual change: worse" in words


def test_the_overview_tells_the_largest_gap_in_a_sentence_with_its_light_in_words() -> None:
    words = text_of(page("/", system_report()))
    expected = (
        "Most deprived fifth: 12.0 per 1,000 higher than Least deprived fifth (interval 3.0 to 21.0), "
        "April 2025 to March 2026. Red: worse off, beyond chance"
    )
    assert expected in words


def test_the_larger_of_two_gaps_is_told_whatever_its_side() -> None:
    statistics = (statistic(), statistic(stratum="2", value=-0.05, low=-0.08, high=-0.02, status="green"))
    assert "Second most deprived fifth: 50.0 per 1,000 lower" in text_of(
        page("/", system_report(statistics=statistics))
    )


@pytest.mark.parametrize("status", ["red", "green"])
@pytest.mark.parametrize("unclear", ["amber", "grey"])
def test_a_clear_gap_is_told_before_a_wider_one_that_is_not(status: str, unclear: str) -> None:
    statistics = (statistic(stratum="2", value=0.09, status=unclear), statistic(status=status))
    assert "Most deprived fifth: 12.0 per 1,000 higher" in text_of(page("/", system_report(statistics=statistics)))


def test_the_gaps_of_the_year_are_told_though_a_newer_quarter_has_some() -> None:
    year = system_report(start=date(2025, 1, 1), end=date(2025, 12, 31), length="P1Y", spc=None, series=())
    quarter = system_report(statistics=(statistic(value=0.09, low=0.02, high=0.2),))
    assert "Most deprived fifth: 12.0 per 1,000 higher" in text_of(page("/", year, quarter))


def test_the_gaps_of_a_quarter_are_told_while_no_year_has_any() -> None:
    year = system_report(start=date(2025, 1, 1), end=date(2025, 12, 31), length="P1Y", spc=None, statistics=())
    assert "Most deprived fifth: 12.0 per 1,000 higher" in text_of(page("/", year, system_report()))


def test_the_overview_links_to_the_report_it_shows() -> None:
    report = built(system_report())
    assert f'href="/fhir/MeasureReport/{report["id"]}' in page("/", system_report()).text


def test_a_pending_report_is_not_taken_for_the_latest_period() -> None:
    pending = system_report(start=date(2026, 4, 1), end=date(2026, 6, 30), status=ReportStatus.PENDING, spc=None)
    assert "April to June 2026" not in text_of(page("/", system_report(), pending))


def test_a_trust_is_not_taken_for_the_whole_system() -> None:
    assert "No complete period yet" in text_of(page("/"))


def test_the_value_of_the_shortest_period_stands_beside_the_gaps_of_the_year() -> None:
    month = system_report(start=date(2026, 3, 1), length="P1M", cells=(cell(numerator=40),), statistics=())
    year = system_report(start=date(2025, 4, 1), length="P1Y", spc=None, series=())
    words = text_of(page("/", month, year))
    assert ("March 2026 100.0 per 1,000" in words, "Most deprived fifth" in words) == (True, True)


def test_a_masked_value_is_said_to_be_not_shown() -> None:
    masked = system_report(cells=(cell(numerator=None),))
    assert "not shown, small count" in text_of(page("/", masked))


@pytest.mark.parametrize(("synthetic", "banners"), [(True, 1), (False, 0)])
def test_the_banner_stands_on_synthetic_data_alone(synthetic: bool, banners: int) -> None:
    assert page("/", system_report(), synthetic=synthetic).text.count("Synthetic data") == banners


@pytest.mark.parametrize("address", ["/", "/indicator/LB06", "/indicator/LB11", "/indicator/none"])
def test_a_page_forbids_scripts_and_has_none(address: str) -> None:
    answer = page(address, system_report())
    policy = answer.headers["content-security-policy"]
    found = re.findall(r"<script|\son[a-z]+=|\sstyle=|javascript:", answer.text)
    assert (policy.startswith("default-src 'none'; style-src 'self';"), found) == (True, [])


def test_the_page_of_an_indicator_draws_one_mark_for_each_shown_value() -> None:
    marks = re.findall(r'class="marker', page("/indicator/LB06", system_report()).text)
    assert len(marks) == sum(point.value is not None for point in series())


def test_the_page_of_an_indicator_gives_the_chart_as_a_table_too() -> None:
    words = text_of(page("/indicator/LB06", system_report()))
    assert "March 2025 230.0 212.0 131.0 to 293.0" in words


def test_the_page_of_an_indicator_lists_every_gap_and_every_group() -> None:
    words = text_of(page("/indicator/LB06", system_report()))
    assert "Difference Most deprived fifth Least deprived fifth +12.0 per 1,000 3.0 to 21.0" in words
    assert "Most deprived fifth 333.3 per 1,000" in words


def test_a_masked_group_is_said_to_be_masked() -> None:
    words = text_of(page("/indicator/LB06", system_report()))
    assert "Second least deprived fifth not shown, small count masked 60" in words


def test_a_failed_gate_is_told_beside_the_figure_in_the_words_of_the_report() -> None:
    words = text_of(page("/indicator/LB06", system_report(failed_gates=(failed_gate(),))))
    expected = (
        "Read with care. A gate of data quality failed: Singletons with a gestation of 154 to 315 days (CQIMDQ15): "
        "61.0%, where at least 70% is asked (March 2026)."
    )
    assert expected in words


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "5.0% of those counted have an open conflict between sources"),
        ({}, "the value would lie between 225.0 and 275.0 per 1,000."),
        ({"share": None}, "A few of those counted have an open conflict between sources"),
        ({"low": None, "high": None}, "have an open conflict between sources is not shown, small count."),
    ],
)
def test_open_conflicts_are_told_in_a_sentence(changes: dict[str, object], expected: str) -> None:
    cells = (replace(cell(), flagged=flagged(**changes)),)
    assert expected in text_of(page("/indicator/LB06", system_report(cells=cells)))


def test_nothing_is_said_of_conflicts_where_there_are_none_and_of_gates_where_none_failed() -> None:
    words = text_of(page("/indicator/LB06", system_report()))
    assert ("open conflict" in words, "Read with care" in words) == (False, False)


def test_a_withheld_statistic_gives_its_reason() -> None:
    withheld = statistic(value=None, low=None, high=None, status=None, withheld="fewer than three groups are shown")
    assert "fewer than three groups are shown" in text_of(
        page("/indicator/LB06", system_report(statistics=(withheld,)))
    )


def test_a_rare_indicator_says_its_state_without_a_chart() -> None:
    rare = system_report(
        indicator="MO01",
        start=date(2025, 4, 1),
        length="P1Y",
        spc=spc_point(chart="g", centre=None, lower=None, upper=None, variation="more-frequent", signals=()),
        series=(),
    )
    words = text_of(page("/indicator/MO01", rare))
    assert ("More frequent than expected" in words, "<svg" in page("/indicator/MO01", rare).text) == (True, False)


def test_an_indicator_that_is_not_published_has_a_page_that_says_so() -> None:
    assert page("/indicator/XX99").status_code == 404


def test_the_style_sheet_is_served_and_loads_nothing_from_elsewhere() -> None:
    answer = page("/static/viewer.css")
    assert (answer.status_code, "url(" in answer.text, "@import" in answer.text) == (200, False, False)


def test_a_name_is_escaped_on_the_page() -> None:
    world = World()
    measure: Json = {"resourceType": "Measure", "id": "AA00", "title": "<b onclick=x>Bold</b>", "status": "active"}
    world.resources.append(stored(measure))
    published = Published(find=partial(find_resources, services_of(world)))
    assert "<b onclick" not in client_of(world, pages=viewer_routes(published)).get("/").text


def points(count: int, **changes: object) -> list[ChartPoint]:
    """Monthly points at one level."""
    start = date(2025, 1, 1)
    each = ChartPoint(start, start, value=0.2, centre=0.2, lower=0.1, upper=0.3, variation="common-cause")
    return [replace(each, **changes)] * count  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    "chart_points", [points(1), points(60), points(3, value=0.0, centre=0.0, lower=0.0, upper=0.0)]
)
def test_a_chart_is_well_formed_and_stays_inside_its_frame(chart_points: list[ChartPoint]) -> None:
    drawn = ElementTree.fromstring(str(control_chart(chart_points, PERCENT, title="A & B")))
    circles = drawn.findall("{http://www.w3.org/2000/svg}circle")
    assert all(0 <= float(each.attrib["cx"]) <= 720 and 0 <= float(each.attrib["cy"]) <= 280 for each in circles)
    assert len(circles) == len(chart_points)


def test_a_higher_value_is_drawn_higher() -> None:
    low, high = points(1)[0], replace(points(1)[0], value=0.25)
    drawn = ElementTree.fromstring(str(control_chart([low, high], PERCENT, title="x")))
    heights = [float(each.attrib["cy"]) for each in drawn.findall("{http://www.w3.org/2000/svg}circle")]
    assert heights[1] < heights[0]


def test_a_period_without_a_value_breaks_the_line() -> None:
    broken = [*points(2), *points(1, value=None), *points(2)]
    drawn = str(control_chart(broken, PERCENT, title="x"))
    line = re.findall(r'<path class="value" d="([^"]+)"', drawn)[0]
    assert line.count("M") == 2


def test_a_chart_without_any_level_is_not_drawn() -> None:
    assert control_chart(points(2, value=None, centre=None, lower=None, upper=None), PERCENT, title="x") == ""


def test_figures_read_from_a_report_are_those_disclosed() -> None:
    figures = read_figures(built())
    strata = [(each.code, each.denominator, each.numerator) for each in figures.dimensions[0].strata]
    assert strata == [(each.stratum, each.denominator, each.numerator) for each in disclosed_report().cells[1:7]]
