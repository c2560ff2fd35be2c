"""What each maternity record tells of: one pregnancy of a world, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

from synthetic_bundles.homes import HomeRecord, Homes, homes_of
from synthetic_bundles.plain_records import (
    BabyRecord,
    BookingAnswerRecord,
    BookingRecord,
    CarePlanRecord,
    Children,
    DeliveryRecord,
    FatherRecord,
    HistoryRecord,
    LabourRecord,
    MotherRecord,
    NewbornRecord,
    OngoingRecord,
    PregnancyRecord,
    children,
    records_of,
)
from synthetic_bundles.tables import World

ROWS_AT_ONCE = 2000  # enough to spread the cost of each column over many rows, few enough to stay flat in memory


class Antenatal(NamedTuple):
    """What a maternity system knows of a pregnancy besides its booking."""

    answers: BookingAnswerRecord
    history: HistoryRecord
    father: FatherRecord | None
    homes: Sequence[HomeRecord]  # in order of date
    plans: Sequence[CarePlanRecord]


class BirthRecord(NamedTuple):
    """One pregnancy that ended in birth, with all that belongs to it. row: over all parts of a world."""

    row: int
    mother: MotherRecord
    pregnancy: PregnancyRecord
    booking: BookingRecord
    antenatal: Antenatal
    delivery: DeliveryRecord
    labour: LabourRecord
    babies: Sequence[BabyRecord]
    newborns: Sequence[NewbornRecord]  # one a baby, in their order

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
    antenatal: Antenatal
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
    around = _around(world)
    for first, last in _spans(start, world.births if stop is None else min(stop, world.births)):
        yield from _births_between(world, around, first, last)


def ongoing_records(world: World, *, start: int = 0, stop: int | None = None) -> Iterator[ExpectantRecord]:
    """The ongoing pregnancies from row `start` up to but not including `stop`, in order of booking."""
    around = _around(world)
    end = len(world.pregnancies)
    for first, last in _spans(max(start, world.births), end if stop is None else min(stop, end)):
        yield from _ongoing_between(world, around, first, last)


@dataclass(frozen=True, slots=True)
class _Around:
    """The rows that belong to pregnancies, by pregnancy."""

    fathers: Children
    plans: Children
    homes: Homes


def _around(world: World) -> _Around:
    care, pregnancies = world.care, len(world.pregnancies)
    return _Around(
        fathers=children(care.fathers, "pregnancy", pregnancies),
        plans=children(care.care_plans, "pregnancy", pregnancies),
        homes=homes_of(world),
    )


def _spans(start: int, stop: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + ROWS_AT_ONCE, stop)) for first in range(start, stop, ROWS_AT_ONCE))


def _births_between(world: World, around: _Around, start: int, stop: int) -> Iterator[BirthRecord]:
    deliveries = records_of(DeliveryRecord, world.deliveries[start:stop])
    labours = records_of(LabourRecord, world.care.labours[start:stop])
    first_baby = deliveries[0].first_baby
    last_baby = deliveries[-1].first_baby + deliveries[-1].babies
    babies = records_of(BabyRecord, world.babies[first_baby:last_baby])
    newborns = records_of(NewbornRecord, world.care.newborns[first_baby:last_baby])
    for booked, delivery, labour in zip(_booked_between(world, around, start, stop), deliveries, labours, strict=True):
        own = slice(delivery.first_baby - first_baby, delivery.first_baby - first_baby + delivery.babies)
        yield BirthRecord(*booked, delivery, labour, babies[own], newborns[own])


def _ongoing_between(world: World, around: _Around, start: int, stop: int) -> Iterator[ExpectantRecord]:
    ongoing = records_of(OngoingRecord, world.ongoing[start - world.births : stop - world.births])
    for booked, recorded in zip(_booked_between(world, around, start, stop), ongoing, strict=True):
        yield ExpectantRecord(*booked, recorded)


def _booked_between(
    world: World, around: _Around, start: int, stop: int
) -> Iterator[tuple[int, MotherRecord, PregnancyRecord, BookingRecord, Antenatal]]:
    return zip(
        range(world.first_row + start, world.first_row + stop),
        records_of(MotherRecord, world.mothers[start:stop]),
        records_of(PregnancyRecord, world.pregnancies[start:stop]),
        records_of(BookingRecord, world.bookings[start:stop]),
        _antenatal_between(world, around, start, stop),
        strict=True,
    )


def _antenatal_between(world: World, around: _Around, start: int, stop: int) -> Iterator[Antenatal]:
    known = zip(
        records_of(BookingAnswerRecord, world.care.booking_answers[start:stop]),
        records_of(HistoryRecord, world.care.histories[start:stop]),
        around.fathers.of(FatherRecord, start, stop),
        around.homes.of(start, stop),
        around.plans.of(CarePlanRecord, start, stop),
        strict=True,
    )
    for answers, history, fathers, homes, plans in known:
        yield Antenatal(answers, history, fathers[0] if fathers else None, homes, plans)
