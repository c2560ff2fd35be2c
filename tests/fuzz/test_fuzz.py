"""Whatever comes in, nothing breaks: no crash, no 5xx, no good record lost, no planted value in a message.

A few thousand inputs here; `make fuzz` runs a hundred thousand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from fhir_adapter import wiring
from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.fhir.incoming import IncomingLimits, parse_json, refuse_duplicate_keys
from fhir_adapter.settings import Settings
from fhir_adapter.sources.concept_map import parse_concept_map
from fhir_adapter.sources.registry import parse_manifest
from fhir_adapter.sources.view import parse_view
from fhir_adapter.workflows.files import FileKind, InputFile
from fhir_adapter.workflows.ingest import Intake, ReadPayload, read_bundle
from fhir_adapter.workflows.ingest_files import read_file
from synthetic_bundles.render_bundles import bundles_of
from synthetic_bundles.render_msds import msd401_lines
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import generate_world
from tests.contract.api_world import Client
from tests.fuzz.mutators import CANARY, mutated_bytes, mutated_line, mutated_tree, share, with_a_key_twice
from tests.serving import application
from tests.worlds import KEY

MAPPINGS = Path(__file__).parents[2] / "mappings"
WORLD = generate_world(births=4, seed=5, scenario=load_scenario("no_gap"))
GOOD = [raw.strip() for raw in bundles_of(WORLD)]
LINES = [line.decode() for line in msd401_lines(WORLD)]
VIEWS = [path.read_bytes() for path in sorted(MAPPINGS.glob("*/views/*.json"))]
MAPS = [path.read_bytes() for path in sorted(MAPPINGS.glob("*/conceptmaps/*.json"))]
MANIFESTS = [path.read_bytes() for path in sorted(MAPPINGS.glob("*/adapter.yaml"))]
SEEDS = st.integers(0, 2**48)
OTHER_REFUSALS = ("payload.not-json", "payload.encoding", "payload.nul", "payload.not-an-object", "payload.too-deep")
IN_FILE = 20  # changed records of one file, each between two good ones


def fuzzed(part: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a test its share of seeds; what is found again is found by its seed, so nothing is kept."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    limits = settings(max_examples=share(part), deadline=None, database=None, suppress_health_check=checks)
    return lambda test: limits(given(seed=SEEDS)(test))


@pytest.fixture(scope="module")
def store_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a store of its own."""
    folder = tmp_path_factory.mktemp("fuzz")
    return Settings(database_url=f"sqlite:///{folder}/perinatal.db", key=SecretStr(KEY), synthetic=True)


@pytest.fixture(scope="module")
def intake(store_settings: Settings) -> Iterator[Intake]:
    """The reading path with the shipped adapters."""
    with wiring.opened_store(store_settings) as store:
        yield wiring.intake_of(store_settings, store)


@pytest.fixture(scope="module")
def client(store_settings: Settings) -> Iterator[Client]:
    """The service; a fault that it does not answer itself fails the test."""
    with application(store_settings.database_url) as found:
        yield found


def said(read: ReadPayload) -> str:
    """Every word about a payload."""
    return repr((read.refused, read.issues, read.adapter))


def refusal_of(read: Callable[[], object]) -> str | None:
    """The code with which something is refused; None when it is not, or is no JSON to the slow look."""
    try:
        read()
    except PayloadRefused as cause:
        return cause.code
    except ValueError:
        return None
    return None


def sample_bundles(samples: Path) -> list[Any]:
    """Real bundles of third parties, and ours."""
    files = [*sorted(samples.glob("one-birth-four-sources/*.json")), *sorted(samples.glob("bfdr/*.json"))]
    return [orjson.loads(each) for each in (*GOOD, *(file.read_bytes() for file in files))]


@fuzzed(0.45)
def test_a_changed_bundle_is_read_or_refused_and_never_quoted(intake: Intake, samples: Path, seed: int) -> None:
    documents = sample_bundles(samples)
    changed = json.dumps(mutated_tree(documents[seed % len(documents)], seed)).encode()
    assert CANARY not in said(read_bundle(changed, intake, location="Bundle", adapter_name="ukcore-maternity"))


@fuzzed(0.25)
def test_broken_bytes_are_refused_and_never_quoted(intake: Intake, seed: int) -> None:
    changed = mutated_bytes(GOOD[seed % len(GOOD)], seed)
    assert CANARY not in said(read_bundle(changed, intake, location="Bundle"))


@fuzzed(0.1)
def test_a_key_given_twice_is_seen_whenever_the_slow_look_sees_it(seed: int) -> None:
    changed = with_a_key_twice(GOOD[seed % len(GOOD)], seed) if seed % 2 else mutated_bytes(GOOD[0], seed)
    assert refusal_of(lambda: parse_json(changed, IncomingLimits())) in (
        refusal_of(lambda: refuse_duplicate_keys(changed)),
        *OTHER_REFUSALS,
    )


@fuzzed(0.004)
def test_no_good_bundle_is_lost_among_broken_ones(intake: Intake, tmp_path: Path, seed: int) -> None:
    broken = [mutated_bytes(GOOD[0], seed + at).replace(b"\n", b" ") or b"{" for at in range(IN_FILE)]
    path = tmp_path / "feed.ndjson"
    path.write_bytes(b"\n".join(line for each in broken for line in (each, GOOD[1])))
    read = list(read_file(InputFile(path, "feed.ndjson", FileKind.NDJSON), intake, adapter_name=None))
    good = [each for each in read if each.raw.strip() == GOOD[1]]
    assert [each.refused for each in good] == [None] * IN_FILE


@fuzzed(0.05)
def test_no_good_line_is_lost_among_changed_ones(intake: Intake, tmp_path: Path, seed: int) -> None:
    cells = LINES[1].strip().split(",")
    path = tmp_path / "feed.csv"
    path.write_text("".join((LINES[0], mutated_line(cells, seed), LINES[2], mutated_line(cells, seed + 1), LINES[3])))
    read = list(read_file(InputFile(path, "feed.csv", FileKind.CSV), intake, adapter_name=None))
    babies = {row["person_key"] for each in read for record in each.records for row in record.rows.get("baby", ())}
    assert {line.split(",")[2] for line in LINES[2:4]} <= {str(key).rpartition("/")[2] for key in babies}
    assert CANARY not in "".join(map(said, read))


@fuzzed(0.05)
def test_broken_bytes_of_a_file_are_never_quoted(intake: Intake, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(mutated_bytes("".join(LINES[:4]).encode(), seed))
    file = InputFile(path, "feed.csv", FileKind.CSV)
    assert CANARY not in "".join(map(said, read_file(file, intake, adapter_name="msds-csv")))


@fuzzed(0.01)
def test_the_service_never_fails_and_never_repeats_a_value(
    client: Client, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    changed = json.dumps(mutated_tree(orjson.loads(GOOD[seed % len(GOOD)]), seed)).encode()
    body = changed if seed % 2 else mutated_bytes(changed, seed)
    address = ("/fhir", "/intake")[seed // 2 % 2]
    answer = client.post(address, body)
    assert answer.status_code < 500
    assert CANARY not in answer.text + "".join(capsys.readouterr())


@fuzzed(0.1)
def test_a_changed_view_or_code_map_loads_or_is_refused(seed: int) -> None:
    parse, files = ((parse_view, VIEWS), (parse_concept_map, MAPS))[seed % 2]
    changed = json.dumps(mutated_tree(orjson.loads(files[seed % len(files)]), seed)).encode()
    with suppress(MappingInvalid):
        parse(changed, place="file")


@fuzzed(0.02)
def test_a_changed_manifest_loads_or_is_refused(seed: int) -> None:
    with suppress(MappingInvalid):
        parse_manifest(
            mutated_bytes(MANIFESTS[seed % len(MANIFESTS)], seed).decode("utf-8", "replace"), place="adapter"
        )
