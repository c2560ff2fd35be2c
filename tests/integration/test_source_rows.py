"""Source rows are kept once, whatever is sent again, and a transaction leaves all of them or none."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fhir_adapter.errors import StoreUnavailable
from fhir_adapter.store.database import open_database, reading, writing
from fhir_adapter.store.schema import SOURCE
from fhir_adapter.store.source_rows import Provenance, save_source_rows
from tests.integration.store_rows import birth, save

ROWS_OF_A_BIRTH = 7


class SimulatedCrashError(Exception):
    """Raised by a test in the middle of a transaction."""


def test_the_rows_of_a_birth_are_new_the_first_time(store: sa.Engine) -> None:
    with writing(store) as connection:
        assert save(connection, birth()) == ROWS_OF_A_BIRTH


def test_a_replayed_birth_stores_no_row(store: sa.Engine) -> None:
    with writing(store) as connection:
        save(connection, birth())
        assert save(connection, birth(receipt="again")) == 0


def test_a_changed_cell_stores_one_row_beside_the_old_one(store: sa.Engine) -> None:
    with writing(store) as connection:
        save(connection, birth())
        assert save(connection, birth(receipt="again", baby={"birth_weight_g": 2470})) == 1


def test_the_same_cells_recorded_later_are_a_row_of_their_own(store: sa.Engine) -> None:
    with writing(store) as connection:
        save(connection, birth())
        assert save(connection, birth(receipt="again", recorded_at="2026-03-04")) == ROWS_OF_A_BIRTH


def test_the_moment_of_recording_is_kept_in_utc(store: sa.Engine) -> None:
    with writing(store) as connection:
        save(connection, birth(recorded_at="2026-06-01T00:30:00+01:00"))
        kept = connection.execute(sa.select(SOURCE["baby"].c.recorded_at)).scalar_one()
    assert kept == "2026-05-31T23:30:00Z"


def test_a_row_without_its_key_is_refused_without_its_values(store: sa.Engine) -> None:
    provenance = Provenance("feed", None, None, None, "2026-03-03T00:00:00Z", "r", "1")
    with writing(store) as connection, pytest.raises(ValueError, match="a row of baby lacks baby_key") as caught:
        save_source_rows(connection, "baby", [{"outcome": "secret"}], provenance)
    assert "secret" not in str(caught.value)


def test_a_transaction_that_breaks_off_leaves_nothing(store: sa.Engine) -> None:
    with pytest.raises(SimulatedCrashError):
        save_and_crash(store)
    with reading(store) as connection:
        assert connection.execute(sa.select(SOURCE["baby"])).all() == []


def test_a_reader_sees_what_was_committed_while_somebody_writes(store: sa.Engine) -> None:
    with writing(store) as writer:
        save(writer, birth())
        with reading(store) as connection:
            assert connection.execute(sa.select(SOURCE["baby"])).all() == []


@pytest.mark.parametrize("url", ["mysql://somebody:secret@host/x", "no url at all", "sqlite:////nowhere/at/all.db"])
def test_a_database_that_cannot_be_opened_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"sqlite:///file\.db") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        open_database("postgresql://somebody:secret@127.0.0.1:1/perinatal")
    assert "secret" not in str(caught.value)


def save_and_crash(store: sa.Engine) -> None:
    with writing(store) as connection:
        save(connection, birth())
        raise SimulatedCrashError
