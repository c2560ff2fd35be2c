"""Third-party clients read our reports: they search, turn pages and follow references."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

SCRIPTS = Path(__file__).parent / "scripts"
READERS = ["fhirpy", "fhirclient"]
WANTED = {
    "measure": "Measure/BF01",
    "subject": "Location/QSY",
    "status": "complete",
    "_sort": "-period",
    "_count": "500",
}


@cache
def read_with(reader: str, peers: Path, fhir_base: str) -> Any:
    """What the script of a reader prints."""
    command = [str(peers / "python"), str(SCRIPTS / f"read_with_{reader}.py"), fhir_base]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def expected(fhir_base: str) -> list[Any]:
    """The reports themselves, from one page."""
    page = httpx.get(f"{fhir_base}/MeasureReport", params=WANTED, trust_env=False).json()
    return [each["resource"] for each in page["entry"]]


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_finds_every_report_over_several_pages(
    reader: str, peers: Path, fhir_base: str, expected: list[Any]
) -> None:
    read = read_with(reader, peers, fhir_base)
    assert len(expected) > 10
    assert (read["count"], read["ids"]) == (len(expected), [report["id"] for report in expected])


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_finds_the_figures_of_the_newest_report(
    reader: str, peers: Path, fhir_base: str, expected: list[Any]
) -> None:
    read, newest = read_with(reader, peers, fhir_base), expected[0]
    assert (read["newest"], read["score"]) == (
        {"id": newest["id"], **newest["period"]},
        newest["group"][0].get("measureScore", {}).get("value"),
    )


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_follows_a_report_to_its_measure_and_its_subject(
    reader: str, peers: Path, fhir_base: str, expected: list[Any]
) -> None:
    read, newest = read_with(reader, peers, fhir_base), expected[0]
    assert (read["measure"], read["subject"]) == (
        newest["measure"].partition("|")[0],
        newest["subject"]["identifier"]["value"],
    )
