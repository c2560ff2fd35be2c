"""The kinds of faults, and how often each level has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import yaml

from synthetic_bundles.errors import FaultLevelInvalid, FaultLevelUnknown

LEVEL_FOLDER = files("synthetic_bundles") / "faults" / "levels"


class Fault(StrEnum):
    """What is wrong with one record, or with one file; a record has at most one drawn fault."""

    NHS_NUMBER_MISSING = "nhs_number_missing"
    NHS_NUMBER_WRONG = "nhs_number_wrong"
    TEMPORARY_ID = "temporary_id"
    TWINS_SWAPPED = "twins_swapped"
    GESTATION_CONFLICT = "gestation_conflict"
    WEIGHT_CONFLICT = "weight_conflict"
    BIRTH_DATE_CONFLICT = "birth_date_conflict"
    ETHNICITY_CONFLICT = "ethnicity_conflict"
    WEIGHT_IN_KILOGRAMS = "weight_in_kilograms"
    GESTATION_IN_DAYS = "gestation_in_days"
    UNKNOWN_CODE = "unknown_code"
    LOCAL_CODE = "local_code"
    IMPOSSIBLE_DATE = "impossible_date"
    DUPLICATE = "duplicate"
    RESENT = "resent"
    OUT_OF_ORDER = "out_of_order"
    LATE = "late"
    TRUNCATED_FILE = "truncated_file"
    WRONG_ENCODING = "wrong_encoding"


class System(StrEnum):
    """Whose records they are."""

    MATERNITY = "maternity"
    NEONATAL = "neonatal"
    HEALTH_VISITING = "health_visiting"
    MENTAL_HEALTH = "mental_health"


# How a record travels, not what it says.
TRAVEL_FAULTS = (Fault.DUPLICATE, Fault.RESENT, Fault.OUT_OF_ORDER, Fault.LATE)
# Slips of whoever types, which are commoner in busy shifts.
ENTRY_ERRORS = (
    Fault.NHS_NUMBER_WRONG,
    Fault.WEIGHT_IN_KILOGRAMS,
    Fault.GESTATION_IN_DAYS,
    Fault.UNKNOWN_CODE,
    Fault.LOCAL_CODE,
    Fault.IMPOSSIBLE_DATE,
)
FILE_FAULTS = (Fault.TRUNCATED_FILE, Fault.WRONG_ENCODING)
_LINKS = (Fault.NHS_NUMBER_MISSING, Fault.NHS_NUMBER_WRONG)
_SLIPS = (Fault.UNKNOWN_CODE, Fault.IMPOSSIBLE_DATE)
FAULTS_OF: Mapping[System, tuple[Fault, ...]] = {
    System.MATERNITY: (Fault.NHS_NUMBER_MISSING, Fault.TEMPORARY_ID, *ENTRY_ERRORS, *TRAVEL_FAULTS),
    System.NEONATAL: (
        *_LINKS,
        Fault.TEMPORARY_ID,
        Fault.TWINS_SWAPPED,
        Fault.GESTATION_CONFLICT,
        Fault.WEIGHT_CONFLICT,
        Fault.BIRTH_DATE_CONFLICT,
        Fault.ETHNICITY_CONFLICT,
        Fault.WEIGHT_IN_KILOGRAMS,
        *_SLIPS,
        *TRAVEL_FAULTS,
    ),
    System.HEALTH_VISITING: (*_LINKS, *_SLIPS, *TRAVEL_FAULTS),
    System.MENTAL_HEALTH: (*_LINKS, *_SLIPS, *TRAVEL_FAULTS),
}


@dataclass(frozen=True, slots=True)
class FaultLevel:
    """How often each fault happens.

    rates: share of a system's records with the fault, by system; in maternity that of the entry errors holds for quiet
    shifts. busy_shift_factor: how much likelier an entry error is in a busy shift. of_files: share of the files.
    """

    name: str
    rates: Mapping[System, Mapping[Fault, float]]
    busy_shift_factor: float
    of_files: Mapping[Fault, float]


def fault_levels() -> tuple[str, ...]:
    """Names of the levels that are shipped, sorted."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in LEVEL_FOLDER.iterdir()))


def load_fault_level(name: str) -> FaultLevel:
    """The shipped level of this name. Raises FaultLevelUnknown or FaultLevelInvalid."""
    if name not in fault_levels():
        raise FaultLevelUnknown(name, fault_levels())
    return parse_fault_level(name, (LEVEL_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parse_fault_level(name: str, text: str) -> FaultLevel:
    """A level from its YAML text. Raises FaultLevelInvalid with every reason."""
    document = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise FaultLevelInvalid(f"faults/levels/{name}.yaml", ("must be a mapping",))
    reasons = list(_reasons_against(document))
    if reasons:
        raise FaultLevelInvalid(f"faults/levels/{name}.yaml", reasons)
    return FaultLevel(
        name=name,
        rates={system: _rates(document.get(system, {})) for system in System},
        busy_shift_factor=float(document.get("busy_shift_factor", 1.0)),
        of_files=_rates(document.get("files", {})),
    )


def _rates(section: Mapping[str, Any]) -> dict[Fault, float]:
    return {Fault(kind): float(rate) for kind, rate in section.items()}


def _reasons_against(document: Mapping[str, Any]) -> list[str]:
    allowed = {system.value: kinds for system, kinds in FAULTS_OF.items()} | {"files": FILE_FAULTS}
    reasons = [f"key '{key}' is not known" for key in document if key not in (*allowed, "title", "busy_shift_factor")]
    for key, kinds in allowed.items():
        section = document.get(key, {})
        if not isinstance(section, dict):
            reasons.append(f"{key}: must be a mapping")
            continue
        reasons += [f"{key}.{kind}: no fault of it" for kind in section if kind not in kinds]
        reasons += [
            f"{key}.{kind}: a share from 0 to 1 is required" for kind, rate in section.items() if not _is_share(rate)
        ]
        if not reasons and sum(section.values()) > 1:
            reasons.append(f"{key}: the shares come to more than 1")
    factor = document.get("busy_shift_factor", 1.0)
    if not isinstance(factor, int | float) or factor < 1:
        reasons.append("busy_shift_factor: a number from 1 on is required")
    return reasons


def _is_share(rate: object) -> bool:
    return isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1
