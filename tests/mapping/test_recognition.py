"""Which adapter a bundle is for, and what is said of one that is for none or for two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.errors import AdapterUnknown
from fhir_adapter.sources.adapter import BundleClaim
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.recognition import strength_of
from fhir_adapter.sources.registry import AdapterRegistry
from tests.mapping.maternity_bundles import maternity_bundle

SNOMED = "http://snomed.info/sct"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
CSDS = "https://perinatal-equity.example/fhir/CodeSystem/csds-activity-type"
BIRTH_REPORT = "http://hl7.org/fhir/us/bfdr/StructureDefinition/Bundle-document-birth-report"
PATIENT = {"resourceType": "Patient", "identifier": [{"system": NHS_NUMBER, "value": "9990001073"}]}


def encounter(system: str, code: str) -> dict[str, Any]:
    return {"resourceType": "Encounter", "type": [{"coding": [{"system": system, "code": code}]}]}


def bundle(*resources: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources], **elements}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (bundle(PATIENT), "ukcore-maternity"),
        (bundle(PATIENT, encounter(SNOMED, "3950001")), "ukcore-maternity"),
        (bundle(PATIENT, encounter(SNOMED, "830077005")), "ukcore-neonatal"),
        (bundle(PATIENT, encounter(CSDS, "08")), "ukcore-health-visitor"),
        (bundle(PATIENT, encounter(SNOMED, "3950001"), meta={"profile": [BIRTH_REPORT]}), "bfdr"),
    ],
    ids=["who it is of", "a delivery", "a stay", "a contact", "a document"],
)
def test_what_a_record_is_stands_over_whose_it_is(
    registry: AdapterRegistry, document: dict[str, Any], name: str
) -> None:
    assert registry.for_bundle(document, "bundle.json").name == name


def test_a_record_that_two_adapters_claim_alike_is_refused_naming_both(registry: AdapterRegistry) -> None:
    both = bundle(PATIENT, encounter(SNOMED, "3950001"), encounter(SNOMED, "830077005"))
    with pytest.raises(AdapterUnknown, match=r"several adapters claim this bundle: ukcore-maternity, ukcore-neonatal"):
        registry.for_bundle(both, "bundle.json")


def test_an_unknown_record_is_refused_with_the_nearest_adapter(registry: AdapterRegistry) -> None:
    unknown = bundle({"resourceType": "CarePlan"}, {"resourceType": "CarePlan"})
    with pytest.raises(AdapterUnknown, match=r"nearest by its types of resource: ukcore-maternity"):
        registry.for_bundle(unknown, "bundle.json")


@pytest.mark.parametrize("document", [bundle({"resourceType": "Basic"}), {"entry": None}, {"entry": [None, {}]}])
def test_a_record_of_types_that_nobody_reads_has_no_nearest(registry: AdapterRegistry, document: Any) -> None:
    with pytest.raises(AdapterUnknown) as refusal:
        registry.for_bundle(document, "bundle.json")
    assert "nearest" not in str(refusal.value)


@pytest.mark.parametrize(
    "value",
    [None, "text", [None], [{"coding": "text"}], [{"coding": [None]}], [{"coding": [{"system": SNOMED, "code": "1"}]}]],
)
def test_a_coding_that_is_not_there_meets_no_claim(value: object) -> None:
    claim = BundleClaim.model_validate(
        {"resource": "Encounter", "coding": {"element": "type", "system": SNOMED, "code": "2"}}
    )
    assert strength_of([claim], bundle({"resourceType": "Encounter", "type": value})) == 0


def test_an_element_that_is_one_coding_meets_a_claim() -> None:
    claim = BundleClaim.model_validate({"resource": "Encounter", "coding": {"element": "class", "system": SNOMED}})
    assert strength_of([claim], bundle({"resourceType": "Encounter", "class": {"system": SNOMED}})) == 2


SAMPLES = {
    "bfdr/BasicBirthRecord2.json": "bfdr",
    "bfdr/BasicFetalDeathRecord2.json": "bfdr",
    "one-birth-four-sources/maternity_bundle.r4.json": "ukcore-maternity",
}


@pytest.mark.parametrize(("file", "name"), SAMPLES.items())
def test_a_record_of_a_third_party_is_known(registry: AdapterRegistry, samples: Path, file: str, name: str) -> None:
    assert registry.for_bundle(json.loads((samples / file).read_bytes()), file).name == name


def test_facts_of_the_fetal_death_of_a_third_party_land_on_the_right_person(
    registry: AdapterRegistry, samples: Path
) -> None:
    document = json.loads((samples / "bfdr" / "BasicFetalDeathRecord2.json").read_bytes())
    rows = map_bundle(registry.by_name("bfdr"), document, digest="digest").rows
    work = {row["role"]: row["occupation"] for row in rows["person"]}
    assert (work, [row["outcome"] for row in rows["baby"]]) == (
        {"mother": "CEO", "father": "COO", "baby": None},
        ["04"],
    )


def test_a_height_of_minus_one_inch_is_an_issue_and_no_height(registry: AdapterRegistry, samples: Path) -> None:
    document = json.loads((samples / "bfdr" / "BasicFetalDeathRecord2.json").read_bytes())
    record = map_bundle(registry.by_name("bfdr"), document, digest="digest")
    flagged = [issue.location for issue in record.issues if issue.code == "value.out-of-range"]
    assert (flagged, record.rows["booking"][0]["height_cm"]) == (
        ["Bundle.entry[12].resource.valueQuantity.value"],
        None,
    )


def test_facts_of_the_birth_of_a_third_party_land_on_mother_and_baby(registry: AdapterRegistry, samples: Path) -> None:
    document = json.loads((samples / "bfdr" / "BasicBirthRecord2.json").read_bytes())
    rows = map_bundle(registry.by_name("bfdr"), document, digest="digest").rows
    [delivery], [baby] = rows["delivery"], rows["baby"]
    assert (delivery["augmentation"], delivery["onset_analgesia"]) == (True, "|18946005|")
    assert (baby["outcome"], baby["delivery_method"], str(baby["birth_datetime"])[:10]) == ("01", "0", "2023-01-01")


def test_a_maternity_bundle_is_known_as_before(registry: AdapterRegistry) -> None:
    assert registry.for_bundle(maternity_bundle(), "bundle.json").name == "ukcore-maternity"
