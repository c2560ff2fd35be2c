from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_adapter.fhir.r4_schema import R4Schema
from synthetic_bundles.neonatal_records import neonatal_records
from synthetic_bundles.render_bulk import BulkFile, bulk_lines, bulk_manifest
from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.render_contacts import render_contact_bundle
from synthetic_bundles.render_neonatal import render_neonatal_bundle
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import contact_records

Json = dict[str, Any]
SCHEMA = R4Schema()
STAMP = "0badcafe"
BUNDLES = 60
BABY, MOTHER = "00000000-0000-8000-8000-000000000001", "00000000-0000-8000-8000-000000000002"
TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}


@pytest.fixture(scope="module", params=["maternity", "neonatal", "health visiting"])
def bundles(request: pytest.FixtureRequest, small_world: World) -> list[bytes]:
    """Rendered transaction bundles of one system."""
    rendered: dict[str, Iterator[bytes]] = {
        "maternity": bundles_of(small_world),
        "neonatal": (render_neonatal_bundle(STAMP, record) for record in neonatal_records(small_world)),
        "health visiting": (render_contact_bundle(STAMP, record) for record in contact_records(small_world)),
    }
    return list(islice(rendered[request.param], BUNDLES))


@pytest.fixture
def small_bundle() -> Json:
    """A mother, her baby that refers to her, and when it was told."""
    patient = {"resourceType": "Patient", "id": MOTHER, "gender": "female"}
    related = {"resourceType": "RelatedPerson", "id": BABY, "patient": {"reference": f"urn:uuid:{MOTHER}"}}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "timestamp": "2025-10-08T19:22:00+01:00",
        "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in (patient, related)],
    }


def read_lines(bundle: Json | bytes) -> list[Json]:
    content = bundle if isinstance(bundle, bytes) else orjson.dumps(bundle)
    return [orjson.loads(line) for _, line in bulk_lines(content)]


def resources_of(bundle: bytes) -> list[Json]:
    return [entry["resource"] for entry in orjson.loads(bundle)["entry"]]


def references_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["reference"]] if "reference" in value else []
        value = list(value.values())
    for each in value if isinstance(value, list) else []:
        yield from references_in(each)


def before(value: Any, url_of: dict[str, str]) -> Any:
    """A line as it was in its bundle: without meta, and with references by urn."""
    if isinstance(value, dict):
        return {
            name: url_of.get(child, child) if name == "reference" else before(child, url_of)
            for name, child in value.items()
            if name != "meta"
        }
    return [before(child, url_of) for child in value] if isinstance(value, list) else value


def test_every_reference_of_a_bundle_resolves_among_its_lines(bundles: list[bytes]) -> None:
    lines = [read_lines(bundle) for bundle in bundles]
    assert all(set(references_in(each)) <= {f"{r['resourceType']}/{r['id']}" for r in each} for each in lines)


def test_no_line_holds_a_reference_by_urn(bundles: list[bytes]) -> None:
    assert not any(b"urn:uuid:" in line for bundle in bundles for _, line in bulk_lines(bundle))


def test_besides_references_and_meta_nothing_changes(bundles: list[bytes]) -> None:
    pairs = [(resources_of(bundle), read_lines(bundle)) for bundle in bundles]
    url_of = {f"{r['resourceType']}/{r['id']}": f"urn:uuid:{r['id']}" for told, _ in pairs for r in told}
    assert [before(lines, url_of) for _, lines in pairs] == [before(told, {}) for told, _ in pairs]


def test_a_line_goes_with_the_type_of_its_resource(bundles: list[bytes]) -> None:
    pairs = [pair for bundle in bundles for pair in bulk_lines(bundle)]
    assert all(resource_type == orjson.loads(line)["resourceType"] for resource_type, line in pairs)


def test_every_line_ends_once_and_at_its_end(bundles: list[bytes]) -> None:
    lines = [line for bundle in bundles for _, line in bulk_lines(bundle)]
    assert all(line.find(b"\n") == len(line) - 1 for line in lines)


def test_every_line_satisfies_the_official_r4_schema(bundles: list[bytes]) -> None:
    resources = [each for bundle in bundles for each in read_lines(bundle)]
    known = [each for each in resources if SCHEMA.knows(each["resourceType"])]
    assert [fault for each in known for fault in SCHEMA.faults(each["resourceType"], each)] == []


def test_a_line_of_a_type_without_a_schema_here_is_one_of_r4_all_the_same(bundles: list[bytes]) -> None:
    resources = [each for bundle in bundles for each in read_lines(bundle)]
    others = [each for each in resources if not SCHEMA.knows(each["resourceType"])]
    models: list[Any] = [get_fhir_model_class(each["resourceType"]).model_validate(each) for each in others]
    assert [model.id for model in models] == [each["id"] for each in others]


def test_every_line_says_that_it_is_synthetic(bundles: list[bytes]) -> None:
    assert all(TAG in each["meta"]["tag"] for bundle in bundles for each in read_lines(bundle))


def test_every_line_says_when_its_bundle_was_recorded(bundles: list[bytes]) -> None:
    expected = [orjson.loads(bundle)["timestamp"] for bundle in bundles]
    assert [{each["meta"]["lastUpdated"] for each in read_lines(bundle)} for bundle in bundles] == [
        {moment} for moment in expected
    ]


@pytest.mark.parametrize(
    "timestamp", ["2025-10-08", "2025-10", "2025-10-08T19:22:00", "2025-10-08T19:22+01:00", "Q", None, 20251008]
)
def test_a_time_that_is_not_told_in_full_is_no_last_update(small_bundle: Json, timestamp: object) -> None:
    lines = read_lines({**small_bundle, "timestamp": timestamp})
    assert [each["meta"] for each in lines] == [{"tag": [TAG]}, {"tag": [TAG]}]


@pytest.mark.parametrize("timestamp", ["2025-10-08T19:22:00Z", "2025-10-08T19:22:00.123-05:00"])
def test_a_moment_in_full_is_the_last_update(small_bundle: Json, timestamp: str) -> None:
    lines = read_lines({**small_bundle, "timestamp": timestamp})
    assert {each["meta"]["lastUpdated"] for each in lines} == {timestamp}


def test_a_meta_of_its_own_stays_beside_what_is_added(small_bundle: Json) -> None:
    own = {"profile": ["https://perinatal-equity.example/profile"], "tag": [{"code": "own"}]}
    small_bundle["entry"][0]["resource"]["meta"] = own
    moment = small_bundle["timestamp"]
    assert read_lines(small_bundle)[0]["meta"] == {**own, "lastUpdated": moment, "tag": [{"code": "own"}, TAG]}


@pytest.mark.parametrize(
    "reference", ["urn:uuid:00000000-0000-8000-8000-00000000ffff", f"urn:uuid:{MOTHER}/_history/1", "Patient/1", "#1"]
)
def test_a_reference_to_no_entry_stays_as_it_is(small_bundle: Json, reference: str) -> None:
    small_bundle["entry"][1]["resource"]["patient"]["reference"] = reference
    assert read_lines(small_bundle)[1]["patient"] == {"reference": reference}


def test_a_text_that_looks_like_a_reference_is_left_alone(small_bundle: Json) -> None:
    text = f'{{"reference":"urn:uuid:{MOTHER}"}}'
    small_bundle["entry"][0]["resource"]["name"] = [{"text": text}]
    assert read_lines(small_bundle)[0]["name"] == [{"text": text}]


def test_a_bundle_of_other_layout_gives_the_same_lines(small_bundle: Json) -> None:
    spread = orjson.dumps(small_bundle, option=orjson.OPT_INDENT_2)
    assert list(bulk_lines(spread)) == list(bulk_lines(orjson.dumps(small_bundle)))


def test_a_manifest_lists_its_files_as_a_finished_export_does() -> None:
    files = [BulkFile("Patient", "maternity/Patient/2025-10.ndjson.gz", 12)]
    manifest = bulk_manifest(files, transaction_time="2025-11-01T00:00:00Z", request="https://example.org/$export")
    assert manifest == {
        "transactionTime": "2025-11-01T00:00:00Z",
        "request": "https://example.org/$export",
        "requiresAccessToken": False,
        "output": [{"type": "Patient", "url": "maternity/Patient/2025-10.ndjson.gz", "count": 12}],
        "error": [],
    }
