"""A world as files: what its systems would send, the reference tables and the truth."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, TypeVar, cast

from synthetic_bundles.errors import FormatUnknown
from synthetic_bundles.identifiers import bundle_identifier, world_stamp
from synthetic_bundles.records import BirthRecord, BundleRecord, bundle_records_by_month
from synthetic_bundles.reference_files import write_deprivation, write_organisations, write_postcodes
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.render_msds import MSD401_HEADER, msd401_lines_of
from synthetic_bundles.tables import World
from synthetic_bundles.truth import write_truth, write_truth_table

Told = TypeVar("Told", bound=BundleRecord)  # what the files of one format tell of
Progress = Callable[[int, int], None]
REFERENCE_FOLDER = "reference"
GZIP_LEVEL = 5  # measured on bundles: level 9 takes seven times as long for a fifth fewer bytes
RECORDS_BETWEEN_REPORTS = 1000


class OpenFile(NamedTuple):
    path: Path
    stream: BinaryIO


def write_world(
    world: World, folder: Path, *, formats: Collection[str], progress: Progress | None = None
) -> list[Path]:
    """Write the world into `folder` and return every file written, in the order of writing.

    formats: any of bundles, ndjson, csv. progress: called with the pregnancies done, over all formats, and their total.
    truth.json, truth.parquet and the tables in folder `reference` are always written.
    Raises FormatUnknown before anything is written.
    """
    unknown = set(formats) - set(FORMATS)
    if unknown:
        raise FormatUnknown(unknown, FORMATS)
    (folder / REFERENCE_FOLDER).mkdir(parents=True, exist_ok=True)
    paths = _write_tables(world, folder)
    wanted = [write for name, write in FORMATS.items() if name in formats]
    each = len(world.pregnancies)
    for position, write in enumerate(wanted):
        records = _reported(world, progress, done=position * each, total=len(wanted) * each)
        paths += write(world, records, folder)
    return paths


def _write_tables(world: World, folder: Path) -> list[Path]:
    reference = folder / REFERENCE_FOLDER
    writers = {
        reference / "organisations.csv": write_organisations,
        reference / "imd2019.csv": write_deprivation,
        reference / "postcodes.csv": write_postcodes,
        folder / "truth.json": write_truth,
        folder / "truth.parquet": write_truth_table,
    }
    for path, write in writers.items():
        write(world, path)
    return list(writers)


def _reported(world: World, progress: Progress | None, *, done: int, total: int) -> Iterator[BundleRecord]:
    for count, record in enumerate(bundle_records_by_month(world), start=1):
        yield record
        if progress is not None and (count % RECORDS_BETWEEN_REPORTS == 0 or count == len(world.pregnancies)):
            progress(done + count, total)


def _write_bundles(world: World, records: Iterator[BundleRecord], folder: Path) -> list[Path]:
    """One file a pregnancy, in a folder of its month."""
    stamp = world_stamp(world)
    paths = []
    for month, of_month in groupby(records, attrgetter("month")):
        (folder / month).mkdir(exist_ok=True)
        for record in of_month:
            path = folder / month / f"{bundle_identifier(stamp, record.row)}.json"
            path.write_bytes(render_bundle(stamp, record))
            paths.append(path)
    return paths


def _write_ndjson(world: World, records: Iterator[BundleRecord], folder: Path) -> list[Path]:
    """One compressed file a trust and month, a bundle a line."""
    stamp = world_stamp(world)

    def open_file(trust: str, month: str, open_files: ExitStack) -> OpenFile:
        path = folder / f"maternity-{trust}-{month}.ndjson.gz"
        return OpenFile(path, _same_bytes_gzip(path, open_files))

    return _write_by_trust(records, open_file, lambda record: render_bundle(stamp, record) + b"\n")


def _write_msds(_: World, records: Iterator[BundleRecord], folder: Path) -> list[Path]:
    """One CSV file a trust and month, a baby a line."""

    def open_file(trust: str, month: str, open_files: ExitStack) -> OpenFile:
        path = folder / f"msd401-{trust}-{month}.csv"
        stream = open_files.enter_context(path.open("wb"))
        stream.write(MSD401_HEADER)
        return OpenFile(path, stream)

    births = (record for record in records if isinstance(record, BirthRecord))
    return _write_by_trust(births, open_file, lambda birth: b"".join(msd401_lines_of(birth)))


def _write_by_trust(
    records: Iterator[Told],
    open_file: Callable[[str, str, ExitStack], OpenFile],
    render: Callable[[Told], bytes],
) -> list[Path]:
    """Write each record into the file of its trust and month; only the files of one month are open at once."""
    paths: list[Path] = []
    for month, of_month in groupby(records, attrgetter("month")):
        with ExitStack() as open_files:
            files: dict[str, OpenFile] = {}
            for record in of_month:
                trust = record.trust
                if trust not in files:
                    files[trust] = open_file(trust, month, open_files)
                files[trust].stream.write(render(record))
        paths += [file.path for file in files.values()]
    return paths


FORMATS = MappingProxyType({"bundles": _write_bundles, "ndjson": _write_ndjson, "csv": _write_msds})


def _same_bytes_gzip(path: Path, open_files: ExitStack) -> BinaryIO:
    """A gzip stream without name or time in its header, so that the same lines give the same bytes."""
    raw = open_files.enter_context(path.open("wb"))
    stream = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=GZIP_LEVEL, mtime=0)
    return cast(BinaryIO, open_files.enter_context(stream))
