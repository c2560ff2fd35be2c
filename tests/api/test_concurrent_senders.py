"""Many senders at once, on a listening server: everything is stored once, and nobody meets a fault."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import orjson
import uvicorn
from nhs_number.validate import is_valid

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from tests.mapping.maternity_bundles import changed, maternity_bundle, quantity
from tests.serving import counted_rows, free_port, wait_until
from tests.worlds import KEY

THREADS = 8
DISTINCT = 100
TIMES = 20
VERSIONS = 60
NHS_NUMBERS = [str(number) for number in range(9_990_010_000, 9_990_014_000) if is_valid(str(number))]


def own_bundle(number: int) -> bytes:
    """A birth that shares no identifier with any other: its mother and its baby have numbers of their own."""
    text = orjson.dumps(maternity_bundle()).decode()
    for word, own in zip(("9990001006", "9990001073"), NHS_NUMBERS[2 * number :], strict=False):
        text = text.replace(word, own)
    for word in ("mother", "baby", "pregnancy", "booking", "delivery", "record-1", "H-mother", "H-baby"):
        text = text.replace(f'"{word}"', f'"{word}-{number}"').replace(
            f'urn:uuid:{word}"', f'urn:uuid:{word}-{number}"'
        )
    return text.encode()


@contextmanager
def listening_here(database_url: str) -> Iterator[str]:
    """Base URL of the application in a thread of this process."""
    port = free_port()
    settings = Settings(database_url=database_url, key=KEY, synthetic=True)
    with wiring.opened_store(settings) as store:
        app = wiring.app_of(settings, store)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def post_all(base: str, bodies: list[bytes]) -> Counter[int]:
    """How often each status was answered when eight senders post the bodies."""
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client, ThreadPoolExecutor(THREADS) as senders:

        def send(body: bytes) -> int:
            return client.post("/fhir", content=body, headers={"content-type": "application/fhir+json"}).status_code

        return Counter(senders.map(send, bodies))


def test_eight_senders_at_once_store_everything_once_and_meet_no_fault(store_url: str) -> None:
    bodies = [own_bundle(number) for number in range(DISTINCT)]
    bodies += [own_bundle(DISTINCT)] * TIMES
    bodies = bodies[::7] + [body for place, body in enumerate(bodies) if place % 7]
    with listening_here(store_url) as base:
        answers = post_all(base, bodies)
    births = DISTINCT + 1
    assert answers == {200: DISTINCT + TIMES}
    assert counted_rows(store_url, "receipt", "payload", "source_baby", "baby", "delivery", "booking", "person") == {
        "receipt": births,
        "payload": births,
        "source_baby": births,
        "baby": births,
        "delivery": births,
        "booking": births,
        "person": births * 2,
    }


def revised(number: int) -> bytes:
    """One of many versions of the same birth, with its entries in an order of its own."""
    bundle = maternity_bundle(changed("birth-weight", **quantity(3_000 + number, "g")))
    start = number % len(bundle["entry"])
    return orjson.dumps(bundle | {"entry": bundle["entry"][start:] + bundle["entry"][:start]})


def test_many_versions_of_one_birth_at_once_are_one_birth_and_meet_no_fault(store_url: str) -> None:
    with listening_here(store_url) as base:
        answers = post_all(base, [revised(number) for number in range(VERSIONS)])
    assert answers == {200: VERSIONS}
    assert counted_rows(store_url, "receipt", "baby", "person") == {"receipt": VERSIONS, "baby": 1, "person": 2}
