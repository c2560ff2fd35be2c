"""A valid maternity bundle of the synthetic shape; a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
HOSPITAL_NUMBER = "https://perinatal-equity.example/synthetic/hospital-number/RWE"
ITEMS = "https://perinatal-equity.example/fhir/CodeSystem/maternity-data-item"
FIRST_FEED = "https://perinatal-equity.example/fhir/CodeSystem/first-feed"

Resource = dict[str, Any]
Bundle = dict[str, Any]


def maternity_bundle(*changes: Callable[[Bundle], None]) -> Bundle:
    """One mother, one booking, one delivery and one live baby at term, after the changes."""
    bundle: Bundle = {
        "resourceType": "Bundle",
        "identifier": {"system": "https://perinatal-equity.example/synthetic", "value": "record-1"},
        "type": "transaction",
        "timestamp": "2026-03-04T10:00:00+00:00",
        "entry": [entry(resource) for resource in (*maternal_resources(), *baby_resources())],
    }
    for change in changes:
        change(bundle)
    return bundle


def entry(resource: Resource) -> dict[str, Any]:
    """A transaction entry; the fullUrl is made from the id."""
    target = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource, "request": {"method": "PUT", "url": target}}


def concept(system: str, *codes: str) -> Resource:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def reference(name: str) -> Resource:
    return {"reference": f"urn:uuid:{name}"}


def quantity(value: object, unit: str) -> Resource:
    return {"valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}}


def observation(name: str, code: Resource, subject: str, encounter: str | None, value: Resource) -> Resource:
    where = {} if encounter is None else {"encounter": reference(encounter)}
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": code,
        "subject": reference(subject),
        **where,
        **value,
    }


def patient(resource_id: str, nhs_number: str, **more: Any) -> Resource:
    status = concept("https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "01")
    ethnicity = concept("https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland", "H")
    return {
        "resourceType": "Patient",
        "id": resource_id,
        "extension": [{"url": UK_CORE + "EthnicCategory", "valueCodeableConcept": ethnicity}],
        "identifier": [
            {
                "system": NHS_NUMBER,
                "value": nhs_number,
                "extension": [{"url": UK_CORE + "NHSNumberVerificationStatus", "valueCodeableConcept": status}],
            },
            {"system": HOSPITAL_NUMBER, "value": f"H-{resource_id}"},
        ],
        "gender": "female",
        **more,
    }


def encounter(name: str, kind: str, code: str, start: str) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind},
        "type": [concept(SNOMED, code)],
        "subject": reference("mother"),
        "period": {"start": start},
        "serviceProvider": {
            "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RWE"},
        },
        "location": [
            {"location": {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-site-code", "value": "RWEAA"}}},
        ],
    }


def maternal_resources() -> list[Resource]:
    return [
        patient(
            "mother",
            "9990001006",
            name=[{"family": "Canaryfamily", "given": ["Canarygiven"]}],
            birthDate="1996-07-14",
            address=[{"use": "home", "postalCode": "LE1 5WW"}],
            communication=[{"language": concept("urn:ietf:bcp:47", "gu"), "preferred": True}],
            link=[{"other": reference("mother-of-baby"), "type": "seealso"}],
        ),
        {
            "resourceType": "Condition",
            "id": "pregnancy",
            "code": concept(SNOMED, "77386006"),
            "subject": reference("mother"),
        },
        encounter("booking", "AMB", "424441002", "2025-09-01"),
        encounter("delivery", "IMP", "3950001", "2026-03-01T22:00:00+00:00"),
        observation("booked-at", concept(SNOMED, "57036006"), "mother", "booking", quantity(63, "d")),
        observation(
            "smoking",
            concept(LOINC, "72166-2"),
            "mother",
            "booking",
            {"valueCodeableConcept": concept(SNOMED, "77176002")},
        ),
        observation(
            "smoking-at-delivery",
            concept(LOINC, "72166-2"),
            "mother",
            "delivery",
            {"valueCodeableConcept": concept(SNOMED, "8392000")},
        ),
        observation("carbon-monoxide", concept(SNOMED, "251900003"), "mother", "booking", quantity(2, "[ppm]")),
        observation("height", concept(LOINC, "8302-2"), "mother", "booking", quantity(1.62, "m")),
        observation("weight", concept(LOINC, "29463-7"), "mother", "booking", quantity(65.2, "kg")),
        observation("bmi", concept(LOINC, "39156-5"), "mother", "booking", quantity(24.8, "kg/m2")),
        observation("live-births", concept(LOINC, "11636-8"), "mother", "booking", {"valueInteger": 1}),
        observation("caesareans", concept(LOINC, "68497-7"), "mother", "booking", {"valueInteger": 0}),
        observation("fetuses", concept(LOINC, "73773-4"), "mother", "delivery", {"valueInteger": 1}),
        {
            "resourceType": "Procedure",
            "id": "method",
            "status": "completed",
            "code": concept(SNOMED, "48782003"),
            "subject": reference("mother"),
            "encounter": reference("delivery"),
        },
        {
            "resourceType": "Condition",
            "id": "tear",
            "code": concept(SNOMED, "10217006"),
            "subject": reference("mother"),
            "encounter": reference("delivery"),
        },
    ]


def baby_resources() -> list[Resource]:
    born = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
    outcome = {"valueCodeableConcept": concept(SNOMED, "281050002")}
    weight = {"coding": [*concept(SNOMED, "364589006")["coding"], *concept(LOINC, "8339-4")["coding"]]}
    return [
        patient(
            "baby",
            "9990001073",
            birthDate="2026-03-02",
            _birthDate={"extension": [{"url": born, "valueDateTime": "2026-03-02T04:15:00+00:00"}]},
            multipleBirthBoolean=False,
        ),
        {
            "resourceType": "RelatedPerson",
            "id": "mother-of-baby",
            "patient": reference("baby"),
            "relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH")],
        },
        observation("gestation", concept(LOINC, "11884-4"), "baby", None, quantity(40, "wk")),
        observation("birth-weight", weight, "baby", None, quantity(3410, "g")),
        observation("apgar", concept(LOINC, "9274-2"), "baby", None, {"valueInteger": 9}),
        observation("outcome", concept(SNOMED, "364587008"), "baby", None, outcome),
        observation(
            "feed",
            concept(ITEMS, "first-feed"),
            "baby",
            None,
            {"valueCodeableConcept": concept(FIRST_FEED, "01")},
        ),
    ]


def place_of(bundle: Bundle, name: str) -> int:
    """Which entry holds the resource of this id."""
    return [each["resource"]["id"] for each in bundle["entry"]].index(name)


def changed(name: str, /, **values: Any) -> Callable[[Bundle], None]:
    """A change that gives elements of one resource new values."""

    def change(bundle: Bundle) -> None:
        bundle["entry"][place_of(bundle, name)]["resource"].update(values)

    return change


def removed(*names: str) -> Callable[[Bundle], None]:
    """A change that takes resources out."""

    def change(bundle: Bundle) -> None:
        bundle["entry"] = [each for each in bundle["entry"] if each["resource"]["id"] not in names]

    return change


def added(*resources: Resource) -> Callable[[Bundle], None]:
    """A change that puts resources at the end."""

    def change(bundle: Bundle) -> None:
        bundle["entry"].extend(entry(resource) for resource in resources)

    return change
