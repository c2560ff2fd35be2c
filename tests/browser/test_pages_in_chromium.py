"""The pages in a real browser: they fit, they load nothing from elsewhere, and they say what the reports say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.conftest import visit

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ADDRESSES = ["/", "/indicator/BF01", "/indicator/LB06", "/indicator/MO01", "/indicator/none"]
FACTORS = {"%": 100, " per 1,000": 1000}
NOT_SHOWN = "not shown, small count"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_fits_its_window_without_scrolling_sideways(page: Page, service: str, address: str) -> None:
    opened = visit(page, f"{service}{address}")
    widths = opened.measure("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("address", ADDRESSES[:-1])
def test_a_page_asks_nobody_else_and_complains_of_nothing(page: Page, service: str, address: str) -> None:
    opened = visit(page, f"{service}{address}")
    assert [each for each in opened.requests if not each.startswith(f"{service}/")] == []
    assert (opened.answer.status, opened.complaints) == (200, [])


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_its_style(page: Page, service: str, address: str) -> None:
    opened = visit(page, f"{service}{address}")
    assert opened.measure("getComputedStyle(document.body).margin") == "0px"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_script_that_got_into_a_page_is_not_run(page: Page, service: str, address: str) -> None:
    opened = visit(page, f"{service}{address}")
    opened.measure(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
    )
    assert "default-src 'none'" in opened.answer.headers["content-security-policy"]
    assert opened.measure("window.ran === undefined")


def test_every_value_of_the_overview_is_that_of_the_report_it_links_to(page: Page, service: str) -> None:
    visit(page, f"{service}/")
    rows = page.locator("tbody tr:has(td.number)").all()
    shown = [row.locator("td.number").first.inner_text() for row in rows]
    others = page.locator("tbody tr:not(:has(td.number))").all_inner_texts()
    assert all("No complete period yet" in each for each in others)
    assert any(value != NOT_SHOWN for value in shown)
    assert shown == [score_in_words(linked_report(row, service), unit_of(row, service)) for row in rows]


def test_every_group_of_an_indicator_has_the_counts_of_the_report_it_links_to(page: Page, service: str) -> None:
    visit(page, f"{service}/indicator/BF01")
    report = linked_report(page.locator("h2:has-text('Gaps') + p"), service)
    rows = page.locator("h3 + table tbody tr").all()
    shown = [[cell.inner_text() for cell in row.locator("td.number").all()[2:]] for row in rows]
    strata = [stratum for cut in report["group"][0]["stratifier"] for stratum in cut["stratum"]]
    assert any(counts != ["masked", "masked"] for counts in shown)
    assert shown == [
        [count_in_words(stratum, "numerator"), count_in_words(stratum, "denominator")] for stratum in strata
    ]


def test_the_chart_has_one_mark_for_each_shown_value_of_its_table(page: Page, service: str) -> None:
    visit(page, f"{service}/indicator/BF01")
    page.locator("summary").click()
    values = page.locator("details tbody tr td:nth-child(2)").all_inner_texts()
    assert page.locator("svg .marker").count() == len([value for value in values if value != NOT_SHOWN]) > 0


def test_every_link_of_the_overview_leads_somewhere(page: Page, service: str) -> None:
    visit(page, f"{service}/")
    addresses = {link.get_attribute("href") for link in page.locator("a").all()}
    statuses = {address: httpx.get(f"{service}{address}", trust_env=False).status_code for address in addresses}
    assert set(statuses.values()) == {200}


def linked_report(place: Locator, service: str) -> Any:
    """The report that a part of a page links to, read over FHIR."""
    address = place.locator("a[href^='/fhir/MeasureReport/']").get_attribute("href")
    return httpx.get(f"{service}{address}", trust_env=False).json()


def unit_of(row: Locator, service: str) -> str:
    """Unit of the indicator of a row, as its Measure says."""
    address = str(row.locator("th a").get_attribute("href"))
    measure = httpx.get(f"{service}/fhir/Measure/{address.rpartition('/')[2]}", trust_env=False).json()
    codes = [each["valueCode"] for each in measure["extension"] if each["url"].endswith("/display-scale")]
    return {"percent": "%", "per_1000": " per 1,000"}[codes[0]]


def score_in_words(report: Any, unit: str) -> str:
    """The score of a report as the page must show it."""
    value = report["group"][0].get("measureScore", {}).get("value")
    return NOT_SHOWN if value is None else f"{value * FACTORS[unit]:.1f}{unit}"


def count_in_words(stratum: Any, population: str) -> str:
    """A count of a stratum as the page must show it."""
    counts = {each["code"]["coding"][0]["code"]: each.get("count") for each in stratum["population"]}
    return "masked" if counts[population] is None else f"{counts[population]:,}"
