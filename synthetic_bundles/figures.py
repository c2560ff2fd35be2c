"""Published figures that the world is drawn from, each with its source and how sure we are of it.

Confidence F: read in a source that is named. K: general knowledge of the field, without the page at hand; good enough
for a world that stands in for patients, never for a statement about any.
`docs/reference/synthetic_world.md` shows them; a test keeps the page and this file together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    FOUND = "F"
    KNOWLEDGE = "K"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: a share from 0 to 1 unless the name carries a unit."""

    value: float
    source: str
    confidence: Confidence = Confidence.KNOWLEDGE


@dataclass(frozen=True, slots=True)
class Shares:
    """How a whole is divided: weights by name, in proportion, not necessarily adding up to one."""

    shares: Mapping[str, float]
    source: str
    confidence: Confidence = Confidence.KNOWLEDGE

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.shares)

    @property
    def weights(self) -> tuple[float, ...]:
        return tuple(self.shares.values())


AREAS_BY_DECILE = Shares(
    {"1": 43, "2": 32, "3": 62, "4": 49, "5": 53, "6": 51, "7": 73, "8": 84, "9": 80, "10": 84},
    "Small areas of Leicester, Leicestershire and Rutland by decile, English Indices of Deprivation 2019, File 1"
    " (MHCLG). Contains public sector information licensed under the Open Government Licence v3.0",
    Confidence.FOUND,
)
AREAS_BY_DECILE_OF_ENGLAND = Shares(
    {"1": 3284, "2": 3284, "3": 3285, "4": 3284, "5": 3285, "6": 3284, "7": 3284, "8": 3285, "9": 3284, "10": 3285},
    "All small areas of England by decile, English Indices of Deprivation 2019, File 1 (MHCLG)",
    Confidence.FOUND,
)
BIRTHS_PER_AREA_MOST_AGAINST_LEAST_DEPRIVED = Figure(1.7, "ONS births by deprivation decile, England")
ETHNIC_CATEGORIES = Shares(
    {"A": 0.535, "B": 0.004, "C": 0.085, "D": 0.012, "E": 0.008, "F": 0.013, "G": 0.012, "H": 0.150, "J": 0.035}
    | {"K": 0.020, "L": 0.040, "M": 0.010, "N": 0.040, "P": 0.010, "R": 0.006, "S": 0.020},
    "Census 2021, women of 16 to 45 in Leicester, Leicestershire and Rutland, rounded",
)
ETHNICITY_NOT_STATED = Figure(0.025, "MSDS monthly statistics, data quality")
ETHNICITY_NOT_KNOWN = Figure(0.015, "MSDS monthly statistics, data quality")
ETHNICITY_ABSENT = Figure(0.010, "MSDS monthly statistics, data quality")
BABY_ETHNICITY_AS_MOTHER = Figure(0.77, "Harron 2016, agreement of mother and baby in HES", Confidence.FOUND)
POSTCODE_ABSENT = Figure(0.015, "MSDS monthly statistics, data quality")
POSTCODE_PSEUDO = Figure(0.008, "MSDS monthly statistics, data quality")
LANGUAGE_ABSENT = Figure(0.02, "MSDS monthly statistics, data quality")
INTERPRETER_AMONG_OTHER_LANGUAGES = Figure(0.35, "Local maternity needs assessments")
MOTHER_AGE_BANDS = Shares(
    {"15-19": 2.5, "20-24": 12.5, "25-29": 26.5, "30-34": 34.0, "35-39": 20.0, "40-44": 4.2, "45-48": 0.3},
    "ONS birth characteristics, England and Wales, 2021, rounded",
)
PREVIOUS_LIVE_BIRTHS = Shares(
    {"0": 0.42, "1": 0.35, "2": 0.14, "3": 0.06, "4": 0.03}, "MSDS annual statistics, previous live births, rounded"
)
NO_PREVIOUS_BIRTH_UNDER_20 = Figure(0.90, "ONS birth characteristics")
PREVIOUS_CAESAREAN_AMONG_PAROUS = Figure(0.26, "National Maternity and Perinatal Audit, rounded")
HEIGHT_MEAN_CM = Figure(163.5, "Health Survey for England, women 16 to 44")
HEIGHT_SPREAD_CM = Figure(6.6, "Health Survey for England, women 16 to 44")
BMI_MEDIAN = Figure(26.0, "MSDS annual statistics, BMI at booking")
BMI_SPREAD_LOG = Figure(0.21, "MSDS annual statistics, BMI at booking: about a quarter at or above 30")
BOOKING_DAYS_MEAN_AFTER_42 = Figure(24.0, "MSDS annual statistics: about two thirds book by 10+0 weeks")
SMOKING_AT_BOOKING = Figure(0.125, "MSDS annual statistics, smoking at booking, England 2022/23")
SMOKING_STATUS_UNKNOWN = Figure(0.02, "MSDS monthly statistics, data quality")
SMOKING_STATUS_ABSENT = Figure(0.03, "MSDS monthly statistics, data quality")
SMOKER_STILL_SMOKES_AT_DELIVERY = Figure(0.72, "Smoking at delivery 8.8 % against booking 12-13 %, England 2022/23")
NON_SMOKER_SMOKES_AT_DELIVERY = Figure(0.004, "Relapse after stopping, rounded")
CARBON_MONOXIDE_RECORDED = Figure(0.80, "Saving Babies' Lives care bundle, compliance")
TWIN_DELIVERIES = Figure(
    0.015,
    "ONS birth characteristics, England and Wales, 2022, as quoted by Statista: 14.6 multiple maternities per 1,000",
    Confidence.FOUND,
)
PRETERM_SINGLETON = Figure(0.068, "ONS birth characteristics, live singletons, England and Wales")
PRETERM_TWIN = Figure(0.57, "ONS birth characteristics, multiple births")
PRETERM_STILLBIRTH = Figure(0.62, "MBRRACE-UK surveillance, stillbirths before 37+0")
PRETERM_WEEKS = Shares(
    {"22": 0.4, "23": 0.6, "24": 0.9, "25": 1.0, "26": 1.2, "27": 1.5, "28": 1.8, "29": 2.1, "30": 2.6, "31": 3.5}
    | {"32": 4.6, "33": 7.0, "34": 11.8, "35": 19.0, "36": 42.0},
    "ONS birth characteristics, gestation in weeks, rounded",
)
TERM_WEEKS = Shares(
    {"37": 9, "38": 18, "39": 30, "40": 25, "41": 15.5, "42": 2.5},
    "ONS birth characteristics, gestation in weeks, rounded",
)
TERM_WEEKS_TWIN = Shares({"37": 70, "38": 27, "39": 3}, "NICE NG137: birth of most twins offered at 37 weeks")
STILLBIRTH = Figure(0.0045, "MBRRACE-UK and ONS, about 4 to 4.5 per 1,000 total births, with margin for twins")
STILLBIRTH_TWIN_ODDS = Figure(2.5, "MBRRACE-UK surveillance, odds ratio of twins against singletons")
STILLBIRTH_KINDS = Shares({"02": 0.85, "03": 0.08, "04": 0.07}, "MBRRACE-UK surveillance, timing of death")
TERMINATION_FROM_24_WEEKS = Figure(0.0005, "Abortion statistics, England and Wales: under 0.1 % of births")
NEONATAL_DEATH_BY_WEEKS = Shares(
    {"22-27": 0.22, "28-31": 0.03, "32-36": 0.005, "37-42": 0.0007},
    "MBRRACE-UK surveillance, deaths in 28 days, rounded",
)
BOYS = Figure(0.513, "ONS birth characteristics, sex ratio")
WEIGHT_MEDIAN_G_BY_WEEK = Shares(
    {"22": 490, "24": 660, "26": 880, "28": 1120, "30": 1450, "32": 1820, "34": 2270, "36": 2740, "38": 3170}
    | {"40": 3500, "42": 3680},
    "INTERGROWTH-21st and UK charts, both sexes, rounded",
)
WEIGHT_SPREAD_LOG = Figure(0.125, "UK charts: about 12 to 13 % at term")
WEIGHT_RATIO_ASIAN = Figure(0.94, "ONS birth characteristics: about 200 g lighter at term")
WEIGHT_RATIO_TWIN = Figure(0.93, "Twin growth charts, third trimester")
APGAR_AT_5_MINUTES = Shares(
    {"10": 0.320, "9": 0.545, "8": 0.085, "7": 0.030, "6": 0.009, "5": 0.005, "4": 0.003, "3": 0.002, "2": 0.001},
    "MSDS annual statistics: about 1.2 % at 6 or below",
)
APGAR_ABSENT = Figure(0.01, "MSDS monthly statistics, data quality")
BREAST_MILK_FIRST = Figure(0.72, "MSDS annual statistics, first feed, England 2022/23")
FIRST_FEED_ABSENT = Figure(0.03, "MSDS monthly statistics, data quality")
DONOR_MILK_BEFORE_32_WEEKS = Figure(0.12, "National Neonatal Audit Programme, rounded")
DONOR_MILK_FROM_32_WEEKS = Figure(0.004, "National Neonatal Audit Programme, rounded")
METHODS_NULLIPAROUS = Shares(
    {"0": 0.46, "3": 0.12, "4": 0.07, "5": 0.004, "7": 0.08, "8": 0.266}, "NHS Maternity Statistics 2022/23, rounded"
)
METHODS_PAROUS = Shares(
    {"0": 0.795, "3": 0.02, "4": 0.025, "5": 0.005, "7": 0.065, "8": 0.09}, "NHS Maternity Statistics 2022/23, rounded"
)
METHODS_PREVIOUS_CAESAREAN = Shares(
    {"0": 0.19, "3": 0.02, "4": 0.02, "5": 0.002, "7": 0.55, "8": 0.218},
    "National Maternity and Perinatal Audit, rounded",
)
METHODS_TWINS = Shares(
    {"0": 0.28, "3": 0.05, "4": 0.04, "5": 0.03, "7": 0.32, "8": 0.28},
    "National Maternity and Perinatal Audit, rounded",
)
SEVERE_TEAR = Figure(0.028, "NMPA: about 2.5 to 3 % of vaginal term singleton births")
SEVERE_TEAR_FIRST_BIRTH_ODDS = Figure(2.3, "RCOG Green-top Guideline 29, risk factors")
SEVERE_TEAR_INSTRUMENTAL_ODDS = Figure(1.9, "RCOG Green-top Guideline 29, risk factors")
SEVERE_TEAR_DEGREES = Shares({"third": 0.93, "fourth": 0.07}, "NMPA, rounded")
LESSER_TEARS = Shares({"none": 0.35, "first": 0.17, "second": 0.48}, "NHS Maternity Statistics, rounded")
LABIAL_TEAR = Figure(0.08, "NHS Maternity Statistics, rounded")
SKIN_TO_SKIN = Figure(0.80, "MSDS monthly statistics, skin to skin within one hour")
HOME_BIRTH = Figure(0.02, "ONS birth characteristics, 2022: 1.9 % of maternities in England at home", Confidence.FOUND)
BIRTHS_AUTUMN_SWING = Figure(0.03, "ONS births by day: peak in late September, a few per cent above the mean")
