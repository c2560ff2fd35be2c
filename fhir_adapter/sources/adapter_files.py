"""The files of an adapter with the lines of their rules, for what tells a reader where to look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from fhir_adapter.sources.adapter import BundleManifest, CsvManifest, SiteFile
from fhir_adapter.sources.concept_map import NO_TARGET, CodeMap, ConceptMapSource, parse_concept_map
from fhir_adapter.sources.registry import MANIFEST, load_files, parse_manifest, parse_site
from fhir_adapter.sources.rule_lines import FileLines, keys_of
from fhir_adapter.sources.view import View, parse_view


@dataclass(frozen=True, slots=True)
class RulePlace:
    """Where a rule stands: `ukcore-maternity/adapter.yaml`, its line, and its keys there."""

    file: str
    line: int
    pointer: str


class AdapterFiles:
    """One folder, read once. Raises MappingInvalid for a folder that could not be loaded as an adapter."""

    def __init__(self, folder: Path | Traversable) -> None:
        self._folder = folder
        self._lines: dict[str, FileLines] = {}
        self.manifest: BundleManifest | CsvManifest = parse_manifest(self._text(MANIFEST), place=MANIFEST)

    @cached_property
    def views(self) -> Mapping[str, View]:
        """Every view by the name of its file, in the order of the names."""
        return load_files(self._folder, "views", parse_view)

    @cached_property
    def maps(self) -> Mapping[str, tuple[str, CodeMap, ConceptMapSource]]:
        """Every ConceptMap by its name, with its file."""
        found: dict[str, tuple[str, CodeMap, ConceptMapSource]] = {}
        for stem, code_map in load_files(self._folder, "conceptmaps", parse_concept_map).items():
            file = f"conceptmaps/{stem}.json"
            found[code_map.name] = (file, code_map, ConceptMapSource.model_validate_json(self._text(file)))
        return found

    @cached_property
    def sites(self) -> Mapping[str, SiteFile]:
        """What is particular to each site, by the name of its file."""
        return load_files(self._folder, "sites", parse_site, ending=".yaml")

    def place(self, file: str, pointer: str) -> RulePlace:
        """Where a rule of a file stands."""
        if file not in self._lines:
            self._lines[file] = FileLines(self._text(file))
        return RulePlace(f"{self._folder.name}/{file}", self._lines[file].line(keys_of(pointer)), pointer)

    def view_column(self, view: str, column: str) -> tuple[RulePlace, str]:
        """Where a column of a view stands, and its path as written."""
        file = f"views/{view}.json"
        written = json.loads(self._text(file))
        pointer, path = next(found for found in written_columns(written, "") if found[2] == column)[:2]
        return self.place(file, pointer), path

    def map_rows(self, name: str, code: str) -> Iterator[tuple[RulePlace, str]]:
        """The rows of a ConceptMap that translate a code: where each stands, and its target."""
        file, _, source = self.maps[name]
        for at, group in enumerate(source.group):
            for number, element in enumerate(group.element):
                targets = [each.code for each in element.target if each.code and each.equivalence not in NO_TARGET]
                if element.code == code and targets:
                    yield self.place(file, f"/group/{at}/element/{number}"), targets[0]

    def site_rows(self, name: str, code: str, sender: str | None) -> Iterator[tuple[RulePlace, str]]:
        """The codes of sites that stand over a ConceptMap: those for this sender, else those for all.

        sender: None where every site counts.
        """
        rows: list[tuple[RulePlace, str]] = []
        for of_sender in (True, False):
            for stem, site in self.sites.items():
                target = site.values.get(name, {}).get(code)
                if target is not None and bool(site.senders) is of_sender and is_for(site, sender):
                    rows.append((self.place(f"sites/{stem}.yaml", f"values.{name}.{code}"), target))
        yield from rows[:1]

    def _text(self, file: str) -> str:
        place = self._folder
        for part in file.split("/"):
            place = place / part
        return place.read_text("utf-8")


def is_for(site: SiteFile, sender: str | None) -> bool:
    """Whether the codes of a site hold for a sender."""
    return sender is None or not site.senders or sender in site.senders


def written_columns(written: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str, str]]:
    """Pointer, path and name of every column of a view as written, at any depth."""
    columns: Sequence[Mapping[str, str]] = written.get("column", ())
    for at, column in enumerate(columns):
        yield f"{pointer}/column/{at}/path", column["path"], column["name"]
    for kind in ("select", "unionAll"):
        for at, nested in enumerate(written.get(kind, ())):
            yield from written_columns(nested, f"{pointer}/{kind}/{at}")
