"""An export by type of resource gives the rows that its records give as Bundles; nothing of it is lost unsaid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import AdapterRegistry
from fhir_adapter.workflows.files import find_inputs
from fhir_adapter.workflows.ingest import PlainRules, read_bundle
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.mapping.bulk_folders import (
    BABY,
    CANARY,
    FAMILY,
    MOTHER,
    OUTCOME,
    RELATED,
    Resource,
    accepted,
    exports_in,
    other,
    read_in,
    refusals,
    rows_of,
    told,
    written,
)

PLAN = Plan(80, 11, load_scenario("llr"), "2024-01", 12)
FEEDS = ("maternity", "neonatal", "health_visiting")
SCOPE = re.compile(r"^.*/([A-Z][A-Za-z]+/[^/]+)$")  # what names the sender in a key, before Type/id
ORGANISATION: Resource = {"resourceType": "Organization", "id": "t", "name": "A trust"}
OTHER_FAMILY = (
    other(MOTHER, id="m2", link=[{"other": {"reference": "RelatedPerson/r2"}, "type": "seealso"}]),
    other(BABY, id="b2"),
    other(RELATED, id="r2", patient={"reference": "Patient/b2"}),
    other(OUTCOME, id="o2", subject={"reference": "Patient/b2"}),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(PLAN, folder, Writing(("bundles", "bulk")))
    return folder


def without_scope(cell: Any) -> Any:
    return SCOPE.sub(r"\1", cell) if isinstance(cell, str) else cell


def everything(records: Iterable[MappedRecord]) -> Counter[tuple[Any, ...]]:
    """Every row, identity and home with its source and when it was recorded, keys without what names the sender."""
    found: Counter[tuple[Any, ...]] = Counter()
    for each in records:
        provenance = each.source, each.recorded_at
        for table, rows in each.rows.items():
            found.update(
                (*provenance, table, *((name, without_scope(row[name])) for name in sorted(row))) for row in rows
            )
        found.update((*provenance, *map(without_scope, identity)) for identity in each.identities)
        found.update((*map(without_scope, home), postcode) for home, postcode in each.homes.items())
    return found


def bundle_records(registry: AdapterRegistry, folder: Path) -> list[MappedRecord]:
    rules = PlainRules(registry, IncomingLimits(), synthetic=True)
    files = sorted(folder.glob("**/*.json"))
    reads = [read_bundle(each.read_bytes(), rules, location=each.name) for each in files]
    return [record for each in reads for record in each.records]


@pytest.mark.parametrize("feed", FEEDS)
def test_a_world_gives_the_same_rows_as_an_export_and_as_bundles(
    registry: AdapterRegistry, world: Path, feed: str
) -> None:
    reads = read_in(registry, world / "bulk" / feed)
    exported = everything(record for each in reads for record in each.records)
    sent = everything(bundle_records(registry, world / "bundles" / feed))
    assert (exported - sent, sent - exported) == (Counter(), Counter())
    assert sent.total() > 20


@pytest.mark.parametrize("feed", FEEDS)
def test_a_world_without_faults_is_exported_without_an_issue(registry: AdapterRegistry, world: Path, feed: str) -> None:
    reads = read_in(registry, world / "bulk" / feed)
    assert ([each.refused for each in reads if each.refused], told(reads, world)) == ([], [])


def test_each_feed_of_a_world_is_one_export_and_its_manifest_no_record(world: Path) -> None:
    inputs = find_inputs([world / "bulk"])
    assert inputs == exports_in([world / "bulk"])
    assert [Path(each.name).name for each in inputs] == sorted(FEEDS)


def test_a_family_is_one_record_whatever_the_order_of_its_files(registry: AdapterRegistry, tmp_path: Path) -> None:
    reads = read_in(registry, written(tmp_path, (*FAMILY, *OTHER_FAMILY)))
    assert [(each.adapter, each.refused, len(rows_of([each], "person"))) for each in reads] == [
        ("ukcore-maternity", None, 2),
        ("ukcore-maternity", None, 2),
    ]


def test_a_record_was_recorded_when_its_newest_resource_was_updated(registry: AdapterRegistry, tmp_path: Path) -> None:
    newer = other(OUTCOME, meta={"lastUpdated": "2026-03-06T01:00:00+02:00"})
    [read] = read_in(registry, written(tmp_path, (MOTHER, BABY, RELATED, newer)))
    assert read.records[0].recorded_at == "2026-03-05T23:00:00+00:00"


def test_a_key_stays_when_the_record_comes_again_with_more_in_it(registry: AdapterRegistry, tmp_path: Path) -> None:
    first = read_in(registry, written(tmp_path / "first", (MOTHER, BABY, RELATED)))
    second = read_in(registry, written(tmp_path / "second", FAMILY))
    keys = [{row["person_key"] for row in rows_of(reads, "person")} for reads in (first, second)]
    assert keys[0] == keys[1] == {"bulk-export/Patient/m", "bulk-export/Patient/b"}


def test_the_manifest_names_the_server_of_the_keys(registry: AdapterRegistry, tmp_path: Path) -> None:
    manifest = {
        "transactionTime": "2026-03-06T00:00:00Z",
        "request": "https://ehr.example/fhir/Group/7/$export?_type=Patient",
        "output": [],
    }
    (written(tmp_path, FAMILY) / "manifest.json").write_bytes(orjson.dumps(manifest))
    keys = {row["person_key"] for row in rows_of(read_in(registry, tmp_path), "person")}
    assert keys == {"https://ehr.example/fhir/Patient/m", "https://ehr.example/fhir/Patient/b"}


def test_an_absolute_reference_leads_to_the_resource_of_that_server(registry: AdapterRegistry, tmp_path: Path) -> None:
    absolute = other(RELATED, patient={"reference": "https://ehr.example/fhir/Patient/b/_history/2"})
    away = other(OUTCOME, subject={"reference": "https://ehr.example/fhir/Patient/b"})
    reads = read_in(registry, written(tmp_path, (MOTHER, BABY, absolute, away)))
    assert [row["outcome"] for row in rows_of(reads, "baby")] == ["01"]
    assert len(accepted(reads)) == 1


def test_an_issue_has_the_line_of_its_resource_and_the_path_within(registry: AdapterRegistry, tmp_path: Path) -> None:
    wrong = other(OUTCOME, id="o3", valueCodeableConcept=CANARY)
    reads = read_in(registry, written(tmp_path, (*FAMILY, wrong)))
    assert ("element.wrong-type", "Observation.ndjson:2 Observation.valueCodeableConcept") in told(reads, tmp_path)


def test_an_issue_of_the_record_as_a_whole_has_the_line_of_its_first_resource(
    registry: AdapterRegistry, tmp_path: Path
) -> None:
    wrong = other(MOTHER, identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001007"}])
    reads = read_in(registry, written(tmp_path, (BABY, wrong, RELATED, OUTCOME)))
    assert told(reads, tmp_path) == [("identifier.nhs-number-set-aside", "Patient.ndjson:1 Bundle")]


def test_a_resource_whose_person_is_not_in_the_export_is_set_aside_with_its_line(
    registry: AdapterRegistry, tmp_path: Path
) -> None:
    lost = other(OUTCOME, id="o9", subject={"reference": f"Patient/{CANARY}"})
    reads = read_in(registry, written(tmp_path, (*FAMILY, lost)))
    assert refusals(reads, tmp_path) == [("bulk.no-person", "Observation.ndjson:2")]
    assert [each.raw for each in reads if each.refused] == [orjson.dumps(lost)]
    assert len(accepted(reads)) == 1


@pytest.mark.parametrize(
    "lost",
    [
        other(OUTCOME, id="o9", subject={"display": CANARY}),
        other(OUTCOME, id="o9", subject=[]),
        other(OUTCOME, id="o9", subject={"reference": "Group/7"}),
        other(RELATED, id="r9", patient={"reference": "Patient/away"}),
    ],
    ids=["by no reference", "by a list", "by a group", "a relation of nobody"],
)
def test_a_resource_of_nobody_is_set_aside(registry: AdapterRegistry, tmp_path: Path, lost: Resource) -> None:
    reads = read_in(registry, written(tmp_path, (*FAMILY, lost)))
    assert [code for code, _ in refusals(reads, tmp_path)] == ["bulk.no-person"]


def test_an_organisation_goes_with_every_record_that_names_it(registry: AdapterRegistry, tmp_path: Path) -> None:
    families = [
        other(each, managingOrganization={"reference": "Organization/t"}) if each["resourceType"] == "Patient" else each
        for each in (*FAMILY, *OTHER_FAMILY)
    ]
    reads = read_in(registry, written(tmp_path, (*families, ORGANISATION)))
    assert [each.raw.count(b'"Organization"') for each in reads] == [1, 1]
    assert told(reads, tmp_path) == []


def test_an_organisation_that_no_record_names_is_told(registry: AdapterRegistry, tmp_path: Path) -> None:
    reads = read_in(registry, written(tmp_path, (*FAMILY, ORGANISATION)))
    assert told(reads, tmp_path) == [("bulk.unused", "Organization.ndjson:1")]


def test_what_names_no_person_goes_with_the_one_record_that_it_refers_to(
    registry: AdapterRegistry, tmp_path: Path
) -> None:
    provenance = {"resourceType": "Provenance", "id": "p", "target": [{"reference": "Observation/o"}]}
    reads = read_in(registry, written(tmp_path, (*FAMILY, *OTHER_FAMILY, provenance)))
    assert [each.raw.count(b'"Provenance"') for each in accepted(reads)] == [1, 0]


def test_the_version_that_was_updated_last_counts_and_the_other_is_told(
    registry: AdapterRegistry, tmp_path: Path
) -> None:
    older = other(BABY, birthDate="2026-03-01", meta={"lastUpdated": "2026-03-03T00:00:00Z"})
    newer = other(BABY, meta={"lastUpdated": "2026-03-04T00:00:00Z"})
    reads = read_in(registry, written(tmp_path, (newer, older, MOTHER, RELATED, OUTCOME)))
    assert sorted(str(row["birth_date"]) for row in rows_of(reads, "person")) == ["1996-07-14", "2026-03-02"]
    assert told(reads, tmp_path) == [("bulk.older-version", "Patient.ndjson:2")]


def test_a_fault_that_the_sender_reports_is_told(registry: AdapterRegistry, tmp_path: Path) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": CANARY}]}
    reads = read_in(registry, written(tmp_path, (*FAMILY, outcome)))
    assert told(reads, tmp_path) == [("bulk.sender-outcome", "OperationOutcome.ndjson:1")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{broken", "payload.not-json"),
        (b'{"resourceType":"Observation","value":NaN}', "payload.not-json"),
        (b'{"resourceType":"Observation","id":"x\\u0000"}', "payload.nul"),
        (b'{"resourceType":"Observation","extension":' + b"[" * 200 + b"]" * 200 + b"}", "payload.too-deep"),
        (b'{"id":"x"}', "bulk.no-resource"),
        (b"[]", "payload.not-an-object"),
    ],
    ids=["broken", "NaN", "NUL", "deep", "no type", "a list"],
)
def test_a_bad_line_is_set_aside_by_itself(registry: AdapterRegistry, tmp_path: Path, line: bytes, code: str) -> None:
    reads = read_in(registry, written(tmp_path, (OUTCOME, line, *FAMILY[:3])))
    found = [(code, place.partition(" ")[0]) for code, place in refusals(reads, tmp_path)]
    assert (found, len(accepted(reads))) == ([(code, "Observation.ndjson:2")], 1)


def test_a_bundle_among_the_lines_is_read_as_a_bundle(registry: AdapterRegistry, tmp_path: Path) -> None:
    entries = [{"resource": each} for each in OTHER_FAMILY]
    bundle = orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    reads = read_in(registry, written(tmp_path, (OUTCOME, bundle, *FAMILY[:3])))
    assert len(accepted(reads)) == 2


def test_one_file_of_one_type_is_refused_with_what_to_give(registry: AdapterRegistry, tmp_path: Path) -> None:
    path = written(tmp_path, FAMILY) / "Observation.ndjson"
    [read] = read_in(registry, path)
    assert read.refused is not None
    assert (read.refused.code, read.refused.location) == ("bulk.one-type-alone", str(path))
    assert "give the folder" in read.refused.text


def test_one_file_of_several_types_is_an_export(registry: AdapterRegistry, tmp_path: Path) -> None:
    path = tmp_path / "all.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, FAMILY)))
    assert [each.adapter for each in read_in(registry, path)] == ["ukcore-maternity"]


def test_files_named_one_by_one_are_an_export(registry: AdapterRegistry, tmp_path: Path) -> None:
    folder = written(tmp_path, FAMILY)
    names = ("Patient", "RelatedPerson", "Observation")
    assert len(accepted(read_in(registry, *(folder / f"{name}.ndjson" for name in names)))) == 1


def test_a_file_that_the_manifest_lists_and_that_is_not_there_is_told(
    registry: AdapterRegistry, tmp_path: Path
) -> None:
    output = [
        {"type": "Patient", "url": "https://ehr.example/files/Patient.ndjson", "count": 2},
        {"type": "Observation", "url": "https://ehr.example/files/Observation.ndjson", "count": 5},
        {"type": "Encounter", "url": "https://ehr.example/files/Encounter.ndjson"},
    ]
    manifest = {"transactionTime": "2026-03-06T00:00:00Z", "output": output}
    (written(tmp_path, FAMILY) / "manifest.json").write_bytes(orjson.dumps(manifest))
    assert told(read_in(registry, tmp_path), tmp_path) == [
        ("bulk.count-differs", "manifest.json output[1]"),
        ("bulk.file-missing", "manifest.json output[2]"),
    ]


@pytest.mark.parametrize(
    "limits", [IncomingLimits(max_entries=3), IncomingLimits(max_bytes=700)], ids=["entries", "bytes"]
)
def test_a_record_beyond_all_measure_is_refused_and_its_neighbours_are_not(
    registry: AdapterRegistry, tmp_path: Path, limits: IncomingLimits
) -> None:
    alone = other(MOTHER, id="m9", link=[])
    reads = read_in(registry, written(tmp_path, (*FAMILY, alone)), limits=limits)
    assert (refusals(reads, tmp_path), len(accepted(reads))) == ([("bulk.record-too-large", "Patient.ndjson:1")], 1)


def test_a_chain_of_links_is_one_family(registry: AdapterRegistry, tmp_path: Path) -> None:
    chain = [
        other(MOTHER, id=f"m{at * 37 % 101}", link=[{"other": {"reference": f"Patient/m{(at + 1) * 37 % 101}"}}])
        for at in range(101)
    ]
    assert len(read_in(registry, written(tmp_path, chain))) == 1


def test_no_value_of_an_export_is_in_a_message(registry: AdapterRegistry, tmp_path: Path) -> None:
    lines = (
        other(OUTCOME, id=CANARY, status=CANARY),
        other(OUTCOME, id="o8", subject={"reference": f"Patient/{CANARY}"}),
        f'{{"resourceType":"Observation","{CANARY}":}}'.encode(),
    )
    reads = read_in(registry, written(tmp_path, (*FAMILY, *lines)))
    assert CANARY not in repr([(each.location, each.issues, each.refused) for each in reads])
