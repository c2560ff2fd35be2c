"""The FHIRPath subset of SQL on FHIR: text to frozen nodes. What lies outside is refused, never read as null."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fhir_adapter.fhir.r4_elements import is_resource
from fhir_adapter.sources.fhirpath_tokens import PathInvalid, Token, TokenKind, tokenize

LONGEST_PATH = 4_000  # characters; official views stay below 500
DEEPEST_PATH = 60  # nested nodes; keeps generated code inside Python's own limits

Scalar: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the path, or a constant of the view. is_temporal: its text is a date, moment or time."""

    value: Scalar
    is_temporal: bool = False


@dataclass(frozen=True, slots=True)
class This:
    """The item in focus."""


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Place of the item in focus among its siblings, from 0."""


@dataclass(frozen=True, slots=True)
class ResourceKey:
    """Key of the resource that is being read."""


@dataclass(frozen=True, slots=True)
class Member:
    """An element of each item, by its JSON name (`valueQuantity` for `value.ofType(Quantity)`)."""

    source: Node
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice element of whichever type is there (`value`); `names` are its JSON names."""

    source: Node
    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """One item by its place, from 0."""

    source: Node
    place: int


@dataclass(frozen=True, slots=True)
class Where:
    """The items for which the criteria are true."""

    source: Node
    criteria: Node


@dataclass(frozen=True, slots=True)
class Extension:
    """The extensions with one url, or all, also of a primitive element (`_birthDate`)."""

    source: Node
    url: str | None


@dataclass(frozen=True, slots=True)
class ReferenceKey:
    """Key of the resource that each reference points to; nothing when it is of another type."""

    source: Node
    resource_type: str | None


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether there is any item."""

    source: Node


@dataclass(frozen=True, slots=True)
class Empty:
    """Whether there is no item."""

    source: Node


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth value; nothing stays nothing."""

    source: Node


@dataclass(frozen=True, slots=True)
class Join:
    """The texts put together with a separator; the empty text when there is none."""

    source: Node
    separator: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """The least or the greatest value that a number, date, moment or time may stand for.

    kind: `dateTime` when the element is one; a text such as `2026-03-01` alone does not tell.
    """

    source: Node
    is_high: bool
    precision: int | None
    kind: str | None = None


class Operator(StrEnum):
    """A binary operator of the subset."""

    OR = "or"
    AND = "and"
    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    GREATER_OR_EQUAL = ">="
    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    DIVIDED = "/"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and what is done with them; three-valued logic, nothing in gives nothing out."""

    operator: Operator
    left: Node
    right: Node


Node: TypeAlias = (
    Literal
    | This
    | RowIndex
    | ResourceKey
    | Member
    | Choice
    | Index
    | Where
    | Extension
    | ReferenceKey
    | Exists
    | Empty
    | Not
    | Join
    | Boundary
    | Operation
)

# Binding strength, weakest first: FHIRPath N1, section 6.8 "Operator precedence".
STRENGTH: Mapping[str, int] = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
}
BOOLEAN_NODES = (Exists, Empty, Not)
LOGICAL = frozenset(
    {
        Operator.OR,
        Operator.AND,
        Operator.EQUAL,
        Operator.UNEQUAL,
        Operator.LESS,
        Operator.GREATER,
        Operator.LESS_OR_EQUAL,
        Operator.GREATER_OR_EQUAL,
    }
)


def parse_path(text: str, *, constants: Mapping[str, Literal], resource_type: str | None = None) -> Node:
    """Read a path of the subset into nodes; constants are put in by value.

    resource_type: a path may start with the type of the resource (`Patient.name`).
    Raises PathInvalid with the position of the first fault.
    """
    if len(text) > LONGEST_PATH:
        raise PathInvalid(f"a path has at most {LONGEST_PATH} characters", LONGEST_PATH)
    return Parser(tokenize(text), constants, resource_type).parse()


def is_boolean(node: Node) -> bool:
    """Whether the node can only give true, false or nothing."""
    if isinstance(node, Literal):
        return isinstance(node.value, bool)
    return isinstance(node, BOOLEAN_NODES) or (isinstance(node, Operation) and node.operator in LOGICAL)


def member_path(node: Node) -> tuple[str, ...]:
    """Names of a plain path from the item in focus; empty when the path is of another shape."""
    names: list[str] = []
    while isinstance(node, Member):
        names.append(node.name)
        node = node.source
    return tuple(reversed(names)) if isinstance(node, This) else ()


def element_path(node: Node) -> str:
    """The elements that a path goes through, to name a place: `valueQuantity.value`, `name.given`."""
    match node:
        case Member(source, name) | Choice(source, name, _):
            return joined_path(element_path(source), name)
        case Where(source, _) | Index(source, _) | Exists(source) | Empty(source) | Not(source) | Join(source, _):
            return element_path(source)
        case Boundary(source):
            return element_path(source)
        case Extension(source, _):
            return joined_path(element_path(source), "extension")
        case ReferenceKey(source, _):
            return joined_path(element_path(source), "reference")
    return ""


def temporal_kind(node: Node) -> str | None:
    """`dateTime` for an element that `ofType()` says is a moment, or a moment written in the path."""
    if isinstance(node, Member):
        return "dateTime" if node.name.endswith(("DateTime", "Instant")) else None
    if isinstance(node, Literal):
        return "dateTime" if node.is_temporal and "T" in str(node.value) else None
    return temporal_kind(node.source) if isinstance(node, Where | Index) else None


def joined_path(path: str, name: str) -> str:
    """A path with one more element."""
    return f"{path}.{name}" if path else name


class Parser:
    """A precedence climber over the tokens of one path; the cursor is its only state."""

    def __init__(self, tokens: tuple[Token, ...], constants: Mapping[str, Literal], resource_type: str | None) -> None:
        self._tokens = tokens
        self._constants = constants
        self._resource_type = resource_type
        self._cursor = 0
        self._depth = 0

    def parse(self) -> Node:
        """The whole path as one node."""
        if self._is_end():
            raise self._fault("a path is expected here")
        node = self._expression(0)
        if not self._is_end():
            raise self._fault("the path should end here; this is not part of the supported FHIRPath")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._cursor]

    def _take(self) -> Token:
        token = self._next
        self._cursor += 1
        return token

    def _fault(self, text: str, token: Token | None = None) -> PathInvalid:
        return PathInvalid(text, (token or self._next).position)

    def _is_end(self) -> bool:
        return self._next.kind is TokenKind.END

    def _is_sign(self, sign: str) -> bool:
        return self._next.kind is TokenKind.SIGN and self._next.text == sign

    def _expect(self, sign: str) -> None:
        if not self._is_sign(sign):
            raise self._fault(f"'{sign}' is expected here")
        self._cursor += 1

    def _expression(self, weakest: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST_PATH:
            raise self._fault("the path is nested too deeply")
        left = self._operand()
        while (strength := self._operator_strength()) > weakest:
            operator = Operator(self._take().text)
            left = Operation(operator, left, self._expression(strength))
        self._depth -= 1
        return left

    def _operator_strength(self) -> int:
        token = self._next
        return STRENGTH.get(token.text, 0) if token.kind in (TokenKind.SIGN, TokenKind.NAME) else 0

    def _operand(self) -> Node:
        if self._is_sign("-"):
            return self._negative()
        return self._steps_after(self._first_step())

    def _negative(self) -> Node:
        sign = self._take()
        operand = self._operand()
        if isinstance(operand, Literal) and isinstance(operand.value, int | float):
            return Literal(-operand.value)
        raise self._fault("only a number can be made negative", sign)

    def _first_step(self) -> Node:
        token = self._take()
        match token.kind:
            case TokenKind.TEXT:
                return Literal(token.text)
            case TokenKind.DATE:
                return Literal(token.text, is_temporal=True)
            case TokenKind.NUMBER:
                return Literal(float(token.text) if "." in token.text else int(token.text))
            case TokenKind.CONSTANT:
                return self._constant(token)
            case TokenKind.THIS:
                return This()
            case TokenKind.NAME:
                return self._first_name(token)
        if token.text == "(":
            node = self._expression(0)
            self._expect(")")
            return node
        raise self._fault("an element, a value or a function is expected here", token)

    def _constant(self, token: Token) -> Node:
        if token.text == "rowIndex":
            return RowIndex()
        if token.text not in self._constants:
            known = ", ".join(sorted(self._constants)) or "none"
            raise self._fault(f"the view declares no constant %{token.text}; declared: {known}", token)
        return self._constants[token.text]

    def _first_name(self, token: Token) -> Node:
        if token.text in ("true", "false") and not self._is_sign("("):
            return Literal(token.text == "true")
        if token.text == self._resource_type and self._is_sign("."):
            return This()
        return self._named_step(This(), token)

    def _steps_after(self, node: Node) -> Node:
        for _ in range(DEEPEST_PATH):
            if self._is_sign("."):
                self._take()
                node = self._named_step(node, self._step_name())
            elif self._is_sign("["):
                node = self._indexed(node)
            else:
                return node
        raise self._fault(f"a path has at most {DEEPEST_PATH} steps")

    def _step_name(self) -> Token:
        token = self._take()
        if token.kind is not TokenKind.NAME:
            raise self._fault("the name of an element or a function is expected here", token)
        return token

    def _indexed(self, node: Node) -> Node:
        self._take()
        place = self._expression(0)
        self._expect("]")
        if not isinstance(place, Literal) or isinstance(place.value, bool) or not isinstance(place.value, int):
            raise self._fault("a place in [ ] must be a whole number")
        return Index(node, place.value)

    def _named_step(self, source: Node, token: Token) -> Node:
        if not self._is_sign("("):
            is_extension = token.text == "extension" and not isinstance(source, This)
            return Extension(source, None) if is_extension else Member(source, token.text)
        if token.text not in FUNCTIONS:
            raise self._fault(f"the function {token.text}() is not supported; supported: {', '.join(FUNCTIONS)}", token)
        return FUNCTIONS[token.text](self, source, self._arguments(), token)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        arguments: list[Node] = []
        while not self._is_sign(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._expression(0))
        self._expect(")")
        return tuple(arguments)

    def where(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`where(criteria)`."""
        return Where(source, self._only(arguments, token))

    def exists(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`exists()` and `exists(criteria)`."""
        return Exists(Where(source, self._only(arguments, token)) if arguments else source)

    def empty(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`empty()`."""
        self._none(arguments, token)
        return Empty(source)

    def negate(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`not()`."""
        self._none(arguments, token)
        return Not(source)

    def first(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`first()`."""
        self._none(arguments, token)
        return Index(source, 0)

    def extension(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`extension(url)`."""
        return Extension(source, self._text(self._only(arguments, token), token))

    def join(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`join()` and `join(separator)`."""
        return Join(source, self._text(self._only(arguments, token), token) if arguments else "")

    def low_boundary(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`lowBoundary()` and `lowBoundary(precision)`."""
        return Boundary(source, False, self._precision(arguments, token), temporal_kind(source))

    def high_boundary(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`highBoundary()` and `highBoundary(precision)`."""
        return Boundary(source, True, self._precision(arguments, token), temporal_kind(source))

    def of_type(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`ofType(type)`, straight after the choice element that it narrows."""
        type_name = self._type_name(self._only(arguments, token), token)
        if is_resource(type_name):
            return Where(source, Operation(Operator.EQUAL, Member(This(), "resourceType"), Literal(type_name)))
        if not isinstance(source, Member):
            raise self._fault("ofType() stands straight after a choice element, as in value.ofType(Quantity)", token)
        return Member(source.source, source.name + type_name[:1].upper() + type_name[1:])

    def resource_key(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`getResourceKey()` of the resource in hand."""
        self._none(arguments, token)
        if not isinstance(source, This):
            raise self._fault("getResourceKey() is supported on the resource itself", token)
        return ResourceKey()

    def reference_key(self, source: Node, arguments: tuple[Node, ...], token: Token) -> Node:
        """`getReferenceKey()` and `getReferenceKey(type)`."""
        wanted = self._type_name(self._only(arguments, token), token) if arguments else None
        return ReferenceKey(source, wanted)

    def _only(self, arguments: tuple[Node, ...], token: Token) -> Node:
        if len(arguments) != 1:
            raise self._fault(f"{token.text}() takes one argument here", token)
        return arguments[0]

    def _none(self, arguments: tuple[Node, ...], token: Token) -> None:
        if arguments:
            raise self._fault(f"{token.text}() takes no argument", token)

    def _text(self, node: Node, token: Token) -> str:
        if isinstance(node, Literal) and isinstance(node.value, str):
            return node.value
        raise self._fault(f"the argument of {token.text}() must be a text", token)

    def _precision(self, arguments: tuple[Node, ...], token: Token) -> int | None:
        if not arguments:
            return None
        node = self._only(arguments, token)
        if isinstance(node, Literal) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return node.value
        raise self._fault(f"the precision of {token.text}() must be a whole number", token)

    def _type_name(self, node: Node, token: Token) -> str:
        if isinstance(node, Member) and (isinstance(node.source, This) or node.source == Member(This(), "FHIR")):
            return node.name
        raise self._fault(f"the argument of {token.text}() must be the name of a type", token)


FunctionParser: TypeAlias = Callable[[Parser, Node, tuple[Node, ...], Token], Node]

FUNCTIONS: Mapping[str, FunctionParser] = {
    "where": Parser.where,
    "exists": Parser.exists,
    "empty": Parser.empty,
    "not": Parser.negate,
    "first": Parser.first,
    "extension": Parser.extension,
    "join": Parser.join,
    "lowBoundary": Parser.low_boundary,
    "highBoundary": Parser.high_boundary,
    "ofType": Parser.of_type,
    "getResourceKey": Parser.resource_key,
    "getReferenceKey": Parser.reference_key,
}
