"""Mappings tried over HTTP: the adapter's own cases, a case that is sent, and the rows of an input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.contract.api_world import Client
from tests.mapping.maternity_bundles import maternity_bundle
from tests.serving import application

CASE = {"title": "Nothing below the header", "csv": "Key\n", "rows": {}}
HEADER = b"UniqPregID,LabourDeliveryID,LPIDBaby,PersonBirthDateBaby,PregOutcome\n"


@pytest.fixture
def bench(sqlite_store_url: str) -> Iterator[Client]:
    """The application with the workbench turned on."""
    with application(sqlite_store_url, workbench=True) as client:
        yield client


def test_the_cases_of_an_adapter_pass(bench: Client) -> None:
    answer = bench.post("/mappings/msds-csv/$test", b"")
    assert answer.status_code == 200
    assert answer.json()["passed"] is True
    assert len(answer.json()["cases"]) == len(list(Path("mappings/msds-csv/tests").glob("*.yaml")))


def test_a_case_that_is_sent_tells_each_cell_that_differs(bench: Client) -> None:
    case = {**CASE, "csv": (HEADER + b"P1,D1,B1,2026-07-02,01\n").decode()}
    answer = bench.post("/mappings/msds-csv/$test", orjson.dumps(case)).json()
    assert answer["passed"] is False
    (difference,) = [each for each in answer["cases"][0]["differences"] if each["column"] == "outcome"]
    assert difference == {
        "table": "baby",
        "row": "msds:unknown/baby/B1",
        "column": "outcome",
        "expected": None,
        "got": "01",
    }


def test_the_rows_of_a_file_are_told(bench: Client) -> None:
    content = HEADER + b"P1,D1,B1,2026-07-02,77\n"
    answer = bench.post("/mappings/msds-csv/$explain", content, "text/csv").json()
    assert [row["baby_key"] for row in answer["rows"]["baby"]] == ["msds:unknown/baby/B1"]
    assert ("code.not-in-list", "body.csv:2 column PregOutcome") in [
        (each["code"], each["location"]) for each in answer["issues"]
    ]


def test_the_rows_of_a_bundle_are_told(bench: Client) -> None:
    content = orjson.dumps(maternity_bundle())
    answer = bench.post("/mappings/ukcore-maternity/$explain", content)
    assert {"person", "baby"} <= set(answer.json()["rows"])


def test_the_cells_of_a_row_of_a_file_are_explained(bench: Client) -> None:
    content = HEADER + b"P1,D1,B1,2026-07-02,77\nP2,D2,B2,2026-07-03,01\n"
    address = "/mappings/msds-csv/$explain?table=baby&row=2&column=outcome"
    answer = bench.post(address, content, "text/csv").json()
    [cell] = answer["cells"]
    assert (answer["table"], answer["row"], cell["column"], cell["value"]) == ("baby", 2, "outcome", "01")
    assert cell["steps"][-1]["input"] == "body.csv:3 column PregOutcome"


def test_the_cells_of_a_row_of_a_bundle_are_explained(bench: Client) -> None:
    answer = bench.post("/mappings/ukcore-maternity/$explain?table=baby", orjson.dumps(maternity_bundle())).json()
    steps = {cell["column"]: [step["kind"] for step in cell["steps"]] for cell in answer["cells"]}
    assert (steps["apgar_5"][0], steps["apgar_5"][-1]) == ("rule", "input")


@pytest.mark.parametrize(
    ("query", "status"), [("table=babies", 400), ("table=baby&column=apgar", 400), ("table=baby&row=2", 400)]
)
def test_a_cell_that_there_is_not_is_refused(bench: Client, query: str, status: int) -> None:
    content = HEADER + b"P1,D1,canary,2026-07-02,77\n"
    answer = bench.post(f"/mappings/msds-csv/$explain?{query}", content, "text/csv")
    assert answer.status_code == status
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("address", "content", "status"),
    [
        ("/mappings/other/$test", b"", 422),
        ("/mappings/msds-csv/$test", b"{}", 400),
        ("/mappings/msds-csv/$test", b'{"canary": 1, "canary": 2}', 400),
        ("/mappings/msds-csv/$test", b"[canary", 400),
        ("/mappings/msds-csv/$explain", b"{}", 400),
        ("/mappings/ukcore-maternity/$explain", b'{"resourceType": "canary"}', 400),
        ("/mappings/ukcore-maternity/$explain", b" " * 5_000_001, 413),
    ],
)
def test_what_cannot_be_tried_is_refused_without_repeating_it(
    bench: Client, address: str, content: bytes, status: int
) -> None:
    answer = bench.post(address, content)
    assert answer.status_code == status
    assert "canary" not in answer.text


def test_mappings_are_not_tried_where_nobody_turned_it_on(sqlite_client: Client) -> None:
    assert sqlite_client.post("/mappings/msds-csv/$test", b"").status_code == 404
