"""Reference files as rows: by the headers of their publishers, every fault by line, memory flat in their size."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO

import yaml
from pydantic import BaseModel, ConfigDict

from fhir_adapter.errors import PayloadRefused, ReferenceRefused

MOST_FAULTS = 20  # told by place; all are counted
OPTIONAL = frozenset(("local_authority", "terminated"))
LINES_HOLD_NUMBERS = "one NHS number a line is expected: ten digits with a valid check digit"
Cells = Mapping[str, str]


class Layout(BaseModel):
    """Headers of one version of a file, by column of ours. unverified: those not seen in a file of the publisher."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, tuple[str, ...]]
    unverified: tuple[str, ...] = ()


@dataclass(slots=True)
class Faults:
    """Faults of one file: the first by place, and how many there are."""

    first: list[PayloadRefused] = field(default_factory=list)
    count: int = 0

    def add(self, code: str, place: str, text: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.first) < MOST_FAULTS:
            self.first.append(PayloadRefused(code, place, text))

    def check(self) -> None:
        """Raise ReferenceRefused when there is any."""
        if self.first:
            raise ReferenceRefused(self.first, self.count)


@dataclass(frozen=True, slots=True)
class Version:
    """The version that a header tells, and where each column stands. places: None for a column that is not there."""

    name: str
    places: Mapping[str, int | None]


@cache
def layouts_of(kind: str) -> Mapping[str, Layout]:
    """The layouts of a kind of file, by version."""
    text = resources.files("fhir_adapter.store").joinpath("reference_layouts.yaml").read_text("utf-8")
    return {name: Layout.model_validate(each) for name, each in yaml.safe_load(text)[kind].items()}


def read_rows(path: Path, kind: str, faults: Faults) -> Iterator[tuple[str, str, Cells]]:
    """Version, place and cells of each line; faults are added, and a line of the wrong width is left out.

    Raises PayloadRefused when the file cannot be read, and for a header that no version has.
    """
    with _opened(path) as stream:
        reader = csv.reader(stream)
        version = version_of(next(reader, []), kind, f"{path}:1")
        at = {name: place for name, place in version.places.items() if place is not None}
        absent = dict.fromkeys(version.places.keys() - at.keys(), "")
        width = None
        for row in reader:
            place = f"{path}:{reader.line_num}"
            width = len(row) if width is None else width
            if len(row) != width or len(row) <= max(at.values()):
                faults.add("reference.value", place, f"{width} cells are expected in a line, as in the first")
                continue
            yield version.name, place, absent | {name: row[each].strip() for name, each in at.items()}


def version_of(header: Sequence[str], kind: str, place: str) -> Version:
    """The version that a header tells. Raises PayloadRefused for one of no version, or of two at once."""
    found = {name.strip().lower(): at for at, name in reversed(list(enumerate(header)))}
    layouts = layouts_of(kind)
    told = [name for name in layouts if _own_headers(kind, name) & found.keys()]
    if len(told) > 1:
        text = f"the header mixes versions {' and '.join(told)}: areas and index are of one version each, never mixed"
        raise PayloadRefused("reference.mixed-versions", place, text)
    for name, layout in layouts.items():
        places = {
            column: next((found[each.lower()] for each in headers if each.lower() in found), None)
            for column, headers in layout.columns.items()
        }
        if all(each is not None for column, each in places.items() if column not in OPTIONAL):
            return Version(name, places)
    layout = layouts[told[0]] if told else next(iter(layouts.values()))
    lacking = [
        column
        for column, headers in layout.columns.items()
        if column not in OPTIONAL and not {each.lower() for each in headers} & found.keys()
    ]
    names = "; ".join(f"{column} as {' or '.join(layout.columns[column])}" for column in lacking)
    raise PayloadRefused("reference.header", place, f"the header lacks {', '.join(lacking)}: give {names}")


def read_lines(path: Path, faults: Faults, plain: Callable[[str], str | None]) -> Iterator[str]:
    """The NHS numbers of a list, one a line; blank lines and a header are left out. plain: the digits of a number.

    A line that is none is a fault that does not repeat it. Raises PayloadRefused when the file cannot be read.
    """
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            text = line.strip().strip('",')
            if not text or (number == 1 and not any(map(str.isdigit, text))):
                continue
            digits = plain(text)
            if digits is None:
                faults.add("reference.value", f"{path}:{number}", LINES_HOLD_NUMBERS)
            else:
                yield digits


@cache
def _own_headers(kind: str, version: str) -> frozenset[str]:
    """Headers that this version has and no other."""
    by_version = {
        name: {header.lower() for headers in layout.columns.values() for header in headers}
        for name, layout in layouts_of(kind).items()
    }
    others = set().union(*(headers for name, headers in by_version.items() if name != version))
    return frozenset(by_version[version] - others)


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield stream
    except (FileNotFoundError, IsADirectoryError) as cause:
        raise PayloadRefused("file.missing", str(path), "there is no such file; check the path") from cause
    except UnicodeDecodeError as cause:
        text = f"not UTF-8 (byte {cause.start}); save the file as UTF-8"
        raise PayloadRefused("reference.encoding", str(path), text) from cause
    except csv.Error as cause:
        raise PayloadRefused("reference.value", str(path), "the file is no CSV; check its quotation marks") from cause
