"""JSON of mapping files: UTF-8, no key given twice, and nothing larger or deeper than a mapping needs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fhir_adapter.errors import MappingInvalid

LARGEST_FILE = 10_000_000  # bytes; the largest code map that is shipped has 0.2 million


class KeyGivenTwice(ValueError):
    """A key stands twice in one object; the later one would win in silence."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key '{key}' is given twice")


def read_json(content: bytes | str, *, place: str) -> object:
    """The content of a JSON file. Raises MappingInvalid, with the line where JSON breaks off."""
    if len(content) > LARGEST_FILE:
        raise MappingInvalid(place, [f"a mapping file has at most {LARGEST_FILE:,} bytes"])
    try:
        text = content.decode() if isinstance(content, bytes) else content
        return json.loads(text, object_pairs_hook=_each_key_once)
    except UnicodeDecodeError as cause:
        raise MappingInvalid(place, ["not readable as UTF-8"]) from cause
    except json.JSONDecodeError as cause:
        raise MappingInvalid(place, [f"line {cause.lineno}: not readable as JSON: {cause.msg}"]) from cause
    except KeyGivenTwice as cause:
        raise MappingInvalid(place, [str(cause)]) from cause
    except (RecursionError, ValueError) as cause:  # nested without end; a number with thousands of digits
        raise MappingInvalid(place, ["not readable as JSON: nested too deep, or a number too long"]) from cause


def _each_key_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [key for key, _ in pairs]
        raise KeyGivenTwice(next(key for at, key in enumerate(names) if key in names[:at]))
    return read
