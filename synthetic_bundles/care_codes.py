"""Codes of what a maternity record tells besides the booking, the delivery and the baby itself.

Standard codes stand where domain tables name one; the rest are data items of our own, their values codes of the
common model's code lists.
"""

from __future__ import annotations

from synthetic_bundles.fhir_codes import LOINC, SNOMED, code_list, coding, concept, data_item, loinc, snomed

LAST_PERIOD = loinc("8665-2")
EXPECTED_DATE = concept(coding(SNOMED, "161714006"), coding(LOINC, "11778-8"))
PREVIOUS_STILLBIRTHS = data_item("previous-stillbirths")
PREVIOUS_LOSSES = data_item("previous-losses-before-24-weeks")
GRAVIDITY = loinc("11996-6")
PARITY = loinc("11977-6")
PREVIOUS_TERM_BIRTHS = loinc("11639-2")
PREVIOUS_PRETERM_BIRTHS = loinc("11637-6")
DATING_METHODS = code_list("edd-method", ("01", "02", "03", "04"))

LATE_BOOKING_REASONS = code_list("late-booking-reason", ("01", "02", "03", "04", "05", "06", "07", "08", "98"))
REFERRAL_SOURCES = code_list("maternity-referral-source", ("self", "gp", "midwife"))
CIGARETTES_PER_DAY = snomed("230056004")
ALCOHOL_UNITS_PER_WEEK = snomed("1082641000000106")  # as NHS Digital's MSDS derivations read it
FOLIC_ACID = data_item("folic-acid")
FOLIC_ACID_ANSWERS = code_list("folic-acid", ("01", "02", "03", "ZZ"))
COMPLEX_SOCIAL_FACTORS = data_item("complex-social-factors")
DISABILITY = data_item("disability")
MENTAL_HEALTH_ASKED = data_item("mental-health-prediction-asked")
SUPPORT_STATUS = data_item("support-status")
PRE_ECLAMPSIA_HIGH_RISK = data_item("pre-eclampsia-high-risk-factors")
PRE_ECLAMPSIA_MODERATE_RISK = data_item("pre-eclampsia-moderate-risk-factors")

EMPLOYMENT_STATUS = loinc("74165-2")
EMPLOYMENT_STATUSES = code_list("employment-status", ("01", "02", "03", "04", "05", "06", "07", "08", "ZZ"))
OCCUPATION = loinc("11341-5")
OCCUPATION_SYSTEM = "https://perinatal-equity.example/fhir/CodeSystem/soc-2010"
ETHNIC_CATEGORY = data_item("ethnic-category")

CARE_PLAN_TYPES = code_list("care-plan-type", ("05", "06", "07"))
CONTINUITY_OF_CARER = data_item("continuity-of-carer")
CARE_PROFESSIONAL_SYSTEM = "https://perinatal-equity.example/synthetic/care-professional/"
CARE_TEAM_SYSTEM = "https://perinatal-equity.example/synthetic/care-team/"

LABOUR_ONSET_METHOD = data_item("labour-onset-method")
LABOUR_ONSET_METHODS = code_list("labour-onset", ("1", "2", "3", "4", "5", "8", "9"))
LABOUR_ONSET = data_item("labour-onset")
AUGMENTATION = snomed("237001001")
BLOOD_LOSS = data_item("blood-loss-at-delivery")  # LOINC 55103-6 is a section of an operation note
STEROIDS = data_item("antenatal-steroids")
STEROID_COURSES = code_list("antenatal-steroids", ("none", "partial", "full"))
STEROID_LAST_DOSE = data_item("antenatal-steroids-last-dose")
MAGNESIUM = data_item("magnesium-sulphate-24h-before-birth")
CAESAREAN_TIME = data_item("caesarean-datetime")

APGAR_AT_1_MINUTE = loinc("9272-6")
HEAD_CIRCUMFERENCE = concept(coding(SNOMED, "169876006"), coding(LOINC, "9843-4"))
PRESENTATION = loinc("73761-9")
PRESENTATIONS = code_list("fetus-presentation", ("01", "02", "03", "04", "XX"))
SKIN_TO_SKIN = data_item("skin-to-skin-1h")
DEATH_CONFIRMED_GESTATION = data_item("death-confirmed-gestation")
FEEDING_AT_DISCHARGE = data_item("feeding-at-discharge")
FEEDING_STATUSES = code_list("breastfeeding-status", ("01", "02", "03"))
NEWBORN_STAY = [data_item("newborn-stay")]
PLACES_OF_BIRTH = code_list(
    "birth-setting", ("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "98", "99")
)
