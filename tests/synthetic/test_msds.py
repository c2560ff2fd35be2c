"""The MSDS tables: what they write of a world, and of values that are odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from synthetic_bundles.records import BirthRecord, BundleRecord, bundle_records
from synthetic_bundles.render_msds import MSD401_HEADER, TABLES, msd401_lines, msd401_lines_of, rows_of
from synthetic_bundles.tables import World
from tests.synthetic.invented_birth import INVENTED, with_, with_antenatal, without_father
from tests.synthetic.recount import SMOKING
from tests.synthetic.recount_tables import Row, Rows

Feed = dict[str, list[dict[str, str]]]
HEADERS = {
    "msd001": "LPIDMother,OrgIDLPID,NHSNumberMother,NHSNumberStatusMother,PersonBirthDateMother,EthnicCategoryMother,"
    "Postcode,PersonDeathDateMother,PersonDeathTimeMother,OrgCodeProvider,Person_ID_Mother",
    "msd002": "LPIDMother,OrgCodeGMPMother,OrgCodeProvider,Person_ID_Mother",
    "msd101": "UniqPregID,LPIDMother,AntenatalAppDate,GestAgeBooking,ReasonLateBooking,SourceRefMat,"
    "LastMenstrualPeriodDate,EDDAgreed,EDDMethodAgreed,PreviousLiveBirths,PreviousStillBirths,"
    "PreviousCaesareanSections,PreviousLossesLessThan24Weeks,LangCode,FolicAcidSupplement,ComplexSocialFactorsInd,"
    "DisabilityIndMother,MHPredictionDetectionIndMother,SupportStatusIndMother,EmploymentStatusMother,"
    "EmploymentStatusPartner,OrgIDProvOrigin,OrgSiteIDBooking,OrgCodeProvider,Person_ID_Mother",
    "msd102": "UniqPregID,CarePlanType,CarePlanDate,ContCarePathInd,CareProfLID,TeamLocalID,OrgCodeProvider,"
    "Person_ID_Mother",
    "msd103": "UniqPregID,NoFetusesDatingUltrasound,OrgCodeProvider,Person_ID_Mother",
    "msd202": "UniqPregID,CareActIDMother,CContactDate,FindingCode,ObsCode,PersonHeight,PersonWeight,PersonBMI,"
    "COMonReading,CigarettesPerDay,AlcoholUnitsPerWeek,OrgCodeProvider,Person_ID_Mother",
    "msd301": "UniqPregID,LabourDeliveryID,StartDateMotherDeliveryHospProvSpell,StartTimeMotherDeliveryHospProvSpell,"
    "SettingIntraCare,LabourOnsetMethod,LabourOnsetDate,LabourOnsetTime,CaesareanDate,CaesareanTime,"
    "BirthsPerLabandDel,DischargeDateMotherHosp,DischargeTimeMotherHosp,OrgSiteIDIntra,OrgCodeProvider,"
    "Person_ID_Mother",
    "msd302": "UniqPregID,LabourDeliveryID,ClinInterDateMother,ClinInterTimeMother,ProcedureCode,FindingCode,ObsCode,"
    "ObsValue,UCUMUnit,GenitalTractTraumaticLesion,Episiotomy,LabourInductionMethod,LabourAnaesthesiaType,MatCritInd,"
    "MCIType,OrgCodeProvider,Person_ID_Mother",
    "msd401": "UniqPregID,LabourDeliveryID,LPIDBaby,NHSNumberBaby,NHSNumberStatusBaby,PersonBirthDateBaby,"
    "PersonBirthTimeBaby,PersonPhenSex,PregOutcome,GestationLengthBirth,DeliveryMethodCode,FetusPresentation,"
    "SettingPlaceBirth,BabyFirstFeedIndCode,SkinToSkinContact1HourInd,EthnicCategoryBaby,OrgCodeProvider,"
    "OrgSiteIDActualDelivery,Person_ID_Mother",
    "msd401_rest": "UniqPregID,LabourDeliveryID,LPIDBaby,BirthOrderMaternitySUS,DischargeDateBabyHosp,"
    "DischargeTimeBabyHosp,PersonDeathDateBaby,PersonDeathTimeBaby,OrgCodeProvider,Person_ID_Mother",
    "msd405": "UniqPregID,LPIDBaby,CareActIDBaby,ClinInterDateBaby,ClinInterTimeBaby,FindingCode,ObsCode,ObsValue,"
    "UCUMUnit,BirthWeight,ApgarScore,OrgCodeProvider,Person_ID_Mother",
}
INVENTED_LINE = (
    b"P0000041,D0000041,RSAB00000411,9990000069,08,2024-07-02,04:15:00,2,01,247,4,01,01,01,Y,H,"
    b"RSA,RSA01,RSAM0000041\r\n"
)


def feed_of(records: Iterable[BundleRecord]) -> Feed:
    """Every row by table, each by column."""
    found: Feed = {table: [] for table in TABLES}
    for record in records:
        for table, cells in rows_of(record):
            found[table].append(dict(zip(TABLES[table], cells, strict=True)))
    return found


def written(record: BirthRecord, table: str, column: str) -> list[str]:
    """What one birth writes in a column, without the rows where it is empty."""
    return [row[column] for row in feed_of([record])[table] if row[column]]


def told(value: object) -> str:
    """A value of the world's tables as it should stand in a cell; absence has one value for each kind there."""
    if value is None or value in ("", -1) or value != value:
        return ""
    return f"{value:g}" if isinstance(value, float | int) else str(value)


@pytest.fixture(scope="module")
def feed(small_world: World) -> Feed:
    return feed_of(bundle_records(small_world))


@pytest.fixture(scope="module")
def world_rows(small_world: World) -> Rows:
    return Rows(small_world)


def test_every_header_is_as_it_was() -> None:
    assert {table: ",".join(columns) for table, columns in TABLES.items()} == HEADERS


def test_the_lines_of_msd401_are_as_they_were() -> None:
    assert b"".join(msd401_lines_of(INVENTED)) == INVENTED_LINE


def test_msd401_begins_with_its_header(small_world: World) -> None:
    assert next(msd401_lines(small_world)) == MSD401_HEADER == (HEADERS["msd401"] + "\r\n").encode()


def test_msd401_has_a_line_a_baby(small_world: World, feed: Feed) -> None:
    _, *lines = msd401_lines(small_world)
    assert lines == [(",".join(row.values()) + "\r\n").encode() for row in feed["msd401"]]


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("msd001", lambda world: len(world.pregnancies)),
        ("msd002", lambda world: len(world.pregnancies)),
        ("msd101", lambda world: len(world.pregnancies)),
        ("msd102", lambda world: len(world.care.care_plans)),
        ("msd103", lambda world: len(world.pregnancies)),
        ("msd301", lambda world: len(world.deliveries)),
        ("msd401", lambda world: len(world.babies)),
        ("msd401_rest", lambda world: len(world.babies)),
    ],
)
def test_a_table_has_a_row_for_each_of_its_kind(
    small_world: World, feed: Feed, table: str, count: Callable[[World], int]
) -> None:
    assert len(feed[table]) == count(small_world)


@pytest.mark.parametrize(
    ("table", "column", "kind", "field"),
    [
        ("msd001", "NHSNumberMother", "mothers", "nhs_number"),
        ("msd001", "PersonBirthDateMother", "mothers", "birth_date"),
        ("msd001", "EthnicCategoryMother", "mothers", "recorded_ethnic_category"),
        ("msd001", "Postcode", "mothers", "postcode"),
        ("msd002", "OrgCodeGMPMother", "pregnancies", "gp_practice_code"),
        ("msd101", "AntenatalAppDate", "bookings", "booking_date"),
        ("msd101", "GestAgeBooking", "bookings", "gestation_days"),
        ("msd101", "ReasonLateBooking", "bookings", "late_booking_reason"),
        ("msd101", "SourceRefMat", "bookings", "referral_source"),
        ("msd101", "LastMenstrualPeriodDate", "pregnancies", "lmp_date"),
        ("msd101", "EDDAgreed", "pregnancies", "edd_agreed"),
        ("msd101", "EDDMethodAgreed", "pregnancies", "edd_method"),
        ("msd101", "PreviousLiveBirths", "pregnancies", "previous_live_births"),
        ("msd101", "PreviousStillBirths", "pregnancies", "previous_stillbirths"),
        ("msd101", "PreviousCaesareanSections", "pregnancies", "previous_caesareans"),
        ("msd101", "PreviousLossesLessThan24Weeks", "pregnancies", "previous_losses_lt24w"),
        ("msd101", "LangCode", "mothers", "language"),
        ("msd101", "FolicAcidSupplement", "bookings", "folic_acid"),
        ("msd101", "ComplexSocialFactorsInd", "bookings", "complex_social_factors"),
        ("msd101", "DisabilityIndMother", "bookings", "disability"),
        ("msd101", "MHPredictionDetectionIndMother", "bookings", "mh_prediction_asked"),
        ("msd101", "SupportStatusIndMother", "bookings", "support_status"),
        ("msd101", "EmploymentStatusMother", "pregnancies", "employment_status"),
        ("msd101", "OrgIDProvOrigin", "bookings", "provider"),
        ("msd101", "OrgSiteIDBooking", "bookings", "site"),
        ("msd103", "NoFetusesDatingUltrasound", "pregnancies", "number_of_fetuses"),
        ("msd301", "LabourOnsetMethod", "deliveries", "onset_method"),
        ("msd301", "BirthsPerLabandDel", "deliveries", "babies"),
        ("msd301", "OrgSiteIDIntra", "deliveries", "site"),
        ("msd301", "OrgCodeProvider", "deliveries", "provider"),
        ("msd401", "NHSNumberBaby", "babies", "nhs_number"),
        ("msd401", "PregOutcome", "babies", "outcome"),
        ("msd401", "GestationLengthBirth", "babies", "gestation_days"),
        ("msd401", "BabyFirstFeedIndCode", "babies", "first_feed"),
        ("msd401_rest", "BirthOrderMaternitySUS", "babies", "birth_order"),
    ],
)
def test_a_column_holds_what_the_world_does(
    feed: Feed, world_rows: Rows, table: str, column: str, kind: str, field: str
) -> None:
    assert [row[column] for row in feed[table]] == [told(row[field]) for row in getattr(world_rows, kind)]


@pytest.mark.parametrize(
    ("table", "column", "kind", "field"),
    [
        ("msd202", "PersonHeight", "bookings", "height_cm"),
        ("msd202", "PersonWeight", "bookings", "weight_kg"),
        ("msd202", "PersonBMI", "bookings", "bmi"),
        ("msd202", "COMonReading", "bookings", "carbon_monoxide_ppm"),
        ("msd202", "CigarettesPerDay", "bookings", "cigarettes_per_day"),
        ("msd202", "AlcoholUnitsPerWeek", "bookings", "alcohol_units_week"),
        ("msd302", "Episiotomy", "deliveries", "episiotomy_code"),
        ("msd302", "LabourInductionMethod", "deliveries", "induction_code"),
        ("msd302", "LabourAnaesthesiaType", "deliveries", "analgesia_code"),
        ("msd302", "MCIType", "deliveries", "critical_incident"),
        ("msd302", "ObsValue", "deliveries", "blood_loss_ml"),
        ("msd302", "ObsCode", "deliveries", "haemorrhage_code"),
        ("msd405", "BirthWeight", "babies", "birth_weight_g"),
        ("msd405", "ObsValue", "babies", "head_circumference_cm"),
    ],
)
def test_a_finding_has_a_row_where_the_world_has_a_value(
    feed: Feed, world_rows: Rows, table: str, column: str, kind: str, field: str
) -> None:
    expected = [told(row[field]) for row in getattr(world_rows, kind)]
    assert [row[column] for row in feed[table] if row[column]] == [value for value in expected if value]


@pytest.mark.parametrize(("code", "field"), [("169895004", "apgar_1"), ("169909004", "apgar_5")])
def test_the_code_tells_the_minute_of_an_apgar_score(feed: Feed, world_rows: Rows, code: str, field: str) -> None:
    scores = [row["ApgarScore"] for row in feed["msd405"] if row["ObsCode"] == code]
    assert scores == [told(baby[field]) for baby in world_rows.babies if baby[field] != -1]


def test_every_tear_has_a_row(feed: Feed, world_rows: Rows) -> None:
    found = Counter(row["GenitalTractTraumaticLesion"] for row in feed["msd302"] if row["GenitalTractTraumaticLesion"])
    tears = [row[field] for row in world_rows.deliveries for field in ("perineal_trauma", "second_trauma")]
    assert found == Counter(tear for tear in tears if tear)


@pytest.mark.parametrize(("table", "kind"), [("msd202", "bookings"), ("msd302", "deliveries")])
def test_smoking_is_told_by_codes_of_its_meaning(feed: Feed, world_rows: Rows, table: str, kind: str) -> None:
    found = Counter(SMOKING[row["FindingCode"]] for row in feed[table] if row["FindingCode"] in SMOKING)
    rows: list[Row] = getattr(world_rows, kind)
    assert found == Counter(row["smoking_status"] for row in rows if row["smoking_status"])


def test_codes_of_one_meaning_are_taken_in_turn(feed: Feed) -> None:
    assert set(SMOKING) <= {row["FindingCode"] for row in feed["msd202"]}


def test_the_need_of_an_interpreter_is_a_finding(feed: Feed, world_rows: Rows) -> None:
    found = Counter(row["FindingCode"] for row in feed["msd202"])
    needs = Counter(mother["interpreter_required"] for mother in world_rows.mothers)
    assert (found["315594003"], found["315595002"]) == (needs[1], needs[0])


def test_feeding_at_discharge_is_a_finding(feed: Feed, world_rows: Rows) -> None:
    found = Counter(row["FindingCode"] for row in feed["msd405"] if row["FindingCode"])
    fed = Counter(baby["feeding_at_discharge"] for baby in world_rows.babies)
    assert found == {"169741004": fed["01"], "169743001": fed["02"], "268472006": fed["03"]}


def test_a_baby_has_the_day_of_its_death_whenever_it_died(feed: Feed, world_rows: Rows) -> None:
    deaths = [baby["death_datetime"] or baby["late_death_datetime"] for baby in world_rows.babies]
    assert [row["PersonDeathDateBaby"] for row in feed["msd401_rest"]] == [told(death)[:10] for death in deaths]


def test_a_severe_loss_that_was_coded_can_be_counted(feed: Feed, world_rows: Rows) -> None:
    losses = [row for row in feed["msd302"] if row["UCUMUnit"] == "mL" and row["ObsCode"] == "47821001"]
    deliveries = [row for row in world_rows.deliveries if row["haemorrhage_code"]]
    severe = [row for row in deliveries if row["blood_loss_ml"] >= 1500]
    assert sum(float(row["ObsValue"]) >= 1500 for row in losses) == len(severe) > 0


def test_every_row_tells_who_sends_it_and_of_which_mother(feed: Feed) -> None:
    senders = [(row["OrgCodeProvider"], row["Person_ID_Mother"][:4]) for rows in feed.values() for row in rows]
    assert set(senders) == {("RSA", "RSAM"), ("RSB", "RSBM")}


@pytest.mark.parametrize(("table", "column"), [("msd202", "CareActIDMother"), ("msd405", "CareActIDBaby")])
def test_no_two_care_activities_share_a_number(feed: Feed, table: str, column: str) -> None:
    numbers = [row[column] for row in feed[table]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("record", "table", "column", "expected"),
    [
        (with_("mother", nhs_number="T:0000123"), "msd001", "NHSNumberMother", ["T:0000123"]),
        (with_("mother", nhs_number=None), "msd001", "NHSNumberMother", []),
        (with_("mother", nhs_number=None), "msd001", "NHSNumberStatusMother", []),
        (with_("mother", birth_date="1994-02-30"), "msd001", "PersonBirthDateMother", ["1994-02-30"]),
        (with_("mother", interpreter_required=7), "msd202", "FindingCode", ["59978006", "7"]),
        (with_antenatal("history", gp_practice_code=None), "msd002", "LPIDMother", []),
        (with_antenatal("answers", folic_acid="LOC1"), "msd101", "FolicAcidSupplement", ["LOC1"]),
        (without_father(), "msd101", "EmploymentStatusPartner", []),
        (with_("booking", gestation_days=1799), "msd101", "GestAgeBooking", ["1799"]),
        (with_("booking", smoking_status="LOC1"), "msd202", "FindingCode", ["LOC1", "315594003"]),
        (with_("labour", critical_incident="LOC1"), "msd302", "MCIType", ["LOC1"]),
        (with_("labour", augmentation=0), "msd302", "ProcedureCode", []),
        (with_("labour", blood_loss_ml=None), "msd302", "ObsCode", ["47821001"]),
        (with_("labour", haemorrhage_code=None), "msd302", "ObsValue", ["1650"]),
        (with_("delivery", method=99), "msd401", "DeliveryMethodCode", ["99"]),
        (with_("baby", gestation_days=1799), "msd401", "GestationLengthBirth", ["1799"]),
        (with_("baby", first_feed="LOC1"), "msd401", "BabyFirstFeedIndCode", ["LOC1"]),
        (with_("baby", nhs_number=None), "msd401", "NHSNumberBaby", []),
        (with_("baby", birth_datetime="2024-02-30"), "msd401", "PersonBirthDateBaby", ["2024-02-30"]),
        (with_("baby", birth_datetime="2024-02-30"), "msd401", "PersonBirthTimeBaby", []),
        (with_("baby", sex=None), "msd401", "PersonPhenSex", []),
        (with_("baby", birth_weight_g=2.64), "msd405", "BirthWeight", ["2.64"]),
        (with_("baby", birth_weight_g=2640.0), "msd405", "BirthWeight", ["2640"]),
        (with_("newborn", feeding_at_discharge="LOC1"), "msd405", "FindingCode", ["LOC1"]),
    ],
)
def test_an_odd_value_is_written_as_it_is(record: BirthRecord, table: str, column: str, expected: list[str]) -> None:
    assert written(record, table, column) == expected


def test_a_cell_that_needs_quotes_has_them() -> None:
    (line,) = msd401_lines_of(with_("baby", first_feed='a "local", code'))
    assert b',"a ""local"", code",' in line
