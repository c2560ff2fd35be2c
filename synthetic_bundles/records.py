"""A world's rows as plain values ready to be written: ISO text for dates, None for what is absent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from heapq import merge
from operator import attrgetter
from typing import NamedTuple, TypeVar

import numpy as np

from synthetic_bundles.london_time import iso_texts
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, Table, World

Value = str | int | float | bool | None
ROWS_AT_ONCE = 2000  # enough to spread the cost of each column over many rows, few enough to stay flat in memory


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
    birth_weight_g: int
    apgar_5: int | None
    first_feed: str | None
    presentation: str
    place_of_birth: str | None
    skin_to_skin: str | None


class OngoingRecord(NamedTuple):
    pregnancy: int
    recorded_datetime: str


Record = TypeVar("Record", MotherRecord, PregnancyRecord, BookingRecord, DeliveryRecord, BabyRecord, OngoingRecord)


class BirthRecord(NamedTuple):
    """One pregnancy that ended in birth, with all that belongs to it."""

    row: int
    mother: MotherRecord
    pregnancy: PregnancyRecord
    booking: BookingRecord
    delivery: DeliveryRecord
    babies: Sequence[BabyRecord]

    @property
    def trust(self) -> str:
        """The trust whose system tells of it."""
        return self.delivery.provider

    @property
    def month(self) -> str:
        """The month (YYYY-MM) in whose files it stands: that of the birth."""
        return self.delivery.birth_datetime[:7]

    @property
    def recorded_datetime(self) -> str:
        return self.delivery.recorded_datetime


class ExpectantRecord(NamedTuple):
    """One ongoing pregnancy, with all that is known of it."""

    row: int
    mother: MotherRecord
    pregnancy: PregnancyRecord
    booking: BookingRecord
    ongoing: OngoingRecord

    @property
    def trust(self) -> str:
        """The trust whose system tells of it."""
        return self.booking.provider

    @property
    def month(self) -> str:
        """The month (YYYY-MM) in whose files it stands: that of the booking."""
        return self.booking.booking_date[:7]

    @property
    def recorded_datetime(self) -> str:
        return self.ongoing.recorded_datetime


BundleRecord = BirthRecord | ExpectantRecord  # what one bundle tells of


def bundle_records(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[BundleRecord]:
    """The pregnancies from row `start` up to but not including `stop`: the births in order, then the ongoing ones."""
    yield from birth_records(world, start=start, stop=stop)
    yield from ongoing_records(world, start=start, stop=stop)


def bundle_records_by_month(world: World) -> Iterator[BundleRecord]:
    """Every pregnancy in order of the month in whose files it stands."""
    return merge(birth_records(world), ongoing_records(world), key=attrgetter("month"))


def birth_records(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[BirthRecord]:
    """The births from row `start` up to but not including `stop`, in order of birth."""
    for first, last in _spans(start, world.births if stop is None else min(stop, world.births)):
        yield from _births_between(world, first, last)


def ongoing_records(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[ExpectantRecord]:
    """The ongoing pregnancies from row `start` up to but not including `stop`, in order of booking."""
    end = len(world.pregnancies)
    for first, last in _spans(max(start, world.births), end if stop is None else min(stop, end)):
        yield from _ongoing_between(world, first, last)


def _spans(start: int, stop: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + ROWS_AT_ONCE, stop)) for first in range(start, stop, ROWS_AT_ONCE))


def _births_between(world: World, start: int, stop: int) -> Iterator[BirthRecord]:
    deliveries = records_of(DeliveryRecord, world.deliveries[start:stop])
    first_baby = deliveries[0].first_baby
    last_baby = deliveries[-1].first_baby + deliveries[-1].babies
    babies = records_of(BabyRecord, world.babies[first_baby:last_baby])
    for booked, delivery in zip(_booked_between(world, start, stop), deliveries, strict=True):
        own = delivery.first_baby - first_baby
        yield BirthRecord(*booked, delivery, babies[own : own + delivery.babies])


def _ongoing_between(world: World, start: int, stop: int) -> Iterator[ExpectantRecord]:
    ongoing = records_of(OngoingRecord, world.ongoing[start - world.births : stop - world.births])
    for booked, recorded in zip(_booked_between(world, start, stop), ongoing, strict=True):
        yield ExpectantRecord(*booked, recorded)


def _booked_between(
    world: World, start: int, stop: int
) -> Iterator[tuple[int, MotherRecord, PregnancyRecord, BookingRecord]]:
    return zip(
        range(start, stop),
        records_of(MotherRecord, world.mothers[start:stop]),
        records_of(PregnancyRecord, world.pregnancies[start:stop]),
        records_of(BookingRecord, world.bookings[start:stop]),
        strict=True,
    )


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
