"""Exports written line by line, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.sources.registry import AdapterRegistry
from fhir_adapter.workflows.bulk import read_export
from fhir_adapter.workflows.files import BulkExport, find_inputs
from fhir_adapter.workflows.ingest import PlainRules, ReadPayload

Resource = dict[str, Any]
CANARY = "Zqxjkvb"  # in no text of ours
MOTHER: Resource = {
    "resourceType": "Patient",
    "id": "m",
    "meta": {"lastUpdated": "2026-03-05T10:00:00Z"},
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001006"}],
    "name": [{"family": CANARY}],
    "gender": "female",
    "birthDate": "1996-07-14",
    "link": [{"other": {"reference": "RelatedPerson/r"}, "type": "seealso"}],
}
BABY: Resource = {
    "resourceType": "Patient",
    "id": "b",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001073"}],
    "gender": "female",
    "birthDate": "2026-03-02",
    "multipleBirthBoolean": False,
}
RELATED: Resource = {
    "resourceType": "RelatedPerson",
    "id": "r",
    "patient": {"reference": "Patient/b"},
    "relationship": [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]},
    ],
}
OUTCOME: Resource = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "364587008"}]},
    "subject": {"reference": "Patient/b"},
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "281050002"}]},
}
FAMILY = (MOTHER, BABY, RELATED, OUTCOME)


def other(resource: Resource, **changes: Any) -> Resource:
    """The resource with elements changed."""
    return {**resource, **changes}


def written(folder: Path, resources: Iterable[Resource | bytes]) -> Path:
    """A folder with one file a type, `bytes` as lines of Observation.ndjson, in the order given."""
    files: dict[str, list[bytes]] = {}
    for each in resources:
        name = "Observation" if isinstance(each, bytes) else each["resourceType"]
        files.setdefault(name, []).append(each if isinstance(each, bytes) else orjson.dumps(each))
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        (folder / f"{name}.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def exports_in(paths: Sequence[Path]) -> list[BulkExport]:
    """The exports among some paths."""
    return [each for each in find_inputs(paths) if isinstance(each, BulkExport)]


def read_in(registry: AdapterRegistry, *paths: Path, limits: IncomingLimits | None = None) -> list[ReadPayload]:
    """Every payload of the exports among some paths."""
    rules = PlainRules(registry, limits or IncomingLimits(), synthetic=True)
    return [read for each in exports_in(paths) for read in read_export(each, rules, adapter_name=None)]


def accepted(reads: Iterable[ReadPayload]) -> list[ReadPayload]:
    """The records that were taken."""
    return [each for each in reads if each.records]


def refusals(reads: Iterable[ReadPayload], folder: Path) -> list[tuple[str, str]]:
    """Code and place, from the folder, of each payload that was set aside."""
    return [(each.refused.code, within(each.refused.location, folder)) for each in reads if each.refused is not None]


def told(reads: Iterable[ReadPayload], folder: Path) -> list[tuple[str, str]]:
    """Code and place, from the folder, of each issue of what was taken."""
    return [(issue.code, within(issue.location, folder)) for each in reads for issue in each.issues]


def within(location: str, folder: Path) -> str:
    """A place without the folder."""
    return location.removeprefix(f"{folder}/")


def rows_of(reads: Iterable[ReadPayload], table: str) -> list[Mapping[str, Any]]:
    """The rows of a table."""
    return [row for each in reads for record in each.records for row in record.rows.get(table, ())]
