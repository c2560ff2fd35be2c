"""A new deployment key: all that is sealed is sealed anew, while the service goes on.

Every batch is a transaction of its own, and each row names the key that sealed it: what is done stays done when the
work is broken off, and begun again it goes on with the rest. Names of people do not change, so no result does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fhir_adapter.store.audit_log import Purpose
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.resealing import SEALED_TABLES, SealedTable, count_under_other_keys, reseal_batch
from fhir_adapter.workflows.ingest import Intake
from fhir_adapter.workflows.openings import note


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation sealed anew, by table."""

    key_id: str
    rows: Mapping[str, int]


def rotate_key(intake: Intake, *, progress: Callable[[int], None] | None = None) -> Rotated:
    """Seal everything under the key of today that is sealed under an earlier one.

    Raises SealBroken, naming the row, for what no key that is set opens; what was done before it stays done.
    """
    rows: dict[str, int] = {}
    for sealed in SEALED_TABLES:
        rows[sealed.table.name] = 0
        while done := _one_batch(intake, sealed):
            rows[sealed.table.name] += done
            if progress is not None:
                progress(sum(rows.values()))
    return Rotated(intake.sealer.key_id, rows)


def left_to_rotate(intake: Intake) -> int:
    """How many rows are sealed under another key than that of today."""
    with reading(intake.engine) as connection:
        return sum(count_under_other_keys(connection, each, intake.sealer.key_id) for each in SEALED_TABLES)


def _one_batch(intake: Intake, sealed: SealedTable) -> int:
    with writing(intake.engine) as connection:
        done = reseal_batch(connection, sealed, intake.sealer)
        if sealed.kind is not None:
            note(connection, intake, Purpose.ROTATE, sealed.kind, done)
    return done
