"""What the command prints with --json, and what the intake answers, is what the published schemas say."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from sqlalchemy import create_engine, text

from fhir_adapter.cli.bench import BenchReport, BenchRow
from tests.docs.generate_commands import commands
from tests.docs.loopback import served
from tests.mapping.maternity_bundles import maternity_bundle
from tests.serving import free_port
from tests.worlds import AS_OF, Perinatal

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
NAMES = sorted(each.name.removesuffix(".schema.json") for each in SCHEMAS.iterdir())
GENERATED = frozenset(("indicator-show", "rules-show"))  # from the program, whose members may have defaults
FOLDER = "perinatal-demo"
SETTINGS = {
    "synthetic": "1",
    "workbench": "1",
    "database_url": f"sqlite:///{FOLDER}/perinatal.db",
    "key_file": f"{FOLDER}/perinatal.key",
    "snapshot_folder": f"{FOLDER}/snapshot",
}
DEFINITIONS = Path(__file__).parents[2] / "indicator_engine" / "definitions" / "indicators"
FROM_COMMANDS = {
    "conflict": ("perinatal conflicts settle", "perinatal conflicts withdraw"),
    "db": ("perinatal db upgrade", "perinatal db check"),
    "ingest-dry-run": ("perinatal ingest",),
    "ingest-remap": ("perinatal ingest",),
    "intake-receipt": (),
    "links-decided": tuple(f"perinatal links {each}" for each in ("accept", "reject", "merge", "unmerge")),
    "mapping-tried": (),
    "mapping-explained": (),
}
Documents = dict[str, Any]


@pytest.fixture(scope="module")
def perinatal(tmp_path_factory: pytest.TempPathFactory) -> Perinatal:
    """The command, to be run on the store of its own demo."""
    return Perinatal(tmp_path_factory.mktemp("json"), SETTINGS)


TWO_BIRTHS = ("02/03/2025", "19/07/2026")


@pytest.fixture(scope="module")
def documents(perinatal: Perinatal) -> Documents:
    """A real document of every kind, by the name of its schema; no list in them is empty."""
    demo = perinatal("demo", "--births", "100", "--no-serve", "--json").document
    synth = perinatal("synth", "--births", "3", "--format", "all", "--out", "few", "--json").document
    return {
        "demo": demo,
        "synth": synth,
        **_of_records(perinatal, synth["files"]),
        **_of_reports(perinatal),
        **_of_definitions(perinatal),
        **_of_mappings(perinatal, synth["files"]),
        "db": perinatal("db", "check", "--json").document,
        "bench": _bench(),
        "intake-receipt": _receipt(perinatal),
    }


def _of_records(perinatal: Perinatal, files: list[str]) -> Documents:
    table = f"{FOLDER}/world/reference/imd2019.csv"
    (perinatal.folder / "bad.json").write_text("{", "utf-8")
    disagreeing = _with_another_gestation(perinatal.folder, files)
    feeds = [each for each in files if "/ndjson/maternity/" in each]
    dried = perinatal("ingest", *disagreeing, "bad.json", "--dry-run", "--json").document
    ingested = perinatal("ingest", *feeds, *disagreeing, "bad.json", "--json").document
    listed = perinatal("conflicts", "list", "--json").document
    settling = ("settle", listed["conflicts"][0]["id"], "--take-source", listed["conflicts"][0]["chosen_source"])
    words = ("--author", "A. Midwife", "--reason", "the notes", "--json")
    return {
        "ingest-dry-run": dried,
        "ingest": ingested,
        "ingest-remap": perinatal("ingest", "--remap", "--json").document,
        "reference-load": perinatal("reference", "load", "imd", table, "--json").document,
        "conflicts-list": listed,
        "conflict": perinatal("conflicts", *settling, *words).document,
        "quarantine-list": perinatal("quarantine", "list", "--json").document,
        **_of_links(perinatal),
        **_of_people(perinatal),
    }


def _of_links(perinatal: Perinatal) -> Documents:
    """Of two lines that give one NHS number to babies born in different years."""
    header = "SenderCode,MotherNumber,MotherNHSNumber,MotherBirthDate,MotherEthnicity,Postcode,DeliveryKey,BabyNumber,"
    lines = [f"XX1,M{place},,,,,D{place},B{place},9990000018,{day}\n" for place, day in enumerate(TWO_BIRTHS)]
    (perinatal.folder / "links.csv").write_text(f"{header}BabyNHSNumber,BabyBirthDate\n{''.join(lines)}", "utf-8")
    perinatal("ingest", "links.csv", "--adapter", "generic-csv", "--json")
    review = perinatal("links", "review", "--json").document
    decided = perinatal("links", "accept", review[0]["id"], "--author", "steward", "--json").document
    return {
        "links-review": review,
        "links-decided": decided,
        "links-list": perinatal("links", "list", "--json").document,
        "links-history": perinatal("links", "history", "--json").document,
    }


def _of_people(perinatal: Perinatal) -> Documents:
    engine = create_engine(f"sqlite:///{perinatal.folder / FOLDER / 'perinatal.db'}")
    with engine.connect() as connection:
        person_key = connection.execute(text("SELECT min(person_key) FROM baby")).scalar_one()
    engine.dispose()
    return {
        "key-rotate": perinatal("key", "rotate", "--json").document,
        "person-erase": perinatal("person", "erase", "--person-key", person_key, "--json").document,
        "audit-list": perinatal("audit", "list", "--json").document,
        "audit-verify": perinatal("audit", "verify", "--json").document,
        "db-purge": perinatal("db", "purge", "--older-than", "30", "--json").document,
    }


def _with_another_gestation(folder: Path, files: list[str]) -> list[str]:
    """The CSV feeds, every baby of them born nine days earlier in its pregnancy than the bundles say."""
    feeds = [each for each in files if each.endswith(".csv") and "msd401-" in each]
    for feed in feeds:
        with (folder / feed).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        with (folder / feed).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows({**row, "GestationLengthBirth": _nine_less(row["GestationLengthBirth"])} for row in rows)
    return feeds


def _nine_less(days: str) -> str:
    return str(int(days) - 9) if days else days


def _of_reports(perinatal: Perinatal) -> Documents:
    def evaluate(indicator: str) -> Any:
        months = ("--from", "2021-05", "--to", "2026-04", "--as-of", AS_OF)
        return perinatal("evaluate", "--indicator", indicator, "--preset", "none", *months, "--json").document

    evaluated = evaluate("BF01")
    evaluate("MO01")
    target = f"http://127.0.0.1:{free_port()}/fhir"
    return {
        "evaluate": evaluated,
        "publish": perinatal(
            "publish", "--preset", "none", "--audience", "internal", "--to", target, "--json"
        ).document,
        "release-list": perinatal("release", "list", "--json").document,
        "outbox-list": perinatal("outbox", "list", "--json").document,
        "outbox-retry": perinatal("outbox", "retry", "--json").document,
    }


def _of_definitions(perinatal: Perinatal) -> Documents:
    (perinatal.folder / "wrong.yaml").write_text("id: 1\n", "utf-8")
    return {
        "indicator-list": perinatal("indicator", "list", "--json").document,
        "indicator-show": perinatal("indicator", "show", "LB06", "--json").document,
        "rules-list": perinatal("rules", "list", "--json").document,
        "rules-show": perinatal("rules", "show", "R05", "--json").document,
        "rules-hits": perinatal("rules", "hits", "--json").document,
        "indicator-lint": perinatal("indicator", "lint", "wrong.yaml", "--json").document,
        "mapping-explain": perinatal("mapping", "explain", *_birth(perinatal.folder), "--json").document,
        "mapping-lint": perinatal("mapping", "lint", "--json").document,
        "mapping-list": perinatal("mapping", "list", "--json").document,
    }


def _of_mappings(perinatal: Perinatal, files: list[str]) -> Documents:
    feed = next(each for each in files if each.endswith(".csv") and "msd401" in each)
    sample = (perinatal.folder / feed).read_text("utf-8").splitlines()[:2]
    (perinatal.folder / "sample.csv").write_text("\n".join([*sample, ""]), "utf-8")
    perinatal("mapping", "new", "draft", "--from", "sample.csv", "--out", "drafts")
    golden = perinatal.folder / "drafts" / "draft" / "tests" / "sample.yaml"
    other = {"title": "Nothing", "csv": "a\n", "rows": {}}
    golden.with_name("other.yaml").write_text(json.dumps(other), "utf-8")
    tested = perinatal("mapping", "test", "drafts", "--json").document
    golden.with_name("other.yaml").unlink()
    (perinatal.folder / "strange.csv").write_text("\n".join([*sample, "", ""]).replace(",01,", ",77,"), "utf-8")
    with served(perinatal) as base:
        explained, tried = (
            httpx.post(
                f"{base}/mappings/msds-csv/{name}", content=content, headers={"Content-Type": kind}, trust_env=False
            )
            for name, content, kind in (
                ("$explain", (perinatal.folder / "strange.csv").read_bytes(), "text/csv"),
                ("$test", json.dumps(other).encode(), "application/json"),
            )
        )
    return {
        "mapping-test": tested,
        "mapping-mutate": perinatal("mapping", "mutate", "drafts/draft", "--json").document,
        "mapping-coverage": perinatal("mapping", "coverage", "strange.csv", "--json").document,
        "mapping-unmapped": perinatal("mapping", "unmapped", "strange.csv", "--json").document,
        "mapping-explained": explained.json(),
        "mapping-tried": tried.json(),
    }


def _birth(folder: Path) -> tuple[str, ...]:
    """A birth whose weight is explained."""
    (folder / "birth.json").write_text(json.dumps(maternity_bundle()), "utf-8")
    return "birth.json", "--table", "baby"


def _bench() -> Any:
    row = BenchRow("parse", "500 bundles", 2.0, floor="orjson.loads", floor_seconds=1.0, bar=3.0)
    return BenchReport({"cores": 2, "processor": None}, (row, BenchRow("count", "one", 1.0))).document()


def _receipt(perinatal: Perinatal) -> Any:
    (feed,) = sorted((perinatal.folder / "few").rglob("msd401-*.csv"))[:1]
    content = feed.read_bytes().replace(b"\n", b"\n,,,2026-02-30\n", 1)
    with served(perinatal) as base:
        headers = {"Content-Type": "text/csv"}
        return httpx.post(f"{base}/intake", content=content, headers=headers, trust_env=False).json()


def schema_of(name: str) -> Any:
    """A published schema."""
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


def open_objects(schema: Any) -> Iterator[Any]:
    """Objects of a schema that allow members that they do not name, or leave a named one out."""
    if isinstance(schema, dict):
        is_closed = schema.get("additionalProperties") is False
        if "properties" in schema and not (is_closed and schema["required"] == list(schema["properties"])):
            yield schema
        yield from (found for each in schema.values() for found in open_objects(each))
    elif isinstance(schema, list):
        yield from (found for each in schema for found in open_objects(each))


@pytest.mark.parametrize("name", NAMES)
def test_a_real_document_is_what_its_schema_says(name: str, documents: Documents) -> None:
    validator = jsonschema_rs.validator_for(schema_of(name))
    faults = [f"{list(each.instance_path)}: {each.message}" for each in validator.iter_errors(documents[name])]
    assert faults == []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_itself_valid_and_of_the_stated_draft(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("name", [each for each in NAMES if each not in GENERATED])
def test_a_schema_names_every_member_and_requires_it(name: str) -> None:
    assert list(open_objects(schema_of(name))) == []


@pytest.mark.parametrize("name", [each for each in NAMES if each.endswith("-list")])
def test_a_list_that_is_checked_is_not_empty(name: str, documents: Documents) -> None:
    assert documents[name]


@pytest.mark.parametrize("name", ["results", "inequality", "spc"])
def test_every_part_of_the_evaluation_that_is_checked_is_not_empty(name: str, documents: Documents) -> None:
    assert documents["evaluate"][name]


@pytest.mark.parametrize("name", ["ingest", "ingest-dry-run", "intake-receipt", "mapping-explained"])
def test_issues_are_among_what_is_checked(name: str, documents: Documents) -> None:
    assert '"code": "' in json.dumps(documents[name])


def test_every_command_with_json_has_a_schema() -> None:
    by_name = {f"perinatal {name.replace('-list', ' list').replace('-', ' ')}" for name in NAMES}
    described = by_name | {command for several in FROM_COMMANDS.values() for command in several}
    printing = {name for name, each in commands().items() if "--json" in {o for p in each.params for o in p.opts}}
    assert printing - described == set()
