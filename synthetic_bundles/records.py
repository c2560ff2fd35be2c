"""A world's rows as plain values ready to be written: ISO text for dates, None for what is absent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from synthetic_bundles.london_time import iso_texts
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, World

Value = str | int | float | bool | None
ROWS_AT_ONCE = 2000  # enough to spread the cost of each column over many rows, few enough to stay flat in memory


class MotherRecord(NamedTuple):
    nhs_number: str
    family_name: str
    given_name: str
    birth_date: str
    ethnic_category: str
    recorded_ethnic_category: str | None
    language: str | None
    interpreter_required: bool
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
    nhs_number: str
    nhs_number_status: str
    birth_order: int
    birth_datetime: str
    death_datetime: str | None
    sex: str
    ethnic_category: str
    outcome: str
    gestation_days: int
    birth_weight_g: int
    apgar_5: int | None
    first_feed: str | None
    presentation: str
    place_of_birth: str
    skin_to_skin: str | None


Record = TypeVar("Record", MotherRecord, PregnancyRecord, BookingRecord, DeliveryRecord, BabyRecord)


class BirthRecord(NamedTuple):
    """One pregnancy that ended in birth, with all that belongs to it."""

    row: int
    mother: MotherRecord
    pregnancy: PregnancyRecord
    booking: BookingRecord
    delivery: DeliveryRecord
    babies: Sequence[BabyRecord]


def birth_records(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[BirthRecord]:
    """The births from row `start` up to but not including `stop`, in order of birth."""
    end = world.births if stop is None else min(stop, world.births)
    for first in range(start, end, ROWS_AT_ONCE):
        yield from _records_between(world, first, min(first + ROWS_AT_ONCE, end))


def _records_between(world: World, start: int, stop: int) -> Iterator[BirthRecord]:
    deliveries = records_of(DeliveryRecord, world.deliveries[start:stop])
    first_baby = deliveries[0].first_baby
    last_baby = deliveries[-1].first_baby + deliveries[-1].babies
    babies = records_of(BabyRecord, world.babies[first_baby:last_baby])
    rows = zip(
        range(start, stop),
        records_of(MotherRecord, world.mothers[start:stop]),
        records_of(PregnancyRecord, world.pregnancies[start:stop]),
        records_of(BookingRecord, world.bookings[start:stop]),
        deliveries,
        strict=True,
    )
    for row, mother, pregnancy, booking, delivery in rows:
        own = delivery.first_baby - first_baby
        yield BirthRecord(row, mother, pregnancy, booking, delivery, babies[own : own + delivery.babies])


def records_of(kind: type[Record], table: Table) -> list[Record]:
    """One record of this kind a row of the table; the columns stand in the order of the record's fields."""
    assert table.dtype.names == kind._fields, f"{kind.__name__} does not name the columns of its table"
    columns = [_plain_values(table, name) for name in kind._fields]
    return [kind._make(values) for values in zip(*columns, strict=True)]


def _plain_values(table: Table, name: str) -> Sequence[Value]:
    column = table[name]
    if column.dtype == "M8[D]":
        return list(np.datetime_as_string(column).tolist())
    if column.dtype == "M8[m]":
        texts = np.where(np.isnat(column), ABSENT_TEXT, iso_texts(column))
        return [text or None for text in texts.tolist()]
    if column.dtype.kind == "U":
        return [None if text == ABSENT_TEXT else text for text in column.tolist()]
    if column.dtype.kind == "f":
        return [None if math.isnan(value) else value for value in column.tolist()]
    return [None if value == ABSENT_NUMBER else value for value in column.tolist()]
