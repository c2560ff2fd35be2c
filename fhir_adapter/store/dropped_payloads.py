"""Payloads that were accepted and are not kept any more: by age, or because they hold a person who must not be here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import BoundText, bound_text, insert_sql, is_listed, listed, listed_places
from fhir_adapter.store.intake_log import ReceiptStatus
from fhir_adapter.store.operational_schema import PAYLOAD, QUARANTINE, RECEIPT
from fhir_adapter.store.person_schema import DROPPED_PAYLOAD
from fhir_adapter.store.running import fetch

DIGEST_CHARACTERS = 64  # of the whole file; a piece of it is named `<digest>/<piece>`
AT_ONCE = 500
PURGED = "purged"


def file_of(digest: str) -> str:
    """Digest of the file that a payload is, or is a piece of."""
    return digest[:DIGEST_CHARACTERS]


def is_of_file(column: sa.ColumnElement[str], digest: str) -> sa.ColumnElement[bool]:
    """Whether a column names this file or a piece of it; digits and letters come after the stroke between the two."""
    return sa.or_(column == digest, sa.and_(column > f"{digest}/", column < f"{digest}0"))


def dropped_files(connection: Connection, files: Collection[str]) -> frozenset[str]:
    """Those of the files whose payload was dropped before."""
    wanted = sorted(set(files))
    found: set[str] = set()
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        known = _dropped(listed_places(batch), connection.dialect.name)
        found.update(digest for (digest,) in fetch(connection, known.text, known.parameters(listed(batch))))
    return frozenset(found)


@cache
def _dropped(files: int, dialect_name: str) -> BoundText:
    found = sa.select(DROPPED_PAYLOAD.c.digest).where(is_listed(DROPPED_PAYLOAD.c.digest, files))
    return bound_text(found, dialect_name)


def drop_payloads(connection: Connection, files: Iterable[tuple[str, str]], *, at: str) -> int:
    """Remove the payloads of files, every piece, and remember that they are gone; gives how many pieces went.

    files: digest and reason of each.
    """
    rows = [(digest, reason, at) for digest, reason in files]
    if not rows:
        return 0
    columns = tuple(column.name for column in DROPPED_PAYLOAD.columns)
    connection.exec_driver_sql(insert_sql(DROPPED_PAYLOAD, columns, connection.dialect.name), rows)
    gone = 0
    for digest, _, _ in rows:
        gone += connection.execute(sa.delete(PAYLOAD).where(is_of_file(PAYLOAD.c.digest, digest))).rowcount
    return gone


def purge_payloads(connection: Connection, *, before: str, at: str) -> tuple[int, int]:
    """Remove payloads that came before an instant, whole files only, and the bytes of what was set aside.

    Gives how many pieces of accepted payloads went, and how many quarantined ones.
    """
    file = sa.func.substr(PAYLOAD.c.digest, 1, DIGEST_CHARACTERS)
    old = sa.select(file).group_by(file).having(sa.func.max(PAYLOAD.c.received_at) < before)
    files = list(connection.execute(old).scalars())
    gone = drop_payloads(connection, [(each, PURGED) for each in files], at=at)
    cleared = sa.update(QUARANTINE).where(QUARANTINE.c.created_at < before, QUARANTINE.c.sealed.is_not(None))
    set_aside = connection.execute(cleared.values(sealed=None, key_id=None)).rowcount
    return gone, set_aside


def count_without_payload(connection: Connection, adapter: str | None) -> int:
    """How many accepted files, of one adapter or of all, are kept without the bytes they came as."""
    file = sa.func.substr(RECEIPT.c.digest, 1, DIGEST_CHARACTERS)
    kept = sa.select(sa.func.substr(PAYLOAD.c.digest, 1, DIGEST_CHARACTERS))
    statement = sa.select(sa.func.count(file.distinct())).where(
        RECEIPT.c.status == str(ReceiptStatus.ACCEPTED), RECEIPT.c.adapter.is_not(None), file.not_in(kept)
    )
    if adapter is not None:
        statement = statement.where(RECEIPT.c.adapter == adapter)
    return int(connection.execute(statement).scalar_one())
