"""Where a record says of a birth what the maternity system does not: drawn faults, and units that always differ.

Only facts are listed that two systems tell. The clean maternity record is what a record is held against, so a slip of
unit in maternity is listed with that record itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from synthetic_bundles.chance import Integers
from synthetic_bundles.faults.kinds import Fault, System
from synthetic_bundles.mentions import BABY, MOTHER
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.placing import Told
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.tables import World

GESTATION, WEIGHT, BIRTH_DATE, ETHNICITY = "gestation_days", "birth_weight_g", "birth_datetime", "ethnic_category"
IDENTITY = "nhs_number"


class Cause(StrEnum):
    """Why a record differs."""

    INJECTED = "injected"  # a drawn fault
    NATURAL = "natural"  # a unit that wrote down another value, at every level of faults
    UNIT = "unit"  # the right value in another unit, which a receiver recognises or finds implausible
    SWAPPED = "swapped"  # the record bears the numbers of the other twin


class Disagreement(NamedTuple):
    """One field of one person in one record. size: days or grams, None where a difference has no size.

    is_named: whether the record has a number by which anybody can be found, his own system's apart.
    """

    role: str
    field: str
    kind: str
    size: float | None
    is_named: bool


class Births(NamedTuple):
    """What the maternity system holds of babies, for the comparison. baby_of_stay: by position in the part."""

    baby_of_stay: list[int]
    gestation_days: list[int]
    birth_weight_g: list[int]
    first_row: int


Disagreements = Iterator[Disagreement]
Finder = Callable[[Births, Told], Disagreements]


def births_told(world: World) -> Births:
    """The values of one part of a world that stays are held against."""
    baby: Integers = world.care.neonatal_episodes["baby"].astype(np.int64)
    return Births(
        baby.tolist(),
        world.babies["gestation_days"].tolist(),
        world.babies["birth_weight_g"].tolist(),
        world.first_row,
    )


def _of_birth(_: Births, told: Told) -> Disagreements:
    """Slips of unit of the first baby, against which a stay of it stands."""
    if not isinstance(told.written, BirthRecord):
        return
    if told.fault is Fault.WEIGHT_IN_KILOGRAMS:
        yield Disagreement(BABY, WEIGHT, Cause.UNIT, None, True)
    if told.fault is Fault.GESTATION_IN_DAYS:
        yield Disagreement(BABY, GESTATION, Cause.UNIT, None, True)


def _of_stay(births: Births, told: Told) -> Disagreements:
    written: NeonatalRecord = told.written
    clean: NeonatalRecord = told.clean
    is_named = not (written.nhs_number is None and written.mother_nhs_number is None)
    is_named = is_named and told.fault is not Fault.NHS_NUMBER_WRONG
    baby = births.baby_of_stay[told.row - births.first_row]
    if told.fault is Fault.TWINS_SWAPPED:
        yield Disagreement(BABY, IDENTITY, Cause.SWAPPED, None, is_named)
        return
    days = written.gestation_days - births.gestation_days[baby]
    if days:
        kind = Cause.INJECTED if told.fault is Fault.GESTATION_CONFLICT else Cause.NATURAL
        yield Disagreement(BABY, GESTATION, kind, abs(days), is_named)
    grams = clean.birth_weight_g - births.birth_weight_g[baby]
    if told.fault is Fault.WEIGHT_CONFLICT:
        grams = written.birth_weight_g - births.birth_weight_g[baby]
    if grams:
        kind = Cause.INJECTED if told.fault is Fault.WEIGHT_CONFLICT else Cause.NATURAL
        yield Disagreement(BABY, WEIGHT, kind, abs(grams), is_named)
    if told.fault is Fault.WEIGHT_IN_KILOGRAMS:
        yield Disagreement(BABY, WEIGHT, Cause.UNIT, None, is_named)
    if told.fault is Fault.BIRTH_DATE_CONFLICT:
        apart = date.fromisoformat(clean.birth_datetime[:10]) - date.fromisoformat(written.birth_datetime[:10])
        yield Disagreement(BABY, BIRTH_DATE, Cause.INJECTED, abs(apart.days), is_named)
    if told.fault is Fault.ETHNICITY_CONFLICT:
        yield Disagreement(MOTHER, ETHNICITY, Cause.INJECTED, None, is_named)


FINDERS: Mapping[System, Finder] = MappingProxyType({System.MATERNITY: _of_birth, System.NEONATAL: _of_stay})
