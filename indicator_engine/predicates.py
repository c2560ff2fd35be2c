"""The expression language of indicator definitions: SQL boolean expressions, parsed into frozen typed nodes.

A text is parsed by sqlglot and every node is either on the allow-list below or refused; nothing is ever evaluated
as SQL or Python text. Columns, code lists, types and units are checked when a node is made.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum

import sqlglot
from sqlglot import expressions as sql

from indicator_engine.code_lists import code_list
from indicator_engine.errors import CodeListUnknown, DefinitionInvalid
from indicator_engine.growth import GrowthMean, growth_means

LONGEST_TEXT = 4_000  # an expression is a sentence, not a program
MOST_NODES = 300


class ValueType(StrEnum):
    """What kind of value an expression has."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CODE_SET = "code set"


@dataclass(frozen=True, slots=True)
class Name:
    """A column or feature that an expression may use. key: how engines find it, `table.column` or `feature.x`."""

    key: str
    type: ValueType
    unit: str | None = None
    codes: frozenset[str] | None = None


Scope = Mapping[str, Name]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text or truth value written in the expression."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Column:
    """The value of a column or feature."""

    name: Name


@dataclass(frozen=True, slots=True)
class DateOf:
    """The calendar date (Europe/London) of a date and time."""

    value: Node


@dataclass(frozen=True, slots=True)
class DaysBetween:
    """Days from `earlier` to `later`; negative when they stand the other way round."""

    later: Node
    earlier: Node


@dataclass(frozen=True, slots=True)
class CompletedYears:
    """Completed years from `earlier` to `later`, as an age is counted."""

    later: Node
    earlier: Node


@dataclass(frozen=True, slots=True)
class MinutesBetween:
    """Minutes from `earlier` to `later`, negative the other way round; unknown when either has no time of day."""

    later: Node
    earlier: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`operator` is one of + - * /; unknown when either side is, and when the divisor is zero."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Absolute:
    """A number without its sign."""

    value: Node


@dataclass(frozen=True, slots=True)
class GroupOf:
    """The group of a code. groups: each group with its codes, in the order of the list; unknown for any other code."""

    value: Node
    groups: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class GrowthScore:
    """How many standard deviations a birth weight lies from the mean of its sex and week; unknown outside the table."""

    grams: Node
    days: Node
    sex: Node
    means: tuple[GrowthMean, ...]


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first value that is known."""

    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of = <> < <= > >=; unknown when either side is."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class InList:
    """Whether the value is one of those listed; unknown when the value is."""

    value: Node
    options: tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class ContainsAny:
    """Whether a code set holds at least one of the codes; unknown when nothing was recorded."""

    value: Node
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IsKnown:
    """Whether a value is there at all; never unknown."""

    value: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts, in the three-valued logic of SQL."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the parts, in the three-valued logic of SQL."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Node


Node = (
    Literal
    | Column
    | DateOf
    | DaysBetween
    | CompletedYears
    | MinutesBetween
    | Arithmetic
    | Absolute
    | GroupOf
    | GrowthScore
    | Coalesce
    | Comparison
    | InList
    | ContainsAny
    | IsKnown
    | And
    | Or
    | Not
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A node with the type and unit of its value."""

    node: Node
    type: ValueType
    unit: str | None = None
    codes: frozenset[str] | None = None


def parse_predicate(text: str, scope: Scope, *, place: str) -> Node:
    """Parse a boolean expression over `scope`; raises DefinitionInvalid with the place and a suggestion."""
    typed = _parse(text, scope, place)
    if typed.type is not ValueType.BOOLEAN:
        raise DefinitionInvalid(place, [f"a condition is expected, but `{text}` is a {typed.type}"])
    return typed.node


def parse_value(text: str, scope: Scope, *, place: str) -> Typed:
    """Parse an expression of any type over `scope`; raises DefinitionInvalid with the place and a suggestion."""
    return _parse(text, scope, place)


def keys_of(node: Node) -> frozenset[str]:
    """Keys of every column and feature that a node reads."""
    if isinstance(node, Column):
        return frozenset((node.name.key,))
    inner: set[str] = set()
    for field in fields(node):
        value = getattr(node, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if is_dataclass(each) and not isinstance(each, GrowthMean):
                inner |= keys_of(each)  # type: ignore[arg-type]  # every dataclass inside a node is a node
    return frozenset(inner)


def _parse(text: str, scope: Scope, place: str) -> Typed:
    if len(text) > LONGEST_TEXT:
        raise DefinitionInvalid(place, [f"an expression may have {LONGEST_TEXT} characters, this one has {len(text)}"])
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
    except (sqlglot.errors.ParseError, sqlglot.errors.TokenError) as cause:
        raise DefinitionInvalid(place, [f"not readable as an expression: {str(cause).splitlines()[0]}"]) from cause
    except RecursionError as cause:
        raise DefinitionInvalid(place, ["not readable as an expression: nested too deeply"]) from cause
    if sum(1 for _ in tree.walk()) > MOST_NODES:
        raise DefinitionInvalid(place, [f"an expression may have {MOST_NODES} parts; split it into features"])
    return _Reader(scope, place).read(tree)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns sqlglot's tree into nodes, checking each as it is made."""

    scope: Scope
    place: str

    def read(self, tree: sql.Expr) -> Typed:
        reader = _READERS.get(type(tree))
        if reader is None:
            raise self.refuse(f"`{tree.sql()}` is not part of the language ({type(tree).__name__})")
        return reader(self, tree)

    def refuse(self, fault: str) -> DefinitionInvalid:
        return DefinitionInvalid(self.place, [fault])

    def read_condition(self, tree: sql.Expr) -> Node:
        typed = self.read(tree)
        if typed.type is not ValueType.BOOLEAN:
            raise self.refuse(f"`{tree.sql()}` is a {typed.type}, where a condition is expected")
        return typed.node

    def read_date(self, tree: sql.Expr) -> Node:
        typed = self.read(tree)
        if typed.type is ValueType.DATETIME:
            return DateOf(typed.node)
        if typed.type is not ValueType.DATE:
            raise self.refuse(f"`{tree.sql()}` is a {typed.type}, where a date is expected")
        return typed.node

    def check_comparable(self, left: Typed, right: Typed, tree: sql.Expr) -> None:
        if left.type is not right.type:
            raise self.refuse(f"`{tree.sql()}` compares a {left.type} with a {right.type}")
        if left.unit is not None and right.unit is not None and left.unit != right.unit:
            raise self.refuse(f"`{tree.sql()}` compares {left.unit} with {right.unit}")

    def check_codes(self, value: Typed, codes: Sequence[str | int | float], tree: sql.Expr) -> None:
        if value.codes is None:
            return
        for code in codes:
            if code not in value.codes:
                raise self.refuse(
                    f"`{code}` in `{tree.sql()}` is no code of its list{_nearest(str(code), value.codes)}"
                )


def _nearest(word: str, known: Sequence[str] | frozenset[str]) -> str:
    found = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean `{found[0]}`?" if found else ""


def _read_column(reader: _Reader, tree: sql.Expr) -> Typed:
    assert isinstance(tree, sql.Column)
    word = ".".join(part.name for part in tree.parts)
    name = reader.scope.get(word)
    if name is None:
        raise reader.refuse(f"`{word}` is not known here{_nearest(word, list(reader.scope))}")
    return Typed(Column(name), name.type, name.unit, name.codes)


def _read_literal(reader: _Reader, tree: sql.Expr) -> Typed:
    assert isinstance(tree, sql.Literal)
    if tree.is_string:
        return Typed(Literal(tree.this), ValueType.TEXT)
    number = float(tree.this)
    if math.isinf(number):
        raise reader.refuse(f"`{tree.sql()}` is too large a number")
    return Typed(Literal(int(number) if number.is_integer() else number), ValueType.NUMBER)


def _read_boolean(_: _Reader, tree: sql.Expr) -> Typed:
    return Typed(Literal(bool(tree.this)), ValueType.BOOLEAN)


def _read_negative(reader: _Reader, tree: sql.Expr) -> Typed:
    inner = reader.read(tree.this)
    if not isinstance(inner.node, Literal) or inner.type is not ValueType.NUMBER:
        raise reader.refuse(f"`{tree.sql()}`: only a number can be negative")
    assert not isinstance(inner.node.value, str)
    return Typed(Literal(-inner.node.value), ValueType.NUMBER)


def _read_cast(reader: _Reader, tree: sql.Expr) -> Typed:
    """A day written as `date '2000-01-01'`; nothing else is ever turned from one type into another."""
    day = tree.this
    if not (isinstance(day, sql.Literal) and day.is_string and tree.args["to"].this is sql.DataType.Type.DATE):
        raise reader.refuse(f"`{tree.sql()}` is not part of the language (Cast)")
    try:
        date.fromisoformat(day.this)
    except ValueError as cause:
        raise reader.refuse(f"`{tree.sql()}` is no date; write it as date '2000-01-31'") from cause
    return Typed(DateOf(Literal(day.this)), ValueType.DATE)


def _read_paren(reader: _Reader, tree: sql.Expr) -> Typed:
    return reader.read(tree.this)


def _read_and(reader: _Reader, tree: sql.Expr) -> Typed:
    assert isinstance(tree, sql.And)
    parts = tuple(reader.read_condition(part) for part in tree.flatten())
    return Typed(And(parts), ValueType.BOOLEAN)


def _read_or(reader: _Reader, tree: sql.Expr) -> Typed:
    assert isinstance(tree, sql.Or)
    parts = tuple(reader.read_condition(part) for part in tree.flatten())
    return Typed(Or(parts), ValueType.BOOLEAN)


def _read_not(reader: _Reader, tree: sql.Expr) -> Typed:
    return Typed(Not(reader.read_condition(tree.this)), ValueType.BOOLEAN)


def _read_comparison(operator: str) -> Callable[[_Reader, sql.Expr], Typed]:
    def read(reader: _Reader, tree: sql.Expr) -> Typed:
        left, right = reader.read(tree.this), reader.read(tree.expression)
        reader.check_comparable(left, right, tree)
        for value, other in ((left, right), (right, left)):
            if isinstance(other.node, Literal) and not isinstance(other.node.value, bool):
                reader.check_codes(value, [other.node.value], tree)
        return Typed(Comparison(operator, left.node, right.node), ValueType.BOOLEAN)

    return read


def _read_arithmetic(operator: str) -> Callable[[_Reader, sql.Expr], Typed]:
    def read(reader: _Reader, tree: sql.Expr) -> Typed:
        left, right = reader.read(tree.this), reader.read(tree.expression)
        for each, part in ((left, tree.this), (right, tree.expression)):
            if each.type is not ValueType.NUMBER:
                raise reader.refuse(f"`{part.sql()}` is a {each.type}, where a number is expected")
        node = Arithmetic(operator, left.node, right.node)
        if operator in ("*", "/"):
            return Typed(node, ValueType.NUMBER)
        reader.check_comparable(left, right, tree)
        return Typed(node, ValueType.NUMBER, left.unit or right.unit)

    return read


def _read_absolute(reader: _Reader, tree: sql.Expr) -> Typed:
    value = reader.read(tree.this)
    if value.type is not ValueType.NUMBER:
        raise reader.refuse(f"`{tree.this.sql()}` is a {value.type}, where a number is expected")
    return Typed(Absolute(value.node), ValueType.NUMBER, value.unit)


def _read_between(reader: _Reader, tree: sql.Expr) -> Typed:
    if tree.args.get("symmetric"):
        raise reader.refuse(
            f"`{tree.sql()}`: BETWEEN takes the lower value first; SYMMETRIC is not part of the language"
        )
    value, low, high = (reader.read(tree.args[part]) for part in ("this", "low", "high"))
    reader.check_comparable(value, low, tree)
    reader.check_comparable(value, high, tree)
    parts = (Comparison(">=", value.node, low.node), Comparison("<=", value.node, high.node))
    return Typed(And(parts), ValueType.BOOLEAN)


def _read_in(reader: _Reader, tree: sql.Expr) -> Typed:
    value = reader.read(tree.this)
    if tree.args.get("query") is not None or not tree.expressions:
        raise reader.refuse(f"`{tree.sql()}`: IN takes a list of values or codes('list', 'group', …)")
    options = tuple(option for each in tree.expressions for option in _read_options(reader, each, value))
    reader.check_codes(value, options, tree)
    return Typed(InList(value.node, options), ValueType.BOOLEAN)


def _read_options(reader: _Reader, tree: sql.Expr, value: Typed) -> tuple[str | int | float, ...]:
    if isinstance(tree, sql.Anonymous) and tree.name.lower() == "codes":
        return _read_codes(reader, tree)
    option = reader.read(tree)
    reader.check_comparable(value, option, tree)
    if not isinstance(option.node, Literal):
        raise reader.refuse(f"`{tree.sql()}`: only written values can stand in a list")
    return (option.node.value,)


def _read_codes(reader: _Reader, tree: sql.Expr) -> tuple[str, ...]:
    words = [each.name for each in tree.expressions]
    if not words:
        raise reader.refuse("codes() needs the name of a code list")
    try:
        entries = code_list(words[0]).codes
    except CodeListUnknown as cause:
        raise reader.refuse(str(cause)) from cause
    groups = {entry.group for entry in entries.values()}
    for group in words[1:]:
        if group not in groups:
            raise reader.refuse(
                f"`{group}` is no group of code list {words[0]}{_nearest(group, sorted(filter(None, groups)))}"
            )
    return tuple(code for code, entry in entries.items() if not words[1:] or entry.group in words[1:])


def _read_is(reader: _Reader, tree: sql.Expr) -> Typed:
    if not isinstance(tree.expression, sql.Null):
        raise reader.refuse(f"`{tree.sql()}`: IS takes NULL or NOT NULL")
    known = IsKnown(reader.read(tree.this).node)
    return Typed(known if tree.args.get("negate") else Not(known), ValueType.BOOLEAN)


def _read_coalesce(reader: _Reader, tree: sql.Expr) -> Typed:
    values = [reader.read(each) for each in (tree.this, *tree.expressions)]
    for other in values[1:]:
        reader.check_comparable(values[0], other, tree)
    return Typed(Coalesce(tuple(each.node for each in values)), values[0].type, values[0].unit, values[0].codes)


def _read_function(reader: _Reader, tree: sql.Expr) -> Typed:
    assert isinstance(tree, sql.Anonymous)
    reader_of = _FUNCTIONS.get(tree.name.lower())
    if reader_of is None:
        raise reader.refuse(
            f"`{tree.name}` is no function of the language{_nearest(tree.name.lower(), list(_FUNCTIONS))}"
        )
    return reader_of(reader, tree)


def _arguments(reader: _Reader, tree: sql.Expr, count: int) -> list[sql.Expr]:
    if len(tree.expressions) != count:
        raise reader.refuse(f"`{tree.sql()}` takes {count} values, not {len(tree.expressions)}")
    return list(tree.expressions)


def _read_days_between(reader: _Reader, tree: sql.Expr) -> Typed:
    later, earlier = (reader.read_date(each) for each in _arguments(reader, tree, 2))
    return Typed(DaysBetween(later, earlier), ValueType.NUMBER, "days")


def _read_completed_years(reader: _Reader, tree: sql.Expr) -> Typed:
    later, earlier = (reader.read_date(each) for each in _arguments(reader, tree, 2))
    return Typed(CompletedYears(later, earlier), ValueType.NUMBER, "years")


def _read_minutes_between(reader: _Reader, tree: sql.Expr) -> Typed:
    arguments = _arguments(reader, tree, 2)
    later, earlier = (reader.read(each) for each in arguments)
    for typed, each in zip((later, earlier), arguments, strict=True):
        if typed.type is not ValueType.DATETIME:
            raise reader.refuse(f"`{each.sql()}` is a {typed.type}, where a date and time is expected")
    return Typed(MinutesBetween(later.node, earlier.node), ValueType.NUMBER, "minutes")


def _read_group_of(reader: _Reader, tree: sql.Expr) -> Typed:
    name, code = _arguments(reader, tree, 2)
    try:
        entries = code_list(name.name).codes
    except CodeListUnknown as cause:
        raise reader.refuse(str(cause)) from cause
    value = reader.read(code)
    if value.codes is None or not value.codes <= set(entries):
        raise reader.refuse(f"`{code.sql()}` holds no codes of list {name.name}")
    groups: dict[str, list[str]] = {}
    for each, entry in entries.items():
        if entry.group:
            groups.setdefault(entry.group, []).append(each)
    held = tuple((group, tuple(codes)) for group, codes in groups.items())
    return Typed(GroupOf(value.node, held), ValueType.TEXT, codes=frozenset(groups))


def _read_growth_score(reader: _Reader, tree: sql.Expr) -> Typed:
    arguments = _arguments(reader, tree, 3)
    grams, days, sex = (reader.read(each) for each in arguments)
    if (grams.unit, days.unit, sex.type) != ("g", "days", ValueType.TEXT):
        raise reader.refuse(f"`{tree.sql()}` takes a weight in g, a gestation in days and a sex, in this order")
    return Typed(GrowthScore(grams.node, days.node, sex.node, growth_means()), ValueType.NUMBER)


def _read_date_of(reader: _Reader, tree: sql.Expr) -> Typed:
    (value,) = _arguments(reader, tree, 1)
    return Typed(reader.read_date(value), ValueType.DATE)


def _read_contains_any(reader: _Reader, tree: sql.Expr) -> Typed:
    if len(tree.expressions) < 2:
        raise reader.refuse(f"`{tree.sql()}` takes a code set and at least one code")
    value = reader.read(tree.expressions[0])
    if value.type is not ValueType.CODE_SET:
        raise reader.refuse(f"`{tree.expressions[0].sql()}` is a {value.type}, where a code set is expected")
    text = Typed(value.node, ValueType.TEXT)
    codes = tuple(str(code) for each in tree.expressions[1:] for code in _read_options(reader, each, text))
    reader.check_codes(value, codes, tree)
    return Typed(ContainsAny(value.node, codes), ValueType.BOOLEAN)


_FUNCTIONS: Mapping[str, Callable[[_Reader, sql.Expr], Typed]] = {
    "days_between": _read_days_between,
    "completed_years": _read_completed_years,
    "minutes_between": _read_minutes_between,
    "group_of": _read_group_of,
    "growth_score": _read_growth_score,
    "date_of": _read_date_of,
    "contains_any": _read_contains_any,
}

_READERS: Mapping[type[sql.Expr], Callable[[_Reader, sql.Expr], Typed]] = {
    sql.Column: _read_column,
    sql.Literal: _read_literal,
    sql.Boolean: _read_boolean,
    sql.Neg: _read_negative,
    sql.Cast: _read_cast,
    sql.Paren: _read_paren,
    sql.And: _read_and,
    sql.Or: _read_or,
    sql.Not: _read_not,
    sql.EQ: _read_comparison("="),
    sql.NEQ: _read_comparison("<>"),
    sql.LT: _read_comparison("<"),
    sql.LTE: _read_comparison("<="),
    sql.GT: _read_comparison(">"),
    sql.GTE: _read_comparison(">="),
    sql.Add: _read_arithmetic("+"),
    sql.Sub: _read_arithmetic("-"),
    sql.Mul: _read_arithmetic("*"),
    sql.Div: _read_arithmetic("/"),
    sql.Abs: _read_absolute,
    sql.Between: _read_between,
    sql.In: _read_in,
    sql.Is: _read_is,
    sql.Coalesce: _read_coalesce,
    sql.Anonymous: _read_function,
}
