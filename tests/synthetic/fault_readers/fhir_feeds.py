"""The bundles of the maternity, neonatal and health-visiting feeds, and the same resources as Bulk Data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from tests.synthetic.fault_readers.plain import (
    Baby,
    Birth,
    Feed,
    Record,
    Sending,
    birth_record,
    code_faults,
    date_faults,
    event_record,
    plausible_gestation,
    plausible_weight,
    stay_record,
)
from tests.synthetic.fault_readers.sent_files import Arrived, whole_files

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
BUNDLE_FILE = re.compile(r"(?P<trust>\w+)-(?:p(?P<part>\d+)-)?(?P<number>\d+)-[0-9a-f]{8}-\w+\.json")
BOOKING, DELIVERY = "424441002", "3950001"
GESTATION, WEIGHT = "11884-4", "364589006"


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


Read = Callable[[Resources], Record]


def id_in(reference: Json) -> str:
    """The id in `urn:uuid:<id>` or `Type/<id>`."""
    return str(reference["reference"]).replace(":", "/").rpartition("/")[2]


def codes_in(concept: Json) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def number_of(patient: Json, system: str) -> str | None:
    found = [each["value"] for each in patient.get("identifier", []) if each["system"].startswith(system)]
    return found[0] if found else None


def read_birth(resources: Resources) -> Record:
    """A birth, or a pregnancy that goes on: then its month is that of the booking."""
    mother, delivery = resources.mother, resources.encounter(DELIVERY)
    if delivery is None:
        booking = resources.encounter(BOOKING)
        assert booking is not None
        return Record(mother["id"], booking["period"]["start"][:7], None, frozenset(_faults(resources)))
    babies, faults = _babies(resources)
    site = delivery["location"][0]["location"]["identifier"]["value"]
    return birth_record(mother["id"], _birth(mother, babies, site), faults | _faults(resources))


def read_stay(resources: Resources) -> Record:
    (stay,) = resources.of_type("Encounter")
    babies, faults = _babies(resources)
    birth = _birth(resources.mother, babies, None)
    return stay_record(_name_of(stay), stay["period"]["start"], birth, faults | _faults(resources))


def read_contact(resources: Resources) -> Record:
    (contact,) = resources.of_type("Encounter")
    numbers = [number_of(each, NHS_NUMBER) for each in (resources.mother, *resources.babies)]
    return event_record(_name_of(contact), contact["period"]["start"], numbers, _faults(resources))


def _name_of(encounter: Json) -> str:
    return str(encounter["identifier"][0]["value"])


READERS: Mapping[str, Read] = {"maternity": read_birth, "neonatal": read_stay, "health_visiting": read_contact}


def read_ndjson(folder: Path, feed: str) -> Feed:
    """Files of bundles, one a line."""
    read = READERS[feed]
    found = Feed()
    for file in whole_files(folder, found.broken):
        records = [read(_bundle(line)) for line in file.lines()]
        found.sendings.append(Sending(file.month, file.part, records))
    return found


def read_bundle_files(folder: Path, feed: str) -> Feed:
    """A file a bundle in a folder of each month; those of a trust and part were sent together, in order of number."""
    read = READERS[feed]
    found = Feed()
    for month in sorted(folder.iterdir()):
        named = [(name, path) for path in month.iterdir() if (name := BUNDLE_FILE.fullmatch(path.name))]
        named.sort(key=lambda each: (each[0]["trust"], int(each[0]["part"] or 1), int(each[0]["number"])))
        for (_, part), files in groupby(named, lambda each: (each[0]["trust"], int(each[0]["part"] or 1))):
            records = [read(_bundle(path.read_bytes())) for _, path in files]
            found.sendings.append(Sending(month.name, part, records))
    return found


def read_bulk(folder: Path, feed: str) -> Feed:
    """A file a resource type; those of a trust, month and part belong together."""
    read = READERS[feed]
    found = Feed()
    together: defaultdict[tuple[str, str, int], list[Arrived]] = defaultdict(list)
    for file in whole_files(folder, found.broken):
        together[file.trust, file.month, file.part].append(file)
    for (_, month, part), files in sorted(together.items()):
        records = [read(resources) for resources in _grouped(files)]
        found.sendings.append(Sending(month, part, records))
    return found


def _bundle(content: bytes) -> Resources:
    return Resources([entry["resource"] for entry in orjson.loads(content)["entry"]], content)


def _grouped(files: Iterable[Arrived]) -> Iterator[Resources]:
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


def _babies(resources: Resources) -> tuple[list[Baby], set[str]]:
    """The babies, and what is wrong with their measures."""
    babies, faults = [], set()
    for patient in resources.babies:
        weight, too_light = plausible_weight(_in(resources.quantity(WEIGHT, patient["id"]), "kg", 1000))
        gestation, too_long = plausible_gestation(_in(resources.quantity(GESTATION, patient["id"]), "wk", 7))
        faults |= too_light | too_long
        babies.append(
            Baby(
                hospital_number=number_of(patient, HOSPITAL_NUMBER),
                nhs_number=number_of(patient, NHS_NUMBER),
                birth_order=int(patient.get("multipleBirthInteger", 1)),
                born=patient["_birthDate"]["extension"][0]["valueDateTime"],
                gestation_days=gestation,
                weight_g=weight,
            )
        )
    return babies, faults


def _in(quantity: tuple[float, str] | None, larger_unit: str, factor: int) -> float | None:
    """The value in the smaller unit."""
    if quantity is None:
        return None
    value, unit = quantity
    return value * factor if unit == larger_unit else value


def _birth(mother: Json, babies: Sequence[Baby], site: str | None) -> Birth:
    return Birth(
        babies=babies,
        mother_hospital_number=number_of(mother, HOSPITAL_NUMBER),
        mother_nhs_number=number_of(mother, NHS_NUMBER),
        ethnic_category=_ethnic_category(mother),
        site=site,
    )


def _ethnic_category(patient: Json) -> str | None:
    for extension in patient.get("extension", []):
        if extension["url"].endswith("Extension-UKCore-EthnicCategory"):
            return codes_in(extension["valueCodeableConcept"])[0]
    return None


def _faults(resources: Resources) -> set[str]:
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
