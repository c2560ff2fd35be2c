"""Mapping files that are no proper JSON or YAML are refused with their place, whatever is wrong with them."""

from __future__ import annotations

import pytest

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.strict_json import read_json
from fhir_adapter.sources.strict_yaml import read_yaml

WRONG_JSON = {
    "another encoding": (b'{"name": "\x81"}', "not readable as UTF-8"),
    "a key twice": (b'{"name": {"code": 1, "code": 2}}', "the key 'code' is given twice"),
    "broken off": (b'{"name":\n[1', "line 2: not readable as JSON"),
    "nested without end": (b"[" * 200_000, "nested too deep"),
    "a number without end": (b"9" * 5_000, "a number too long"),
    "too large": (b" " * 10_000_001, "at most 10,000,000 bytes"),
}
WRONG_YAML = {
    "a key twice": ("name: 1\nname: 2\n", "line 2: this key is given twice"),
    "a list for a key": ("name: 1\n? [a, b]\n: 2\n", "line 2: a key is a word"),
    "an alias": ("one: &a [1]\ntwo: *a\n", "aliases"),
    "no such day": ("since: 2026-13-45\n", "what looks like a date or a number is none"),
    "nested without end": ("[" * 5_000, "nested too deep"),
}


@pytest.mark.parametrize(("content", "words"), WRONG_JSON.values(), ids=WRONG_JSON)
def test_json_that_is_not_proper_is_refused_with_its_place(content: bytes, words: str) -> None:
    with pytest.raises(MappingInvalid, match=r"views/birth\.json") as refusal:
        read_json(content, place="views/birth.json")
    assert words in str(refusal.value)


@pytest.mark.parametrize(("text", "words"), WRONG_YAML.values(), ids=WRONG_YAML)
def test_yaml_that_is_not_proper_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(MappingInvalid, match=r"adapter\.yaml") as refusal:
        read_yaml(text, place="adapter.yaml")
    assert words in str(refusal.value)
