"""What a reference names: a fullUrl, Type/id, a version of it, or a part of its own resource."""

from __future__ import annotations

import pytest

from fhir_adapter.sources.bundle_index import BundleIndex
from fhir_adapter.sources.issues import Issue

ENTRIES = [
    {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "a"}},
    {
        "fullUrl": "urn:uuid:2",
        "resource": {
            "resourceType": "Observation",
            "id": "b",
            "contained": [{"resourceType": "Practitioner", "id": "inner"}],
        },
    },
]


def asked(reference: object, resource_type: str | None = None) -> tuple[str | None, list[Issue]]:
    """The key that the second resource gets for a reference, and what is said about it."""
    index = BundleIndex("record", "digest")
    index.add_all(ENTRIES)
    index.entry = 1
    return index.reference_key(reference, resource_type, "subject"), index.issues


@pytest.mark.parametrize("reference", ["urn:uuid:1", "Patient/a", "Patient/a/_history/3"])
def test_a_reference_names_a_resource_of_the_bundle_in_three_ways(reference: str) -> None:
    assert asked(reference, "Patient") == ("record/Patient/a", [])


@pytest.mark.parametrize("reference", ["#inner", "#"])
def test_a_contained_resource_has_no_key_and_is_no_fault(reference: str) -> None:
    assert asked(reference) == (None, [])


@pytest.mark.parametrize("reference", ["#other", "Patient/b", "urn:uuid:9", "https://elsewhere.example/Patient/a"])
def test_a_reference_to_nothing_is_told(reference: str) -> None:
    key, issues = asked(reference)
    assert key is None
    assert [issue.code for issue in issues] == ["reference.unresolved"]


def test_a_resource_of_another_type_has_no_key_here() -> None:
    assert asked("urn:uuid:1", "Encounter") == (None, [])
