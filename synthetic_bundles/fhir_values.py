"""Values of observations as FHIR R4 writes them. None stays None: what is not known is not written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from synthetic_bundles.fhir_codes import ANSWERS, Resource, local_concept, quantity, snomed

Code = TypeVar("Code", int, str)
SHORTEST_SNOMED = 6  # digits


def whole(number: float | str | None) -> Resource | None:
    """A count; one that is no whole number stays what it is."""
    if isinstance(number, int):
        return {"valueInteger": number}
    return measured(number, "1", "1")


def measured(number: float | str | None, unit: str, code: str) -> Resource | None:
    """A quantity. unit: as people write it. code: of UCUM."""
    if number is None:
        return None
    return {"valueString": number} if isinstance(number, str) else {"valueQuantity": quantity(number, unit, code)}


def dated(moment: str | None) -> Resource | None:
    """moment: a date or a date-time."""
    return None if moment is None else {"valueDateTime": moment}


def coded(code: Code | None, known: Mapping[Code, Resource]) -> Resource | None:
    return None if code is None else {"valueCodeableConcept": concept_of(code, known)}


def answered(answer: str | None) -> Resource | None:
    """Y, N or Z (not stated), or what else was put there."""
    return coded(answer, ANSWERS)


def said(flag: int | None) -> Resource | None:
    """A yes or no kept as 1 or 0."""
    return None if flag is None else {"valueCodeableConcept": ANSWERS["Y" if flag else "N"]}


def concept_of(code: Code, known: Mapping[Code, Resource]) -> Resource:
    """The concept of a code; of one that is not in the map, a code of the sender's own."""
    found = known.get(code)
    return local_concept(code) if found is None else found


def one_of(code: Code | None, known: Mapping[Code, Sequence[Resource]], row: int) -> Resource | None:
    """One of the concepts that mean this code. row: decides which."""
    if code is None:
        return None
    found = known.get(code)
    return local_concept(code) if found is None else found[row % len(found)]


def clinical(code: str) -> Resource:
    """A concept of SNOMED, or a code of the sender's own."""
    is_snomed = code.isdigit() and len(code) >= SHORTEST_SNOMED
    return snomed(code) if is_snomed else local_concept(code)
