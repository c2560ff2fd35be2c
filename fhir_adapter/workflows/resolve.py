"""Source rows to the resolved model: of what came in since the last time, or of everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection, Engine

from fhir_adapter.store.database import writing
from fhir_adapter.store.intake_log import count_receipts, mark_resolved, newest_receipt, unresolved_receipts
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.workflows.feedback import tell_of
from fhir_adapter.workflows.linkage import Change, link_people

FEW_RECEIPTS = 500  # as many are always resolved by what they touch
LARGEST_SHARE = 0.1  # of all receipts: beyond it, resolving everything is cheaper than finding what was touched
MOST_RECEIPTS_NAMED = 30_000  # SQLite takes 32,766 values in a statement


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolution did. held: records that could not be placed, by `table.column` that they lack."""

    rows: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    conflicts: int = 0


def resolve_pending(connection: Connection) -> Resolved:
    """Resolve what every receipt touched that is not resolved yet, in the transaction of the caller.

    What is not resolved is known from the store itself, so that a crash after records were kept loses nothing.
    """
    receipts = unresolved_receipts(connection)
    if not receipts:
        return Resolved()
    touched = receipts if _are_few(connection, len(receipts)) else None
    link_people(connection, receipts=touched, change=Change(newest_receipt(connection, receipts), "received"))
    counts = resolve_all(connection, touched=touched, notes_conflicts=True)
    tell_of(connection, receipts)
    mark_resolved(connection, receipts)
    return Resolved(counts.resolved, counts.held, counts.conflicts)


def _are_few(connection: Connection, receipts: int) -> bool:
    """Whether resolving what so many receipts touch costs less than resolving everything."""
    if receipts <= FEW_RECEIPTS:
        return True
    return receipts <= min(MOST_RECEIPTS_NAMED, LARGEST_SHARE * count_receipts(connection))


def resolve_store(engine: Engine) -> Resolved:
    """Resolve what is pending, in a transaction of its own."""
    with writing(engine) as connection:
        return resolve_pending(connection)


def resolve_everything(engine: Engine) -> Resolved:
    """Resolve the whole store again."""
    with writing(engine) as connection:
        receipts = unresolved_receipts(connection)
        link_people(connection, receipts=None, change=Change(newest_receipt(connection, None), "all linked again"))
        counts = resolve_all(connection, touched=None, notes_conflicts=True)
        tell_of(connection, receipts)
        mark_resolved(connection, receipts)
    return Resolved(counts.resolved, counts.held, counts.conflicts)
