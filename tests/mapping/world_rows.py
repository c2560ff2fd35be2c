"""What the CSV feeds of a synthetic world must become: rows of the common model out of the world's own records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synthetic_bundles.homes import HomeRecord
from synthetic_bundles.identifiers import baby_hospital_number, mother_hospital_number
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord
from synthetic_bundles.record_cells import delivery_number, pregnancy_number
from synthetic_bundles.records import BirthRecord, BundleRecord
from synthetic_bundles.referral_records import ReferralTold
from synthetic_bundles.render_csds import care_contact_number
from synthetic_bundles.render_mhsds import service_request_number
from synthetic_bundles.visit_records import ContactRecord

Told = tuple[str, Mapping[str, Any]]  # table and row; cells that are None are absent

PLANS_IN_E3 = 6
HOMES_IN_E3 = 4
PSEUDO = "ZZ99 3CZ"
TEAMS = {"maternal_mh_service": "maternal_mental_health_service", "mbu": "mother_and_baby_unit"}
# What MSDS has no column for.
NOT_IN_MSDS: Mapping[str, Sequence[str]] = {
    "pregnancy": ("gravidity", "parity", "previous_term_births", "previous_preterm_births"),
    "booking": ("pre_eclampsia_high_risk_factors", "pre_eclampsia_moderate_risk_factors"),
    "delivery": ("steroids", "magnesium_24h"),
    "baby": ("death_confirmed_gestation_days",),
}


def code_set(*codes: str | None) -> str | None:
    """A set of codes as every cell holds it."""
    found = sorted({code for code in codes if code})
    return f"|{'|'.join(found)}|" if found else None


def flag(value: int | None) -> bool | None:
    """1 and 0 as true and false."""
    return None if value is None else bool(value)


def reason(postcode: str | None) -> str | None:
    """Why a postcode gives no area."""
    return "no_postcode" if postcode is None else "pseudo_postcode" if postcode == PSEUDO else None


def msds_rows(record: BundleRecord) -> Iterator[Told]:
    """What the tables of MSDS tell of one pregnancy."""
    for table, row in maternity_rows(record, f"msds:{record.trust}"):
        lacking = NOT_IN_MSDS.get(table, ())
        yield table, {name: None if name in lacking else cell for name, cell in row.items()}
    mother = f"msds:{record.trust}/mother/{mother_hospital_number(record.trust, record.row)}"
    yield (
        "residence",
        {"person_key": mother, "valid_from": "1900-01-01", "imd_missing_reason": reason(record.mother.postcode)},
    )
    number = pregnancy_number(record.row)
    for plan in record.antenatal.plans:
        key = f"msds:{record.trust}/care-plan/{number}/{plan.plan_type}/{plan.plan_date}"
        yield "care_plan", {"plan_key": key, **plan_cells(record, plan, "msds")}
    father = record.antenatal.father
    if father is not None:
        key = f"msds:{record.trust}/partner/{number}"
        yield "person", {"person_key": key, "role": "partner", "employment_status": father.employment_status}


def e3_rows(record: BundleRecord) -> Iterator[Told]:
    """What the wide layout tells of one pregnancy."""
    yield from maternity_rows(record, f"e3:{record.trust}")
    mother = f"e3:{record.trust}/mother/{mother_hospital_number(record.trust, record.row)}"
    yield from ((("residence"), row) for row in e3_homes(record, mother))
    number = pregnancy_number(record.row)
    for position, plan in enumerate(record.antenatal.plans[:PLANS_IN_E3], start=1):
        key = f"e3:{record.trust}/care-plan/{number}/{position}"
        yield "care_plan", {"plan_key": key, **plan_cells(record, plan, "e3")}
    father = record.antenatal.father
    if father is not None:
        yield (
            "person",
            {
                "person_key": f"e3:{record.trust}/father/{number}",
                "role": "father",
                "birth_date": father.birth_date,
                "ethnic_category": father.ethnic_category,
                "occupation": father.occupation,
                "employment_status": father.employment_status,
            },
        )


def e3_homes(record: BundleRecord, mother: str) -> list[dict[str, Any]]:
    """The homes of a mother, and the one as told at booking."""
    homes: Sequence[HomeRecord] = record.antenatal.homes[:HOMES_IN_E3]
    rows = [
        {
            "person_key": mother,
            "valid_from": home.valid_from,
            "valid_to": home.valid_to,
            "imd_missing_reason": reason(home.postcode),
        }
        for home in homes
    ]
    booked, told = record.booking.booking_date, record.mother.postcode
    if told is not None and booked not in [home.valid_from for home in homes]:
        rows.append({"person_key": mother, "valid_from": booked, "imd_missing_reason": reason(told)})
    return rows


def plan_cells(record: BundleRecord, plan: Any, feed: str) -> dict[str, Any]:
    """The cells of a care plan but its key."""
    return {
        "pregnancy_key": f"{feed}:{record.trust}/pregnancy/{pregnancy_number(record.row)}",
        "plan_type": plan.plan_type,
        "coc_pathway": plan.coc_pathway,
        "plan_date": plan.plan_date,
        "care_professional_id": plan.care_professional_id,
        "care_team_id": plan.care_team_id,
    }


def maternity_rows(record: BundleRecord, scope: str) -> Iterator[Told]:
    """What both maternity feeds tell alike: the mother, the pregnancy, its booking and, when born, the birth."""
    pregnancy = f"{scope}/pregnancy/{pregnancy_number(record.row)}"
    mother = f"{scope}/mother/{mother_hospital_number(record.trust, record.row)}"
    history, answers, booking = record.antenatal.history, record.antenatal.answers, record.booking
    yield (
        "person",
        {
            "person_key": mother,
            "role": "mother",
            "nhs_number_status": "01" if scope.startswith("msds") and record.mother.nhs_number else None,
            "local_id": mother_hospital_number(record.trust, record.row),
            "birth_date": record.mother.birth_date,
            "ethnic_category": record.mother.recorded_ethnic_category,
            "preferred_language": record.mother.language,
            "interpreter_required": flag(record.mother.interpreter_required),
            "gp_practice_code": history.gp_practice_code,
            "death_datetime": history.mother_death_datetime,
            "employment_status": history.employment_status,
        },
    )
    yield (
        "pregnancy",
        {
            "pregnancy_key": pregnancy,
            "mother_key": mother,
            "booking_provider_code": booking.provider,
            "lmp_date": history.lmp_date,
            "edd_agreed": history.edd_agreed,
            "edd_method": history.edd_method,
            "num_fetuses": record.pregnancy.number_of_fetuses,
            "previous_live_births": record.pregnancy.previous_live_births,
            "previous_stillbirths": history.previous_stillbirths,
            "previous_caesareans": record.pregnancy.previous_caesareans,
            "previous_losses_lt24w": history.previous_losses_lt24w,
            "gravidity": history.gravidity,
            "parity": history.parity,
            "previous_term_births": history.previous_term_births,
            "previous_preterm_births": history.previous_preterm_births,
        },
    )
    yield (
        "booking",
        {
            "pregnancy_key": pregnancy,
            "booking_key": f"{scope}/booking/{pregnancy_number(record.row)}",
            "booking_date": booking.booking_date,
            "gestation_days": booking.gestation_days,
            "late_booking_reason": answers.late_booking_reason,
            "site_code": booking.site,
            "height_cm": booking.height_cm,
            "weight_kg": booking.weight_kg,
            "bmi": booking.bmi,
            "smoking_status": booking.smoking_status,
            "cigarettes_per_day": answers.cigarettes_per_day,
            "co_ppm": booking.carbon_monoxide_ppm,
            "alcohol_units_week": answers.alcohol_units_week,
            "folic_acid": answers.folic_acid,
            "complex_social_factors": answers.complex_social_factors,
            "disability": answers.disability,
            "mh_prediction_asked": answers.mh_prediction_asked,
            "support_status": answers.support_status,
            "referral_source": answers.referral_source,
            "pre_eclampsia_high_risk_factors": answers.pre_eclampsia_high_risk_factors,
            "pre_eclampsia_moderate_risk_factors": answers.pre_eclampsia_moderate_risk_factors,
        },
    )
    if isinstance(record, BirthRecord):
        yield "delivery", delivery_row(record, scope, pregnancy)
        for baby, newborn in zip(record.babies, record.newborns, strict=True):
            yield from baby_rows(record, scope, mother, baby, newborn)


def delivery_row(birth: BirthRecord, scope: str, pregnancy: str) -> dict[str, Any]:
    """One delivery. MSDS tells of augmentation where there was some, and never that there was none."""
    labour, delivery = birth.labour, birth.delivery
    is_msds = scope.startswith("msds")
    return {
        "delivery_key": f"{scope}/delivery/{delivery_number(birth.row)}",
        "pregnancy_key": pregnancy,
        "provider_code": birth.trust,
        "site_code": delivery.site,
        "induction_codes": code_set(labour.induction_code),
        "augmentation": (True if labour.augmentation else None) if is_msds else flag(labour.augmentation),
        "labour_onset_datetime": labour.onset_datetime,
        "labour_onset_method": labour.onset_method,
        "caesarean_datetime": labour.caesarean_datetime,
        "perineal_trauma": code_set(delivery.perineal_trauma, delivery.second_trauma, labour.episiotomy_code),
        "blood_loss_ml": labour.blood_loss_ml,
        "onset_analgesia": code_set(labour.analgesia_code),
        "steroids": labour.steroids,
        "magnesium_24h": flag(labour.magnesium_24h),
        "smoking_at_delivery": delivery.smoking_status,
        "mother_discharge_datetime": labour.mother_discharge_datetime,
        "maternal_critical_incident": code_set(labour.critical_incident),
        "admission_datetime": delivery.admission_datetime,
        "condition_codes": code_set(labour.haemorrhage_code),
    }


def baby_rows(birth: BirthRecord, scope: str, mother: str, baby: BabyRecord, newborn: NewbornRecord) -> Iterator[Told]:
    """One baby as a person and as a birth."""
    number = baby_hospital_number(birth.trust, birth.row, baby.birth_order)
    key = f"{scope}/baby/{number}"
    yield (
        "person",
        {
            "person_key": key,
            "role": "baby",
            "nhs_number_status": baby.nhs_number_status,
            "local_id": number,
            "birth_date": baby.birth_datetime[:10],
            "sex": baby.sex,
            "ethnic_category": baby.ethnic_category,
            "death_datetime": baby.death_datetime or newborn.late_death_datetime,
        },
    )
    yield (
        "baby",
        {
            "baby_key": key,
            "person_key": key,
            "delivery_key": f"{scope}/delivery/{delivery_number(birth.row)}",
            "mother_key": mother,
            "birth_datetime": baby.birth_datetime,
            "outcome": baby.outcome,
            "death_confirmed_gestation_days": newborn.death_confirmed_gestation_days,
            "gestation_days": baby.gestation_days,
            "birth_weight_g": baby.birth_weight_g,
            "head_circumference_cm": newborn.head_circumference_cm,
            "birth_order": baby.birth_order,
            "delivery_method": str(birth.delivery.method),
            "presentation": baby.presentation,
            "place_of_birth": baby.place_of_birth,
            "site_code": birth.delivery.site,
            "apgar_1": newborn.apgar_1,
            "apgar_5": baby.apgar_5,
            "first_feed": baby.first_feed,
            "skin_to_skin_1h": baby.skin_to_skin,
            "feeding_at_discharge": newborn.feeding_at_discharge,
            "discharge_datetime": newborn.discharge_datetime,
        },
    )


def badgernet_rows(record: NeonatalRecord) -> Iterator[Told]:
    """What the neonatal extracts tell of one stay."""
    stay, number = record.episode, f"E{record.row}"
    baby, mother, episode = (f"badgernet:all/{kind}/{number}" for kind in ("baby", "mother", "episode"))
    delivery = f"badgernet:all/delivery/{number}" if record.births == 1 else None
    yield (
        "person",
        {
            "person_key": baby,
            "role": "baby",
            "nhs_number_status": record.nhs_number_status,
            "local_id": record.hospital_number,
            "birth_date": record.birth_datetime[:10],
            "sex": record.sex,
            "ethnic_category": record.ethnic_category,
            "death_datetime": record.death_datetime,
        },
    )
    yield (
        "person",
        {
            "person_key": mother,
            "role": "mother",
            "local_id": record.mother_hospital_number,
            "birth_date": record.mother_birth_date,
            "ethnic_category": record.mother_ethnic_category,
        },
    )
    yield (
        "baby",
        {
            "baby_key": baby,
            "person_key": baby,
            "delivery_key": delivery,
            "mother_key": mother,
            "birth_datetime": record.birth_datetime,
            "gestation_days": record.gestation_days,
            "birth_weight_g": record.birth_weight_g,
            "head_circumference_cm": record.newborn.head_circumference_cm,
            "birth_order": record.birth_order,
            "apgar_1": record.newborn.apgar_1,
            "apgar_5": record.apgar_5,
            "feeding_at_discharge": record.newborn.feeding_at_discharge,
        },
    )
    yield (
        "neonatal_episode",
        {
            "episode_key": episode,
            "baby_key": baby,
            "provider_code": stay.provider,
            "unit_code": stay.unit,
            "inborn": stay.inborn,
            "admit_datetime": stay.admit_datetime,
            "discharge_datetime": stay.discharge_datetime,
            "discharge_destination": stay.discharge_destination,
            "admission_reason": stay.admission_reason,
            "temp_admission_c": stay.temp_admission_c,
            "temp_taken_datetime": stay.temp_taken_datetime,
            "cord_ph": stay.cord_ph,
            "hie_grade": stay.hie_grade,
            "therapeutic_hypothermia": stay.therapeutic_hypothermia,
            "ivh_grade": stay.ivh_grade,
            "cystic_pvl": stay.cystic_pvl,
            "nec": stay.nec,
            "bpd": stay.bpd,
            "late_onset_bsi": stay.late_onset_bsi,
            "cord_clamp_seconds": stay.cord_clamp_seconds,
            "seizures": stay.seizures,
            "stroke": stay.stroke,
            "intracranial_haemorrhage": stay.intracranial_haemorrhage,
            "cns_infection": stay.cns_infection,
            "kernicterus": stay.kernicterus,
            "steroid_last_dose_datetime": record.labour.steroid_last_dose_datetime,
        },
    )
    if delivery is not None:
        yield (
            "delivery",
            {
                "delivery_key": delivery,
                "labour_onset_method": record.labour.onset_method,
                "steroids": record.labour.steroids,
                "magnesium_24h": flag(record.labour.magnesium_24h),
            },
        )
    for day in record.days:
        yield (
            "neonatal_day",
            {
                "episode_key": episode,
                "care_date": day.care_date,
                "care_level": str(day.care_level),
                "resp_support": day.resp_support,
                "own_mothers_milk": day.own_mothers_milk,
            },
        )


def csds_rows(record: ContactRecord) -> Iterator[Told]:
    """What CSDS tells of one contact: of the child, of its mother, and of where the patient lives."""
    visit, scope = record.visit, f"csds:{record.trust}"
    woman = f"{scope}/woman/{record.mother_number}"
    child = None if record.child_number is None else f"{scope}/child/{record.child_number}"
    yield (
        "person",
        {
            "person_key": woman,
            "role": "mother",
            "local_id": record.mother_number,
            "birth_date": record.mother_birth_date,
            "ethnic_category": record.mother_ethnic_category,
            "preferred_language": record.language,
            "interpreter_required": flag(record.interpreter_required),
        },
    )
    if child is not None:
        yield (
            "person",
            {
                "person_key": child,
                "role": "baby",
                "nhs_number_status": record.nhs_number_status,
                "local_id": record.child_number,
                "birth_date": record.birth_date,
                "sex": record.sex,
                "ethnic_category": record.ethnic_category,
            },
        )
    yield (
        "residence",
        {
            "person_key": child or woman,
            "valid_from": visit.contact_date,
            "imd_missing_reason": reason(record.postcode),
        },
    )
    yield (
        "hv_contact",
        {
            "contact_key": f"{scope}/contact/{care_contact_number(record.row)}",
            "child_key": child,
            "mother_key": woman,
            "provider_code": record.trust,
            "contact_type": record.contact_type,
            "contact_date": visit.contact_date,
            "attendance": visit.attendance,
            "mechanism": visit.mechanism,
            "breastfeeding_status": visit.breastfeeding_status,
            "weight_kg": visit.weight_kg,
            "length_cm": visit.length_cm,
            "asq3_communication": visit.asq3_communication,
            "asq3_gross_motor": visit.asq3_gross_motor,
            "asq3_fine_motor": visit.asq3_fine_motor,
            "asq3_problem_solving": visit.asq3_problem_solving,
            "asq3_personal_social": visit.asq3_personal_social,
            "epds_score": visit.epds_score,
            "whooley_positive": flag(visit.whooley_positive),
        },
    )


def mhsds_rows(record: ReferralTold) -> Iterator[Told]:
    """What MHSDS tells of one referral; the first contact is found in the store."""
    referral, scope = record.referral, f"mhsds:{record.trust}"
    woman, request = f"{scope}/woman/{record.person_number}", service_request_number(record.row)
    key = f"{scope}/referral/{request}"
    yield (
        "person",
        {
            "person_key": woman,
            "role": "mother",
            "nhs_number_status": None if record.nhs_number is None else "01",
            "local_id": record.person_number,
            "birth_date": record.birth_date,
            "sex": "2",
            "ethnic_category": record.ethnic_category,
            "preferred_language": record.language,
        },
    )
    yield (
        "residence",
        {
            "person_key": woman,
            "valid_from": referral.referral_date,
            "imd_missing_reason": reason(record.postcode),
        },
    )
    yield (
        "mh_referral",
        {
            "referral_key": key,
            "mother_key": woman,
            "provider_code": referral.provider,
            "referral_date": referral.referral_date,
            "source": referral.source,
            "team_type": TEAMS.get(referral.team_type, referral.team_type),
            "accepted": referral.accepted,
            "closed_date": referral.closed_date,
        },
    )
    for position, contact in enumerate(record.contacts, start=1):
        yield (
            "mh_contact",
            {
                "contact_key": f"{scope}/contact/{request}K{position:02d}",
                "referral_key": key,
                "contact_date": contact.contact_date,
                "attended": contact.attended,
                "mechanism": contact.mechanism,
            },
        )
