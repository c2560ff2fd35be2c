"""One outbox entry to one FHIR server: PUT, so that sending twice is the same as sending once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import httpx

from fhir_adapter.errors import PublisherRefused, PublisherUnreachable

FHIR_JSON = "application/fhir+json"
TRY_AGAIN = frozenset({408, 425, 429})  # and every 5xx: the receiver may take it later
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 6 * 3600
LONGEST_RETRY_AFTER_SECONDS = 24 * 3600  # a receiver may ask for more, but not that a report is forgotten
MOST_SILENCES = 3  # in a row, then the rest for that receiver waits, instead of one timeout each
NOT_TRIED = "not tried: the receiver does not answer"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One version of one resource on its way to one target. attempts: how often it was tried before."""

    entry_id: str
    target: str
    resource_type: str
    resource_id: str
    version_id: int
    content: bytes
    attempts: int


class Outbox(Protocol):
    """Where outgoing resources wait; every call is its own transaction."""

    def take(self) -> Outgoing | None:
        """Lease the next entry that is due; None when there is none."""

    def sent(self, entry_id: str) -> None:
        """The receiver has it."""

    def try_again(self, entry_id: str, *, reason: str, pause_seconds: int) -> None:
        """Not yet: keep it for later."""

    def park(self, entry_id: str, *, reason: str) -> None:
        """The receiver will not take it: keep it for a person."""


class Outcome(StrEnum):
    """What became of one entry. unanswered: delayed, because nothing came back at all."""

    SENT = "sent"
    DELAYED = "delayed"
    UNANSWERED = "unanswered"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Drained:
    """What one pass over the outbox did."""

    sent: int
    delayed: int
    parked: int


def drain_outbox(outbox: Outbox, client: httpx.Client, *, progress: Callable[[int], None] | None = None) -> Drained:
    """Send everything that is due. Raises nothing for a receiver's fault: the entry waits or is parked.

    A receiver that gave no answer several times in a row is left alone until the next pass; the others are not.
    """
    done: Counter[Outcome] = Counter()
    silences: Counter[str] = Counter()
    while (outgoing := outbox.take()) is not None:
        outcome = _deliver(outgoing, outbox, client, is_silent=silences[outgoing.target] >= MOST_SILENCES)
        silences[outgoing.target] = silences[outgoing.target] + 1 if outcome is Outcome.UNANSWERED else 0
        done[outcome] += 1
        if progress is not None:
            progress(done.total())
    return Drained(done[Outcome.SENT], done[Outcome.DELAYED] + done[Outcome.UNANSWERED], done[Outcome.PARKED])


def put_resource(outgoing: Outgoing, client: httpx.Client) -> None:
    """PUT one resource; raises PublisherRefused or PublisherUnreachable."""
    url = f"{outgoing.target.rstrip('/')}/{outgoing.resource_type}/{outgoing.resource_id}"
    name = f"{outgoing.resource_type}/{outgoing.resource_id}"
    try:
        answer = client.put(url, content=outgoing.content, headers={"Content-Type": FHIR_JSON, "Accept": FHIR_JSON})
    except (httpx.RequestError, httpx.InvalidURL) as cause:
        raise PublisherUnreachable(name, type(cause).__name__) from cause
    if answer.status_code in TRY_AGAIN or answer.is_server_error:
        raise PublisherUnreachable(name, f"status {answer.status_code}", _retry_after(answer.headers))
    if not answer.is_success:
        raise PublisherRefused(name, answer.status_code)


def _deliver(outgoing: Outgoing, outbox: Outbox, client: httpx.Client, *, is_silent: bool) -> Outcome:
    if is_silent:
        outbox.try_again(outgoing.entry_id, reason=NOT_TRIED, pause_seconds=_pause(outgoing.attempts))
        return Outcome.UNANSWERED
    try:
        put_resource(outgoing, client)
    except PublisherUnreachable as cause:
        pause = _pause(outgoing.attempts) if cause.retry_after is None else cause.retry_after
        outbox.try_again(outgoing.entry_id, reason=cause.reason, pause_seconds=pause)
        # Only what failed below HTTP has a cause: a status is an answer.
        return Outcome.DELAYED if cause.__cause__ is None else Outcome.UNANSWERED
    except PublisherRefused as cause:
        outbox.park(outgoing.entry_id, reason=f"status {cause.status}")
        return Outcome.PARKED
    outbox.sent(outgoing.entry_id)
    return Outcome.SENT


def _pause(attempts: int) -> int:
    doubled: int = FIRST_PAUSE_SECONDS * 2 ** min(attempts, 20)
    return min(doubled, LONGEST_PAUSE_SECONDS)


def _retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds that the receiver asked for, one at least; None when it named none, or a date."""
    value = headers.get("Retry-After", "")[:9]
    return min(max(int(value), 1), LONGEST_RETRY_AFTER_SECONDS) if value.isascii() and value.isdigit() else None
