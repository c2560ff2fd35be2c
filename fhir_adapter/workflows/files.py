"""Files and folders as payloads: JSON, NDJSON of bundles or of single resources, CSV, each of them behind gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, BinaryIO, TypeAlias, cast

import orjson

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.bulk import Manifest, manifest_of

LARGEST_INFLATION = 200  # times the size of the gzip file; more is a bomb, not a record
SMALLEST_ALLOWANCE = 100_000_000
NO_FEEDS = frozenset({"truth.json", "reference"})
LINES_TRIED = 20  # at most, to see what the lines of a file are
LONGEST_TRIED = 1 << 20  # bytes of such a line
LARGEST_MANIFEST = 20_000_000


class FileKind(StrEnum):
    """What a file holds, by its name."""

    JSON = ".json"
    NDJSON = ".ndjson"
    CSV = ".csv"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to take in. name: as it was given, for messages. kind: None when its ending is not one we read."""

    path: Path
    name: str
    kind: FileKind | None


@dataclass(frozen=True, slots=True)
class BulkExport:
    """Files whose lines are single resources, as Bulk Data export writes them; they make records only together.

    name: of the folder, or of the file where there is one. manifests: what the sender says of the files, by the name
    of the file that says it. is_folder: whether a folder was given, so that all of the export may be here.
    """

    name: str
    files: tuple[InputFile, ...]
    manifests: Mapping[str, Manifest]
    is_folder: bool


Input: TypeAlias = InputFile | BulkExport


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an NDJSON file with its 1-based number."""

    number: int
    content: bytes


def find_files(paths: Sequence[Path]) -> list[InputFile]:
    """Every file named, and every file of a known kind below a folder named, in order.

    Raises PayloadRefused for a path that is not there, or a folder with nothing to read in it.
    """
    found: list[InputFile] = []
    for path in paths:
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if _is_feed(file.relative_to(path), file)]
            if not inside:
                raise PayloadRefused("file.none", str(path), "the folder holds no .json, .ndjson or .csv file")
            found += [InputFile(file, str(file), kind_of(file)) for file in inside]
        elif path.is_file():
            found.append(InputFile(path, str(path), kind_of(path)))
        else:
            raise PayloadRefused("file.missing", str(path), "there is no such file or folder; check the path")
    return found


def find_inputs(paths: Sequence[Path]) -> list[Input]:
    """Every file to take in as `find_files` has them, those of one Bulk Data export together where its first one was.

    Files belong to one export when their lines are resources and they lie in one folder. Raises PayloadRefused.
    """
    files = find_files(paths)
    folders = {path.resolve() for path in paths if path.is_dir()}
    exports: dict[Path, list[InputFile]] = {}
    for file in files:
        if file.kind is FileKind.NDJSON and is_of_resources(file):
            exports.setdefault(file.path.resolve().parent, []).append(file)
    manifests = {
        file.name: manifest
        for file in files
        if file.kind is FileKind.JSON
        and file.path.resolve().parent in exports
        and (manifest := _manifest(file)) is not None
    }
    found: list[Input] = []
    for file in files:
        folder = file.path.resolve().parent
        parts = exports.get(folder, [])
        if file in parts and file is parts[0]:
            is_folder = any(folder.is_relative_to(each) for each in folders)
            name = str(file.path.parent) if is_folder or len(parts) > 1 else file.name
            told = {
                each.name: manifests[each.name]
                for each in files
                if each.path.parent == file.path.parent and each.name in manifests
            }
            found.append(BulkExport(name, tuple(parts), told, is_folder))
        elif file not in parts and file.name not in manifests:
            found.append(file)
    return found


def is_of_resources(file: InputFile) -> bool:
    """Whether the first line that can be read is a resource and no Bundle."""
    try:
        with readable(file), opened(file) as stream:
            for _ in range(LINES_TRIED):
                content = stream.readline(LONGEST_TRIED)
                if not content:
                    break
                kind = _type_of(content)
                if kind is not None:
                    return kind != "Bundle"
    except PayloadRefused:
        pass  # told when the file is read
    return False


def _type_of(line: bytes) -> str | None:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    kind = document.get("resourceType") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) else None


def _manifest(file: InputFile) -> Manifest | None:
    if file.path.stat().st_size > LARGEST_MANIFEST:
        return None
    try:
        return manifest_of(whole(file))
    except PayloadRefused:
        return None


def _is_feed(inside: Path, file: Path) -> bool:
    """Whether a file of a folder is a feed; what `perinatal synth` writes beside its feeds is none."""
    is_aside = inside.parts[0] in NO_FEEDS
    return not is_aside and file.is_file() and kind_of(file) is not None


def kind_of(path: Path) -> FileKind | None:
    """Kind of a file by its ending, `.gz` left aside."""
    name = path.name.lower().removesuffix(".gz")
    return next((kind for kind in FileKind if name.endswith(kind)), None)


@contextmanager
def opened(file: InputFile) -> Iterator[BinaryIO]:
    """The bytes of a file, inflated when it ends in `.gz`."""
    with file.path.open("rb") as stream:
        if not file.path.name.lower().endswith(".gz"):
            yield stream
            return
        allowance = max(SMALLEST_ALLOWANCE, LARGEST_INFLATION * file.path.stat().st_size)
        with gzip.open(stream) as inflated:
            yield cast(BinaryIO, _Capped(cast(IO[bytes], inflated), allowance, file.name))


def whole(file: InputFile) -> bytes:
    """All bytes of a file; raises PayloadRefused when it is empty or no gzip."""
    with readable(file), opened(file) as stream:
        content = stream.read()
    if not content.strip():
        raise PayloadRefused("file.empty", file.name, "the file is empty; send it again once it is written")
    return content


def lines(file: InputFile, *, longest: int | None = None) -> Iterator[Line]:
    """Lines of an NDJSON file that are not blank; raises PayloadRefused when there is none, or when it is no gzip.

    longest: bytes of a line; of one that has more come so many and one more, for the reader to refuse it.
    """
    is_empty = True
    with readable(file), opened(file) as stream:
        for number, content in enumerate(_lines_of(stream, longest), start=1):
            if content.strip():
                is_empty = False
                yield Line(number, content)
    if is_empty:
        raise PayloadRefused("file.empty", file.name, "the file is empty; send it again once it is written")


@contextmanager
def readable(file: InputFile) -> Iterator[None]:
    """Turn a gzip that is broken off into a fault with a place."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
        raise PayloadRefused("file.gzip", file.name, "not a whole gzip file; send it again") from cause


def _lines_of(stream: BinaryIO, longest: int | None) -> Iterator[bytes]:
    most = -1 if longest is None else longest + 1
    while line := stream.readline(most):
        yield line
        while len(line) == most and not line.endswith(b"\n"):  # what is left of a line that is too long
            line = stream.readline(most)


class _Capped:
    """A stream that refuses to give more than an allowance of bytes."""

    def __init__(self, stream: IO[bytes], allowance: int, name: str) -> None:
        self._stream = stream
        self._left = allowance
        self._name = name

    def read(self, size: int = -1) -> bytes:
        return self._spend(self._stream.read(self._left + 1 if size < 0 else size))

    def readline(self, size: int = -1) -> bytes:
        return self._spend(self._stream.readline(size))

    def readinto(self, buffer: bytearray) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        self._stream.close()

    def flush(self) -> None:
        """Nothing is written."""

    def _spend(self, content: bytes) -> bytes:
        self._left -= len(content)
        if self._left < 0:
            raise PayloadRefused(
                "file.inflates-too-much", self._name, "the gzip file inflates beyond measure; split it"
            )
        return content
