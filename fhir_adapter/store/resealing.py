"""Everything that is sealed, sealed anew under the key of today, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.audit_log import Opened
from fhir_adapter.store.naming_secret import BOUND_TO, ONLY_ONE
from fhir_adapter.store.operational_schema import LINKAGE_ZONE, PAYLOAD, QUARANTINE
from fhir_adapter.store.person_schema import NAMING_SECRET
from fhir_adapter.store.sealing import Sealer

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with columns `sealed` and `key_id`. binding: what a row is bound to, `{}` for each of its `keys`.

    kind: what its rows are in the audit; None for what is no record.
    """

    table: sa.Table
    keys: tuple[str, ...]
    binding: str
    kind: Opened | None

    def bound_to(self, key: Sequence[str]) -> str:
        """What the row of this key is bound to."""
        return self.binding.format(*key)


SEALED_TABLES: tuple[SealedTable, ...] = (
    SealedTable(NAMING_SECRET, ("id",), BOUND_TO.replace(ONLY_ONE, "{}"), None),
    SealedTable(LINKAGE_ZONE, ("source", "source_key"), "{}|{}", Opened.IDENTITY),
    SealedTable(QUARANTINE, ("id",), "quarantine/{}", Opened.QUARANTINE),
    SealedTable(PAYLOAD, ("digest",), "{}", Opened.PAYLOAD),
)


def count_under_other_keys(connection: Connection, sealed: SealedTable, key_id: str) -> int:
    """How many rows are sealed under another key than this."""
    statement = sa.select(sa.func.count()).select_from(sealed.table).where(*_is_other(sealed, key_id))
    return int(connection.execute(statement).scalar_one())


def reseal_batch(connection: Connection, sealed: SealedTable, sealer: Sealer) -> int:
    """Seal some rows anew that are under another key; gives how many, none when all are done. Raises SealBroken."""
    table, keys = sealed.table, [sealed.table.c[name] for name in sealed.keys]
    found = connection.execute(
        sa.select(*keys, table.c.sealed).where(*_is_other(sealed, sealer.key_id)).limit(ROWS_AT_ONCE)
    ).all()
    if not found:
        return 0
    changed = sa.update(table).where(*(table.c[name] == sa.bindparam(f"of_{name}") for name in sealed.keys))
    connection.execute(
        changed.values(sealed=sa.bindparam("anew"), key_id=sa.bindparam("under")),
        [
            {f"of_{name}": part for name, part in zip(sealed.keys, key, strict=True)}
            | {"anew": sealer.reseal(bytes(old), bound_to=sealed.bound_to(key)), "under": sealer.key_id}
            for *key, old in found
        ],
    )
    return len(found)


def _is_other(sealed: SealedTable, key_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (sealed.table.c.sealed.is_not(None), sealed.table.c.key_id != key_id)
