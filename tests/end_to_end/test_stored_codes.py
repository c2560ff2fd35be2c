"""The codes without a place in what is stored are those of the files that it came in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.end_to_end.conftest import Perinatal, Ran
from tests.end_to_end.test_bad_input import GOOD_LINE, HEADER, bundle, write

STRANGE = {
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "12345", "display": "New"}]}
}
INPUTS = {
    "birth.json": orjson.dumps(bundle("collection", outcome=STRANGE)),
    "births.csv": f"{HEADER}\n{GOOD_LINE}\n{GOOD_LINE.replace('B1', 'B2').replace(',01,257', ',77,257')}\n".encode(),
}


@pytest.fixture
def filled_store(perinatal: Perinatal) -> Perinatal:
    """The command on a store that took the inputs in, whose files are no longer there."""
    for name, content in INPUTS.items():
        assert perinatal("ingest", write(perinatal, name, content)).code == 1
        (perinatal.folder / name).unlink()
    return perinatal


def placeless(ran: Ran) -> list[dict[str, Any]]:
    """What was found, without where."""
    return [{name: cell for name, cell in row.items() if name != "first_place"} for row in ran.document]


@pytest.mark.parametrize(("name", "adapter"), [("birth.json", "ukcore-maternity"), ("births.csv", "msds-csv")])
def test_what_is_stored_has_the_codes_of_its_file(filled_store: Perinatal, name: str, adapter: str) -> None:
    stored = filled_store("mapping", "unmapped", "--adapter", adapter, "--json")
    sent = filled_store("mapping", "unmapped", write(filled_store, name, INPUTS[name]), "--json")
    assert (len(placeless(stored)), placeless(stored)) == (1, placeless(sent))
    assert stored.document[0]["first_place"].startswith("receipt ")


def test_without_an_adapter_all_that_is_stored_is_looked_through(filled_store: Perinatal) -> None:
    assert sorted(each["code"] for each in filled_store("mapping", "unmapped", "--json").document) == ["12345", "77"]


def test_codes_of_several_adapters_do_not_go_into_one_file(filled_store: Perinatal) -> None:
    ran = filled_store("mapping", "unmapped", "--csv", "codes.csv")
    assert (ran.code, (filled_store.folder / "codes.csv").exists()) == (2, False)
    assert "--adapter" in ran.err


def test_an_empty_store_has_no_code(perinatal: Perinatal) -> None:
    assert perinatal("mapping", "unmapped", "--json").document == []
