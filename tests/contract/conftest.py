"""Option `--cms334 DIR`: every patient of the caesarean-birth measure found below DIR becomes one test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.measure_patients import Answers, MeasurePatient, answers_of, patients_below

OPTION = "cms334"
BESIDE_THE_REPOSITORY = Path(__file__).parents[2].parent / "shared" / "samples"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the patients are; among the samples by default."""
    parser.addoption("--cms334", type=Path, default=None, help="folder of bundles with their expected MeasureReports")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each patient; where the samples are missing one that says so."""
    if "measure_patient" not in metafunc.fixturenames:
        return
    # A run of the whole suite reads this file too late for the option to be on its command line.
    asked = metafunc.config.getoption(OPTION, default=None)
    found = patients_below(asked or _sample_folder())
    if asked is not None and not found:
        raise pytest.UsageError(f"--cms334 {asked}: no bundle with an expected MeasureReport is below this folder")
    metafunc.parametrize("measure_patient", found or [None], ids=[each.name for each in found] or ["no samples"])


def _sample_folder() -> Path:
    return Path(os.environ.get("PERINATAL_SAMPLES", BESIDE_THE_REPOSITORY)) / "qicore-cms334"


@pytest.fixture(scope="session")
def measure_patients(request: pytest.FixtureRequest) -> list[MeasurePatient]:
    """Every patient below the folder that is asked for."""
    asked = request.config.getoption(OPTION, default=None)
    return patients_below(asked or request.getfixturevalue("samples") / "qicore-cms334")


@pytest.fixture(scope="session")
def answers(measure_patients: list[MeasurePatient], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What both engines say of every patient."""
    return answers_of(measure_patients, tmp_path_factory.mktemp("measure"))
