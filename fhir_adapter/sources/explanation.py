"""Why a cell is what it is: the steps from the value back to the element or column of the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_adapter.sources.adapter import WORKING_COLUMN, ColumnRule, FixedCode
from fhir_adapter.sources.adapter_files import AdapterFiles, RulePlace
from fhir_adapter.sources.convert import shaped
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.registry import MANIFEST
from fhir_adapter.sources.units import factor_between
from indicator_engine.tables import TABLES, ColumnType


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step. kind: rule, fault, conversion, translation, choice, view-column, taken-over or input.

    place: where the rule of the step stands; input: the element or the column that was read, with what it holds.
    value: what the step starts from, where it is told.
    """

    kind: str
    text: str
    place: RulePlace | None = None
    input: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class ExplainedCell:
    """A cell and its steps, from the value back to the input; no step for what no rule filled."""

    column: str
    value: Cell
    steps: tuple[ExplainedStep, ...]


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """A row of a table with the cells that were asked for. row: from 1, in the order in which the file gives them."""

    adapter: str
    table: str
    row: int
    location: str
    cells: tuple[ExplainedCell, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of a column and where it stands in the manifest."""

    pointer: str
    table: str
    column: str
    rule: ColumnRule


InputSteps = Callable[[str], list[ExplainedStep]]  # name of a column of the view or file -> where it was read
ValueOf = Callable[[str], Any]  # name of a column of the view or file -> what it held


def rule_steps(files: AdapterFiles, rule: Rule, value_of: ValueOf, inputs: InputSteps) -> list[ExplainedStep]:
    """The steps of one rule: where it is, how the value was converted and translated, and what was chosen and read."""
    written = rule.rule
    steps = [ExplainedStep("rule", f"fills {rule.table}.{rule.column}", files.place(MANIFEST, rule.pointer))]
    if written.value is not None:
        return [ExplainedStep("rule", "gives the value itself", files.place(MANIFEST, rule.pointer))]
    if written.key is not None:
        text = f"puts the key together: {written.key.kind} of {', '.join(written.key.from_)}"
        steps = [ExplainedStep("rule", text, files.place(MANIFEST, rule.pointer))]
        return steps + [step for name in written.key.from_ for step in inputs(name)]
    chosen = chosen_name(written, value_of)
    steps += conversion_steps(files, rule, value_of)
    steps += translation_steps(files, written, value_of(chosen))
    if len(written.from_) > 1:
        others = ", ".join(written.from_[: written.from_.index(chosen)])
        text = f"{chosen} was chosen{f'; {others} absent' if others else ', the first of several'}"
        steps.append(ExplainedStep("choice", text, files.place(MANIFEST, f"{rule.pointer}.from")))
    steps += inputs(chosen)
    unit = written.unit.from_ if written.unit is not None else None
    return steps + [step for name in (unit, written.time) if name is not None for step in inputs(name)]


def nothing_step(fault: str | None) -> ExplainedStep:
    """The step that says why a value of the input became nothing."""
    return ExplainedStep("fault", fault or "the rule lets this value go, and the cell is absent")


def has_value(rule: ColumnRule, value_of: ValueOf) -> bool:
    """Whether there is anything to read for a rule."""
    return any(value_of(name) not in (None, []) for name in rule.from_)


def chosen_name(rule: ColumnRule, value_of: ValueOf) -> str:
    """The first column that is not absent; the first of all when every one is."""
    present = (name for name in rule.from_ if value_of(name) not in (None, []))
    return next(present, rule.from_[0])


def conversion_steps(files: AdapterFiles, rule: Rule, value_of: ValueOf) -> list[ExplainedStep]:
    """What was done with the value besides translating its code."""
    found: list[tuple[str, str]] = []
    written, kind = rule.rule, column_type(rule)
    if written.as_ is not None:
        found.append(("as", "tells why the postcode gives no area"))
    if written.unit is not None:
        unit = written.unit.fixed or value_of(written.unit.from_ or "")
        target = written.unit.to or TABLES[rule.table].column(rule.column).unit
        factor = factor_between(str(unit), str(target))
        times = "" if factor is None else f", times {factor:g}"
        rounded = ", to the nearest whole number" if kind is ColumnType.INTEGER else ""
        found.append(("unit", f"from {unit} to {target}{times}{rounded}"))
    if written.text is not None:
        shape = [f"in {written.text.case} case"] if written.text.case else []
        shape += [f"its first {written.text.first} characters"] if written.text.first else []
        found.append(("text", f"{', '.join(shape) or 'as it stands'}"))
    if kind in (ColumnType.DATE, ColumnType.DATETIME) and written.as_ is None:
        zone = f", times without offset in {written.date.zone}" if kind is ColumnType.DATETIME else ""
        found.append(("date", f"read as {written.date.format}{zone}"))
    if kind is ColumnType.CODE_SET:
        found.append(("", "put into a set of codes, sorted and unique"))
    if written.prefer:
        found.append(("prefer", f"of several values the first of {', '.join(written.prefer)}"))
    return [ExplainedStep("conversion", text, files.place(MANIFEST, f"{rule.pointer}.{key}")) for key, text in found]


def column_type(rule: Rule) -> ColumnType:
    """Type of the column: of the rule, else of the common model."""
    if rule.rule.type is not None or rule.column.startswith(WORKING_COLUMN):
        return rule.rule.type or ColumnType.STRING
    return TABLES[rule.table].column(rule.column).type


def translation_steps(files: AdapterFiles, rule: ColumnRule, value: Any) -> list[ExplainedStep]:
    """The rows of the ConceptMap that were used, or what stood in for a code without one."""
    if rule.translate is None:
        return []
    name, steps = rule.translate.map, []
    codes = [shaped(each.strip(), rule.text) for each in listed(value) if isinstance(each, str)]
    for code in codes:
        rows = list(files.map_rows(name, code))
        steps += [
            ExplainedStep("translation", f"ConceptMap {name}: {code} is {target}", place) for place, target in rows
        ]
        if not rows:
            steps.append(ExplainedStep("translation", f"ConceptMap {name} has no row for {code}; {unmapped(rule)}"))
    return steps


def unmapped(rule: ColumnRule) -> str:
    """What becomes of a code without a translation."""
    policy = rule.translate.unmapped if rule.translate is not None else "error"
    if isinstance(policy, FixedCode):
        return f"{policy.fixed} stands for it"
    return "it counts as absent" if policy == "null" else "that is a fault"


def listed(value: Any) -> Sequence[Any]:
    """The items of a value, none for nothing."""
    return value if isinstance(value, list) else ([] if value is None else [value])
