"""Identifiers that stand in the files of a world, and where they are looked for afterwards."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import sqlalchemy as sa
import zstandard

NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
IDENTIFYING_HEADER = re.compile(
    r"nhsnumber(?!status)|nationalid|postcode|(family|given|sur|fore)name|hospitalnumber|localpatientid|lpid|^person_id",
    re.IGNORECASE,
)
SHORTEST = 5  # a shorter value stands in many texts by chance
ZSTD_FRAME = bytes.fromhex("28b52ffd")


def planted_in(folder: Path) -> set[str]:
    """Every identifier that the files of a world hold, as it is written there."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "reference" not in path.parts and not path.name.startswith("truth"):
            found.update(_identifiers(path))
    return {each for each in found if len(each) >= SHORTEST}


def forms_of(value: str) -> set[str]:
    """The ways in which a value may be written: as it is, without spaces, and an NHS number in its three parts."""
    plain = value.replace(" ", "")
    spaced = {f"{plain[:3]}{gap}{plain[3:6]}{gap}{plain[6:]}" for gap in " -"} if is_nhs_number(plain) else set()
    return {value, plain, *spaced}


def is_nhs_number(value: str) -> bool:
    return len(value) == 10 and value.isdigit()


class Finder:
    """Looks for planted values in bytes, whatever the case of letters: by their first letters, then as a whole."""

    def __init__(self, planted: set[str]) -> None:
        self._forms: dict[int, list[bytes]] = {}
        for form in sorted({form.lower().encode() for each in planted for form in forms_of(each)}):
            self._forms.setdefault(int(beginnings(form)[0]), []).append(form)
        self._wanted = np.array(sorted(self._forms), dtype=np.uint64)

    def found(self, content: bytes) -> list[str]:
        """What of it is in the bytes, each once."""
        lower = content.lower()
        starts = beginnings(lower)
        places = np.flatnonzero(np.isin(starts, self._wanted))
        found = {
            form
            for place in places.tolist()
            for form in self._forms[int(starts[place])]
            if lower.startswith(form, place)
        }
        return sorted(each.decode() for each in found)


def beginnings(content: bytes) -> npt.NDArray[np.uint64]:
    """The first letters from every place on, as one number each."""
    letters = np.frombuffer(content, dtype=np.uint8).astype(np.uint64)
    count = max(len(letters) - SHORTEST + 1, 0)
    codes = np.zeros(count, dtype=np.uint64)
    for at in range(SHORTEST):
        codes = codes * np.uint64(256) + letters[at : at + count]
    return codes


def cells_of(url: str, *, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, bytes]]:
    """Place and content of every column of every table; bytes that are compressed and not sealed are opened."""
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for column in () if table.name in without else table.columns:
                cells = connection.execute(sa.select(column).where(column.is_not(None))).scalars()
                yield f"{table.name}.{column.name}", b"\n".join(map(_bytes_of, cells))
    engine.dispose()


def compressed_in(content: bytes) -> Iterator[bytes]:
    """Everything in the bytes that can be decompressed without a key."""
    at = content.find(ZSTD_FRAME)
    while at >= 0:
        with suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompressobj().decompress(content[at:])
        at = content.find(ZSTD_FRAME, at + 1)


def parquet_text(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Place and content of every column of the Parquet files below a folder."""
    for path in sorted(folder.rglob("*.parquet")):
        table = pq.read_table(path)
        for name in table.column_names:
            yield f"{path.parent.name}.{name}", "\n".join(map(str, table.column(name).to_pylist())).encode()


def _bytes_of(cell: Any) -> bytes:
    if isinstance(cell, bytes | memoryview):
        content = bytes(cell)
        return b"\n".join([content, *compressed_in(content)])
    return str(cell).encode()


def _identifiers(path: Path) -> Iterator[str]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    name = path.name.removesuffix(".gz")
    if name.endswith(".csv"):
        yield from _of_csv(content)
    elif name.endswith((".json", ".ndjson")):
        documents = [content] if name.endswith(".json") else content.splitlines()
        for document in documents:
            yield from _of_json(_parsed(document))


def _of_csv(content: bytes) -> Iterator[str]:
    for row in csv.DictReader(io.StringIO(content.decode("utf-8", "ignore").replace("\0", ""))):
        for header, cell in row.items():
            if isinstance(header, str) and IDENTIFYING_HEADER.search(header) and isinstance(cell, str):
                yield cell.strip()


def _parsed(document: bytes) -> Any:
    try:
        return json.loads(document)
    except ValueError:
        return None


def _of_json(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _of_json(each)
    if not isinstance(node, dict):
        return
    if node.get("resourceType") == "Patient":
        yield from _of_patient(node)
    for each in node.values():
        yield from _of_json(each)


def _of_patient(patient: dict[str, Any]) -> Iterator[str]:
    for identifier in patient.get("identifier", ()):
        yield str(identifier.get("value", ""))
    for name in patient.get("name", ()):
        yield from [str(name.get("family", "")), *map(str, name.get("given", ()))]
    for address in patient.get("address", ()):
        yield str(address.get("postalCode", ""))
