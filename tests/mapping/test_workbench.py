"""The workbench: what differs, what is accepted, what is noticed, what is read by nobody, and first drafts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.concept_map import parse_concept_map
from fhir_adapter.sources.coverage import CoverageReport, coverage_of
from fhir_adapter.sources.feed import bundles_in
from fhir_adapter.sources.fhirpath import parse_path
from fhir_adapter.sources.golden_accept import accepted_text
from fhir_adapter.sources.golden_case import differences_of, outcome_of, parse_case
from fhir_adapter.sources.mutation import mutants_of
from fhir_adapter.sources.official_suite import run_suite, suite_files
from fhir_adapter.sources.registry import SHIPPED, Adapter, AdapterRegistry, load_parts
from fhir_adapter.sources.scaffold import write_draft
from fhir_adapter.sources.scaffold_bundle import BundleDrafting
from fhir_adapter.sources.scaffold_csv import CsvDrafting
from fhir_adapter.sources.unmapped import (
    UnmappedCodes,
    filled_maps,
    nearest_target,
    skeletons,
    unmapped_csv,
    with_added,
)
from fhir_adapter.sources.view_paths import elements_in, read_value
from fhir_adapter.sources.workbench import accept_results, case_results, open_bench
from tests.mapping.maternity_bundles import maternity_bundle

CASE = """# kept
title: One line
rows:
  baby:
  - baby_key: msds:unknown/baby/B1
    outcome: '02'
# before issues
issues: []
csv: |
  UniqPregID,LabourDeliveryID,LPIDBaby,PersonBirthDateBaby,PregOutcome
  P1,D1,B1,2026-07-02,01
"""
HEADER = "UniqPregID,LabourDeliveryID,LPIDBaby,PersonBirthDateBaby,PregOutcome,Ward\n"


@pytest.fixture
def bench_folder(tmp_path: Path) -> Path:
    """A copy of a shipped adapter that may be changed."""
    return Path(shutil.copytree(SHIPPED / "msds-csv", tmp_path / "msds-csv"))


@pytest.fixture
def nameless_folder(bench_folder: Path) -> Path:
    """The copy with cases that name no identities."""
    for file in (bench_folder / "tests").glob("*.yaml"):
        case = yaml.safe_load(file.read_text("utf-8"))
        file.write_text(yaml.safe_dump({key: case[key] for key in case if key != "identities"}), "utf-8")
    return bench_folder


def test_a_difference_names_table_key_column_and_both_values(msds: Adapter) -> None:
    differences = differences_of(msds, parse_case(CASE, place="case.yaml"))
    assert "baby msds:unknown/baby/B1 outcome: expected '02', got '01'" in map(str, differences)


def test_an_accepted_case_passes_and_keeps_its_input_and_comments(msds: Adapter) -> None:
    case = parse_case(CASE, place="case.yaml")
    text = accepted_text(CASE, case, outcome_of(msds, case))
    again = parse_case(text, place="case.yaml")
    assert differences_of(msds, again) == []
    assert text.startswith("# kept\ntitle: One line\n")
    assert "# before issues\nissues:\n" in text
    assert CASE[CASE.index("csv:") :] in text
    assert accepted_text(text, again, outcome_of(msds, again)) == text


def test_an_input_that_is_refused_is_a_difference(msds: Adapter) -> None:
    case = parse_case('title: t\ncsv: "Key\\n"\nrows: {}\n', place="case.yaml")
    assert [each.table for each in differences_of(msds, case)] == ["refused"]


def test_an_input_that_is_not_recognised_is_a_difference_unless_the_case_says_so(ukcore: Adapter) -> None:
    empty = '{"resourceType": "Bundle", "type": "collection", "id": "x"}'
    case = parse_case(f"title: t\nrows: {{}}\nbundle: {empty}\n", place="case.yaml")
    assert [each.table for each in differences_of(ukcore, case)] == ["recognised"]
    assert differences_of(ukcore, case.model_copy(update={"recognised": False})) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("sources: [msds-csv]\n", []),
        ("sources: ['msds-csv:RSA']\n", ["sources: expected 'msds-csv:RSA', got 'msds-csv'"]),
        ("strange_headers: ['UniqPregID,LPIDBaby']\n", []),
        ("strange_headers: ['UniqPregID,LabourDeliveryID,LabourOnsetMethod']\n",
         ["recognised UniqPregID,LabourDeliveryID,LabourOnsetMethod: expected nothing, got True"]),
    ],
)  # fmt: skip
def test_a_case_may_name_its_feeds_and_headers_that_are_not_ours(msds: Adapter, more: str, told: list[str]) -> None:
    text = accepted_text(CASE, case := parse_case(CASE, place="case.yaml"), outcome_of(msds, case))
    assert list(map(str, differences_of(msds, parse_case(text + more, place="case.yaml")))) == told


@pytest.mark.parametrize(("severity", "count"), [("warning", 0), ("error", 1)])
def test_a_case_may_name_the_severity_of_an_issue(registry: AdapterRegistry, severity: str, count: int) -> None:
    file = SHIPPED / "qicore" / "tests" / "history-parity.yaml"
    text = file.read_text("utf-8").replace('"severity": "warning"', f'"severity": "{severity}"')
    assert len(differences_of(registry.by_name("qicore"), parse_case(text, place="case.yaml"))) == count


@pytest.mark.parametrize(
    "rule", ["birth_weight_g.unit.allow.g", "when.0", "prefer.smoker", "missing.NULL", "recognise.header.LPIDBaby"]
)
def test_every_kind_of_rule_is_dropped(bench_folder: Path, rule: str) -> None:
    shutil.rmtree(bench_folder / "tests")
    survivors = mutants_of(open_bench(bench_folder)).survivors
    assert [each for each in survivors if each.rule.endswith(rule)] != []


def test_cases_are_accepted_in_their_files(bench_folder: Path) -> None:
    file = bench_folder / "tests" / "twins.yaml"
    file.write_text(file.read_text("utf-8").replace("outcome: '01'", "outcome: '02'"), "utf-8")
    assert not all(each.passed for each in case_results(open_bench(bench_folder)))
    accept_results(open_bench(bench_folder))
    assert all(each.passed for each in case_results(open_bench(bench_folder)))
    assert accept_results(open_bench(bench_folder)) == []


def test_every_dropped_rule_is_noticed_once_the_cases_name_identities(nameless_folder: Path) -> None:
    before = mutants_of(open_bench(nameless_folder))
    accept_results(open_bench(nameless_folder))
    after = mutants_of(open_bench(nameless_folder))
    assert before.total == after.total
    assert len(after.survivors) < len(before.survivors)
    assert after.score == 1


def test_a_filter_of_a_view_is_dropped_too(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "mihr", tmp_path / "mihr"))
    shutil.rmtree(folder / "tests")
    found = [each for each in mutants_of(open_bench(folder)).survivors if "views/gestation.json" in each.place]
    assert {each.rule for each in found} >= {"condition 1", "part 1 of condition 1", "condition 2", "column value"}


def test_a_survivor_is_named_with_its_line(nameless_folder: Path) -> None:
    lines = (nameless_folder / "adapter.yaml").read_text("utf-8").splitlines()
    place = next(at for at, text in enumerate(lines, start=1) if text.startswith("        local_id: LPIDBaby"))
    survivors = mutants_of(open_bench(nameless_folder)).survivors
    assert f"msds-csv/adapter.yaml:{place}" in [each.place for each in survivors]


def test_the_rules_of_a_bundle_adapter_are_dropped_in_views_and_codes_too() -> None:
    found = mutants_of(open_bench(SHIPPED / "ukcore-maternity"))
    files = {each.place.partition(":")[0].split("/")[1] for each in found.survivors}
    assert files <= {"adapter.yaml", "views", "conceptmaps"}
    assert 0 < found.score <= 1


def test_rules_are_not_dropped_while_a_case_fails(bench_folder: Path) -> None:
    (bench_folder / "tests" / "failing.yaml").write_text(CASE, "utf-8")
    with pytest.raises(MappingInvalid, match=r"failing\.yaml"):
        mutants_of(open_bench(bench_folder))


def test_the_official_suite_passes_but_for_what_the_standard_calls_experimental(samples: Path) -> None:
    results = run_suite(suite_files(samples / "sql-on-fhir"))
    assert [each.title for each in results if not each.passed] == []


def reads(path: str) -> set[str]:
    found: set[tuple[str, ...]] = set()
    read_value(parse_path(path, constants={}), (), found)
    return {".".join(each) for each in found}


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("name.family.first()", {"name.family"}),
        ("value.ofType(Quantity).value", {"valueQuantity.value"}),
        ("code.coding.where(system = 'a').code", {"code.coding.system", "code.coding.code"}),
        ("subject.getReferenceKey(Patient)", {"subject.reference"}),
        ("identifier.where(use.empty()).exists()", {"identifier.use", "identifier"}),
        ("birthDate.extension('u').value.ofType(dateTime)",
         {"birthDate.extension('u').url", "birthDate.extension('u').valueDateTime"}),
    ],
)  # fmt: skip
def test_the_elements_that_a_path_reads_are_found_in_its_nodes(path: str, read: set[str]) -> None:
    assert reads(path) == read


def test_elements_of_a_resource_are_paths_without_places() -> None:
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "name": [{"given": ["a", "b"]}],
        "_birthDate": {"extension": [{"url": "u", "valueDateTime": "2026-07-02T04:15:00Z"}]},
    }
    found = [".".join(each) for each in elements_in(resource)]
    assert found == [
        "name.given",
        "name.given",
        "birthDate.extension('u').url",
        "birthDate.extension('u').valueDateTime",
    ]


def report_of(adapter: str, file: Path) -> CoverageReport:
    folder = SHIPPED / adapter
    return coverage_of(load_parts(folder), folder, [file], null_above=95)


def test_what_a_bundle_holds_that_nobody_reads_is_counted(tmp_path: Path) -> None:
    bundle = json.loads(json.dumps(maternity_bundle()))
    patient = next(each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == "Patient")
    patient["photo"] = [{"title": "canary"}, {"title": "canary"}]
    strange = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "s", "code": "c"}]}}
    bundle["entry"] += [{"resource": strange}, {"resource": {"resourceType": "Slot"}}]
    file = tmp_path / "bundle.json"
    file.write_text(json.dumps(bundle), "utf-8")
    report = report_of("ukcore-maternity", file)
    assert ("Patient.photo.title", 2) in [(each.name, each.count) for each in report.unread]
    assert ("Slot", 1) in [(each.name, each.count) for each in report.ignored_types]
    assert ("Observation s|c", 1) in [(each.name, each.count) for each in report.untaken]
    assert "canary" not in str(report)


def test_what_a_file_holds_that_nobody_reads_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "births.csv"
    file.write_text(f"{HEADER}P1,D1,B1,2026-07-02,01,4\nP2,D2,B2,2026-07-02,01,\n", "utf-8")
    report = report_of("msds-csv", file)
    assert [(each.name, each.count) for each in report.unread] == [("Ward", 1)]
    assert "baby.first_feed" in [each.rule for each in report.unmatched_rules]
    assert "baby.outcome" not in [each.rule for each in report.unmatched_rules]
    assert ("first_feed", 1.0) in [(each.column, each.share) for each in report.empty_columns]


def codes_of(adapter: str, file: Path) -> UnmappedCodes:
    codes = UnmappedCodes(load_parts(SHIPPED / adapter))
    codes.add(file)
    return codes


def test_a_code_without_a_target_is_told_with_its_count_and_first_place(tmp_path: Path) -> None:
    file = tmp_path / "births.csv"
    file.write_text(f"{HEADER}P1,D1,B1,2026-07-02,01,\nP2,D2,B2,2026-07-02,x,\nP3,D3,B3,2026-07-02,x,\n", "utf-8")
    (found,) = codes_of("msds-csv", file).found()
    assert (found.map, found.code, found.count) == ("baby.outcome", "x", 2)
    assert found.first_place == "births.csv:3 column PregOutcome"


def test_a_code_of_a_bundle_has_its_system_and_display(samples: Path) -> None:
    found = codes_of("ukcore-maternity", samples / "bfdr" / "BasicBirthRecord2.json").found()
    assert ("http://snomed.info/sct", "700000006", "Vaginal delivery of fetus (procedure)") in [
        (each.system, each.code, each.display) for each in found
    ]


def test_a_skeleton_is_a_conceptmap_that_translates_nothing_yet(samples: Path) -> None:
    found = codes_of("ukcore-maternity", samples / "bfdr" / "BasicBirthRecord2.json").found()
    skeleton = skeletons(found)["delivery-method"]
    assert parse_concept_map(json.dumps(skeleton), place="x").targets == {}
    targets = [one for group in skeleton["group"] for each in group["element"] for one in each["target"]]
    assert {each["equivalence"] for each in targets} == {"unmatched"}


def test_a_filled_list_becomes_a_conceptmap_with_the_codes_that_were_there(samples: Path) -> None:
    found = codes_of("ukcore-maternity", samples / "bfdr" / "BasicBirthRecord2.json").found()
    header, *lines = unmapped_csv(found).splitlines()
    filled = "\n".join([header, *(f"{line}0" for line in lines if line.startswith("delivery-method"))])
    added = filled_maps(filled, place="codes.csv")["delivery-method"]
    before = json.loads((SHIPPED / "ukcore-maternity/conceptmaps/delivery-method.json").read_bytes())
    merged = parse_concept_map(json.dumps(with_added(before, added)), place="x").targets
    assert merged == {
        **parse_concept_map(json.dumps(before), place="x").targets,
        **{each.code: "0" for each in found if each.map == "delivery-method"},
    }


@pytest.mark.parametrize("text", ["map,code\na,b\n", "map,code,target\na,b,\n"])
def test_a_list_that_nobody_filled_is_refused(text: str) -> None:
    with pytest.raises(MappingInvalid, match="target"):
        filled_maps(text, place="codes.csv")


@pytest.mark.parametrize(("words", "code"), [("stil birth", "02"), ("qqqq", "")])
def test_the_nearest_target_is_one_whose_label_is_alike(words: str, code: str) -> None:
    assert nearest_target(words, {"01": "Live birth", "02": "Still birth"}) == code


@pytest.mark.parametrize(
    "name", ["badgernet_neonatal_episode.csv", "csds_cyp201_202.csv", "msds_msd401_babydemographics.csv"]
)
def test_a_draft_of_a_file_loads_and_passes(
    samples: Path, registry: AdapterRegistry, tmp_path: Path, name: str
) -> None:
    sample = samples / "one-birth-four-sources" / name
    folder = write_draft(CsvDrafting("draft", sample, list(registry.adapters.values())).draft(), tmp_path)
    assert [each.passed for each in case_results(open_bench(folder))] == [True]
    assert "# guess" in (folder / "adapter.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", ["one-birth-four-sources/maternity_bundle.r4.json", "bfdr/BasicBirthRecord2.json"])
def test_a_draft_of_a_bundle_loads_and_passes(samples: Path, tmp_path: Path, name: str) -> None:
    document = next(bundles_in(samples / name)).document
    folder = write_draft(BundleDrafting("draft", document, [SHIPPED / "ukcore-maternity"]).draft(), tmp_path)
    assert [each.passed for each in case_results(open_bench(folder))] == [True]


def test_a_draft_does_not_write_over_a_folder(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    draft = CsvDrafting("draft", samples / "one-birth-four-sources/csds_cyp201_202.csv", []).draft()
    with pytest.raises(MappingInvalid, match="there already"):
        write_draft(draft, tmp_path)


def test_a_header_of_which_nothing_is_known_is_not_drafted(tmp_path: Path) -> None:
    file = tmp_path / "colours.csv"
    file.write_text("Hue,Shade\nred,dark\n", "utf-8")
    with pytest.raises(PayloadRefused, match="by hand"):
        CsvDrafting("colours", file, []).draft()
