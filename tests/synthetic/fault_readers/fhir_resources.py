"""FHIR resources as a plain reader sees them: those of one bundle, or the same out of Bulk Data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from tests.synthetic.fault_readers.plain import code_faults, date_faults
from tests.synthetic.fault_readers.sent_files import Arrived

Json = dict[str, Any]

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
HOSPITAL_NUMBER = "https://perinatal-equity.example/synthetic/hospital-number/"
LOCAL_CODES = "https://perinatal-equity.example/synthetic/local-code"
# Lists of codes whose system stays the same for a code that they do not have.
CODES_OF = {
    "https://perinatal-equity.example/fhir/CodeSystem/csds-attendance": frozenset("234567"),
    "https://perinatal-equity.example/fhir/CodeSystem/csds-mechanism": frozenset(
        ("01", "02", "04", "05", "09", "10", "11", "12", "13", "98")
    ),
    "https://perinatal-equity.example/fhir/CodeSystem/csds-activity-type": frozenset(
        (*(f"{code:02d}" for code in range(1, 13)), "97")
    ),
}
DAY = re.compile(rb'"(\d{4}-\d\d-\d\d)["T]')


@dataclass(frozen=True)
class Resources:
    """What one bundle holds, or would hold if it were one. raw: the same as text."""

    each: Sequence[Json]
    raw: bytes

    @cached_property
    def babies(self) -> list[Json]:
        """The patients that a related person belongs to, in order of birth."""
        related = {id_in(each["patient"]) for each in self.of_type("RelatedPerson")}
        babies = [each for each in self.of_type("Patient") if each["id"] in related]
        return sorted(babies, key=lambda baby: int(baby.get("multipleBirthInteger", 1)))

    @cached_property
    def mother(self) -> Json:
        babies = {baby["id"] for baby in self.babies}
        (mother,) = [each for each in self.of_type("Patient") if each["id"] not in babies]
        return mother

    def of_type(self, kind: str) -> list[Json]:
        return [each for each in self.each if each["resourceType"] == kind]

    def encounter(self, code: str) -> Json | None:
        """The encounter of this type."""
        found = [each for each in self.of_type("Encounter") if code in codes_in(each["type"][0])]
        return found[0] if found else None

    def quantity(self, code: str, patient: str) -> tuple[float, str] | None:
        """Value and unit of an observation of a patient."""
        for each in self.of_type("Observation"):
            if id_in(each["subject"]) == patient and code in codes_in(each["code"]):
                return each["valueQuantity"]["value"], each["valueQuantity"]["code"]
        return None


def id_in(reference: Json) -> str:
    """The id in `urn:uuid:<id>` or `Type/<id>`."""
    return str(reference["reference"]).replace(":", "/").rpartition("/")[2]


def codes_in(concept: Json) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def number_of(patient: Json, system: str) -> str | None:
    found = [each["value"] for each in patient.get("identifier", []) if each["system"].startswith(system)]
    return found[0] if found else None


def ethnic_category_of(patient: Json) -> str | None:
    for extension in patient.get("extension", []):
        if extension["url"].endswith("Extension-UKCore-EthnicCategory"):
            return codes_in(extension["valueCodeableConcept"])[0]
    return None


def of_bundle(content: bytes) -> Resources:
    return Resources([entry["resource"] for entry in orjson.loads(content)["entry"]], content)


def of_bulk_files(files: Iterable[Arrived]) -> Iterator[Resources]:
    """The resources of each mother and her babies, in the order of the patients."""
    lines = [(orjson.loads(line), line) for file in files for line in file.lines()]
    mother_of = _mothers(resource for resource, _ in lines)
    of_mother: dict[str, list[tuple[Json, bytes]]] = {
        resource["id"]: []
        for resource, _ in lines
        if resource["resourceType"] == "Patient" and resource["id"] not in mother_of
    }
    for resource, line in lines:
        patient = _patient_of(resource)
        of_mother[mother_of.get(patient, patient)].append((resource, line))
    for own in of_mother.values():
        yield Resources([resource for resource, _ in own], b"".join(line for _, line in own))


def _patient_of(resource: Json) -> str:
    """Whom a resource is about."""
    return (
        str(resource["id"])
        if resource["resourceType"] == "Patient"
        else id_in(resource.get("subject") or resource["patient"])
    )


def _mothers(resources: Iterable[Json]) -> dict[str, str]:
    """The mother of each baby: a patient who links to a related person of it."""
    patients, related = [], {}
    for each in resources:
        if each["resourceType"] == "Patient":
            patients.append(each)
        elif each["resourceType"] == "RelatedPerson":
            related[each["id"]] = id_in(each["patient"])
    return {related[id_in(link["other"])]: mother["id"] for mother in patients for link in mother.get("link", [])}


def faults_of(resources: Resources) -> set[str]:
    """Dates that do not exist, and codes of no list."""
    days = {day.decode() for day in DAY.findall(resources.raw)}
    return date_faults(days) | code_faults(set(_codes_out_of_list(resources)))


def _codes_out_of_list(resources: Resources) -> Iterator[str]:
    """Codes of a system of local codes, wherever, and codes that the lists of an encounter do not have."""
    is_anywhere = LOCAL_CODES.encode() in resources.raw
    for coding in _codings(resources.each if is_anywhere else resources.of_type("Encounter")):
        system, code = coding["system"], coding["code"]
        if system == LOCAL_CODES or (system in CODES_OF and code not in CODES_OF[system]):
            yield code


def _codings(node: Any) -> Iterator[Json]:
    """Every coding below this node."""
    if isinstance(node, list):
        for each in node:
            yield from _codings(each)
    elif isinstance(node, dict):
        if "code" in node and "system" in node and "value" not in node:
            yield node
        for each in node.values():
            if isinstance(each, dict | list):
                yield from _codings(each)
