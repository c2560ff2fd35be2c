"""What an `adapter.yaml` can say of a file: groups, conditions, sums, date formats, units, several shapes, sites."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.golden_case import merged_issues, merged_rows
from fhir_adapter.sources.records import Cell, MappedRecord
from fhir_adapter.sources.registry import Adapter, AdapterRegistry, load_adapter

HEAD = """
name: file
version: 1.0.0
title: A file
system: other
kind: csv
key_scope: {prefix: file, from: Sender}
format: {optional: [Sender]}
"""
BABY = """
recognise: {header: [Key]}
tables:
  - table: baby
    columns:
      baby_key: {key: {kind: baby, from: Key}}
"""
CODES = """
{"resourceType": "ConceptMap", "name": "feeds", "group": [{"element": [
  {"code": "breast", "target": [{"code": "01", "equivalence": "equivalent"}]}]}]}
"""


def adapter(folder: Path, rules: str, **sites: str) -> Adapter:
    """An adapter of these rules, with a ConceptMap `feeds` and the files of some sites."""
    home = folder / "file"
    (home / "conceptmaps").mkdir(parents=True)
    (home / "sites").mkdir()
    (home / "conceptmaps" / "feeds.json").write_text(CODES, "utf-8")
    (home / "adapter.yaml").write_text(HEAD + rules, "utf-8")
    for name, text in sites.items():
        (home / "sites" / f"{name}.yaml").write_text(text, "utf-8")
    return load_adapter(home)


def mapped(using: Adapter, *lines: str) -> list[MappedRecord]:
    content = "\n".join([*lines, ""]).encode()
    return list(map_csv(using, io.BytesIO(content), name="file.csv", digest="digest"))


def rows(using: Adapter, table: str, *lines: str) -> list[dict[str, Cell]]:
    """Rows of a table without absent cells."""
    found = merged_rows(mapped(using, *lines)).get(table, [])
    return [{name: cell for name, cell in row.items() if cell is not None} for row in found]


def issues(using: Adapter, *lines: str) -> list[tuple[str, str]]:
    return [(each.code, each.location) for each in merged_issues(mapped(using, *lines))]


def cell(using: Adapter, column: str, header: str, line: str) -> Cell:
    """One cell of the only baby of a file of one line."""
    (row,) = rows(using, "baby", f"Key,{header}", f"B1,{line}")
    return row.get(column)


PLANS = """
recognise: {header: [Key]}
tables:
  - table: care_plan
    repeat: {first: 1, last: 3}
    when: Plan{n}Type
    columns:
      plan_key: {key: {kind: plan, from: Key, suffix: "{n}"}}
      plan_type: Plan{n}Type
      plan_date: {from: "Plan{n}Date", date: {format: DD/MM/YYYY}}
"""


def test_each_group_of_columns_gives_a_row_where_it_is_filled(tmp_path: Path) -> None:
    plans = adapter(tmp_path, PLANS)
    header = "Key,Plan1Type,Plan1Date,Plan2Type,Plan2Date"
    assert rows(plans, "care_plan", header, "P/1,05,01/02/2026,06,02/03/2026", "P2,,,07,") == [
        {"plan_key": "file:unknown/plan/P%2F1/1", "plan_type": "05", "plan_date": "2026-02-01"},
        {"plan_key": "file:unknown/plan/P%2F1/2", "plan_type": "06", "plan_date": "2026-03-02"},
        {"plan_key": "file:unknown/plan/P2/2", "plan_type": "07"},
    ]


def test_a_file_may_have_fewer_groups_than_the_mapping(tmp_path: Path) -> None:
    plans = adapter(tmp_path, PLANS)
    assert issues(plans, "Key,Plan1Type,Plan1Date", "P1,05,01/02/2026") == []


def test_a_file_without_the_first_group_is_told_so(tmp_path: Path) -> None:
    plans = adapter(tmp_path, PLANS)
    found = issues(plans, "Key,Plan2Type,Plan2Date", "P1,05,01/02/2026")
    assert found == [("csv.column-missing", f"file.csv:1 column Plan1{each}") for each in ("Type", "Date")]


TWINS = """
recognise: {header: [Mother]}
tables:
  - table: baby
    repeat: [a, b]
    when: baby_{n}_dob
    columns:
      baby_key: {key: {kind: baby, from: Mother, suffix: "{n}"}}
      person_key: {key: {kind: baby, from: Mother, suffix: "{n}"}}
      birth_datetime: baby_{n}_dob
identities:
  - role: baby
    repeat: [a, b]
    when: baby_{n}_dob
    key: {kind: baby, from: Mother, suffix: "{n}"}
    nhs_number: baby_{n}_nhs
"""


def test_a_repeated_person_has_identifiers_of_each_group(tmp_path: Path) -> None:
    twins = adapter(tmp_path, TWINS)
    (record,) = mapped(twins, "Mother,baby_a_dob,baby_a_nhs,baby_b_dob,baby_b_nhs", "M1,2026-07-02,N1,2026-07-02,N2")
    assert [(each.person_source_key, each.nhs_number) for each in record.identities] == [
        ("file:unknown/baby/M1/a", "N1"),
        ("file:unknown/baby/M1/b", "N2"),
    ]


LONG = """
recognise: {header: [Key, ObsCode, ObsValue]}
tables:
  - table: baby
    when: {column: ObsCode, is: [weight, apgar, feed]}
    columns:
      baby_key: {key: {kind: baby, from: Key}}
      birth_weight_g: {from: ObsValue, unit: {from: Unit, allow: [g, kg]}, when: {column: ObsCode, is: weight}}
      apgar_5: {from: ObsValue, when: {column: ObsCode, is: apgar}}
      first_feed: {value: "01", when: [{column: ObsCode, is: feed}, {column: ObsValue, is_not: ["no"]}]}
      mother_key: {key: {kind: mother, from: Mother}, when: {column: ObsCode, is: weight}}
"""
OBSERVATIONS = ("Key,ObsCode,ObsValue,Unit,Mother", "B1,weight,3.1,kg,M1", "B1,apgar,9,,M2", "B1,feed,yes,,M2")


def test_lines_of_one_key_each_give_the_column_that_their_code_names(tmp_path: Path) -> None:
    long = adapter(tmp_path, LONG)
    assert rows(long, "baby", *OBSERVATIONS) == [
        {
            "baby_key": "file:unknown/baby/B1",
            "mother_key": "file:unknown/mother/M1",
            "birth_weight_g": 3100,
            "first_feed": "01",
            "apgar_5": 9,
        }
    ]
    assert issues(long, *OBSERVATIONS) == []


@pytest.mark.parametrize("line", ["B1,feed,no,,M1", "B1,feed,,,M1"])
def test_a_line_that_does_not_meet_the_conditions_lacks_the_cell(tmp_path: Path, line: str) -> None:
    assert rows(adapter(tmp_path, LONG), "baby", OBSERVATIONS[0], line) == [{"baby_key": "file:unknown/baby/B1"}]


def test_a_line_of_another_code_gives_no_row(tmp_path: Path) -> None:
    assert rows(adapter(tmp_path, LONG), "baby", OBSERVATIONS[0], "B1,other,1,,M1") == []


def test_a_fault_of_a_conditional_cell_is_placed_at_its_line(tmp_path: Path) -> None:
    lines = (OBSERVATIONS[0], "B1,apgar,9,,M1", "B1,weight,heavy,kg,M1", "B2,apgar,99,,M1")
    assert issues(adapter(tmp_path, LONG), *lines) == [
        ("value.wrong-type", "file.csv:3 column ObsValue, Unit"),
        ("value.out-of-range", "file.csv:4 column ObsValue"),
    ]


@pytest.mark.parametrize(
    ("written", "text", "date"),
    [
        ("DD/MM/YYYY", "02/07/2026", "2026-07-02"),
        ("day/month/year", "02/07/2026", "2026-07-02"),
        ("DD-MON-YYYY", "02-jul-2026", "2026-07-02"),
        ("YYYYMMDD", "20260702", "2026-07-02"),
        ("MM/DD/YYYY", "07/02/2026", "2026-07-02"),
        ("DD.MM.YYYY", "02.07.2026 04:15", "2026-07-02T04:15:00+01:00"),
        ("DD/MM/YYYY", "2026-07-02", "2026-07-02"),
    ],
)
def test_a_date_is_read_in_the_format_of_its_column(tmp_path: Path, written: str, text: str, date: str) -> None:
    using = adapter(tmp_path, f"{BABY}      birth_datetime: {{from: Date, date: {{format: {written}}}}}\n")
    assert cell(using, "birth_datetime", "Date", text) == date


@pytest.mark.parametrize("text", ["2/7/2026", "31/02/2026", "02-07-2026", "02/XXX/2026"])
def test_a_date_of_another_form_is_no_date(tmp_path: Path, text: str) -> None:
    using = adapter(tmp_path, f"{BABY}      birth_datetime: {{from: Date, date: {{format: DD/MM/YYYY}}}}\n")
    assert issues(using, "Key,Date", f"B1,{text}") == [("value.no-such-date", "file.csv:2 column Date")]


SUM = "gestation_days: {sum: [{from: Weeks, unit: wk}, {from: Days, unit: d}]}"


@pytest.mark.parametrize(("line", "days"), [("36,2", 254), ("36,", 252), (",2", None)])
def test_parts_of_a_quantity_are_added(tmp_path: Path, line: str, days: int | None) -> None:
    assert cell(adapter(tmp_path, f"{BABY}      {SUM}\n"), "gestation_days", "Weeks,Days", line) == days


@pytest.mark.parametrize(("text", "days"), [("39+2", 275), ("39 + 2", 275), ("39", 273), ("", None)])
def test_weeks_and_days_in_one_text_are_days(tmp_path: Path, text: str, days: int | None) -> None:
    using = adapter(tmp_path, f"{BABY}      gestation_days: {{from: Gestation, as: weeks+days}}\n")
    assert cell(using, "gestation_days", "Gestation", text) == days


@pytest.mark.parametrize("text", ["39+7", "39+", "+2", "39.5", "39+2+1", "thirty"])
def test_a_text_that_is_no_weeks_and_days_is_a_fault(tmp_path: Path, text: str) -> None:
    using = adapter(tmp_path, f"{BABY}      gestation_days: {{from: Gestation, as: weeks+days}}\n")
    assert issues(using, "Key,Gestation", f"B1,{text}") == [("value.wrong-type", "file.csv:2 column Gestation")]


WEIGHT = (
    "birth_weight_g: {from: Weight, unit: {from: Unit, allow: [g], "
    "assume: [{unit: kg, below: 12}, {unit: g, at_least: 200}]}, missing: ['9999']}"
)


@pytest.mark.parametrize(
    ("line", "grams"), [("3.2,", 3200), ("3200,", 3200), ("3200,g", 3200), ("9999,", None), ("9999,g", None)]
)
def test_a_weight_without_unit_is_taken_as_the_rule_assumes(tmp_path: Path, line: str, grams: int | None) -> None:
    assert cell(adapter(tmp_path, f"{BABY}      {WEIGHT}\n"), "birth_weight_g", "Weight,Unit", line) == grams


@pytest.mark.parametrize(("line", "code"), [("100,", "unit.missing"), ("3,lb", "unit.not-allowed")])
def test_a_weight_that_no_assumption_covers_is_a_fault(tmp_path: Path, line: str, code: str) -> None:
    using = adapter(tmp_path, f"{BABY}      {WEIGHT}\n")
    assert issues(using, "Key,Weight,Unit", f"B1,{line}") == [(code, "file.csv:2 column Weight, Unit")]


def test_a_text_that_stands_for_a_missing_one_is_absent_in_its_column_alone(tmp_path: Path) -> None:
    using = adapter(tmp_path, f"{BABY}      site_code: {{from: Site, missing: [NONE]}}\n      mother_key: Mother\n")
    assert rows(using, "baby", "Key,Site,Mother", "B1,NONE,NONE") == [
        {"baby_key": "file:unknown/baby/B1", "mother_key": "NONE"}
    ]


def test_a_fixed_value_has_the_type_of_its_column(tmp_path: Path) -> None:
    using = adapter(tmp_path, f"{BABY}      birth_order: {{value: '1'}}\n")
    assert rows(using, "baby", "Key", "B1") == [{"baby_key": "file:unknown/baby/B1", "birth_order": 1}]


SHAPES = """
files:
  births:
    recognise: {header: [Key, Outcome]}
    tables:
      - table: baby
        columns: {baby_key: {key: {kind: baby, from: Key}}, outcome: Outcome}
  weights:
    recognise: {header: [Key, Weight]}
    tables:
      - table: baby
        columns: {baby_key: {key: {kind: baby, from: Key}}, birth_weight_g: Weight}
"""


@pytest.mark.parametrize(
    ("header", "line", "added"),
    [("Key,Outcome", "B1,01", {"outcome": "01"}), ("Key,Weight", "B1,3100", {"birth_weight_g": 3100})],
)
def test_the_header_tells_which_shape_of_file_it_is(
    tmp_path: Path, header: str, line: str, added: dict[str, Cell]
) -> None:
    shapes = adapter(tmp_path, SHAPES)
    assert AdapterRegistry({"file": shapes}).for_header(header.split(","), "file.csv") is shapes
    assert rows(shapes, "baby", header, line) == [{"baby_key": "file:unknown/baby/B1", **added}]


def test_a_header_of_no_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PayloadRefused, match="the header lacks Outcome"):
        mapped(adapter(tmp_path, SHAPES), "Key,Colour", "B1,red")


def test_faults_of_a_shape_are_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match=r"files\.weights\.tables\[0\]\.columns\.birth_weight_g"):
        adapter(tmp_path, SHAPES.replace("birth_weight_g: Weight", "birth_weight_g: {value: heavy}"))


FEEDS = f"{BABY}      first_feed: {{from: Feed, translate: {{map: feeds}}}}\n"
NORTH = "site: north\nsenders: [RWE]\naliases: {First milk: Feed}\nvalues: {feeds: {bottle: '02'}}\n"
ALL_SITES = "site: all\nvalues: {feeds: {both: '02'}}\n"


@pytest.mark.parametrize(
    ("header", "line", "code"),
    [
        ("First milk", "RWE,B1,bottle", "02"),
        ("First milk", "RWE,B1,breast", "01"),
        ("Feed", "RWE,B1,both", "02"),
        ("Feed", "RXX,B1,both", "02"),
        ("Feed", "RXX,B1,bottle", None),
    ],
)
def test_headers_and_codes_of_a_site_are_read(tmp_path: Path, header: str, line: str, code: str | None) -> None:
    (row,) = rows(adapter(tmp_path, FEEDS, north=NORTH, all=ALL_SITES), "baby", f"Sender,Key,{header}", line)
    assert row.get("first_feed") == code


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("site: south\nvalues: {foods: {a: '01'}}\n", "sites/south: there is no ConceptMap foods; there are feeds"),
        ("site: south\naliases: {First milk: Drink}\n", "is already an alias of"),
        ("site: south\nsenders: [RWE]\nvalues: {feeds: {bottle: '01'}}\n", "code bottle of feeds has another target"),
        ("site: south\nsender: [RWE]\n", "did you mean senders?"),
        ("site: south\nvalues: {feeds: {bottle: '77'}}\n", "gives codes outside the list"),
    ],
)
def test_a_site_file_that_cannot_hold_is_refused(tmp_path: Path, site: str, told: str) -> None:
    with pytest.raises(MappingInvalid) as refusal:
        adapter(tmp_path, FEEDS, north=NORTH, south=site)
    assert told in str(refusal.value)
