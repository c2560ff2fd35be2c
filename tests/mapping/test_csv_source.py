"""CSV files to rows: lines, places and what each kind of bad line costs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.golden_case import merged_issues, merged_rows
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import Adapter, shipped_adapters

MSDS = shipped_adapters().by_name("msds-csv")
GOOD = {
    "OrgCodeProvider": "RWE",
    "OrgSiteIDActualDelivery": "RWEAA",
    "UniqPregID": "P1",
    "Person_ID_Mother": "M1",
    "LabourDeliveryID": "D1",
    "LPIDBaby": "B1",
    "NHSNumberBaby": "9990001073",
    "NHSNumberStatusBaby": "01",
    "PersonBirthDateBaby": "2026-07-02",
    "PersonBirthTimeBaby": "04:15:00",
    "PersonPhenSex": "2",
    "PregOutcome": "01",
    "GestationLengthBirth": "257",
    "DeliveryMethodCode": "0",
    "FetusPresentation": "01",
    "SettingPlaceBirth": "01",
    "BabyFirstFeedIndCode": "01",
    "SkinToSkinContact1HourInd": "Y",
    "EthnicCategoryBaby": "H",
}
HEADER = ",".join(GOOD)


def line(**changes: str) -> str:
    return ",".join({**GOOD, **changes}.values())


def mapped(*lines: str, header: str = HEADER, batch_rows: int = 1000) -> list[MappedRecord]:
    content = "\r\n".join([header, *lines, ""]).encode()
    return list(map_csv(MSDS, io.BytesIO(content), name="file.csv", digest="digest", batch_rows=batch_rows))


def issues(*lines: str, header: str = HEADER) -> list[tuple[str, str]]:
    return [(issue.code, issue.location) for issue in merged_issues(mapped(*lines, header=header))]


def test_a_line_gives_a_row_of_each_table() -> None:
    rows = merged_rows(mapped(line()))
    assert rows["baby"] == [
        {
            "baby_key": "msds:RWE/baby/B1",
            "person_key": "msds:RWE/baby/B1",
            "delivery_key": "msds:RWE/delivery/D1",
            "mother_key": "msds:RWE/mother/M1",
            "birth_datetime": "2026-07-02T04:15:00+01:00",
            "outcome": "01",
            "gestation_days": 257,
            "birth_order": None,
            "delivery_method": "0",
            "presentation": "01",
            "place_of_birth": "01",
            "site_code": "RWEAA",
            "first_feed": "01",
            "skin_to_skin_1h": "Y",
            "discharge_datetime": None,
        }
    ]
    assert [row["role"] for row in rows["person"]] == ["baby", "mother"]
    assert rows["pregnancy"] == [{"pregnancy_key": "msds:RWE/pregnancy/P1", "mother_key": "msds:RWE/mother/M1"}]


def test_the_third_party_sample_gives_its_row_without_an_issue(msds: Adapter, samples: Path) -> None:
    content = (samples / "one-birth-four-sources" / "msds_msd401_babydemographics.csv").read_bytes()
    [record] = map_csv(msds, io.BytesIO(content), name="msd401.csv", digest="digest")
    assert record.rows["baby"][0]["gestation_days"] == 257
    assert record.rows["baby"][0]["baby_key"] == "msds:unknown/baby/B1"
    assert (record.source, record.issues) == ("msds-csv", ())


def test_records_are_named_by_their_provider() -> None:
    assert [record.source for record in mapped(line(), line(OrgCodeProvider="RNQ"))] == [
        "msds-csv:RWE",
        "msds-csv:RNQ",
    ]


def test_a_local_number_of_two_providers_is_two_babies() -> None:
    rows = merged_rows(mapped(line(), line(OrgCodeProvider="RNQ")))
    assert [row["baby_key"] for row in rows["baby"]] == ["msds:RWE/baby/B1", "msds:RNQ/baby/B1"]


def test_an_absent_mother_gives_no_row_of_hers() -> None:
    assert [row["role"] for row in merged_rows(mapped(line(Person_ID_Mother="")))["person"]] == ["baby"]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("PregOutcome", "77", "code.not-in-list"),
        ("PersonBirthDateBaby", "2026-02-30", "value.no-such-date"),
        ("PersonBirthDateBaby", "02/03/2026", "value.no-such-date"),
        ("PersonBirthTimeBaby", "25:00", "value.no-such-time"),
        ("GestationLengthBirth", "700", "value.out-of-range"),
        ("GestationLengthBirth", "2_57", "value.wrong-type"),
        ("GestationLengthBirth", "256.5", "value.not-whole"),
        ("EthnicCategoryBaby", "Y", "code.not-in-list"),
        ("LPIDBaby", "", "record.key-missing"),
    ],
)
def test_a_bad_cell_is_an_issue_at_its_line_and_column(column: str, value: str, code: str) -> None:
    found = issues(line(LPIDBaby="B0"), line(**{column: value}))
    assert any(each == code and place.startswith("file.csv:3 column") and column in place for each, place in found)


def test_a_bad_cell_leaves_the_rest_of_the_row() -> None:
    rows = merged_rows(mapped(line(PregOutcome="77")))["baby"]
    assert (rows[0]["outcome"], rows[0]["gestation_days"]) == (None, 257)


def test_a_ragged_line_is_set_aside_and_its_neighbours_stay() -> None:
    lines = [line(), line() + ",more", line(LPIDBaby="B2")]
    assert len(merged_rows(mapped(*lines))["baby"]) == 2
    assert issues(*lines) == [("csv.ragged-row", "file.csv:3")]


def test_a_line_with_a_stray_quotation_mark_is_set_aside_and_its_neighbours_stay() -> None:
    lines = [line(LPIDBaby='"B"9'), line(LPIDBaby="B2")]
    assert [row["baby_key"] for row in merged_rows(mapped(*lines))["baby"]] == ["msds:RWE/baby/B2"]
    assert issues(*lines) == [("csv.line-unreadable", "file.csv:2")]


def test_places_are_physical_lines_also_after_a_line_break_in_a_cell() -> None:
    second = line(PregOutcome="77", LPIDBaby="B2", LabourDeliveryID="D2", UniqPregID="P2")
    assert issues(line(UniqPregID='"P\r\n1"'), second) == [("code.not-in-list", "file.csv:4 column PregOutcome")]


def test_the_same_baby_with_two_values_is_a_contradiction() -> None:
    found = issues(line(), line(GestationLengthBirth="250"))
    assert found == [("record.contradicts-itself", "file.csv:3 column GestationLengthBirth")]


def test_a_contradiction_is_found_however_far_apart_the_lines_are() -> None:
    between = [line(LPIDBaby=f"B{number}", LabourDeliveryID=f"D{number}") for number in range(2, 700)]
    found = issues(line(), *between, line(GestationLengthBirth="250"))
    assert found == [("record.contradicts-itself", "file.csv:701 column GestationLengthBirth")]


def test_the_same_bad_code_is_told_at_every_line_that_holds_it() -> None:
    lines = [line(LPIDBaby=f"B{number}", PregOutcome="77") for number in range(3)]
    assert issues(*lines) == [("code.not-in-list", f"file.csv:{at} column PregOutcome") for at in (2, 3, 4)]


def test_issues_come_in_the_order_of_the_lines() -> None:
    lines = [line(LPIDBaby="B0", PregOutcome="77"), "ragged", line(LPIDBaby="B2", PersonPhenSex="7"), line(LPIDBaby="")]
    assert [place.split()[0] for _, place in issues(*lines)] == sorted(place.split()[0] for _, place in issues(*lines))


def test_a_sign_that_separates_the_parts_of_a_key_is_escaped_in_it() -> None:
    rows = merged_rows(mapped(line(LPIDBaby="B/1%")))
    assert rows["baby"][0]["baby_key"] == "msds:RWE/baby/B%2F1%25"


@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        ("2026-03-29", "00:30:00", "2026-03-29T00:30:00+00:00"),
        ("2026-03-29", "02:30:00", "2026-03-29T02:30:00+01:00"),
        ("2026-03-28", "23:59", "2026-03-28T23:59:00+00:00"),
        ("2026-07-02", "", "2026-07-02"),
    ],
    ids=["before the clocks change", "after the clocks change", "the day before", "no time"],
)
def test_a_birth_is_told_with_the_offset_of_its_moment(day: str, clock: str, moment: str) -> None:
    rows = merged_rows(mapped(line(PersonBirthDateBaby=day, PersonBirthTimeBaby=clock)))
    assert rows["baby"][0]["birth_datetime"] == moment


def test_a_column_that_no_rule_reads_is_named_by_its_place() -> None:
    assert issues(line() + ",x", header=HEADER + ",Canary") == [("csv.column-unknown", "file.csv:1 column 20")]


def test_a_column_that_is_missing_is_named() -> None:
    header = HEADER.removesuffix(",EthnicCategoryBaby")
    found = issues(line().removesuffix(",H"), header=header)
    assert found == [("csv.column-missing", "file.csv:1 column EthnicCategoryBaby")]


def test_a_header_below_which_nothing_stands_is_a_warning() -> None:
    assert issues() == [("csv.no-rows", "file.csv")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv.empty"),
        (b"A,B,C\r\n1,2,3\r\n", "csv.column-missing"),
        (f"{HEADER},LPIDBaby\r\n".encode(), "csv.column-repeated"),
        (f"{HEADER}\r\n{line(UniqPregID='Pé')}\r\n".encode("cp1252"), "csv.encoding"),
        (f"{HEADER}\r\n{line()}".encode("utf-16"), "csv.encoding"),
    ],
    ids=["empty file", "unknown header", "column twice", "wrong encoding", "utf-16"],
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(PayloadRefused) as refusal:
        list(map_csv(MSDS, io.BytesIO(content), name="file.csv", digest="digest"))
    assert refusal.value.code == code


def test_a_wrong_encoding_is_told_with_the_byte() -> None:
    content = f"{HEADER}\r\n{line(UniqPregID='Pé')}\r\n".encode("cp1252")
    with pytest.raises(PayloadRefused, match=f"byte {content.index(0xE9)} "):
        list(map_csv(MSDS, io.BytesIO(content), name="file.csv", digest="digest"))


def test_a_byte_order_mark_changes_nothing() -> None:
    content = f"\ufeff{HEADER}\r\n{line()}\r\n".encode()
    records = list(map_csv(MSDS, io.BytesIO(content), name="file.csv", digest="digest"))
    assert records == mapped(line())


def test_no_issue_tells_a_value_of_the_patient() -> None:
    canaries = {
        name: "canary"
        for name in GOOD
        if name not in ("OrgCodeProvider", "LPIDBaby", "UniqPregID", "LabourDeliveryID", "Person_ID_Mother")
    }
    found = merged_issues(mapped(line(**canaries)))
    assert len(found) > 8
    assert "canary" not in " ".join(f"{each.location} {each.text}" for each in found)


LINES = [line(LPIDBaby=f"B{number}", LabourDeliveryID=f"D{number // 2}") for number in range(7)]


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(LINES), batch_rows=st.integers(1, 8))
def test_neither_the_order_of_lines_nor_the_size_of_batches_changes_the_rows(order: list[str], batch_rows: int) -> None:
    found = merged_rows(mapped(*order, batch_rows=batch_rows))
    expected = merged_rows(mapped(*LINES))
    assert {table: {str(row) for row in rows} for table, rows in found.items()} == {
        table: {str(row) for row in rows} for table, rows in expected.items()
    }
