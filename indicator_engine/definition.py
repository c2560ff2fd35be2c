"""An indicator and a stratifier as declared: one YAML file each, parsed once, frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from indicator_engine.errors import DefinitionInvalid

FEATURE_NAME = r"^[a-z][a-z0-9_]{1,50}$"


class PeriodLength(StrEnum):
    """Length of a reporting period as an ISO 8601 duration; P1Y is a financial year, April to March."""

    MONTH = "P1M"
    QUARTER = "P3M"
    YEAR = "P1Y"
    THREE_YEARS = "P3Y"


class Entity(StrEnum):
    """What an indicator counts."""

    BOOKING = "booking"
    DELIVERY = "delivery"
    BABY = "baby"


class Frozen(BaseModel):
    """A parsed piece of a definition file: no unknown keys, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Feature(Frozen):
    """An aggregate over rows that belong to the entity, such as the number of babies of a delivery.

    by: column that the entity and the child table share; its default is the key of the entity.
    of: the column of the entity that `by` equals, where it has another name.
    value: column or expression aggregated by `min` and `max`.
    """

    table: str
    aggregate: Literal["count", "any", "min", "max"]
    by: str | None = None
    of: str | None = None
    value: str | None = None
    where: str | None = None

    @model_validator(mode="after")
    def check_value(self) -> Feature:
        if (self.aggregate in ("min", "max")) != (self.value is not None):
            raise ValueError("`value` belongs to min and max, and to them alone")
        return self


class Charting(Frozen):
    """How the series is read over time; `event` means that a g chart over single events is ruled inside."""

    chart: Literal["p", "g"]
    period: PeriodLength | Literal["event"]

    @model_validator(mode="after")
    def check_period(self) -> Charting:
        if (self.chart == "g") != (self.period == "event"):
            raise ValueError("a g chart is ruled on `event`, every other chart on a period length")
        return self


class Example(Frozen):
    """A worked example: rows of the common model and the integers that they must give."""

    title: str
    rows: Mapping[str, Sequence[Mapping[str, str | int | float | bool | None]]]
    population: int
    denominator: int
    denominator_exclusion: int = 0
    numerator: int


class IndicatorDefinition(Frozen):
    """One version of one indicator, declared so that an analyst can read it.

    population, denominator, numerator: SQL boolean expressions over the entity, its parents and the features;
    each narrows the one before (a numerator row is always a denominator row when scoring is `proportion`).
    denominator_exclusion: which rows of the denominator are taken out of it again; they are a population of their own,
    in neither the counted denominator nor the numerator.
    anchor: expression of the calendar date (Europe/London) that places a row in a period.
    improvement: None for neutral indicators, which get no colour and no traffic light.
    """

    id: Annotated[str, Field(pattern=r"^([A-Z]{2}[0-9]{2}|CMS[0-9]{1,4})$")]
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    title: str
    rationale: str
    page: str
    tier: Literal["core", "extended"]
    framework: str
    source: str
    confidence: Literal["F", "K", "?"]
    entity: Entity
    anchor: str
    features: Mapping[Annotated[str, Field(pattern=FEATURE_NAME)], Feature] = {}
    population: str
    population_text: str
    denominator: str
    denominator_text: str
    denominator_exclusion: str | None = None
    denominator_exclusion_text: str | None = None
    numerator: str
    numerator_text: str
    exclusions: str
    scale: Literal["percent", "per_1000"]
    improvement: Literal["increase", "decrease"] | None
    scoring: Literal["proportion"]
    interval: Literal["wilson", "byar_exact"]
    published_periods: tuple[PeriodLength, ...]
    charting: Charting
    inequality_period: PeriodLength
    attributed_to: Literal["birth", "booking"]
    stratify_as_at: Literal["birth", "booking"]
    ethnicity_of: Literal["mother"]
    maturity_days: Annotated[int, Field(ge=0)]
    minimum_events: Annotated[int, Field(ge=1)]
    stratifiers: tuple[str, ...]
    example: Example

    @model_validator(mode="after")
    def check_exclusion(self) -> IndicatorDefinition:
        if (self.denominator_exclusion is None) != (self.denominator_exclusion_text is None):
            raise ValueError("`denominator_exclusion` and its text belong together")
        return self

    @model_validator(mode="after")
    def check_charted_period(self) -> IndicatorDefinition:
        charted = self.charting.period
        if charted != "event" and charted not in self.published_periods:
            raise ValueError(
                f"a chart stands in the reports of its period: publish {charted} too, or chart another period"
            )
        return self

    @property
    def key(self) -> str:
        """Identity of this version, as it stands in report keys: `LB06|1.0.0`."""
        return f"{self.id}|{self.version}"


class Gate(Frozen):
    """What a measure must reach for the rates that it guards to be believed.

    least, most: bounds of the share, inclusive; more_than: exclusive. least_events: of the numerator, in place of a
    share. against: what the numerator is divided by: the denominator, or the average monthly deliveries of the provider
    in HES, which the user loads (times the months of the window). window_months: how many months are looked at;
    ending: with the month that is judged, or with the one before.
    """

    least: float | None = None
    more_than: float | None = None
    most: float | None = None
    least_events: int | None = None
    against: Literal["denominator", "hes_monthly_deliveries"] = "denominator"
    window_months: Annotated[int, Field(ge=1)] = 1
    ending: Literal["this_month", "previous_month"] = "this_month"

    @model_validator(mode="after")
    def check_limits(self) -> Gate:
        if (self.least, self.more_than, self.most, self.least_events) == (None, None, None, None):
            raise ValueError("a gate has at least one limit")
        return self


class GateDefinition(IndicatorDefinition):
    """A measure of data quality that marks other rates when it fails. guards: ids of those indicators."""

    id: Annotated[str, Field(pattern=r"^CQIMDQ[0-9]{2}$")]
    gate: Gate
    guards: tuple[str, ...]


class Stratum(Frozen):
    """One group of a dimension. rank: place in an ordered dimension, 1 = most disadvantaged."""

    code: str
    display: str
    rank: int | None = None
    where: str | None = None
    codes: tuple[str, ...] = ()


class Stratifier(Frozen):
    """A way to cut a count into groups. Rows in none of the strata fall into `unknown`, never out.

    grouping_version: which published grouping this is; it is part of the code of the stratifier in reports.
    value: expression whose value is the stratum code (`level`), or is looked up in each stratum's `codes`.
    open_strata: the strata are the values found (organisations), not a closed list.
    reference: stratum that gaps are measured against, with the policy that chose it.
    """

    id: str
    title: str
    grouping_version: str | None
    source: str
    confidence: Literal["F", "K", "?"]
    value: str
    ordered: bool
    open_strata: bool = False
    reference: str | None = None
    reference_policy: Literal["fixed", "least_deprived"] | None = None
    strata: tuple[Stratum, ...] = ()

    @property
    def code(self) -> str:
        """Code of the stratifier in reports, with the grouping version in it."""
        return self.id if self.grouping_version is None else f"{self.id}-{self.grouping_version}"

    def display_of(self, stratum: str) -> str:
        """Words for a stratum code; the code itself in an open dimension."""
        if stratum == UNKNOWN:
            return "Not known"
        return next((each.display for each in self.strata if each.code == stratum), stratum)


UNKNOWN = "unknown"
WHOLE = "all"
Model = TypeVar("Model", bound=BaseModel)


def parse_definition(text: str, *, place: str) -> IndicatorDefinition:
    """Read one indicator definition; raises DefinitionInvalid with every fault and its place."""
    return parse_frozen(IndicatorDefinition, text, place=place)


def parse_stratifier(text: str, *, place: str) -> Stratifier:
    """Read one stratifier; raises DefinitionInvalid with every fault and its place."""
    return parse_frozen(Stratifier, text, place=place)


@cache
def shipped_definitions() -> Mapping[str, IndicatorDefinition]:
    """Every indicator that is shipped, by id, in the order of the ids."""
    found = [parse_definition(file.read_text("utf-8"), place=file.name) for file in _yaml_files("indicators")]
    return {each.id: each for each in sorted(found, key=lambda each: each.id)}


@cache
def shipped_measures() -> Mapping[str, IndicatorDefinition]:
    """Measures of others, by id: they hold our adapters and engines against a known answer and are never published."""
    found = [parse_definition(file.read_text("utf-8"), place=file.name) for file in _yaml_files("measures")]
    return {each.id: each for each in found}


@cache
def shipped_gates() -> Mapping[str, GateDefinition]:
    """Every gate, by id: counted as indicators are, and never published as one."""
    found = [parse_frozen(GateDefinition, file.read_text("utf-8"), place=file.name) for file in _yaml_files("gates")]
    return {each.id: each for each in found}


@cache
def shipped_stratifiers() -> Mapping[str, Stratifier]:
    """Every stratifier that is shipped, by id."""
    found = [parse_stratifier(file.read_text("utf-8"), place=file.name) for file in _yaml_files("stratifiers")]
    return {each.id: each for each in sorted(found, key=lambda each: each.id)}


def _yaml_files(folder: str) -> list[Traversable]:
    root = resources.files("indicator_engine") / "definitions" / folder
    return sorted((file for file in root.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)


def parse_frozen(model: type[Model], text: str, *, place: str) -> Model:
    """Read one YAML file into its model; raises DefinitionInvalid with every fault and its place."""
    try:
        return model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as cause:
        raise DefinitionInvalid(place, [f"not readable as YAML: {cause}"]) from cause
    except ValidationError as cause:
        faults = [f"{'.'.join(str(part) for part in each['loc']) or 'file'}: {each['msg']}" for each in cause.errors()]
        raise DefinitionInvalid(place, faults) from cause
