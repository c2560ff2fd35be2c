"""Referrals to perinatal mental-health teams as MHSDS tables, recounted from what was written."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import pytest

from synthetic_bundles import render_mhsds
from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.referral_records import ReferralTold, referral_records
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.world import generate_world

Tables = dict[str, list[dict[str, str]]]
TEAMS = {"specialist_community_perinatal": "C02", "maternal_mh_service": "F02", "mbu": "MBU", "other": "Z01"}


@pytest.fixture(scope="module")
def world() -> World:
    """3,000 births: some hundred referrals."""
    return generate_world(births=3000, seed=3, scenario=load_scenario("llr"), first_month="2021-04", months=48)


@pytest.fixture(scope="module")
def records(world: World) -> list[ReferralTold]:
    return list(referral_records(world))


@pytest.fixture(scope="module")
def tables(records: list[ReferralTold]) -> Tables:
    return tables_of(records)


@pytest.fixture(scope="module")
def seen_referral(records: list[ReferralTold]) -> ReferralTold:
    return next(record for record in records if record.contacts and record.referral.closed_date)


def tables_of(records: Iterable[ReferralTold]) -> Tables:
    """Every table as a reader of CSV finds it."""
    lines = defaultdict(list, {stem: [csv_line(header)] for stem, header in render_mhsds.TABLES.items()})
    for record in records:
        for stem, cells in render_mhsds.rows_of(record):
            lines[stem].append(csv_line(cells))
    return {stem: list(csv.DictReader(io.StringIO(b"".join(own).decode(), newline=""))) for stem, own in lines.items()}


def texts_of(world: World, column: str) -> list[str]:
    """A column of the world's referrals as text, "" where a value is absent."""
    values = world.care.mental_health_referrals[column]
    return ["" if str(value) == "NaT" else str(value) for value in values]


def first_attended(tables: Tables) -> list[str]:
    """The date of the first attended contact of each referral, in their order."""
    attended = defaultdict(list)
    for row in tables["mhs201"]:
        if row["AttendOrDNACode"] in ("5", "6"):
            attended[row["ServiceRequestId"]].append(row["CareContDate"])
    return [min(attended[row["ServiceRequestId"]], default="") for row in tables["mhs101"]]


@pytest.mark.parametrize(
    ("stem", "column", "told"),
    [
        ("mhs101", "OrgIDProv", "provider"),
        ("mhs101", "ReferralRequestReceivedDate", "referral_date"),
        ("mhs101", "SourceOfReferralMH", "source"),
        ("mhs101", "ServDischDate", "closed_date"),
        ("mhs001", "ReferralRequestReceivedDate", "referral_date"),
    ],
)
def test_a_referral_is_told_as_it_was(world: World, tables: Tables, stem: str, column: str, told: str) -> None:
    assert [row[column] for row in tables[stem]] == texts_of(world, told)


def test_the_sources_of_the_referrals_add_up(world: World, tables: Tables) -> None:
    assert Counter(row["SourceOfReferralMH"] for row in tables["mhs101"]) == Counter(texts_of(world, "source"))


def test_whether_a_referral_was_accepted_is_told(world: World, tables: Tables) -> None:
    accepted = np.where(world.care.mental_health_referrals["accepted"], "Y", "N").tolist()
    assert [row["ReferralAcceptedInd"] for row in tables["mhs101"]] == accepted


def test_only_a_referral_that_was_not_accepted_has_a_date_of_rejection(tables: Tables) -> None:
    rejected = {row["ReferralAcceptedInd"] for row in tables["mhs101"] if row["ReferRejectionDate"]}
    assert rejected == {"N"}


def test_the_first_attended_contact_is_that_of_the_referral(world: World, tables: Tables) -> None:
    assert first_attended(tables) == texts_of(world, "first_contact_date")


def test_the_team_is_told_by_its_code(world: World, tables: Tables) -> None:
    assert [row["ServTeamTypeRefToMH"] for row in tables["mhs102"]] == [
        TEAMS[team] for team in texts_of(world, "team_type")
    ]


@pytest.mark.parametrize(("column", "told"), [("CareContDate", "contact_date"), ("ConsMechanismMH", "mechanism")])
def test_a_contact_is_told_as_it_was(world: World, tables: Tables, column: str, told: str) -> None:
    contacts = world.care.mental_health_contacts
    assert Counter(row[column] for row in tables["mhs201"]) == Counter(str(value) for value in contacts[told])


def test_whether_a_contact_was_attended_is_told(world: World, tables: Tables) -> None:
    attended = int(world.care.mental_health_contacts["attended"].sum())
    missed = len(world.care.mental_health_contacts) - attended
    assert Counter(row["AttendOrDNACode"] for row in tables["mhs201"]) == {"5": attended, "3": missed}


@pytest.mark.parametrize(("stem", "column"), [("mhs101", "ServiceRequestId"), ("mhs201", "CareContactId")])
def test_no_two_rows_share_a_number(tables: Tables, stem: str, column: str) -> None:
    numbers = [row[column] for row in tables[stem]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("stem", ["mhs102", "mhs201"])
def test_a_team_or_contact_belongs_to_a_referral(tables: Tables, stem: str) -> None:
    requests = {row["ServiceRequestId"] for row in tables["mhs101"]}
    assert {row["ServiceRequestId"] for row in tables[stem]} <= requests


def test_a_referral_and_its_person_have_the_same_numbers(tables: Tables) -> None:
    pairs = [[(row["LocalPatientId"], row["NHSNumber"]) for row in tables[stem]] for stem in ("mhs001", "mhs101")]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("LocalPatientId", "person_number"),
        ("NHSNumber", "nhs_number"),
        ("PersonBirthDate", "birth_date"),
        ("EthnicCategory", "ethnic_category"),
        ("LanguageCodePreferred", "language"),
        ("Postcode", "postcode"),
    ],
)
def test_a_person_is_told_as_the_record_has_her(
    records: list[ReferralTold], tables: Tables, column: str, field: str
) -> None:
    assert [row[column] for row in tables["mhs001"]] == [getattr(record, field) or "" for record in records]


def test_every_row_is_as_long_as_its_header(records: list[ReferralTold]) -> None:
    lengths = {(stem, len(cells)) for record in records for stem, cells in render_mhsds.rows_of(record)}
    assert lengths == {(stem, len(header)) for stem, header in render_mhsds.TABLES.items()}


def test_the_same_record_gives_the_same_rows(seen_referral: ReferralTold) -> None:
    assert list(render_mhsds.rows_of(seen_referral)) == list(render_mhsds.rows_of(seen_referral))


@pytest.fixture(scope="module")
def odd_referral(seen_referral: ReferralTold) -> ReferralTold:
    """A referral in which hardly anything is as it should be."""
    referral = seen_referral.referral._replace(
        referral_date="1994-02-30", source="Sure Start, Leicester", team_type="crisis team", closed_date="soon"
    )
    first = seen_referral.contacts[0]._replace(contact_date="2021-13-01", mechanism="ZZ")
    return seen_referral._replace(referral=referral, contacts=[first], nhs_number="T:0000123", ethnic_category="LOC2")


@pytest.mark.parametrize(
    ("stem", "column", "text"),
    [
        ("mhs001", "NHSNumber", "T:0000123"),
        ("mhs001", "EthnicCategory", "LOC2"),
        ("mhs101", "ReferralRequestReceivedDate", "1994-02-30"),
        ("mhs101", "SourceOfReferralMH", "Sure Start, Leicester"),
        ("mhs101", "ServDischDate", "soon"),
        ("mhs102", "ServTeamTypeRefToMH", "crisis team"),
        ("mhs201", "CareContDate", "2021-13-01"),
        ("mhs201", "ConsMechanismMH", "ZZ"),
    ],
)
def test_odd_values_are_printed_as_they_are(odd_referral: ReferralTold, stem: str, column: str, text: str) -> None:
    assert [row[column] for row in tables_of([odd_referral])[stem]] == [text]


def test_a_woman_without_an_nhs_number_has_no_status_of_one(seen_referral: ReferralTold) -> None:
    (row,) = tables_of([seen_referral._replace(nhs_number=None)])["mhs001"]
    assert (row["NHSNumber"], row["NHSNumberStatus"]) == ("", "")
