"""Which views to run over which resource.

A view that starts `code.coding.where(system = … and code = …).exists()` is found by look-up in a table of codes,
so that twenty views over Observation cost one look-up each, not twenty conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


CodeTable: TypeAlias = Mapping[Coding, tuple[Runnable, ...]]
Chooser: TypeAlias = Callable[[Mapping[str, Any]], Sequence[Runnable]]


@dataclass(frozen=True, slots=True)
class CodeCondition:
    """`path.where(system = s and code = c).exists()`, taken apart."""

    path: Path
    codings: frozenset[Coding]


@dataclass(frozen=True, slots=True)
class PlannedView:
    """A view ready to run over resources of a type. condition: the codings that ask for it; None when all do."""

    resource: str
    condition: CodeCondition | None
    runnable: Runnable


def plan_views(views: Sequence[View]) -> Mapping[str, Chooser]:
    """How to choose the views of a resource, by its type; the slot of a view is its place in `views`."""
    return choosers_of([plan_view(slot, view) for slot, view in enumerate(views)])


def plan_view(slot: int, view: View) -> PlannedView:
    """One view compiled; its rows go to the list of this number."""
    condition, rest = split_condition(view.where)
    compiled = compile_view(replace(view, where=rest))
    runnable = Runnable(slot, compiled.rows, {each.name: each.element for each in compiled.columns})
    return PlannedView(view.resource, condition, runnable)


def choosers_of(planned: Sequence[PlannedView]) -> Mapping[str, Chooser]:
    """How to choose the views of a resource, by its type."""
    always: dict[str, list[Runnable]] = {}
    coded: dict[str, dict[Path, dict[Coding, tuple[Runnable, ...]]]] = {}
    for each in planned:
        if each.condition is None:
            always.setdefault(each.resource, []).append(each.runnable)
            continue
        table = coded.setdefault(each.resource, {}).setdefault(each.condition.path, {})
        for coding in each.condition.codings:
            table[coding] = (*table.get(coding, ()), each.runnable)
    return {
        each: chooser(tuple(always.get(each, ())), tuple(coded.get(each, {}).items()))
        for each in sorted({*always, *coded})
    }


def chooser(always: tuple[Runnable, ...], by_code: Sequence[tuple[Path, CodeTable]]) -> Chooser:
    """A closure from a resource to the views to run over it, each once: those for all, and those of its codings."""
    if not by_code:
        return lambda _: always

    def look_through(resource: Mapping[str, Any]) -> Sequence[Runnable]:
        found = [each for path, table in by_code for each in matching(table, codings_at(resource, path))]
        return tuple(dict.fromkeys((*always, *found)))

    [(path, table), *others] = by_code
    return look_through if others or len(path) != 2 else sole_concept_chooser(always, path, table, look_through)


def sole_concept_chooser(always: tuple[Runnable, ...], path: Path, table: CodeTable, look_through: Chooser) -> Chooser:
    """The same for a path of two names, with the common case decided first: one concept whose codings ask for the same.

    Two codings of one concept that ask for different views are rare enough to be looked through once more.
    """
    first, second = path
    chosen = {coding: (*always, *found) for coding, found in table.items()}

    def choose(resource: Mapping[str, Any]) -> Sequence[Runnable]:
        try:
            concept = resource[first]
            if type(concept) is list:
                [concept] = concept
            codings = concept[second]
            if len(codings) == 1:
                coding = codings[0]
                return chosen.get((coding["system"], coding["code"]), always)
            found = [chosen[asked] for each in codings if (asked := (each["system"], each["code"])) in chosen]
            if not found:
                return always
            return found[0] if found.count(found[0]) == len(found) else look_through(resource)
        except (KeyError, TypeError, ValueError):  # of another shape: several concepts, or none; a code that is none
            return look_through(resource)

    return choose


def matching(table: CodeTable, codings: Sequence[Any]) -> list[Runnable]:
    """The views that any of the codings asks for; none for what is no coding."""
    found: list[Runnable] = []
    for coding in codings:
        if type(coding) is dict:
            system, code = coding.get("system"), coding.get("code")
            found.extend(table.get((system, code), ()) if type(system) is str and type(code) is str else ())
    return found


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
