"""Small pieces of R4 JSON that several resources share."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from fhir_adapter.fhir.canonical import CONFIDENCE_INTERVAL, DATA_ABSENT_REASON, Canonicals

# R4 JSON as orjson reads and writes it.
Json = dict[str, Any]
LOCAL_ZONE = ZoneInfo("Europe/London")


def coding(system: str, code: str, display: str | None = None) -> Json:
    """A Coding; the display is left out when there is none."""
    bare = {"system": system, "code": code}
    return bare if display is None else {**bare, "display": display}


def concept(system: str, code: str, display: str | None = None) -> Json:
    """A CodeableConcept with one coding."""
    return {"coding": [coding(system, code, display)]}


def absent(reason: str) -> Json:
    """The twin of a primitive that has no value, such as `_count`: why it has none."""
    return {"extension": [{"url": DATA_ABSENT_REASON, "valueCode": reason}]}


def confidence_interval(low: float, high: float, confidence_percent: float) -> Json:
    """The HL7 extension that puts an interval on a Quantity; confidence in per cent."""
    interval = {"low": {"value": low}, "high": {"value": high}}
    return {
        "url": CONFIDENCE_INTERVAL,
        "extension": [
            {"url": "confidence", "valueDecimal": confidence_percent},
            {"url": "interval", "valueRange": interval},
        ],
    }


def narrative(sentence: str) -> Json:
    """A generated Narrative of one plain sentence."""
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(sentence, quote=False)}</p></div>',
    }


def organisation_identifier(canonicals: Canonicals, code: str, kind: str) -> Json:
    """Identifier of an organisation or place by its ODS, ONS or local code."""
    return {"system": canonicals.identifier_system(kind), "value": code}


def organisation_reference(canonicals: Canonicals, resource_type: str, code: str, name: str, kind: str) -> Json:
    """A reference that our server resolves and that names the organisation by its code as well."""
    return {
        "reference": f"{resource_type}/{code}",
        "identifier": organisation_identifier(canonicals, code, kind),
        "display": name,
    }


def instant(moment: datetime) -> str:
    """A moment as FHIR writes it, to the second in Europe/London; the moment must know its offset."""
    return moment.astimezone(LOCAL_ZONE).isoformat(timespec="seconds").replace("+00:00", "Z")
