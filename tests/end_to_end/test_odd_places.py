"""An identifier that a sender put where none belongs is readable nowhere in the store, nor in what is told of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.end_to_end.planted import Finder, cells_of
from tests.mapping.maternity_bundles import Bundle, changed, concept, maternity_bundle
from tests.postgres import PostgresServer
from tests.serving import application
from tests.worlds import Perinatal, perinatal_at

NUMBER, POSTCODE, NAME = "9990007691", "QX7 6JD", "Canaryfamily"
CODES = ("mapping", "unmapped", "--json")  # opens payloads, and shows what was sent where a code belongs
FORMS = {"plain": NUMBER, "spaced": "999 000 7691", "joined": f"x{NUMBER}", "postcode": POSTCODE, "name": NAME}
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
LISTS = (
    ("conflicts", "list", "--all", "--json"),
    ("conflicts", "list", "--all"),
    ("quarantine", "list", "--json"),
    ("rules", "list", "--json"),
    ("links", "review", "--json"),
    ("links", "history", "--json"),
    ("links", "list", "--json"),
    ("audit", "list", "--json"),
    ("ingest", "--remap", "--json"),
)


def everywhere(text: str) -> Callable[[Bundle], None]:
    """A change that puts a text beside every code and into every resource, where FHIR allows any text."""

    def change(bundle: Bundle) -> None:
        for each in bundle["entry"]:
            resource = each["resource"]
            _display(resource, text)
            resource["extension"] = [
                *resource.get("extension", ()),
                {"url": f"https://example.org/{text}", "valueString": text},
            ]
            resource["meta"] = {"source": f"urn:{text}", "tag": [{"system": "urn:x", "code": "x", "display": text}]}
            resource["text"] = {"status": "generated", "div": f"<div xmlns='http://www.w3.org/1999/xhtml'>{text}</div>"}
            resource["note"] = [{"text": text}]
            resource["language"] = text

    return change


def renamed(text: str) -> Callable[[Bundle], None]:
    """A change that makes a text the id of every resource, and of the bundle."""

    def change(bundle: Bundle) -> None:
        bundle["id"] = text
        bundle["identifier"] = {"system": f"https://example.org/{text}", "value": text}
        for place, each in enumerate(bundle["entry"]):
            each["resource"]["id"] = f"{text}{place}"
            each["request"]["url"] = f"{each['resource']['resourceType']}/{text}{place}"

    return change


def _display(node: Any, text: str) -> None:
    for each in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
        _display(each, text)
    if isinstance(node, dict) and "coding" in node:
        node["text"] = text
        for coding in node["coding"]:
            coding["display"] = text


def organisation(text: str) -> Bundle:
    return {"identifier": {"system": ODS, "value": text}, "display": text}


def place(text: str) -> list[Bundle]:
    return [{"location": {"identifier": {"system": "https://fhir.nhs.uk/Id/ods-site-code", "value": text}}}]


def bundles(text: str) -> Mapping[str, Bundle]:
    """A bundle for every odd place, by what it is."""
    return {
        "texts": maternity_bundle(everywhere(text)),
        "ids": maternity_bundle(renamed(text)),
        "a code": maternity_bundle(changed("outcome", valueCodeableConcept=concept("http://snomed.info/sct", text))),
        "a system": maternity_bundle(changed("outcome", valueCodeableConcept=concept(f"urn:{text}", "1"))),
        "a provider": maternity_bundle(
            changed("delivery", serviceProvider=organisation(text), location=place(text)),
            changed("booking", serviceProvider=organisation(text), location=place(text)),
        ),
        "a practice": maternity_bundle(changed("mother", generalPractitioner=[organisation(text)])),
        "a language": maternity_bundle(
            changed("mother", communication=[{"language": concept("urn:ietf:bcp:47", text), "preferred": True}])
        ),
        "dates": maternity_bundle(
            changed("mother", birthDate=text), changed("booking", period={"start": text}), timestamp(text)
        ),
        "a unit": maternity_bundle(
            changed("birth-weight", valueQuantity={"value": 1, "unit": text, "code": text, "system": f"urn:{text}"})
        ),
        "a reference": maternity_bundle(changed("pregnancy", subject={"reference": f"Patient/{text}"})),
        "a type": maternity_bundle(changed("booking", resourceType=text)),
        "an element": maternity_bundle(changed("booking", **{text: text})),
    }


def timestamp(text: str) -> Callable[[Bundle], None]:
    def change(bundle: Bundle) -> None:
        bundle["timestamp"] = text

    return change


def with_column(header: bytes, text: str) -> bytes:
    """The header of a CSV file with one column more, which bears a text as its name."""
    return header.strip() + f",{text}".encode()


def csv_files(samples: Path, text: str) -> Iterator[tuple[str, bytes]]:
    """Files with a text in each column in turn, in a column of its own, and as the name of a column."""
    for path in sorted((samples / "one-birth-four-sources").glob("*.csv")):
        header, first, *_ = path.read_bytes().splitlines()
        cells = first.split(b",")
        for column in range(len(cells)):
            row = [*cells[:column], text.encode(), *cells[column + 1 :]]
            yield f"{path.stem}-{column}.csv", b"\n".join([header, b",".join(row), b""])
        yield f"{path.stem}-more.csv", b"\n".join([with_column(header, text), first + b"," + text.encode(), b""])


@dataclass(frozen=True, slots=True)
class Filled:
    """A store that the odd records went into, and all that was said of them."""

    url: str
    told: bytes
    codes: bytes


def fill(perinatal: Perinatal, samples: Path) -> Filled:
    """Send everything to the service and to the command; what both said."""
    said: list[str] = []
    with application(perinatal.settings["database_url"]) as client:
        for text in FORMS.values():
            for bundle in bundles(text).values():
                raw = orjson.dumps(bundle)
                said += [client.post(path, raw).text for path in ("/fhir", f"/intake?name={NUMBER}.json")]
            for name, raw in csv_files(samples, text):
                said.append(client.post(f"/intake?name={name}", raw, "text/csv").text)
        said.append(client.post(f"/intake?name={NUMBER}.csv", b"1,2\n3,4\n", "text/csv").text)
        said.append(client.post(f"/intake/{NUMBER}", b"1,2\n3,4\n", "text/csv").text)
    folder = perinatal.folder / f"feed {NUMBER}"
    folder.mkdir()
    (folder / f"{NUMBER}.json").write_bytes(orjson.dumps(maternity_bundle(renamed("a-name"))))
    (folder / f"{POSTCODE}.ndjson").write_bytes(orjson.dumps(maternity_bundle()) + b"\n{broken\n")
    (folder / f"{NUMBER}.csv").write_bytes(next(raw for _, raw in csv_files(samples, "1")))
    perinatal("ingest", str(folder))  # the command names the files that it was given
    for command in LISTS:
        ran = perinatal(*command)
        said.append(ran.out + ran.err)
    url = perinatal.settings["database_url"]
    return Filled(url, "\n".join(said).encode(), perinatal(*CODES).out.encode())


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(set(FORMS.values()))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("odd")
    if request.param == "sqlite":
        perinatal = perinatal_at(folder)
        perinatal("db", "upgrade")
        yield fill(perinatal, samples)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"odd_{os.getpid()}"
    perinatal = perinatal_at(folder, server.create_database(name))
    perinatal("db", "upgrade")
    yield fill(perinatal, samples)
    server.drop_database(name)


def test_no_column_shows_what_stood_in_an_odd_place(filled: Filled, finder: Finder) -> None:
    url = filled.url.replace("postgresql://", "postgresql+psycopg://")
    assert {place: found for place, content in cells_of(url) if (found := finder.found(content))} == {}


def test_no_answer_or_list_shows_what_stood_in_an_odd_place(filled: Filled, finder: Finder) -> None:
    assert finder.found(filled.told) == []


def test_no_list_of_codes_shows_a_number_or_a_postcode(filled: Filled) -> None:
    assert Finder({NUMBER, POSTCODE}).found(filled.codes) == []


def test_the_list_of_codes_holds_what_was_sent_where_a_code_belongs(filled: Filled) -> None:
    assert b"(withheld)" in filled.codes
