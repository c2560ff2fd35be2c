"""Where the neonatal unit and the maternity system say different things of one baby."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.synthetic.fault_readers.plain import Baby, Birth, ethnic_group, is_valid_number

WEIGHT_TOLERANCE_G = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """One baby as both tell it. twin: the other one of two, as the maternity system tells it."""

    stay: Birth
    birth: Birth
    baby: Baby
    twin: Baby | None


def conflicts(births: Iterable[Birth], stays: Iterable[Birth]) -> Counter[str]:
    """How many stays differ in what from the birth that they belong to. A stay that names nobody belongs to none.

    Two twins were swapped when each has the number of one and the weight of the other; then nothing else of them is
    compared.
    """
    pairs = list(_pairs(births, stays))
    crossed = {pair.baby.hospital_number for pair in pairs if _has_weight_of_twin(pair)}
    found: Counter[str] = Counter()
    for pair in pairs:
        if _has_weight_of_twin(pair) and pair.twin is not None and pair.twin.hospital_number in crossed:
            found["twins_swapped"] += 1
        else:
            found.update(_differences(pair))
    return found


def _pairs(births: Iterable[Birth], stays: Iterable[Birth]) -> Iterator[Pair]:
    """Joined by the baby's hospital number, else by its NHS number, else by the mother's number and the birth order."""
    of_anybody: dict[object, tuple[Birth, Baby]] = {}
    for birth in births:
        for baby in birth.babies:
            of_anybody.update(dict.fromkeys(_names(birth, baby), (birth, baby)))
    for stay in stays:
        (told,) = stay.babies
        found = next((of_anybody[name] for name in _names(stay, told) if name in of_anybody), None)
        if found is not None:
            birth, baby = found
            others = [each for each in birth.babies if each is not baby]
            yield Pair(stay, birth, baby, others[0] if len(others) == 1 else None)


def _names(birth: Birth, baby: Baby) -> list[object]:
    """What a baby can be found by, best first. A number that cannot be right is nobody's."""
    names: list[object] = []
    if baby.hospital_number is not None:
        names.append(baby.hospital_number)
    if baby.nhs_number is not None and is_valid_number(baby.nhs_number):
        names.append(baby.nhs_number)
    mothers = (birth.mother_hospital_number, birth.mother_nhs_number)
    return [*names, *((number, baby.birth_order) for number in mothers if number)]


def _has_weight_of_twin(pair: Pair) -> bool:
    (told,) = pair.stay.babies
    return (
        pair.twin is not None
        and _is_other_weight(told, pair.baby)
        and told.weight_g is not None
        and pair.twin.weight_g is not None
        and not _is_other_weight(told, pair.twin)
    )


def _is_other_weight(one: Baby, other: Baby) -> bool:
    if one.weight_g is None or other.weight_g is None:
        return False
    return abs(one.weight_g - other.weight_g) > WEIGHT_TOLERANCE_G


def _differences(pair: Pair) -> Iterator[str]:
    (told,) = pair.stay.babies
    if None not in (told.gestation_days, pair.baby.gestation_days) and told.gestation_days != pair.baby.gestation_days:
        yield "gestation_conflict"
    if _is_other_weight(told, pair.baby):
        yield "weight_conflict"
    if told.born[:10] != pair.baby.born[:10]:
        yield "birth_date_conflict"
    groups = {ethnic_group(each.ethnic_category) for each in (pair.stay, pair.birth)} - {None}
    if len(groups) == 2:
        yield "ethnicity_conflict"
