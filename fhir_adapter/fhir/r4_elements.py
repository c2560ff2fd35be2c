"""The elements of FHIR R4: which there are, of which type, and whether they repeat."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import orjson

REPEATS = "*"
CHOICE = "[x]"
RESOURCE = "Resource"


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a type. types: of its value, several for a choice; a backbone element's type is its path."""

    name: str
    types: tuple[str, ...]
    is_list: bool

    @property
    def is_choice(self) -> bool:
        """Whether its JSON name ends in the type of its value."""
        return self.name.endswith(CHOICE)


@cache
def element_table() -> Mapping[str, Mapping[str, str]]:
    """Elements by type as `type|type*`; written by `schema/element_table.py`."""
    packed = (resources.files("fhir_adapter.fhir.schema") / "r4.elements.json.gz").read_bytes()
    table: Mapping[str, Mapping[str, str]] = orjson.loads(gzip.decompress(packed))
    return table


def is_resource(type_name: str) -> bool:
    """Whether a type is one of a resource."""
    return "implicitRules" in element_table().get(type_name, {})


def is_known_type(type_name: str) -> bool:
    """Whether a type has elements of its own, so that paths may go on from it."""
    return type_name in element_table()


def element_of(type_name: str, name: str) -> Element | None:
    """The element of this name, of a choice by its bare name (`value`); None when there is none."""
    if name == "id":
        return Element(name, ("string",), is_list=False)
    if name in ("extension", "modifierExtension"):
        return Element(name, ("Extension",), is_list=True)
    elements = element_table().get(type_name, {})
    for written in (name, name + CHOICE):
        if written in elements:
            kind = elements[written]
            return Element(written, tuple(kind.removesuffix(REPEATS).split("|")), kind.endswith(REPEATS))
    return None


def narrowed_element(type_name: str, json_name: str) -> Element | None:
    """The element that a JSON name with a type at its end stands for (`valueQuantity`)."""
    for written, kind in element_table().get(type_name, {}).items():
        stem = written.removesuffix(CHOICE)
        if written != stem and json_name.startswith(stem):
            for each in kind.removesuffix(REPEATS).split("|"):
                if json_name == choice_name(stem, each):
                    return Element(json_name, (each,), kind.endswith(REPEATS))
    return None


def choice_name(stem: str, type_name: str) -> str:
    """JSON name of a choice element with a value of a type: `value` and `Quantity` make `valueQuantity`."""
    return stem + type_name[:1].upper() + type_name[1:]


def element_names(type_name: str) -> tuple[str, ...]:
    """Every name that a path may go on with from a type."""
    own = (name.removesuffix(CHOICE) for name in element_table().get(type_name, {}))
    return (*own, "id", "extension")


def resource_types() -> tuple[str, ...]:
    """Every type of resource."""
    return tuple(name for name in element_table() if is_resource(name))
