"""Bad input is named by place with what to do; good neighbours are kept; a patient's value is never repeated."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.end_to_end.conftest import Perinatal

CANARY = "Zqxjkvb"  # in no text of ours
HEADER = (
    "UniqPregID,LabourDeliveryID,LPIDBaby,NHSNumberBaby,NHSNumberStatusBaby,PersonBirthDateBaby,PersonBirthTimeBaby,"
    "PersonPhenSex,PregOutcome,GestationLengthBirth,DeliveryMethodCode,FetusPresentation,SettingPlaceBirth,"
    "BabyFirstFeedIndCode,SkinToSkinContact1HourInd,EthnicCategoryBaby"
)
GOOD_LINE = "P1,D1,B1,,,2026-03-02,04:15:00,2,01,257,0,01,01,01,Y,H"


def bundle(kind: str = "collection", **changes: dict[str, Any]) -> dict[str, Any]:
    """A mother and her baby; `changes` replace an element of the resource of that name."""
    resources: dict[str, dict[str, Any]] = {
        "mother": {
            "resourceType": "Patient",
            "id": "m",
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001006"}],
            "name": [{"family": CANARY}],
            "gender": "female",
            "birthDate": "1996-07-14",
        },
        "baby": {
            "resourceType": "Patient",
            "id": "b",
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990001073"}],
            "gender": "female",
            "birthDate": "2026-03-02",
            "multipleBirthBoolean": False,
        },
        "outcome": {
            "resourceType": "Observation",
            "id": "o",
            "status": "final",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "364587008"}]},
            "subject": {"reference": "Patient/b"},
            "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "281050002"}]},
        },
        "weight": {
            "resourceType": "Observation",
            "id": "w",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8339-4"}]},
            "subject": {"reference": "Patient/b"},
            "valueQuantity": {"value": 3150, "system": "http://unitsofmeasure.org", "code": "g"},
        },
    }
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{place}",
            "resource": resource | changes.get(name, {}),
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for place, (name, resource) in enumerate(resources.items())
    ]
    return {"resourceType": "Bundle", "id": "record-1", "type": kind, "entry": entries}


def write(perinatal: Perinatal, name: str, content: bytes) -> str:
    """A file in the folder of the command."""
    (perinatal.folder / name).write_bytes(content)
    return name


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("a.json", b'{"resourceType": ', "payload.not-json", "not readable as JSON"),
        ("a.json", b'{"resourceType": "Patient"}', "bundle.not-a-bundle", "a FHIR Bundle is expected"),
        ("a.json", b"", "file.empty", "the file is empty"),
        ("a.json", '{"a": 1}'.encode("utf-16"), "payload.encoding", "UTF-8"),
        ("a.ndjson", b"\n\n", "file.empty", "the file is empty"),
        ("a.csv", b"", "csv.empty", "empty"),
        ("a.csv", b"one,two\n1,2\n", "adapter.unknown", "known: badgernet-neonatal-csv, bfdr"),
        ("a.csv", (HEADER + "\nP1,D1,B\xe9").encode("cp1252"), "csv.encoding", "utf-8"),
        ("a.xml", b"<Bundle/>", "file.unknown-kind", "only .json, .ndjson and .csv"),
        ("a.json.gz", b"no gzip", "file.gzip", "not a whole gzip file"),
        ("a.json.gz", gzip.compress(b'{"a": 1}' * 500, mtime=0)[:-20], "file.gzip", "not a whole gzip file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(
    perinatal: Perinatal, name: str, content: bytes, code: str, words: str
) -> None:
    ran = perinatal("ingest", write(perinatal, name, content), "--json")
    (issue,) = ran.document["files"][0]["issues"]
    assert (ran.code, issue["code"]) == (1, code)
    assert name in issue["location"]
    assert words.lower() in issue["text"].lower()


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        (
            {"weight": {"valueQuantity": {"value": 70000, "system": "http://unitsofmeasure.org", "code": "g"}}},
            "value.out-of-range",
            "Bundle.entry[3].resource.value",
        ),
        ({"baby": {"birthDate": "2026-02-30"}}, "value.no-such-date", "Bundle.entry[1].resource.birthDate"),
        (
            {"outcome": {"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": CANARY}]}}},
            "code.unmapped",
            "Bundle.entry[2].resource.value",
        ),
        (
            {"weight": {"valueQuantity": {"value": 3150, "system": "http://unitsofmeasure.org", "code": CANARY}}},
            "unit.not-allowed",
            "Bundle.entry[3].resource.value",
        ),
    ],
)
def test_a_bad_value_is_set_aside_and_its_neighbours_are_kept(
    perinatal: Perinatal, changes: dict[str, dict[str, Any]], code: str, place: str
) -> None:
    name = write(perinatal, "a.json", orjson.dumps(bundle("collection", **changes)))
    ran = perinatal("ingest", name, "--json")
    errors = [each for each in ran.document["files"][0]["issues"] if each["severity"] == "error"]
    assert ran.code == 1
    assert errors[0]["code"] == code
    assert errors[0]["location"].startswith(place)
    assert ran.document["files"][0]["rows"]["person"] == 2
    assert CANARY not in ran.out + ran.err


def test_a_transaction_with_one_bad_value_is_set_aside_whole(perinatal: Perinatal) -> None:
    bad = bundle("transaction", baby={"birthDate": "2026-02-30"})
    ran = perinatal("ingest", write(perinatal, "a.json", orjson.dumps(bad)), "--json")
    assert (ran.code, ran.document["accepted"], ran.document["quarantined"]) == (1, 0, 1)
    assert ran.document["files"][0]["rows"] == {}
    listed = perinatal("quarantine", "list", "--json").document
    assert [each["reason_code"] for each in listed] == ["bundle.transaction-refused"]


def test_a_bad_line_sinks_neither_its_neighbours_nor_the_other_files(perinatal: Perinatal) -> None:
    good = orjson.dumps(bundle("transaction"))
    other = orjson.dumps(bundle("transaction") | {"id": "record-2"})
    name = write(perinatal, "a.ndjson", good + b"\nnot json\n" + other + b"\n")
    csv = write(perinatal, "b.csv", f"{HEADER}\n{GOOD_LINE}\n".encode())
    ran = perinatal("ingest", name, csv, "--json")
    first = ran.document["files"][0]
    assert (first["accepted"], first["quarantined"]) == (2, 1)
    assert first["issues"][0]["location"] == "a.ndjson:2"


def test_every_fault_of_a_csv_file_is_told_at_once_with_line_and_column(perinatal: Perinatal) -> None:
    lines = [
        HEADER,
        GOOD_LINE,
        "P2,D2,B2,,,2026-02-30,,2,01,257,0,01,01,01,Y,H",
        f"P3,D3,B3,,,2026-03-03,,2,{CANARY},257,0,01,01,01,Y,H",
        "P4,D4,B4,,,2026-03-04,,2,01,9000,0,01,01,01,Y,H",
        "P5,D5",
    ]
    name = write(perinatal, "b.csv", "\n".join(lines).encode())
    ran = perinatal("ingest", name, "--json")
    found = {(each["location"], each["code"]) for each in ran.document["files"][0]["issues"]}
    assert found == {
        ("b.csv:3 column PersonBirthDateBaby", "value.no-such-date"),
        ("b.csv:3 column PersonBirthDateBaby, PersonBirthTimeBaby", "value.no-such-date"),
        ("b.csv:4 column PregOutcome", "code.not-in-list"),
        ("b.csv:5 column GestationLengthBirth", "value.out-of-range"),
        ("b.csv:6", "csv.ragged-row"),
    }
    assert ran.document["files"][0]["rows"]["baby"] == 4
    assert CANARY not in ran.out + ran.err


def test_a_second_send_changes_nothing(perinatal: Perinatal) -> None:
    name = write(perinatal, "a.json", orjson.dumps(bundle("transaction")))
    first, second = perinatal("ingest", name, "--json"), perinatal("ingest", name, "--json")
    assert (first.document["accepted"], first.document["already_processed"]) == (1, 0)
    assert (second.document["accepted"], second.document["already_processed"]) == (0, 1)


def test_an_unknown_adapter_is_a_usage_error_that_names_the_nearest(perinatal: Perinatal) -> None:
    name = write(perinatal, "a.json", orjson.dumps(bundle()))
    ran = perinatal("ingest", name, "--adapter", "ukcore-maternty")
    assert ran.code == 2
    assert "did you mean ukcore-maternity?" in ran.err


def test_a_path_that_is_not_there_is_named(perinatal: Perinatal) -> None:
    ran = perinatal("ingest", "nowhere.json")
    assert (ran.code, "nowhere.json: there is no such file" in ran.err) == (1, True)


def test_a_bundle_of_no_adapter_is_refused_with_those_that_are_known(perinatal: Perinatal) -> None:
    location = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Location"}}]}
    ran = perinatal("ingest", write(perinatal, "places.json", orjson.dumps(location)))
    assert ran.code == 1
    assert "no adapter recognises this bundle; known: badgernet-neonatal-csv, bfdr" in ran.err


@pytest.mark.parametrize("name", ["BasicBirthRecord2.json", "BasicFetalDeathRecord2.json"])
def test_a_certificate_of_another_country_goes_in(perinatal: Perinatal, samples: Path, name: str) -> None:
    assert perinatal("ingest", str(samples / "bfdr" / name), "--json").document["accepted"] == 1


def test_one_birth_in_two_sources_stands_side_by_side_and_is_one_baby(perinatal: Perinatal, samples: Path) -> None:
    folder = samples / "one-birth-four-sources"
    ran = perinatal(
        "ingest", str(folder / "maternity_bundle.r4.json"), str(folder / "msds_msd401_babydemographics.csv"), "--json"
    )
    assert (ran.code, ran.document["accepted"]) == (0, 2)
    evaluated = perinatal("evaluate", "--preset", "none", "--as-of", "2026-06-01", "--json")
    whole = {
        each["indicator"]: (each["denominator"], each["numerator"])
        for each in evaluated.document["results"]
        if (each["dimension"], each["length"], each["subject"]) == ("all", "P1M", "LOCAL") and each["denominator"]
    }
    assert (whole["BF01"], whole["LB11"], whole["DQ03"]) == ((1, 1), (1, 1), (1, 0))


def test_nhs_numbers_of_the_synthetic_range_are_set_aside_where_people_are_real(perinatal: Perinatal) -> None:
    name = write(perinatal, "a.json", orjson.dumps(bundle()))
    ran = perinatal("ingest", name, "--json", synthetic="0")
    issues = ran.document["files"][0]["issues"]
    assert ran.code == 0
    assert [each["code"] for each in issues] == ["identifier.nhs-number-set-aside"] * 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"database_url": "mysql://somewhere/x"}, "is not a store"),
        ({"database_url": "sqlite:////nowhere/at/all.db"}, "cannot be opened"),
        ({"key": "c2hvcnQ="}, "a deployment key is 32 bytes in base64"),
        ({"preset": "secret"}, "known presets: hes, msds, none"),
        ({"submission_lag_days": "-1"}, "PERINATAL_SUBMISSION_LAG_DAYS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(perinatal: Perinatal, settings: dict[str, str], words: str) -> None:
    name = write(perinatal, "a.json", orjson.dumps(bundle()))
    perinatal("ingest", name)
    ran = perinatal("ingest", name, **settings) if "preset" not in settings else perinatal("evaluate", **settings)
    assert ran.code == 2
    assert words in ran.err


def test_publishing_before_evaluating_says_what_to_do(perinatal: Perinatal) -> None:
    ran = perinatal("publish")
    assert (ran.code, "run `perinatal evaluate` first" in ran.err) == (1, True)


def test_true_counts_are_never_published_to_everybody(filled_sqlite: Perinatal) -> None:
    filled_sqlite("evaluate", "--as-of", "2026-05-15", "--indicator", "MO01", "--json")
    ran = filled_sqlite("publish", "--preset", "none")
    assert (ran.code, "publish it with --audience internal" in ran.err) == (2, True)


def test_an_audience_that_is_none_is_refused(perinatal: Perinatal) -> None:
    assert perinatal("publish", "--audience", "everybody").code == 2
