"""What the whole way publishes is valid FHIR, holds what a report must hold, and gives nobody away."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from fhir_adapter.fhir.measure_checks import check_measure
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.fhir.report_checks import check_report
from fhir_adapter.store.database import open_database, reading
from indicator_engine.definition import shipped_definitions
from tests.end_to_end.conftest import AS_OF, Perinatal

MASKED = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}
CHARTED_BY_MONTH = ("BF01", "BK03", "LB01", "LB06", "LB11")
Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def published(filled_sqlite: Perinatal) -> Resources:
    """Every current resource by name, as it was published."""
    evaluated = filled_sqlite("evaluate", "--as-of", AS_OF, "--from", "2021-05", "--to", "2026-04")
    assert evaluated.code == 0, evaluated.err
    assert filled_sqlite("publish").code == 0
    store = open_database(filled_sqlite.settings["database_url"])
    try:
        with reading(store) as connection:
            rows = connection.exec_driver_sql("SELECT type, id, content FROM resource WHERE is_current").fetchall()
    finally:
        store.dispose()
    return {f"{kind}/{name}": orjson.loads(content) for kind, name, content in rows}


def reports_of(published: Resources, length: str | None = None) -> list[dict[str, Any]]:
    """The reports, those of one length when it is given."""
    reports = [each for name, each in published.items() if name.startswith("MeasureReport/")]
    return [each for each in reports if length is None or each["id"].endswith(f"-{length}")]


def extensions(element: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Extensions of ours of one name."""
    return [each for each in element.get("extension", ()) if each["url"].endswith(f"/{name}")]


def part(extension: dict[str, Any], name: str) -> Any:
    """The value of one part of an extension of ours."""
    found: dict[str, Any] = next((each for each in extension["extension"] if each["url"] == name), {})
    return next((value for key, value in found.items() if key.startswith("value")), None)


def test_every_resource_fits_the_r4_schema_and_our_own_rules(published: Resources) -> None:
    schema = R4Schema()
    faults = [text for each in published.values() for _, text in schema.faults(each["resourceType"], each)]
    faults += [fault for each in reports_of(published) for fault in check_report(each)]
    faults += [
        fault for name, each in published.items() if name.startswith("Measure/") for fault in check_measure(each)
    ]
    assert faults == []


def test_a_report_of_every_indicator_and_length_survives_fhir_resources(published: Resources) -> None:
    kinds = {(each["measure"], each["id"].rsplit("-", 1)[1]): each for each in reports_of(published)}
    reported = {each["measure"].rsplit("/", 1)[1].partition("|")[0] for each in reports_of(published)}
    assert len(kinds) == sum(
        len(each.published_periods) for each in shipped_definitions().values() if each.id in reported
    )
    read_again = {
        kind: orjson.loads(MeasureReport.model_validate(each).model_dump_json()) for kind, each in kinds.items()
    }
    assert read_again == kinds


def test_every_organisation_that_a_report_names_is_served(published: Resources) -> None:
    named = {each[role]["reference"] for each in reports_of(published) for role in ("subject", "reporter")}
    assert named <= set(published)


def test_every_measure_that_a_report_names_is_served(published: Resources) -> None:
    urls = {f"{each['url']}|{each['version']}" for name, each in published.items() if name.startswith("Measure/")}
    assert {each["measure"] for each in reports_of(published)} <= urls


def test_a_yearly_report_carries_strata_intervals_slope_and_masked_cells(published: Resources) -> None:
    report = published["MeasureReport/LB01-1.0.0-public-hes-QSY-2025-04-P1Y"]
    (group,) = report["group"]
    (deprivation,) = [each for each in group["stratifier"] if each["id"] == "imd5"]
    statistics = {part(each, "type") for each in extensions(deprivation, "inequality-statistic")}
    assert statistics == {"difference", "ratio", "sii", "rii"}
    assert len(deprivation["stratum"]) == 6
    assert group["measureScore"]["extension"][0]["url"].endswith("quantity-confidenceInterval")
    assert MASKED in [
        extension
        for each in reports_of(published)
        for stratifier in each["group"][0].get("stratifier", ())
        for stratum in stratifier["stratum"]
        for population in stratum["population"]
        for extension in population.get("_count", {}).get("extension", ())
    ]


def test_a_monthly_report_carries_the_chart_point_of_its_month(published: Resources) -> None:
    point = extensions(published["MeasureReport/BF01-1.0.0-public-hes-QSY-2026-03-P1M"]["group"][0], "spc-point")
    assert [part(each, "chart") for each in point] == ["p"]


def test_only_the_latest_report_of_a_series_carries_the_whole_chart(published: Resources) -> None:
    carrying = sorted(each["id"] for each in reports_of(published) if extensions(each["group"][0], "spc-series"))
    latest = [
        f"{indicator}-1.0.0-public-hes-{subject}-2026-03-P1M"
        for indicator in CHARTED_BY_MONTH
        for subject in ("QSY", "RSA", "RSB")
    ]
    assert [each for each in carrying if each[:4] in CHARTED_BY_MONTH] == latest


def test_a_pending_report_has_counts_and_neither_chart_point_nor_statistics(published: Resources) -> None:
    report = published["MeasureReport/BF01-1.0.0-public-hes-QSY-2026-04-P1M"]
    (group,) = report["group"]
    extended = extensions(group, "spc-point") + [
        each for stratifier in group["stratifier"] for each in extensions(stratifier, "inequality-statistic")
    ]
    assert (report["status"], extended) == ("pending", [])
    assert group["population"][1]["count"] > 0


def test_a_rare_indicator_publishes_a_state_and_no_limits(published: Resources) -> None:
    group = published["MeasureReport/MO01-1.0.0-public-hes-QSY-2025-04-P1Y"]["group"][0]
    (point,) = extensions(group, "spc-point")
    assert (part(point, "chart"), part(point, "centre"), part(point, "upper")) == ("g", None, None)


def test_under_hes_no_count_between_1_and_7_and_none_that_is_no_multiple_of_5(published: Resources) -> None:
    counts = {
        population["count"]
        for each in reports_of(published)
        for holder in (
            each["group"][0],
            *(stratum for cut in each["group"][0].get("stratifier", ()) for stratum in cut["stratum"]),
        )
        for population in holder["population"]
        if "count" in population
    }
    assert {count for count in counts if count % 5 or 0 < count < 8} == set()


def test_synthetic_people_are_said_to_be_synthetic_in_every_report(published: Resources) -> None:
    assert {each["meta"]["tag"][0]["code"] for each in reports_of(published)} == {"HTEST"}
