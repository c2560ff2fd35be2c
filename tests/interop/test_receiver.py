"""A third-party FHIR server receives our reports, also when it dies on the way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import sqlalchemy as sa

from fhir_adapter.store.database import open_database, reading
from fhir_adapter.store.operational_schema import OUTBOX, RESOURCE
from tests.interop.conftest import Sekmet
from tests.serving import COMMAND, running, wait_until
from tests.worlds import Perinatal, perinatal_at

ENOUGH_SENT = 5
KINDS = ("Location", "Measure", "MeasureReport", "Organization")
AT_ONCE = 200


@pytest.fixture
def sender(published: Perinatal, tmp_path: Path) -> Perinatal:
    """The command on a copy of the store from which the world was published."""
    for path in published.folder.glob("perinatal.db*"):
        shutil.copy(path, tmp_path)
    return perinatal_at(tmp_path)


def own_resources(sender: Perinatal) -> dict[str, Any]:
    """Every current resource that is for the public, by its address, without what a server adds."""
    is_public = sa.func.coalesce(RESOURCE.c.audience, "public") == "public"
    statement = sa.select(RESOURCE.c.content).where(RESOURCE.c.is_current, is_public)
    store = open_database(sender.settings["database_url"])
    with reading(store) as connection:
        found = [orjson.loads(content) for content in connection.execute(statement).scalars()]
    store.dispose()
    return {address_of(each): without_meta(each) for each in found}


def sent_so_far(sender: Perinatal) -> int:
    """How many entries of the outbox were taken by the receiver."""
    store = open_database(sender.settings["database_url"])
    with reading(store) as connection:
        count = connection.execute(
            sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.status == "sent")
        ).scalar_one()
    store.dispose()
    return count


def received_resources(base: str) -> list[Any]:
    """Every resource that the receiver holds."""
    return [resource for kind in KINDS for resource in received_of(f"{base}/{kind}?_count={AT_ONCE}")]


def received_of(url: str) -> list[Any]:
    """Every resource of a search at the receiver, page after page."""
    page = httpx.get(url, trust_env=False).json()
    following = [each["url"] for each in page["link"] if each["relation"] == "next"]
    found = [each["resource"] for each in page.get("entry", ())]
    return found + [resource for address in following for resource in received_of(address)]


def address_of(resource: Any) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def without_meta(resource: Any) -> Any:
    return {name: value for name, value in resource.items() if name != "meta"}


def test_everything_arrives_as_published_and_a_second_push_sends_no_second_version(
    sender: Perinatal, sekmet: Sekmet
) -> None:
    ours = own_resources(sender)
    with sekmet.up():
        first = sender("publish", "--to", sekmet.base, "--json").document
        again = sender("publish", "--to", sekmet.base, "--json").document
        received = received_resources(sekmet.base)
    assert {address_of(each): without_meta(each) for each in received} == ours
    assert (first["sent"], again["queued"], again["sent"]) == (len(ours), 0, 0)
    assert {each["meta"]["versionId"] for each in received} == {"1"}


def test_a_receiver_killed_in_the_middle_holds_everything_once_after_a_retry(sender: Perinatal, sekmet: Sekmet) -> None:
    with sekmet.up() as receiver:
        command = [*COMMAND, "publish", "--to", sekmet.base]
        with running(command, sender.folder, sender.environment()) as publishing:
            wait_until(lambda: sent_so_far(sender) > ENOUGH_SENT)
            receiver.kill()
            assert publishing.wait() == 1
    assert ENOUGH_SENT < sent_so_far(sender) < len(own_resources(sender))
    with sekmet.up():
        assert sender("outbox", "retry").code == 0
        received = received_resources(sekmet.base)
    assert len(received) == len(own_resources(sender))
    assert {address_of(each): without_meta(each) for each in received} == own_resources(sender)
