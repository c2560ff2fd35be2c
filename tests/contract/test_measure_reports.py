"""What we publish is FHIR R4, says what was disclosed and says no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest
from fhir.resources.R4B.measurereport import MeasureReport

from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure_report import content_digest
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.fhir.report_checks import check_report
from indicator_engine.disclosure import DisclosedReport, ReportStatus
from tests.contract.report_builders import (
    WITHHELD,
    built,
    cell,
    definition,
    disclosed_report,
    failed_gate,
    flagged,
    series,
    spc_point,
    statistic,
    stratified_cells,
)

SCHEMA = R4Schema()
EXTENSIONS = "https://perinatal-equity.example/fhir/StructureDefinition"
REPORTS: dict[str, DisclosedReport] = {
    "with everything": disclosed_report(),
    "masked whole": disclosed_report(cells=(cell(denominator=20, numerator=None),)),
    "masked denominator": disclosed_report(cells=(cell(denominator=None, numerator=None),)),
    "nobody to count": disclosed_report(cells=(cell(denominator=0, numerator=0),)),
    "no events": disclosed_report(cells=(cell(numerator=0),)),
    "all events": disclosed_report(cells=(cell(numerator=400),)),
    "pending": disclosed_report(status=ReportStatus.PENDING, spc=None, statistics=(), series=()),
    "withheld statistic": disclosed_report(
        statistics=(statistic(value=None, low=None, high=None, status=None, withheld="fewer than three strata"),)
    ),
    "statistic over all strata": disclosed_report(
        statistics=(statistic(type="sii", stratum=None, reference=None, reference_policy=None, status=None),)
    ),
    "withheld chart": disclosed_report(
        spc=spc_point(centre=None, lower=None, upper=None, signals=(), variation=None, withheld="too few events")
    ),
    "several signals": disclosed_report(spc=spc_point(signals=("above-upper-limit", "shift-above"))),
    "rare indicator": disclosed_report(
        indicator="MO01",
        length="P1Y",
        start=date(2025, 4, 1),
        spc=spc_point(chart="g", centre=None, lower=None, upper=None, baseline_start=None, baseline_end=None),
        series=(),
    ),
    "whole system": disclosed_report(subject="QSY"),
    "open conflicts": disclosed_report(
        cells=(
            replace(cell(), flagged=flagged()),
            replace(cell("imd5", "1", 120, 40), flagged=WITHHELD),
            replace(cell("imd5", "2", 100, 25), flagged=flagged(denominator=None, numerator=None, share=None)),
            cell("imd5", "3", 80, 15),
        )
    ),
    "failed gates": disclosed_report(
        failed_gates=(failed_gate(), failed_gate(gate="CQIMDQ21", value=0.0, least=None, least_events=1))
    ),
}


def extension_of(holder: Json, name: str) -> list[Json]:
    """Extensions of ours with this name, in order."""
    return [each for each in holder.get("extension", []) if each["url"] == f"{EXTENSIONS}/{name}"]


def values_of(extension: Json) -> dict[str, object]:
    """Parts of a complex extension by name; the last of repeated parts."""
    return {
        part["url"]: next(value for name, value in part.items() if name.startswith("value"))
        for part in extension["extension"]
        if "extension" not in part
    }


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_a_report_survives_the_round_trip_through_fhir_resources(report: DisclosedReport) -> None:
    resource = built(report)
    assert orjson.loads(MeasureReport.model_validate(resource).model_dump_json()) == orjson.loads(
        orjson.dumps(resource)
    )


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_a_report_satisfies_the_official_r4_schema(report: DisclosedReport) -> None:
    assert SCHEMA.faults("MeasureReport", built(report)) == []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_a_report_breaks_none_of_our_own_rules(report: DisclosedReport) -> None:
    assert check_report(built(report)) == []


def test_the_id_and_the_identifier_name_the_report_for_ever() -> None:
    resource = built()
    version = definition().version
    assert resource["id"] == f"LB06-{version}-public-hes-RSA-2026-01-P3M"
    assert resource["identifier"][0]["value"] == f"LB06|{version}|public|hes|RSA|2026-01-01|P3M"


def test_two_audiences_never_share_an_id() -> None:
    assert built(audience="internal")["id"] != built(audience="public")["id"]


def test_a_code_that_makes_no_fhir_id_is_refused() -> None:
    with pytest.raises(ValueError, match="no FHIR id"):
        built(disclosed_report(subject="RSA 01"))


def test_the_period_is_written_as_plain_dates() -> None:
    assert built()["period"] == {"start": "2026-01-01", "end": "2026-03-31"}


def test_subject_and_reporter_carry_a_reference_and_an_identifier() -> None:
    resource = built()
    assert resource["subject"] == {
        "reference": "Location/RSA",
        "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RSA"},
        "display": "First Synthetic Trust",
    }
    assert resource["reporter"]["reference"] == "Organization/QSY"
    assert resource["reporter"]["identifier"]["system"] == "https://perinatal-equity.example/organisation"


def test_a_neutral_indicator_carries_no_improvement_notation() -> None:
    assert "improvementNotation" not in built(definition=definition("LB06", improvement=None))


def test_a_masked_numerator_leaves_neither_count_nor_score() -> None:
    group = built(REPORTS["masked whole"])["group"][0]
    masked = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    }
    assert {name: value for name, value in group["population"][2].items() if name in ("count", "_count")} == {
        "_count": masked
    }
    assert group["measureScore"] == {"_value": masked}


def test_an_empty_denominator_makes_the_score_not_applicable_and_not_masked() -> None:
    score = built(REPORTS["nobody to count"])["group"][0]["measureScore"]
    assert score["_value"]["extension"][0]["valueCode"] == "not-applicable"


def test_strata_are_given_by_component_alone() -> None:
    strata = [stratum for each in built()["group"][0]["stratifier"] for stratum in each["stratum"]]
    assert all("component" in stratum and "value" not in stratum for stratum in strata)


def test_every_disclosed_stratum_is_in_the_report_in_its_order() -> None:
    strata = [
        (each["id"], stratum["component"][0]["value"]["coding"][0]["code"])
        for each in built()["group"][0]["stratifier"]
        for stratum in each["stratum"]
    ]
    assert strata == [(each.dimension, each.stratum) for each in stratified_cells()[1:]]


def test_the_score_is_the_raw_proportion_also_where_less_is_better() -> None:
    assert built()["group"][0]["measureScore"]["value"] == 0.25


def test_a_gap_names_both_strata_its_period_and_its_light() -> None:
    deprivation = built()["group"][0]["stratifier"][0]
    gap = values_of(extension_of(deprivation, "inequality-statistic")[0])
    assert {name: gap[name] for name in ("type", "stratum", "reference", "referencePolicy", "status", "period")} == {
        "type": "difference",
        "stratum": "1",
        "reference": "5",
        "referencePolicy": "least_deprived",
        "status": "red",
        "period": {"start": "2025-04-01", "end": "2026-03-31"},
    }


def test_a_withheld_statistic_gives_its_reason_and_no_value() -> None:
    stratifier = built(REPORTS["withheld statistic"])["group"][0]["stratifier"][0]
    gap = values_of(extension_of(stratifier, "inequality-statistic")[0])
    assert ("value" in gap, gap["withheld"]) == (False, "fewer than three strata")


def test_each_signal_of_the_point_is_listed() -> None:
    point = extension_of(built(REPORTS["several signals"])["group"][0], "spc-point")[0]
    signals = [part["valueCode"] for part in point["extension"] if part["url"] == "signalThen"]
    assert signals == ["above-upper-limit", "shift-above"]


def test_the_series_holds_every_point_of_the_chart() -> None:
    chart = extension_of(built()["group"][0], "spc-series")[0]
    assert len(chart["extension"]) == len(series())


@pytest.mark.parametrize("name", ["spc-point", "spc-series"])
def test_a_pending_report_carries_no_chart(name: str) -> None:
    assert extension_of(built(REPORTS["pending"])["group"][0], name) == []


def test_a_report_without_a_charted_series_has_no_series_extension() -> None:
    assert extension_of(built(disclosed_report(series=()))["group"][0], "spc-series") == []


def test_synthetic_reports_are_tagged_as_test_data() -> None:
    assert built(synthetic=True)["meta"]["tag"][0]["code"] == "HTEST"


def test_real_reports_are_not_tagged_as_test_data() -> None:
    assert "tag" not in built(synthetic=False)["meta"]


def test_the_run_is_described_by_what_it_used() -> None:
    run = {each["name"] for each in built()["contained"][0]["parameter"]}
    assert run == {
        "ciMethod",
        "confidence",
        "disclosurePreset",
        "engineVersion",
        "definitionHash",
        "snapshotHash",
        "synthetic",
    }


def test_the_narrative_of_a_masked_report_shows_no_count() -> None:
    assert "not shown" in built(REPORTS["masked whole"])["text"]["div"]


def test_the_narrative_escapes_what_it_is_given() -> None:
    named = {"QSY": ("System", "lmns"), "RSA": ("<script>alert(1)</script>", "trust")}
    assert "<script" not in built(organisations=named)["text"]["div"]


def test_a_second_release_that_says_the_same_has_the_same_digest() -> None:
    later = built(released_at=datetime(2026, 6, 12, tzinfo=UTC), snapshot_hash="c" * 32)
    assert content_digest(later) == content_digest(built())


@pytest.mark.parametrize(
    "change",
    [
        lambda: built(disclosed_report(cells=(cell(numerator=105),))),
        lambda: built(disclosed_report(spc=None)),
        lambda: built(disclosed_report(status=ReportStatus.PENDING)),
    ],
    ids=["a count", "the chart point", "the status"],
)
def test_a_release_that_says_something_else_has_another_digest(change: Callable[[], Json]) -> None:
    assert content_digest(change()) != content_digest(built())


def test_a_report_says_how_many_are_in_doubt_and_between_which_bounds_the_figure_lies() -> None:
    (whole,) = extension_of(built(REPORTS["open conflicts"])["group"][0], "open-conflicts")
    assert values_of(whole) == {
        "population": 20,
        "denominator": 20,
        "numerator": 10,
        "share": 0.05,
        "low": 0.225,
        "high": 0.275,
    }


def test_a_group_says_what_may_be_said_of_those_in_doubt_and_nothing_where_there_are_none() -> None:
    strata = built(REPORTS["open conflicts"])["group"][0]["stratifier"][0]["stratum"]
    told = [[values_of(each) for each in extension_of(stratum, "open-conflicts")] for stratum in strata]
    assert told == [[{"withheld": "masked_cell"}], [{"population": 20, "low": 0.225, "high": 0.275}], []]


def test_a_report_without_conflicts_says_that_there_are_none() -> None:
    (whole,) = extension_of(built()["group"][0], "open-conflicts")
    assert values_of(whole) == {"population": 0, "denominator": 0, "numerator": 0}


def test_a_failed_gate_is_told_with_its_value_its_limits_and_a_sentence() -> None:
    first, second = extension_of(built(REPORTS["failed gates"])["group"][0], "failed-gate")
    assert values_of(first) == {
        "gate": "CQIMDQ15",
        "text": (
            "Singletons with a gestation of 154 to 315 days (CQIMDQ15): 61.0%, "
            "where at least 70% is asked (March 2026)."
        ),
        "value": 0.61,
        "least": 0.7,
        "month": "2026-03-01",
        "monthsFailed": 2,
    }
    assert str(values_of(second)["text"]).endswith("(CQIMDQ21): 0, where at least 1 is asked (March 2026).")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"least": 0.005, "most": 0.5}, "at least 0.5% and at most 50%"),
        ({"least": None, "more_than": 0.4}, "more than 40%"),
        ({"least": None, "most": 0.1}, "at most 10%"),
    ],
    ids=str,
)
def test_the_limits_of_a_gate_are_told_in_words(limits: dict[str, float | None], words: str) -> None:
    (gate,) = extension_of(built(disclosed_report(failed_gates=(failed_gate(**limits),)))["group"][0], "failed-gate")
    assert f"where {words} is asked" in str(values_of(gate)["text"])
