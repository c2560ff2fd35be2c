"""The adapter of US hospital births: its codes are those of the measure, and no observation sinks a transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_adapter.sources.golden_case import mapped_records, parse_case
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Identity
from fhir_adapter.sources.registry import AdapterRegistry
from indicator_engine.code_lists import code_list

MAPPING = Path(__file__).parents[2] / "mappings" / "qicore"
CASES = sorted((MAPPING / "tests").glob("*.yaml"))
CAESAREANS = {"7", "8"}


@pytest.fixture(scope="session")
def value_sets(samples: Path) -> dict[str, set[str]]:
    """Codes of each value set of the measure, by its name."""
    bundle = json.loads((samples / "qicore-cms334" / "valuesets-CMS334FHIRPCCesareanBirth-bundle.json").read_bytes())
    found = (entry["resource"] for entry in bundle["entry"])
    return {each["name"]: {code["code"] for code in each["expansion"]["contains"]} for each in found}


def translations(name: str) -> Iterator[tuple[str, str]]:
    """Code and target of each element of a ConceptMap of the adapter."""
    concept_map = json.loads((MAPPING / "conceptmaps" / f"{name}.json").read_bytes())
    for group in concept_map["group"]:
        for element in group["element"]:
            yield element["code"], element["target"][0]["code"]


def test_the_procedures_of_birth_are_those_of_the_measure(value_sets: dict[str, set[str]]) -> None:
    assert {code for code, _ in translations("delivery-method")} == value_sets["DeliveryProcedures"]


def test_the_caesareans_are_those_of_the_measure_and_no_other(value_sets: dict[str, set[str]]) -> None:
    found = {code for code, method in translations("delivery-method") if method in CAESAREANS}
    assert found == value_sets["CesareanBirth"]


def test_a_single_live_birth_is_what_the_measure_says(value_sets: dict[str, set[str]]) -> None:
    assert {code for code, _ in translations("birth-outcome")} == value_sets["DeliveryofSingleton"]


@pytest.mark.parametrize(
    ("codes", "group", "value_set"),
    [
        ("abnormal_presentation", "", "AbnormalPresentation"),
        ("delivery_condition", "singleton", "DeliveryofSingleton"),
        ("delivery_condition", "term", "37to42PlusWeeksGestation"),
        ("delivery_condition", "herpes", "GenitalHerpes"),
        ("delivery_condition", "placenta", "PlacentaAccretaSpectrumPreviaorVasaPrevia"),
    ],
)
def test_a_code_list_holds_the_codes_of_the_value_set_that_it_names(
    value_sets: dict[str, set[str]], codes: str, group: str, value_set: str
) -> None:
    found = {code for code, entry in code_list(codes).codes.items() if entry.group == group}
    assert found == value_sets[value_set]


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_no_value_of_an_observation_sinks_a_transaction(registry: AdapterRegistry, file: Path) -> None:
    case = parse_case(file.read_text("utf-8"), place=file.name)
    (record,) = mapped_records(registry.by_name("qicore"), case)
    assert [each.code for each in record.issues if each.severity is Severity.ERROR] == []


def test_the_shipped_bundles_of_the_measure_are_known(registry: AdapterRegistry, samples: Path) -> None:
    first = min((samples / "qicore-cms334" / "patients").glob("*.json"))
    assert registry.for_bundle(json.loads(first.read_bytes()), first.name).name == "qicore"


def test_the_identifiers_of_the_mother_leave_apart_from_the_rows(registry: AdapterRegistry) -> None:
    case = parse_case((MAPPING / "tests" / "whole-record.yaml").read_text("utf-8"), place="whole-record.yaml")
    (record,) = mapped_records(registry.by_name("qicore"), case)
    assert record.identities == [
        Identity(
            person_source_key="whole/Patient/mother",
            role="mother",
            nhs_number=None,
            nhs_number_status=None,
            local_id="MR-mother",
            local_id_system="https://hospital.example/mr",
            family_name="Canaryfamily",
            given_name="Canarygiven",
            birth_date="1998-02-14",
            postcode=None,
        )
    ]
