"""A line of a file is held to what a body over HTTP is held to: each bad one is one issue, its neighbours are kept."""

from __future__ import annotations

import orjson
import pytest

from tests.end_to_end.conftest import Perinatal
from tests.end_to_end.test_bad_input import bundle, write
from tests.mapping.bulk_folders import BABY, FAMILY, written

GOOD = orjson.dumps(bundle())
LIMITS = {"deepest_json": "40", "largest_body_bytes": "9000"}
START = b'{"resourceType":"Observation","id":"x",'
BAD: list[tuple[bytes, str]] = [
    (START + b'"status":"final","status":"amended"}', "payload.duplicate-key"),
    (START + b'"note":[{"text":"\\u0022","text":"b"}]}', "payload.duplicate-key"),
    (START + b'"valueDecimal":NaN}', "payload.not-json"),
    (START + b'"valueString":"a\\u0000"}', "payload.nul"),
    (START + b'"extension":' + b"[" * 60 + b"]" * 60 + b"}", "payload.too-deep"),
    (START + b'"valueString":"' + b"x" * 10_000 + b'"}', "payload.too-large"),
    (START + b'"valueString":"' + b"x" * 30_000 + b'"}', "payload.too-large"),
    (b"\xef\xbb\xbf{}", "payload.encoding"),
    (b"{broken", "payload.not-json"),
    (b"{broken", "payload.not-json"),
    (b"[]", "payload.not-an-object"),
]
CODES = [code for _, code in BAD]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_each_bad_line_of_bundles_is_one_issue_and_no_neighbour_is_lost(perinatal: Perinatal, processes: str) -> None:
    lines = [line for bad, _ in BAD for line in (bad, GOOD.replace(b"record-1", b"record-%d" % len(bad)))]
    name = write(perinatal, "feed.ndjson", b"\n".join((GOOD, *lines)))
    ran = perinatal("ingest", name, "--processes", processes, "--json", **LIMITS)
    issues = ran.document["files"][0]["issues"]
    assert [each["code"] for each in issues] == CODES
    assert [each["location"].split()[0] for each in issues] == [f"feed.ndjson:{2 * at + 2}" for at in range(len(BAD))]
    assert (ran.document["quarantined"], ran.document["accepted"] + ran.document["already_processed"]) == (
        len(BAD),
        len(BAD) + 1,
    )


@pytest.mark.parametrize("processes", ["1", "2"])
def test_each_bad_line_of_resources_is_one_issue_and_no_neighbour_is_lost(perinatal: Perinatal, processes: str) -> None:
    written(perinatal.folder / "export", (FAMILY[-1], *(bad for bad, _ in BAD), *FAMILY[:-1]))
    ran = perinatal("ingest", "export", "--processes", processes, "--json", **LIMITS)
    [file] = ran.document["files"]
    places = [f"export/Observation.ndjson:{at}" for at in range(2, len(BAD) + 2)]
    assert [(each["code"], each["location"].split()[0]) for each in file["issues"]] == list(
        zip(CODES, places, strict=True)
    )
    assert (file["accepted"], file["quarantined"], file["rows"]["baby"]) == (1, len(BAD), 1)


def test_a_key_given_twice_is_named_by_its_path_in_its_line(perinatal: Perinatal) -> None:
    twice = orjson.dumps(BABY).replace(b'"gender":', b'"gender":"male","gender":')
    ran = perinatal(
        "ingest",
        write(perinatal, "feed.ndjson", GOOD.replace(b'"resource":{', b'"resource":' + twice + b',"search":{', 1)),
        "--json",
    )
    (issue,) = ran.document["files"][0]["issues"]
    assert issue["location"] == "feed.ndjson:1 Bundle.entry[0].resource"
