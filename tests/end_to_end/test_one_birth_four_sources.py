"""One birth as four systems tell it: two conflicts and one tolerated difference, in any order of arrival."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from fhir_adapter import wiring
from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.sources.registry import AdapterRegistry, shipped_adapters
from fhir_adapter.store.database import open_database
from fhir_adapter.store.resolution_log import Wanted
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.workflows.conflicts import Document, worklist
from fhir_adapter.workflows.files import find_files
from fhir_adapter.workflows.identities import Pseudonyms
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.ingest_files import ingest_files
from tests.worlds import KEY, perinatal_at

FILES = {
    "maternity": "maternity_bundle.r4.json",
    "msds": "msds_msd401_babydemographics.csv",
    "badger": "badgernet_neonatal_episode.csv",
    "csds": "csds_cyp201_202.csv",
}
ORDERS = list(permutations(FILES))


@pytest.fixture(scope="module")
def adapters() -> AdapterRegistry:
    """The shipped adapters, loaded once: loading them takes longer than taking the files in."""
    return shipped_adapters()


@pytest.fixture
def intake(sqlite_store_url: str, adapters: AdapterRegistry) -> Iterator[Intake]:
    """What takes files in, over an empty store."""
    engine = open_database(sqlite_store_url)
    key = base64.b64decode(KEY)
    yield Intake(engine, adapters, Sealer(key), Pseudonyms(key), IncomingLimits(), synthetic=True, now=wiring.now)
    engine.dispose()


def choices_after(intake: Intake, samples: Path, order: tuple[str, ...]) -> list[Document]:
    """What the worklist holds once the files were taken in one after the other."""
    for name in order:
        ingest_files(find_files([samples / "one-birth-four-sources" / FILES[name]]), intake, adapter_name=None)
    found: list[Document] = worklist(intake.engine, Wanted(everything=True))["conflicts"]
    return found


def told(choice: Document) -> tuple[object, ...]:
    """What a choice says, without the keys that differ from one deployment to the next."""
    return (
        f"{choice['table']}.{choice['column']}",
        choice["status"],
        choice["severity"],
        choice["rule"],
        [(each["standing"], each["value"], each["source"]) for each in choice["candidates"]],
        [each["system"] for each in choice["correct_in"]],
    )


EXPECTED = [
    (
        "baby.apgar_5",
        "automatic",
        "info",
        "apgar",
        [("counts", "9", "ukcore-maternity"), ("tolerated", "8", "badgernet-neonatal-csv")],
        [],
    ),
    (
        "baby.birth_weight_g",
        "open",
        "error",
        "birth-weight",
        [("counts", "2460", "ukcore-maternity"), ("differs", "2640", "badgernet-neonatal-csv")],
        ["neonatal"],
    ),
    (
        "baby.gestation_days",
        "open",
        "warn",
        "gestation",
        [
            ("counts", "257", "ukcore-maternity"),
            ("agrees", "257", "msds-csv"),
            ("differs", "254", "badgernet-neonatal-csv"),
        ],
        ["neonatal"],
    ),
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_two_conflicts_and_one_tolerated_difference_are_found_in_any_order(
    intake: Intake, samples: Path, order: tuple[str, ...]
) -> None:
    assert [told(each) for each in choices_after(intake, samples, order)] == EXPECTED


def test_the_explanation_says_what_counts_why_and_where_to_correct_it(tmp_path: Path, samples: Path) -> None:
    perinatal = perinatal_at(tmp_path)
    perinatal("ingest", *(str(samples / "one-birth-four-sources" / file) for file in FILES.values()))
    printed = perinatal("conflicts", "list").out
    assert "differs   2640  badgernet-neonatal-csv (neonatal), recorded at no stated time" in printed
    assert "rule gestation: maternity dates the pregnancy" in printed
    assert printed.count("correct it in badgernet-neonatal-csv (neonatal)") == 2
    assert printed.endswith("2 conflicts\n")
