"""The secret under which people and source keys are named, made once for each store and sealed.

Names must outlive the deployment key: keys of people stand in every table, and words of people who opted out or were
erased cannot be made again, for their numbers are not kept. So the secret is apart from the key, and a rotation only
seals it anew.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.person_schema import NAMING_SECRET
from fhir_adapter.store.sealing import KEY_BYTES, Sealer

ONLY_ONE = "names"
BOUND_TO = f"naming_secret/{ONLY_ONE}"


def find_secret(connection: Connection, sealer: Sealer) -> bytes | None:
    """The secret of this store; None when it has none yet. Raises SealBroken."""
    sealed = connection.execute(sa.select(NAMING_SECRET.c.sealed).where(NAMING_SECRET.c.id == ONLY_ONE)).scalar()
    return None if sealed is None else sealer.open(bytes(sealed), bound_to=BOUND_TO)


def make_secret(connection: Connection, sealer: Sealer, *, made_at: str, given: bytes | None = None) -> bytes:
    """The secret of this store, made now unless another process was faster. given: instead of a random one."""
    fresh = secrets.token_bytes(KEY_BYTES) if given is None else given
    columns = tuple(column.name for column in NAMING_SECRET.columns)
    statement = insert_sql(NAMING_SECRET, columns, connection.dialect.name)
    connection.exec_driver_sql(statement, (ONLY_ONE, sealer.seal(fresh, bound_to=BOUND_TO), sealer.key_id, made_at))
    found = find_secret(connection, sealer)
    assert found is not None, "the secret was just written"
    return found
