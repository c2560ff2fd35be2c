"""Published figures of booking, pregnancy, labour and birth, beside those of `figures.py` and marked as they are."""

from __future__ import annotations

from synthetic_bundles.figures import Confidence, Figure, Shares

INTERPRETER_NEED_ABSENT = Figure(0.12, "MSDS: findings on interpreters are coded unevenly")
FOLIC_ACID = Shares({"01": 0.27, "02": 0.45, "03": 0.20, "ZZ": 0.08}, "MSDS monthly statistics, folic acid, rounded")
FOLIC_ACID_BEFORE = Figure(0.29, "MSDS monthly statistics, taken before pregnancy, rounded")
COMPLEX_SOCIAL_FACTORS = Figure(0.11, "MSDS monthly statistics, complex social factors, rounded")
DISABILITY = Figure(0.06, "MSDS monthly statistics, disability, rounded")
MENTAL_HEALTH_ASKED = Figure(0.88, "MSDS monthly statistics, prediction and detection questions, rounded")
SUPPORTED = Figure(0.93, "MSDS monthly statistics, support status, rounded")
BOOKING_ANSWER_ABSENT = Figure(0.04, "MSDS monthly statistics, data quality")
LATE_BOOKING_REASONS = Shares(
    {"01": 0.25, "02": 0.12, "03": 0.03, "04": 0.20, "05": 0.12, "06": 0.04, "07": 0.09, "08": 0.10, "98": 0.05},
    "Labels as in MSDS v2; shares by judgement",
)
LATE_BOOKING = Figure(0.10, "MSDS monthly statistics, booked after 12+6 weeks, rounded")
REFERRAL_SOURCES = Shares({"self": 0.70, "gp": 0.25, "midwife": 0.05}, "By judgement")
DRINKS_IN_PREGNANCY = Figure(0.03, "MSDS monthly statistics, alcohol units above none, rounded")
PRE_ECLAMPSIA_HIGH_RISK = Figure(0.045, "NICE NG133: diabetes, hypertension and disease of kidney or immunity")
PRE_ECLAMPSIA_IN_FAMILY = Figure(0.03, "NICE NG133, moderate factors")
PREVIOUS_STILLBIRTH_AMONG_PAROUS = Figure(0.008, "MBRRACE-UK rates over earlier births, rounded")
PREVIOUS_LOSSES = Shares({"0": 0.76, "1": 0.17, "2": 0.05, "3": 0.02}, "Tommy's and MSDS, losses before 24 weeks")
PREVIOUS_BIRTH_PRETERM = Figure(0.07, "ONS birth characteristics")
DATING_METHODS = Shares({"01": 0.02, "02": 0.20, "03": 0.77, "04": 0.01}, "Labels as in MSDS v2; shares by judgement")
MATERNAL_DEATH = Figure(
    0.0004,
    "MBRRACE-UK data brief, maternal mortality 2020-22: 13.41 per 100,000; raised threefold so that a world of 20,000"
    " births holds some",
    Confidence.FOUND,
)
CONTINUITY_OF_CARER = Figure(0.17, "MSDS monthly statistics, continuity of carer by 28 weeks, rounded")
CARE_TEAM_ABSENT = Figure(0.08, "MSDS monthly statistics: pathway without team or professional")
ONSET_SPONTANEOUS_AMONG_LABOURING = Figure(0.61, "NHS Maternity Statistics 2022/23: about a third induced")
INDUCTION_KINDS = Shares({"3": 0.15, "4": 0.55, "5": 0.30}, "NHS Maternity Statistics, rounded")
ONSET_METHOD_ABSENT = Figure(0.03, "MSDS monthly statistics, data quality")
EMERGENCY_BEFORE_LABOUR = Figure(0.30, "NMPA: unplanned caesarean before labour, rounded")
AUGMENTATION = Figure(0.24, "NHS Maternity Statistics, rounded")
EPIDURAL_VAGINAL = Figure(0.25, "NHS Maternity Statistics, anaesthetics before delivery, rounded")
EPISIOTOMY_SPONTANEOUS = Figure(0.09, "NHS Maternity Statistics 2022/23, rounded")
EPISIOTOMY_INSTRUMENTAL = Figure(0.80, "NHS Maternity Statistics 2022/23, rounded")
BLOOD_LOSS_MEDIAN_VAGINAL_ML = Figure(300.0, "NMPA and CQIM, fitted to 2.5 to 3.5 % at or above 1,500 mL")
BLOOD_LOSS_MEDIAN_CAESAREAN_ML = Figure(520.0, "NMPA and CQIM, fitted likewise")
BLOOD_LOSS_SPREAD_LOG = Figure(0.70, "NMPA and CQIM, fitted likewise")
BLOOD_LOSS_ABSENT = Figure(0.04, "MSDS monthly statistics, data quality")
HAEMORRHAGE_UNCODED = Figure(0.10, "CQIMPPH counts a coded loss only; share by judgement")
CRITICAL_INCIDENT = Figure(0.006, "Severe maternal morbidity, UKOSS, rounded")
STEROIDS_22_TO_33_WEEKS = Shares({"full": 0.55, "partial": 0.35, "none": 0.10}, "National Neonatal Audit Programme")
MAGNESIUM_BELOW_30_WEEKS = Figure(0.84, "National Neonatal Audit Programme 2022")
LATE_FETAL_LOSS = Figure(0.0016, "MBRRACE-UK: losses at 22 and 23 weeks per birth, rounded")
LOSS_CONFIRMED_EARLIER = Figure(0.15, "Share confirmed before and delivered after 24+0, by judgement")
BORN_BEFORE_ARRIVAL = Figure(0.006, "MSDS place of birth, in transit and elsewhere, rounded")
ALONGSIDE_UNIT = Figure(0.22, "NMPA: births in an alongside midwifery unit among the low-risk, rounded")
PLACE_OF_BIRTH_ABSENT = Figure(0.02, "MSDS monthly statistics, data quality")
