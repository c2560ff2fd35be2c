"""The loop that empties the outbox, again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from fhir_adapter.publisher.push import Drained, Outbox, drain_outbox

REQUEST_SECONDS = 30


def run_worker(
    outbox: Outbox, stop: threading.Event, *, pause_seconds: float, report: Callable[[Drained], None]
) -> None:
    """Send what is due, then wait, until `stop` is set. A receiver's fault never ends the loop."""
    with httpx.Client(timeout=REQUEST_SECONDS, follow_redirects=False) as client:
        while not stop.is_set():
            drained = drain_outbox(outbox, client)
            if drained.sent or drained.delayed or drained.parked:
                report(drained)
            stop.wait(pause_seconds)
