"""Reads bytes that somebody sent as JSON, within limits, and refuses what two readers could read differently."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import orjson

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.elements import Json

BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
NOT_A_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
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
    """How much one payload may be; depth counts nested objects and arrays."""

    max_bytes: int = 50_000_000
    max_depth: int = 100


def parse_json(raw: bytes, limits: IncomingLimits, *, place: str = "payload") -> Json:
    """The JSON object in the bytes, read the fast way.

    place: names the input in messages. Duplicate keys are not noticed here: the last one wins, as in every fast
    parser; `refuse_duplicate_keys` looks for them where an answer can still be given.
    Raises PayloadRefused: too large, not UTF-8 without a byte order mark, not JSON, too deep, a NUL, or no object.
    """
    _check_size(raw, limits, place)
    _check_encoding(raw, place)
    document = _load(raw, place)
    if not isinstance(document, dict):
        raise PayloadRefused("payload.not-an-object", place, "one JSON object is expected; send a FHIR resource")
    if _may_be_deeper(raw, limits.max_depth):
        _check_depth(document, limits.max_depth, place)
    if b"\\u0000" in raw:
        _check_no_nul(document, place)
    return document


def refuse_duplicate_keys(raw: bytes, *, place: str = "payload") -> None:
    """Refuse bytes in which an object holds the same key twice.

    Costs several times `parse_json`, because only the standard library shows the pairs; used by the API alone,
    where the sender waits for the answer. The bytes must have passed `parse_json`.
    """
    # Numbers stay text: only keys are looked at, and Python refuses to convert integers of thousands of digits.
    json.loads(raw, object_pairs_hook=_PairsCheck(place), parse_int=str, parse_float=str)


def check_bundle(document: Json, *, place: str = "payload") -> str:
    """Type of the Bundle; raises PayloadRefused when the document is none, or has no type of R4."""
    if document.get("resourceType") != "Bundle":
        raise PayloadRefused("bundle.not-a-bundle", place, "a FHIR Bundle is expected; put the resource into one")
    kind = document.get("type")
    if not isinstance(kind, str) or kind not in BUNDLE_TYPES:
        raise PayloadRefused("bundle.type-unknown", "Bundle.type", f"type is one of: {', '.join(sorted(BUNDLE_TYPES))}")
    if not isinstance(document.get("entry", []), list):
        raise PayloadRefused("bundle.entry-invalid", "Bundle.entry", "entry is a list of entries")
    return kind


class _PairsCheck:
    """Hook of `json.loads` that refuses an object with a repeated key."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __call__(self, pairs: list[tuple[str, object]]) -> None:
        if len({key for key, _ in pairs}) != len(pairs):
            text = "an object holds the same key twice, so readers could disagree; send each key once"
            raise PayloadRefused("payload.duplicate-key", self._place, text)


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
    raise PayloadRefused("payload.not-json", place, f"not readable as JSON at {where}; check the file there") from None


def _may_be_deeper(raw: bytes, limit: int) -> bool:
    """Whether brackets alone allow a nesting beyond the limit: a few passes in C, no walk over values.

    Each pass removes the innermost pairs, so a document of depth d is gone after d passes. Brackets inside strings
    only make the answer yes, after which the values are walked.
    """
    brackets = raw.translate(None, NOT_A_BRACKET)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _check_depth(document: Json, limit: int, place: str) -> None:
    level: list[object] = [document]
    for _ in range(limit):
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]
        if not level:
            return
    raise PayloadRefused("payload.too-deep", place, f"nested deeper than {limit} levels; flatten the extensions")


def _check_no_nul(document: Json, place: str) -> None:
    level: list[object] = [document]
    while level:
        if any("\x00" in text for node in level for text in _texts(node)):
            raise PayloadRefused("payload.nul", place, "a string holds the NUL character; remove it")
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _texts(node: object) -> Iterable[str]:
    keys = node if isinstance(node, dict) else ()
    yield from keys
    yield from (child for child in _children(node) if isinstance(child, str))
