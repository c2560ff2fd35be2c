"""Records of invented people, sent to a store and looked up in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import SecretStr

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from fhir_adapter.store.database import reading
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE, PAYLOAD
from fhir_adapter.store.schema import METADATA
from fhir_adapter.store.snapshot import read_tables
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.receive import Receipt, receive_bundle
from tests.mapping.maternity_bundles import Bundle, maternity_bundle
from tests.worlds import KEY

MOTHER, BABY = "9990001006", "9990001073"
OTHER_MOTHER, OTHER_BABY = "9990002002", "9990002010"
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def intake_over(store: sa.Engine, *, at: datetime = NOW, **settings: Any) -> Intake:
    """An intake of synthetic people over a store, at a moment."""
    given: dict[str, Any] = {"key": SecretStr(KEY), "synthetic": True} | settings
    return replace(wiring.intake_of(Settings(**given), store, actor="tester"), now=lambda: at)


def send(intake: Intake, bundle: Bundle) -> Receipt:
    """Send one bundle."""
    return receive_bundle(orjson.dumps(bundle), intake)


def first_record(*changes: Callable[[Bundle], None], at: str = "2026-03-04T10:00:00+00:00") -> Bundle:
    """The record of the first mother, recorded at a moment."""
    return maternity_bundle(*changes) | {"timestamp": at}


def other_record() -> Bundle:
    """The record of another mother with her baby."""
    text = orjson.dumps(maternity_bundle()).decode()
    for old, new in (
        (MOTHER, OTHER_MOTHER),
        (BABY, OTHER_BABY),
        ("record-1", "record-2"),
        ("H-mother", "H-woman"),
        ("H-baby", "H-child"),
    ):
        text = text.replace(old, new)
    found: Bundle = orjson.loads(text)
    return found


def resolved(store: sa.Engine) -> Mapping[str, list[dict[str, Any]]]:
    """The whole resolved model."""
    with reading(store) as connection:
        return read_tables(connection)


def counts(store: sa.Engine) -> dict[str, int]:
    """How many rows stand about people: resolved, of sources, and in the zone, links and payloads."""
    held = {table.name for table in (LINKAGE_ZONE, LINK, PAYLOAD)} | set(resolved(store))
    wanted = [table for table in METADATA.sorted_tables if table.name.removeprefix("source_") in held]
    with reading(store) as connection:
        found = {
            table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for table in wanted
        }
    return {name: count for name, count in found.items() if count}


def cell(store: sa.Engine, table: str, column: str) -> list[Any]:
    """One column of a resolved table."""
    return [row[column] for row in resolved(store)[table]]
