"""A rule as its file declares it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from indicator_engine.definition import FEATURE_NAME, Frozen, parse_frozen


class RuleSeverity(StrEnum):
    """error: a value is wrong. warn: a value is used and listed. info: it is counted."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"


class Effect(StrEnum):
    """What a broken rule does to the resolved model; the rows of the sources stay as they came.

    flag: nothing. null: the columns count as missing. recode: the column takes the value of `to`. hold: the record
    cannot be placed and leaves the resolved model.
    """

    FLAG = "flag"
    NULL = "null"
    RECODE = "recode"
    HOLD = "hold"


class Scope(StrEnum):
    """What a condition looks at.

    record: one record of the resolved model, with its parents and features. source_row: one row as a source sent it.
    source_pair: two sources, or two keys of one source, about one record. reading: a record of the resolved model on
    the day of the reader, kept nowhere.
    """

    RECORD = "record"
    SOURCE_ROW = "source_row"
    SOURCE_PAIR = "source_pair"
    READING = "reading"


class RuleFeature(Frozen):
    """An aggregate over other rows that belong to the record.

    table: of the common model, read with its parents; `source_rows` for what the sources sent about the record; or a
    reference table. by: a column of those rows (or of their parents) that equals the column `equals` of the record;
    without it all rows count.
    """

    table: str
    aggregate: Literal["count", "any", "min", "max", "distinct"]
    by: str | None = None
    equals: str | None = None
    value: str | None = None
    where: str | None = None

    @model_validator(mode="after")
    def check_value(self) -> RuleFeature:
        if (self.aggregate in ("min", "max", "distinct")) != (self.value is not None):
            raise ValueError("`value` belongs to min, max and distinct, and to them alone")
        if (self.by is None) != (self.equals is None):
            raise ValueError("`by` and `equals` belong together")
        return self


class Check(Frozen):
    """One condition of a rule. breaks: true where the rule is broken; false and unknown are both in order.

    columns: what the fault is about, and what `null` and `recode` change. same: which two rows are a pair.
    to: of a recode, an expression over the record (or over the left row of the pair; the smallest counts).
    """

    title: str | None = None
    table: str
    scope: Scope = Scope.RECORD
    same: Literal["record", "nhs_number"] | None = None
    features: Mapping[Annotated[str, Field(pattern=FEATURE_NAME)], RuleFeature] = {}
    breaks: str
    severity: RuleSeverity | None = None
    effect: Effect = Effect.FLAG
    columns: tuple[str, ...] = ()
    to: str | None = None

    @model_validator(mode="after")
    def check_effect(self) -> Check:
        if (self.effect is Effect.RECODE) != (self.to is not None):
            raise ValueError("`to` belongs to the effect recode, and to it alone")
        if self.effect in (Effect.NULL, Effect.RECODE) and not self.columns:
            raise ValueError(f"the effect {self.effect} needs `columns`")
        if self.effect is Effect.RECODE and len(self.columns) != 1:
            raise ValueError("the effect recode changes one column")
        if self.effect is not Effect.FLAG and self.scope in (Scope.SOURCE_ROW, Scope.READING):
            raise ValueError(f"a condition over a {self.scope} can flag alone")
        if (self.scope is Scope.SOURCE_PAIR) != (self.same is not None):
            raise ValueError("`same` belongs to source_pair, and to it alone")
        return self


class IssueOfRule(Frozen):
    """Issues of the intake that are hits of the rule. column: `table.column` whose cell was set aside, when one was."""

    code: str
    column: str | None = None


class Rule(Frozen):
    """One rule. at_intake: where it already acts when a payload is read, and which issues count as its hits."""

    id: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]
    severity: RuleSeverity
    title: str
    source: str
    confidence: Literal["F", "K", "?"]
    note: str | None = None
    checks: tuple[Check, ...] = ()
    at_intake: str | None = None
    issues: tuple[IssueOfRule, ...] = ()

    @model_validator(mode="after")
    def check_that_it_acts(self) -> Rule:
        if not self.checks and not self.issues:
            raise ValueError("a rule has at least one check, or an issue of the intake that is its hit")
        if bool(self.issues) != (self.at_intake is not None):
            raise ValueError("`at_intake` and `issues` belong together")
        return self


@cache
def shipped_rules() -> Mapping[str, Rule]:
    """Every rule that is shipped, by id, in the order of the ids."""
    folder = resources.files("indicator_engine") / "rules" / "catalogue"
    files = (file for file in folder.iterdir() if file.name.endswith(".yaml"))
    found = [parse_frozen(Rule, file.read_text("utf-8"), place=file.name) for file in files]
    return {each.id: each for each in sorted(found, key=lambda each: each.id)}
