"""The records of each system in order of month, as they are and as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles.faults.drawing import Faults
from synthetic_bundles.faults.entry import birth_as_written, contact_as_written, referral_as_written, stay_as_written
from synthetic_bundles.faults.kinds import Fault, System
from synthetic_bundles.faults.lateness import month_when_late
from synthetic_bundles.neonatal_records import NeonatalRecord, neonatal_records
from synthetic_bundles.placing import Told
from synthetic_bundles.records import BirthRecord, bundle_records_by_month
from synthetic_bundles.referral_records import referral_records
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import contact_records

LAST_MONTH_OF_SUMMER_TIME = "10"  # on its second day the clock is still an hour ahead
FIRST_MONTH_OF_SUMMER_TIME = "04"


def told_by(world: World, faults: Faults, system: System) -> Iterator[Told]:
    """Every record of the system in order of the month in whose files it belongs."""
    return TELLERS[system](world, faults)


def natural_faults(system: System) -> Callable[[Told], Iterable[Fault]]:
    """What records of a system lack without any drawn fault: a number of a baby, or of anybody at all."""
    return NATURAL[system]


def _births(world: World, faults: Faults) -> Iterator[Told]:
    drawn = faults.of(System.MATERNITY)
    last_month = str(world.last_month)
    for record in bundle_records_by_month(world):
        if not isinstance(record, BirthRecord):
            yield Told(record.row, record.trust, record.month, None, None, record, record)
            continue
        fault = drawn[record.row - world.first_row]
        written = birth_as_written(record, fault)
        if fault is Fault.LATE:
            written = _recorded_in(written, month_when_late(record.row, record.month, last_month))
        at = record.delivery.birth_datetime
        yield Told(record.row, record.trust, record.month, at, fault, record, written)


def _recorded_in(record: BirthRecord, month: str) -> BirthRecord:
    is_summer = FIRST_MONTH_OF_SUMMER_TIME <= month[5:7] <= LAST_MONTH_OF_SUMMER_TIME
    at = f"{month}-02T09:00:00{'+01:00' if is_summer else '+00:00'}"
    latest = max(at, record.delivery.recorded_datetime)
    return record._replace(delivery=record.delivery._replace(recorded_datetime=latest))


def _stays(world: World, faults: Faults) -> Iterator[Told]:
    drawn = faults.of(System.NEONATAL)
    records = list(neonatal_records(world))
    twin_of = _swapped_twins(records, drawn)
    told = [
        Told(
            record.row,
            record.trust,
            record.month,
            record.episode.admit_datetime,
            fault,
            record,
            stay_as_written(record, fault, twin_of.get(position)),
        )
        for position, (record, fault) in enumerate(zip(records, drawn, strict=True))
    ]
    return iter(sorted(told, key=lambda each: (each.month, each.at, each.row)))


def _swapped_twins(records: list[NeonatalRecord], drawn: list[Fault | None]) -> dict[int, NeonatalRecord]:
    """The stay of the other twin, by position; stays stand in order of baby, so twins are neighbours among these."""
    swapped = [position for position, fault in enumerate(drawn) if fault is Fault.TWINS_SWAPPED]
    pairs = zip(swapped[::2], swapped[1::2], strict=True)
    return {one: records[other] for first, second in pairs for one, other in ((first, second), (second, first))}


def _contacts(world: World, faults: Faults) -> Iterator[Told]:
    for record, fault in zip(contact_records(world), faults.of(System.HEALTH_VISITING), strict=True):
        at = _day_told(record.visit.contact_date, fault)
        yield Told(record.row, record.trust, record.month, at, fault, record, contact_as_written(record, fault))


def _referrals(world: World, faults: Faults) -> Iterator[Told]:
    for record, fault in zip(referral_records(world), faults.of(System.MENTAL_HEALTH), strict=True):
        at = _day_told(record.referral.referral_date, fault)
        yield Told(record.row, record.trust, record.month, at, fault, record, referral_as_written(record, fault))


def _day_told(day: str, fault: Fault | None) -> str | None:
    """The day by which nobody can put a record in order when it is written as one that does not exist."""
    return None if fault is Fault.IMPOSSIBLE_DATE else day


def _baby_without_number(told: Told) -> Iterable[Fault]:
    record = told.clean
    if isinstance(record, BirthRecord) and any(baby.nhs_number is None for baby in record.babies):
        return (Fault.NHS_NUMBER_MISSING,)
    return ()


def _stay_without_name(told: Told) -> Iterable[Fault]:
    return () if told.clean.episode.is_linked else (Fault.NHS_NUMBER_MISSING,)


def _contact_without_number(told: Told) -> Iterable[Fault]:
    """Of neither the mother nor the child: numbers of the synthetic range can run out in a very large world."""
    record = told.clean
    return (Fault.NHS_NUMBER_MISSING,) if (record.nhs_number or record.mother_nhs_number) is None else ()


def _referral_without_number(told: Told) -> Iterable[Fault]:
    return (Fault.NHS_NUMBER_MISSING,) if told.clean.nhs_number is None else ()


TELLERS: Mapping[System, Callable[[World, Faults], Iterator[Told]]] = MappingProxyType(
    {
        System.MATERNITY: _births,
        System.NEONATAL: _stays,
        System.HEALTH_VISITING: _contacts,
        System.MENTAL_HEALTH: _referrals,
    }
)
NATURAL: Mapping[System, Callable[[Told], Iterable[Fault]]] = MappingProxyType(
    {
        System.MATERNITY: _baby_without_number,
        System.NEONATAL: _stay_without_name,
        System.HEALTH_VISITING: _contact_without_number,
        System.MENTAL_HEALTH: _referral_without_number,
    }
)
