"""A plain reader of rendered bundles that counts the six indicators anew, from the JSON and the reference tables alone.

It shares no line with the generator or with any engine: codes and bounds are written out from the definitions.
"""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from tests.synthetic.read_csv import rows_of

Resource = dict[str, Any]
Key = tuple[str, str, str, str, str, str]

SMOKING = {
    **dict.fromkeys(("77176002", "65568007", "59978006"), "smoker"),
    **dict.fromkeys(("8392000", "266919005", "8517006"), "non_smoker"),
    "266927001": "unknown",
}
METHODS = {
    **dict.fromkeys(("48782003", "177184002", "309469004"), 0),
    "302383004": 3,
    "61586001": 4,
    "177157003": 5,
    "177141003": 7,
    **dict.fromkeys(("274130007", "11466000"), 8),
}
OUTCOMES = {"281050002": "01", "713202001": "02", "921611000000101": "03", "237364002": "04", "57797005": "05"}
BIRTHS = {"01", "02", "03", "04"}
ETHNIC_GROUPS = {"ABC": "white", "DEFG": "mixed", "HJKL": "asian", "MNP": "black", "RS": "other"}
AGE_BANDS = ((20, "<20"), (25, "20-24"), (30, "25-29"), (35, "30-34"), (40, "35-39"), (45, "40-44"))


@dataclass(frozen=True, slots=True)
class Count:
    denominator: int
    numerator: int


@dataclass(frozen=True, slots=True)
class Event:
    """One unit of a denominator, or none when is_counted is false."""

    indicator: str
    on: str
    provider: str
    site: str
    is_counted: bool
    is_event: bool


def quintile_by_postcode(folder: Path) -> dict[str, str]:
    """Quintile of each postcode, through the two reference tables of the folder."""
    quintiles = {row["lsoa11cd"]: row["imd2019_quintile"] for row in rows_of(folder / "reference" / "imd2019.csv")}
    return {row["pcds"]: quintiles[row["lsoa11"]] for row in rows_of(folder / "reference" / "postcodes.csv")}


def bundles_in(folder: Path) -> Iterator[Resource]:
    """Every bundle of the compressed NDJSON files of the folder."""
    for path in sorted((folder / "ndjson" / "maternity").glob("*.ndjson.gz")):
        with gzip.open(path) as lines:
            yield from map(orjson.loads, lines)


def recount(bundles: Iterable[Resource], quintiles: Mapping[str, str]) -> dict[Key, Count]:
    """Counts by indicator, month, provider, site, dimension and stratum."""
    denominators: Counter[Key] = Counter()
    numerators: Counter[Key] = Counter()
    for bundle in bundles:
        reader = BundleReader(bundle)
        for event in events_of(reader):
            for dimension, stratum in strata_of(reader.mother, event, quintiles):
                key = (event.indicator, event.on[:7], event.provider, event.site, dimension, stratum)
                denominators[key] += event.is_counted
                numerators[key] += event.is_counted and event.is_event
    return {key: Count(count, numerators[key]) for key, count in denominators.items() if count}


class BundleReader:
    """One bundle, its resources found by fullUrl and by the resource that they are about."""

    def __init__(self, bundle: Resource) -> None:
        self.by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
        self.of_encounter: dict[str, list[Resource]] = defaultdict(list)
        self.of_subject: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.by_url.values():
            self.of_encounter[resource.get("encounter", {}).get("reference", "")].append(resource)
            self.of_subject[resource.get("subject", {}).get("reference", "")].append(resource)
        related = [resource for resource in self.by_url.values() if resource["resourceType"] == "RelatedPerson"]
        baby_urls = sorted({resource["patient"]["reference"] for resource in related})
        self.babies = [(url, self.by_url[url]) for url in baby_urls]
        self.mother = next(
            resource
            for url, resource in self.by_url.items()
            if resource["resourceType"] == "Patient" and url not in baby_urls
        )

    def encounter(self, code: str) -> tuple[str, Resource]:
        """The only encounter of this type, with its fullUrl."""
        found = [
            (url, resource)
            for url, resource in self.by_url.items()
            if resource["resourceType"] == "Encounter" and code_of(resource["type"][0]) == code
        ]
        (only,) = found
        return only


def code_of(concept: Resource) -> str:
    return str(concept["coding"][0]["code"])


def with_code(resources: Iterable[Resource], code: str) -> Resource | None:
    """The only resource with this code, or None."""
    found = [resource for resource in resources if "code" in resource and code_of(resource["code"]) == code]
    assert len(found) <= 1
    return found[0] if found else None


def value_code(resources: Iterable[Resource], code: str) -> str | None:
    observation = with_code(resources, code)
    return code_of(observation["valueCodeableConcept"]) if observation else None


def events_of(reader: BundleReader) -> Iterator[Event]:
    """The units of all six indicators that this bundle holds; an ongoing pregnancy has its booking alone."""
    yield from booking_events(reader)
    if reader.babies:
        yield from delivery_events(reader)
        yield from baby_events(reader)


def place_of(encounter: Resource) -> tuple[str, str]:
    provider = encounter["serviceProvider"]["identifier"]["value"]
    return str(provider), str(encounter["location"][0]["location"]["identifier"]["value"])


def booking_events(reader: BundleReader) -> Iterator[Event]:
    url, encounter = reader.encounter("424441002")
    status = SMOKING.get(value_code(reader.of_encounter[url], "72166-2") or "")
    known = status in ("smoker", "non_smoker")
    yield Event("BK03", encounter["period"]["start"], *place_of(encounter), known, status == "smoker")


def gestation_days(facts: Iterable[Resource]) -> int:
    observation = with_code(facts, "11884-4")
    assert observation is not None
    quantity = observation["valueQuantity"]
    return round(float(quantity["value"]) * {"wk": 7, "d": 1}[quantity["code"]])


def delivery_events(reader: BundleReader) -> Iterator[Event]:
    url, encounter = reader.encounter("3950001")
    facts = reader.of_encounter[url]
    first = min(birth_time(baby) for _, baby in reader.babies)
    outcomes = {OUTCOMES[value_code(reader.of_subject[url], "364587008") or ""] for url, _ in reader.babies}
    is_birth = bool(outcomes & BIRTHS)
    status = SMOKING.get(value_code(facts, "72166-2") or "")
    known = is_birth and status in ("smoker", "non_smoker")
    yield Event("LB01", first, *place_of(encounter), known, status == "smoker")
    codes = {code_of(fact["code"]) for fact in facts}
    (method,) = (METHODS[code] for code in codes & set(METHODS))
    days = gestation_days(reader.of_subject[reader.babies[0][0]])
    is_term_singleton = len(reader.babies) == 1 and 259 <= days <= 315
    is_severe = bool(codes & {"10217006", "399031001"})
    yield Event("LB06", first, *place_of(encounter), is_birth and is_term_singleton and method <= 4, is_severe)


def birth_time(baby: Resource) -> str:
    return str(baby["_birthDate"]["extension"][0]["valueDateTime"])


def baby_events(reader: BundleReader) -> Iterator[Event]:
    _, encounter = reader.encounter("3950001")
    place = place_of(encounter)
    for url, baby in reader.babies:
        facts = reader.of_subject[url]
        outcome = OUTCOMES[value_code(facts, "364587008") or ""]
        days = gestation_days(facts)
        feed = value_code(facts, "first-feed")
        on = birth_time(baby)
        is_singleton = baby.get("multipleBirthBoolean") is False
        yield Event("BF01", on, *place, outcome in BIRTHS and feed in ("01", "02", "03"), feed in ("01", "02"))
        yield Event("LB11", on, *place, outcome == "01" and is_singleton and 154 <= days <= 315, days <= 258)
        yield Event("MO01", on, *place, outcome in BIRTHS and days >= 168, outcome != "01")


def strata_of(mother: Resource, event: Event, quintiles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "all", "all"
    yield "site", event.site
    yield "eth5", ethnic_group(mother)
    yield "imd5", quintiles.get(postcode(mother), "unknown")
    yield "age", age_band(date.fromisoformat(mother["birthDate"]), date.fromisoformat(event.on[:10]))


def ethnic_group(mother: Resource) -> str:
    categories = [
        code_of(extension["valueCodeableConcept"])
        for extension in mother["extension"]
        if extension["url"].endswith("Extension-UKCore-EthnicCategory")
    ]
    groups = [group for letters, group in ETHNIC_GROUPS.items() if categories and categories[0] in letters]
    return groups[0] if groups else "unknown"


def postcode(mother: Resource) -> str:
    homes = [address for address in mother.get("address", []) if address["use"] == "home"]
    return str(homes[0]["postalCode"]) if homes else ""


def age_band(born: date, on: date) -> str:
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((band for limit, band in AGE_BANDS if years < limit), "45+")


def counts_of_truth(rows: Iterable[Mapping[str, Any]]) -> dict[Key, Count]:
    """The counts of a truth file under the same keys."""
    return {key_of(row): Count(row["denominator"], row["numerator"]) for row in rows}


def key_of(row: Mapping[str, Any]) -> Key:
    return row["indicator"], row["month"], row["provider"], row["site"], row["dimension"], row["stratum"]
