"""Births and ongoing pregnancies as wide rows in a layout of our own, of the kind that maternity systems export.

`e3_maternity` has one row a baby, with all that is known of its mother repeated; `e3_bookings` has the columns of the
pregnancy alone, one row an ongoing one. The page `e3_layout.md` of the reference describes every column. Dates are
DD/MM/YYYY and times HH:MM by the clock on the wall, gestations are weeks and days, coded answers are English words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from synthetic_bundles import e3_words as words
from synthetic_bundles.e3_words import word
from synthetic_bundles.homes import HomeRecord
from synthetic_bundles.identifiers import mother_hospital_number
from synthetic_bundles.plain_records import CarePlanRecord, FatherRecord, Value
from synthetic_bundles.record_cells import BabyTold, Cells, babies_told, cells, delivery_number, pregnancy_number
from synthetic_bundles.records import BirthRecord, BundleRecord

Part = TypeVar("Part")
OfPregnancy = Callable[[BundleRecord], Value]
OfBirth = Callable[[BirthRecord], Value]
OfBaby = Callable[[BabyTold], Value]
DAYS_IN_WEEK = 7
ADDRESSES, PLANS = 4, 6  # groups of columns; what goes beyond them has no place in the layout


def british_date(moment: str | None) -> str | None:
    """DD/MM/YYYY of a date or date-time, by its characters alone: 1994-02-30 is 30/02/1994."""
    if moment is None or moment[4:5] != "-" or moment[7:8] != "-":
        return moment
    return f"{moment[8:10]}/{moment[5:7]}/{moment[:4]}"


def clock(moment: str | None) -> str | None:
    """HH:MM of a date-time, and nothing of a date alone."""
    return moment and moment[11:16]


def weeks(days: Value) -> Value:
    """Completed weeks of a number of days; what is no number stands in this column as it is."""
    return days // DAYS_IN_WEEK if isinstance(days, int | float) else days


def days_over(days: Value) -> Value:
    """Days beyond the completed weeks."""
    return days % DAYS_IN_WEEK if isinstance(days, int | float) else None


def _of_father(read: Callable[[FatherRecord], Value]) -> OfPregnancy:
    def of_father(record: BundleRecord) -> Value:
        father = record.antenatal.father
        return None if father is None else read(father)

    return of_father


def _of_nth(
    parts: Callable[[BundleRecord], Sequence[Part]], position: int, read: Callable[[Part], Value]
) -> OfPregnancy:
    """What the part at this position says, and nothing where there are fewer."""

    def of_nth(record: BundleRecord) -> Value:
        found = parts(record)
        return read(found[position]) if position < len(found) else None

    return of_nth


HOME: Mapping[str, Callable[[HomeRecord], Value]] = MappingProxyType(
    {
        "Postcode": lambda home: home.postcode,
        "From": lambda home: british_date(home.valid_from),
        "To": lambda home: british_date(home.valid_to),
    }
)
PLAN: Mapping[str, Callable[[CarePlanRecord], Value]] = MappingProxyType(
    {
        "Type": lambda plan: word(words.PLANS, plan.plan_type),
        "Date": lambda plan: british_date(plan.plan_date),
        "ContinuityOfCarer": lambda plan: word(words.ANSWERS, plan.coc_pathway),
        "Professional": lambda plan: plan.care_professional_id,
        "Team": lambda plan: plan.care_team_id,
    }
)
MOTHER: Mapping[str, OfPregnancy] = MappingProxyType(
    {
        "Trust": lambda record: record.trust,
        "RecordedDate": lambda record: british_date(record.recorded_datetime),
        "RecordedTime": lambda record: clock(record.recorded_datetime),
        "PregnancyNumber": lambda record: pregnancy_number(record.row),
        "MotherHospitalNumber": lambda record: mother_hospital_number(record.trust, record.row),
        "MotherNHSNumber": lambda record: record.mother.nhs_number,
        "MotherFamilyName": lambda record: record.mother.family_name,
        "MotherGivenName": lambda record: record.mother.given_name,
        "MotherDateOfBirth": lambda record: british_date(record.mother.birth_date),
        "MotherEthnicity": lambda record: word(words.ETHNIC_CATEGORIES, record.mother.recorded_ethnic_category),
        "MotherLanguage": lambda record: word(words.LANGUAGES, record.mother.language),
        "InterpreterNeeded": lambda record: word(words.FLAGS, record.mother.interpreter_required),
        "MotherEmployment": lambda record: word(words.EMPLOYMENT, record.antenatal.history.employment_status),
        "MotherDeathDate": lambda record: british_date(record.antenatal.history.mother_death_datetime),
        "MotherDeathTime": lambda record: clock(record.antenatal.history.mother_death_datetime),
        "GPPractice": lambda record: record.antenatal.history.gp_practice_code,
        "BookingPostcode": lambda record: record.mother.postcode,
        **{
            f"Address{position + 1}{name}": _of_nth(lambda record: record.antenatal.homes, position, read)
            for position in range(ADDRESSES)
            for name, read in HOME.items()
        },
        "FatherDateOfBirth": _of_father(lambda father: british_date(father.birth_date)),
        "FatherEthnicity": _of_father(lambda father: word(words.ETHNIC_CATEGORIES, father.ethnic_category)),
        "FatherOccupation": _of_father(lambda father: father.occupation),
        "FatherEmployment": _of_father(lambda father: word(words.EMPLOYMENT, father.employment_status)),
    }
)
BOOKING: Mapping[str, OfPregnancy] = MappingProxyType(
    {
        "BookingDate": lambda record: british_date(record.booking.booking_date),
        "BookingGestationWeeks": lambda record: weeks(record.booking.gestation_days),
        "BookingGestationDays": lambda record: days_over(record.booking.gestation_days),
        "BookingTrust": lambda record: record.booking.provider,
        "BookingSite": lambda record: record.booking.site,
        "ReferredBy": lambda record: word(words.REFERRERS, record.antenatal.answers.referral_source),
        "LateBookingReason": lambda record: word(
            words.LATE_BOOKING_REASONS, record.antenatal.answers.late_booking_reason
        ),
        "LMPDate": lambda record: british_date(record.antenatal.history.lmp_date),
        "EDDDate": lambda record: british_date(record.antenatal.history.edd_agreed),
        "EDDMethod": lambda record: word(words.DATING_METHODS, record.antenatal.history.edd_method),
        "NumberOfFetuses": lambda record: record.pregnancy.number_of_fetuses,
        "Gravidity": lambda record: record.antenatal.history.gravidity,
        "Parity": lambda record: record.antenatal.history.parity,
        "PreviousLiveBirths": lambda record: record.pregnancy.previous_live_births,
        "PreviousStillbirths": lambda record: record.antenatal.history.previous_stillbirths,
        "PreviousLossesUnder24Weeks": lambda record: record.antenatal.history.previous_losses_lt24w,
        "PreviousTermBirths": lambda record: record.antenatal.history.previous_term_births,
        "PreviousPretermBirths": lambda record: record.antenatal.history.previous_preterm_births,
        "PreviousCaesareans": lambda record: record.pregnancy.previous_caesareans,
        "HeightCm": lambda record: record.booking.height_cm,
        "WeightKg": lambda record: record.booking.weight_kg,
        "BMI": lambda record: record.booking.bmi,
        "SmokingAtBooking": lambda record: word(words.SMOKING, record.booking.smoking_status),
        "CigarettesPerDay": lambda record: record.antenatal.answers.cigarettes_per_day,
        "CarbonMonoxidePpm": lambda record: record.booking.carbon_monoxide_ppm,
        "AlcoholUnitsPerWeek": lambda record: record.antenatal.answers.alcohol_units_week,
        "FolicAcid": lambda record: word(words.FOLIC_ACID, record.antenatal.answers.folic_acid),
        "ComplexSocialFactors": lambda record: word(words.ANSWERS, record.antenatal.answers.complex_social_factors),
        "Disability": lambda record: word(words.ANSWERS, record.antenatal.answers.disability),
        "MentalHealthQuestionsAsked": lambda record: word(words.ANSWERS, record.antenatal.answers.mh_prediction_asked),
        "HasSupport": lambda record: word(words.ANSWERS, record.antenatal.answers.support_status),
        "PreEclampsiaHighRiskFactors": lambda record: record.antenatal.answers.pre_eclampsia_high_risk_factors,
        "PreEclampsiaModerateRiskFactors": lambda record: record.antenatal.answers.pre_eclampsia_moderate_risk_factors,
        **{
            f"Plan{position + 1}{name}": _of_nth(lambda record: record.antenatal.plans, position, read)
            for position in range(PLANS)
            for name, read in PLAN.items()
        },
    }
)
DELIVERY: Mapping[str, OfBirth] = MappingProxyType(
    {
        "DeliveryNumber": lambda birth: delivery_number(birth.row),
        "DeliverySite": lambda birth: birth.delivery.site,
        "AdmissionDate": lambda birth: british_date(birth.delivery.admission_datetime),
        "AdmissionTime": lambda birth: clock(birth.delivery.admission_datetime),
        "LabourOnset": lambda birth: word(words.ONSETS, birth.labour.onset_method),
        "LabourOnsetDate": lambda birth: british_date(birth.labour.onset_datetime),
        "LabourOnsetTime": lambda birth: clock(birth.labour.onset_datetime),
        "InductionProcedure": lambda birth: birth.labour.induction_code,
        "Augmentation": lambda birth: word(words.FLAGS, birth.labour.augmentation),
        "Analgesia": lambda birth: word(words.ANALGESIA, birth.labour.analgesia_code),
        "AntenatalSteroids": lambda birth: word(words.STEROIDS, birth.labour.steroids),
        "SteroidsLastDoseDate": lambda birth: british_date(birth.labour.steroid_last_dose_datetime),
        "SteroidsLastDoseTime": lambda birth: clock(birth.labour.steroid_last_dose_datetime),
        "MagnesiumWithin24Hours": lambda birth: word(words.FLAGS, birth.labour.magnesium_24h),
        "CaesareanDate": lambda birth: british_date(birth.labour.caesarean_datetime),
        "CaesareanTime": lambda birth: clock(birth.labour.caesarean_datetime),
        "BabiesBorn": lambda birth: birth.delivery.babies,
        "DeliveryMethod": lambda birth: word(words.METHODS, birth.delivery.method),
        "Perineum1": lambda birth: word(words.TEARS, birth.delivery.perineal_trauma),
        "Perineum2": lambda birth: word(words.TEARS, birth.delivery.second_trauma),
        "Episiotomy": lambda birth: word(words.EPISIOTOMIES, birth.labour.episiotomy_code),
        "BloodLossMl": lambda birth: birth.labour.blood_loss_ml,
        "Haemorrhage": lambda birth: word(words.HAEMORRHAGES, birth.labour.haemorrhage_code),
        "CriticalIncident": lambda birth: birth.labour.critical_incident,
        "SmokingAtDelivery": lambda birth: word(words.SMOKING, birth.delivery.smoking_status),
        "MotherDischargeDate": lambda birth: british_date(birth.labour.mother_discharge_datetime),
        "MotherDischargeTime": lambda birth: clock(birth.labour.mother_discharge_datetime),
    }
)
BABY: Mapping[str, OfBaby] = MappingProxyType(
    {
        "BabyHospitalNumber": lambda told: told.hospital_number,
        "BabyNHSNumber": lambda told: told.baby.nhs_number,
        "BabyNHSNumberStatus": lambda told: told.baby.nhs_number_status,
        "BirthOrder": lambda told: told.baby.birth_order,
        "BirthDate": lambda told: british_date(told.baby.birth_datetime),
        "BirthTime": lambda told: clock(told.baby.birth_datetime),
        "Outcome": lambda told: word(words.OUTCOMES, told.baby.outcome),
        "GestationWeeks": lambda told: weeks(told.baby.gestation_days),
        "GestationDays": lambda told: days_over(told.baby.gestation_days),
        "DeathConfirmedWeeks": lambda told: weeks(told.newborn.death_confirmed_gestation_days),
        "DeathConfirmedDays": lambda told: days_over(told.newborn.death_confirmed_gestation_days),
        "Sex": lambda told: word(words.SEXES, told.baby.sex),
        "BabyEthnicity": lambda told: word(words.ETHNIC_CATEGORIES, told.baby.ethnic_category),
        "BirthWeightG": lambda told: told.baby.birth_weight_g,
        "HeadCircumferenceCm": lambda told: told.newborn.head_circumference_cm,
        "Apgar1": lambda told: told.newborn.apgar_1,
        "Apgar5": lambda told: told.baby.apgar_5,
        "Presentation": lambda told: word(words.PRESENTATIONS, told.baby.presentation),
        "PlaceOfBirth": lambda told: word(words.PLACES, told.baby.place_of_birth),
        "SkinToSkinIn1Hour": lambda told: word(words.ANSWERS, told.baby.skin_to_skin),
        "FirstFeed": lambda told: word(words.FIRST_FEEDS, told.baby.first_feed),
        "FeedingAtDischarge": lambda told: word(words.FEEDING, told.newborn.feeding_at_discharge),
        "BabyDischargeDate": lambda told: british_date(told.newborn.discharge_datetime),
        "BabyDischargeTime": lambda told: clock(told.newborn.discharge_datetime),
        "BabyDeathDate": lambda told: british_date(told.death_datetime),
        "BabyDeathTime": lambda told: clock(told.death_datetime),
    }
)
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"e3_maternity": (*MOTHER, *BOOKING, *DELIVERY, *BABY), "e3_bookings": (*MOTHER, *BOOKING)}
)


def rows_of(record: BundleRecord) -> Iterator[tuple[str, Cells]]:
    """Table and cells of every row that tells of this pregnancy: one a baby, or one while there is none."""
    of_pregnancy = (*cells(MOTHER, record), *cells(BOOKING, record))
    if isinstance(record, BirthRecord):
        of_delivery = cells(DELIVERY, record)
        for told in babies_told(record):
            yield "e3_maternity", (*of_pregnancy, *of_delivery, *cells(BABY, told))
    else:
        yield "e3_bookings", of_pregnancy
