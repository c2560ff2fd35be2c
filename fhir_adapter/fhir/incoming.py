"""Reads bytes that somebody sent as JSON, within limits, and refuses what two readers could read differently."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import orjson

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.r4_schema import element_names

Placed: TypeAlias = tuple[tuple[str | int, ...], object]  # a value with its path

BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
NO_NUMBERS = ("NaN", "Infinity")
NAMELESS = ("payload", "Bundle")
OTHER_NAME = "(other)"  # stands for a name that R4 does not give to an element: it may be anything
SHOWN_DEPTH = 8  # parts of a path that leads too deep
QUOTE = b'"'
BACKSLASH = b"\\"
DEEPEST_WRITTEN = 254  # orjson, README: "raises JSONEncodeError if a dict, list, ... recurses more than 254 levels"
BUNDLE_TYPES = frozenset(
    (
        "batch",
        "batch-response",
        "collection",
        "document",
        "history",
        "message",
        "searchset",
        "transaction",
        "transaction-response",
    )
)


@dataclass(frozen=True, slots=True)
class IncomingLimits:
    """How much one payload may be; depth counts nested objects and arrays, entries those of a Bundle."""

    max_bytes: int = 50_000_000
    max_depth: int = 100
    max_entries: int = 20_000


def parse_json(raw: bytes, limits: IncomingLimits, *, place: str = "payload") -> Json:
    """The JSON object in the bytes, read the fast way.

    place: names the input in messages.
    Raises PayloadRefused: too large, not UTF-8 without a byte order mark, not JSON, too deep, a NUL, a key that an
    object holds twice, or no object.
    """
    _check_size(raw, limits, place)
    _check_encoding(raw, place)
    document = _load(raw, place)
    if not isinstance(document, dict):
        raise PayloadRefused("payload.not-an-object", place, "one JSON object is expected; send a FHIR resource")
    written = _written_within(document, limits.max_depth)
    if written is None:
        _check_depth(document, limits.max_depth, place)
    has_escapes = BACKSLASH in raw
    if has_escapes and b"\\u0000" in raw:
        _check_no_nul(document, place)
    # Bytes that are written again as they came hold no key that the parser dropped.
    if written != raw and _may_repeat_a_key(raw, written, has_escapes=has_escapes):
        refuse_duplicate_keys(raw, place=place)
    return document


def refuse_duplicate_keys(raw: bytes, *, place: str = "payload") -> None:
    """Refuse bytes in which an object holds the same key twice, with the path of the first such object.

    Costs several times `parse_json`, which calls it only where it is likely to find one: only the standard library
    shows the pairs. The depth of the bytes must have been checked.
    """
    # Numbers stay text: only keys are looked at, and Python refuses to convert integers of thousands of digits.
    try:
        json.loads(raw, object_pairs_hook=_distinct, parse_int=str, parse_float=str)
    except _RepeatedKey:
        pairs = json.loads(raw, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
        where = path_text(next(_repeating(pairs), ()))
        text = "an object holds the same key twice, so readers could disagree; send each key once"
        raise PayloadRefused("payload.duplicate-key", located(place, where), text) from None


def located(place: str, path: str) -> str:
    """A path behind the name of a file or line; a path alone where the payload has no name of its own."""
    return path if place in NAMELESS else f"{place} {path}"


def path_text(path: Sequence[str | int]) -> str:
    """A path as text that repeats no name but those that R4 gives to elements."""
    known = element_names()
    shown = (f"[{part}]" if isinstance(part, int) else f".{part if part in known else OTHER_NAME}" for part in path)
    return "".join(("Bundle" if path[:1] == ("entry",) else "payload", *shown))


def check_bundle(document: Json, limits: IncomingLimits | None = None, *, place: str = "payload") -> str:
    """Type of the Bundle; raises PayloadRefused when the document is none, has no type of R4, or too many entries."""
    if document.get("resourceType") != "Bundle":
        raise PayloadRefused("bundle.not-a-bundle", place, "a FHIR Bundle is expected; put the resource into one")
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in BUNDLE_TYPES:
        raise PayloadRefused("bundle.type-unknown", "Bundle.type", f"type is one of: {', '.join(sorted(BUNDLE_TYPES))}")
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise PayloadRefused("bundle.entry-invalid", "Bundle.entry", "entry is a list of entries")
    most = (limits or IncomingLimits()).max_entries
    if len(entries) > most:
        text = f"more than {most:,} entries; send one Bundle a record, many of them as NDJSON"
        raise PayloadRefused("bundle.too-many-entries", f"Bundle.entry[{most}]", text)
    return kind


class _RepeatedKey(Exception):
    """An object holds a key twice."""


class _Pairs(list[tuple[str, object]]):
    """An object as its pairs, told apart from an array."""


def _distinct(pairs: list[tuple[str, object]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _RepeatedKey


def _repeating(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of the objects that hold a key twice, outermost first."""
    if isinstance(node, _Pairs):
        if len({key for key, _ in node}) != len(node):
            yield path
        for key, value in node:
            yield from _repeating(value, (*path, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _repeating(value, (*path, position))


def _check_size(raw: bytes, limits: IncomingLimits, place: str) -> None:
    if len(raw) > limits.max_bytes:
        text = f"larger than {limits.max_bytes:,} bytes; send smaller bundles or a file in NDJSON"
        raise PayloadRefused("payload.too-large", place, text)


def _check_encoding(raw: bytes, place: str) -> None:
    if raw.startswith(BYTE_ORDER_MARKS) or b"\x00" in raw[:4]:
        text = "not plain UTF-8: a byte order mark or UTF-16 was found; save as UTF-8 without a byte order mark"
        raise PayloadRefused("payload.encoding", place, text)


def _load(raw: bytes, place: str) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as cause:
        _refuse_unreadable(cause, place)


def _refuse_unreadable(cause: orjson.JSONDecodeError, place: str) -> NoReturn:
    # The cause quotes no text of the payload, but the exception object carries all of it: it is not chained.
    where = f"line {cause.lineno} column {cause.colno}"
    text = f"not readable as JSON at {where}: {_reason(cause)}"
    raise PayloadRefused("payload.not-json", place, text) from None


def _reason(cause: orjson.JSONDecodeError) -> str:
    """What stands there, told from the few faults that senders make; no text of the payload."""
    if cause.doc.startswith(NO_NUMBERS, cause.pos) or "infinity" in cause.msg or "after sign" in cause.msg:
        return "NaN and Infinity are no JSON; leave the element out"
    if "surrogate" in cause.msg:
        return "half of a surrogate pair is no character; send whole characters"
    return "check the file there"


def _may_repeat_a_key(raw: bytes, written: bytes | None, *, has_escapes: bool) -> bool:
    """Whether an object may hold a key twice: then the document, written again, has fewer quotation marks.

    A key that comes again is dropped by the parser, and two quotation marks with it. Every other mark is written
    again, save where the sender wrote one within a text by its number, after which only a slow look tells.
    """
    if written is None or (has_escapes and b"\\u0022" in raw):
        return True
    return raw.count(QUOTE) != written.count(QUOTE)


def _written_within(document: Json, limit: int) -> bytes | None:
    """The document written again; None when it may be nested beyond the limit.

    The writer refuses what is nested beyond DEEPEST_WRITTEN: the document goes to it inside as many lists as leave
    just the limit, so that the depth is found without a walk.
    """
    spare = max(0, DEEPEST_WRITTEN - limit)
    nested: object = document
    for _ in range(spare):
        nested = [nested]
    try:
        written = orjson.dumps(nested)
    except orjson.JSONEncodeError:
        return None
    return written[spare : len(written) - spare]


def _check_depth(document: Json, limit: int, place: str) -> None:
    level: list[Placed] = [((), document)]
    for _ in range(limit):
        level = [each for node in level for each in _children(node) if isinstance(each[1], (dict, list))]
        if not level:
            return
    where = located(place, path_text(level[0][0][:SHOWN_DEPTH]))
    raise PayloadRefused("payload.too-deep", where, f"nested deeper than {limit} levels; flatten the extensions")


def _check_no_nul(document: Json, place: str) -> None:
    level: list[Placed] = [((), document)]
    while level:
        children = [each for node in level for each in _children(node)]
        for path, child in children:
            if any("\x00" in text for text in (child, path[-1]) if isinstance(text, str)):
                where = located(place, path_text(path))
                raise PayloadRefused("payload.nul", where, "a string holds the NUL character; remove it")
        level = [each for each in children if isinstance(each[1], (dict, list))]


def _children(placed: Placed) -> Iterable[Placed]:
    path, node = placed
    if isinstance(node, dict):
        return (((*path, name), value) for name, value in node.items())
    return (((*path, at), value) for at, value in enumerate(node)) if isinstance(node, list) else ()
