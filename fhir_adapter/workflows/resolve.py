"""Source rows to the resolved model, for the records that just came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.engine import Engine

from fhir_adapter.store.database import writing
from fhir_adapter.store.resolved import ResolutionCounts, resolve_all

MOST_RECEIPTS_TOUCHED = 500  # beyond these, resolving everything is cheaper than finding what was touched


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolution did. held: records that could not be placed, by `table.column` that they lack."""

    rows: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    conflicts: int = 0


def resolve_receipts(engine: Engine, receipts: Sequence[str]) -> Resolved:
    """Resolve what these receipts touched; nothing at all when there are none."""
    if not receipts:
        return Resolved()
    with writing(engine) as connection:
        counts = resolve_all(connection, touched=None if len(receipts) > MOST_RECEIPTS_TOUCHED else receipts)
    return _resolved(counts)


def resolve_everything(engine: Engine) -> Resolved:
    """Resolve the whole store again."""
    with writing(engine) as connection:
        return _resolved(resolve_all(connection, touched=None))


def _resolved(counts: ResolutionCounts) -> Resolved:
    return Resolved(counts.resolved, counts.held, counts.conflicts)
