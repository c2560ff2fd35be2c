"""What is known of a pregnancy: measurements and answers of the booking, its dates and what came before, its plans."""

from __future__ import annotations

from synthetic_bundles import care_codes
from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries, Fact
from synthetic_bundles.fhir_codes import Resource
from synthetic_bundles.fhir_values import answered, coded, concept_of, dated, measured, one_of, whole
from synthetic_bundles.plain_records import BookingAnswerRecord, CarePlanRecord, HistoryRecord
from synthetic_bundles.records import BirthRecord, BundleRecord
from synthetic_bundles.resource_numbers import (
    BOOKING,
    FIRST_OF_ANSWERS,
    FIRST_OF_BOOKING,
    FIRST_OF_HISTORY,
    FIRST_OF_PLANS,
    MOTHER,
)

POSTPARTUM_PLAN = "07"


def add_antenatal_resources(entries: Entries, record: BundleRecord) -> None:
    """Write the facts of a pregnancy, born or ongoing, and its care plans."""
    mother, at, known = entries.reference(MOTHER), record.booking.booking_date, record.antenatal
    visit = {"encounter": entries.reference(BOOKING)}
    entries.add_observations(FIRST_OF_BOOKING, _booking_facts(record), mother, at, visit)
    entries.add_observations(FIRST_OF_HISTORY, _history_facts(known.history), mother, at, visit)
    entries.add_observations(FIRST_OF_ANSWERS, _answer_facts(known.answers), mother, at, visit)
    for number, plan in enumerate(known.plans, start=FIRST_OF_PLANS):
        entries.add(number, "CarePlan", _care_plan(mother, record, plan))


def smoking_value(status: str | None, row: int) -> Resource | None:
    """One of the codes of this status. row: of the pregnancy, so that a mother's two statuses use the same words."""
    concept = one_of(status, codes.SMOKING_CODES, row)
    return None if concept is None else {"valueCodeableConcept": concept}


def _booking_facts(record: BundleRecord) -> list[Fact]:
    booking, pregnancy = record.booking, record.pregnancy
    return [
        (codes.GESTATION_AT_BOOKING, measured(booking.gestation_days, "d", "d")),
        (codes.HEIGHT, measured(booking.height_cm, "cm", "cm")),
        (codes.WEIGHT, measured(booking.weight_kg, "kg", "kg")),
        (codes.BODY_MASS_INDEX, measured(booking.bmi, "kg/m2", "kg/m2")),
        (codes.PREVIOUS_LIVE_BIRTHS, whole(pregnancy.previous_live_births)),
        (codes.PREVIOUS_CAESAREANS, whole(pregnancy.previous_caesareans)),
        (codes.SMOKING_STATUS, smoking_value(booking.smoking_status, record.row)),
        (codes.CARBON_MONOXIDE, measured(booking.carbon_monoxide_ppm, "ppm", "[ppm]")),
    ]


def _history_facts(history: HistoryRecord) -> list[Fact]:
    return [
        (care_codes.LAST_PERIOD, dated(history.lmp_date)),
        (care_codes.EXPECTED_DATE, _expected_date(history)),
        (care_codes.PREVIOUS_STILLBIRTHS, whole(history.previous_stillbirths)),
        (care_codes.PREVIOUS_LOSSES, whole(history.previous_losses_lt24w)),
        (care_codes.GRAVIDITY, whole(history.gravidity)),
        (care_codes.PARITY, whole(history.parity)),
        (care_codes.PREVIOUS_TERM_BIRTHS, whole(history.previous_term_births)),
        (care_codes.PREVIOUS_PRETERM_BIRTHS, whole(history.previous_preterm_births)),
        (care_codes.EMPLOYMENT_STATUS, coded(history.employment_status, care_codes.EMPLOYMENT_STATUSES)),
    ]


def _expected_date(history: HistoryRecord) -> Resource | None:
    """The date with how it was found; the way alone tells nothing."""
    value = dated(history.edd_agreed)
    if value is not None and history.edd_method is not None:
        value["method"] = concept_of(history.edd_method, care_codes.DATING_METHODS)
    return value


def _answer_facts(answers: BookingAnswerRecord) -> list[Fact]:
    return [
        (care_codes.CIGARETTES_PER_DAY, measured(answers.cigarettes_per_day, "/d", "/d")),
        (care_codes.ALCOHOL_UNITS_PER_WEEK, measured(answers.alcohol_units_week, "units/wk", "/wk")),
        (care_codes.FOLIC_ACID, coded(answers.folic_acid, care_codes.FOLIC_ACID_ANSWERS)),
        (care_codes.COMPLEX_SOCIAL_FACTORS, answered(answers.complex_social_factors)),
        (care_codes.DISABILITY, answered(answers.disability)),
        (care_codes.MENTAL_HEALTH_ASKED, answered(answers.mh_prediction_asked)),
        (care_codes.SUPPORT_STATUS, answered(answers.support_status)),
        (care_codes.PRE_ECLAMPSIA_HIGH_RISK, whole(answers.pre_eclampsia_high_risk_factors)),
        (care_codes.PRE_ECLAMPSIA_MODERATE_RISK, whole(answers.pre_eclampsia_moderate_risk_factors)),
    ]


def _care_plan(mother: Resource, record: BundleRecord, plan: CarePlanRecord) -> Resource:
    is_over = isinstance(record, BirthRecord) and plan.plan_type != POSTPARTUM_PLAN
    content: Resource = {
        "status": "completed" if is_over else "active",
        "intent": "plan",
        "category": [concept_of(plan.plan_type, care_codes.CARE_PLAN_TYPES)],
        "subject": mother,
        "created": plan.plan_date,
    }
    if plan.care_professional_id is not None:
        system = care_codes.CARE_PROFESSIONAL_SYSTEM + record.trust
        content["author"] = {"identifier": {"system": system, "value": plan.care_professional_id}}
    if plan.care_team_id is not None:
        system = care_codes.CARE_TEAM_SYSTEM + record.trust
        content["careTeam"] = [{"identifier": {"system": system, "value": plan.care_team_id}}]
    if plan.coc_pathway is not None:
        content["activity"] = [_continuity_of_carer(plan.coc_pathway)]
    return content


def _continuity_of_carer(answer: str) -> Resource:
    """Whether the woman is on the pathway, as the outcome of the activity that offers it."""
    return {
        "outcomeCodeableConcept": [concept_of(answer, codes.ANSWERS)],
        "detail": {"code": care_codes.CONTINUITY_OF_CARER, "status": "in-progress" if answer == "Y" else "not-started"},
    }
