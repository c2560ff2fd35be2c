"""The tables of what happens around births: answers at booking, histories, labours, newborn care, visits, referrals.

Absence has the same values as in `tables.py`; in a yes or no that can be absent 1 is yes, 0 no and -1 absent.
`person`-like columns hold rows of the world's own tables: a mother is the row of her pregnancy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.void]

BOOKING_ANSWER = np.dtype(
    [
        ("late_booking_reason", "U2"),
        ("cigarettes_per_day", "i2"),
        ("alcohol_units_week", "f4"),
        ("folic_acid", "U2"),
        ("complex_social_factors", "U1"),
        ("disability", "U1"),
        ("mh_prediction_asked", "U1"),
        ("support_status", "U1"),
        ("referral_source", "U8"),
        ("pre_eclampsia_high_risk_factors", "i1"),
        ("pre_eclampsia_moderate_risk_factors", "i1"),
    ]
)
HISTORY = np.dtype(
    [
        ("lmp_date", "M8[D]"),
        ("edd_agreed", "M8[D]"),
        ("edd_method", "U2"),
        ("previous_stillbirths", "i1"),
        ("previous_losses_lt24w", "i1"),
        ("previous_term_births", "i1"),
        ("previous_preterm_births", "i1"),
        ("gravidity", "i1"),
        ("parity", "i1"),
        ("mother_death_datetime", "M8[m]"),
        ("employment_status", "U2"),
        ("gp_practice_code", "U6"),
    ]
)
FATHER = np.dtype(
    [
        ("pregnancy", "i4"),
        ("birth_date", "M8[D]"),
        ("ethnic_category", "U2"),
        ("occupation", "U4"),
        ("employment_status", "U2"),
    ]
)
RESIDENCE = np.dtype(
    [("mother", "i4"), ("valid_from", "M8[D]"), ("valid_to", "M8[D]"), ("area", "i4"), ("imd_missing_reason", "U15")]
)
CARE_PLAN = np.dtype(
    [
        ("pregnancy", "i4"),
        ("plan_type", "U2"),
        ("plan_date", "M8[D]"),
        ("coc_pathway", "U1"),
        ("care_professional_id", "U7"),
        ("care_team_id", "U7"),
    ]
)
LABOUR = np.dtype(
    [
        ("onset_method", "U1"),
        ("onset_datetime", "M8[m]"),
        ("caesarean_datetime", "M8[m]"),
        ("induction_code", "U9"),
        ("augmentation", "i1"),
        ("analgesia_code", "U9"),
        ("episiotomy_code", "U8"),
        ("blood_loss_ml", "i4"),
        ("haemorrhage_code", "U8"),
        ("critical_incident", "U9"),
        ("steroids", "U7"),
        ("steroid_last_dose_datetime", "M8[m]"),
        ("magnesium_24h", "i1"),
        ("mother_discharge_datetime", "M8[m]"),
    ]
)
NEWBORN = np.dtype(
    [
        ("apgar_1", "i1"),
        ("head_circumference_cm", "f4"),
        ("death_confirmed_gestation_days", "i2"),
        ("late_death_datetime", "M8[m]"),
        ("discharge_datetime", "M8[m]"),
        ("feeding_at_discharge", "U2"),
    ]
)
NEONATAL_EPISODE = np.dtype(
    [
        ("baby", "i4"),
        ("provider", "U5"),
        ("unit", "U5"),
        ("inborn", "?"),
        ("is_linked", "?"),
        ("recorded_gestation_days", "i2"),
        ("recorded_birth_weight_g", "i4"),
        ("admit_datetime", "M8[m]"),
        ("discharge_datetime", "M8[m]"),
        ("discharge_destination", "U2"),
        ("admission_reason", "U14"),
        ("temp_admission_c", "f4"),
        ("temp_taken_datetime", "M8[m]"),
        ("cord_ph", "f4"),
        ("cord_clamp_seconds", "i2"),
        ("hie_grade", "U1"),
        ("therapeutic_hypothermia", "?"),
        ("ivh_grade", "U1"),
        ("cystic_pvl", "?"),
        ("nec", "U9"),
        ("bpd", "U11"),
        ("late_onset_bsi", "?"),
        ("seizures", "?"),
        ("stroke", "?"),
        ("intracranial_haemorrhage", "?"),
        ("cns_infection", "?"),
        ("kernicterus", "?"),
        ("own_mothers_milk_at_discharge", "?"),
    ]
)
NEONATAL_DAY = np.dtype(
    [
        ("episode", "i4"),
        ("care_date", "M8[D]"),
        ("care_level", "i1"),
        ("resp_support", "U10"),
        ("own_mothers_milk", "?"),
    ]
)
HEALTH_VISIT = np.dtype(
    [
        ("mother", "i4"),
        ("baby", "i4"),
        ("contact_type", "i1"),
        ("contact_date", "M8[D]"),
        ("area", "i4"),
        ("attendance", "U1"),
        ("mechanism", "U2"),
        ("breastfeeding_status", "U2"),
        ("weight_kg", "f4"),
        ("length_cm", "f4"),
        ("asq3_communication", "i1"),
        ("asq3_gross_motor", "i1"),
        ("asq3_fine_motor", "i1"),
        ("asq3_problem_solving", "i1"),
        ("asq3_personal_social", "i1"),
        ("epds_score", "i1"),
        ("whooley_positive", "i1"),
    ]
)
CONTACT_TYPES = ("antenatal", "new_birth", "6_8_week", "12_month", "2_2h_year", "other")  # by `contact_type`
ANTENATAL, NEW_BIRTH, SIX_WEEKS, TWELVE_MONTHS, TWO_YEARS, OTHER_CONTACT = range(len(CONTACT_TYPES))
MENTAL_HEALTH_REFERRAL = np.dtype(
    [
        ("mother", "i4"),
        ("provider", "U3"),
        ("referral_date", "M8[D]"),
        ("source", "U14"),
        ("team_type", "U30"),
        ("accepted", "?"),
        ("first_contact_date", "M8[D]"),
        ("closed_date", "M8[D]"),
    ]
)
MENTAL_HEALTH_CONTACT = np.dtype(
    [("referral", "i4"), ("contact_date", "M8[D]"), ("attended", "?"), ("mechanism", "U2")]
)


@dataclass(frozen=True, slots=True)
class Care:
    """Everything around the births of a world.

    booking_answers and histories: one row a pregnancy. labours: one a delivery. newborns: one a baby. The others: one
    row an event, in an order of their own; neonatal_days name their episode and mental_health_contacts their referral
    by its row. Nothing happens from the end of the world on.
    """

    booking_answers: Table
    histories: Table
    fathers: Table
    residences: Table
    care_plans: Table
    labours: Table
    newborns: Table
    neonatal_episodes: Table
    neonatal_days: Table
    health_visits: Table
    mental_health_referrals: Table
    mental_health_contacts: Table
