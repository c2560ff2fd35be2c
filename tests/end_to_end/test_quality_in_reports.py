"""What sources disagree on, and gates that fail, reach the results and the published reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fhir_adapter.store.database import open_database, reading
from tests.end_to_end.conftest import Perinatal

INTERNAL = ("--preset", "none", "--audience", "internal")


@pytest.fixture
def contested(perinatal: Perinatal, samples: Path) -> Perinatal:
    """A store with one birth whose gestation two systems tell differently."""
    assert perinatal("ingest", str(samples / "one-birth-four-sources")).code in (0, 1)
    return perinatal


def whole_month(perinatal: Perinatal, indicator: str, *arguments: str) -> dict[str, Any]:
    """The result of the reporter's whole over the month of the birth."""
    document = perinatal("evaluate", "--indicator", indicator, *INTERNAL, "--json", *arguments).document
    (found,) = [
        each
        for each in document["results"]
        if each["dimension"] == "all" and each["length"] == "P1M" and each["subject"] == each["reporter"]
    ]
    return dict(found)


@pytest.mark.parametrize("engine", ["duckdb", "sql", "reference"])
def test_an_open_conflict_on_gestation_is_told_beside_the_rate_that_reads_it(contested: Perinatal, engine: str) -> None:
    found = whole_month(contested, "LB11", "--engine", engine)
    told = {name: found[name] for name in found if name.startswith("flagged_")}
    assert told == {
        "flagged_population": 1,
        "flagged_denominator": 1,
        "flagged_numerator": 1,
        "flagged_share": 1.0,
        "flagged_low": 0.0,
        "flagged_high": 1.0,
        "flagged_withheld": None,
    }


def test_a_rate_that_does_not_read_it_has_nobody_in_doubt(contested: Perinatal) -> None:
    assert whole_month(contested, "BF01")["flagged_population"] == 0


def test_a_settled_conflict_leaves_nobody_in_doubt(contested: Perinatal) -> None:
    found = contested("conflicts", "list", "--json").document["conflicts"]
    (gestation,) = [each["id"] for each in found if each["column"] == "gestation_days"]
    told = ("--take-source", "badgernet-neonatal-csv", "--author", "A. Midwife", "--reason", "dated by scan")
    assert contested("conflicts", "settle", gestation, *told).code == 0
    assert whole_month(contested, "LB11")["flagged_population"] == 0


def test_a_published_report_says_how_many_are_in_doubt(contested: Perinatal) -> None:
    assert contested("evaluate", *INTERNAL).code == 0
    assert contested("publish", *INTERNAL).code == 0
    store = open_database(contested.settings["database_url"])
    with reading(store) as connection:
        query = "SELECT content FROM resource WHERE is_current AND id LIKE 'LB11-%-P1M'"
        (content,) = connection.exec_driver_sql(query).scalars()
    store.dispose()
    told = [each for each in orjson.loads(content)["group"][0]["extension"] if each["url"].endswith("/open-conflicts")]
    assert [each["extension"][:2] for each in told] == [
        [{"url": "population", "valueInteger": 1}, {"url": "denominator", "valueInteger": 1}]
    ]


def test_an_indicator_without_gates_is_evaluated(contested: Perinatal) -> None:
    assert contested("evaluate", "--indicator", "MO01", *INTERNAL).code == 0


@pytest.mark.parametrize(("average", "failed"), [(None, []), ("1", []), ("2", ["CQIMDQ09"])], ids=str)
def test_a_gate_against_hes_is_judged_by_the_benchmark_that_was_loaded(
    contested: Perinatal, average: str | None, failed: list[str]
) -> None:
    figure = f"hes_monthly_deliveries,LOCAL,2025-04-01,2026-03-31,{average},deliveries,HES"
    header = "indicator,area,period_start,period_end,value,unit,source"
    lines = [header, *([figure] if average else [])]
    (contested.folder / "hes.csv").write_text("\n".join(lines) + "\n", "utf-8")
    contested("reference", "load", "benchmarks", "hes.csv")
    assert whole_month(contested, "BF01")["gates"] == failed
