"""Openings of what is sealed, noted with who opens and when."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from fhir_adapter.store.audit_log import Opened, Opening, Purpose, note_opening
from fhir_adapter.store.instants import instant_text
from fhir_adapter.workflows.ingest import Intake


def note(connection: Connection, intake: Intake, purpose: Purpose, kind: Opened, records: int) -> None:
    """Note that so many sealed records are opened in this transaction."""
    opening = Opening(intake.actor, purpose, kind, records, instant_text(intake.now()))
    note_opening(connection, opening, intake.pseudonyms.key)
