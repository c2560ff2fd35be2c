"""The E3-like layout: what it writes of a world and of odd values, and what its page says of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import MappingProxyType

import pytest

from synthetic_bundles import e3_words, render_msds
from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.plain_records import CarePlanRecord
from synthetic_bundles.records import BirthRecord, BundleRecord, birth_records, bundle_records
from synthetic_bundles.render_e3 import ADDRESSES, PLANS, TABLES, british_date, clock, rows_of
from synthetic_bundles.tables import World
from tests.synthetic.invented_birth import ANTENATAL, INVENTED, with_, with_antenatal, without_father
from tests.synthetic.recount import SMOKING
from tests.synthetic.recount_tables import Rows

Row = dict[str, str]
ReadRow = Callable[[Row], str]
COMPARED_BIRTHS = 500
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "e3_layout.md"
WORD_LISTS = {
    name.lower().replace("_", " "): words
    for name, words in vars(e3_words).items()
    if isinstance(words, MappingProxyType)
}


def e3_rows_of(record: BundleRecord) -> list[Row]:
    return [dict(zip(TABLES[table], cells, strict=True)) for table, cells in rows_of(record)]


def e3_row(record: BirthRecord) -> Row:
    (only,) = e3_rows_of(record)
    return only


def page_rows(pattern: str) -> list[tuple[str, ...]]:
    """What the groups of the pattern find in each line of the page that it fits."""
    found = (re.fullmatch(pattern, line) for line in PAGE.read_text("utf-8").splitlines())
    return [match.groups() for match in found if match]


def plain(column: str) -> ReadRow:
    return lambda row: row[column]


def day(column: str) -> ReadRow:
    """A date of E3 as MSDS has it."""
    return lambda row: "-".join(reversed(row[column].split("/")))


def minute(column: str) -> ReadRow:
    """A time of E3 as MSDS has it."""
    return lambda row: row[column] and row[column] + ":00"


def days(prefix: str) -> ReadRow:
    """Weeks and days of E3 as days."""
    return lambda row: row[prefix + "Weeks"] and str(7 * int(row[prefix + "Weeks"]) + int(row[prefix + "Days"]))


def code(column: str, words: e3_words.Words) -> ReadRow:
    """The code that a word of E3 stands for."""
    codes = {word: str(code) for code, word in words.items()}
    return lambda row: row[column] and codes[row[column]]


def meaning(column: str) -> ReadRow:
    """What a smoking code of MSDS means."""
    return lambda row: SMOKING.get(row[column], "")


def by_key(rows: list[Row], key: str, read: ReadRow) -> dict[str, str]:
    """What is read of each row, by its key; rows that tell nothing are left out."""
    return {row[key]: read(row) for row in rows if read(row)}


@pytest.fixture(scope="module")
def e3_rows(small_world: World) -> list[Row]:
    """The rows of the first births."""
    return [row for record in birth_records(small_world, stop=COMPARED_BIRTHS) for row in e3_rows_of(record)]


@pytest.fixture(scope="module")
def msds_rows(small_world: World) -> dict[str, list[Row]]:
    """The rows of the first births by table."""
    found: dict[str, list[Row]] = {table: [] for table in render_msds.TABLES}
    for record in birth_records(small_world, stop=COMPARED_BIRTHS):
        for table, cells in render_msds.rows_of(record):
            found[table].append(dict(zip(render_msds.TABLES[table], cells, strict=True)))
    return found


def test_the_compared_births_have_twins_among_them(e3_rows: list[Row]) -> None:
    assert len(e3_rows) > COMPARED_BIRTHS == len({row["DeliveryNumber"] for row in e3_rows})


@pytest.mark.parametrize(
    ("e3", "table", "column"),
    [
        (plain("BabyNHSNumber"), "msd401", "NHSNumberBaby"),
        (plain("BabyNHSNumberStatus"), "msd401", "NHSNumberStatusBaby"),
        (day("BirthDate"), "msd401", "PersonBirthDateBaby"),
        (minute("BirthTime"), "msd401", "PersonBirthTimeBaby"),
        (code("Sex", e3_words.SEXES), "msd401", "PersonPhenSex"),
        (code("Outcome", e3_words.OUTCOMES), "msd401", "PregOutcome"),
        (days("Gestation"), "msd401", "GestationLengthBirth"),
        (code("DeliveryMethod", e3_words.METHODS), "msd401", "DeliveryMethodCode"),
        (code("Presentation", e3_words.PRESENTATIONS), "msd401", "FetusPresentation"),
        (code("PlaceOfBirth", e3_words.PLACES), "msd401", "SettingPlaceBirth"),
        (code("FirstFeed", e3_words.FIRST_FEEDS), "msd401", "BabyFirstFeedIndCode"),
        (code("SkinToSkinIn1Hour", e3_words.ANSWERS), "msd401", "SkinToSkinContact1HourInd"),
        (code("BabyEthnicity", e3_words.ETHNIC_CATEGORIES), "msd401", "EthnicCategoryBaby"),
        (plain("Trust"), "msd401", "OrgCodeProvider"),
        (plain("DeliverySite"), "msd401", "OrgSiteIDActualDelivery"),
        (plain("MotherHospitalNumber"), "msd401", "Person_ID_Mother"),
        (plain("DeliveryNumber"), "msd401", "LabourDeliveryID"),
        (plain("BirthOrder"), "msd401_rest", "BirthOrderMaternitySUS"),
        (day("BabyDischargeDate"), "msd401_rest", "DischargeDateBabyHosp"),
        (minute("BabyDischargeTime"), "msd401_rest", "DischargeTimeBabyHosp"),
        (day("BabyDeathDate"), "msd401_rest", "PersonDeathDateBaby"),
        (minute("BabyDeathTime"), "msd401_rest", "PersonDeathTimeBaby"),
        (plain("BirthWeightG"), "msd405", "BirthWeight"),
        (plain("HeadCircumferenceCm"), "msd405", "ObsValue"),
    ],
)
def test_e3_and_msds_agree_on_each_baby(
    e3_rows: list[Row], msds_rows: dict[str, list[Row]], e3: ReadRow, table: str, column: str
) -> None:
    assert by_key(e3_rows, "BabyHospitalNumber", e3) == by_key(msds_rows[table], "LPIDBaby", plain(column))


@pytest.mark.parametrize(("column", "minute_code"), [("Apgar1", "169895004"), ("Apgar5", "169909004")])
def test_e3_and_msds_agree_on_each_apgar_score(
    e3_rows: list[Row], msds_rows: dict[str, list[Row]], column: str, minute_code: str
) -> None:
    scores = [row for row in msds_rows["msd405"] if row["ObsCode"] == minute_code]
    expected = by_key(scores, "LPIDBaby", plain("ApgarScore"))
    assert by_key(e3_rows, "BabyHospitalNumber", plain(column)) == expected


@pytest.mark.parametrize(
    ("e3", "table", "msds"),
    [
        (plain("MotherNHSNumber"), "msd001", plain("NHSNumberMother")),
        (day("MotherDateOfBirth"), "msd001", plain("PersonBirthDateMother")),
        (code("MotherEthnicity", e3_words.ETHNIC_CATEGORIES), "msd001", plain("EthnicCategoryMother")),
        (plain("BookingPostcode"), "msd001", plain("Postcode")),
        (day("MotherDeathDate"), "msd001", plain("PersonDeathDateMother")),
        (plain("GPPractice"), "msd002", plain("OrgCodeGMPMother")),
        (code("MotherLanguage", e3_words.LANGUAGES), "msd101", plain("LangCode")),
        (code("MotherEmployment", e3_words.EMPLOYMENT), "msd101", plain("EmploymentStatusMother")),
        (code("FatherEmployment", e3_words.EMPLOYMENT), "msd101", plain("EmploymentStatusPartner")),
        (day("BookingDate"), "msd101", plain("AntenatalAppDate")),
        (days("BookingGestation"), "msd101", plain("GestAgeBooking")),
        (plain("BookingTrust"), "msd101", plain("OrgIDProvOrigin")),
        (plain("BookingSite"), "msd101", plain("OrgSiteIDBooking")),
        (code("ReferredBy", e3_words.REFERRERS), "msd101", plain("SourceRefMat")),
        (code("LateBookingReason", e3_words.LATE_BOOKING_REASONS), "msd101", plain("ReasonLateBooking")),
        (day("LMPDate"), "msd101", plain("LastMenstrualPeriodDate")),
        (day("EDDDate"), "msd101", plain("EDDAgreed")),
        (code("EDDMethod", e3_words.DATING_METHODS), "msd101", plain("EDDMethodAgreed")),
        (plain("PreviousLiveBirths"), "msd101", plain("PreviousLiveBirths")),
        (plain("PreviousStillbirths"), "msd101", plain("PreviousStillBirths")),
        (plain("PreviousCaesareans"), "msd101", plain("PreviousCaesareanSections")),
        (plain("PreviousLossesUnder24Weeks"), "msd101", plain("PreviousLossesLessThan24Weeks")),
        (code("FolicAcid", e3_words.FOLIC_ACID), "msd101", plain("FolicAcidSupplement")),
        (code("ComplexSocialFactors", e3_words.ANSWERS), "msd101", plain("ComplexSocialFactorsInd")),
        (code("Disability", e3_words.ANSWERS), "msd101", plain("DisabilityIndMother")),
        (code("MentalHealthQuestionsAsked", e3_words.ANSWERS), "msd101", plain("MHPredictionDetectionIndMother")),
        (code("HasSupport", e3_words.ANSWERS), "msd101", plain("SupportStatusIndMother")),
        (plain("NumberOfFetuses"), "msd103", plain("NoFetusesDatingUltrasound")),
        (plain("HeightCm"), "msd202", plain("PersonHeight")),
        (plain("WeightKg"), "msd202", plain("PersonWeight")),
        (plain("BMI"), "msd202", plain("PersonBMI")),
        (plain("CarbonMonoxidePpm"), "msd202", plain("COMonReading")),
        (plain("CigarettesPerDay"), "msd202", plain("CigarettesPerDay")),
        (plain("AlcoholUnitsPerWeek"), "msd202", plain("AlcoholUnitsPerWeek")),
        (code("SmokingAtBooking", e3_words.SMOKING), "msd202", meaning("FindingCode")),
        (day("AdmissionDate"), "msd301", plain("StartDateMotherDeliveryHospProvSpell")),
        (minute("AdmissionTime"), "msd301", plain("StartTimeMotherDeliveryHospProvSpell")),
        (code("LabourOnset", e3_words.ONSETS), "msd301", plain("LabourOnsetMethod")),
        (day("LabourOnsetDate"), "msd301", plain("LabourOnsetDate")),
        (minute("LabourOnsetTime"), "msd301", plain("LabourOnsetTime")),
        (day("CaesareanDate"), "msd301", plain("CaesareanDate")),
        (minute("CaesareanTime"), "msd301", plain("CaesareanTime")),
        (plain("BabiesBorn"), "msd301", plain("BirthsPerLabandDel")),
        (day("MotherDischargeDate"), "msd301", plain("DischargeDateMotherHosp")),
        (minute("MotherDischargeTime"), "msd301", plain("DischargeTimeMotherHosp")),
        (plain("InductionProcedure"), "msd302", plain("LabourInductionMethod")),
        (code("Analgesia", e3_words.ANALGESIA), "msd302", plain("LabourAnaesthesiaType")),
        (code("Episiotomy", e3_words.EPISIOTOMIES), "msd302", plain("Episiotomy")),
        (plain("BloodLossMl"), "msd302", plain("ObsValue")),
        (code("Haemorrhage", e3_words.HAEMORRHAGES), "msd302", plain("ObsCode")),
        (plain("CriticalIncident"), "msd302", plain("MCIType")),
        (code("SmokingAtDelivery", e3_words.SMOKING), "msd302", meaning("FindingCode")),
    ],
)
def test_e3_and_msds_agree_on_each_mother(
    e3_rows: list[Row], msds_rows: dict[str, list[Row]], e3: ReadRow, table: str, msds: ReadRow
) -> None:
    expected = by_key(msds_rows[table], "Person_ID_Mother", msds)
    assert by_key(e3_rows, "MotherHospitalNumber", e3) == expected


def test_e3_and_msds_agree_on_the_tears(e3_rows: list[Row], msds_rows: dict[str, list[Row]]) -> None:
    read = [code("Perineum1", e3_words.TEARS), code("Perineum2", e3_words.TEARS)]
    found = {(row["DeliveryNumber"], each(row)) for row in e3_rows for each in read if each(row)}
    lesions = [(row["LabourDeliveryID"], row["GenitalTractTraumaticLesion"]) for row in msds_rows["msd302"]]
    assert found == {lesion for lesion in lesions if lesion[1]}


def test_e3_and_msds_agree_on_the_care_plans(e3_rows: list[Row], msds_rows: dict[str, list[Row]]) -> None:
    kinds = {word: code for code, word in e3_words.PLANS.items()}
    groups = [(row, f"Plan{number}") for row in e3_rows for number in range(1, PLANS + 1)]
    found = {
        (row["PregnancyNumber"], kinds[row[plan + "Type"]], day(plan + "Date")(row), row[plan + "Team"])
        for row, plan in groups
        if row[plan + "Type"]
    }
    columns = ("UniqPregID", "CarePlanType", "CarePlanDate", "TeamLocalID")
    assert found == {tuple(row[column] for column in columns) for row in msds_rows["msd102"]}


@pytest.mark.parametrize(("table", "count"), [("e3_maternity", "babies"), ("e3_bookings", "ongoing")])
def test_a_table_has_a_row_for_each_of_its_kind(small_world: World, table: str, count: str) -> None:
    tables = [name for record in bundle_records(small_world) for name, _ in rows_of(record)]
    assert tables.count(table) == len(getattr(small_world, count)) > 0


@pytest.mark.parametrize(
    ("column", "word", "kind", "field", "value"),
    [
        ("DeliveryMethod", "Emergency caesarean section", "deliveries", "method", 8),
        ("DeliveryMethod", "Spontaneous vertex", "deliveries", "method", 0),
        ("SmokingAtDelivery", "Current smoker", "deliveries", "smoking_status", "smoker"),
        ("Perineum1", "Third degree tear", "deliveries", "perineal_trauma", "10217006"),
        ("Augmentation", "Yes", "deliveries", "augmentation", 1),
        ("Augmentation", "No", "deliveries", "augmentation", 0),
        ("AntenatalSteroids", "Full course", "deliveries", "steroids", "full"),
    ],
)
def test_a_word_counts_what_its_code_does(
    small_world: World, column: str, word: str, kind: str, field: str, value: object
) -> None:
    rows = {row["DeliveryNumber"]: row for record in birth_records(small_world) for row in e3_rows_of(record)}
    found = [row for row in rows.values() if row[column] == word]
    assert len(found) == [row[field] for row in getattr(Rows(small_world), kind)].count(value) > 0


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Gravidity", "gravidity"),
        ("Parity", "parity"),
        ("PreviousTermBirths", "previous_term_births"),
        ("PreviousPretermBirths", "previous_preterm_births"),
        ("PreEclampsiaHighRiskFactors", "pre_eclampsia_high_risk_factors"),
        ("PreEclampsiaModerateRiskFactors", "pre_eclampsia_moderate_risk_factors"),
    ],
)
def test_what_msds_cannot_tell_is_as_in_the_world(small_world: World, column: str, field: str) -> None:
    care = small_world.care
    rows = [e3_rows_of(record)[0] for record in bundle_records(small_world)]
    table = care.histories if field in (care.histories.dtype.names or ()) else care.booking_answers
    assert [row[column] for row in rows] == [str(value) for value in table[field].tolist()]


def test_a_death_confirmed_before_birth_is_in_weeks_and_days() -> None:
    row = e3_row(with_("newborn", death_confirmed_gestation_days=163))
    assert (row["DeathConfirmedWeeks"], row["DeathConfirmedDays"]) == ("23", "2")


def test_twins_repeat_what_is_known_of_their_mother(small_world: World) -> None:
    twins = next(record for record in birth_records(small_world) if len(record.babies) == 2)
    first, second = ([row[column] for column in TABLES["e3_bookings"]] for row in e3_rows_of(twins))
    assert first == second


def test_no_record_of_a_world_has_more_than_the_layout_has_place_for(small_world: World) -> None:
    known = [record.antenatal for record in bundle_records(small_world)]
    assert max(len(each.plans) for each in known) <= PLANS
    assert max(len(each.homes) for each in known) <= ADDRESSES


def test_plans_fill_their_groups_in_order() -> None:
    plans = [CarePlanRecord(41, "05", f"2024-02-{number:02d}", "N", None, None) for number in range(1, PLANS + 2)]
    row = e3_row(INVENTED._replace(antenatal=ANTENATAL._replace(plans=plans)))
    assert [row[f"Plan{number}Date"] for number in range(1, PLANS + 1)] == [
        f"0{number}/02/2024" for number in range(1, PLANS + 1)
    ]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-07-02", "02/07/2024"),
        ("2024-07-02T04:15:00+01:00", "02/07/2024"),
        ("1994-02-30", "30/02/1994"),
        ("spring 1994", "spring 1994"),
        ("1994", "1994"),
        (None, None),
    ],
)
def test_a_date_is_rearranged_by_its_characters(moment: str | None, expected: str | None) -> None:
    assert british_date(moment) == expected


@pytest.mark.parametrize(
    ("moment", "expected"), [("2024-07-02T04:15:00+01:00", "04:15"), ("2024-07-02", ""), (None, None)]
)
def test_a_time_has_hours_and_minutes(moment: str | None, expected: str | None) -> None:
    assert clock(moment) == expected


@pytest.mark.parametrize(
    ("record", "column", "expected"),
    [
        (with_("mother", nhs_number="T:0000123"), "MotherNHSNumber", "T:0000123"),
        (with_("mother", nhs_number=None), "MotherNHSNumber", ""),
        (with_("mother", birth_date="1994-02-30"), "MotherDateOfBirth", "30/02/1994"),
        (with_("mother", language="q4"), "MotherLanguage", "q4"),
        (with_antenatal("answers", folic_acid="LOC1"), "FolicAcid", "LOC1"),
        (without_father(), "FatherDateOfBirth", ""),
        (with_("delivery", method=99), "DeliveryMethod", "99"),
        (with_("delivery", smoking_status=None), "SmokingAtDelivery", ""),
        (with_("labour", blood_loss_ml=None), "BloodLossMl", ""),
        (with_("baby", gestation_days=1799), "GestationWeeks", "257"),
        (with_("baby", gestation_days=1799), "GestationDays", "0"),
        (with_("baby", gestation_days="LOC1"), "GestationWeeks", "LOC1"),
        (with_("baby", gestation_days="LOC1"), "GestationDays", ""),
        (with_("baby", birth_weight_g=2.64), "BirthWeightG", "2.64"),
        (with_("baby", birth_weight_g=2640.0), "BirthWeightG", "2640"),
        (with_("baby", first_feed="LOC1"), "FirstFeed", "LOC1"),
        (with_("baby", birth_datetime="2024-02-30"), "BirthTime", ""),
        (with_("baby", outcome=None), "Outcome", ""),
    ],
)
def test_an_odd_value_is_written_as_it_is(record: BirthRecord, column: str, expected: str) -> None:
    assert e3_row(record)[column] == expected


def test_a_line_reads_back_as_its_cells() -> None:
    ((_, cells),) = rows_of(with_("delivery", method=2))
    assert "Low forceps, not breech" in cells
    assert next(csv.reader(StringIO(csv_line(cells).decode(), newline=""))) == list(cells)


def test_no_column_stands_twice() -> None:
    assert len(set(TABLES["e3_maternity"])) == len(TABLES["e3_maternity"])


def test_a_row_of_bookings_is_the_beginning_of_a_row_of_births() -> None:
    assert TABLES["e3_maternity"][: len(TABLES["e3_bookings"])] == TABLES["e3_bookings"]


@pytest.mark.parametrize("name", WORD_LISTS)
def test_no_two_codes_of_a_list_share_a_word(name: str) -> None:
    words = list(WORD_LISTS[name].values())
    assert len(set(words)) == len(words)


def test_the_page_describes_every_column_in_order_with_its_example() -> None:
    shown = page_rows(r"\| `(\w+)` \| [a-z ]+ \| [^|]* \| [^|]+ \| (?:`([^|`]+)`)? \|")
    assert [(column, example or "") for column, example in shown] == list(e3_row(INVENTED).items())


def test_the_page_tells_every_word_of_every_list() -> None:
    shown = page_rows(r"\| ([a-z ]+) \| `(\w+)` \| (.+) \|")
    assert shown == [(name, str(code), word) for name, words in WORD_LISTS.items() for code, word in words.items()]


def test_every_list_that_a_column_names_is_on_the_page() -> None:
    named = {name for (name,) in page_rows(r"\| `\w+` \| word \| [^|]* \| [^|]*list \*([a-z ]+)\*[^|]* \| .*")}
    assert named == set(WORD_LISTS)
