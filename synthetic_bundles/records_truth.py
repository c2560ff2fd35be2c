"""The truth of single records beside the data: who each one mentions, and where it differs from the birth record.

`truth_people.parquet` has a row for each person in each record of each feed, `truth_conflicts.parquet` one for each
field that differs. They are written while the feeds are, a batch at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthetic_bundles.disagreements import FINDERS, Births, Disagreement, births_told
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.feeds import BUNDLE_FEEDS, BUNDLE_FORMATS, CERTIFICATE_FEEDS, TABLE_FEEDS
from synthetic_bundles.identifiers import world_stamp
from synthetic_bundles.mentions import (
    OF_BUNDLES,
    OF_CERTIFICATES,
    OF_TABLES,
    Mention,
    Mentioner,
    TruePeople,
    true_people,
)
from synthetic_bundles.placing import Told
from synthetic_bundles.tables import World

PEOPLE, CONFLICTS = "truth_people.parquet", "truth_conflicts.parquet"
RECORD_TABLES = (PEOPLE, CONFLICTS)
ROWS_AT_ONCE = 100_000
_LABEL = pa.dictionary(pa.int32(), pa.string())
SCHEMAS = {
    PEOPLE: pa.schema(
        [
            ("feed", _LABEL),
            ("record", pa.string()),
            ("sender", _LABEL),
            ("place", _LABEL),
            ("key", pa.string()),
            ("role", _LABEL),
            ("person", pa.string()),
            ("delivery", pa.string()),
            ("eth5", _LABEL),
            ("imd5", _LABEL),
            ("nhs_number", _LABEL),
        ]
    ),
    CONFLICTS: pa.schema(
        [
            ("feed", _LABEL),
            ("record", pa.string()),
            ("place", _LABEL),
            ("key", pa.string()),
            ("role", _LABEL),
            ("person", pa.string()),
            ("field", _LABEL),
            ("kind", _LABEL),
            ("size", pa.float64()),
            ("is_named", pa.bool_()),
        ]
    ),
}
Row = Sequence[Any]


@dataclass(slots=True)
class _TableWriter:
    """Rows of one table, written whenever enough have come."""

    writer: pq.ParquetWriter
    schema: pa.Schema
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        if len(self.rows) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.schema)
        arrays = [pa.array(values, kind.type) for values, kind in zip(columns, self.schema, strict=True)]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self.rows.clear()


@dataclass(frozen=True, slots=True)
class RecordsTruth:
    """Writes down the truth of the records of one part as they are told."""

    people: TruePeople
    births: Births
    formats: Collection[str]
    mentions: _TableWriter
    conflicts: _TableWriter

    def note(self, system: System, told: Iterable[Told]) -> None:
        """Note these records of a system, each once, for every feed that tells them."""
        mentioners = list(mentioners_of(system, self.formats))
        find = FINDERS.get(system)
        for each in told:
            found = [] if find is None else list(find(self.births, each))
            for feed, mentioner in mentioners:
                mentioned = list(mentioner(self.people, each))
                for mention in mentioned:
                    self.mentions.add((feed, *mention))
                if not feed.startswith("bfdr/"):  # certificates are written from the clean record
                    for disagreement in found:
                        self.conflicts.add(_conflict_row(feed, mentioned, disagreement))


@contextmanager
def writing_records_truth(world: World, formats: Collection[str], folder: Path) -> Iterator[RecordsTruth]:
    """Tables of truth of the records of one part, open in this folder until the block ends."""
    with ExitStack() as stack:
        writers = {}
        for name in RECORD_TABLES:
            path = kept_path(folder, name, world.part)
            writer = stack.enter_context(pq.ParquetWriter(path, SCHEMAS[name], compression="zstd"))
            writers[name] = _TableWriter(writer, SCHEMAS[name])
            stack.callback(writers[name].flush)
        people = true_people(world, world_stamp(world))
        yield RecordsTruth(people, births_told(world), formats, writers[PEOPLE], writers[CONFLICTS])


def write_records_truth(parts: int, folder: Path, kept: Path) -> list[Path]:
    """Put the tables of all parts one behind the other. kept: where those of the parts stand."""
    for name in RECORD_TABLES:
        with pq.ParquetWriter(folder / name, SCHEMAS[name], compression="zstd") as writer:
            for part in range(1, parts + 1):
                file = pq.ParquetFile(kept_path(kept, name, part))
                for group in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(group))
    return [folder / name for name in RECORD_TABLES]


def kept_path(folder: Path, name: str, part: int) -> Path:
    """Where a table of one part stands until the parts are put together."""
    return folder / f"{part:04d}-{name}"


def mentioners_of(system: System, formats: Collection[str]) -> Iterator[tuple[str, Mentioner]]:
    """Name `<format>/<feed>` and mentioner of every feed of a system in these formats."""
    for feed in BUNDLE_FEEDS:
        if feed.system is system:
            yield from ((f"{form}/{feed.name}", OF_BUNDLES[system]) for form in BUNDLE_FORMATS if form in formats)
    for table in TABLE_FEEDS:
        if table.system is system and "csv" in formats:
            yield f"csv/{table.name}", OF_TABLES[table.name]
    for certificate in CERTIFICATE_FEEDS:
        if certificate.system is system and "bfdr" in formats:
            yield f"bfdr/{certificate.name}", OF_CERTIFICATES


def _conflict_row(feed: str, mentions: Sequence[Mention], found: Disagreement) -> Row:
    """A field of the first person of its role that the record mentions; a slip in maternity is of the first baby."""
    mention = next(each for each in mentions if each.role == found.role)
    where = (mention.record, mention.place, mention.key, mention.role, mention.person)
    return (feed, *where, found.field, found.kind, found.size, found.is_named)
