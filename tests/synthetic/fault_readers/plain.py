"""What a record says, whatever it was written in, and the checks that need nothing but the record itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache

ETHNIC_GROUPS = {"ABC": "white", "DEFG": "mixed", "HJKL": "asian", "MNP": "black", "RS": "other"}
GROUP_OF = {category: group for categories, group in ETHNIC_GROUPS.items() for category in categories}
TEMPORARY = "T:"
OWN_CODE = "LOC"  # how the codes of a trust's own begin
LIGHTEST_G = 20  # what is less was not written in grams
LONGEST_GESTATION_DAYS = 350


@dataclass(frozen=True, slots=True)
class Baby:
    """gestation_days, weight_g: None where absent or implausible, so that they cannot be compared."""

    hospital_number: str | None
    nhs_number: str | None
    birth_order: int
    born: str  # YYYY-MM-DD, then the time
    gestation_days: int | None
    weight_g: int | None


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth as the maternity system tells it, or a stay as the unit does: then with one baby.

    site: where it happened, None of a stay. ethnic_category: of the mother.
    """

    babies: Sequence[Baby]
    mother_hospital_number: str | None
    mother_nhs_number: str | None
    ethnic_category: str | None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands at one place of one file.

    key: what its sender calls it. month: in which it happened (YYYY-MM). at: when, as text that sorts by time, None
    where that cannot be said. faults: what is wrong with what it says. birth: of a birth or a stay.
    """

    key: str
    month: str
    at: str | None
    faults: frozenset[str]
    birth: Birth | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """The records of one file in their order. month, part: of the file; a world in one piece has part 1."""

    month: str
    part: int
    records: Sequence[Record]


@dataclass(slots=True)
class Feed:
    """All that one system sent in one format. broken: files that arrived broken, by what is wrong with them."""

    sendings: list[Sending] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)

    def each_once(self) -> dict[str, tuple[int, Record]]:
        """Every record by its key, with the part of the world it stands in."""
        return {record.key: (sending.part, record) for sending in self.sendings for record in sending.records}


@cache
def is_valid_number(number: str) -> bool:
    """Modulus 11 over ten digits, as the NHS Data Dictionary has it."""
    if len(number) != 10 or not number.isdigit():
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False))
    return (11 - weighted % 11) % 11 == int(number[9])


def number_faults(numbers: Iterable[str | None]) -> set[str]:
    """What is wrong with the NHS numbers of one record. A number that is absent is no fault by itself."""
    return {
        "temporary_id" if number.startswith(TEMPORARY) else "nhs_number_wrong"
        for number in numbers
        if number and not is_valid_number(number)
    }


@cache
def is_real_day(day: str) -> bool:
    """Whether the calendar has this day. day: YYYY-MM-DD."""
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def date_faults(days: Iterable[str]) -> set[str]:
    return set() if all(map(is_real_day, days)) else {"impossible_date"}


def code_faults(codes_out_of_list: Collection[str]) -> set[str]:
    """What codes that no list has are: a trust's own, or unknown."""
    return {"local_code" if code.startswith(OWN_CODE) else "unknown_code" for code in codes_out_of_list}


def plausible_weight(grams: float | None) -> tuple[int | None, set[str]]:
    """The weight, and whether it was written in kilograms where grams belong."""
    if grams is not None and grams < LIGHTEST_G:
        return None, {"weight_in_kilograms"}
    return (None if grams is None else round(grams)), set()


def plausible_gestation(days: float | None) -> tuple[int | None, set[str]]:
    """The gestation, and whether days were written where weeks belong."""
    if days is not None and days > LONGEST_GESTATION_DAYS:
        return None, {"gestation_in_days"}
    return (None if days is None else round(days)), set()


def ethnic_group(category: str | None) -> str | None:
    """One of five groups; None where it is not known or not stated."""
    return GROUP_OF.get(category or "")


def birth_record(key: str, birth: Birth, faults: Iterable[str]) -> Record:
    """The record of a birth. faults: those of anything but its NHS numbers."""
    numbers = [baby.nhs_number for baby in birth.babies]
    missing = ("nhs_number_missing",) if None in numbers else ()
    born = min(baby.born for baby in birth.babies)[: len("YYYY-MM-DDTHH:MM")]
    return Record(key, born[:7], born, frozenset((*faults, *missing, *number_faults(numbers))), birth)


def stay_record(key: str, admitted: str, birth: Birth, faults: Iterable[str]) -> Record:
    """The record of a stay: it names nobody when its baby has neither NHS number nor hospital number."""
    (baby,) = birth.babies
    missing = ("nhs_number_missing",) if baby.nhs_number is None and baby.hospital_number is None else ()
    at = admitted[: len("YYYY-MM-DDTHH:MM")]
    return Record(key, at[:7], at, frozenset((*faults, *missing, *number_faults([baby.nhs_number]))), birth)


def event_record(key: str, day: str, numbers: Sequence[str | None], faults: Iterable[str]) -> Record:
    """The record of a contact or a referral on a day. numbers: NHS numbers of whom it names."""
    missing = () if any(numbers) else ("nhs_number_missing",)
    at = day if is_real_day(day) else None
    return Record(key, day[:7], at, frozenset((*faults, *missing, *number_faults(numbers))))
