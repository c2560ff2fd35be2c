"""Columns that a CSV manifest names, held against each other and against the headers of its golden cases."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import NUMBER, CsvFile, CsvManifest, CsvRows, IdentityRule, SiteFile
from fhir_adapter.sources.csv_header import header_names
from fhir_adapter.sources.csv_plan import used_headers
from fhir_adapter.sources.csv_shapes import headers_in, later_headers, spelt_out
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.registry import MANIFEST
from fhir_adapter.sources.strict_yaml import read_yaml

ALMOST = 0.85  # how much of two names must agree for one to be the other misspelt, 0 to 1

NoteIn = Callable[[str, str, Severity, str, str], None]  # file, pointer, severity, code, text


def lint_headers(manifest: CsvManifest, sites: Mapping[str, SiteFile], cases: Sequence[str], note: NoteIn) -> None:
    """Note names of columns that nothing else knows. cases: texts of the golden cases."""
    read = {name for shape in manifest.shapes().values() for name in used_headers(manifest, spelt_out(shape))}
    for at, name in enumerate(manifest.format.optional):
        if name not in read and (nearest := almost(name, read)):  # one that is known and left unread may stand here
            text = f"no rule reads the column {name}{nearest}"
            note(MANIFEST, f"format.optional[{at}]", Severity.WARNING, "lint.unused-header", text)
    aliases = [(MANIFEST, "format.aliases", manifest.format.aliases)]
    aliases += [(file, "aliases", site.aliases) for file, site in sites.items()]
    for file, pointer, names in aliases:
        for sent, meant in names.items():
            if meant not in read:
                text = f"{sent} stands for {meant}, which no rule reads{almost(meant, read)}"
                note(file, f"{pointer}.{sent}", Severity.WARNING, "lint.unused-header", text)
    known = {**manifest.format.aliases} | {
        sent: meant for site in sites.values() for sent, meant in site.aliases.items()
    }
    told = {name for header in case_headers(cases, manifest.format.delimiter) for name in header_names(header, known)}
    if told:
        lint_told(manifest, told, note)


def lint_told(manifest: CsvManifest, told: set[str], note: NoteIn) -> None:
    """Note columns that no header of a golden case has."""
    for key, shape in manifest.shapes().items():
        head = f"files.{key}." if key else ""
        needed = frozenset(used_headers(manifest, spelt_out(shape))) - later_headers(shape)
        for name in sorted(needed - told - set(manifest.format.optional)):
            text = f"no golden case has a column {name}{almost(name, told)}"
            note(MANIFEST, place_of_header(shape, name, head), Severity.WARNING, "lint.header-untold", text)


def almost(name: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with a name that is nearly the same, else nothing."""
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=ALMOST)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def place_of_header(shape: CsvFile, name: str, head: str) -> str:
    """The first key of a shape under which a column is read."""
    if name in shape.recognise.header:
        return f"{head}recognise.header[{shape.recognise.header.index(name)}]"
    kinds: list[tuple[str, Sequence[CsvRows | IdentityRule]]] = [
        ("tables", shape.tables),
        ("identities", shape.identities),
    ]
    for kind, parts in kinds:
        for at, part in enumerate(parts):
            number = part.repeat[0] if part.repeat else ""
            if name in {each.replace(NUMBER, number) for each in headers_in(part)}:
                return f"{head}{kind}[{at}]"
    return "key_scope.from"


def case_headers(cases: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """The header of each golden case that has a file."""
    for text in cases:
        try:
            written = read_yaml(text, place="tests")
        except MappingInvalid:
            continue  # `mapping test` tells of it
        content = written.get("csv") if isinstance(written, dict) else None
        if isinstance(content, str) and content.strip():
            yield next(csv.reader([content.lstrip().splitlines()[0]], delimiter=delimiter))
