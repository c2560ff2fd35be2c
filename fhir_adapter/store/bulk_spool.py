"""Resources of an export set aside on disk until all of a person have come, whatever the order of the files.

A private database of SQLite in the temporary folder (`SQLITE_TMPDIR`, else `TMPDIR`): the file has no name from the
moment it is opened, so nothing is left of it, whatever ends the process. In memory stays a cache of fixed size.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple, Self

CACHE_KIB = 32_768
ROWS_AT_ONCE = 500
SCHEMA = """
CREATE TABLE resource (
    number INTEGER PRIMARY KEY, file INTEGER, line INTEGER, type TEXT, rank INTEGER, name TEXT, owner TEXT,
    updated REAL, recorded TEXT, size INTEGER, content BLOB, is_person INTEGER, person INTEGER, home INTEGER
);
CREATE TABLE reference (number INTEGER, target TEXT);
"""
NEWEST = """
CREATE INDEX by_name ON resource (name, updated);
CREATE TABLE older AS
    SELECT number, file, line, type FROM (
        SELECT number, file, line, type,
            row_number() OVER (PARTITION BY name ORDER BY updated DESC, number DESC) AS place
        FROM resource WHERE name IS NOT NULL
    ) WHERE place > 1;
DELETE FROM reference WHERE number IN (SELECT number FROM older);
DELETE FROM resource WHERE number IN (SELECT number FROM older);
CREATE INDEX by_target ON reference (target);
CREATE INDEX by_source ON reference (number);
"""
PEOPLE = """
UPDATE resource SET person = number WHERE is_person;
UPDATE resource SET person = (
    SELECT found.number FROM resource AS found WHERE found.name = resource.owner AND found.is_person
) WHERE owner IS NOT NULL AND NOT is_person;
CREATE TABLE person (number INTEGER PRIMARY KEY, home INTEGER);
INSERT INTO person SELECT number, number FROM resource WHERE is_person;
CREATE TABLE bond AS
    SELECT DISTINCT one.person AS one, other.person AS other
    FROM reference JOIN resource AS one ON one.number = reference.number
    JOIN resource AS other ON other.name = reference.target
    WHERE one.person <> other.person;
"""
HOOK = """
UPDATE person SET home = hooked.low FROM (
    SELECT max(one.home, other.home) AS high, min(min(one.home, other.home)) AS low
    FROM bond JOIN person AS one ON one.number = bond.one JOIN person AS other ON other.number = bond.other
    WHERE one.home <> other.home GROUP BY 1
) AS hooked WHERE person.number = hooked.high
"""
JUMP = """
UPDATE person SET home = above.home FROM person AS above
WHERE above.number = person.home AND above.home <> person.home
"""
HOMES = """
UPDATE resource SET home = person.home FROM person WHERE person.number = resource.person;
CREATE INDEX by_home ON resource (home, rank, type, number);
CREATE TABLE nobody AS
    SELECT home FROM resource WHERE home IS NOT NULL GROUP BY home HAVING sum(type = 'Patient') = 0;
UPDATE resource SET home = NULL WHERE home IN (SELECT home FROM nobody);
CREATE TABLE shared (home INTEGER, number INTEGER, PRIMARY KEY (home, number)) WITHOUT ROWID;
CREATE INDEX by_shared ON shared (number);
INSERT OR IGNORE INTO shared
    SELECT resource.home, found.number
    FROM reference JOIN resource USING (number) JOIN resource AS found ON found.name = reference.target
    WHERE resource.home IS NOT NULL AND found.owner IS NULL AND NOT found.is_person;
INSERT OR IGNORE INTO shared
    SELECT min(found.home), resource.number
    FROM resource JOIN reference USING (number) JOIN resource AS found ON found.name = reference.target
    WHERE resource.owner IS NULL AND NOT resource.is_person AND found.home IS NOT NULL
    GROUP BY resource.number HAVING count(DISTINCT found.home) = 1;
"""
FOLLOW = """
INSERT OR IGNORE INTO shared
    SELECT shared.home, found.number
    FROM shared JOIN reference USING (number) JOIN resource AS found ON found.name = reference.target
    WHERE found.owner IS NULL AND NOT found.is_person
"""
RECORD = """
SELECT file, line, type, name, updated, recorded, content FROM (
    SELECT rank, number, file, line, type, name, updated, recorded, content FROM resource WHERE home = :home
    UNION ALL
    SELECT rank, number, file, line, type, name, updated, recorded, content
    FROM shared JOIN resource USING (number) WHERE shared.home = :home
) ORDER BY rank, type, number
"""
SIZE = """
SELECT count(*), sum(size) FROM (
    SELECT size FROM resource WHERE home = :home
    UNION ALL SELECT size FROM shared JOIN resource USING (number) WHERE shared.home = :home
)
"""
UNPLACED = """
SELECT file, line, type, content FROM resource
WHERE home IS NULL AND number NOT IN (SELECT number FROM shared) ORDER BY file, line
"""
PLACES = """
SELECT file, line, type FROM resource WHERE home = :home ORDER BY rank, type, number LIMIT 1
"""


class Spooled(NamedTuple):
    """One line to set aside. file: its place among the files of the export. rank: its place within a record.

    name: `Type/id`. owner: name of the person that it is about. recorded: its last update as it says so.
    """

    file: int
    line: int
    resource_type: str
    rank: int
    name: str | None
    owner: str | None
    updated: float
    recorded: str | None
    content: bytes
    is_person: bool
    references: Sequence[str]


class Member(NamedTuple):
    """One line of a record."""

    file: int
    line: int
    resource_type: str
    name: str | None
    updated: float
    recorded: str | None
    content: bytes


class Placed(NamedTuple):
    """Where a line stands that is in no record. content: empty where nobody asks for it."""

    file: int
    line: int
    resource_type: str
    content: bytes


class Home(NamedTuple):
    """A record before it is read. entries, size: how many lines of how many bytes; first: where its first stands."""

    number: int
    entries: int
    size: int
    first: Placed


class BulkSpool:
    """The lines of one export; to be used as a context. Add all, `group` once, then ask."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._references: list[tuple[int, str]] = []
        self._count = 0

    def __enter__(self) -> Self:
        self._database = sqlite3.connect("", isolation_level=None)  # the empty name: private, on disk, unlinked
        for setting in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.executescript(SCHEMA)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, line: Spooled) -> None:
        """Set a line aside."""
        self._count += 1
        *told, content, is_person, references = line
        self._rows.append((self._count, *told, len(content), content, is_person))
        self._references += [(self._count, each) for each in references if each != line.name]
        if len(self._rows) == ROWS_AT_ONCE:
            self._write()

    def group(self) -> None:
        """Join what belongs together. People are one family where anything of one refers to anything of the other."""
        self._write()
        self._database.executescript(NEWEST)
        self._database.executescript(PEOPLE)
        while self._changes(HOOK):  # as trees over numbers, halved in height by each jump: rounds, not steps
            while self._changes(JUMP):
                pass
        self._database.executescript(HOMES)
        while self._changes(FOLLOW):
            pass

    def types(self) -> Collection[str]:
        """The types of resource that were added."""
        return [each for (each,) in self._database.execute("SELECT DISTINCT type FROM resource ORDER BY type")]

    def homes(self) -> Iterator[Home]:
        """Every record, in the order in which the first line of each came."""
        numbers = self._database.execute("SELECT DISTINCT home FROM resource WHERE home IS NOT NULL ORDER BY home")
        for (number,) in numbers:
            entries, size = self._database.execute(SIZE, {"home": number}).fetchone()
            file, line, kind = self._database.execute(PLACES, {"home": number}).fetchone()
            yield Home(number, entries, size, Placed(file, line, kind, b""))

    def record(self, home: Home) -> list[Member]:
        """The lines of a record: people first, then by type, each type in the order of the files."""
        return [Member(*each) for each in self._database.execute(RECORD, {"home": home.number})]

    def unplaced(self) -> Iterator[Placed]:
        """The lines that are in no record."""
        return (Placed(*each) for each in self._database.execute(UNPLACED))

    def older(self) -> Iterator[Placed]:
        """The lines of which a newer version came, or the same once more."""
        found = self._database.execute("SELECT file, line, type FROM older ORDER BY file, line")
        return (Placed(file, line, kind, b"") for file, line, kind in found)

    def _write(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT INTO resource (number, file, line, type, rank, name, owner, updated, recorded, size, content,"
            " is_person) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._rows,
        )
        self._database.executemany("INSERT INTO reference VALUES (?, ?)", self._references)
        self._database.execute("COMMIT")
        self._rows, self._references = [], []

    def _changes(self, statement: str) -> bool:
        return self._database.execute(statement).rowcount > 0
