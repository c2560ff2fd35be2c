"""The caesarean-birth measure: populations of patients that nobody here wrote, with the answers of its authors."""

from __future__ import annotations

import pytest

from tests.contract.measure_patients import Answers, MeasurePatient


@pytest.mark.parametrize("engine", ["reference", "duckdb"])
def test_a_patient_is_in_the_populations_that_the_authors_of_the_measure_expect(
    answers: Answers, measure_patient: MeasurePatient, engine: str
) -> None:
    assert answers.by_engine[engine][measure_patient.receipt] == measure_patient.expected


def test_every_bundle_of_the_measure_goes_in(answers: Answers, measure_patients: list[MeasurePatient]) -> None:
    assert [each.path for each in answers.ingested if each.quarantined or not each.accepted] == []
    assert len(answers.ingested) == len(measure_patients)
