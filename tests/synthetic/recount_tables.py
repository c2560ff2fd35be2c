"""A plain recount of indicators in loops over the rows of a world, apart from the code that makes its truth.

Each function yields one item a unit of the denominator: when and where it counts, its mother, and whether it is an
event.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from synthetic_bundles.tables import Table, World

Row = dict[str, Any]
HV, MH = ("RSV", "unknown"), ("RSM", "unknown")


@dataclass(frozen=True, slots=True)
class Unit:
    on: date
    place: tuple[str, str]
    mother: int
    is_event: bool


class Rows:
    """The tables of a world as dictionaries of Python values."""

    def __init__(self, world: World) -> None:
        care = world.care
        self.mothers = rows_of(world.mothers)
        self.pregnancies = rows_of(world.pregnancies, care.histories)
        self.bookings = rows_of(world.bookings, care.booking_answers)
        self.deliveries = rows_of(world.deliveries, care.labours)
        self.babies = rows_of(world.babies, care.newborns)
        self.episodes = rows_of(care.neonatal_episodes)
        self.days = rows_of(care.neonatal_days)
        self.visits = rows_of(care.health_visits)
        self.referrals = rows_of(care.mental_health_referrals)
        self.end: date = (world.last_month + 1).astype("M8[D]").item()
        self.episodes_of: dict[int, list[Row]] = {}
        for episode in self.episodes:
            self.episodes_of.setdefault(episode["baby"], []).append(episode)
        self.visits_of: dict[int, list[Row]] = {}
        for visit in self.visits:
            self.visits_of.setdefault(visit["baby"], []).append(visit)


def rows_of(*tables: Table) -> list[Row]:
    """One dictionary a row, of tables that stand side by side."""
    columns = {name: table[name].tolist() for table in tables for name in table.dtype.names or ()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def place(row: Row) -> tuple[str, str]:
    return row["provider"], row["site"]


def bookings(rows: Rows, is_counted: Callable[[Row], bool], is_event: Callable[[Row], bool]) -> Iterator[Unit]:
    for booking in rows.bookings:
        if is_counted(booking):
            yield Unit(booking["booking_date"], place(booking), booking["pregnancy"], is_event(booking))


def women(rows: Rows, is_counted: Callable[[Row, Row, Row], bool], is_event: Callable[[Row], bool]) -> Iterator[Unit]:
    """Deliveries with a registered birth. is_counted: of delivery, first baby and pregnancy."""
    for delivery in rows.deliveries:
        first = rows.babies[delivery["first_baby"]]
        born = rows.babies[delivery["first_baby"] : delivery["first_baby"] + delivery["babies"]]
        is_registered = any(baby["outcome"] in ("01", "02", "03", "04") for baby in born)
        if is_registered and is_counted(delivery, first, rows.pregnancies[delivery["pregnancy"]]):
            yield Unit(delivery["birth_datetime"].date(), place(delivery), delivery["pregnancy"], is_event(delivery))


def babies(rows: Rows, is_counted: Callable[[Row, Row], bool], is_event: Callable[[int, Row], bool]) -> Iterator[Unit]:
    """Babies at birth. is_counted: of baby and delivery. is_event: of its row and the baby."""
    for row, baby in enumerate(rows.babies):
        delivery = rows.deliveries[baby["delivery"]]
        if is_counted(baby, delivery):
            yield Unit(baby["birth_datetime"].date(), place(delivery), baby["mother"], is_event(row, baby))


def everyone(*_: Row) -> bool:
    return True


def is_live(baby: Row, _: Row) -> bool:
    return bool(baby["outcome"] == "01")


def is_live_term(baby: Row, _: Row) -> bool:
    return bool(baby["outcome"] == "01" and 259 <= baby["gestation_days"] <= 315)


def is_very_preterm(baby: Row, _: Row) -> bool:
    return bool(baby["outcome"] == "01" and baby["gestation_days"] < 224)


def days_lived(baby: Row) -> int:
    death: datetime | None = baby["death_datetime"] or baby["late_death_datetime"]
    return 10**6 if death is None else (death.date() - baby["birth_datetime"].date()).days


def is_total_birth(baby: Row, _: Row) -> bool:
    if baby["outcome"] not in ("01", "02", "03", "04") or baby["gestation_days"] < 168:
        return False
    return not 154 <= baby["death_confirmed_gestation_days"] < 168


def single_term(delivery: Row) -> bool:
    return bool(delivery["babies"] == 1 and 259 <= delivery["gestation_days"] <= 315)


def lb02(rows: Rows) -> Iterator[Unit]:
    def is_counted(delivery: Row, first: Row, pregnancy: Row) -> bool:
        onset, caesarean = delivery["onset_datetime"], delivery["caesarean_datetime"]
        in_order = onset is not None and not (caesarean is not None and caesarean < onset)
        is_first = pregnancy["previous_live_births"] == 0 and pregnancy["previous_stillbirths"] == 0
        return (
            is_first
            and first["presentation"] == "01"
            and single_term(delivery)
            and in_order
            and (delivery["onset_method"] == "1")
        )

    return women(rows, is_counted, lambda delivery: delivery["method"] in (7, 8))


def lb05(rows: Rows) -> Iterator[Unit]:
    def is_counted(delivery: Row, _: Row, pregnancy: Row) -> bool:
        births = pregnancy["previous_live_births"] == 1 or pregnancy["previous_stillbirths"] == 1
        return single_term(delivery) and pregnancy["previous_caesareans"] == 1 and births

    return women(rows, is_counted, lambda delivery: delivery["method"] <= 4)


def lb25(rows: Rows) -> Iterator[Unit]:
    def is_counted(delivery: Row, first: Row, _: Row) -> bool:
        return single_term(delivery) and first["presentation"] == "01" and delivery["method"] in (0, 1)

    def is_untouched(delivery: Row) -> bool:
        is_induced = delivery["onset_method"] in ("3", "4", "5") or delivery["induction_code"]
        has_relief = delivery["analgesia_code"] in ("18946005", "50697003")
        return not (is_induced or has_relief or delivery["augmentation"] == 1 or delivery["episiotomy_code"])

    return women(rows, is_counted, is_untouched)


def mo05(rows: Rows) -> Iterator[Unit]:
    def is_loss(_: int, baby: Row) -> bool:
        is_early = 154 <= baby["gestation_days"] <= 167 or 154 <= baby["death_confirmed_gestation_days"] <= 167
        return bool(baby["outcome"] != "01") and is_early

    registered = ("01", "02", "03", "04")
    return babies(rows, lambda baby, _: baby["outcome"] in registered and baby["gestation_days"] >= 154, is_loss)


def bf02(rows: Rows) -> Iterator[Unit]:
    for baby in rows.babies:
        if baby["discharge_datetime"] is not None and baby["feeding_at_discharge"]:
            delivery = rows.deliveries[baby["delivery"]]
            is_fed = baby["feeding_at_discharge"] in ("01", "02")
            yield Unit(baby["discharge_datetime"].date(), place(delivery), baby["mother"], is_fed)


def months_on(born: date, months: int) -> date:
    year, month = divmod(born.year * 12 + born.month - 1 + months, 12)
    return date(year, month + 1, min(born.day, calendar.monthrange(year, month + 1)[1]))


def due(rows: Rows, turns: Callable[[date], date], is_done: Callable[[list[Row], date, date], bool]) -> Iterator[Unit]:
    """Children alive on the day they turn an age. is_done: of attended contacts, birth and that day."""
    for row, baby in enumerate(rows.babies):
        born = baby["birth_datetime"].date()
        on = turns(born)
        if baby["outcome"] == "01" and on < rows.end and days_lived(baby) > (on - born).days:
            seen = [visit for visit in rows.visits_of.get(row, []) if visit["attendance"] in ("5", "6")]
            yield Unit(on, HV, baby["mother"], is_done(seen, born, on))


def bf05(rows: Rows) -> Iterator[Unit]:
    def is_done(seen: list[Row], _: date, __: date) -> bool:
        return any(visit["contact_type"] == 2 and visit["breastfeeding_status"] in ("01", "02") for visit in seen)

    return due(rows, lambda born: born + timedelta(56), is_done)


def hv01(rows: Rows) -> Iterator[Unit]:
    def is_done(seen: list[Row], born: date, _: date) -> bool:
        return any(
            visit["contact_type"] == 1 and visit["mechanism"] == "01" and (visit["contact_date"] - born).days <= 14
            for visit in seen
        )

    return due(rows, lambda born: born + timedelta(30), is_done)


def reviewed(rows: Rows, kind: int, months: int) -> Iterator[Unit]:
    def is_done(seen: list[Row], _: date, on: date) -> bool:
        return any(visit["contact_type"] == kind and visit["contact_date"] <= on for visit in seen)

    return due(rows, lambda born: months_on(born, months), is_done)


def nn05(rows: Rows) -> Iterator[Unit]:
    for row, (first, *_) in rows.episodes_of.items():
        baby = rows.babies[row]
        if baby["gestation_days"] < 224:
            within = first["temp_taken_datetime"] - baby["birth_datetime"] <= timedelta(minutes=60)
            is_normal = 36.5 <= round(first["temp_admission_c"], 1) <= 37.5 and within
            place_of_birth = place(rows.deliveries[baby["delivery"]])
            yield Unit(first["admit_datetime"].date(), place_of_birth, baby["mother"], is_normal)


def first_has(rows: Rows, row: int, is_found: Callable[[Row], bool]) -> bool:
    return row in rows.episodes_of and is_found(rows.episodes_of[row][0])


def referrals(rows: Rows, is_counted: Callable[[Row], bool], is_event: Callable[[Row], bool]) -> Iterator[Unit]:
    for referral in rows.referrals:
        if is_counted(referral):
            yield Unit(referral["referral_date"], MH, referral["mother"], is_event(referral))


def pm03(rows: Rows) -> Iterator[Unit]:
    def is_seen(referral: Row) -> bool:
        first = referral["first_contact_date"]
        return first is not None and (first - referral["referral_date"]).days <= 28

    return referrals(rows, lambda each: each["accepted"] and each["referral_date"] + timedelta(28) < rows.end, is_seen)


RECOUNTS: dict[str, Callable[[Rows], Iterator[Unit]]] = {
    "BK01": lambda rows: bookings(
        rows, lambda each: each["gestation_days"] > 0, lambda each: each["gestation_days"] <= 70
    ),
    "BK02": lambda rows: bookings(
        rows, lambda each: each["gestation_days"] > 0, lambda each: each["gestation_days"] >= 91
    ),
    "BK05": lambda rows: bookings(
        rows,
        lambda each: each["carbon_monoxide_ppm"] == each["carbon_monoxide_ppm"],  # not a number is unlike itself
        lambda each: each["carbon_monoxide_ppm"] >= 4,
    ),
    "BK06": lambda rows: bookings(rows, lambda each: 12 <= each["bmi"] <= 80, lambda each: each["bmi"] >= 30),
    "BK07": lambda rows: bookings(
        rows, lambda each: each["folic_acid"] in ("01", "02", "03"), lambda each: each["folic_acid"] == "01"
    ),
    "BK10": lambda rows: bookings(rows, everyone, lambda each: each["mh_prediction_asked"] == "Y"),
    "DQ01": lambda rows: bookings(
        rows,
        everyone,
        lambda each: rows.mothers[each["pregnancy"]]["recorded_ethnic_category"] in tuple("ABCDEFGHJKLMNPRS"),
    ),
    "LB02": lb02,
    "LB05": lb05,
    "LB09": lambda rows: women(
        rows, everyone, lambda each: each["blood_loss_ml"] >= 1500 and each["haemorrhage_code"] == "47821001"
    ),
    "LB20": lambda rows: women(rows, everyone, lambda each: each["method"] == 7),
    "LB22": lambda rows: women(
        rows,
        lambda delivery, *_: delivery["onset_method"] != "",
        lambda each: each["onset_method"] in ("3", "4", "5") or each["induction_code"] != "",
    ),
    "LB25": lb25,
    "MM01": lambda rows: women(rows, everyone, lambda each: each["critical_incident"] != ""),
    "LB12": lambda rows: babies(
        rows,
        lambda baby, _: baby["outcome"] == "01" and 154 <= baby["gestation_days"] <= 315,
        lambda _, baby: baby["gestation_days"] <= 223,
    ),
    "LB14": lambda rows: babies(rows, is_live_term, lambda _, baby: baby["birth_weight_g"] < 2500),
    "MO02": lambda rows: babies(
        rows,
        lambda baby, _: baby["outcome"] == "01" and baby["gestation_days"] >= 168,
        lambda _, baby: days_lived(baby) < 28,
    ),
    "MO04": lambda rows: babies(rows, is_total_birth, lambda _, baby: baby["outcome"] != "01" or days_lived(baby) < 28),
    "MO05": mo05,
    "MO06": lambda rows: babies(rows, is_live, lambda _, baby: days_lived(baby) < 365),
    "BF02": bf02,
    "BF05": bf05,
    "BF07": lambda rows: babies(
        rows,
        lambda baby, delivery: is_live_term(baby, delivery) and baby["skin_to_skin"] in ("Y", "N"),
        lambda _, baby: baby["skin_to_skin"] == "Y",
    ),
    "NN01": lambda rows: babies(
        rows,
        lambda baby, _: baby["outcome"] == "01" and baby["gestation_days"] >= 259,
        lambda row, baby: first_has(
            rows, row, lambda first: (first["admit_datetime"].date() - baby["birth_datetime"].date()).days < 28
        ),
    ),
    "NN04": lambda rows: babies(
        rows, is_very_preterm, lambda row, _: first_has(rows, row, lambda first: first["cord_clamp_seconds"] >= 60)
    ),
    "NN05": nn05,
    "NN07": lambda rows: babies(
        rows, is_very_preterm, lambda row, _: first_has(rows, row, lambda first: first["nec"] == "confirmed")
    ),
    "NN11": lambda rows: babies(
        rows,
        lambda baby, delivery: (
            is_very_preterm(baby, delivery)
            and baby["gestation_days"] >= 168
            and rows.babies[delivery["first_baby"] + baby["birth_order"] - 1] is baby
            and (delivery["first_baby"] + baby["birth_order"] - 1) in rows.episodes_of
        ),
        lambda row, _: any(episode["discharge_destination"] == "3" for episode in rows.episodes_of[row]),
    ),
    "HV01": hv01,
    "HV04": lambda rows: reviewed(rows, 3, 12),
    "HV05": lambda rows: reviewed(rows, 3, 15),
    "HV06": lambda rows: reviewed(rows, 4, 30),
    "PM03": pm03,
    "PM05": lambda rows: referrals(rows, everyone, lambda each: not each["accepted"]),
}


def ethnic_group(rows: Rows, mother: int) -> str:
    category = rows.mothers[mother]["recorded_ethnic_category"]
    groups = {"ABC": "white", "DEFG": "mixed", "HJKL": "asian", "MNP": "black", "RS": "other"}
    return next((group for letters, group in groups.items() if category and category in letters), "unknown")


def recounted(rows: Rows, indicator: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Denominator and numerator by month, provider, site, dimension and stratum: the whole and the ethnic groups."""
    counts: dict[tuple[str, ...], tuple[int, int]] = {}
    for unit in RECOUNTS[indicator](rows):
        for dimension, stratum in (("all", "all"), ("eth5", ethnic_group(rows, unit.mother))):
            key = (unit.on.isoformat()[:7], *unit.place, dimension, stratum)
            below, above = counts.get(key, (0, 0))
            counts[key] = (below + 1, above + unit.is_event)
    return counts
