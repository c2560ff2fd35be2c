"""Every rule finds what breaks it and leaves its nearest neighbour alone, on every database and in the interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import open_database
from indicator_engine.rules import shipped_checks, shipped_rules
from tests.rule_worlds import Case, Judge, cases, judged_by_interpreter, judged_by_store


@pytest.fixture(scope="module")
def sqlite_engine(sqlite_template: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{sqlite_template}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def postgres_engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_template")
    engine = open_database(server.create_database("rules", template=template))
    yield engine
    engine.dispose()
    server.drop_database("rules")


@pytest.fixture(scope="module", params=["reference", "sqlite", "postgresql"])
def judge(request: pytest.FixtureRequest) -> Judge:
    """One way to judge a world."""
    if request.param == "reference":
        return judged_by_interpreter
    fixture = {"sqlite": "sqlite_engine", "postgresql": "postgres_engine"}[request.param]
    return judged_by_store(request.getfixturevalue(fixture))


def expected(case: Case) -> set[tuple[int, str]]:
    return {(number, record) for number, records in case.broken.items() for record in records}


@pytest.mark.parametrize("name", cases())
def test_a_rule_is_broken_by_the_records_of_its_case_and_by_no_other(judge: Judge, name: str) -> None:
    rule, case = cases()[name]
    found = {(each.number, each.record) for each in judge(case.world) if each.rule == rule}
    assert found == expected(case)


def test_every_condition_of_every_rule_has_a_case_from_both_sides() -> None:
    broken = {(rule, number) for rule, case in cases().values() for number in case.broken}
    in_order = {rule for rule, case in cases().values() if not case.broken}
    checks = shipped_checks()
    assert broken == {(each.rule, each.number) for each in checks}
    assert in_order == {each.rule for each in checks}


def test_there_are_the_rules_r01_to_r42() -> None:
    assert list(shipped_rules()) == [f"R{number:02d}" for number in range(1, 43)]
