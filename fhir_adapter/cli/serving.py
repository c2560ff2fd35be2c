"""perinatal serve and worker"""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.engine import Engine

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database
from fhir_adapter.cli.output import complain, say
from fhir_adapter.publisher.push import Drained
from fhir_adapter.settings import Settings, read_settings

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
PAUSE_SECONDS = 2.0


def serve(*, host: Host = "127.0.0.1", port: Port = 8080, database: Database = None) -> None:
    """Serve FHIR at /fhir, intake at /intake and the viewer at /."""
    settings = read_settings(database_url=database)
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": f"http://127.0.0.1:{port}"})
    with wiring.opened_store(settings) as store:
        serve_store(settings, store, host, port)


def serve_store(settings: Settings, store: Engine, host: str, port: int) -> None:
    """Listen until interrupted."""
    if settings.synthetic:
        complain("Synthetic people only: do not use for care.")
    uvicorn.run(wiring.app_of(settings, store), host=host, port=port, log_level="warning", server_header=False)


def worker(*, database: Database = None) -> None:
    """Send what is in the outbox, again and again, until interrupted."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with wiring.opened_store(read_settings(database_url=database)) as store:
        wiring.work(store, stop, pause_seconds=PAUSE_SECONDS, report=_say_drained)


def _say_drained(drained: Drained) -> None:
    say(f"{drained.sent} sent, {drained.delayed} to try again, {drained.parked} refused")
