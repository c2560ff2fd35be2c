"""MSDS v2 tables of the mother, her pregnancy and its booking: MSD001, 002, 101, 102, 103 and 202.

Units: gestation days, height cm, weight kg, carbon monoxide ppm. `OrgCodeProvider` is the trust that sends, in every
table, because local numbers are unique within one sender alone; the trust of the booking is `OrgIDProvOrigin`.
A table of findings has one row a finding or observation; `CContactDate` is that of its care contact (MSD201), repeated
in MSD202 so that a row can be read without another file. Findings without a column of their own are told by code.
MSDS has no name, no former or later home, no gravidity, parity, term or preterm births and no count of pre-eclampsia
factors, and of the father only whether he works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles import msds_codes as codes
from synthetic_bundles.identifiers import mother_hospital_number
from synthetic_bundles.plain_records import CarePlanRecord, Value
from synthetic_bundles.record_cells import Cells, Finding, cells, cells_of, date_of, pregnancy_number, time_of
from synthetic_bundles.records import BundleRecord

NUMBER_VERIFIED = "01"
Columns = Mapping[str, Callable[[BundleRecord], Value]]


def _mother_number(record: BundleRecord) -> str:
    return mother_hospital_number(record.trust, record.row)


def _number_status(record: BundleRecord) -> str | None:
    """A mother's number counts as verified where there is one; the record tells no status."""
    return None if record.mother.nhs_number is None else NUMBER_VERIFIED


def _partner_employment(record: BundleRecord) -> str | None:
    father = record.antenatal.father
    return None if father is None else father.employment_status


MSD001: Columns = MappingProxyType(
    {
        "LPIDMother": _mother_number,
        "OrgIDLPID": lambda record: record.trust,
        "NHSNumberMother": lambda record: record.mother.nhs_number,
        "NHSNumberStatusMother": _number_status,
        "PersonBirthDateMother": lambda record: record.mother.birth_date,
        "EthnicCategoryMother": lambda record: record.mother.recorded_ethnic_category,
        "Postcode": lambda record: record.mother.postcode,
        "PersonDeathDateMother": lambda record: date_of(record.antenatal.history.mother_death_datetime),
        "PersonDeathTimeMother": lambda record: time_of(record.antenatal.history.mother_death_datetime),
        "OrgCodeProvider": lambda record: record.trust,
        "Person_ID_Mother": _mother_number,
    }
)
MSD002: Columns = MappingProxyType(
    {
        "LPIDMother": _mother_number,
        "OrgCodeGMPMother": lambda record: record.antenatal.history.gp_practice_code,
        "OrgCodeProvider": lambda record: record.trust,
        "Person_ID_Mother": _mother_number,
    }
)
MSD101: Columns = MappingProxyType(
    {
        "UniqPregID": lambda record: pregnancy_number(record.row),
        "LPIDMother": _mother_number,
        "AntenatalAppDate": lambda record: record.booking.booking_date,
        "GestAgeBooking": lambda record: record.booking.gestation_days,
        "ReasonLateBooking": lambda record: record.antenatal.answers.late_booking_reason,
        "SourceRefMat": lambda record: record.antenatal.answers.referral_source,
        "LastMenstrualPeriodDate": lambda record: record.antenatal.history.lmp_date,
        "EDDAgreed": lambda record: record.antenatal.history.edd_agreed,
        "EDDMethodAgreed": lambda record: record.antenatal.history.edd_method,
        "PreviousLiveBirths": lambda record: record.pregnancy.previous_live_births,
        "PreviousStillBirths": lambda record: record.antenatal.history.previous_stillbirths,
        "PreviousCaesareanSections": lambda record: record.pregnancy.previous_caesareans,
        "PreviousLossesLessThan24Weeks": lambda record: record.antenatal.history.previous_losses_lt24w,
        "LangCode": lambda record: record.mother.language,
        "FolicAcidSupplement": lambda record: record.antenatal.answers.folic_acid,
        "ComplexSocialFactorsInd": lambda record: record.antenatal.answers.complex_social_factors,
        "DisabilityIndMother": lambda record: record.antenatal.answers.disability,
        "MHPredictionDetectionIndMother": lambda record: record.antenatal.answers.mh_prediction_asked,
        "SupportStatusIndMother": lambda record: record.antenatal.answers.support_status,
        "EmploymentStatusMother": lambda record: record.antenatal.history.employment_status,
        "EmploymentStatusPartner": _partner_employment,
        "OrgIDProvOrigin": lambda record: record.booking.provider,
        "OrgSiteIDBooking": lambda record: record.booking.site,
        "OrgCodeProvider": lambda record: record.trust,
        "Person_ID_Mother": _mother_number,
    }
)
MSD102_COLUMNS = (
    "UniqPregID",
    "CarePlanType",
    "CarePlanDate",
    "ContCarePathInd",
    "CareProfLID",
    "TeamLocalID",
    "OrgCodeProvider",
    "Person_ID_Mother",
)
MSD103: Columns = MappingProxyType(
    {
        "UniqPregID": lambda record: pregnancy_number(record.row),
        "NoFetusesDatingUltrasound": lambda record: record.pregnancy.number_of_fetuses,
        "OrgCodeProvider": lambda record: record.trust,
        "Person_ID_Mother": _mother_number,
    }
)
MSD202_COLUMNS = (
    "UniqPregID",
    "CareActIDMother",
    "CContactDate",
    "FindingCode",
    "ObsCode",
    "PersonHeight",
    "PersonWeight",
    "PersonBMI",
    "COMonReading",
    "CigarettesPerDay",
    "AlcoholUnitsPerWeek",
    "OrgCodeProvider",
    "Person_ID_Mother",
)
ANTENATAL_TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "msd001": tuple(MSD001),
        "msd002": tuple(MSD002),
        "msd101": tuple(MSD101),
        "msd102": MSD102_COLUMNS,
        "msd103": tuple(MSD103),
        "msd202": MSD202_COLUMNS,
    }
)


def antenatal_rows(record: BundleRecord) -> Iterator[tuple[str, Cells]]:
    """What is known of a pregnancy whether or not it has ended: table and cells of each row."""
    yield "msd001", cells(MSD001, record)
    if record.antenatal.history.gp_practice_code is not None:
        yield "msd002", cells(MSD002, record)
    yield "msd101", cells(MSD101, record)
    for plan in record.antenatal.plans:
        yield "msd102", cells_of(MSD102_COLUMNS, _plan(record, plan))
    yield "msd103", cells(MSD103, record)
    for number, finding in enumerate(_findings(record), start=1):
        yield "msd202", cells_of(MSD202_COLUMNS, _activity(record, number, finding))


def _plan(record: BundleRecord, plan: CarePlanRecord) -> Finding:
    return {
        "UniqPregID": pregnancy_number(record.row),
        "CarePlanType": plan.plan_type,
        "CarePlanDate": plan.plan_date,
        "ContCarePathInd": plan.coc_pathway,
        "CareProfLID": plan.care_professional_id,
        "TeamLocalID": plan.care_team_id,
        "OrgCodeProvider": record.trust,
        "Person_ID_Mother": _mother_number(record),
    }


def _activity(record: BundleRecord, number: int, finding: Finding) -> Finding:
    return {
        **finding,
        "UniqPregID": pregnancy_number(record.row),
        "CareActIDMother": f"A{record.row:07d}{number:02d}",
        "CContactDate": record.booking.booking_date,
        "OrgCodeProvider": record.trust,
        "Person_ID_Mother": _mother_number(record),
    }


def _findings(record: BundleRecord) -> Iterator[Finding]:
    """What was found at booking, each apart."""
    booking, answers, interpreter = record.booking, record.antenatal.answers, record.mother.interpreter_required
    measures = (
        (codes.HEIGHT, "PersonHeight", booking.height_cm),
        (codes.WEIGHT, "PersonWeight", booking.weight_kg),
        (codes.BODY_MASS_INDEX, "PersonBMI", booking.bmi),
        (codes.CARBON_MONOXIDE, "COMonReading", booking.carbon_monoxide_ppm),
        (codes.CIGARETTES_PER_DAY, "CigarettesPerDay", answers.cigarettes_per_day),
        (codes.ALCOHOL_UNITS_PER_WEEK, "AlcoholUnitsPerWeek", answers.alcohol_units_week),
    )
    for code, column, value in measures:
        if value is not None:
            yield {"ObsCode": code, column: value}
    if booking.smoking_status is not None:
        yield {"FindingCode": codes.smoking_code(booking.smoking_status, record.row)}
    if interpreter is not None:
        yield {"FindingCode": codes.INTERPRETER_NEEDS.get(interpreter, str(interpreter))}
