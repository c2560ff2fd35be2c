"""The real application over a real store: asked in this process, or listening on a loopback port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import sqlalchemy as sa
from pydantic import SecretStr

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from fhir_adapter.store.database import open_database, reading
from tests.contract.api_world import BASE_URL, Client
from tests.worlds import KEY, Perinatal

PATIENCE_SECONDS = 60
ASK_AGAIN_SECONDS = 0.1


@contextmanager
def application(database_url: str, **changes: int | SecretStr) -> Iterator[Client]:
    """A client of the application over a store; changes: settings that the test is about."""
    settings = Settings(
        database_url=database_url,
        key=SecretStr(KEY),
        synthetic=True,
        base_url=BASE_URL,
        **changes,  # type: ignore[arg-type]  # settings by name
    )
    with wiring.opened_store(settings) as store:
        yield Client(wiring.app_of(settings, store))


@contextmanager
def listening(perinatal: Perinatal) -> Iterator[str]:
    """Base URL of `perinatal serve`, running in a process of its own."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running([*COMMAND, "serve", "--port", str(port)], perinatal.folder, perinatal.environment()) as process:
        wait_for(f"{base}/health/ready", process)
        yield base


COMMAND = (sys.executable, "-c", "from fhir_adapter.cli import main; main()")


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the length of the block; what it prints goes to `log` in the folder."""
    with (
        (folder / "log").open("ab") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the URL answers; fails when the process ends first, or takes too long."""
    wait_until(lambda: process.poll() is not None or answers(url))
    assert process.poll() is None, "the process ended; see the file `log` of the test's folder"


def answers(url: str) -> bool:
    """Whether a GET of the URL succeeds now."""
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once the condition holds; fails when that takes too long."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < last, "what was waited for did not come"
        time.sleep(ASK_AGAIN_SECONDS)


def counted_rows(database_url: str, *tables: str) -> dict[str, int]:
    """How many rows each table of a store holds."""
    store = open_database(database_url)
    try:
        with reading(store) as connection:
            counts = {
                table: connection.execute(sa.select(sa.func.count()).select_from(sa.table(table))) for table in tables
            }
            return {table: found.scalar_one() for table, found in counts.items()}
    finally:
        store.dispose()
