"""The rules of resolution: whose value counts where sources differ, and which differences are conflicts.

Data, parsed once: `resolution_rules.yaml` beside this module, or a file of the same shape that a deployment names.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.engine import Connection, Engine

from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.systems import System
from indicator_engine.tables import TABLES, Column, ColumnType, Table

SHIPPED = "resolution_rules.yaml"
RULES_OPTION = "perinatal_resolution_rules"
EVERY_COLUMN = "*"
RULE_ID = r"^[a-z][a-z0-9-]{1,40}$"
MEASURED = (ColumnType.INTEGER, ColumnType.DECIMAL)


class Severity(StrEnum):
    """How bad a conflict is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class RulesModel(BaseModel):
    """A part of the rules: no unknown key, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def as_tier(written: Any) -> Any:
    """One system where several of the same standing may stand."""
    return (written,) if isinstance(written, str) else written


Tier: TypeAlias = Annotated[tuple[System, ...], BeforeValidator(as_tier), Field(min_length=1)]


class Exact(RulesModel):
    """Values agree when they are the same."""

    by: Literal["exact"] = "exact"


class Within(RulesModel):
    """Values agree when they are no further apart than `within`, inclusive.

    by: number in the unit of the column; minutes of date-times that both have a time; days of calendar dates.
    error_above: a difference larger than this is an error. error_when_dates_differ: so is another calendar date.
    """

    by: Literal["number", "minutes", "days"]
    within: Annotated[float, Field(ge=0)]
    error_above: Annotated[float | None, Field(ge=0)] = None
    error_when_dates_differ: bool = False


class Groups(RulesModel):
    """Values agree when they are of one group; a value of no group agrees with itself alone."""

    by: Literal["groups"]
    groups: Annotated[Mapping[str, tuple[str, ...]], Field(min_length=1)]


Agreement: TypeAlias = Annotated[Exact | Within | Groups, Field(discriminator="by")]


class Measured(RulesModel):
    """A measurement in the same record that decides a column, whatever was found."""

    column: str
    at_least: float
    gives: str
    for_: Annotated[str, Field(alias="for")]


class Method(StrEnum):
    """Named ways of choosing that need more than the systems."""

    PRECEDENCE = "precedence"
    DISCHARGING_UNIT = "discharging-unit"


class Otherwise(StrEnum):
    """What gestation at birth is worked out of where no source has it."""

    ESTIMATED_DUE_DATE = "estimated-due-date"
    LAST_MENSTRUAL_PERIOD = "last-menstrual-period"


class Choice(RulesModel):
    """How a column is chosen and compared.

    precedence: kinds of systems, the best first, several of one standing in a list; those not named come after.
    only: systems that own the record; others count only where none of these knows the record, and never in conflict.
    prefer: values that come before others, whatever the system. compared: whether differences are looked for.
    undecided_between: groups of values; a record whose best sources say two of them is held until it is settled.
    flag_when_only_one_source: list a value that one source alone tells of a record that several know.
    measured: measurements of the same record that decide. otherwise: for gestation at birth alone, see Otherwise.
    """

    id: Annotated[str, Field(pattern=RULE_ID)]
    because: Annotated[str, Field(min_length=1)]
    precedence: tuple[Tier, ...] = ()
    only: tuple[System, ...] = ()
    prefer: Annotated[tuple[str, ...], Field(max_length=9)] = ()
    method: Method = Method.PRECEDENCE
    agreement: Agreement = Exact()
    compared: bool = True
    severity: Severity = Severity.WARN
    undecided_between: tuple[tuple[str, ...], ...] = ()
    flag_when_only_one_source: bool = False
    measured: tuple[Measured, ...] = ()
    otherwise: tuple[Otherwise, ...] = ()
    source: str
    confidence: Literal["F", "K", "?"]

    def rank_of(self, system: str) -> int:
        """Standing of a kind of system, 0 the best."""
        ranks = [place for place, tier in enumerate(self.precedence) if system in tier]
        return ranks[0] if ranks else len(self.precedence)


class Rule(Choice):
    """A choice and the columns it is for: `table.column`, or `table.*` for those that no other rule names."""

    columns: Annotated[tuple[str, ...], Field(min_length=1)]


class RulesFile(RulesModel):
    """The whole file. unknown: codes by which a source says that it does not know, by `table.column`."""

    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    default: Choice
    unknown: Mapping[str, tuple[str, ...]] = {}
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def check_columns(self) -> RulesFile:
        faults = [*_faults_of_columns(self), *_faults_of_rules(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class ResolutionRules:
    """The rules by column. Compared by identity, so that SQL that was made for them is found again quickly."""

    def __init__(self, file: RulesFile) -> None:
        self.file = file
        self._named = {name: rule for rule in file.rules for name in rule.columns}

    def choice_of(self, table: Table, column: Column) -> Choice:
        """The rule of a column."""
        named = self._named.get(f"{table.name}.{column.name}", self._named.get(f"{table.name}.{EVERY_COLUMN}"))
        return self.file.default if named is None else named

    def unknown_codes(self, table: Table, column: Column) -> tuple[str, ...]:
        """Codes of a column that say nothing."""
        own = () if column.not_known_code is None else (column.not_known_code,)
        return tuple(dict.fromkeys((*self.file.unknown.get(f"{table.name}.{column.name}", ()), *own)))

    def compared_columns(self, table: Table) -> tuple[Column, ...]:
        """Columns of a table, its key apart, whose differences are looked for."""
        values = (column for column in table.columns if column.name not in table.key)
        return tuple(column for column in values if self.choice_of(table, column).compared)

    def choices(self) -> Mapping[str, Choice]:
        """Every rule by its id, the default among them."""
        return {each.id: each for each in (self.file.default, *self.file.rules)}


def parse_rules(document: object, *, place: str) -> ResolutionRules:
    """The rules out of a document as read from YAML. Raises SettingsInvalid with every fault and its place."""
    try:
        return ResolutionRules(RulesFile.model_validate(document))
    except ValidationError as cause:
        raise SettingsInvalid(f"{place}: " + "; ".join(_told(each) for each in cause.errors())) from cause


@cache
def shipped_rules() -> ResolutionRules:
    """The rules that come with the program."""
    text = (resources.files("fhir_adapter.store") / SHIPPED).read_text("utf-8")
    return parse_rules(yaml.safe_load(text), place=SHIPPED)


def with_rules(engine: Engine, rules: ResolutionRules) -> Engine:
    """The same store, resolved by these rules."""
    return engine.execution_options(**{RULES_OPTION: rules})


def rules_of(connection: Connection) -> ResolutionRules:
    """The rules by which this store is resolved: those it was opened with, or the shipped ones."""
    given = connection.get_execution_options().get(RULES_OPTION)
    return given if isinstance(given, ResolutionRules) else shipped_rules()


def _faults_of_columns(file: RulesFile) -> Iterator[str]:
    named = [name for rule in file.rules for name in rule.columns]
    measured = [name for rule in file.rules for each in rule.measured for name in (each.column, each.for_)]
    for name in dict.fromkeys((*named, *file.unknown, *measured)):
        if name not in _column_names():
            yield f"there is no column {name}{_nearest(name)}"
    for name in dict.fromkeys(name for name in named if named.count(name) > 1):
        yield f"{name} is in two rules; name it in one"
    ids = [file.default.id, *(rule.id for rule in file.rules)]
    for each in dict.fromkeys(each for each in ids if ids.count(each) > 1):
        yield f"two rules have the id {each}; give each its own"


def _faults_of_rules(file: RulesFile) -> Iterator[str]:
    for rule in file.rules:
        columns = [
            _column(name) for name in rule.columns if not name.endswith(EVERY_COLUMN) and name in _column_names()
        ]
        if isinstance(rule.agreement, Within):
            fits = MEASURED if rule.agreement.by == "number" else (ColumnType.DATETIME, ColumnType.DATE)
            for column in columns:
                if column.type not in fits:
                    yield f"rule {rule.id}: {column.name} is no {rule.agreement.by}; compare it by exact or groups"
        if len(rule.undecided_between) == 1:
            yield f"rule {rule.id}: undecided_between has one group; give two or more, or none"
        if rule.method is Method.DISCHARGING_UNIT and rule.columns != ("baby.feeding_at_discharge",):
            yield f"rule {rule.id}: the method discharging-unit is for baby.feeding_at_discharge alone"
        if rule.otherwise and rule.columns != ("baby.gestation_days",):
            yield f"rule {rule.id}: otherwise is for baby.gestation_days alone"
        for each in rule.measured:
            if each.column.partition(".")[0] != each.for_.partition(".")[0]:
                yield f"rule {rule.id}: {each.column} and {each.for_} are of two tables; measure in the same table"


@cache
def _column_names() -> tuple[str, ...]:
    named = (f"{table.name}.{column.name}" for table in CLINICAL_TABLES for column in _values(table))
    return (*named, *(f"{table.name}.{EVERY_COLUMN}" for table in CLINICAL_TABLES))


def _values(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name not in table.key)


def _column(name: str) -> Column:
    table, _, column = name.partition(".")
    return TABLES[table].column(column)


def _nearest(name: str) -> str:
    nearest = difflib.get_close_matches(name, _column_names(), n=1)
    return f"; did you mean {nearest[0]}?" if nearest else "; columns are written table.column"


def _told(fault: Mapping[str, Any]) -> str:
    """A fault with the place of the key it is at, and the nearest key where one is not known."""
    place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in fault["loc"]).removeprefix(".")
    text = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        known = {name for model in _MODELS for name in _keys(model)}
        nearest = difflib.get_close_matches(str(fault["loc"][-1]), sorted(known), n=1)
        text = "there is no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")
    return f"{place or 'file'}: {text}"


_MODELS: tuple[type[RulesModel], ...] = (RulesFile, Rule, Within, Groups, Measured)


def _keys(model: type[RulesModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def schema_text() -> str:
    """The JSON Schema of the file, for editors that complete and check it while it is written."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "resolution_rules.yaml"}
    return json.dumps({**RulesFile.model_json_schema(), **head}, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
