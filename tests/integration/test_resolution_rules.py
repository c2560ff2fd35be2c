"""The file of rules: what is shipped holds, and a fault is told with its place and what to write."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from fhir_adapter import wiring
from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.store import resolution_rules
from fhir_adapter.store.database import writing
from fhir_adapter.store.resolution_rules import parse_rules, shipped_rules, with_rules
from fhir_adapter.store.resolved import resolve_all
from tests.integration.store_rows import birth, resolved_rows, save

SHIPPED = Path(resolution_rules.__file__).with_name("resolution_rules.yaml")
Rules = dict[str, Any]
Change = Callable[[Rules], object]


def shipped() -> Rules:
    document: Rules = yaml.safe_load(SHIPPED.read_text("utf-8"))
    return document


def changed(change: Change) -> Rules:
    document = copy.deepcopy(shipped())
    change(document)
    return document


def test_the_shipped_file_is_read_by_the_strict_reader() -> None:
    assert read_yaml(SHIPPED.read_text("utf-8"), place=SHIPPED.name) == shipped()


def test_every_rule_has_a_reason_a_source_and_a_mark() -> None:
    assert all(each.because and each.source and each.confidence for each in shipped_rules().choices().values())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda file: file["rules"][0].update(colums=[]),
            r"rules\[0\].colums: there is no such key; did you mean columns",
        ),
        (
            lambda file: file["rules"][1].update(columns=["baby.gestation"]),
            "no column baby.gestation; did you mean baby.gest",
        ),
        (
            lambda file: file["rules"][0].update(precedence=["maternal"]),
            r"rules\[0\].precedence\[0\]\[0\]: Input should be",
        ),
        (lambda file: file["rules"][1]["columns"].append("baby.birth_weight_g"), "baby.birth_weight_g is in two rules"),
        (lambda file: file["rules"][1].update(id="apgar"), "two rules have the id apgar"),
        (
            lambda file: file["rules"][3].update(agreement={"by": "number", "within": 1}),
            "rule birth-facts: sex is no number",
        ),
        (lambda file: file["rules"][1]["agreement"].update(within=-1), "greater than or equal to 0"),
        (
            lambda file: file["rules"][0].update(otherwise=["estimated-due-date"]),
            "otherwise is for baby.gestation_days",
        ),
        (lambda file: file.update(version="1"), "version: String should match pattern"),
    ],
)
def test_a_fault_is_told_with_its_place(change: Change, told: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"^mine.yaml: .*{told}"):
        parse_rules(changed(change), place="mine.yaml")


def test_rules_of_a_deployment_stand_in_place_of_the_shipped_ones(store: sa.Engine) -> None:
    turned = changed(lambda file: file["rules"][1].update(precedence=["neonatal", "maternity"]))
    engine = with_rules(store, parse_rules(turned, place="mine.yaml"))
    with writing(engine) as connection:
        for system, days in (("maternity", 257), ("neonatal", 254)):
            save(connection, birth(receipt=system, source=system, system=system, baby={"gestation_days": days}))
        resolve_all(connection, touched=None)
    assert resolved_rows(store, "baby")[0]["gestation_days"] == 254


def test_a_store_is_opened_with_the_rules_of_the_settings(sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("version: 1.0.0\nversion: 1.0.0\n", "utf-8")
    settings = read_settings(database_url=sqlite_url, resolution_rules=file)
    with pytest.raises(SettingsInvalid, match="line 2: this key is given twice"), wiring.opened_store(settings):
        pass
