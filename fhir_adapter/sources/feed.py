"""Files of a feed as they lie: bundles one by one, lines of a CSV file by column, for reports on a mapping."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.adapter import Condition, CsvFile, CsvManifest
from fhir_adapter.sources.csv_header import header_names
from fhir_adapter.sources.csv_plan import CsvPlan
from fhir_adapter.sources.csv_shapes import spelt_out
from fhir_adapter.sources.csv_text import check_encoding, csv_lines, read_header
from fhir_adapter.sources.registry import Adapter, AdapterRegistry

ENDINGS = (".json", ".ndjson", ".csv")
CSV = ".csv"
PACKED = ".gz"
LINES_AT_ONCE = 500
Line = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FeedBundle:
    """One bundle. name: of its file, with its line in a file of several."""

    name: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A CSV file in the terms of its adapter. header: names that the mapping uses. shape: groups spelt out.

    start: opens it at its first byte.
    """

    start: Callable[[], BinaryIO]
    plan: CsvPlan
    shape: CsvFile
    header: tuple[str, ...]

    def lines(self) -> Iterator[tuple[int, Line]]:
        """Number and filled cells of each whole line."""
        missing = frozenset(self.plan.format.missing)
        with self.start() as stream, csv_lines(stream, self.plan.format) as reader:
            reader.take(1)
            while (batch := reader.take(LINES_AT_ONCE)).count:
                for number, cells in zip(batch.numbers, batch.cells, strict=True):
                    if len(cells) == len(self.header):
                        texts = zip(self.header, map(str.strip, cells), strict=True)
                        yield number, {name: text for name, text in texts if text not in missing}


def kind_of(path: Path) -> str:
    """The ending of a file, without that of its packing."""
    return path.with_suffix("").suffix if path.suffix == PACKED else path.suffix


def opened(path: Path) -> BinaryIO:
    """A file to read from its start, unpacked."""
    return cast("BinaryIO", gzip.open(path)) if path.suffix == PACKED else path.open("rb")


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those in the folders named, in the order of their names."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(each for each in path.rglob("*") if kind_of(each) in ENDINGS) if path.is_dir() else [path]
        found += inside
    if not found:
        raise PayloadRefused("payload.none", "FILE", f"there is no file that ends in {', '.join(ENDINGS)}")
    return found


def adapter_for(path: Path, registry: AdapterRegistry, name: str | None) -> Adapter:
    """The adapter named, else the one that claims the file. Raises AdapterUnknown."""
    if name is not None:
        return registry.by_name(name)
    if kind_of(path) == CSV:
        with opened(path) as stream:
            return registry.for_header(read_header(stream, name=path.name), path.name)
    first = next(bundles_in(path), None)
    if first is None:
        raise PayloadRefused("bundle.not-a-bundle", path.name, "a FHIR Bundle is expected")
    return registry.for_bundle(first.document, first.name)


def bundles_in(path: Path) -> Iterator[FeedBundle]:
    """The bundles of a JSON file, or of an NDJSON file by line. Raises PayloadRefused for what is no JSON object."""
    if kind_of(path) == ".json":
        with opened(path) as file:
            content = file.read()
        yield FeedBundle(path.name, json_object(content, path.name))
        return
    with opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield FeedBundle(f"{path.name}:{number}", json_object(line, f"{path.name}:{number}"))


def json_object(raw: bytes, place: str) -> Mapping[str, Any]:
    """An object out of its JSON. Raises PayloadRefused."""
    try:
        document = json.loads(raw)
    except ValueError:
        raise PayloadRefused("payload.not-json", place, "this is no JSON") from None
    if not isinstance(document, dict):
        raise PayloadRefused("bundle.not-a-bundle", place, "a FHIR Bundle is expected")
    return document


def csv_file(path: Path, adapter: Adapter) -> FeedFile:
    """A CSV file with the shape that its header has. Raises PayloadRefused."""
    return csv_input(path.name, partial(opened, path), adapter)


def csv_input(name: str, start: Callable[[], BinaryIO], adapter: Adapter) -> FeedFile:
    """The same of what `start` opens. Raises PayloadRefused."""
    plan, manifest = adapter.csv_plan, adapter.manifest
    if plan is None or not isinstance(manifest, CsvManifest):
        raise PayloadRefused("adapter.wrong-kind", name, f"adapter {adapter.name} does not read CSV files")
    with start() as stream:
        check_encoding(stream, plan.format, name=name)
        with csv_lines(stream, plan.format) as reader:
            cells = reader.take(1).cells
    if not cells:
        raise PayloadRefused("csv.empty", name, "the file is empty; a header and lines below it are expected")
    names = header_names(cells[0], plan.format.aliases)
    chosen = plan.for_header(names)
    at = [plan, *plan.others].index(chosen)
    return FeedFile(start, chosen, spelt_out(list(manifest.shapes().values())[at]), tuple(names))


def meets(line: Line, conditions: Sequence[Condition]) -> bool:
    """Whether a line meets every condition."""
    return all(meets_one(line.get(each.column), each) for each in conditions)


def meets_one(value: str | None, condition: Condition) -> bool:
    """Whether a cell meets a condition; one that is absent meets none but that it is."""
    if value is None or condition.absent:
        return value is None and condition.absent
    return value in condition.is_ if condition.is_ else value not in condition.is_not


def resource_of(document: Mapping[str, Any], entry: int) -> Mapping[str, Any]:
    """The resource of an entry of a bundle that has been mapped."""
    found = document["entry"][entry].get("resource")
    return found if isinstance(found, dict) else {}
