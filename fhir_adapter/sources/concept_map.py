"""An R4 ConceptMap as a look-up from source code to target code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.strict_json import read_json
from fhir_adapter.sources.view import pydantic_faults

NO_TARGET = frozenset({"unmatched", "disjoint"})  # R4 ConceptMapEquivalence: there is no translation


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Source code to target code. systems: the code systems that the source codes are from."""

    name: str
    systems: tuple[str, ...]
    targets: Mapping[str, str]


class TargetSource(BaseModel):
    """`group.element.target` as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str | None = None
    display: str | None = None
    equivalence: str = "equivalent"
    comment: str | None = None


class ElementSource(BaseModel):
    """`group.element` as written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(min_length=1)]
    display: str | None = None
    target: tuple[TargetSource, ...] = ()


class GroupSource(BaseModel):
    """`group` as written. What happens to other codes is said in adapter.yaml, not here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    target: str = ""
    element: tuple[ElementSource, ...] = ()


class ConceptMapSource(BaseModel):
    """A ConceptMap as written. Metadata of the standard is allowed and not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    resource_type: Annotated[Literal["ConceptMap"], Field(alias="resourceType")]
    name: Annotated[str, Field(min_length=1)]
    group: Annotated[tuple[GroupSource, ...], Field(min_length=1)]


def parse_concept_map(text: bytes | str, *, place: str) -> CodeMap:
    """Read a ConceptMap; raises MappingInvalid when a code has two targets."""
    try:
        source = ConceptMapSource.model_validate(read_json(text, place=place))
    except ValidationError as cause:
        raise MappingInvalid(place, pydantic_faults(cause)) from cause
    targets: dict[str, str] = {}
    faults: list[str] = []
    for group in source.group:
        for element in group.element:
            found = {each.code for each in element.target if each.code and each.equivalence not in NO_TARGET}
            found |= {targets[element.code]} if element.code in targets else set()
            if len(found) > 1:
                faults.append(f"code {element.code}: a code must have one target, also across groups")
            if found:
                targets[element.code] = min(found)
    if faults:
        raise MappingInvalid(place, faults)
    return CodeMap(source.name, tuple(group.source for group in source.group), targets)
