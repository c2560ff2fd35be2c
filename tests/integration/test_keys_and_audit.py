"""A deployment key can be replaced without any result changing, payloads can go by age, and openings are told."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from fhir_adapter.errors import SealBroken
from fhir_adapter.store.audit_log import list_openings, verify_audit
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.person_schema import AUDIT_EVENT
from fhir_adapter.store.resealing import SEALED_TABLES, reseal_batch
from fhir_adapter.store.schema import LINKAGE_ZONE, PAYLOAD, RECEIPT
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.purge import purge_old
from fhir_adapter.workflows.remap import remap
from fhir_adapter.workflows.rotate import left_to_rotate, rotate_key
from tests.integration.people import NOW, counts, first_record, intake_over, other_record, resolved, send
from tests.worlds import KEY

NEW_KEY = base64.b64encode(bytes(range(100, 132))).decode()
BOTH: dict[str, Any] = {"key": SecretStr(NEW_KEY), "earlier_keys": SecretStr(KEY)}


def test_no_result_changes_when_the_key_does(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    before = resolved(store)
    rotate_key(intake_over(store, **BOTH))
    remap(intake_over(store, key=SecretStr(NEW_KEY)), adapter_name=None)
    assert resolved(store) == before


def test_a_record_that_comes_after_a_rotation_finds_its_person(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    rotate_key(intake_over(store, **BOTH))
    send(intake_over(store, key=SecretStr(NEW_KEY)), first_record(at="2026-03-09T10:00:00+00:00"))
    assert len(resolved(store)["person"]) == 2


def test_every_sealed_table_is_sealed_under_the_new_key(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    send(intake_over(store), {"resourceType": "Patient"})
    rotated = rotate_key(intake_over(store, **BOTH))
    assert (dict(rotated.rows), left_to_rotate(intake_over(store, key=SecretStr(NEW_KEY)))) == (
        {"naming_secret": 1, "linkage_zone": 2, "quarantine": 1, "payload": 1},
        0,
    )


def test_the_earlier_key_opens_nothing_after_a_rotation(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    rotate_key(intake_over(store, **BOTH))
    with pytest.raises(SealBroken):
        intake_over(store)


def test_a_rotation_that_was_broken_off_goes_on_with_the_rest(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    with writing(store) as connection:
        reseal_batch(connection, SEALED_TABLES[1], intake_over(store, **BOTH).sealer)
    assert dict(rotate_key(intake_over(store, **BOTH)).rows) == {
        "naming_secret": 1,
        "linkage_zone": 0,
        "quarantine": 0,
        "payload": 1,
    }


def test_while_it_runs_both_keys_are_told_apart_and_records_come_in(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    send(intake_over(store, **BOTH), other_record())
    with reading(store) as connection:
        keys = set(connection.execute(sa.select(LINKAGE_ZONE.c.key_id)).scalars())
    assert (len(keys), remap(intake_over(store, **BOTH), adapter_name=None).refused) == (2, 0)


def test_a_remap_is_audited(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    remap(intake_over(store), adapter_name=None, is_dry=True)
    with reading(store) as connection:
        told = [(each.actor, each.purpose, each.kind, each.records) for each in list_openings(connection)]
    assert told == [("tester", "remap", "payload", 1)]


def test_an_audit_that_nobody_touched_is_whole(store: sa.Engine) -> None:
    intake = audited(store)
    with reading(store) as connection:
        verdict = verify_audit(connection, intake.pseudonyms.key)
    assert (verdict.events, verdict.broken_at) == (3, None)


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET records = 0", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_the_audit(store: sa.Engine, statement: str) -> None:
    audited(store)
    with pytest.raises(DBAPIError, match="only ever added to"), writing(store) as connection:
        connection.execute(sa.text(statement))


def test_an_event_that_was_put_in_by_hand_is_found(store: sa.Engine) -> None:
    intake = audited(store)
    with writing(store) as connection:
        last = connection.execute(sa.select(AUDIT_EVENT).order_by(AUDIT_EVENT.c.position.desc()).limit(1)).one()
        made_up = dict(last._mapping) | {"position": 4, "previous": last.hash, "hash": "0" * 64}
        connection.execute(sa.insert(AUDIT_EVENT).values(made_up))
        assert verify_audit(connection, intake.pseudonyms.key).broken_at == 4


def test_events_cut_off_are_found_by_an_earlier_head(store: sa.Engine) -> None:
    intake = audited(store)
    with reading(store) as connection:
        assert verify_audit(connection, intake.pseudonyms.key, known_head="f" * 64).broken_at == 4


def audited(store: sa.Engine) -> Intake:
    """A store with three openings."""
    intake = intake_over(store)
    send(intake, first_record())
    for _ in range(3):
        remap(intake, adapter_name=None, is_dry=True)
    return intake


def test_an_old_payload_goes_and_its_receipt_and_rows_stay(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    before = resolved(store)
    gone = purge_old(store, now=NOW + timedelta(days=31), days=30)
    with reading(store) as connection:
        receipts = connection.execute(sa.select(RECEIPT.c.id)).all()
    assert (gone, len(receipts), "payload" in counts(store), resolved(store)) == ((1, 0), 1, False, before)


def test_a_young_payload_stays(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    assert purge_old(store, now=NOW + timedelta(days=29), days=30) == (0, 0)


def test_a_remap_tells_what_is_not_kept_and_leaves_its_rows(store: sa.Engine) -> None:
    send(intake_over(store), first_record())
    purge_old(store, now=NOW + timedelta(days=31), days=30)
    before = resolved(store)
    report = remap(intake_over(store), adapter_name=None)
    assert (report.not_kept, report.payloads, resolved(store)) == (1, 0, before)


def test_no_payload_is_kept_where_none_shall_be(store: sa.Engine) -> None:
    intake = intake_over(store, keep_payloads=False)
    send(intake, first_record())
    send(intake, {"resourceType": "Patient"})
    with reading(store) as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(PAYLOAD)).scalar_one()
        sealed = connection.execute(sa.text("SELECT count(sealed) FROM quarantine")).scalar_one()
    assert (kept, sealed, len(resolved(store)["baby"])) == (0, 0, 1)
