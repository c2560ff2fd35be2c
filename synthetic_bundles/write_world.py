"""A world as files: what its systems would send, the reference tables and the truth."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, cast

from synthetic_bundles.errors import FormatUnknown
from synthetic_bundles.identifiers import bundle_identifier, world_stamp
from synthetic_bundles.records import BirthRecord, birth_records
from synthetic_bundles.reference_files import write_deprivation, write_organisations, write_postcodes
from synthetic_bundles.render_bundles import render_bundle
from synthetic_bundles.render_msds import MSD401_HEADER, msd401_lines_of
from synthetic_bundles.tables import World
from synthetic_bundles.truth import write_truth

Progress = Callable[[int, int], None]
GZIP_LEVEL = 5  # measured on bundles: level 9 takes seven times as long for a fifth fewer bytes
BIRTHS_BETWEEN_REPORTS = 1000


class OpenFile(NamedTuple):
    path: Path
    stream: BinaryIO


def write_world(
    world: World, folder: Path, *, formats: Collection[str], progress: Progress | None = None
) -> list[Path]:
    """Write the world into `folder` and return every file written, in the order of writing.

    formats: any of bundles, ndjson, csv. progress: called with the births done, over all formats, and their total.
    The reference tables and truth.json are always written. Raises FormatUnknown before anything is written.
    """
    unknown = set(formats) - set(FORMATS)
    if unknown:
        raise FormatUnknown(unknown, FORMATS)
    folder.mkdir(parents=True, exist_ok=True)
    paths = _write_tables(world, folder)
    wanted = [write for name, write in FORMATS.items() if name in formats]
    for position, write in enumerate(wanted):
        births = _reported(world, progress, done=position * world.births, total=len(wanted) * world.births)
        paths += write(world, births, folder)
    return paths


def _write_tables(world: World, folder: Path) -> list[Path]:
    writers = {
        "organisations.csv": write_organisations,
        "imd2019.csv": write_deprivation,
        "postcodes.csv": write_postcodes,
        "truth.json": write_truth,
    }
    for name, write in writers.items():
        write(world, folder / name)
    return [folder / name for name in writers]


def _reported(world: World, progress: Progress | None, *, done: int, total: int) -> Iterator[BirthRecord]:
    for count, birth in enumerate(birth_records(world), start=1):
        yield birth
        if progress is not None and (count % BIRTHS_BETWEEN_REPORTS == 0 or count == world.births):
            progress(done + count, total)


def _write_bundles(world: World, births: Iterator[BirthRecord], folder: Path) -> list[Path]:
    """One file a birth, in a folder of its month."""
    stamp = world_stamp(world)
    paths = []
    for month, of_month in groupby(births, _month_of):
        (folder / month).mkdir(exist_ok=True)
        for birth in of_month:
            path = folder / month / f"{bundle_identifier(stamp, birth.row)}.json"
            path.write_bytes(render_bundle(stamp, birth))
            paths.append(path)
    return paths


def _write_ndjson(world: World, births: Iterator[BirthRecord], folder: Path) -> list[Path]:
    """One compressed file a trust and month, a bundle a line."""
    stamp = world_stamp(world)

    def open_file(trust: str, month: str, open_files: ExitStack) -> OpenFile:
        path = folder / f"maternity-{trust}-{month}.ndjson.gz"
        return OpenFile(path, _same_bytes_gzip(path, open_files))

    return _write_by_trust(births, open_file, lambda birth: render_bundle(stamp, birth) + b"\n")


def _write_msds(_: World, births: Iterator[BirthRecord], folder: Path) -> list[Path]:
    """One CSV file a trust and month, a baby a line."""

    def open_file(trust: str, month: str, open_files: ExitStack) -> OpenFile:
        path = folder / f"msd401-{trust}-{month}.csv"
        stream = open_files.enter_context(path.open("wb"))
        stream.write(MSD401_HEADER)
        return OpenFile(path, stream)

    return _write_by_trust(births, open_file, lambda birth: b"".join(msd401_lines_of(birth)))


def _write_by_trust(
    births: Iterator[BirthRecord],
    open_file: Callable[[str, str, ExitStack], OpenFile],
    render: Callable[[BirthRecord], bytes],
) -> list[Path]:
    """Write each birth into the file of its trust and month; only the files of one month are open at once."""
    paths: list[Path] = []
    for month, of_month in groupby(births, _month_of):
        with ExitStack() as open_files:
            files: dict[str, OpenFile] = {}
            for birth in of_month:
                trust = birth.delivery.provider
                if trust not in files:
                    files[trust] = open_file(trust, month, open_files)
                files[trust].stream.write(render(birth))
        paths += [file.path for file in files.values()]
    return paths


FORMATS = MappingProxyType({"bundles": _write_bundles, "ndjson": _write_ndjson, "csv": _write_msds})


def _month_of(birth: BirthRecord) -> str:
    return birth.delivery.birth_datetime[:7]


def _same_bytes_gzip(path: Path, open_files: ExitStack) -> BinaryIO:
    """A gzip stream without name or time in its header, so that the same lines give the same bytes."""
    raw = open_files.enter_context(path.open("wb"))
    stream = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=GZIP_LEVEL, mtime=0)
    return cast(BinaryIO, open_files.enter_context(stream))
