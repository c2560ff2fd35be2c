"""Why a cell is what it is: the chain from the value back to the input, and nothing of anybody else."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter import wiring
from fhir_adapter.errors import PayloadRefused
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.explanation import ExplainedCell, ExplainedRow
from fhir_adapter.sources.registry import SHIPPED
from fhir_adapter.sources.workbench import case_files
from fhir_adapter.workflows.explain import Explainer, Question
from tests.mapping.maternity_bundles import SNOMED, changed, concept, maternity_bundle, patient, place_of, quantity
from tests.worlds import Perinatal, perinatal_at

HEADER = (
    "OrgCodeProvider,UniqPregID,LabourDeliveryID,LPIDBaby,Person_ID_Mother,PersonBirthDateBaby,PersonBirthTimeBaby,"
    "PersonPhenSex,PregOutcome,GestationLengthBirth,SkinToSkinContact1HourInd"
)
LINES = (
    "RSA,P1,D1,B1,M1,2026-03-02,04:15:00,2,01,257,y",
    "RSB,P2,D2,Canarykey,M2,1999-01-01,11:11:00,1,01,280,Y",
    "RSA,P1,D1,B0,M1,2026-03-02,04:25:00,2,77,257,Y",
)


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    return wiring.explainer_of(read_settings())


@pytest.fixture
def perinatal(tmp_path: Path) -> Perinatal:
    return perinatal_at(tmp_path)


def write_csv(folder: Path, lines: Sequence[str] = LINES) -> Path:
    file = folder / "births.csv"
    file.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
    return file


def write_bundles(folder: Path, *bundles: dict[str, Any], name: str = "births.ndjson") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(bundle) + "\n" for bundle in bundles), "utf-8")
    return file


def another() -> dict[str, Any]:
    bundle = maternity_bundle(changed("birth-weight", **quantity(1111, "g")))
    return bundle | {"identifier": {"system": "https://perinatal-equity.example/synthetic", "value": "record-2"}}


def only_cell(row: ExplainedRow) -> ExplainedCell:
    [cell] = row.cells
    return cell


def kinds(cell: ExplainedCell) -> list[str]:
    return [step.kind for step in cell.steps]


def lines_of(cell: ExplainedCell) -> list[str]:
    """The line of each file that a step names."""
    return [
        (SHIPPED / step.place.file).read_text("utf-8").splitlines()[step.place.line - 1].strip()
        for step in cell.steps
        if step.place is not None
    ]


def test_a_quantity_is_followed_through_its_unit_to_its_element(explainer: Explainer, tmp_path: Path) -> None:
    bundle = maternity_bundle(changed("birth-weight", **quantity(3.41, "kg")))
    file = write_bundles(tmp_path, bundle, name="birth.json")
    cell = only_cell(explainer.explain_file(file, Question("baby", 1, "birth_weight_g")))
    assert cell.value == 3410
    assert kinds(cell) == ["rule", "conversion", "view-column", "input", "view-column", "input"]
    assert "from kg to g, times 1000" in cell.steps[1].text
    entry = f"Bundle.entry[{place_of(bundle, 'birth-weight')}].resource.valueQuantity"
    assert [(step.input, step.value) for step in cell.steps if step.kind == "input"] == [
        (f"{entry}.value", 3.41),
        (f"{entry}.code", "kg"),
    ]
    assert ["birth_weight_g" in lines_of(cell)[0], "ofType(Quantity).value" in lines_of(cell)[2]] == [True, True]


def test_a_translated_code_names_the_row_of_the_concept_map(explainer: Explainer, tmp_path: Path) -> None:
    file = write_bundles(tmp_path, maternity_bundle(), name="birth.json")
    cell = only_cell(explainer.explain_file(file, Question("booking", 1, "smoking_status")))
    [step] = [each for each in cell.steps if each.kind == "translation"]
    assert (cell.value, "77176002 is smoker" in step.text) == ("smoker", True)
    assert step.place is not None
    assert step.place.file == "ukcore-maternity/conceptmaps/smoking-status.json"
    row = (SHIPPED / step.place.file).read_text("utf-8").splitlines()[step.place.line : step.place.line + 2]
    assert "77176002" in " ".join(row)


def test_the_choice_among_several_columns_is_told(explainer: Explainer, tmp_path: Path) -> None:
    file = write_bundles(tmp_path, maternity_bundle(), name="birth.json")
    cell = only_cell(explainer.explain_file(file, Question("person", 1, "sex")))
    [step] = [each for each in cell.steps if each.kind == "choice"]
    assert step.text == "gender was chosen; birth_sex absent"


def test_a_cell_that_is_taken_over_is_followed_to_where_it_was_made(explainer: Explainer, tmp_path: Path) -> None:
    bundle = maternity_bundle()
    file = write_bundles(tmp_path, bundle, name="birth.json")
    cell = only_cell(explainer.explain_file(file, Question("residence", 1, "valid_from")))
    assert kinds(cell) == ["taken-over", "rule", "conversion", "view-column", "input"]
    assert cell.steps[-1].input == f"Bundle.entry[{place_of(bundle, 'booking')}].resource.period.start"


@pytest.mark.parametrize(
    ("change", "question", "told"),
    [
        (
            changed("birth-weight", **quantity(70_000, "g")),
            Question("baby", 1, "birth_weight_g"),
            "value.out-of-range",
        ),
        (changed("method", code=concept(SNOMED, "999")), Question("baby", 1, "delivery_method"), "lets this value go"),
        (
            changed("smoking", valueCodeableConcept=concept(SNOMED, "123")),
            Question("booking", 1, "smoking_status"),
            "code.unmapped",
        ),
    ],
)
def test_an_absent_cell_says_what_became_of_the_value(
    explainer: Explainer, tmp_path: Path, change: Any, question: Question, told: str
) -> None:
    file = write_bundles(tmp_path, maternity_bundle(change), name="birth.json")
    cell = only_cell(explainer.explain_file(file, question))
    assert cell.value is None
    assert told in " ".join(step.text for step in cell.steps if step.kind == "fault")
    assert cell.steps[-1].kind == "input"


def test_a_row_of_a_later_line_is_found_and_named_by_its_line(explainer: Explainer, tmp_path: Path) -> None:
    file = write_bundles(tmp_path, maternity_bundle(), another())
    row = explainer.explain_file(file, Question("baby", 2, "birth_weight_g"))
    assert row.location == f"{file}:2"
    assert only_cell(row).value == 1111


def test_a_line_that_cannot_be_read_does_not_hide_the_others(explainer: Explainer, tmp_path: Path) -> None:
    file = write_bundles(tmp_path, maternity_bundle())
    file.write_text("{\n" + file.read_text("utf-8"), "utf-8")
    assert explainer.explain_file(file, Question("baby", 1, "apgar_5")).location == f"{file}:2"


def test_a_cell_of_a_csv_names_line_and_column(explainer: Explainer, tmp_path: Path) -> None:
    file = write_csv(tmp_path)
    row = explainer.explain_file(file, Question("baby", 1, "skin_to_skin_1h"))  # rows come in the order of their keys
    cell = only_cell(row)
    assert (row.adapter, cell.value, kinds(cell)) == ("msds-csv", "Y", ["rule", "conversion", "input"])
    assert cell.steps[-1].input == f"{file}:4 column SkinToSkinContact1HourInd"
    assert "skin_to_skin_1h" in lines_of(cell)[0]


def test_a_moment_of_a_csv_names_both_of_its_columns(explainer: Explainer, tmp_path: Path) -> None:
    cell = only_cell(explainer.explain_file(write_csv(tmp_path), Question("baby", 2, "birth_datetime")))
    assert cell.value == "2026-03-02T04:15:00+00:00"
    assert [step.value for step in cell.steps if step.kind == "input"] == ["2026-03-02", "04:15:00"]


def test_a_row_of_several_lines_takes_the_first_that_gave_the_cell(explainer: Explainer, tmp_path: Path) -> None:
    lines = (LINES[0].replace("257", "", 1), LINES[0])
    cell = only_cell(explainer.explain_file(write_csv(tmp_path, lines), Question("baby", 1, "gestation_days")))
    assert str(cell.steps[-1].input).endswith("births.csv:3 column GestationLengthBirth")


def test_the_rule_of_the_right_person_of_a_line_is_named(explainer: Explainer, tmp_path: Path) -> None:
    row = explainer.explain_file(write_csv(tmp_path), Question("person", 3, "role"))
    cell = only_cell(row)
    assert cell.value == "mother"
    assert lines_of(cell) == ["role: {value: mother}", "when: Person_ID_Mother"]


def test_a_code_that_a_csv_cannot_have_says_so(explainer: Explainer, tmp_path: Path) -> None:
    cell = only_cell(explainer.explain_file(write_csv(tmp_path), Question("baby", 1, "outcome")))
    assert cell.value is None
    assert cell.steps[0].text.startswith("code.not-in-list")


GENERIC = (
    "SenderCode,MotherNumber,DeliveryKey,BabyNumber,BabyBirthDate,BabyBirthTime,Tear1,Tear2,Tear3,Gestation,Weight,{}"
)
GENERIC_LINE = "RWE,M1,D1,B1,02/03/2026,04:15,,10217006,399031001,39+2,3.41,"


@pytest.mark.parametrize(
    ("question", "value", "told"),
    [
        (Question("baby", 1, "gestation_days"), 275, ["conversion from weeks and days to days", "input 39+2"]),
        (
            Question("baby", 1, "birth_weight_g"),
            3410,
            [
                "conversion no unit was given; by its size the number is taken to be in kg",
                "conversion from kg to g, times 1000, to the nearest whole number",
                "input 3.41",
            ],
        ),
        (Question("person", 1, "birth_date"), "2026-03-02", ["conversion read as DD/MM/YYYY", "input 02/03/2026"]),
        (
            Question("delivery", 1, "perineal_trauma"),
            "|10217006|399031001|",
            [
                "group group 2 of the line",
                "input 10217006",
                "group group 3 of the line",
                "input 399031001",
            ],
        ),
    ],
)
def test_a_cell_of_a_line_is_followed_through_what_its_rule_does(
    explainer: Explainer, tmp_path: Path, question: Question, value: object, told: list[str]
) -> None:
    file = tmp_path / "births.csv"
    file.write_text("\n".join([GENERIC.format("Site"), GENERIC_LINE, ""]), "utf-8")
    cell = only_cell(explainer.explain_file(file, question))
    steps = [f"{step.kind} {step.value if step.kind == 'input' else step.text}" for step in cell.steps]
    assert (cell.value, [each for each in told if each not in steps]) == (value, [])


def test_a_cell_of_a_long_file_names_the_line_that_meets_its_condition(explainer: Explainer, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    [case] = [each.case for each in case_files(SHIPPED / "msds-csv") if each.file.name.startswith("msd405-findings-of")]
    file.write_text(case.csv or "", "utf-8")
    cell = only_cell(explainer.explain_file(file, Question("baby", 1, "apgar_5")))
    [condition] = [step for step in cell.steps if step.value == "169909004"]
    assert (cell.value, condition.input) == (9, f"{file}:4 column ObsCode")
    assert cell.steps[-1].input == f"{file}:4 column ApgarScore"


def test_a_fact_that_was_chosen_by_its_time_says_so(explainer: Explainer, tmp_path: Path) -> None:
    [case] = [each.case for each in case_files(SHIPPED / "qicore") if each.file.name == "history-gravidity.yaml"]
    file = write_bundles(tmp_path, dict(case.bundle or {}), name="stay.json")
    cell = only_cell(explainer.explain_file(file, Question("pregnancy", 1, "gravidity")))
    assert (cell.value is not None, kinds(cell)[:3], cell.steps[-1].kind) == (
        True,
        ["rule", "condition", "choice"],
        "input",
    )
    assert "before _born within P42W" in cell.steps[1].text
    assert "latest:" in lines_of(cell)[2]


def test_a_cell_that_came_through_a_working_table_is_followed_to_its_element(
    explainer: Explainer, tmp_path: Path
) -> None:
    [case] = [each.case for each in case_files(SHIPPED / "qicore") if each.file.name == "conditions.yaml"]
    file = write_bundles(tmp_path, dict(case.bundle or {}), name="stay.json")
    cell = only_cell(explainer.explain_file(file, Question("delivery", 1, "condition_codes")))
    assert "_diagnosis._codes" in cell.steps[0].text
    assert (kinds(cell)[:2], cell.steps[-1].kind) == (["taken-over", "rule"], "input")


@pytest.mark.parametrize("table", ["person", "pregnancy", "delivery", "baby"])
def test_every_cell_of_a_csv_that_is_there_has_a_rule(explainer: Explainer, tmp_path: Path, table: str) -> None:
    row = explainer.explain_file(write_csv(tmp_path), Question(table, 1))
    assert [cell.column for cell in row.cells if cell.value is not None and "rule" not in kinds(cell)] == []


@pytest.mark.parametrize(
    ("question", "code", "told"),
    [
        (Question("baby", 9, "outcome"), "explain.no-such-row", "rows of baby here: 3; ask for 1 to 3"),
        (Question("booking", 1), "explain.no-such-row", "ask for another table"),
        (Question("babies", 1), "explain.unknown-table", "did you mean baby?"),
        (Question("baby", 1, "outcom"), "explain.unknown-column", "did you mean outcome?"),
        (Question("baby", 1, adapter="msds"), "adapter.unknown", "did you mean msds-csv?"),
    ],
)
def test_a_question_without_an_answer_says_what_may_be_asked(
    explainer: Explainer, tmp_path: Path, question: Question, code: str, told: str
) -> None:
    with pytest.raises(PayloadRefused, match=r".") as refusal:
        explainer.explain_file(write_csv(tmp_path), question)
    assert refusal.value.code == code
    assert told in refusal.value.text


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_only_the_row_that_is_asked_for_is_printed(
    perinatal: Perinatal, caplog: pytest.LogCaptureFixture, option: tuple[str, ...]
) -> None:
    write_csv(perinatal.folder)
    with caplog.at_level(logging.DEBUG):
        ran = perinatal("mapping", "explain", "births.csv", "--table", "baby", "--row", "2", *option)
    assert (ran.code, ran.err) == (0, "")
    assert "births.csv:2 column PersonBirthTimeBaby" in ran.out
    others = {value for line in LINES[1:] for value in next(csv.reader([line])) if len(value) > 3} - {"2026-03-02"}
    assert [value for value in others if value in ran.out] == []
    assert [record for record in caplog.records if "04:15" in record.getMessage()] == []


def test_the_terminal_reads_from_the_value_to_the_element(perinatal: Perinatal) -> None:
    write_bundles(perinatal.folder, maternity_bundle(), name="birth.json")
    ran = perinatal("mapping", "explain", "birth.json", "--table", "baby", "--column", "apgar_5")
    lines = ran.out.splitlines()
    assert lines[0] == "baby row 1 of birth.json, by ukcore-maternity"
    assert [line.split()[1] for line in lines[3:]] == ["rule:", "choice:", "view-column:", lines[-1].split()[1]]
    assert lines[-1].startswith("  <- Bundle.entry[")


def test_a_bundle_that_no_adapter_knows_is_refused(perinatal: Perinatal) -> None:
    stranger = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient("x", "1")}]}
    stranger["entry"][0]["resource"] = {"resourceType": "Patient", "id": "x"}  # type: ignore[index]  # a bundle as written
    write_bundles(perinatal.folder, stranger, name="birth.json")
    ran = perinatal("mapping", "explain", "birth.json", "--table", "baby")
    assert (ran.code, ran.out) == (2, "")
    assert "ukcore-maternity" in ran.err


def test_an_error_of_lint_is_exit_code_1(perinatal: Perinatal) -> None:
    folder = perinatal.folder / "broken"
    folder.mkdir()
    (folder / "adapter.yaml").write_text("name: broken\n", "utf-8")
    assert perinatal("mapping", "lint", "broken").code == 1
    assert perinatal("mapping", "lint", "ukcore-maternity", "--json").code == 0
    assert perinatal("mapping", "lint").code == 0
