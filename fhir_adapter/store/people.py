"""Where a person is known: keys of sources, found by NHS number or person key, and their removal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.barring import Barred
from fhir_adapter.store.link_removal import batches, forget_entries
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE, SETTLEMENT
from fhir_adapter.store.person_schema import BARRED_PERSON
from fhir_adapter.store.sealing import Sealer


@dataclass(frozen=True, slots=True, order=True)
class KnownAs:
    """A person as one source knows them."""

    source: str
    source_key: str


def known_by_word(connection: Connection, word: str) -> set[KnownAs]:
    """Where somebody with this NHS number is known, under every key that is linked with one of these."""
    statement = sa.select(LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key).where(
        LINKAGE_ZONE.c.nhs_number_hmac == word
    )
    return _with_linked(connection, {KnownAs(*row) for row in connection.execute(statement)})


def known_by_person_key(connection: Connection, person_key: str) -> set[KnownAs]:
    """Where the person of this key is known."""
    zone = sa.select(LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key).where(LINKAGE_ZONE.c.person_key == person_key)
    links = sa.select(LINK.c.source, LINK.c.source_key).where(
        LINK.c.entity == "person", LINK.c.resolved_key == person_key
    )
    return _with_linked(connection, {KnownAs(*row) for each in (zone, links) for row in connection.execute(each)})


def known_and_opted_out(connection: Connection) -> set[KnownAs]:
    """Where people on the opt-out list are known."""
    listed = sa.select(BARRED_PERSON.c.word).where(BARRED_PERSON.c.reason == str(Barred.OPT_OUT))
    statement = sa.select(LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key).where(
        LINKAGE_ZONE.c.nhs_number_hmac.in_(listed)
    )
    return _with_linked(connection, {KnownAs(*row) for row in connection.execute(statement)})


def open_identities(connection: Connection, people: Collection[KnownAs], sealer: Sealer) -> list[bytes]:
    """Their identifiers as received; raises SealBroken. Whoever calls notes the opening."""
    columns = (LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key, LINKAGE_ZONE.c.sealed)
    found = []
    for each in sorted(people):
        statement = sa.select(*columns).where(
            LINKAGE_ZONE.c.source == each.source, LINKAGE_ZONE.c.source_key == each.source_key
        )
        for source, key, sealed in connection.execute(statement):
            if sealed is not None:
                found.append(sealer.open(bytes(sealed), bound_to=f"{source}|{key}"))
    return found


def words_of(connection: Connection, people: Collection[KnownAs]) -> set[str]:
    """Words by which these people are barred: of their NHS numbers, and the names of their source keys."""
    words = {each.source_key for each in people}
    for batch in batches(each.source_key for each in people):
        statement = sa.select(LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key, LINKAGE_ZONE.c.nhs_number_hmac)
        for source, key, word in connection.execute(statement.where(LINKAGE_ZONE.c.source_key.in_(batch))):
            if word is not None and KnownAs(source, key) in people:
                words.add(word)
    return words


def forget_people(connection: Connection, people: Collection[KnownAs]) -> None:
    """Remove their identifiers, their links with all that was said of these, and what was settled about them.

    Who was linked with them by a chain is noted, to be linked again without them.
    """
    forget_entries(connection, _entries_of(connection, people), with_history=True)
    for each in people:
        for table, conditions in ((LINK, (LINK.c.entity == "person",)), (SETTLEMENT, ())):
            statement = sa.delete(table).where(
                table.c.source == each.source, table.c.source_key == each.source_key, *conditions
            )
            connection.execute(statement)


def _entries_of(connection: Connection, people: Collection[KnownAs]) -> set[str]:
    found: set[str] = set()
    columns = (LINKAGE_ZONE.c.source, LINKAGE_ZONE.c.source_key, LINKAGE_ZONE.c.entry_key)
    for batch in batches(each.source_key for each in people):
        rows = connection.execute(sa.select(*columns).where(LINKAGE_ZONE.c.source_key.in_(batch)))
        found |= {entry for source, key, entry in rows if KnownAs(source, key) in people}
    return found


def _with_linked(connection: Connection, people: set[KnownAs]) -> set[KnownAs]:
    """These and every other key that is linked with the same person."""
    resolved: set[str] = set()
    for batch in batches(each.source_key for each in people):
        statement = sa.select(LINK.c.source, LINK.c.source_key, LINK.c.resolved_key)
        rows = connection.execute(statement.where(LINK.c.entity == "person", LINK.c.source_key.in_(batch)))
        resolved |= {key for source, source_key, key in rows if KnownAs(source, source_key) in people}
    for batch in batches(resolved):
        others = sa.select(LINK.c.source, LINK.c.source_key)
        found = connection.execute(others.where(LINK.c.entity == "person", LINK.c.resolved_key.in_(batch)))
        people |= {KnownAs(*row) for row in found}
    return people
