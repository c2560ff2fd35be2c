"""People whose records are not kept, by words: keyed digests of an NHS number or of a source key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.person_schema import BARRED_PERSON
from fhir_adapter.store.running import fetch

AT_ONCE = 500  # SQLite takes a limited number of parameters
ROWS_AT_ONCE = 20_000


class Barred(StrEnum):
    """Why the records of a person are not kept."""

    OPT_OUT = "opt-out"
    ERASED = "erased"


def is_anybody_barred(connection: Connection) -> bool:
    """Whether there is anybody whose records are not kept."""
    return bool(fetch(connection, "SELECT 1 FROM barred_person LIMIT 1"))


def barred_words(connection: Connection, words: Collection[str]) -> dict[str, Barred]:
    """Those of the words that stand for barred people; an erased person who also opted out counts as erased."""
    wanted = sorted(words)
    found: dict[str, Barred] = {}
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        statement = sa.select(BARRED_PERSON.c.word, BARRED_PERSON.c.reason).where(BARRED_PERSON.c.word.in_(batch))
        for word, reason in connection.execute(statement.order_by(BARRED_PERSON.c.reason.desc())):
            found[word] = Barred(reason)
    return found


def bar(connection: Connection, words: Iterable[str], reason: Barred, *, since: str) -> int:
    """Bar people from now on; gives the number of words, and reads them only as it goes."""
    columns = tuple(column.name for column in BARRED_PERSON.columns)
    statement = insert_sql(BARRED_PERSON, columns, connection.dialect.name)
    count, rows = 0, ((word, str(reason), since) for word in words)
    while batch := list(_first(rows)):
        connection.exec_driver_sql(statement, batch)
        count += len(batch)
    return count


def unbar(connection: Connection, reason: Barred) -> None:
    """Forget everybody who is barred for this reason."""
    connection.execute(sa.delete(BARRED_PERSON).where(BARRED_PERSON.c.reason == str(reason)))


def _first(rows: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    return islice(rows, ROWS_AT_ONCE)
