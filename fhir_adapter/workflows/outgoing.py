"""The outbox of the store as the publisher uses it: every call its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from fhir_adapter.publisher.push import Outgoing
from fhir_adapter.store.database import writing
from fhir_adapter.store.outbox import lease_next, mark_sent, park, send_later

LEASE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class StoredOutbox:
    """An outbox over an open store and a clock."""

    engine: Engine
    now: Callable[[], datetime]

    def take(self) -> Outgoing | None:
        """Lease the next entry that is due; None when there is none."""
        with writing(self.engine) as connection:
            leased = lease_next(connection, self.now(), lease_seconds=LEASE_SECONDS)
        if leased is None:
            return None
        return Outgoing(
            leased.entry_id,
            leased.target,
            leased.resource_type,
            leased.resource_id,
            leased.version_id,
            leased.content,
            leased.attempts,
        )

    def sent(self, entry_id: str) -> None:
        """The receiver has it."""
        with writing(self.engine) as connection:
            mark_sent(connection, entry_id)

    def try_again(self, entry_id: str, *, reason: str, pause_seconds: int) -> None:
        """Not yet: keep it for later."""
        with writing(self.engine) as connection:
            send_later(connection, entry_id, self.now(), pause_seconds=pause_seconds, reason=reason)

    def park(self, entry_id: str, *, reason: str) -> None:
        """The receiver will not take it: keep it for a person."""
        with writing(self.engine) as connection:
            park(connection, entry_id, reason=reason)
