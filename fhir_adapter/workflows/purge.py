"""Old payloads removed: what they became stays, and so does the receipt that says where it came from."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from fhir_adapter.store.database import forget_old_pages, overwrite_what_goes, writing
from fhir_adapter.store.dropped_payloads import purge_payloads
from fhir_adapter.store.instants import instant_text


def purge_old(engine: Engine, *, now: datetime, days: int) -> tuple[int, int]:
    """Remove payloads that came more than so many days ago; gives how many went, and how many quarantined ones."""
    with writing(engine) as connection:
        overwrite_what_goes(connection)
        before = instant_text(now - timedelta(days=days))
        gone = purge_payloads(connection, before=before, at=instant_text(now))
    forget_old_pages(engine)
    return gone
