"""One invented birth with a value in nearly every field, and ways to change it."""

from __future__ import annotations

from typing import Any

from synthetic_bundles.homes import HomeRecord
from synthetic_bundles.plain_records import (
    BabyRecord,
    BookingAnswerRecord,
    BookingRecord,
    CarePlanRecord,
    DeliveryRecord,
    FatherRecord,
    HistoryRecord,
    LabourRecord,
    MotherRecord,
    NewbornRecord,
    PregnancyRecord,
)
from synthetic_bundles.records import Antenatal, BirthRecord

ANTENATAL = Antenatal(
    answers=BookingAnswerRecord(
        late_booking_reason="06",
        cigarettes_per_day=5,
        alcohol_units_week=1.5,
        folic_acid="02",
        complex_social_factors="Y",
        disability="N",
        mh_prediction_asked="Y",
        support_status="Y",
        referral_source="gp",
        pre_eclampsia_high_risk_factors=0,
        pre_eclampsia_moderate_risk_factors=1,
    ),
    history=HistoryRecord(
        lmp_date="2023-10-29",
        edd_agreed="2024-08-04",
        edd_method="03",
        previous_stillbirths=0,
        previous_losses_lt24w=1,
        previous_term_births=1,
        previous_preterm_births=1,
        gravidity=4,
        parity=2,
        mother_death_datetime="2024-08-19T06:30:00+01:00",
        employment_status="05",
        gp_practice_code="Y00007",
    ),
    father=FatherRecord(
        pregnancy=41, birth_date="1991-05-30", ethnic_category="J", occupation="5434", employment_status="01"
    ),
    homes=(
        HomeRecord(41, "2014-01-18", "2023-09-01", lsoa="E01900001", postcode="QX1 1AA", is_at_booking=False),
        HomeRecord(41, "2023-09-01", None, lsoa="E01900002", postcode="QX7 2AB", is_at_booking=True),
    ),
    plans=(
        CarePlanRecord(
            pregnancy=41,
            plan_type="05",
            plan_date="2024-01-16",
            coc_pathway="Y",
            care_professional_id="MW0012",
            care_team_id="TM0003",
        ),
    ),
)
LABOUR = LabourRecord(
    onset_method="1",
    onset_datetime="2024-07-01T19:05:00+01:00",
    caesarean_datetime=None,
    induction_code="236958009",
    augmentation=1,
    analgesia_code="18946005",
    episiotomy_code="15413009",
    blood_loss_ml=1650,
    haemorrhage_code="47821001",
    critical_incident="33211000",
    steroids="full",
    steroid_last_dose_datetime="2024-06-30T22:00:00+01:00",
    magnesium_24h=0,
    mother_discharge_datetime="2024-07-04T11:20:00+01:00",
)
BABY = BabyRecord(
    delivery=41,
    mother=41,
    nhs_number="9990000069",
    nhs_number_status="08",
    birth_order=1,
    birth_datetime="2024-07-02T04:15:00+01:00",
    death_datetime=None,
    sex="2",
    ethnic_category="H",
    outcome="01",
    gestation_days=247,
    birth_weight_g=2460,
    apgar_5=9,
    first_feed="01",
    presentation="01",
    place_of_birth="01",
    skin_to_skin="Y",
)
INVENTED = BirthRecord(
    row=41,
    mother=MotherRecord(
        nhs_number="9990000042",
        family_name="Varnholt",
        given_name="Miselda",
        birth_date="1994-02-09",
        ethnic_category="H",
        recorded_ethnic_category="H",
        language="gu",
        interpreter_required=1,
        area=17,
        postcode="QX7 2AB",
    ),
    pregnancy=PregnancyRecord(mother=41, previous_live_births=2, previous_caesareans=1, number_of_fetuses=1),
    booking=BookingRecord(
        pregnancy=41,
        booking_date="2024-01-16",
        gestation_days=79,
        provider="RSB",
        site="RSB01",
        height_cm=158.0,
        weight_kg=71.5,
        bmi=28.6,
        smoking_status="smoker",
        carbon_monoxide_ppm=7.0,
    ),
    antenatal=ANTENATAL,
    delivery=DeliveryRecord(
        pregnancy=41,
        first_baby=41,
        babies=1,
        admission_datetime="2024-07-01T21:40:00+01:00",
        birth_datetime="2024-07-02T04:15:00+01:00",
        recorded_datetime="2024-07-05T12:00:00+01:00",
        provider="RSA",
        site="RSA01",
        gestation_days=247,
        method=4,
        perineal_trauma="10217006",
        second_trauma="249221003",
        smoking_status="non_smoker",
    ),
    labour=LABOUR,
    babies=(BABY,),
    newborns=(
        NewbornRecord(
            apgar_1=7,
            head_circumference_cm=32.5,
            death_confirmed_gestation_days=None,
            late_death_datetime="2024-09-03T08:10:00+01:00",
            discharge_datetime="2024-07-09T15:45:00+01:00",
            feeding_at_discharge="02",
        ),
    ),
)


def with_(part: str, **values: Any) -> BirthRecord:
    """The invented birth with other values in one of its parts: mother, booking, delivery, labour, baby or newborn."""
    several = {"baby": "babies", "newborn": "newborns"}.get(part)
    if several is None:
        changed: dict[str, Any] = {part: getattr(INVENTED, part)._replace(**values)}
    else:
        changed = {several: tuple(one._replace(**values) for one in getattr(INVENTED, several))}
    return INVENTED._replace(**changed)


def with_antenatal(part: str, **values: Any) -> BirthRecord:
    """The invented birth with other values in one part of what is known before it: answers or history."""
    changed: dict[str, Any] = {part: getattr(ANTENATAL, part)._replace(**values)}
    return INVENTED._replace(antenatal=ANTENATAL._replace(**changed))


def without_father() -> BirthRecord:
    return INVENTED._replace(antenatal=ANTENATAL._replace(father=None))
