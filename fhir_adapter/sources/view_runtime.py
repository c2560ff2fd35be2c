"""What the source of a compiled view may call: a closed list of small functions, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

from fhir_adapter.sources import fhirpath_dates
from fhir_adapter.sources.view_faults import ViewFault

MOST_ROWS = 10_000  # of one resource: a cross product of several forEach must not fill the memory
DEEPEST_REPEAT = 100


def several(values: object, value: object) -> list[Any]:
    """The items found so far and one more; JSON items are never lists themselves."""
    return [*values, value] if type(values) is list else [values, value]


def truth(value: object) -> bool | None:
    """A truth value as it stands. Raises ViewFault for anything else."""
    if value is None or value is True or value is False:
        return value
    raise ViewFault("a condition gave something other than true, false or nothing")


def negated(value: bool | None) -> bool | None:
    """`not()`."""
    return None if value is None else not value


def both(left: bool | None, right: bool | None) -> bool | None:
    """`and` in three-valued logic."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: bool | None, right: bool | None) -> bool | None:
    """`or` in three-valued logic."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def same(left: object, right: object, wanted: bool) -> bool | None:
    """`=` when wanted is True, `!=` when it is False; a truth value never equals a number."""
    if left is None or right is None:
        return None
    is_equal = isinstance(left, bool) is isinstance(right, bool) and left == right
    return is_equal is wanted


def same_moment(left: object, right: object, wanted: bool) -> bool | None:
    """`=` and `!=` where one side is a date, moment or time of the mapping; nothing when one is too vague to tell."""
    if left is None or right is None:
        return None
    ours, theirs = (fhirpath_dates.parse_temporal(each) if isinstance(each, str) else None for each in (left, right))
    if ours is None or theirs is None or ours.is_time is not theirs.is_time:
        return not wanted
    order = fhirpath_dates.ordered(ours, theirs)
    return None if order is None else (order == 0) is wanted


def one_of(value: object, texts: Set[str]) -> bool | None:
    """Whether a value is one of the texts; several items are equal to no single text."""
    if value is None:
        return None
    return type(value) is str and value in texts


def joined(values: Sequence[object], separator: str) -> str:
    """`join()`. Raises ViewFault for items that are not texts."""
    if not all(isinstance(value, str) for value in values):
        raise ViewFault("join() found something other than texts")
    return separator.join(str(value) for value in values)


def compared(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool | None]:
    """An ordering operator that gives nothing for nothing and refuses what has no order."""

    def apply(left: object, right: object) -> bool | None:
        if left is None or right is None:
            return None
        if isinstance(left, str) and isinstance(right, str):
            return _compared_texts(compare, left, right)
        if not _are_numbers(left, right):
            raise ViewFault("two values that have no order were compared")
        return compare(left, right)

    return apply


def _compared_texts(compare: Callable[[Any, Any], bool], left: str, right: str) -> bool | None:
    """Dates, moments and times by time, as far as both are precise; other texts by their letters."""
    ours, theirs = fhirpath_dates.parse_temporal(left), fhirpath_dates.parse_temporal(right)
    if ours is None or theirs is None:
        return compare(left, right)
    order = fhirpath_dates.ordered(ours, theirs)
    return None if order is None else compare(order, 0)


def computed(compute: Callable[[Any, Any], Any]) -> Callable[[object, object], float | None]:
    """An arithmetic operator that gives nothing for nothing and refuses what are not numbers.

    Decimals are computed with as they are written, so that 0.1 + 0.2 is 0.3.
    """

    def apply(left: object, right: object) -> float | None:
        if left is None or right is None:
            return None
        if not _are_numbers(left, right):
            raise ViewFault("something other than two numbers was computed with")
        if isinstance(left, int) and isinstance(right, int):
            whole: float = compute(left, right)
            return whole
        return float(compute(Decimal(repr(left)), Decimal(repr(right))))

    return apply


def _are_numbers(left: object, right: object) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in (left, right))


def add(left: object, right: object) -> object:
    """`+`: sum of numbers, or two texts put together."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return computed(lambda one, other: one + other)(left, right)


def divide(left: object, right: object) -> object:
    """`/`; nothing when the divisor is 0 (FHIRPath N1, 6.6.2)."""
    if _are_numbers(left, right) and right == 0:
        return None
    return computed(lambda one, other: one / other)(left, right)


OPERATIONS: Mapping[str, Callable[[object, object], object]] = {
    "<": compared(lambda left, right: left < right),
    ">": compared(lambda left, right: left > right),
    "<=": compared(lambda left, right: left <= right),
    ">=": compared(lambda left, right: left >= right),
    "+": add,
    "-": computed(lambda left, right: left - right),
    "*": computed(lambda left, right: left * right),
    "/": divide,
}


def boundary(value: object, high: bool, precision: int | None, kind: str | None) -> float | str | None:
    """`lowBoundary()` and `highBoundary()`."""
    return fhirpath_dates.boundary(value, high=high, precision=precision, kind=kind)


def gathered(values: list[Any]) -> Any:
    """The items of a list as a value: None for none, the item for one, a list for several."""
    found = present(values)
    return found if len(found) > 1 else (found[0] if found else None)


def present(values: list[Any]) -> list[Any]:
    """The items that are there."""
    return [value for value in values if value is not None]


def first_present(values: list[Any]) -> Any:
    """The first item that is there."""
    return next((value for value in values if value is not None), None)


def single_value(context: Any, column: str, values: list[Any]) -> Any:
    """The item for a column that holds one; of several the first, and the context is told."""
    found = gathered(values)
    if type(found) is not list:
        return found
    context.several_values(column)
    return found[0] if found else None


def path_values(value: object, names: Sequence[str]) -> Any:
    """The items that a plain path gives from a value or from each of several."""
    items = value if type(value) is list else [value]
    for name in names:
        found = [item.get(name) for item in items if type(item) is dict]
        items = [part for each in found if each is not None for part in (each if type(each) is list else (each,))]
    return gathered(items)


def reference_keys(context: Any, value: object, resource_type: str | None, element: str) -> Any:
    """The keys of several references."""
    items = value if type(value) is list else []
    return gathered(
        [context.reference_key(item.get("reference"), resource_type, element) for item in items if type(item) is dict]
    )


def repeated(focus: object, step: Callable[[object], list[object]], depth: int = 0) -> list[object]:
    """Every item reached by taking the step again and again, parents before children."""
    if depth > DEEPEST_REPEAT:
        raise ViewFault("repeat went too deep")
    found: list[object] = []
    for each in step(focus):
        found.append(each)
        found.extend(repeated(each, step, depth + 1))
    return found


def limited(rows: list[Any]) -> list[Any]:
    """The rows as they are. Raises ViewFault when one resource makes too many."""
    if len(rows) > MOST_ROWS:
        raise ViewFault(f"one resource gave more than {MOST_ROWS} rows")
    return rows


NAMES: Mapping[str, object] = {
    "__builtins__": {"dict": dict, "list": list, "str": str, "type": type, "len": len, "enumerate": enumerate},
    "OPERATIONS": OPERATIONS,
    **{
        each.__name__: each
        for each in (
            several,
            truth,
            negated,
            both,
            either,
            same,
            same_moment,
            boundary,
            one_of,
            joined,
            gathered,
            present,
            first_present,
            single_value,
            path_values,
            reference_keys,
            repeated,
            limited,
        )
    },
}
