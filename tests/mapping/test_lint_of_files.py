"""What lint tells of files, sites, working tables and times: a typo in each is found where it stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.lint import LintFinding, lint_adapter
from fhir_adapter.sources.registry import SHIPPED


def lint_changed(folder: Path, name: str, file: str, old: str, new: str) -> tuple[list[LintFinding], int]:
    """Findings about a copy of a shipped adapter with one change, and the line of the change."""
    copy = shutil.copytree(SHIPPED / name, folder / name)
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")
    found = [each for each in lint_adapter(copy) if each.severity is not Severity.INFORMATION]
    return found, text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "told"),
    [
        (
            "generic-csv",
            "repeat: {first: 1, last: 3}",
            "repeat: {frist: 1, last: 3}",
            "lint.manifest",
            "did you mean first?",
        ),
        ("generic-csv", "as: weeks+days", "as: weeks+dayz", "lint.manifest", "weeks+days"),
        ("generic-csv", "{unit: kg, below: 12}", "{unit: kgs, below: 12}", "lint.rule", "no way from kgs"),
        ("generic-csv", "{unit: kg, below: 12}", "{unit: kg, belov: 12}", "lint.manifest", "did you mean below?"),
        ("generic-csv", "format: DD/MM/YYYY", "format: DD/MM/YYY", "lint.manifest", "YYYY once each"),
        ("generic-csv", 'is: ["Y", "Yes"]', 'iz: ["Y", "Yes"]', "lint.manifest", "the keys here are column, is,"),
        ("generic-csv", "when: {column: Smoker", "when: {column: Smokker", "lint.header-untold", "mean Smoker?"),
        ("generic-csv", '"Tear{n}"', '"Tera{n}"', "lint.header-untold", "Tera1"),
        ("generic-csv", "optional: [BookingDate", "optional: [BookingDat", "lint.unused-header", "BookingDate?"),
        ("generic-csv", "role: mother\n", "role: mothr\n", "lint.unknown-role", "did you mean mother?"),
        ("generic-csv", 'missing: ["9999"]', 'mising: ["9999"]', "lint.manifest", "did you mean missing?"),
        ("e3-csv", "unit: wk", "unit: week", "lint.rule", "no way from week"),
        ("e3-csv", "from: DeathConfirmedDays", "from: DeathConfirmedDay", "lint.header-untold", "Days?"),
        ("badgernet-neonatal-csv", "care_level: bapm2011", "care_lvl: bapm2011", "lint.unknown-column", "care_level?"),
        ("badgernet-neonatal-csv", "neonatal_day\n", "neonatal_days\n", "lint.unknown-table", "neonatal_day?"),
        ("qicore", "_codes: {from: codes", "_codes: {from: code", "lint.rule", "there is no column code;"),
        ("qicore", "_codes: {from: codes", "codes: {from: codes", "lint.manifest", "begins with _"),
        ("qicore", "during: [{at: end, to: _admitted", "during: [{at: and, to: _admitted", "lint.rule", "column and;"),
        ("qicore", "to: _admitted, within", "to: _admited, within", "lint.rule", "no column _admited"),
        ("qicore", "within: PT1H", "within: 1H", "lint.manifest", "match pattern"),
        ("qicore", "latest: end", "latest: ends", "lint.rule", "there is no column ends;"),
        ("qicore", "when: _way", "when: _wya", "lint.rule", "no column _wya"),
        ("qicore", "fault: warning", "fault: waning", "lint.manifest", "'warning'"),
        ("qicore", "{condition_codes: _codes}", "{condition_codes: _cods}", "lint.rule", "no column _cods"),
        ("ukcore-maternity", "lived_from:", "lived_form:", "lint.manifest", "did you mean lived_from?"),
        ("ukcore-maternity", "element: type", "element: tpye", "lint.unknown-element", "did you mean type?"),
        ("bfdr", "resource: Composition", "resource: Compositon", "lint.unknown-resource", "mean Composition?"),
    ],
)
def test_a_typo_is_found(tmp_path: Path, name: str, old: str, new: str, code: str, told: str) -> None:
    found, _ = lint_changed(tmp_path, name, "adapter.yaml", old, new)
    assert [each.text for each in found if each.code == code and told in each.text] != []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("generic-csv", "as: weeks+days", "as: weeks+dayz"),
        ("generic-csv", "optional: [BookingDate", "optional: [BookingDat"),
        ("badgernet-neonatal-csv", "care_level: bapm2011", "care_lvl: bapm2011"),
        ("ukcore-maternity", "element: type", "element: tpye"),
    ],
)
def test_a_typo_is_found_near_its_line(tmp_path: Path, name: str, old: str, new: str) -> None:
    found, line = lint_changed(tmp_path, name, "adapter.yaml", old, new)
    assert [each.line for each in found if abs(each.line - line) <= 2] != []


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("\nsenders: ", "\nsendres: ", "lint.site", "did you mean senders?"),
        ("outcome:", "outcme:", "lint.site", "there is no ConceptMap outcme"),
        ("Place: Site", "Place: Siet", "lint.unused-header", "Siet, which no rule reads"),
        ('"01"', '"99"', "lint.code-not-in-list", "99 is not in the code list"),
    ],
)
def test_a_typo_in_a_site_is_found_in_its_file(tmp_path: Path, old: str, new: str, code: str, told: str) -> None:
    found, _ = lint_changed(tmp_path, "generic-csv", "sites/example.yaml", old, new)
    assert [(each.code, each.file) for each in found if told in each.text] == [(code, "generic-csv/sites/example.yaml")]
