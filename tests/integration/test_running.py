"""Texts on the cursor of the driver: they belong to the transaction of their connection, and their faults are told."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from fhir_adapter.store.compiled import bound_text, is_listed, listed, listed_places
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.running import change, change_each, fetch
from fhir_adapter.store.schema import SOURCE_SYSTEM

NOTE = "INSERT INTO source_system (source, system) VALUES ('feed', 'other')"


def test_a_fault_of_the_driver_is_told_as_sqlalchemy_tells_it(store: Engine) -> None:
    with pytest.raises(DBAPIError), writing(store) as connection:
        change(connection, "DELETE FROM no_such_table")


def test_a_text_that_is_run_first_begins_the_transaction(store: Engine) -> None:
    with store.connect() as connection:
        change(connection, NOTE)
        connection.rollback()
    with reading(store) as connection:
        assert fetch(connection, "SELECT source FROM source_system") == []


def test_a_text_without_rows_is_not_run(store: Engine) -> None:
    with writing(store) as connection:
        assert change_each(connection, "no statement at all", []) == 0


@pytest.mark.parametrize("asked", [1, 2, 3, 5, 8])
def test_a_list_of_any_length_finds_what_it_names_and_nothing_else(store: Engine, asked: int) -> None:
    names = [f"feed {number}" for number in range(10)]
    with writing(store) as connection:
        connection.execute(sa.insert(SOURCE_SYSTEM), [{"source": name, "system": "other"} for name in names])
        wanted = names[:asked]
        found = sa.select(SOURCE_SYSTEM.c.source).where(is_listed(SOURCE_SYSTEM.c.source, listed_places(wanted)))
        text = bound_text(found.order_by(SOURCE_SYSTEM.c.source), connection.dialect.name)
        assert fetch(connection, text.text, text.parameters(listed(wanted))) == [(name,) for name in wanted]


@pytest.mark.parametrize(("texts", "places"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (500, 512)])
def test_lists_are_filled_up_to_powers_of_two(texts: int, places: int) -> None:
    assert listed_places(["a"] * texts) == len(listed(["a"] * texts)) == places
