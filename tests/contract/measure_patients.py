"""Patients of a US measure, each a bundle with its expected MeasureReport, and what our engines say of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.database import open_database, reading
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import LINK
from fhir_adapter.store.snapshot import read_tables, write_snapshot
from fhir_adapter.workflows.keep import RECEIPT_CHARACTERS
from indicator_engine.counts import MonthRange, month_index
from indicator_engine.definition import shipped_measures, shipped_stratifiers
from indicator_engine.engines.duck import members_on_snapshot
from indicator_engine.engines.members import Member
from indicator_engine.engines.reference import members_in_memory
from indicator_engine.plan import plan_families
from tests.worlds import Perinatal, Ran

MEASURE = "CMS334"
POPULATIONS = ("initial-population", "denominator", "denominator-exclusion", "numerator")


@dataclass(frozen=True, slots=True)
class MeasurePatient:
    """One bundle. expected: the count of each of POPULATIONS. receipt: of the payload, by its digest."""

    file: Path
    name: str
    receipt: str
    months: MonthRange
    expected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the bundles. by_engine: engine -> receipt -> count of each of POPULATIONS."""

    ingested: Ran
    by_engine: Mapping[str, Mapping[str, Mapping[str, int]]]


@cache
def _folder(folder: Path) -> tuple[MeasurePatient, ...]:
    found = (_patient(file) for file in sorted(folder.rglob("*.json")))
    return tuple(each for each in found if each is not None)


def patients_below(folder: Path) -> list[MeasurePatient]:
    """Every bundle with an expected report below a folder, in the order of the files."""
    return list(_folder(folder.resolve()))


def _patient(file: Path) -> MeasurePatient | None:
    raw = file.read_bytes()
    document = json.loads(raw)
    resources = [each.get("resource", {}) for each in document.get("entry", [])]
    report = next((each for each in resources if each.get("resourceType") == "MeasureReport"), None)
    if report is None:
        return None
    counts = {each["code"]["coding"][0]["code"]: each["count"] for each in report["group"][0]["population"]}
    return MeasurePatient(
        file=file,
        name=_name(next(each for each in resources if each["resourceType"] == "Patient")),
        receipt=sha256(raw).hexdigest()[:RECEIPT_CHARACTERS],
        months=MonthRange(_month(report["period"]["start"]), _month(report["period"]["end"])),
        expected={name: counts.get(name, 0) for name in POPULATIONS},
    )


def _name(patient: Mapping[str, Any]) -> str:
    """The test case that the name of the patient tells, and the beginning of the id."""
    name = patient.get("name", [{}])[0]
    words = [*name.get("given", []), name.get("family", ""), str(patient["id"])[:8]]
    return "-".join(word.strip() for word in words if word)


def _month(text: str) -> int:
    day = date.fromisoformat(text[:10])
    return month_index(day.year, day.month)


@contextmanager
def answers_of(patients: Sequence[MeasurePatient], perinatal: Perinatal) -> Iterator[Answers]:
    """Take the bundles in, and ask the engines over the store that comes of it."""
    ingested = perinatal("ingest", "--json", *(str(each.file) for each in patients))
    store = open_database(perinatal.settings["database_url"])
    try:
        with reading(store) as connection:
            write_snapshot(connection, perinatal.folder / "snapshot")
            tables, receipts = read_tables(connection), _receipt_of_delivery(connection)
        (family,) = plan_families([shipped_measures()[MEASURE]], shipped_stratifiers())
        found: dict[str, dict[str, Mapping[str, int]]] = {"reference": {}, "duckdb": {}}
        for months in {each.months for each in patients}:
            members = {
                "reference": members_in_memory(family, tables, months=months),
                "duckdb": members_on_snapshot(family, perinatal.folder / "snapshot", months=months),
            }
            asked = {each.receipt for each in patients if each.months == months}
            for engine, of_engine in members.items():
                found[engine] |= _counts(of_engine[MEASURE], receipts, asked)
        yield Answers(ingested, found)
    finally:
        store.dispose()


def _receipt_of_delivery(connection: sa.Connection) -> dict[str, str]:
    """The payload that each resolved delivery came with."""
    source = SOURCE["delivery"]
    own = source.c[twin_name("delivery_key")]
    linked = sa.and_(LINK.c.entity == "delivery", LINK.c.source == source.c.source, LINK.c.source_key == own)
    rows = connection.execute(sa.select(LINK.c.resolved_key, source.c.receipt_id).join_from(source, LINK, linked))
    return {str(resolved): str(receipt) for resolved, receipt in rows}


def _counts(members: Sequence[Member], receipts: Mapping[str, str], asked: set[str]) -> dict[str, Mapping[str, int]]:
    """How many stays of each patient are in each population."""
    sums = {receipt: Counter(dict.fromkeys(POPULATIONS, 0)) for receipt in asked}
    for member in members:
        receipt = receipts[member.entity]
        flags = (member.population, member.denominator, member.exclusion, member.numerator)
        if receipt in asked:
            sums[receipt].update({name: int(flag) for name, flag in zip(POPULATIONS, flags, strict=True)})
    return {receipt: dict(counts) for receipt, counts in sums.items()}
