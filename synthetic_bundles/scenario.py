"""What is injected into a world: odds ratios by deprivation and ethnicity, and steps at a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from synthetic_bundles.errors import ScenarioInvalid, ScenarioUnknown
from synthetic_bundles.vocabulary import ETHNIC_GROUPS, TRUSTS

SCENARIO_FOLDER = files("synthetic_bundles") / "scenarios"
SCENARIO_KEYS = ("title", "odds_per_quintile", "odds_by_ethnicity", "steps")
STEP_KEYS = ("measure", "provider", "from_month", "percentage_points")


class Measure(StrEnum):
    """What a scenario can act on."""

    SMOKING_AT_BOOKING = "smoking_at_booking"
    PRETERM = "preterm"
    STILLBIRTH = "stillbirth"
    SEVERE_TEAR = "severe_tear"
    BREAST_MILK_FIRST = "breast_milk_first"


STEPPED_MEASURES = (Measure.BREAST_MILK_FIRST,)  # the others have no step yet; a scenario that asks is refused


@dataclass(frozen=True, slots=True)
class Step:
    """A lasting change of the probability in one trust, from the first day of a month on."""

    measure: Measure
    provider: str
    from_month: str
    percentage_points: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """The effects of one world.

    odds_per_quintile: odds ratio of each quintile against the next less deprived one; absent means 1.
    odds_by_ethnicity: odds ratio of a group against White; absent means 1.
    """

    name: str
    title: str
    odds_per_quintile: Mapping[Measure, float]
    odds_by_ethnicity: Mapping[Measure, Mapping[str, float]]
    steps: tuple[Step, ...]


def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that are shipped, sorted."""
    file_names = (file.name for file in SCENARIO_FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in file_names if name.endswith(".yaml")))


def load_scenario(name: str) -> Scenario:
    """The shipped scenario of this name. Raises ScenarioUnknown or ScenarioInvalid."""
    known = scenario_names()
    if name not in known:
        raise ScenarioUnknown(name, known)
    return parse_scenario(name, (SCENARIO_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parse_scenario(name: str, text: str) -> Scenario:
    """A scenario from its YAML text. Raises ScenarioInvalid with every fault that was found."""
    place = f"scenarios/{name}.yaml"
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as cause:
        raise ScenarioInvalid(place, ("is not YAML",)) from cause
    if not isinstance(document, dict):
        raise ScenarioInvalid(place, ("must be a mapping",))
    faults = _faults_of(document)
    if faults:
        raise ScenarioInvalid(place, faults)
    return _scenario_of(name, document)


def injected_effects(scenario: Scenario) -> dict[str, Any]:
    """The effects as JSON, for the truth beside the data."""
    return {
        "odds_per_quintile": {str(measure): odds for measure, odds in scenario.odds_per_quintile.items()},
        "odds_by_ethnicity": {str(measure): dict(odds) for measure, odds in scenario.odds_by_ethnicity.items()},
        "steps": [
            {
                "measure": str(step.measure),
                "provider": step.provider,
                "from_month": step.from_month,
                "percentage_points": step.percentage_points,
            }
            for step in scenario.steps
        ],
    }


def _scenario_of(name: str, document: Mapping[str, Any]) -> Scenario:
    return Scenario(
        name=name,
        title=document["title"],
        odds_per_quintile={Measure(key): float(odds) for key, odds in document.get("odds_per_quintile", {}).items()},
        odds_by_ethnicity={
            Measure(key): {group: float(value) for group, value in odds.items()}
            for key, odds in document.get("odds_by_ethnicity", {}).items()
        },
        steps=tuple(_step_of(step) for step in document.get("steps", [])),
    )


def _step_of(step: Mapping[str, Any]) -> Step:
    return Step(Measure(step["measure"]), step["provider"], step["from_month"], float(step["percentage_points"]))


def _faults_of(document: Mapping[str, Any]) -> list[str]:
    faults = [f"key '{key}' is not known" for key in document if key not in SCENARIO_KEYS]
    if not isinstance(document.get("title"), str):
        faults.append("title: a sentence is required")
    for key, odds in _mapping_in(document, "odds_per_quintile", faults):
        faults += _measure_faults(f"odds_per_quintile.{key}", key) + _odds_faults(f"odds_per_quintile.{key}", odds)
    for key, groups in _mapping_in(document, "odds_by_ethnicity", faults):
        faults += _measure_faults(f"odds_by_ethnicity.{key}", key) + _group_faults(f"odds_by_ethnicity.{key}", groups)
    return faults + _steps_faults(document.get("steps", []))


def _mapping_in(document: Mapping[str, Any], key: str, faults: list[str]) -> list[tuple[str, Any]]:
    section = document.get(key, {})
    if isinstance(section, dict):
        return list(section.items())
    faults.append(f"{key}: must be a mapping")
    return []


def _measure_faults(place: str, measure: object) -> list[str]:
    if measure in set(Measure):
        return []
    return [f"{place}: not a measure; choose one of {', '.join(Measure)}"]


def _odds_faults(place: str, odds: object) -> list[str]:
    is_odds = isinstance(odds, int | float) and not isinstance(odds, bool) and odds > 0
    return [] if is_odds else [f"{place}: an odds ratio above 0 is required"]


def _group_faults(place: str, groups: object) -> list[str]:
    if not isinstance(groups, dict):
        return [f"{place}: must map ethnic groups to odds ratios"]
    faults = [f"{place}.{group}: not an ethnic group" for group in groups if group not in ETHNIC_GROUPS]
    for group, odds in groups.items():
        faults += _odds_faults(f"{place}.{group}", odds)
    return faults


def _steps_faults(steps: object) -> list[str]:
    if not isinstance(steps, list):
        return ["steps: must be a list"]
    return [fault for position, step in enumerate(steps) for fault in _step_faults(f"steps[{position}]", step)]


def _step_faults(place: str, step: object) -> list[str]:
    if not isinstance(step, dict) or set(step) != set(STEP_KEYS):
        return [f"{place}: must hold exactly {', '.join(STEP_KEYS)}"]
    faults = []
    if step["measure"] not in STEPPED_MEASURES:
        faults.append(f"{place}.measure: no step acts on it; choose one of {', '.join(STEPPED_MEASURES)}")
    if step["provider"] not in TRUSTS:
        faults.append(f"{place}.provider: not a trust of the world; choose one of {', '.join(TRUSTS)}")
    if not _is_month(step["from_month"]):
        faults.append(f'{place}.from_month: a quoted month such as "2024-09" is required')
    if not isinstance(step["percentage_points"], int | float):
        faults.append(f"{place}.percentage_points: a number is required")
    return faults


def _is_month(text: object) -> bool:
    try:
        return isinstance(text, str) and str(np.datetime64(text, "M")) == text
    except ValueError:
        return False
