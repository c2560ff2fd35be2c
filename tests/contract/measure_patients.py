"""Patients of a US measure, each a bundle with its expected MeasureReport, and what our engines say of them."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, reduce
from hashlib import sha256
from operator import or_
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from fhir_adapter.store.database import reading
from fhir_adapter.store.model_schema import SOURCE, twin_name
from fhir_adapter.store.operational_schema import LINK
from fhir_adapter.store.snapshot import read_tables, write_snapshot
from fhir_adapter.workflows.files import find_inputs
from fhir_adapter.workflows.ingest_files import FileReport, ingest_files
from fhir_adapter.workflows.keep import RECEIPT_CHARACTERS
from indicator_engine.counts import MonthRange, month_index
from indicator_engine.definition import shipped_measures, shipped_stratifiers
from indicator_engine.engines.duck import members_on_snapshot
from indicator_engine.engines.members import Member
from indicator_engine.engines.reference import members_in_memory
from indicator_engine.plan import plan_families
from tests.integration.people import intake_over

A_DAY = timedelta(days=1)
MEASURE = "CMS334"
POPULATIONS = ("initial-population", "denominator", "denominator-exclusion", "numerator")


@dataclass(frozen=True, slots=True)
class MeasurePatient:
    """One bundle. expected: the count of each of POPULATIONS. receipt: of the payload, by its digest."""

    file: Path
    name: str
    record_number: str
    period_end: date
    receipt: str
    months: MonthRange
    expected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of the bundles. by_engine: engine -> receipt -> count of each of POPULATIONS."""

    ingested: Sequence[FileReport]
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
    patient = next(each for each in resources if each["resourceType"] == "Patient")
    counts = {each["code"]["coding"][0]["code"]: each["count"] for each in report["group"][0]["population"]}
    return MeasurePatient(
        file=file,
        name=_name(patient),
        record_number=str(patient.get("identifier", [{}])[0].get("value")),
        period_end=date.fromisoformat(report["period"]["end"][:10]),
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


def answers_of(patients: Sequence[MeasurePatient], folder: Path) -> Answers:
    """Take the bundles in on the day after the last period, and ask the engines over the stores that come of it.

    The bundles do not say when they were written, and days that lie ahead of a record's receipt are no facts. Some
    cases were made by copying another with its record number; to a store these would be one woman, so they are told
    to a store each.
    """
    after = datetime.combine(max(each.period_end for each in patients) + A_DAY, time(), tzinfo=UTC)
    rounds = _without_shared_numbers(patients)
    asked = [_answers_of_one_store(each, folder / str(place), after) for place, each in enumerate(rounds)]
    engines = {engine: reduce(or_, (each.by_engine[engine] for each in asked)) for engine in ("reference", "duckdb")}
    return Answers([report for each in asked for report in each.ingested], engines)


def _without_shared_numbers(patients: Sequence[MeasurePatient]) -> list[list[MeasurePatient]]:
    """The patients in as few lists as keep each record number once a list."""
    seen: Counter[str] = Counter()
    rounds: defaultdict[int, list[MeasurePatient]] = defaultdict(list)
    for each in patients:
        rounds[seen[each.record_number]].append(each)
        seen[each.record_number] += 1
    return [rounds[place] for place in sorted(rounds)]


def _answers_of_one_store(patients: Sequence[MeasurePatient], folder: Path, after: datetime) -> Answers:
    folder.mkdir()
    (family,) = plan_families([shipped_measures()[MEASURE]], shipped_stratifiers())
    found: dict[str, dict[str, Mapping[str, int]]] = {"reference": {}, "duckdb": {}}
    with wiring.opened_store(Settings(database_url=f"sqlite:///{folder / 'perinatal.db'}")) as store:
        ingested = ingest_files(find_inputs([each.file for each in patients]), intake_over(store, at=after)).files
        with reading(store) as connection:
            write_snapshot(connection, folder / "snapshot")
            tables, receipts = read_tables(connection), _receipt_of_delivery(connection)
    for months in {each.months for each in patients}:
        members = {
            "reference": members_in_memory(family, tables, months=months),
            "duckdb": members_on_snapshot(family, folder / "snapshot", months=months),
        }
        asked = {each.receipt for each in patients if each.months == months}
        for engine, of_engine in members.items():
            found[engine] |= _counts(of_engine[MEASURE], receipts, asked)
    return Answers(ingested, found)


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
