"""Which views to run over which resource.

A view that starts `code.coding.where(system = … and code = …).exists()` is found by look-up in a table of codes,
so that twenty views over Observation cost one look-up each, not twenty conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from fhir_adapter.sources.compiler import RowFunction, compile_view
from fhir_adapter.sources.fhirpath import Exists, Literal, Member, Node, Operation, Operator, This, Where, member_path
from fhir_adapter.sources.view import View
from fhir_adapter.sources.view_runtime import path_values

Path: TypeAlias = tuple[str, ...]
Coding: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Runnable:
    """A compiled view with the number of the list that its rows go to. elements: of each column, for issues."""

    slot: int
    rows: RowFunction
    elements: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TypePlan:
    """Views of one resource type: those for every resource, and those found by a coding at a path."""

    always: tuple[Runnable, ...]
    by_code: tuple[tuple[Path, Mapping[Coding, tuple[Runnable, ...]]], ...]


@dataclass(frozen=True, slots=True)
class CodeCondition:
    """`path.where(system = s and code = c).exists()`, taken apart."""

    path: Path
    codings: frozenset[Coding]


def plan_views(views: Sequence[View]) -> Mapping[str, TypePlan]:
    """The plan of each resource type; the slot of a view is its place in `views`."""
    always: dict[str, list[Runnable]] = {}
    coded: dict[str, dict[Path, dict[Coding, tuple[Runnable, ...]]]] = {}
    for slot, view in enumerate(views):
        condition, rest = split_condition(view.where)
        compiled = compile_view(replace(view, where=rest))
        runnable = Runnable(slot, compiled.rows, {each.name: each.element for each in compiled.columns})
        if condition is None:
            always.setdefault(view.resource, []).append(runnable)
            continue
        table = coded.setdefault(view.resource, {}).setdefault(condition.path, {})
        for coding in condition.codings:
            table[coding] = (*table.get(coding, ()), runnable)
    return {
        each: TypePlan(tuple(always.get(each, ())), tuple(coded.get(each, {}).items()))
        for each in sorted({*always, *coded})
    }


def runnables(plan: TypePlan, resource: Mapping[str, Any]) -> Sequence[Runnable]:
    """The views to run over a resource, each once."""
    found = plan.always
    for path, table in plan.by_code:
        value: Any = resource
        for name in path:
            value = value.get(name) if type(value) is dict else None
        # Nearly every resource has one coding straight below its path; the others are looked through.
        if type(value) is list and len(value) == 1:
            matched = runnables_of(table, value[0])
        else:
            codings = codings_at(resource, path)
            matched = tuple(dict.fromkeys(each for coding in codings for each in runnables_of(table, coding)))
        if matched:
            found = (*found, *matched) if found else matched
    return found


def runnables_of(table: Mapping[Coding, tuple[Runnable, ...]], coding: Any) -> tuple[Runnable, ...]:
    """The views that a coding asks for; none for what is no coding."""
    if type(coding) is not dict:
        return ()
    system, code = coding.get("system"), coding.get("code")
    return table.get((system, code), ()) if type(system) is str and type(code) is str else ()


def codings_at(resource: Mapping[str, Any], path: Path) -> Sequence[Any]:
    """The items at a path."""
    value = path_values(resource, path)
    return value if type(value) is list else (value,)


def split_condition(where: Sequence[Node]) -> tuple[CodeCondition | None, tuple[Node, ...]]:
    """The first condition on codings that can be looked up, and the others."""
    for at, node in enumerate(where):
        condition = code_condition(node)
        if condition is not None:
            return condition, (*where[:at], *where[at + 1 :])
    return None, tuple(where)


def code_condition(node: Node) -> CodeCondition | None:
    """What a condition asks of a coding; None when it is of another shape."""
    if isinstance(node, Operation) and node.operator is Operator.OR:
        left, right = code_condition(node.left), code_condition(node.right)
        if left is None or right is None or left.path != right.path:
            return None
        return CodeCondition(left.path, left.codings | right.codings)
    if not (isinstance(node, Exists) and isinstance(node.source, Where)):
        return None
    path, criteria = member_path(node.source.source), node.source.criteria
    if not path or not (isinstance(criteria, Operation) and criteria.operator is Operator.AND):
        return None
    systems, codes = texts_of("system", criteria.left), texts_of("code", criteria.right)
    if not systems or not codes:
        return None
    return CodeCondition(path, frozenset((system, code) for system in systems for code in codes))


def texts_of(name: str, node: Node) -> frozenset[str]:
    """The texts of `name = 'a' or name = 'b'`; empty when the node is of another shape."""
    if not isinstance(node, Operation):
        return frozenset()
    if node.operator is Operator.OR:
        left, right = texts_of(name, node.left), texts_of(name, node.right)
        return left | right if left and right else frozenset()
    if node.operator is Operator.EQUAL and node.left == Member(This(), name) and isinstance(node.right, Literal):
        return frozenset({node.right.value}) if isinstance(node.right.value, str) else frozenset()
    return frozenset()
