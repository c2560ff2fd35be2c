"""Why a cell is what it is: the steps from the value back to the element or column of the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_adapter.sources.adapter import WORKING_COLUMN, ColumnRule, FixedCode
from fhir_adapter.sources.adapter_files import AdapterFiles, RulePlace
from fhir_adapter.sources.convert import CellFault, assumed_unit, number, shaped
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.registry import MANIFEST
from fhir_adapter.sources.units import factor_between
from indicator_engine.tables import TABLES, ColumnType


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step. kind: rule, group, condition, fault, conversion, translation, choice, view-column, taken-over or input.

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
    """The rule of a column and where it stands in the manifest. sender: of a line, None where there is none."""

    pointer: str
    table: str
    column: str
    rule: ColumnRule
    sender: str | None = None


InputSteps = Callable[[str], list[ExplainedStep]]  # name of a column of the view or file -> where it was read
ValueOf = Callable[[str], Any]  # name of a column of the view or file -> what it held


def rule_steps(files: AdapterFiles, rule: Rule, value_of: ValueOf, inputs: InputSteps) -> list[ExplainedStep]:
    """The steps of one rule: where it is, how the value was converted and translated, and what was chosen and read."""
    written = rule.rule
    steps = [ExplainedStep("rule", f"fills {rule.table}.{rule.column}", files.place(MANIFEST, rule.pointer))]
    if written.value is not None:
        return [ExplainedStep("rule", "gives the value itself", files.place(MANIFEST, rule.pointer))]
    if written.key is not None:
        suffix = f", and {written.key.suffix}" if written.key.suffix is not None else ""
        text = f"puts the key together: {written.key.kind} of {', '.join(written.key.from_)}{suffix}"
        steps = [ExplainedStep("rule", text, files.place(MANIFEST, rule.pointer))]
        return steps + [step for name in written.key.from_ for step in inputs(name)]
    if written.sum:
        return [*steps, *sum_steps(files, rule), *(step for each in written.sum for step in inputs(each.from_))]
    chosen = chosen_name(written, value_of)
    if value_of(chosen) in written.missing:
        steps.append(
            ExplainedStep("conversion", "the text counts as absent", files.place(MANIFEST, f"{rule.pointer}.missing"))
        )
    steps += conversion_steps(files, rule, value_of)
    steps += translation_steps(files, rule, value_of(chosen))
    if len(written.from_) > 1:
        others = ", ".join(written.from_[: written.from_.index(chosen)])
        text = f"{chosen} was chosen{f'; {others} absent' if others else ', the first of several'}"
        steps.append(ExplainedStep("choice", text, files.place(MANIFEST, f"{rule.pointer}.from")))
    steps += inputs(chosen)
    unit = written.unit.from_ if written.unit is not None else None
    return steps + [step for name in (unit, written.time) if name is not None for step in inputs(name)]


def sum_steps(files: AdapterFiles, rule: Rule) -> list[ExplainedStep]:
    """The step that adds the parts of a quantity."""
    target = TABLES[rule.table].column(rule.column).unit
    parts = [f"{each.from_} from {each.unit} to {target}" for each in rule.rule.sum]
    return [ExplainedStep("conversion", f"adds {', '.join(parts)}", files.place(MANIFEST, f"{rule.pointer}.sum"))]


def nothing_step(fault: str | None) -> ExplainedStep:
    """The step that says why a value of the input became nothing."""
    return ExplainedStep("fault", fault or "the rule lets this value go, and the cell is absent")


def has_value(rule: ColumnRule, value_of: ValueOf) -> bool:
    """Whether there is anything to read for a rule."""
    return any(value_of(name) not in (None, []) for name in origins_of(rule))


def origins_of(rule: ColumnRule) -> tuple[str, ...]:
    """The columns that a rule takes its value from."""
    return (*rule.from_, *(each.from_ for each in rule.sum))


def chosen_name(rule: ColumnRule, value_of: ValueOf) -> str:
    """The first column that is not absent, also not by a text that counts as such; else the first that holds one."""
    present = [name for name in rule.from_ if value_of(name) not in (None, [])]
    filled = (name for name in present if value_of(name) not in rule.missing)
    return next(filled, (*present, *rule.from_)[0])


def conversion_steps(files: AdapterFiles, rule: Rule, value_of: ValueOf) -> list[ExplainedStep]:
    """What was done with the value besides translating its code."""
    found: list[tuple[str, str]] = []
    written, kind = rule.rule, column_type(rule)
    if written.as_ is not None:
        is_gestation = written.as_ == "weeks+days"
        text = "from weeks and days to days" if is_gestation else "tells why the postcode gives no area"
        found.append(("as", text))
    if written.unit is not None:
        unit, assumed = unit_of(written, value_of)
        target = written.unit.to or TABLES[rule.table].column(rule.column).unit
        factor = factor_between(str(unit), str(target))
        times = "" if factor is None else f", times {factor:g}"
        rounded = ", to the nearest whole number" if kind is ColumnType.INTEGER else ""
        if assumed:
            found.append(("unit.assume", f"no unit was given; by its size the number is taken to be in {unit}"))
        found.append(("unit", f"from {unit or 'no unit'} to {target}{times}{rounded}"))
    if written.text is not None:
        shape = [f"in {written.text.case} case"] if written.text.case else []
        shape += [f"its first {written.text.first} characters"] if written.text.first else []
        shape += [f"but {', '.join(written.text.keep)} as they are"] if written.text.keep else []
        found.append(("text", f"{', '.join(shape) or 'as it stands'}"))
    if kind in (ColumnType.DATE, ColumnType.DATETIME) and written.as_ is None:
        zone = f", times without offset in {written.date.zone}" if kind is ColumnType.DATETIME else ""
        found.append(("date", f"read as {written.date.format}{zone}"))
    if kind is ColumnType.CODE_SET:
        found.append(("", "put into a set of codes, sorted and unique"))
    if written.prefer:
        found.append(("prefer", f"of several values the first of {', '.join(written.prefer)}"))
    return [ExplainedStep("conversion", text, files.place(MANIFEST, f"{rule.pointer}.{key}")) for key, text in found]


def unit_of(rule: ColumnRule, value_of: ValueOf) -> tuple[str | None, bool]:
    """The unit of a value, and whether it was assumed by the size of the number."""
    assert rule.unit is not None
    given = rule.unit.fixed or (value_of(rule.unit.from_) if rule.unit.from_ else None)
    if given is not None:
        return str(given), False
    try:
        unit = assumed_unit(rule.unit.assume, number(value_of(chosen_name(rule, value_of))))
    except CellFault:
        return None, False
    return unit, unit is not None


def column_type(rule: Rule) -> ColumnType:
    """Type of the column: of the rule, else of the common model."""
    if rule.rule.type is not None or rule.column.startswith(WORKING_COLUMN):
        return rule.rule.type or ColumnType.STRING
    return TABLES[rule.table].column(rule.column).type


def translation_steps(files: AdapterFiles, rule: Rule, value: Any) -> list[ExplainedStep]:
    """The rows of the ConceptMap or of a site that were used, or what stood in for a code without one."""
    translate = rule.rule.translate
    if translate is None:
        return []
    name, steps = translate.map, []
    texts = [shaped(each.strip(), rule.rule.text) for each in listed(value) if isinstance(each, str)]
    for code in [text for text in texts if text not in rule.rule.missing]:
        local = [
            ExplainedStep("translation", f"the site gives {code} of ConceptMap {name} as {target}", place)
            for place, target in files.site_rows(name, code, rule.sender)
        ]
        steps += local or [
            ExplainedStep("translation", f"ConceptMap {name}: {code} is {target}", place)
            for place, target in files.map_rows(name, code)
        ]
        if not local and not any(files.map_rows(name, code)):
            steps.append(
                ExplainedStep("translation", f"ConceptMap {name} has no row for {code}; {unmapped(rule.rule)}")
            )
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
