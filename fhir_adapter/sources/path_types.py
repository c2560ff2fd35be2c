"""What a path may give, told from the types and cardinalities of FHIR R4 without a resource."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from fhir_adapter.fhir.r4_elements import (
    Element,
    choice_name,
    element_names,
    element_of,
    is_known_type,
    is_resource,
    narrowed_element,
)
from fhir_adapter.sources.fhirpath import (
    Boundary,
    Choice,
    Empty,
    Exists,
    Extension,
    Index,
    Join,
    Literal,
    Member,
    Node,
    Not,
    Operation,
    Operator,
    ReferenceKey,
    ResourceKey,
    RowIndex,
    This,
    Where,
)
from fhir_adapter.sources.suggestions import did_you_mean

TEXT_TYPES = frozenset(
    {"string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown", "base64Binary", "xhtml"}
)
NUMBER_TYPES = frozenset({"integer", "decimal", "positiveInt", "unsignedInt", "integer64"})
TEMPORAL_TYPES = frozenset({"date", "dateTime", "instant"})
FAMILIES = {
    **dict.fromkeys(TEXT_TYPES, "text"),
    **dict.fromkeys(NUMBER_TYPES, "number"),
    **dict.fromkeys(TEMPORAL_TYPES, "date"),
    "time": "time",
    "boolean": "truth value",
}
ORDERINGS = frozenset({Operator.LESS, Operator.GREATER, Operator.LESS_OR_EQUAL, Operator.GREATER_OR_EQUAL})
ARITHMETIC = frozenset({Operator.PLUS, Operator.MINUS, Operator.TIMES, Operator.DIVIDED})

Note: TypeAlias = Callable[[str, str], None]  # a short word for the kind of fault, and the fault


@dataclass(frozen=True, slots=True)
class Typed:
    """Types that the items of a path may have; none when they are not known. is_list: there may be several items."""

    types: frozenset[str] = frozenset()
    is_list: bool = False

    def families(self) -> frozenset[str]:
        """What the types are to an operator: text, number, date …, or the type itself for one with elements."""
        return frozenset(FAMILIES.get(each, each) for each in self.types)


UNKNOWN = Typed()
TRUTH = Typed(frozenset({"boolean"}))
TEXT = Typed(frozenset({"string"}))


def silent(_kind: str, _text: str) -> None:
    """Take no note of a fault."""


def typed(node: Node, focus: Typed, note: Note = silent) -> Typed:
    """What a node may give when the item in focus is of such types; faults of the path are noted."""
    match node:
        case This():
            return replace(focus, is_list=False)
        case Literal():
            return Typed(frozenset({literal_type(node)}))
        case RowIndex():
            return Typed(frozenset({"integer"}))
        case ResourceKey():
            return TEXT
        case Member(source, name) | Choice(source, name, _):
            return _member(typed(source, focus, note), name, note)
        case Extension(source, _):
            found = typed(source, focus, note)
            return Typed(frozenset({"Extension"}), found.is_list)
        case Index(source, _):
            return replace(typed(source, focus, note), is_list=False)
        case Where(source, criteria):
            return _kept(typed(source, focus, note), criteria, note)
        case ReferenceKey(source, _):
            return _reference_key(typed(source, focus, note), note)
        case Exists(source) | Empty(source):
            typed(source, focus, note)
            return TRUTH
        case Not(source):
            check_condition(typed(source, focus, note), "not()", note)
            return TRUTH
        case Join(source, _):
            _check_joined(typed(source, focus, note), note)
            return TEXT
        case Boundary(source):
            found = typed(source, focus, note)
            _check_single(found, "lowBoundary() or highBoundary()", note)
            return replace(found, is_list=False)
        case Operation():
            return _operation(node, focus, note)
    return UNKNOWN


def literal_type(node: Literal) -> str:
    """Type of a value written in a path."""
    if isinstance(node.value, bool):
        return "boolean"
    if isinstance(node.value, str):
        if not node.is_temporal:
            return "string"
        return "time" if ":" in node.value[:3] else ("dateTime" if "T" in node.value else "date")
    return "integer" if isinstance(node.value, int) else "decimal"


def choice_names(source: Typed, name: str) -> tuple[str, ...]:
    """JSON names of a choice element that is not narrowed; empty when it is none, or may be none."""
    found = [element_of(each, name) for each in sorted(source.types)]
    elements = [each for each in found if each is not None and each.is_choice]
    if len(elements) < len(found):
        return ()
    return tuple(dict.fromkeys(choice_name(name, each) for element in elements for each in element.types))


def check_condition(found: Typed, what: str, note: Note) -> None:
    """Note a condition that cannot be true or false."""
    if found.types and "boolean" not in found.types:
        note("type", f"{what} needs true or false, and this is {told(found.types)}")


def told(types: Iterable[str]) -> str:
    """Types in words."""
    return " or ".join(sorted(types))


def _member(source: Typed, name: str, note: Note) -> Typed:
    if not source.types or any(each == "Resource" or each == "DomainResource" for each in source.types):
        return UNKNOWN
    if name == "resourceType" and all(is_resource(each) for each in source.types):
        return TEXT
    found = [element for each in sorted(source.types) if (element := _element(each, name)) is not None]
    if not found:
        note("element", _unknown_element(source, name))
        return UNKNOWN
    for element in found:
        if element.is_choice:
            note("choice", f"{name} may be of several types; narrow it, as in {name}.ofType({element.types[0]})")
    types = frozenset(each for element in found for each in element.types)
    return Typed(types, source.is_list or any(element.is_list for element in found))


def _element(type_name: str, name: str) -> Element | None:
    return element_of(type_name, name) or narrowed_element(type_name, name)


def _unknown_element(source: Typed, name: str) -> str:
    known = [each for type_name in sorted(source.types) for each in element_names(type_name)]
    if not any(is_known_type(each) for each in source.types):
        return f"{told(source.types)} has no elements, and {name} is asked of it"
    return f"{told(source.types)} has no element {name}{did_you_mean(name, known)}"


def _kept(source: Typed, criteria: Node, note: Note) -> Typed:
    item = replace(source, is_list=False)
    check_condition(typed(criteria, item, note), "where()", note)
    match criteria:
        case Operation(Operator.EQUAL, Member(This(), "resourceType"), Literal(str() as type_name)):
            return Typed(frozenset({type_name}), source.is_list)
    return source


def _reference_key(source: Typed, note: Note) -> Typed:
    if source.types and "Reference" not in source.types:
        note("type", f"getReferenceKey() needs a Reference, and this is {told(source.types)}")
    return Typed(frozenset({"string"}), source.is_list)


def _check_joined(source: Typed, note: Note) -> None:
    if source.types and not source.types & TEXT_TYPES:
        note("type", f"join() needs texts, and this is {told(source.types)}")


def _check_single(source: Typed, what: str, note: Note) -> None:
    if source.is_list:
        note("cardinality", f"{what} takes one value, and there may be several; choose with first() or an index")


def _operation(node: Operation, focus: Typed, note: Note) -> Typed:
    left, right = typed(node.left, focus, note), typed(node.right, focus, note)
    if node.operator in (Operator.AND, Operator.OR):
        for each in (left, right):
            check_condition(each, f"`{node.operator}`", note)
        return TRUTH
    _check_operands(node.operator, left, right, note)
    if node.operator not in ARITHMETIC:
        return TRUTH
    is_text = left.families() == frozenset({"text"})
    return TEXT if is_text else Typed(frozenset({"decimal"}))


def _check_operands(operator: Operator, left: Typed, right: Typed, note: Note) -> None:
    ours, theirs = left.families(), right.families()
    if ours and theirs and not ours & theirs:
        note("type", f"`{operator}` between {told(left.types)} and {told(right.types)} is never true")
        return
    if operator in (Operator.EQUAL, Operator.UNEQUAL):
        return
    for side in (left, right):
        _check_single(side, f"`{operator}`", note)
        wanted = {"number", "text"} if operator in ARITHMETIC else {"number", "text", "date", "time"}
        if side.types and not side.families() & wanted:
            note("type", f"`{operator}` cannot be used with {told(side.types)}")
