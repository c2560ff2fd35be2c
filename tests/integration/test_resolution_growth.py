"""How the work of a resolution grows: counted in steps of SQLite's own machine, so that no clock is asked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection, Engine

from fhir_adapter.cli.bench.linked_births import ToldBirths, draw_told_births, payloads
from fhir_adapter.cli.bench.stores import throwaway_settings
from fhir_adapter.store.database import writing
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.wiring import intake_of, opened_store
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.keep import keep_payloads
from fhir_adapter.workflows.resolve import resolve_everything

STEPS_AT_ONCE = 100
BIRTHS, FEW, MANY = 1_000, 100, 400
LINEAR = MANY / FEW * 1.5  # four times the births may cost up to six times the steps
AS_MUCH = 1.5  # deeper trees and other births cost somewhat more, a look at every row would cost several times as much


@pytest.fixture(scope="module")
def told() -> ToldBirths:
    return draw_told_births(BIRTHS)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with opened_store(throwaway_settings(tmp_path / "growth.db")) as opened:
        yield opened


@pytest.fixture
def intake(engine: Engine, tmp_path: Path) -> Intake:
    return intake_of(throwaway_settings(tmp_path / "growth.db"), engine)


def steps_of(connection: Connection, touched: list[str]) -> int:
    """Steps of the database, in hundreds, that resolving what these receipts touch takes."""
    counter = count()
    raw = connection.connection.driver_connection
    assert raw is not None
    raw.set_progress_handler(lambda: next(counter) * 0, STEPS_AT_ONCE)
    resolve_all(connection, touched=touched)
    raw.set_progress_handler(None, STEPS_AT_ONCE)
    return next(counter)


def steps_of_next(told: ToldBirths, intake: Intake, first: int) -> int:
    """Steps that ten births take which the store does not know."""
    with writing(intake.engine) as connection:
        kept = keep_payloads(connection, list(payloads(told, first, first + 10)), intake)
        return steps_of(connection, [each.receipt_id for each in kept])


def test_resolving_what_was_touched_costs_in_proportion_to_it(told: ToldBirths, intake: Intake) -> None:
    with writing(intake.engine) as connection:
        keep_payloads(connection, list(payloads(told, 0, BIRTHS)), intake)
    resolve_everything(intake.engine)
    with writing(intake.engine) as connection:
        few = keep_payloads(connection, list(payloads(told, 0, FEW, is_correction=True)), intake)
        steps_of_few = steps_of(connection, [each.receipt_id for each in few])
        many = keep_payloads(connection, list(payloads(told, FEW, FEW + MANY, is_correction=True)), intake)
        steps_of_many = steps_of(connection, [each.receipt_id for each in many])
    assert steps_of_many < LINEAR * steps_of_few


def test_resolving_one_record_costs_the_same_whatever_the_store_holds(told: ToldBirths, intake: Intake) -> None:
    with writing(intake.engine) as connection:
        keep_payloads(connection, list(payloads(told, 0, FEW)), intake)
    resolve_everything(intake.engine)
    in_small_store = steps_of_next(told, intake, FEW)
    with writing(intake.engine) as connection:
        keep_payloads(connection, list(payloads(told, FEW + FEW, BIRTHS)), intake)
    resolve_everything(intake.engine)
    in_large_store = steps_of_next(told, intake, FEW + FEW // 2)
    assert in_large_store < AS_MUCH * in_small_store
