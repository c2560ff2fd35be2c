"""What is injected into a world: odds ratios between women, seasons, spread, steps, and faults of recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from synthetic_bundles.errors import ScenarioInvalid, ScenarioUnknown
from synthetic_bundles.vocabulary import ETHNIC_GROUPS, TRUSTS

SCENARIO_FOLDER = files("synthetic_bundles") / "scenarios"
SCENARIO_KEYS = (
    "title",
    "odds_per_quintile",
    "odds_by_ethnicity",
    "odds_by_language",
    "seasons",
    "site_spread",
    "steps",
    "ethnic_shares",
    "missing_ethnicity",
    "late_records",
)
SEASON_KEYS = ("measure", "peak_month", "odds_peak_to_trough")
LATE_KEYS = ("share", "least_days", "most_days")
STEP_KEYS = ("measure", "provider", "from_month", "percentage_points")


class Measure(StrEnum):
    """What a scenario can act on."""

    SMOKING_AT_BOOKING = "smoking_at_booking"
    PRETERM = "preterm"
    STILLBIRTH = "stillbirth"
    SEVERE_TEAR = "severe_tear"
    BREAST_MILK_FIRST = "breast_milk_first"
    LATE_BOOKING = "late_booking"
    FOLIC_ACID_BEFORE = "folic_acid_before"
    COMPLEX_SOCIAL_FACTORS = "complex_social_factors"
    MENTAL_HEALTH_ASKED = "mental_health_asked"
    CONTINUITY_OF_CARER = "continuity_of_carer"
    SEVERE_MORBIDITY = "severe_morbidity"
    TERM_ADMISSION = "term_admission"
    BREAST_MILK_KEPT = "breast_milk_kept"
    HEALTH_REVIEW = "health_review"
    MENTAL_HEALTH_REFERRAL = "mental_health_referral"


# Seasons, spread and steps act on these; a scenario that asks for another is refused.
STEPPED_MEASURES = (Measure.BREAST_MILK_FIRST, Measure.SEVERE_MORBIDITY, Measure.TERM_ADMISSION)


@dataclass(frozen=True, slots=True)
class Step:
    """A lasting change of the probability in one trust, from the first day of a month on."""

    measure: Measure
    provider: str
    from_month: str
    percentage_points: float


@dataclass(frozen=True, slots=True)
class Season:
    """A cosine over the year: the odds in the peak month over those half a year later."""

    measure: Measure
    peak_month: int
    odds_peak_to_trough: float


@dataclass(frozen=True, slots=True)
class LateRecords:
    """A share of the births is recorded so many days later than the others, evenly between least and most."""

    share: float
    least_days: int
    most_days: int


NO_LATE_RECORDS = LateRecords(0.0, 1, 1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The effects of one world.

    odds_per_quintile: odds ratio of each quintile against the next less deprived one; absent means 1.
    odds_by_ethnicity: odds ratio of a group against White; absent means 1.
    odds_by_language: odds ratio of women who speak another language than English; absent means 1.
    site_spread: standard deviation of the log-odds over sites and months; absent means 0.
    ethnic_shares: factor on the share of a group among the women; absent means 1.
    missing_ethnicity: odds ratio of a group, against White, that no ethnic category is recorded; absent means 1.
    spread_seed: of the spread over sites and months, which all parts of a large world share; a lone part draws its own.
    """

    name: str
    title: str
    odds_per_quintile: Mapping[Measure, float]
    odds_by_ethnicity: Mapping[Measure, Mapping[str, float]]
    odds_by_language: Mapping[Measure, float]
    seasons: tuple[Season, ...]
    site_spread: Mapping[Measure, float]
    steps: tuple[Step, ...]
    ethnic_shares: Mapping[str, float]
    missing_ethnicity: Mapping[str, float]
    late_records: LateRecords
    spread_seed: int | None = None


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
    effects = asdict(scenario)
    return {key: _plain(effects[key]) for key in SCENARIO_KEYS if key != "title"}


def _plain(value: object) -> object:
    """The same value with measures as text, ready for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, str) else value


def _scenario_of(name: str, document: Mapping[str, Any]) -> Scenario:
    return Scenario(
        name=name,
        title=document["title"],
        odds_per_quintile=_by_measure(document, "odds_per_quintile"),
        odds_by_ethnicity={
            Measure(key): _by_group(document.get("odds_by_ethnicity", {}), key)
            for key in document.get("odds_by_ethnicity", {})
        },
        odds_by_language=_by_measure(document, "odds_by_language"),
        seasons=tuple(Season(Measure(each["measure"]), *_season_numbers(each)) for each in document.get("seasons", [])),
        site_spread=_by_measure(document, "site_spread"),
        steps=tuple(_step_of(step) for step in document.get("steps", [])),
        ethnic_shares=_by_group(document, "ethnic_shares"),
        missing_ethnicity=_by_group(document, "missing_ethnicity"),
        late_records=LateRecords(**document["late_records"]) if "late_records" in document else NO_LATE_RECORDS,
    )


def _by_measure(document: Mapping[str, Any], key: str) -> dict[Measure, float]:
    return {Measure(measure): float(value) for measure, value in document.get(key, {}).items()}


def _by_group(document: Mapping[str, Any], key: str) -> dict[str, float]:
    return {group: float(value) for group, value in document.get(key, {}).items()}


def _season_numbers(season: Mapping[str, Any]) -> tuple[int, float]:
    return int(season["peak_month"]), float(season["odds_peak_to_trough"])


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
    for key, odds in _mapping_in(document, "odds_by_language", faults):
        faults += _measure_faults(f"odds_by_language.{key}", key) + _odds_faults(f"odds_by_language.{key}", odds)
    for key, spread in _mapping_in(document, "site_spread", faults):
        faults += _surrounded_faults(f"site_spread.{key}", key) + _odds_faults(f"site_spread.{key}", spread)
    for section in ("ethnic_shares", "missing_ethnicity"):
        faults += _group_faults(section, document.get(section, {}))
    faults += _seasons_faults(document.get("seasons", [])) + _late_faults(document.get("late_records"))
    return faults + _steps_faults(document.get("steps", []))


def _surrounded_faults(place: str, measure: object) -> list[str]:
    is_surrounded = measure in STEPPED_MEASURES
    return [] if is_surrounded else [f"{place}: not a measure it acts on; choose one of {', '.join(STEPPED_MEASURES)}"]


def _seasons_faults(seasons: object) -> list[str]:
    if not isinstance(seasons, list):
        return ["seasons: must be a list"]
    return [
        fault for position, season in enumerate(seasons) for fault in _season_faults(f"seasons[{position}]", season)
    ]


def _season_faults(place: str, season: object) -> list[str]:
    if not isinstance(season, dict) or set(season) != set(SEASON_KEYS):
        return [f"{place}: must hold exactly {', '.join(SEASON_KEYS)}"]
    faults = _surrounded_faults(f"{place}.measure", season["measure"])
    if season["peak_month"] not in range(1, 13):
        faults.append(f"{place}.peak_month: a month from 1 to 12 is required")
    return faults + _odds_faults(f"{place}.odds_peak_to_trough", season["odds_peak_to_trough"])


def _late_faults(late: object) -> list[str]:
    if late is None:
        return []
    if not isinstance(late, dict) or set(late) != set(LATE_KEYS):
        return [f"late_records: must hold exactly {', '.join(LATE_KEYS)}"]
    if not (isinstance(late["share"], int | float) and 0 <= late["share"] <= 1):
        return ["late_records.share: a share from 0 to 1 is required"]
    days = (late["least_days"], late["most_days"])
    is_span = all(isinstance(day, int) for day in days) and 1 <= days[0] <= days[1]
    return [] if is_span else ["late_records.least_days: whole days, least before most, are required"]


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
