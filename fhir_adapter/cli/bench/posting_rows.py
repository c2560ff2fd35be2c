"""Posting bundles over HTTP, one client after the other answer, against the time that is allowed."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import uvicorn
from fastapi import FastAPI

from fhir_adapter.cli.bench.bundles import shorter_bundle, synthetic_bundles
from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.stores import throwaway_settings
from fhir_adapter.wiring import app_of, opened_store

MEDIAN_SECONDS_ALLOWED = 0.010
SLOWEST_SECONDS_ALLOWED = 0.050  # of 99 in 100
RESOURCES = 30  # of the bundles that the two times are allowed for
WARMING_POSTS = 10
BACKLOG = 16
ANSWER_SECONDS = 60
FHIR_JSON = {"Content-Type": "application/fhir+json"}


def bench_posting(size: BenchSize, folder: Path, progress: Callable[[str], None]) -> list[BenchRow]:
    """Rows of the median and the 99th percentile of a POST; each bundle is new to the database in `folder`.

    Bundles of RESOURCES have a bar, and whole bundles of the synthetic world, about twice as many, have none.
    """
    whole = synthetic_bundles(WARMING_POSTS + size.posts)
    progress(f"posting {size.posts:,} bundles of {RESOURCES} resources")
    short = [shorter_bundle(raw, RESOURCES) for raw in whole]
    rows = _rows("api", _seconds_of_posts(short, folder / "api.db"), short, bar=1.0)
    progress(f"posting {size.posts:,} whole bundles")
    return [*rows, *_rows("api whole", _seconds_of_posts(whole, folder / "api_whole.db"), whole, bar=None)]


def _seconds_of_posts(bundles: Sequence[bytes], database: Path) -> list[float]:
    """Seconds of each POST to a service on a new database, those that warm it left out."""
    settings = throwaway_settings(database)
    with opened_store(settings) as store, _served(app_of(settings, store)) as address:
        return _post_all(address, bundles)[WARMING_POSTS:]


def _rows(name: str, seconds: Sequence[float], bundles: Sequence[bytes], *, bar: float | None) -> list[BenchRow]:
    resources = sum(len(orjson.loads(raw)["entry"]) for raw in bundles) / len(bundles)
    rate = len(seconds) / sum(seconds)
    work = (
        f"of {len(seconds):,} POSTs to /fhir by one client over a socket, durable in SQLite, "
        f"{resources:.0f} resources each, {rate:,.0f} a second"
    )
    allowed = "the allowed time itself" if bar is not None else f"the time allowed for {RESOURCES} resources"
    slowest = statistics.quantiles(seconds, n=100, method="inclusive")[-1]
    return [
        BenchRow(f"{name} p50", f"median {work}", statistics.median(seconds), allowed, MEDIAN_SECONDS_ALLOWED, bar),
        BenchRow(f"{name} p99", f"99th percentile {work}", slowest, allowed, SLOWEST_SECONDS_ALLOWED, bar),
    ]


def _post_all(address: str, bundles: Sequence[bytes]) -> list[float]:
    with httpx.Client(base_url=address, timeout=ANSWER_SECONDS) as client:
        return [_post(client, raw) for raw in bundles]


def _post(client: httpx.Client, raw: bytes) -> float:
    """Seconds until the answer was read. Raises httpx.HTTPStatusError when the bundle was not taken."""
    started = time.perf_counter()
    answer = client.post("/fhir", content=raw, headers=FHIR_JSON)
    taken = time.perf_counter() - started
    answer.raise_for_status()
    return taken


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    """The address at which the application answers, on a port that the system chose, until the end of the block."""
    # The protocol is named because asyncio turns Nagle's delay of 40 ms off only where it can read the protocol.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(BACKLOG)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
