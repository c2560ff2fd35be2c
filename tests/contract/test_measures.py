"""Every shipped indicator is published as a Measure that is FHIR R4; so are the organisations and the statement."""

from __future__ import annotations

from datetime import date

import orjson
import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.location import Location
from fhir.resources.R4B.measure import Measure
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.organization import Organization
from pydantic import BaseModel

from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.capability import (
    SearchParameter,
    ServedType,
    ServerDescription,
    build_capability_statement,
)
from fhir_adapter.fhir.elements import Json
from fhir_adapter.fhir.measure import build_measure
from fhir_adapter.fhir.measure_checks import check_measure
from fhir_adapter.fhir.organisations import build_location, build_organisation
from fhir_adapter.fhir.outcome import Fault, operation_outcome
from fhir_adapter.fhir.r4_schema import R4Schema
from fhir_adapter.fhir.shape import shape_faults
from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from tests.contract.report_builders import definition

SCHEMA = R4Schema()
CANONICALS = Canonicals()


def measure_of(indicator: str, **changes: object) -> Json:
    """The Measure of a shipped indicator, changed where named."""
    return build_measure(
        definition(indicator, **changes), shipped_stratifiers(), CANONICALS, publisher="QSY", date=date(2026, 5, 12)
    )


def small_statement() -> Json:
    """A CapabilityStatement of one type with one search parameter."""
    served = ServedType("Measure", ("read", "search-type"), (SearchParameter("url", "uri", "The canonical URL"),))
    server = ServerDescription(
        "perinatal-equity", "0.1.0", "http://127.0.0.1:8080/fhir", date(2026, 5, 12), synthetic=True
    )
    return build_capability_statement(server, [served], system_interactions=("transaction",))


def outcome(location: str = "Bundle.entry[3].resource.birthDate") -> Json:
    """An OperationOutcome of one fault."""
    return operation_outcome([Fault("error", "value.not-a-date", location, "is no date; send YYYY-MM-DD")], CANONICALS)


OTHERS: dict[str, tuple[type[BaseModel], Json]] = {
    "a trust": (Organization, build_organisation("RSA", "Trust", "trust", parent="QSY", canonicals=CANONICALS)),
    "the whole system": (Organization, build_organisation("QSY", "System", "lmns", parent=None, canonicals=CANONICALS)),
    "a place of a trust": (Location, build_location("RSA", "Trust", "trust", parent="QSY", canonicals=CANONICALS)),
    "a site": (Location, build_location("RSA01", "Site", "site", parent="RSA", canonicals=CANONICALS)),
    "an outcome": (OperationOutcome, outcome()),
    "an outcome of a file": (OperationOutcome, outcome("births.csv:17 column BirthWeight")),
    "a statement": (CapabilityStatement, small_statement()),
}


@pytest.mark.parametrize("indicator", sorted(shipped_definitions()))
def test_a_measure_survives_the_round_trip_through_fhir_resources(indicator: str) -> None:
    measure = measure_of(indicator)
    assert orjson.loads(Measure.model_validate(measure).model_dump_json()) == measure


@pytest.mark.parametrize("indicator", sorted(shipped_definitions()))
def test_a_measure_satisfies_the_official_r4_schema(indicator: str) -> None:
    assert SCHEMA.faults("Measure", measure_of(indicator)) == []


@pytest.mark.parametrize("indicator", sorted(shipped_definitions()))
def test_a_measure_breaks_none_of_our_own_rules(indicator: str) -> None:
    assert check_measure(measure_of(indicator)) == []


def test_a_neutral_measure_carries_no_improvement_notation() -> None:
    assert "improvementNotation" not in measure_of("LB06", improvement=None)


def test_criteria_are_the_predicates_of_the_definition() -> None:
    populations = measure_of("LB06")["group"][0]["population"]
    assert [each["criteria"]["expression"] for each in populations] == [
        definition().population,
        definition().denominator,
        definition().numerator,
    ]


@pytest.mark.parametrize(("model", "resource"), OTHERS.values(), ids=OTHERS.keys())
def test_what_else_we_send_survives_the_round_trip(model: type[BaseModel], resource: Json) -> None:
    assert orjson.loads(model.model_validate(resource).model_dump_json()) == resource


@pytest.mark.parametrize("resource", [each for _, each in OTHERS.values()], ids=OTHERS.keys())
def test_what_else_we_send_satisfies_the_official_r4_schema(resource: Json) -> None:
    assert SCHEMA.faults(resource["resourceType"], resource) == []


def test_a_site_is_managed_by_its_trust() -> None:
    site = build_location("RSA01", "Site", "site", parent="RSA", canonicals=CANONICALS)
    assert site["managingOrganization"] == {"reference": "Organization/RSA"}


def test_a_fault_at_a_fhir_path_is_an_expression() -> None:
    assert outcome()["issue"][0]["expression"] == ["Bundle.entry[3].resource.birthDate"]


def test_a_fault_in_a_file_is_placed_in_the_diagnostics() -> None:
    assert outcome("births.csv:17 column X")["issue"][0]["diagnostics"] == "at births.csv:17 column X"


@pytest.mark.parametrize("resource", [each for _, each in OTHERS.values()], ids=OTHERS.keys())
def test_what_else_we_send_has_the_right_shape(resource: Json) -> None:
    assert shape_faults(resource) == []


def test_a_fault_of_shape_is_named_without_its_value() -> None:
    faults = "; ".join(shape_faults({**small_statement(), "fhirVersion": {"canary": "Zebediah"}}))
    assert ("fhirVersion" in faults, "Zebediah" in faults) == (True, False)
