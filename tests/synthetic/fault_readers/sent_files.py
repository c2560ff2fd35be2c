"""The files of a feed as they arrived: which are whole, and what is wrong with the others."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UTF_16_MARK = b"\xff\xfe"
MANIFEST = "manifest"  # of a bulk export: it lists files and holds no record
NAME = re.compile(r"(?P<stem>\w+)-(?P<trust>\w+)-(?P<month>\d{4}-\d\d)(?:-p(?P<part>\d+))?(?:-sent-again)?\.")


@dataclass(frozen=True, slots=True)
class Arrived:
    """One whole file. stem: of its name: a table, a resource type or the feed."""

    stem: str
    trust: str
    month: str
    part: int
    content: bytes

    def rows(self) -> Iterator[dict[str, str]]:
        """The rows of a CSV file by column."""
        return csv.DictReader(io.StringIO(self.content.decode(), newline=""), strict=True)

    def lines(self) -> list[bytes]:
        """The lines of an NDJSON file."""
        return self.content.splitlines()


def whole_files(folder: Path, broken: Counter[str]) -> Iterator[Arrived]:
    """The whole files of a folder in order of name. broken: where those are counted that are not."""
    for path in sorted(each for each in folder.iterdir() if not each.name.startswith(MANIFEST)):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        fault = _fault_of(content)
        if fault is not None:
            broken[fault] += 1
            continue
        name = NAME.match(path.name)
        assert name is not None, f"{path.name} names no trust and month"
        yield Arrived(name["stem"], name["trust"], name["month"], int(name["part"] or 1), content)


def _fault_of(content: bytes) -> str | None:
    """Every file is in UTF-8 and ends with the end of a line."""
    if content.startswith(UTF_16_MARK):
        return "wrong_encoding"
    return None if content.endswith(b"\n") else "truncated_file"
