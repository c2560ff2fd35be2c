"""What an adapter must make of a record of the synthetic world, told by the record itself and not by its bundle.

Each function gives, by table, the cells of every row; a cell that is not named must be absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from indicator_engine.code_lists import code_list
from synthetic_bundles.bfdr_codes import INCH_CM, POUND_KG
from synthetic_bundles.bfdr_document import CHILD, FATHER, MOTHER, NUMBERS_A_BABY
from synthetic_bundles.homes import HomeRecord
from synthetic_bundles.identifiers import (
    Kind,
    baby_hospital_number,
    bundle_identifier,
    mother_hospital_number,
    uuid_prefix,
)
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.plain_records import BabyRecord, FatherRecord, NewbornRecord
from synthetic_bundles.records import BirthRecord, BundleRecord
from synthetic_bundles.render_badgernet import badger_number
from synthetic_bundles.resource_numbers import BOOKING, DELIVERY, FIRST_OF_PLANS, PREGNANCY, baby_number
from synthetic_bundles.resource_numbers import FATHER as FATHER_OF_BABY
from synthetic_bundles.resource_numbers import MOTHER as MOTHER_OF_RECORD
from synthetic_bundles.visit_records import ContactRecord

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Row = dict[str, Any]
FIRST_DAY = 256  # number of the first day of care among the resources of a stay
CAESAREAN = (7, 8)
GENDERLESS_SEX = "X"
SINGLE = 1


class Keys:
    """Keys of the resources of one bundle."""

    def __init__(self, stamp: str, row: int, kind: Kind, suffix: str = "") -> None:
        self._scope = bundle_identifier(stamp, row, kind) + suffix
        self._prefix = uuid_prefix(stamp, row, kind)

    def of(self, resource_type: str, number: int) -> str:
        return f"{self._scope}/{resource_type}/{self._prefix}{number:08x}"


def code_set(*codes: str | None) -> str | None:
    """The codes that there are, as the common model writes a set."""
    known = sorted({code for code in codes if code is not None})
    return f"|{'|'.join(known)}|" if known else None


def listed(name: str, code: str | None) -> str | None:
    """The code when it is in the list."""
    return code if code in code_list(name).codes else None


def truth(flag: int | None) -> bool | None:
    return None if flag is None else bool(flag)


def missing_reason(postcode: str | None) -> str | None:
    """Why a home gives no area."""
    if postcode is None:
        return "no_postcode"
    return "pseudo_postcode" if postcode.startswith("ZZ99") else None


# Maternity


def maternity_rows(stamp: str, record: BundleRecord) -> Rows:
    """The rows of one pregnancy."""
    keys = Keys(stamp, record.row, Kind.MATERNITY)
    mother = keys.of("Patient", MOTHER_OF_RECORD)
    rows: dict[str, list[Row]] = {
        "person": [mother_row(mother, record)],
        "pregnancy": [pregnancy_row(keys, mother, record)],
        "booking": [booking_row(keys, record)],
        "care_plan": care_plan_rows(keys, record),
        "residence": residence_rows(mother, record),
    }
    if isinstance(record, BirthRecord):
        rows["delivery"] = [delivery_row(keys, record)]
        rows["baby"] = []
        for position, (baby, newborn) in enumerate(zip(record.babies, record.newborns, strict=True), start=1):
            key = keys.of("Patient", baby_number(position))
            rows["person"].append(baby_person_row(key, record, position, baby, newborn))
            rows["baby"].append(baby_row(keys, key, mother, record, baby, newborn))
            if record.antenatal.father is not None:
                father = keys.of("RelatedPerson", baby_number(position) + FATHER_OF_BABY)
                rows["person"].append(father_row(father, record.antenatal.father))
    return rows


def mother_row(key: str, record: BundleRecord) -> Row:
    mother, history = record.mother, record.antenatal.history
    return {
        "person_key": key,
        "role": "mother",
        "nhs_number_status": mother.nhs_number and "01",
        "local_id": mother_hospital_number(record.trust, record.row),
        "birth_date": mother.birth_date,
        "sex": "2",
        "ethnic_category": mother.recorded_ethnic_category,
        "preferred_language": mother.language,
        "interpreter_required": truth(mother.interpreter_required),
        "gp_practice_code": history.gp_practice_code,
        "death_datetime": history.mother_death_datetime,
        "employment_status": history.employment_status,
    }


def father_row(key: str, father: FatherRecord) -> Row:
    return {
        "person_key": key,
        "role": "father",
        "birth_date": father.birth_date,
        "ethnic_category": father.ethnic_category,
        "occupation": father.occupation,
        "employment_status": father.employment_status,
    }


def baby_person_row(key: str, record: BirthRecord, position: int, baby: BabyRecord, newborn: NewbornRecord) -> Row:
    return {
        "person_key": key,
        "role": "baby",
        "nhs_number_status": baby.nhs_number and baby.nhs_number_status,
        "local_id": baby_hospital_number(record.trust, record.row, position),
        "birth_date": baby.birth_datetime[:10],
        "sex": baby.sex,
        "ethnic_category": baby.ethnic_category,
        "death_datetime": baby.death_datetime or newborn.late_death_datetime,
    }


def pregnancy_row(keys: Keys, mother: str, record: BundleRecord) -> Row:
    pregnancy, history = record.pregnancy, record.antenatal.history
    return {
        "pregnancy_key": keys.of("Condition", PREGNANCY),
        "mother_key": mother,
        "booking_provider_code": record.booking.provider,
        "num_fetuses": pregnancy.number_of_fetuses if isinstance(record, BirthRecord) else None,
        "previous_live_births": pregnancy.previous_live_births,
        "previous_caesareans": pregnancy.previous_caesareans,
        "lmp_date": history.lmp_date,
        "edd_agreed": history.edd_agreed,
        "edd_method": history.edd_method,
        "previous_stillbirths": history.previous_stillbirths,
        "previous_losses_lt24w": history.previous_losses_lt24w,
        "gravidity": history.gravidity,
        "parity": history.parity,
        "previous_term_births": history.previous_term_births,
        "previous_preterm_births": history.previous_preterm_births,
    }


def booking_row(keys: Keys, record: BundleRecord) -> Row:
    booking, answers = record.booking, record.antenatal.answers
    return {
        "booking_key": keys.of("Encounter", BOOKING),
        "pregnancy_key": keys.of("Condition", PREGNANCY),
        "booking_date": booking.booking_date,
        "site_code": booking.site,
        "gestation_days": booking.gestation_days,
        "height_cm": booking.height_cm,
        "weight_kg": booking.weight_kg,
        "bmi": booking.bmi,
        "smoking_status": booking.smoking_status,
        "co_ppm": booking.carbon_monoxide_ppm,
        **answers._asdict(),
    }


def care_plan_rows(keys: Keys, record: BundleRecord) -> list[Row]:
    return [
        {
            "plan_key": keys.of("CarePlan", FIRST_OF_PLANS + at),
            "pregnancy_key": keys.of("Condition", PREGNANCY),
            **{name: cell for name, cell in plan._asdict().items() if name != "pregnancy"},
        }
        for at, plan in enumerate(record.antenatal.plans)
    ]


def residence_rows(mother: str, record: BundleRecord) -> list[Row]:
    """The home at booking, and those that she had left by then."""
    booked = record.booking.booking_date
    here = {
        "person_key": mother,
        "valid_from": booked,
        "imd_missing_reason": missing_reason(record.mother.postcode),
    }
    return [here, *(home_row(mother, home) for home in homes_left(record))]


def homes_left(record: BundleRecord) -> list[HomeRecord]:
    booked = record.booking.booking_date
    return [home for home in record.antenatal.homes if home.valid_to is not None and home.valid_to <= booked]


def home_row(mother: str, home: HomeRecord) -> Row:
    return {"person_key": mother, "valid_from": home.valid_from, "valid_to": home.valid_to}


def delivery_row(keys: Keys, birth: BirthRecord) -> Row:
    delivery, labour = birth.delivery, birth.labour
    tears = (delivery.perineal_trauma, delivery.second_trauma)
    return {
        "delivery_key": keys.of("Encounter", DELIVERY),
        "pregnancy_key": keys.of("Condition", PREGNANCY),
        "provider_code": delivery.provider,
        "site_code": delivery.site,
        "admission_datetime": delivery.admission_datetime,
        "mother_discharge_datetime": labour.mother_discharge_datetime,
        "encounter_class": "inpatient",
        "induction_codes": code_set(listed("induction_snomed", labour.induction_code)),
        "augmentation": truth(labour.augmentation),
        "labour_onset_datetime": labour.onset_datetime,
        "labour_onset_method": labour.onset_method,
        "caesarean_datetime": labour.caesarean_datetime,
        "perineal_trauma": code_set(*tears, listed("genital_tract_trauma", labour.episiotomy_code)),
        "blood_loss_ml": labour.blood_loss_ml,
        "onset_analgesia": code_set(labour.analgesia_code),
        "steroids": labour.steroids,
        "magnesium_24h": truth(labour.magnesium_24h),
        "smoking_at_delivery": delivery.smoking_status,
        "maternal_critical_incident": code_set(labour.critical_incident),
        "condition_codes": code_set(*tears, labour.haemorrhage_code, labour.critical_incident),
    }


def baby_row(keys: Keys, key: str, mother: str, birth: BirthRecord, baby: BabyRecord, newborn: NewbornRecord) -> Row:
    return {
        "baby_key": key,
        "person_key": key,
        "delivery_key": keys.of("Encounter", DELIVERY),
        "mother_key": mother,
        "birth_datetime": baby.birth_datetime,
        "outcome": baby.outcome,
        "death_confirmed_gestation_days": newborn.death_confirmed_gestation_days,
        "gestation_days": baby.gestation_days,
        "birth_weight_g": baby.birth_weight_g,
        "head_circumference_cm": newborn.head_circumference_cm,
        "birth_order": order_among(birth.delivery.babies, baby.birth_order),
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
    }


def order_among(babies: int, birth_order: int) -> int | None:
    """A single baby has no order."""
    return None if babies == SINGLE else birth_order


# Neonatal units


def neonatal_rows(stamp: str, record: NeonatalRecord) -> Rows:
    """The rows of one stay."""
    keys = Keys(stamp, record.row, Kind.NEONATAL)
    baby, mother, stay = keys.of("Patient", 1), keys.of("Patient", 3), keys.of("Encounter", 4)
    episode = record.episode._asdict()
    own = ("baby", "provider", "unit", "is_linked", "own_mothers_milk_at_discharge")
    told = {name: cell for name, cell in episode.items() if name not in own and not name.startswith("recorded_")}
    return {
        "person": [neonatal_mother_row(mother, record), neonatal_baby_person_row(baby, record)],
        "baby": [neonatal_baby_row(baby, mother, record)],
        "neonatal_episode": [
            {
                **told,
                "episode_key": stay,
                "baby_key": baby,
                "provider_code": record.episode.provider,
                "unit_code": record.episode.unit,
                "steroid_last_dose_datetime": record.labour.steroid_last_dose_datetime,
            }
        ],
        "neonatal_day": [
            {
                "episode_key": stay,
                "care_date": day.care_date,
                "care_level": str(day.care_level),
                "resp_support": day.resp_support,
                "own_mothers_milk": day.own_mothers_milk,
            }
            for day in record.days
        ],
    }


def neonatal_mother_row(key: str, record: NeonatalRecord) -> Row:
    return {
        "person_key": key,
        "role": "mother",
        "nhs_number_status": record.mother_nhs_number and "01",
        "local_id": record.mother_hospital_number,
        "birth_date": record.mother_birth_date,
        "sex": "2",
        "ethnic_category": record.mother_ethnic_category,
    }


def neonatal_baby_person_row(key: str, record: NeonatalRecord) -> Row:
    return {
        "person_key": key,
        "role": "baby",
        "nhs_number_status": record.nhs_number and record.nhs_number_status,
        "local_id": record.hospital_number or badger_number(record.row),
        "birth_date": record.birth_datetime[:10],
        "sex": record.sex,
        "ethnic_category": record.ethnic_category,
        "death_datetime": record.death_datetime,
    }


def neonatal_baby_row(baby: str, mother: str, record: NeonatalRecord) -> Row:
    newborn = record.newborn
    return {
        "baby_key": baby,
        "person_key": baby,
        "mother_key": mother,
        "birth_datetime": record.birth_datetime,
        "birth_order": order_among(record.births, record.birth_order),
        "gestation_days": record.gestation_days,
        "birth_weight_g": record.birth_weight_g,
        "apgar_1": newborn.apgar_1,
        "apgar_5": record.apgar_5,
        "head_circumference_cm": newborn.head_circumference_cm,
        "feeding_at_discharge": newborn.feeding_at_discharge,
    }


# Health visitors


def contact_rows(stamp: str, record: ContactRecord) -> Rows:
    """The rows of one contact."""
    keys = Keys(stamp, record.row, Kind.VISIT)
    has_child = record.visit.baby is not None
    child, mother = keys.of("Patient", 1), keys.of("Patient", 2)
    people = [contact_mother_row(mother, record)]
    if has_child:
        people.append(contact_child_row(child, record))
    on, reason = record.visit.contact_date, missing_reason(record.postcode)
    left_out = ("mother", "baby", "area", "contact_type")
    return {
        "person": people,
        "hv_contact": [
            {
                **{name: cell for name, cell in record.visit._asdict().items() if name not in left_out},
                "contact_key": keys.of("Encounter", 4),
                "child_key": child if has_child else None,
                "mother_key": mother,
                "provider_code": record.trust,
                "contact_type": record.contact_type,
                "whooley_positive": truth(record.visit.whooley_positive),
            }
        ],
        "residence": [
            {"person_key": each["person_key"], "valid_from": on, "imd_missing_reason": reason} for each in people
        ],
    }


def contact_mother_row(key: str, record: ContactRecord) -> Row:
    return {
        "person_key": key,
        "role": "mother",
        "nhs_number_status": record.mother_nhs_number and "01",
        "local_id": record.mother_number,
        "birth_date": record.mother_birth_date,
        "sex": "2",
        "ethnic_category": record.mother_ethnic_category,
        "preferred_language": record.language,
        "interpreter_required": truth(record.interpreter_required),
    }


def contact_child_row(key: str, record: ContactRecord) -> Row:
    return {
        "person_key": key,
        "role": "baby",
        "nhs_number_status": record.nhs_number and record.nhs_number_status,
        "local_id": record.child_number,
        "birth_date": record.birth_date,
        "sex": record.sex,
        "ethnic_category": record.ethnic_category,
    }


# US certificates

ROUTES = {0: "0", 1: "0", 2: "3", 3: "3", 4: "4", 5: "0", 6: "0", 7: "8", 8: "8"}
PRESENTATIONS = {"01": "01", "02": "02", "XX": "XX"}
HOSPITALS = {"01": "01", "02": "01", "06": "01", "04": "04", "05": "04"}
BREASTFED = {"01": "02", "02": "02", "03": "03"}
SEVERE_TEARS = ("10217006", "399031001")
GENERIC_TEAR = "398019008"
STILLBORN, LIVE = ("02", "03", "04"), "01"


def certificate_rows(stamp: str, birth: BirthRecord, position: int) -> Rows:
    """The rows of the certificate of one baby; position: from 1 on."""
    baby, newborn = birth.babies[position - 1], birth.newborns[position - 1]
    keys = Keys(stamp, birth.row, Kind.CERTIFICATE, f"-{position}")
    first = NUMBERS_A_BABY * position
    child, mother = keys.of("Patient", first + CHILD), keys.of("Patient", first + MOTHER)
    people = [certificate_mother_row(mother, birth), certificate_child_row(child, birth, baby)]
    father = birth.antenatal.father
    if father is not None:
        key = keys.of("RelatedPerson", first + FATHER)
        work = father.occupation
        people.append({"person_key": key, "role": "father", "birth_date": father.birth_date, "occupation": work})
    return {
        "person": people,
        "pregnancy": [certificate_pregnancy_row(mother, birth)],
        "booking": [certificate_booking_row(keys.of("Observation", first + 16), mother, birth)],
        "delivery": [certificate_delivery_row(mother, birth, baby)],
        "baby": [certificate_baby_row(child, mother, birth, baby, newborn)],
        "residence": [
            {
                "person_key": mother,
                "valid_from": baby.birth_datetime[:10],
                "imd_missing_reason": missing_reason(birth.mother.postcode),
            }
        ],
    }


def certificate_mother_row(key: str, birth: BirthRecord) -> Row:
    return {
        "person_key": key,
        "role": "mother",
        "local_id": mother_hospital_number(birth.trust, birth.row),
        "birth_date": birth.mother.birth_date,
        "death_datetime": birth.antenatal.history.mother_death_datetime,
    }


def certificate_child_row(key: str, birth: BirthRecord, baby: BabyRecord) -> Row:
    return {
        "person_key": key,
        "role": "baby",
        "local_id": baby_hospital_number(birth.trust, birth.row, baby.birth_order),
        "birth_date": baby.birth_datetime[:10],
        "sex": baby.sex,
        "death_datetime": baby.death_datetime,
    }


def certificate_pregnancy_row(mother: str, birth: BirthRecord) -> Row:
    return {
        "pregnancy_key": mother,
        "mother_key": mother,
        "lmp_date": birth.antenatal.history.lmp_date,
        "num_fetuses": birth.pregnancy.number_of_fetuses,
        "previous_live_births": birth.pregnancy.previous_live_births,
        "previous_caesareans": birth.pregnancy.previous_caesareans,
    }


def certificate_booking_row(key: str, mother: str, birth: BirthRecord) -> Row:
    booking = birth.booking
    return {
        "booking_key": key,
        "pregnancy_key": mother,
        "booking_date": booking.booking_date,
        "height_cm": converted(booking.height_cm, INCH_CM),
        "weight_kg": converted(booking.weight_kg, POUND_KG),
        "cigarettes_per_day": birth.antenatal.answers.cigarettes_per_day,
    }


def converted(value: float, unit_size: float) -> float:
    """What is left of a measure written in another unit with one decimal."""
    return round(round(value / unit_size, 1) * unit_size, 6)


def certificate_delivery_row(mother: str, birth: BirthRecord, baby: BabyRecord) -> Row:
    labour, delivery = birth.labour, birth.delivery
    tears = [code for code in (delivery.perineal_trauma, delivery.second_trauma) if code in SEVERE_TEARS]
    is_caesarean = delivery.method in CAESAREAN
    return {
        "delivery_key": mother,
        "pregnancy_key": mother,
        "provider_code": delivery.provider,
        "site_code": delivery.site,
        "admission_datetime": delivery.admission_datetime,
        "mother_discharge_datetime": labour.mother_discharge_datetime,
        "encounter_class": "inpatient",
        "induction_codes": code_set(labour.induction_code and "236958009", labour.induction_code),
        "augmentation": True if labour.augmentation else None,
        "caesarean_datetime": (labour.caesarean_datetime or baby.birth_datetime) if is_caesarean else None,
        "perineal_trauma": code_set(*tears),
        "onset_analgesia": code_set(labour.analgesia_code),
        "steroids": "partial" if labour.steroids in ("partial", "full") else None,
        "condition_codes": code_set(*tears, GENERIC_TEAR if tears else None),
    }


def certificate_baby_row(child: str, mother: str, birth: BirthRecord, baby: BabyRecord, newborn: NewbornRecord) -> Row:
    is_live = baby.outcome not in STILLBORN
    place = baby.place_of_birth
    return {
        "baby_key": child,
        "person_key": child,
        "delivery_key": mother,
        "mother_key": mother,
        "birth_datetime": baby.birth_datetime,
        "outcome": LIVE if is_live else baby.outcome,
        "gestation_days": baby.gestation_days,
        "birth_weight_g": baby.birth_weight_g,
        "birth_order": order_among(birth.delivery.babies, baby.birth_order),
        "delivery_method": ROUTES[birth.delivery.method],
        "presentation": PRESENTATIONS.get(baby.presentation, baby.presentation),
        "place_of_birth": place and HOSPITALS.get(place, place),
        "site_code": birth.delivery.site,
        "apgar_1": newborn.apgar_1,
        "apgar_5": baby.apgar_5,
        "feeding_at_discharge": newborn.feeding_at_discharge and BREASTFED[newborn.feeding_at_discharge],
        "discharge_datetime": newborn.discharge_datetime if is_live else None,
    }
