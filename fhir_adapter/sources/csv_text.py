"""Bytes of a file to rows of text: encoding checked first, then lines counted as they are read."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import CsvFormat

CHUNK = 1 << 20  # bytes read at a time while the encoding is checked
LARGEST_CELL = 1 << 16  # characters; a lost quotation mark must not swallow the file


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no CSV."""


DELIMITERS = ",;\t|"

CsvLine: TypeAlias = tuple[int, list[str] | BrokenLine]


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


def read_lines(stream: BinaryIO, written: CsvFormat) -> Generator[CsvLine, None, None]:
    """Each line with the 1-based physical line it begins at; blank lines are passed over."""
    encoding = "utf-8-sig" if written.encoding == "utf-8" else written.encoding
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    reader = csv.reader(text, delimiter=written.delimiter, strict=True)
    csv.field_size_limit(LARGEST_CELL)
    try:
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield line, BrokenLine()
                continue
            if cells:
                yield line, cells
    finally:
        if not stream.closed:
            text.detach()  # the stream is the caller's to close


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
