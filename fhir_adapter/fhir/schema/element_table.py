"""Writes the table of R4 elements, with type and cardinality, that `mapping lint` checks paths against.

Run as `python -m fhir_adapter.fhir.schema.element_table FOLDER TARGET`; `PROVENANCE.md` says where the folder is from.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

FILES = ("profiles-types.json", "profiles-resources.json")
SYSTEM_TYPE = "http://hl7.org/fhirpath/System."  # how R4 writes the types of ids, urls and the values of primitives
BACKBONE = frozenset({"BackboneElement", "Element"})
EVERYWHERE = frozenset({"id", "extension", "modifierExtension"})  # known without a table

# `type|type` of an element, with `*` at the end when it repeats; a name with `[x]` is a choice of types.
Elements = dict[str, str]


def element_table(folder: Path) -> Mapping[str, Elements]:
    """Elements by type; the type of a backbone element is its path, such as `Patient.contact`."""
    table: dict[str, Elements] = {}
    for structure in _structures(folder):
        table.setdefault(structure["type"], {})
        for element in structure["snapshot"]["element"][1:]:
            parent, _, name = element["path"].rpartition(".")
            if name not in EVERYWHERE:
                table.setdefault(parent, {})[name] = _kind(element)
    return dict(sorted(table.items()))


def _kind(element: Mapping[str, Any]) -> str:
    repeats = "*" if element["base"]["max"] == "*" or element["max"] == "*" else ""
    reference = element.get("contentReference")
    if reference is not None:
        return str(reference).removeprefix("#") + repeats
    codes = [str(each["code"]).removeprefix(SYSTEM_TYPE) for each in element["type"]]
    return "|".join(element["path"] if code in BACKBONE else code for code in codes) + repeats


def _structures(folder: Path) -> Iterator[Mapping[str, Any]]:
    for name in FILES:
        for entry in orjson.loads((folder / name).read_bytes())["entry"]:
            found = entry["resource"]
            is_base = found["resourceType"] == "StructureDefinition" and found.get("derivation") != "constraint"
            if is_base and found["kind"] in ("resource", "complex-type"):
                yield found


def write(table: Mapping[str, Elements], target: Path) -> None:
    """Write the table so that the same input gives the same bytes."""
    target.write_bytes(gzip.compress(orjson.dumps(table, option=orjson.OPT_SORT_KEYS), compresslevel=9, mtime=0))


if __name__ == "__main__":
    write(element_table(Path(sys.argv[1])), Path(sys.argv[2]))
