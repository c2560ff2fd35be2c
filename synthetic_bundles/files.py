"""Writing files whose bytes depend on their content alone, whole or broken on the way."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from zlib import crc32

import numpy as np

from synthetic_bundles.faults.kinds import Fault

GZIP_LEVEL = 5  # measured on bundles: level 9 takes seven times as long for a fifth fewer bytes
SENT_AGAIN = "-sent-again"


def write_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Write the lines, compressed when the name ends in .gz."""
    _write(path, b"".join(lines))


def write_broken(path: Path, lines: Sequence[bytes], fault: Fault) -> None:
    """Write the lines as they arrive after a fault of the file. lines: the last is of more than one byte."""
    _write(path, BREAKING[fault](lines))


def name_when_sent_again(path: Path) -> Path:
    """Where the whole file stands that is sent again after a broken one."""
    stem, dot, ending = path.name.partition(".")
    return path.with_name(f"{stem}{SENT_AGAIN}{dot}{ending}")


def fault_of_file(rates: Mapping[Fault, float], seed: int, name: str) -> Fault | None:
    """The fault of a file, by its name and the seed alone."""
    draw = np.random.default_rng([seed, crc32(name.encode())]).random()
    for fault, rate in rates.items():
        if draw < rate:
            return fault
        draw -= rate
    return None


def _write(path: Path, content: bytes) -> None:
    if path.suffix != ".gz":
        path.write_bytes(content)
        return
    with path.open("wb") as raw, gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) as stream:
        stream.write(content)


def _truncated(lines: Sequence[bytes]) -> bytes:
    """All lines but the last, which is cut in the middle."""
    return b"".join((*lines[:-1], lines[-1][: len(lines[-1]) // 2]))


def _in_utf_16(lines: Sequence[bytes]) -> bytes:
    """UTF-16 with a byte order mark, as a spreadsheet program may save it."""
    return b"\xff\xfe" + b"".join(lines).decode().encode("utf-16-le")


BREAKING = MappingProxyType({Fault.TRUNCATED_FILE: _truncated, Fault.WRONG_ENCODING: _in_utf_16})
