"""The code lists of the common model: which codes a column may hold and how they are grouped."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from indicator_engine.errors import CodeListUnknown


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """What one code means. group: the roll-up that indicators use, "" where there is none.

    confidence: F found in the source named, K general knowledge, ? to be verified.
    """

    display: str
    group: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """A closed list of codes, in the order of its file."""

    name: str
    codes: Mapping[str, CodeEntry]


@cache
def code_list(name: str) -> CodeList:
    """The code list of this name. Raises CodeListUnknown, naming the lists that are shipped."""
    if name not in code_list_names():
        raise CodeListUnknown(name, code_list_names())
    lines = (_folder() / f"{name}.csv").read_text("utf-8").splitlines()
    codes = {
        row["code"]: CodeEntry(row["display"], row["group"], row["source"], row["confidence"])
        for row in csv.DictReader(lines)
    }
    return CodeList(name, MappingProxyType(codes))


@cache
def code_list_names() -> tuple[str, ...]:
    """Names of all lists that are shipped, sorted."""
    return tuple(sorted(file.name.removesuffix(".csv") for file in _folder().iterdir() if file.name.endswith(".csv")))


def _folder() -> Traversable:
    return resources.files("indicator_engine") / "codelists"
