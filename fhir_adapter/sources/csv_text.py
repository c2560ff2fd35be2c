"""Bytes of a file to rows of text: encoding checked first, then lines counted as they are read."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import BinaryIO, TextIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import CsvFormat

CHUNK = 1 << 20  # bytes read at a time while the encoding is checked
LARGEST_CELL = 1 << 16  # characters; a lost quotation mark must not swallow the file


LINE_END = re.compile("\r\n|\r|\n")
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class LineBatch:
    """Lines that follow one another. cells: of each line that is CSV, numbers: the physical lines they begin at.

    broken: numbers of the lines that are no CSV.
    """

    cells: list[list[str]]
    numbers: list[int]
    broken: list[int]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.cells) + len(self.broken)

    def span(self) -> tuple[int, int]:
        """Numbers of the first and of the last line."""
        return min((*self.numbers[:1], *self.broken[:1])), max((*self.numbers[-1:], *self.broken[-1:]))


def check_encoding(stream: BinaryIO, written: CsvFormat, *, name: str) -> None:
    """Read the stream once and set it back. Raises PayloadRefused with the first byte that cannot be read.

    The stream must be seekable. Memory does not grow with the file.
    """
    decoder = codecs.getincrementaldecoder(written.encoding)()
    consumed = 0
    try:
        while chunk := stream.read(CHUNK):
            consumed += len(chunk)
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as cause:
        # The decoder holds back an unfinished character, so its text ends where the bytes read so far end.
        position = consumed - len(cause.object) + cause.start
        text = (
            f"byte {position} is not {written.encoding}; save the file as {written.encoding}, or declare its encoding"
        )
        raise PayloadRefused("csv.encoding", f"{name} byte {position}", text) from None
    stream.seek(0)


@contextmanager
def csv_lines(stream: BinaryIO, written: CsvFormat) -> Iterator[LineReader]:
    """A reader of the lines of a stream; the stream stays open afterwards, it is the caller's to close."""
    encoding = "utf-8-sig" if written.encoding == "utf-8" else written.encoding
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    csv.field_size_limit(LARGEST_CELL)
    try:
        yield LineReader(text, written.delimiter)
    finally:
        if not stream.closed:
            text.detach()


class LineReader:
    """Lines in batches, each with the 1-based physical line it begins at; blank lines are passed over."""

    def __init__(self, text: TextIO, delimiter: str) -> None:
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)

    def take(self, lines: int) -> LineBatch:
        """The next lines, so many or as many as there are."""
        batch = LineBatch([], [], [])
        while (lacking := lines - batch.count) > 0:
            before = self._reader.line_num
            try:
                self._read(lacking, batch)
            except csv.Error:
                batch.broken.append(self._began)
                continue
            if self._reader.line_num == before:
                break
        return batch

    def _read(self, lines: int, batch: LineBatch) -> None:
        """Add the next lines to the batch; raises csv.Error for one that is no CSV, which began at `_began`."""
        first = self._reader.line_num + 1
        rows: list[list[str]] = []
        try:
            rows.extend(islice(self._reader, lines))  # what was read before a fault stays
        finally:
            is_plain = self._reader.line_num + 1 == first + len(rows)
            numbers: Sequence[int] = range(first, first + len(rows)) if is_plain else _numbered(rows, first)
            self._began = first + len(rows) if is_plain else first + sum(map(_height, rows))
            if [] in rows:
                filled = [(cells, number) for cells, number in zip(rows, numbers, strict=True) if cells]
                rows, numbers = [cells for cells, _ in filled], [number for _, number in filled]
            batch.cells.extend(rows)
            batch.numbers.extend(numbers)


def _numbered(rows: Sequence[Sequence[str]], first: int) -> list[int]:
    """The physical line that each row begins at, where cells hold line ends."""
    return list(accumulate(map(_height, rows), initial=first))[:-1]


def _height(cells: Sequence[str]) -> int:
    return 1 + sum(len(LINE_END.findall(cell)) for cell in cells)


def read_header(stream: BinaryIO, *, name: str) -> list[str]:
    """The first line of a file, to choose its adapter by; the stream is set back to where it stood.

    The delimiter is taken to be the most frequent of those in use. Raises PayloadRefused for an empty file.
    """
    start = stream.tell()
    content = stream.read(LARGEST_CELL)
    stream.seek(start)
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    line = next(iter(content.decode(encoding, errors="replace").splitlines()), "")
    if not line.strip():
        raise PayloadRefused("csv.empty", name, "the file is empty; a header and lines below it are expected")
    delimiter = max(DELIMITERS, key=line.count)
    return next(csv.reader([line], delimiter=delimiter))
