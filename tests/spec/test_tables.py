"""The declared common model is the agreed one, and its page in the documentation is current."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from indicator_engine.code_lists import code_list, code_list_names
from indicator_engine.errors import CodeListUnknown
from indicator_engine.tables import TABLES, Column, ColumnType, Table
from indicator_engine.tables.reference import render_reference

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "reference" / "common_model.md"
AGREED = list(csv.DictReader((HERE / "data" / "common_model.csv").read_text("utf-8").splitlines()))
TYPES = {
    "str": ColumnType.STRING,
    "str(6)": ColumnType.STRING,
    "str(9)": ColumnType.STRING,
    "str/SOC": ColumnType.STRING,
    "int": ColumnType.INTEGER,
    "decimal": ColumnType.DECIMAL,
    "bool": ColumnType.BOOLEAN,
    "code set": ColumnType.CODE_SET,
}
NEED: dict[str, tuple[bool, tuple[str, ...], bool]] = {
    "Y": (True, (), False),
    "N": (False, (), False),
    "derived": (False, (), True),
    "Y (baby)": (False, ("baby",), False),
    "Y (mother, baby)": (False, ("mother", "baby"), False),
}
COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]
NAMES = [f"{table.name}.{column.name}" for table, column in COLUMNS]


def test_every_agreed_column_is_declared_in_the_agreed_order() -> None:
    declared = [(table.name, column.name) for table, column in COLUMNS]
    assert declared == [(row["table"], row["column"]) for row in AGREED]


@pytest.mark.parametrize(("row", "declared"), list(zip(AGREED, COLUMNS, strict=True)), ids=NAMES)
def test_a_column_is_declared_as_agreed(row: dict[str, str], declared: tuple[Table, Column]) -> None:
    column = declared[1]
    assert column.type == TYPES.get(row["type"], row["type"])
    assert (column.unit or "", column.validity) == (row["unit"], row["validity"])
    assert (column.required, column.required_for, column.derived) == NEED[row["required"]]


@pytest.mark.parametrize("column", [column for _, column in COLUMNS], ids=NAMES)
def test_a_column_says_in_a_sentence_what_absent_means(column: Column) -> None:
    assert column.missing.endswith(".")
    is_needed = column.required and not column.may_be_unknown and column.not_known_code is None
    assert column.missing.startswith("Never absent") == is_needed


@pytest.mark.parametrize("column", [column for _, column in COLUMNS if column.code_list], ids=lambda each: each.name)
def test_a_code_list_that_is_named_is_shipped(column: Column) -> None:
    assert code_list(column.code_list or "").codes


@pytest.mark.parametrize(
    "column", [column for _, column in COLUMNS if column.not_known_code], ids=lambda each: each.name
)
def test_the_code_for_not_known_is_in_the_list_of_its_column(column: Column) -> None:
    assert column.not_known_code in code_list(column.code_list or "").codes


@pytest.mark.parametrize("column", [column for _, column in COLUMNS if column.type == ColumnType.ENUM])
def test_an_enumeration_lists_its_values(column: Column) -> None:
    assert len(column.values) > 1


@pytest.mark.parametrize("column", [column for _, column in COLUMNS if column.references])
def test_a_reference_points_to_a_table(column: Column) -> None:
    assert column.references in TABLES


@pytest.mark.parametrize("table", list(TABLES.values()), ids=list(TABLES))
def test_a_key_is_made_of_columns_that_are_always_there(table: Table) -> None:
    assert all(table.column(name).required for name in table.key)


@pytest.mark.parametrize(
    ("table", "column", "lowest", "highest"),
    [
        ("baby", "birth_weight_g", 200, 7000),
        ("baby", "gestation_days", 141, 315),
        ("booking", "gestation_days", 1, 315),
        ("baby", "apgar_5", 0, 10),
        ("neonatal_episode", "cord_ph", 6.5, 7.7),
    ],
)
def test_a_hard_range_stands_as_numbers(table: str, column: str, lowest: float, highest: float) -> None:
    declared = TABLES[table].column(column)
    assert (declared.minimum, declared.maximum) == (lowest, highest)


def test_the_page_of_the_common_model_is_current() -> None:
    assert PAGE.read_text("utf-8") == render_reference(), "run: python -m indicator_engine.tables > " + PAGE.name


def test_all_code_lists_are_shipped() -> None:
    assert len(code_list_names()) == 38


def test_a_code_list_groups_its_codes() -> None:
    assert code_list("delivery_method").codes["8"].group == "emergency_caesarean"


def test_an_unknown_code_list_is_refused_with_those_known() -> None:
    with pytest.raises(CodeListUnknown, match=r"'eye_colour' is not known; known lists: abnormal_presentation,"):
        code_list("eye_colour")
