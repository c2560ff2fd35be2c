"""Extensions that have parts."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_adapter.fhir.elements import Json


def part(name: str, kind: str, value: str | float | bool | Json | None) -> Json | None:
    """One part with its value; None where there is no value."""
    return None if value is None else {"url": name, f"value{kind}": value}


def complex_extension(url: str, parts: Iterable[Json | None]) -> Json:
    """An extension of the parts that are there."""
    return {"url": url, "extension": [each for each in parts if each is not None]}
