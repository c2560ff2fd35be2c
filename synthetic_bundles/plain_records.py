"""The rows of a world's tables as plain values ready to be written: ISO text for dates, None for what is absent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from synthetic_bundles.chance import Integers
from synthetic_bundles.london_time import iso_texts
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table

Value = str | int | float | bool | None
Row = TypeVar("Row", bound=tuple[Any, ...])


class MotherRecord(NamedTuple):
    nhs_number: str | None
    family_name: str
    given_name: str
    birth_date: str
    ethnic_category: str
    recorded_ethnic_category: str | None
    language: str | None
    interpreter_required: int | None
    area: int
    postcode: str | None


class PregnancyRecord(NamedTuple):
    mother: int
    previous_live_births: int
    previous_caesareans: int
    number_of_fetuses: int


class BookingRecord(NamedTuple):
    pregnancy: int
    booking_date: str
    gestation_days: int
    provider: str
    site: str
    height_cm: float
    weight_kg: float
    bmi: float
    smoking_status: str | None
    carbon_monoxide_ppm: float | None


class DeliveryRecord(NamedTuple):
    pregnancy: int
    first_baby: int
    babies: int
    admission_datetime: str
    birth_datetime: str
    recorded_datetime: str
    provider: str
    site: str
    gestation_days: int
    method: int
    perineal_trauma: str | None
    second_trauma: str | None
    smoking_status: str | None


class BabyRecord(NamedTuple):
    delivery: int
    mother: int
    nhs_number: str | None
    nhs_number_status: str | None
    birth_order: int
    birth_datetime: str
    death_datetime: str | None
    sex: str
    ethnic_category: str
    outcome: str
    gestation_days: int
    birth_weight_g: float  # grams, or what was written where grams belong
    apgar_5: int | None
    first_feed: str | None
    presentation: str
    place_of_birth: str | None
    skin_to_skin: str | None


class OngoingRecord(NamedTuple):
    pregnancy: int
    recorded_datetime: str


class BookingAnswerRecord(NamedTuple):
    late_booking_reason: str | None
    cigarettes_per_day: int | None
    alcohol_units_week: float | None
    folic_acid: str | None
    complex_social_factors: str | None
    disability: str | None
    mh_prediction_asked: str | None
    support_status: str | None
    referral_source: str | None
    pre_eclampsia_high_risk_factors: int
    pre_eclampsia_moderate_risk_factors: int


class HistoryRecord(NamedTuple):
    lmp_date: str
    edd_agreed: str
    edd_method: str
    previous_stillbirths: int
    previous_losses_lt24w: int
    previous_term_births: int
    previous_preterm_births: int
    gravidity: int
    parity: int
    mother_death_datetime: str | None
    employment_status: str
    gp_practice_code: str


class FatherRecord(NamedTuple):
    pregnancy: int
    birth_date: str
    ethnic_category: str
    occupation: str
    employment_status: str


class CarePlanRecord(NamedTuple):
    pregnancy: int
    plan_type: str
    plan_date: str
    coc_pathway: str
    care_professional_id: str | None
    care_team_id: str | None


class LabourRecord(NamedTuple):
    onset_method: str | None
    onset_datetime: str | None
    caesarean_datetime: str | None
    induction_code: str | None
    augmentation: int
    analgesia_code: str | None
    episiotomy_code: str | None
    blood_loss_ml: int | None
    haemorrhage_code: str | None
    critical_incident: str | None
    steroids: str | None
    steroid_last_dose_datetime: str | None
    magnesium_24h: int | None
    mother_discharge_datetime: str | None


class NewbornRecord(NamedTuple):
    apgar_1: int | None
    head_circumference_cm: float | None
    death_confirmed_gestation_days: int | None
    late_death_datetime: str | None
    discharge_datetime: str | None
    feeding_at_discharge: str | None


class EpisodeRecord(NamedTuple):
    baby: int
    provider: str
    unit: str
    inborn: bool
    is_linked: bool
    recorded_gestation_days: int
    recorded_birth_weight_g: int
    admit_datetime: str
    discharge_datetime: str | None
    discharge_destination: str | None
    admission_reason: str
    temp_admission_c: float | None
    temp_taken_datetime: str | None
    cord_ph: float | None
    cord_clamp_seconds: int | None
    hie_grade: str | None
    therapeutic_hypothermia: bool
    ivh_grade: str | None
    cystic_pvl: bool
    nec: str | None
    bpd: str | None
    late_onset_bsi: bool
    seizures: bool
    stroke: bool
    intracranial_haemorrhage: bool
    cns_infection: bool
    kernicterus: bool
    own_mothers_milk_at_discharge: bool


class DayRecord(NamedTuple):
    episode: int
    care_date: str
    care_level: int
    resp_support: str | None
    own_mothers_milk: bool


class VisitRecord(NamedTuple):
    mother: int
    baby: int | None
    contact_type: int
    contact_date: str
    area: int
    attendance: str
    mechanism: str | None
    breastfeeding_status: str | None
    weight_kg: float | None
    length_cm: float | None
    asq3_communication: int | None
    asq3_gross_motor: int | None
    asq3_fine_motor: int | None
    asq3_problem_solving: int | None
    asq3_personal_social: int | None
    epds_score: int | None
    whooley_positive: int | None


class ReferralRecord(NamedTuple):
    mother: int
    provider: str
    referral_date: str
    source: str
    team_type: str
    accepted: bool
    first_contact_date: str | None
    closed_date: str | None


class ReferralContactRecord(NamedTuple):
    referral: int
    contact_date: str
    attended: bool
    mechanism: str


@dataclass(frozen=True, slots=True)
class Children:
    """The rows of a table in order of what they belong to. bounds: where those of each parent start, and the end."""

    table: Table
    bounds: Integers

    def of(self, kind: type[Row], start: int, stop: int) -> list[list[Row]]:
        """The rows of each parent from `start` up to but not including `stop`, as records of this kind."""
        bounds = self.bounds[start : stop + 1].tolist()
        rows = records_of(kind, self.table[bounds[0] : bounds[-1]])
        return [rows[one - bounds[0] : other - bounds[0]] for one, other in pairwise(bounds)]


def children(table: Table, parent: str, parents: int) -> Children:
    """The rows by the number of their parent, in their own order within each. parent: the column that names it."""
    order = np.argsort(table[parent], kind="stable")
    ordered = table[order]
    return Children(ordered, np.searchsorted(ordered[parent], np.arange(parents + 1)))


def records_of(kind: type[Row], table: Table) -> list[Row]:
    """One record of this kind a row of the table; the columns stand in the order of the record's fields."""
    names = table.dtype.names or ()
    assert names == getattr(kind, "_fields", ()), f"{kind.__name__} does not name the columns of its table"
    columns = [_plain_values(table, name) for name in names]
    return [kind(*values) for values in zip(*columns, strict=True)]


def _plain_values(table: Table, name: str) -> Sequence[Value]:
    column = table[name]
    if column.dtype == "M8[D]":
        texts = np.where(np.isnat(column), ABSENT_TEXT, np.datetime_as_string(column))
        return [text or None for text in texts.tolist()]
    if column.dtype == "M8[m]":
        texts = np.where(np.isnat(column), ABSENT_TEXT, iso_texts(column))
        return [text or None for text in texts.tolist()]
    if column.dtype.kind == "U":
        return [None if text == ABSENT_TEXT else text for text in column.tolist()]
    if column.dtype == "f4":
        return [None if math.isnan(value) else float(str(value)) for value in column]  # the digits it was drawn with
    if column.dtype.kind == "b":
        return list(column.tolist())
    if column.dtype.kind == "f":
        return [None if math.isnan(value) else value for value in column.tolist()]
    return [None if value == ABSENT_NUMBER else value for value in column.tolist()]
