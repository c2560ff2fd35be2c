"""Records as they are written with their faults: renderers print them and know of no fault."""

from __future__ import annotations

from datetime import date, timedelta

from synthetic_bundles.faults.kinds import Fault
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.referral_records import ReferralTold
from synthetic_bundles.visit_records import ContactRecord
from synthetic_bundles.vocabulary import ETHNIC_GROUP_OF

UNKNOWN_METHOD = 99  # no code of delivery methods
LOCAL_FEED = "LOC1"  # a code of the trust's own, which nobody has mapped
UNKNOWN_DESTINATION = "77"
UNKNOWN_ATTENDANCE = "Q"
UNKNOWN_SOURCE = "Z9"
DAYS_IN_WEEK = 7


def birth_as_written(record: BirthRecord, fault: Fault | None) -> BirthRecord:
    """The maternity record of a birth; a fault of one baby is that of the first."""
    first, *others = record.babies
    match fault:
        case Fault.NHS_NUMBER_MISSING:
            first = first._replace(nhs_number=None, nhs_number_status=None)
        case Fault.NHS_NUMBER_WRONG:
            first = first._replace(nhs_number=_wrong(first.nhs_number))
        case Fault.TEMPORARY_ID:
            first = first._replace(nhs_number=_temporary(record.row))
        case Fault.WEIGHT_IN_KILOGRAMS:
            first = first._replace(birth_weight_g=first.birth_weight_g / 1000)
        case Fault.GESTATION_IN_DAYS:  # the number of days stands where weeks belong
            first = first._replace(gestation_days=first.gestation_days * DAYS_IN_WEEK)
        case Fault.LOCAL_CODE:
            first = first._replace(first_feed=LOCAL_FEED)
        case Fault.UNKNOWN_CODE:
            return record._replace(delivery=record.delivery._replace(method=UNKNOWN_METHOD))
        case Fault.IMPOSSIBLE_DATE:
            born = f"{record.mother.birth_date[:4]}-02-30"
            return record._replace(mother=record.mother._replace(birth_date=born))
        case _:
            return record
    return record._replace(babies=[first, *others])


def stay_as_written(record: NeonatalRecord, fault: Fault | None, twin: NeonatalRecord | None) -> NeonatalRecord:
    """The neonatal record of a stay. twin: whose numbers it bears when the two were swapped."""
    match fault:
        case Fault.NHS_NUMBER_MISSING:
            return _nameless(record, number=None)
        case Fault.NHS_NUMBER_WRONG:
            return _nameless(record, number=_wrong(record.nhs_number))
        case Fault.TEMPORARY_ID:
            return record._replace(nhs_number=_temporary(record.row), hospital_number=None)
        case Fault.TWINS_SWAPPED if twin is not None:
            return record._replace(
                nhs_number=twin.nhs_number,
                nhs_number_status=twin.nhs_number_status,
                hospital_number=twin.hospital_number,
                birth_order=twin.birth_order,
            )
        case Fault.GESTATION_CONFLICT:
            return record._replace(gestation_days=record.gestation_days - 2 - record.row % 6)
        case Fault.WEIGHT_CONFLICT:
            return record._replace(birth_weight_g=record.birth_weight_g + 40 + record.row % 90)
        case Fault.BIRTH_DATE_CONFLICT:
            return record._replace(birth_datetime=_day_before(record.birth_datetime))
        case Fault.ETHNICITY_CONFLICT:
            return record._replace(mother_ethnic_category=_of_other_group(record.mother_ethnic_category))
        case Fault.WEIGHT_IN_KILOGRAMS:
            return record._replace(birth_weight_g=record.birth_weight_g / 1000)
        case Fault.UNKNOWN_CODE:
            return record._replace(episode=record.episode._replace(discharge_destination=UNKNOWN_DESTINATION))
        case Fault.IMPOSSIBLE_DATE:
            left = record.episode.discharge_datetime or ""
            return record._replace(episode=record.episode._replace(discharge_datetime=f"{left[:4]}-02-30{left[10:]}"))
        case _:
            return record


def contact_as_written(record: ContactRecord, fault: Fault | None) -> ContactRecord:
    """The health visitors' record of a contact."""
    match fault:
        case Fault.NHS_NUMBER_MISSING:
            return record._replace(mother_nhs_number=None, nhs_number=None, nhs_number_status=None)
        case Fault.NHS_NUMBER_WRONG if record.child_number is None:
            return record._replace(mother_nhs_number=_wrong(record.mother_nhs_number))
        case Fault.NHS_NUMBER_WRONG:
            return record._replace(mother_nhs_number=None, nhs_number=_wrong(record.nhs_number))
        case Fault.UNKNOWN_CODE:
            return record._replace(visit=record.visit._replace(attendance=UNKNOWN_ATTENDANCE))
        case Fault.IMPOSSIBLE_DATE:
            visit = record.visit
            return record._replace(visit=visit._replace(contact_date=_past_the_end(visit.contact_date)))
        case _:
            return record


def referral_as_written(record: ReferralTold, fault: Fault | None) -> ReferralTold:
    """The mental-health team's record of a referral."""
    referral = record.referral
    match fault:
        case Fault.NHS_NUMBER_MISSING:
            return record._replace(nhs_number=None)
        case Fault.NHS_NUMBER_WRONG:
            return record._replace(nhs_number=_wrong(record.nhs_number))
        case Fault.UNKNOWN_CODE:
            return record._replace(referral=referral._replace(source=UNKNOWN_SOURCE))
        case Fault.IMPOSSIBLE_DATE:
            return record._replace(referral=referral._replace(referral_date=_past_the_end(referral.referral_date)))
        case _:
            return record


def _nameless(record: NeonatalRecord, *, number: str | None) -> NeonatalRecord:
    """A stay that cannot be linked: at most a number of the baby that is nobody's."""
    status = None if number is None else record.nhs_number_status
    return record._replace(
        nhs_number=number,
        nhs_number_status=status,
        hospital_number=None,
        mother_nhs_number=None,
        mother_hospital_number=None,
    )


def _wrong(number: str | None) -> str | None:
    """The number with another check digit, which no number with these nine digits has."""
    return None if number is None else number[:-1] + str((int(number[-1]) + 1) % 10)


def _temporary(row: int) -> str:
    return f"T:{row:07d}"


def _day_before(local_time: str) -> str:
    return f"{date.fromisoformat(local_time[:10]) - timedelta(days=1)}{local_time[10:]}"


def _of_other_group(category: str | None) -> str:
    return "H" if ETHNIC_GROUP_OF.get(category or "") == "white" else "A"


def _past_the_end(day: str) -> str:
    """A day that the month does not have: 30 February or the 31st of a month of thirty days."""
    return f"{day[:8]}30" if day[5:7] == "02" else f"{day[:8]}31"
