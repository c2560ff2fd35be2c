"""Published figures of newborn care, health visiting and mental health, marked as those of `figures.py` are."""

from __future__ import annotations

from synthetic_bundles.figures import Confidence, Figure, Shares

HEAD_CIRCUMFERENCE_CM_BY_WEEK = Shares(
    {"22": 20.0, "24": 21.8, "28": 25.6, "32": 29.3, "36": 32.5, "40": 34.6, "42": 35.3},
    "INTERGROWTH-21st and UK charts, both sexes, rounded",
)
BREAST_MILK_KEPT_TO_DISCHARGE = Figure(0.88, "NMPA: any breast milk at discharge against first feed, rounded")
EXCLUSIVE_AMONG_BREASTFED_AT_DISCHARGE = Figure(0.66, "NMPA, rounded")
FEEDING_AT_DISCHARGE_ABSENT = Figure(0.05, "MSDS monthly statistics, data quality")
LATER_INFANT_DEATH = Figure(0.0011, "ONS child mortality: deaths from 28 days to a year per live birth")
TERM_ADMISSION = Figure(0.055, "ATAIN: five to six per cent of term live births")
PRETERM_ADMISSION_BY_WEEK = Shares(
    {"22": 0.90, "33": 0.97, "34": 0.62, "35": 0.38, "36": 0.20}, "National Neonatal Research Database, rounded"
)
LATE_ADMISSION_AMONG_TERM = Figure(0.15, "Share of term admissions after the first two hours, by judgement")
TEMPERATURE_NORMAL = Figure(0.76, "National Neonatal Audit Programme 2022, normal temperature below 32 weeks")
TEMPERATURE_LATE = Figure(0.05, "National Neonatal Audit Programme: taken later than an hour")
CORD_CLAMPING_DEFERRED = Figure(0.55, "National Neonatal Audit Programme 2022, below 34 weeks")
NECROTISING_ENTEROCOLITIS = Figure(
    0.055, "National Neonatal Audit Programme, summary report on 2023 data: 5.5 % below 32 weeks", Confidence.FOUND
)
SEVERE_HAEMORRHAGE_OF_VENTRICLES = Figure(0.065, "National Neonatal Audit Programme, below 32 weeks, rounded")
NOT_SCANNED = Figure(0.04, "By judgement, below 32 weeks")
CYSTIC_LEUKOMALACIA = Figure(0.02, "National Neonatal Audit Programme, below 32 weeks, rounded")
BRONCHOPULMONARY_DYSPLASIA_BY_WEEK = Shares(
    {"22": 0.85, "24": 0.75, "26": 0.55, "28": 0.32, "30": 0.15, "32": 0.05}, "NNAP, significant BPD, rounded"
)
LATE_INFECTION = Figure(0.06, "National Neonatal Audit Programme, below 32 weeks, rounded")
HYPOXIC_ENCEPHALOPATHY = Shares(
    {"1": 0.0012, "2": 0.0011, "3": 0.0006},
    "Gale 2017 (PMC6047140) over all grades; per live birth from 35+0, by judgement",
)
SEIZURES_AMONG_ADMITTED = Figure(0.012, "Gale 2017 (PMC6047140), rounded")
OTHER_BRAIN_INJURY_AMONG_ADMITTED = Figure(0.004, "Gale 2017 (PMC6047140): each of stroke, haemorrhage, infection")
KERNICTERUS_AMONG_ADMITTED = Figure(0.0003, "Gale 2017 (PMC6047140), rounded")
OWN_MOTHERS_MILK = Figure(0.62, "National Neonatal Audit Programme, breast milk at discharge below 34 weeks")
NEONATAL_RECORD_LINKED = Figure(0.93, "By judgement; Barts found 41 % in one live system")
NEONATAL_GESTATION_DIFFERS = Figure(0.03, "Differences between systems, by judgement")
NEONATAL_WEIGHT_DIFFERS = Figure(0.04, "Differences between systems, by judgement")
NEW_BIRTH_VISIT = Figure(
    0.975,
    "Health visitor service delivery metrics, quarter 1 of 2017/18 (Public Health England): 86.4 % within 14 days and"
    " 11.1 % after",
    Confidence.FOUND,
)
NEW_BIRTH_VISIT_IN_14_DAYS = Figure(0.83, "Health visitor service delivery metrics 2022/23, rounded")
REVIEW_AT_6_TO_8_WEEKS = Figure(0.90, "Health visitor service delivery metrics, rounded")
REVIEW_AT_6_TO_8_WEEKS_IN_TIME = Figure(0.90, "Health visitor service delivery metrics: about 80 % by 8 weeks")
REVIEW_AT_12_MONTHS = Figure(0.88, "Health visitor service delivery metrics, rounded")
REVIEW_AT_2_YEARS = Figure(
    0.76,
    "Health visitor service delivery metrics, quarter 1 of 2017/18 (Public Health England): 75.7 %",
    Confidence.FOUND,
)
ANTENATAL_VISIT = Figure(0.40, "Health visitor service delivery metrics: counts against births, rounded")
MISSED_VISIT = Figure(0.06, "Community services data set, not attended or cancelled, by judgement")
VISIT_FACE_TO_FACE = Figure(0.95, "Community services data set, by judgement")
ASQ_3_USED = Figure(0.93, "Health visitor service delivery metrics, ASQ-3 among reviews")
FEEDING_STATUS_RECORDED = Figure(0.92, "OHID, feeding status known at 6 to 8 weeks, rounded")
BREAST_MILK_AT_6_TO_8_WEEKS = Figure(
    0.53, "OHID, breastfeeding at 6 to 8 weeks, England 2023/24: 52.7 %", Confidence.FOUND
)
EXCLUSIVE_AMONG_BREASTFED_AT_6_TO_8_WEEKS = Figure(0.67, "OHID, rounded")
BREASTFED_TO_6_MONTHS = Figure(0.64, "Infant Feeding Survey 2010: 34 % at six months, of those at 6 weeks")
CONTACT_AT_6_MONTHS = Figure(0.35, "By judgement")
MOOD_ASSESSED = Figure(0.78, "Healthy Child Programme, by judgement")
WHOOLEY_POSITIVE = Figure(0.14, "NICE CG192, by judgement")
MENTAL_HEALTH_REFERRAL = Figure(0.085, "NHS long term plan access: 7 to 10 % of births")
REFERRAL_ACCEPTED = Figure(0.84, "By judgement")
REFERRAL_REPEATED = Figure(0.04, "Duplicate referrals within thirty days, by judgement")
DAYS_TO_FIRST_CONTACT_MEAN = Figure(24.0, "NHS England waiting standard: four weeks; by judgement")
REFERRAL_SOURCES = Shares(
    {"midwife": 0.34, "gp": 0.25, "health_visitor": 0.15, "obstetrics": 0.06, "self": 0.07, "iapt": 0.03}
    | {"other_mh": 0.05, "neonatal": 0.01, "social": 0.02, "vcse": 0.01, "unknown": 0.01},
    "By judgement",
)
REFERRAL_TEAMS = Shares(
    {"specialist_community_perinatal": 0.80, "maternal_mh_service": 0.12, "mbu": 0.01, "other": 0.07}, "By judgement"
)
MOVES_IN_TWO_YEARS = Figure(0.18, "ONS internal migration, ages 20 to 40, rounded")
MOVED_BEFORE_BOOKING = Figure(0.12, "ONS internal migration, rounded")
FATHER_KNOWN = Figure(0.93, "ONS: births registered by both parents, rounded")
