"""Cells of the CSV tables of a maternity system: what a record holds, as text and nothing but text.

Whatever stands in the record is written: no value is checked, and an odd one keeps its own text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from synthetic_bundles.identifiers import baby_hospital_number, mother_hospital_number
from synthetic_bundles.plain_records import BabyRecord, NewbornRecord, Value
from synthetic_bundles.records import BirthRecord

Told = TypeVar("Told")
Cells = tuple[str, ...]
Finding = Mapping[str, Value]  # the few filled columns of one row of a table of findings


class BabyTold(NamedTuple):
    """One baby with its birth."""

    birth: BirthRecord
    baby: BabyRecord
    newborn: NewbornRecord

    @property
    def hospital_number(self) -> str:
        return baby_hospital_number(self.birth.trust, self.birth.row, self.baby.birth_order)

    @property
    def mother_number(self) -> str:
        return mother_hospital_number(self.birth.trust, self.birth.row)

    @property
    def death_datetime(self) -> str | None:
        """In the first four weeks or later, whichever the record holds."""
        return self.baby.death_datetime or self.newborn.late_death_datetime


def babies_told(birth: BirthRecord) -> Iterator[BabyTold]:
    """Every baby of the birth, in its order."""
    for baby, newborn in zip(birth.babies, birth.newborns, strict=True):
        yield BabyTold(birth, baby, newborn)


def text(value: Value) -> str:
    """The shortest text of a value, and nothing for what is absent: 2640.0 and 2640 are both `2640`."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def date_of(moment: str | None) -> str:
    """YYYY-MM-DD of a local date-time."""
    return "" if moment is None else moment[:10]


def time_of(moment: str | None) -> str:
    """HH:MM:SS of a local date-time, and nothing of a date alone."""
    return "" if moment is None else moment[11:19]


def cells(columns: Mapping[str, Callable[[Told], Value]], told: Told) -> Cells:
    """One row: every column reads its own value of what is told."""
    return tuple([text(read(told)) for read in columns.values()])


def cells_of(columns: Sequence[str], finding: Finding) -> Cells:
    """One row of a table of findings: the columns that the finding does not name stay empty."""
    return tuple([text(finding.get(column)) for column in columns])


def pregnancy_number(row: int) -> str:
    return f"P{row:07d}"


def delivery_number(row: int) -> str:
    return f"D{row:07d}"
