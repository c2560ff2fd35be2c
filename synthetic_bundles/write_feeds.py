"""The feeds of one part of a world as files, and how many faults each of them holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import orjson

from synthetic_bundles.csv_lines import csv_line
from synthetic_bundles.faults.drawing import Faults
from synthetic_bundles.faults.kinds import Fault, System
from synthetic_bundles.feeds import (
    BUNDLE_FEEDS,
    BUNDLE_FORMATS,
    CERTIFICATE_FEEDS,
    TABLE_FEEDS,
    BundleFeed,
    CertificateFeed,
    TableFeed,
)
from synthetic_bundles.files import fault_of_file, name_when_sent_again, write_broken, write_lines
from synthetic_bundles.identifiers import bundle_identifier, world_stamp
from synthetic_bundles.placing import Batch, Told, batches, spoken_faults
from synthetic_bundles.records import BirthRecord
from synthetic_bundles.render_bulk import BulkFile, bulk_lines, bulk_manifest
from synthetic_bundles.tables import World
from synthetic_bundles.telling import natural_faults, told_by

EXPORT = "https://perinatal-equity.example/synthetic/$export?feed="
FeedName = str  # "<format>/<feed>"
Move = Callable[[int], None]
Note = Callable[[System, Sequence[Told]], None]


@dataclass(slots=True)
class Written:
    """What was written: every file in order, the faults by feed, and the files of Bulk Data by feed."""

    paths: list[Path] = field(default_factory=list)
    faults: defaultdict[FeedName, Counter[Fault]] = field(default_factory=lambda: defaultdict(Counter))
    exported: defaultdict[str, list[BulkFile]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one part of a world is written to. progress: called with the records done since the last call.

    note: called with the records of a system and month, each once.
    """

    world: World
    faults: Faults
    folder: Path
    formats: Collection[str]
    stamp: str
    written: Written
    progress: Move
    note: Note

    def path(self, form: str, feed: str, stem: str, batch: Batch, ending: str) -> Path:
        """Place of the file of one trust and month, with the folders that it needs."""
        part = f"-p{self.world.part:02d}" if self.world.parts > 1 else ""
        folder = self.folder / form / feed
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{stem}-{batch.trust}-{batch.month}{part}{ending}"

    def write(self, path: Path, lines: Sequence[bytes]) -> None:
        write_lines(path, lines)
        self.written.paths.append(path)

    def write_perhaps_broken(self, feed: FeedName, path: Path, lines: Sequence[bytes]) -> None:
        """Write the file; when it breaks on the way, the broken one and then the whole one, sent again."""
        fault = fault_of_file(self.faults.level.of_files, self.world.seed, f"{feed}/{path.name}")
        if fault is None:
            self.write(path, lines)
            return
        write_broken(path, lines, fault)
        self.written.paths.append(path)
        self.write(name_when_sent_again(path), lines)
        self.written.faults[feed][fault] += 1


def write_feeds(
    world: World,
    faults: Faults,
    folder: Path,
    *,
    formats: Collection[str],
    systems: Collection[System],
    progress: Move,
    note: Note,
) -> Written:
    """Write the feeds of these systems in these formats. Memory holds one month of one system at a time.

    progress, note: as in Desk.
    """
    desk = Desk(world, faults, folder, formats, world_stamp(world), Written(), progress, note)
    for system in wanted_systems(formats, systems):
        for batch in batches(told_by(world, faults, system), str(world.last_month)):
            _write_batch(desk, system, batch)
    for feed in sorted(desk.written.exported):
        _write_manifest(desk, feed)
    return desk.written


def wanted_systems(formats: Collection[str], systems: Collection[System]) -> list[System]:
    """Those of these systems that have a feed in one of these formats."""
    return [system for system in System if system in systems and _is_wanted(system, formats)]


def records_of_system(world: World, system: System) -> int:
    """How many records the feeds of a system tell."""
    care = world.care
    return {
        System.MATERNITY: len(world.pregnancies),
        System.NEONATAL: len(care.neonatal_episodes),
        System.HEALTH_VISITING: len(care.health_visits),
        System.MENTAL_HEALTH: len(care.mental_health_referrals),
    }[system]


def _is_wanted(system: System, formats: Collection[str]) -> bool:
    has_bundles = any(feed.system is system for feed in BUNDLE_FEEDS) and bool(set(BUNDLE_FORMATS) & set(formats))
    has_tables = any(feed.system is system for feed in TABLE_FEEDS) and "csv" in formats
    has_certificates = any(feed.system is system for feed in CERTIFICATE_FEEDS) and "bfdr" in formats
    return has_bundles or has_tables or has_certificates


def _write_batch(desk: Desk, system: System, batch: Batch) -> None:
    spoken = spoken_faults(batch.own, natural_faults(system))
    for bundle_feed in BUNDLE_FEEDS:
        if bundle_feed.system is system and set(BUNDLE_FORMATS) & set(desk.formats):
            _write_bundles(desk, bundle_feed, batch, spoken)
    for table_feed in TABLE_FEEDS:
        if table_feed.system is system and "csv" in desk.formats:
            _write_tables(desk, table_feed, batch)
            _count(desk, f"csv/{table_feed.name}", spoken + batch.faults)
    for certificate_feed in CERTIFICATE_FEEDS:
        if certificate_feed.system is system and "bfdr" in desk.formats:
            _write_certificates(desk, certificate_feed, batch)
    desk.note(system, batch.own)
    desk.progress(len(batch.own))


def _count(desk: Desk, feed: FeedName, faults: Counter[Fault]) -> None:
    desk.written.faults[feed].update(faults)


def _write_bundles(desk: Desk, feed: BundleFeed, batch: Batch, spoken: Counter[Fault]) -> None:
    each_once = {told.row: told for told in (*batch.own, *batch.sent)}
    rendered = {row: feed.render(desk.stamp, told.written) for row, told in each_once.items()}
    if "bundles" in desk.formats:
        _write_bundle_files(desk, feed, batch, rendered)
        _count(desk, f"bundles/{feed.name}", spoken + batch.faults)
    if "ndjson" in desk.formats:
        _write_lines(desk, feed, batch, rendered)
        _count(desk, f"ndjson/{feed.name}", spoken + batch.faults)
    if "bulk" in desk.formats:
        _write_bulk(desk, feed, batch, rendered)
        _count(desk, f"bulk/{feed.name}", spoken)


def _write_lines(desk: Desk, feed: BundleFeed, batch: Batch, rendered: dict[int, bytes]) -> None:
    """One file of a bundle a line; none where all records of a month are late."""
    lines = [rendered[told.row] + b"\n" for told in batch.sent]
    if lines:
        path = desk.path("ndjson", feed.name, feed.name, batch, ".ndjson.gz")
        desk.write_perhaps_broken(f"ndjson/{feed.name}", path, lines)


def _write_bundle_files(desk: Desk, feed: BundleFeed, batch: Batch, rendered: dict[int, bytes]) -> None:
    """One file a bundle in a folder of the month, numbered in the order of sending."""
    folder = desk.folder / "bundles" / feed.name / batch.month
    folder.mkdir(parents=True, exist_ok=True)
    part = f"p{desk.world.part:02d}-" if desk.world.parts > 1 else ""
    for number, told in enumerate(batch.sent, start=1):
        identifier = bundle_identifier(desk.stamp, told.row, feed.kind)
        desk.write(folder / f"{batch.trust}-{part}{number:05d}-{identifier}.json", [rendered[told.row]])


def _write_bulk(desk: Desk, feed: BundleFeed, batch: Batch, rendered: dict[int, bytes]) -> None:
    """One file a resource type: what an export finds at the sender, so each record once and in its own month."""
    by_type: defaultdict[str, list[bytes]] = defaultdict(list)
    for told in batch.own:
        for resource_type, line in bulk_lines(rendered[told.row]):
            by_type[resource_type].append(line)
    for resource_type in sorted(by_type):
        path = desk.path("bulk", feed.name, resource_type, batch, ".ndjson.gz")
        desk.write(path, by_type[resource_type])
        desk.written.exported[feed.name].append(BulkFile(resource_type, path.name, len(by_type[resource_type])))


def _write_manifest(desk: Desk, feed: str) -> None:
    """The answer of the export that the files of a feed come from, finished when the world ends."""
    world = desk.world
    part = f"-p{world.part:02d}" if world.parts > 1 else ""
    end = f"{world.last_month + np.timedelta64(1, 'M')}-01T00:00:00Z"
    manifest = bulk_manifest(desk.written.exported[feed], transaction_time=end, request=EXPORT + feed)
    path = desk.folder / "bulk" / feed / f"manifest{part}.json"
    desk.write(path, [orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)])


def _write_tables(desk: Desk, feed: TableFeed, batch: Batch) -> None:
    lines: defaultdict[str, list[bytes]] = defaultdict(list)
    for told in batch.sent:
        for table, cells in feed.rows_of(told.written):
            lines[table].append(csv_line(cells))
    for table, columns in feed.tables.items():
        if not lines[table]:
            continue
        path = desk.path("csv", feed.name, table, batch, ".csv")
        content = [csv_line(columns), *lines[table]]
        if table == feed.main:
            desk.write_perhaps_broken(f"csv/{feed.name}", path, content)
        else:
            desk.write(path, content)


def _write_certificates(desk: Desk, feed: CertificateFeed, batch: Batch) -> None:
    lines = [bundle + b"\n" for bundle in chain.from_iterable(_certificates(desk, feed, batch.own))]
    if lines:
        desk.write(desk.path("bfdr", feed.name, feed.name, batch, ".ndjson.gz"), lines)


def _certificates(desk: Desk, feed: CertificateFeed, own: Iterable[Told]) -> Iterator[Iterator[bytes]]:
    return (feed.render(desk.stamp, told.clean) for told in own if isinstance(told.clean, BirthRecord))
