"""Option `--oracles DIR`: every case file found below DIR becomes one test a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracles.case_files import OracleCase, cases_below

SHIPPED_CASES = Path(__file__).parent / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the case files are; the shipped ones by default."""
    parser.addoption("--oracles", type=Path, default=SHIPPED_CASES, help="folder of oracle case files")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case of each file."""
    if "oracle_case" not in metafunc.fixturenames:
        return
    # A run of the whole suite reads this file too late for the option to be on its command line.
    folder = metafunc.config.getoption("oracles", default=SHIPPED_CASES)
    metafunc.parametrize("oracle_case", cases_below(folder), ids=_name_of)


def _name_of(case: OracleCase) -> str:
    return f"{case.file.stem}: {case.name}"
