"""The bundles of the maternity, neonatal and health-visiting feeds, and the same resources as Bulk Data."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from tests.synthetic.fault_readers.fhir_resources import (
    HOSPITAL_NUMBER,
    NHS_NUMBER,
    Json,
    Resources,
    ethnic_category_of,
    faults_of,
    number_of,
    of_bulk_files,
    of_bundle,
)
from tests.synthetic.fault_readers.plain import (
    Baby,
    Birth,
    Feed,
    Record,
    Sending,
    birth_record,
    event_record,
    plausible_gestation,
    plausible_weight,
    stay_record,
)
from tests.synthetic.fault_readers.sent_files import Arrived, whole_files

BUNDLE_FILE = re.compile(r"(?P<trust>\w+)-(?:p(?P<part>\d+)-)?(?P<number>\d+)-[0-9a-f]{8}-\w+\.json")
BOOKING, DELIVERY = "424441002", "3950001"
GESTATION, WEIGHT = "11884-4", "364589006"


Read = Callable[[Resources], Record]


def read_birth(resources: Resources) -> Record:
    """A birth, or a pregnancy that goes on: then its month is that of the booking."""
    mother, delivery = resources.mother, resources.encounter(DELIVERY)
    if delivery is None:
        booking = resources.encounter(BOOKING)
        assert booking is not None
        return Record(mother["id"], booking["period"]["start"][:7], None, frozenset(faults_of(resources)))
    babies, faults = _babies(resources)
    site = delivery["location"][0]["location"]["identifier"]["value"]
    return birth_record(mother["id"], _birth(mother, babies, site), faults | faults_of(resources))


def read_stay(resources: Resources) -> Record:
    (stay,) = resources.of_type("Encounter")
    babies, faults = _babies(resources)
    birth = _birth(resources.mother, babies, None)
    return stay_record(_name_of(stay), stay["period"]["start"], birth, faults | faults_of(resources))


def read_contact(resources: Resources) -> Record:
    (contact,) = resources.of_type("Encounter")
    numbers = [number_of(each, NHS_NUMBER) for each in (resources.mother, *resources.babies)]
    return event_record(_name_of(contact), contact["period"]["start"], numbers, faults_of(resources))


def _name_of(encounter: Json) -> str:
    return str(encounter["identifier"][0]["value"])


READERS: Mapping[str, Read] = {"maternity": read_birth, "neonatal": read_stay, "health_visiting": read_contact}


def read_ndjson(folder: Path, feed: str) -> Feed:
    """Files of bundles, one a line."""
    read = READERS[feed]
    found = Feed()
    for file in whole_files(folder, found.broken):
        records = [read(of_bundle(line)) for line in file.lines()]
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
            records = [read(of_bundle(path.read_bytes())) for _, path in files]
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
        records = [read(resources) for resources in of_bulk_files(files)]
        found.sendings.append(Sending(month, part, records))
    return found


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
        ethnic_category=ethnic_category_of(mother),
        site=site,
    )
