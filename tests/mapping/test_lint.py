"""What can be told about a mapping without an input: each fault by file, line and code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.lint import LintFinding, lint_adapter
from fhir_adapter.sources.registry import SHIPPED

MANIFEST = """\
name: small
version: 1.0.0
title: A small mapping
system: other
kind: fhir-bundle
fhir_version: 4.0.1
recognise: [{resource: Patient, profile: http://example.org/p}]
tables:
  - table: person
    spine:
      - view: mother
        columns:
          person_key: key
          role: {value: mother}
          birth_date: birth_date
          sex: {from: gender, translate: {map: sex}}
"""
SEX = {
    "resourceType": "ConceptMap",
    "name": "sex",
    "group": [{"element": [{"code": "female", "target": [{"code": "2"}]}]}],
}
COLUMNS = [("key", "getResourceKey()"), ("birth_date", "birthDate"), ("gender", "gender")]


def view(*more: tuple[str, str], where: str = "active.exists()", **changes: Any) -> dict[str, Any]:
    columns = [{"name": name, "path": path} for name, path in (*COLUMNS, *more)]
    return {
        "name": "mother",
        "resource": "Patient",
        "select": [{"column": columns}],
        "where": [{"path": where}],
    } | changes


def lint(folder: Path, mother: object = None, manifest: str = MANIFEST, sex: object = None) -> list[LintFinding]:
    """Findings about a small mapping, but for the columns that it leaves unfilled."""
    small = folder / "small"
    for name, content in (("views/mother", mother or view()), ("conceptmaps/sex", sex or SEX)):
        (small / name).parent.mkdir(parents=True, exist_ok=True)
        (small / f"{name}.json").write_text(json.dumps(content, indent=1), "utf-8")
    (small / "adapter.yaml").write_text(manifest, "utf-8")
    return [each for each in lint_adapter(small) if each.code != "lint.column-unfilled"]


@pytest.mark.parametrize("name", sorted(each.parent.name for each in SHIPPED.glob("*/adapter.yaml")))
def test_a_shipped_adapter_is_clean(name: str) -> None:
    remarks = [each for each in lint_adapter(SHIPPED / name) if each.severity is not Severity.INFORMATION]
    assert remarks == []


def test_a_small_mapping_is_clean(tmp_path: Path) -> None:
    assert lint(tmp_path) == []


def test_a_misspelt_element_is_an_error_with_the_right_spelling_and_its_line(tmp_path: Path) -> None:
    [found] = lint(tmp_path, view(("born", "brithDate")))
    assert (found.severity, found.code, found.file) == (
        Severity.ERROR,
        "lint.unknown-element",
        "small/views/mother.json",
    )
    assert found.pointer == "/select/0/column/3/path"
    assert "did you mean birthDate?" in found.text
    lines = (tmp_path / "small/views/mother.json").read_text("utf-8").splitlines()
    assert "brithDate" in lines[found.line - 1]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("name.family", "lint.several-values"),
        ("name.where(use = 'usual').family", "lint.several-values"),
        ("name.famly.first()", "lint.unknown-element"),
        ("name.where(usage = 'usual').family.first()", "lint.unknown-element"),
        ("birthDate.year", "lint.unknown-element"),
        ("deceased", "lint.choice-not-narrowed"),
        ("deceased.ofType(Quantity)", "lint.unknown-element"),
        ("birthDate = 3", "lint.type-mismatch"),
        ("active = 'true'", "lint.type-mismatch"),
        ("gender and active", "lint.type-mismatch"),
        ("gender.not()", "lint.type-mismatch"),
        ("name.where(family).use.first()", "lint.type-mismatch"),
        ("multipleBirth.ofType(integer) < 'two'", "lint.type-mismatch"),
        ("birthDate.getReferenceKey()", "lint.type-mismatch"),
        ("multipleBirth.ofType(integer).join()", "lint.type-mismatch"),
        ("name.given > 'A'", "lint.several-values"),
    ],
)
def test_a_path_that_r4_does_not_bear_out_is_found(tmp_path: Path, path: str, code: str) -> None:
    assert [each.code for each in lint(tmp_path, view(("c", path)))] == [code]


@pytest.mark.parametrize(
    "path",
    [
        "name.family.first()",
        "name[0].given[1]",
        "name.given.join(' ')",
        "deceased.ofType(dateTime)",
        "extension('u').extension('v').value.ofType(Coding).code",
        "birthDate.extension('u').value.ofType(dateTime)",
        "birthDate < @2000",
        "managingOrganization.getReferenceKey(Organization)",
        "contained.ofType(Organization).name.first()",
        "meta.versionId",
        "contact.first().name.period.start",
        "identifier.where(type.coding.exists(code = 'MR')).value.first()",
        "id",
    ],
)
def test_a_path_that_r4_bears_out_is_clean(tmp_path: Path, path: str) -> None:
    assert lint(tmp_path, view(("c", path))) == []


def test_one_value_inside_an_iteration_is_no_fault(tmp_path: Path) -> None:
    columns = [{"name": name, "path": path} for name, path in COLUMNS]
    select = [{"column": columns}, {"forEach": "name", "column": [{"name": "family", "path": "family"}]}]
    assert lint(tmp_path, view(select=select)) == []


def test_a_condition_that_is_neither_true_nor_false_is_found(tmp_path: Path) -> None:
    assert [(each.code, each.pointer) for each in lint(tmp_path, view(where="gender"))] == [
        ("lint.type-mismatch", "/where/0/path")
    ]


def test_an_unknown_resource_is_found(tmp_path: Path) -> None:
    [found] = lint(tmp_path, view(resource="Pateint"))
    assert found.code == "lint.unknown-resource"
    assert "did you mean Patient?" in found.text


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "told"),
    [
        ("birth_date: birth", "brith_date: birth", "lint.unknown-column", 15, "did you mean birth_date?"),
        ("- table: person", "- table: persons", "lint.unknown-table", 9, "did you mean person?"),
        ("version: 1.0.0", "version: one", "lint.manifest", 2, "match pattern"),
        ("title: A", "titel: A", "lint.manifest", 3, "did you mean title?"),
        ("name: small", "name: large", "lint.manifest", 1, "name of the folder"),
        ("person_key: key", "person_key: kee", "lint.rule", 13, "there is no column kee"),
        ("kind: fhir-bundle", "kind: [", "lint.manifest", 1, "line"),
    ],
)
def test_a_fault_of_the_manifest_is_found_on_its_line(
    tmp_path: Path, old: str, new: str, code: str, line: int, told: str
) -> None:
    found = [each for each in lint(tmp_path, manifest=MANIFEST.replace(old, new)) if told in each.text]
    assert [(each.code, each.line) for each in found] == [(code, line)]


def test_a_target_outside_the_code_list_is_found_in_its_row(tmp_path: Path) -> None:
    wrong = json.loads(json.dumps(SEX).replace('"2"', '"two"'))
    [found] = lint(tmp_path, sex=wrong)
    assert (found.code, found.file) == ("lint.code-not-in-list", "small/conceptmaps/sex.json")
    assert found.pointer == "/group/0/element/0/target/0/code"


def test_what_no_rule_uses_is_a_warning(tmp_path: Path) -> None:
    lint(tmp_path)
    for kind, name, content in (("views", "spare", view()), ("conceptmaps", "spare", SEX | {"name": "spare"})):
        (tmp_path / "small" / kind / f"{name}.json").write_text(json.dumps(content), "utf-8")
    found = [each for each in lint_adapter(tmp_path / "small") if each.severity is Severity.WARNING]
    assert [each.code for each in found] == ["lint.unused-map", "lint.unused-view"]


def test_columns_that_no_rule_fills_are_told(tmp_path: Path) -> None:
    lint(tmp_path)
    [found] = [each for each in lint_adapter(tmp_path / "small") if each.code == "lint.column-unfilled"]
    assert "gp_practice_code" in found.text


def test_a_folder_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert [each.code for each in lint_adapter(tmp_path / "empty")] == ["lint.file-unreadable"]


def test_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "ukcore-maternity"
    shutil.copytree(SHIPPED / "ukcore-maternity", folder)
    (folder / "views" / "mother.json").write_text("{", "utf-8")
    (folder / "conceptmaps" / "sex.json").write_text("{}", "utf-8")
    assert {each.code for each in lint_adapter(folder) if each.severity is Severity.ERROR} == {
        "lint.view",
        "lint.concept-map",
    }
