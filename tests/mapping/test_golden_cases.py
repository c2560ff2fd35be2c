"""The tests that each adapter brings along, and the adapters as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_adapter.errors import AdapterUnknown, MappingInvalid
from fhir_adapter.sources.adapter import ColumnRule
from fhir_adapter.sources.adapter_schema import schema_text
from fhir_adapter.sources.golden_case import parse_case, run_case
from fhir_adapter.sources.registry import AdapterRegistry, load_adapter, load_adapters, parse_manifest
from indicator_engine.code_lists import code_list
from tests.mapping.maternity_bundles import maternity_bundle

REPOSITORY = Path(__file__).parents[2]
ADAPTERS = sorted(file.parent.name for file in (REPOSITORY / "mappings").glob("*/adapter.yaml"))
CASES = sorted((REPOSITORY / "mappings").glob("*/tests/*.yaml"))


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parts[-3]}/{file.stem}")
def test_a_golden_case_gives_what_it_says(registry: AdapterRegistry, file: Path) -> None:
    case = parse_case(file.read_text("utf-8"), place=file.name)
    assert run_case(registry.by_name(file.parts[-3]), case) == []


def test_a_golden_case_that_expects_something_else_fails(registry: AdapterRegistry) -> None:
    case = parse_case("title: t\ncsv: ''\nrows: {}\n", place="case.yaml")
    whole = parse_case(CASES[0].read_text("utf-8"), place="case.yaml").model_copy(update={"rows": case.rows})
    assert run_case(registry.by_name(CASES[0].parts[-3]), whole) != []


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_says_in_words_what_it_reads(name: str) -> None:
    assert (REPOSITORY / "mappings" / name / "README.md").is_file()


@pytest.mark.parametrize(
    "name", sorted(file.parent.name for file in (REPOSITORY / "mappings").glob("*-csv/adapter.yaml"))
)
def test_the_readme_of_a_file_adapter_names_every_column_it_fills(registry: AdapterRegistry, name: str) -> None:
    page = (REPOSITORY / "mappings" / name / "README.md").read_text("utf-8")
    plan = registry.by_name(name).csv_plan
    assert plan is not None
    filled = {
        f"| {table}.{column} |"
        for each in (plan, *plan.others)
        for table, columns in each.columns.items()
        for column in columns
    }
    assert sorted(cell for cell in filled if cell not in page) == []


def test_the_published_schema_of_manifests_is_current() -> None:
    assert (REPOSITORY / "docs" / "reference" / "adapter.schema.json").read_text("utf-8") == schema_text()


def test_a_bundle_is_known_by_its_nhs_number(registry: AdapterRegistry) -> None:
    assert registry.for_bundle(maternity_bundle(), "bundle.json").name == "ukcore-maternity"


def test_a_file_is_known_by_its_header(registry: AdapterRegistry) -> None:
    header = ["UniqPregID", "LabourDeliveryID", "LPIDBaby", "PersonBirthDateBaby", "PregOutcome", "Other"]
    assert registry.for_header(header, "file.csv").name == "msds-csv"


def test_an_unknown_header_is_refused_without_telling_it(registry: AdapterRegistry) -> None:
    with pytest.raises(AdapterUnknown) as refusal:
        registry.for_header(["9990001073", "canary"], "file.csv")
    assert "canary" not in str(refusal.value)
    assert refusal.value.known == registry.names


def test_a_header_that_lacks_little_is_refused_with_the_nearest_adapter_and_what_it_lacks(
    registry: AdapterRegistry,
) -> None:
    header = ["UniqPregID", "LabourDeliveryID", "LPIDBaby", "PersonBirthDateBaby", "Outcome"]
    with pytest.raises(AdapterUnknown, match="nearest: msds-csv, for which the header lacks PregOutcome;"):
        registry.for_header(header, "file.csv")


def test_a_misspelt_adapter_gives_the_nearest(registry: AdapterRegistry) -> None:
    with pytest.raises(AdapterUnknown, match=r"did you mean msds-csv\?"):
        registry.by_name("msds_csv")


def test_every_smoking_finding_is_translated_as_its_list_groups_it(registry: AdapterRegistry) -> None:
    concept_map = json.loads((REPOSITORY / "mappings/ukcore-maternity/conceptmaps/smoking-status.json").read_bytes())
    translated = {each["code"]: each["target"][0]["code"] for each in concept_map["group"][0]["element"]}
    groups = {code: entry.group for code, entry in code_list("smoking_snomed").codes.items()}
    assert translated == {code: group for code, group in groups.items() if group != "quantity"}


BAD_MANIFESTS = {
    "an alias": ("name: &a x\ntitle: *a\n", "line 2: aliases"),
    "a key given twice": ("name: a\nname: b\n", "line 2: this key is given twice"),
    "no YAML": ("name: [\n", "line 2"),
    "a tag": ("name: !!python/object/apply:os.system [ls]\n", "line 1"),
    "an unknown kind": ("kind: xml\n", "kind"),
    "nothing": ("", "file"),
}


@pytest.mark.parametrize(("text", "told"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
def test_a_manifest_that_cannot_be_read_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MappingInvalid) as refusal:
        parse_manifest(text, place="x/adapter.yaml")
    assert told in str(refusal.value)


CSV_MANIFEST = """
name: {name}
version: 1.0.0
title: A file
system: other
kind: csv
recognise: {{header: [Key]}}
key_scope: {{prefix: file, from: Sender}}
tables:
  - table: pregnancy
    columns:
      pregnancy_key: {{key: {{kind: pregnancy, from: Key}}}}
      {column}
"""


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("parity: {from: Parity, value: '1'}", "exactly one of"),
        ("weight: Weight", "has no column weight"),
        ("edd_method: {from: Method, translate: {map: methods}}", "there is no ConceptMap methods"),
        ("parity: {from: Parity, colour: red}", "there is no such key; the keys here are from, time"),
        ("parity: {from: Parity, requird: true}", "parity.requird: there is no such key; did you mean required?"),
        ("lmp_dat: Date", "lmp_dat (did you mean lmp_date?)"),
        ("lmp_date: {from: Date, date: {format: MM/YYYY}}", "DD, MM (or MON) and YYYY once each"),
        ("parity: {value: many}", "value: a number is expected"),
        ("parity: {sum: [{from: Parity, unit: d}]}", "the column has no unit"),
        ("parity: {from: Parity, unit: {fixed: kg, to: cm}}", "no way from kg to cm"),
        ("lmp_date: {from: Date, date: {zone: Mars/Base}}", "time zone"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused_when_it_is_loaded(tmp_path: Path, column: str, told: str) -> None:
    folder = tmp_path / "file"
    folder.mkdir()
    (folder / "adapter.yaml").write_text(CSV_MANIFEST.format(name="file", column=column), "utf-8")
    with pytest.raises(MappingInvalid, match=r"adapter\.yaml") as refusal:
        load_adapter(folder)
    assert told in str(refusal.value)


def test_the_faults_of_all_adapters_are_told_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter.yaml").write_text("kind: csv\n", "utf-8")
    with pytest.raises(MappingInvalid) as refusal:
        load_adapters(tmp_path)
    assert len(refusal.value.faults) == 2


def test_every_key_of_a_column_rule_is_documented() -> None:
    page = (REPOSITORY / "docs" / "reference" / "mapping_files.md").read_text("utf-8")
    keys = {field.alias or name for name, field in ColumnRule.model_fields.items()}
    assert sorted(key for key in keys if f"`{key}" not in page) == []
