"""What a feed holds that a mapping does not read, and what a mapping has that a feed does not need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_adapter.sources.adapter import BundleManifest, BundleRows, Columns, CsvManifest
from fhir_adapter.sources.bundle_facts import record_of, view_facts
from fhir_adapter.sources.code_rules import CodeRule, bundle_code_rules, file_code_rules, first_present
from fhir_adapter.sources.csv_shapes import headers_of, with_values
from fhir_adapter.sources.csv_source import map_csv
from fhir_adapter.sources.feed import FeedFile, bundles_in, csv_file, meets, opened, resource_of
from fhir_adapter.sources.registry import MANIFEST, AdapterParts, planned
from fhir_adapter.sources.row_steps import Fact
from fhir_adapter.sources.rule_lines import RuleLines
from fhir_adapter.sources.view_paths import ElementPath, elements_in, path_text, reads_of


@dataclass(frozen=True, slots=True)
class Counted:
    """A name and how often it was met."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class UnusedRule:
    """A rule that never gave anything. place: its file and line."""

    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class EmptyColumn:
    """A column of the common model that is absent in most rows. share: of all rows, 0 to 1."""

    table: str
    column: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What a feed and a mapping do not share.

    unread: elements, or columns of a file, with a value that no rule reads. ignored_types: resources of types that no
    view reads. untaken: resources of a type that is read which no view took, by type and code.
    """

    adapter: str
    inputs: int
    unread: tuple[Counted, ...]
    ignored_types: tuple[Counted, ...]
    untaken: tuple[Counted, ...]
    unmatched_rules: tuple[UnusedRule, ...]
    empty_columns: tuple[EmptyColumn, ...]
    unused_codes: tuple[UnusedRule, ...]


class Tally:
    """Cells that are there and rows that could have them, by table and column."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.cells: Counter[tuple[str, str]] = Counter()

    def add(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Count the cells of a record."""
        for table, found in rows.items():
            self.rows[table] += len(found)
            for row in found:
                self.cells.update((table, name) for name, cell in row.items() if cell is not None)

    def empty(self, columns: Sequence[tuple[str, str]], null_above: float) -> list[EmptyColumn]:
        """Columns that are absent in more than this share of the rows, in percent."""
        found = []
        for table, column in columns:
            rows = self.rows[table]
            share = 1 - self.cells[table, column] / rows if rows else 0.0
            if share * 100 > null_above:
                found.append(EmptyColumn(table, column, rows, share))
        return found


def coverage_of(parts: AdapterParts, folder: Path, files: Sequence[Path], *, null_above: float) -> CoverageReport:
    """The report of an adapter over files; null_above: percent of rows. Raises PayloadRefused."""
    if isinstance(parts.manifest, BundleManifest):
        bundles = BundleCoverage(parts, parts.manifest)
        for file in files:
            bundles.add(file)
        return bundles.report(folder, null_above)
    lines = FileCoverage(parts, parts.manifest)
    for file in files:
        lines.add(file)
    return lines.report(folder, null_above)


class BundleCoverage:
    """Counts over bundles."""

    def __init__(self, parts: AdapterParts, manifest: BundleManifest) -> None:
        self._parts = parts
        self._manifest = manifest
        maps = with_values(parts.maps, parts.sites, place=parts.place)
        self._adapter = planned(parts)
        self._reads = [reads_of(view) for view in parts.views.values()]
        self._slots = {name: slot for slot, name in enumerate(parts.views)}
        self._columns = {name: [each.name for each in view.columns()] for name, view in parts.views.items()}
        self._types = {view.resource for view in parts.views.values()}
        self._codes = list(bundle_code_rules(manifest, parts.views, maps))
        self._inputs = 0
        self._unread: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._untaken: Counter[str] = Counter()
        self._filled: set[tuple[int, int]] = set()
        self._cells: set[tuple[str, str]] = set()
        self._used: set[tuple[str, str]] = set()
        self._tally = Tally()

    def add(self, path: Path) -> None:
        """Count the bundles of a file."""
        plan = self._adapter.bundle_plan
        assert plan is not None
        for bundle in bundles_in(path):
            self._inputs += 1
            found = view_facts(plan, bundle.document, digest="")
            self._add_resources(bundle.document, found.facts)
            self._add_facts(found.facts)
            rows = record_of(plan, found).rows
            self._tally.add(rows)

    def _add_resources(self, document: Mapping[str, Any], facts: Sequence[Sequence[Fact]]) -> None:
        takers: dict[int, set[int]] = {}
        for slot, rows in enumerate(facts):
            for entry, _ in rows:
                takers.setdefault(entry, set()).add(slot)
        for entry in range(len(document.get("entry", ()))):
            resource = resource_of(document, entry)
            kind = str(resource.get("resourceType", ""))
            if kind not in self._types:
                self._ignored[kind] += 1
                continue
            taking = takers.get(entry, set())
            if not taking:
                self._untaken[" ".join((kind, *code_texts(resource)))] += 1
            read = self._read_of(kind, taking)
            self._unread.update(path_text(kind, path) for path in elements_in(resource) if path not in read)

    def _read_of(self, kind: str, taking: set[int]) -> set[ElementPath]:
        read: set[ElementPath] = {("id",), ("meta", "profile")}
        for slot, view in enumerate(self._parts.views.values()):
            if view.resource == kind:
                read |= self._reads[slot].all if slot in taking else self._reads[slot].conditions
        return read

    def _add_facts(self, facts: Sequence[Sequence[Fact]]) -> None:
        for slot, rows in enumerate(facts):
            for _, row in rows:
                self._filled.update((slot, at) for at, value in enumerate(row) if value is not None and value != [])
        for rule in self._codes:
            if rule.map:
                places = [self._columns[rule.view].index(name) for name in rule.origins]
                for _, row in facts[self._slots[rule.view]]:
                    self._used.update((rule.map, code) for code in rule.codes(first_present(row, places)))

    def report(self, folder: Path, null_above: float) -> CoverageReport:
        """What was counted."""
        lines = RuleLines(folder)
        plan = self._adapter.bundle_plan
        assert plan is not None
        columns = [(table, name) for table, each in plan.tables.items() for name in each.columns]
        return CoverageReport(
            adapter=self._adapter.name,
            inputs=self._inputs,
            unread=counted(self._unread),
            ignored_types=counted(self._ignored),
            untaken=counted(self._untaken),
            unmatched_rules=tuple(self._unmatched(lines, folder.name)),
            empty_columns=tuple(self._tally.empty(columns, null_above)),
            unused_codes=unused_codes(self._parts, self._used, lines, folder.name),
        )

    def _unmatched(self, lines: RuleLines, name: str) -> list[UnusedRule]:
        found = [
            UnusedRule(f"{name}/{lines.place(MANIFEST, ('tables', at, kind, place, 'columns', column))}", rule)
            for at, rows in enumerate(self._manifest.tables)
            for kind, place, view, columns in blocks_of(rows)
            for column, rule in self._rules_without_value(rows.table, view, columns)
        ]
        for view, slot in self._slots.items():
            for at, column in enumerate(self._columns[view]):
                if (slot, at) not in self._filled:
                    place = lines.place(f"views/{view}.json", ("@column", column))
                    found.append(UnusedRule(f"{name}/{place}", f"column {column}"))
        return found

    def _rules_without_value(self, table: str, view: str | None, columns: Columns) -> list[tuple[str, str]]:
        if view is None:
            return []
        slot, names = self._slots[view], self._columns[view]
        return [
            (column, f"{table}.{column}")
            for column, rule in columns.items()
            if rule.from_ and not any((slot, names.index(each)) in self._filled for each in rule.from_)
        ]


def blocks_of(rows: BundleRows) -> list[tuple[str, int, str | None, Columns]]:
    """The blocks of columns of a table: kind, place, view (None for a table) and columns."""
    spine = [("spine", at, str(each.view), each.columns) for at, each in enumerate(rows.spine)]
    return [*spine, *(("contributions", at, each.view, each.columns) for at, each in enumerate(rows.contributions))]


def code_texts(resource: Mapping[str, Any]) -> list[str]:
    """The codings that say what a resource is, as `system|code`."""
    for name in ("code", "type", "category"):
        written = resource.get(name)
        for concept in written if isinstance(written, list) else [written]:
            codings = concept.get("coding") if isinstance(concept, Mapping) else None
            if isinstance(codings, list):
                return [
                    f"{each.get('system', '')}|{each.get('code', '')}" for each in codings if isinstance(each, dict)
                ]
    return []


def counted(found: Counter[str]) -> tuple[Counted, ...]:
    """Names with their counts, the most frequent first."""
    return tuple(Counted(name, count) for name, count in sorted(found.items(), key=lambda each: (-each[1], each[0])))


def unused_codes(
    parts: AdapterParts, used: set[tuple[str, str]], lines: RuleLines, name: str
) -> tuple[UnusedRule, ...]:
    """Codes of ConceptMaps that were never looked up."""
    return tuple(
        UnusedRule(f"{name}/{lines.place('conceptmaps', ('@code', each, code))}", f"{each} code {code}")
        for each, codes in parts.maps.items()
        for code in codes.targets
        if (each, code) not in used
    )


class FileCoverage:
    """Counts over CSV files."""

    def __init__(self, parts: AdapterParts, manifest: CsvManifest) -> None:
        self._parts = parts
        self._manifest = manifest
        self._adapter = planned(parts)
        self._maps = with_values(parts.maps, [each for each in parts.sites if not each.senders], place=parts.place)
        self._inputs = 0
        self._unread: Counter[str] = Counter()
        self._matched: set[tuple[str, str, str]] = set()
        self._seen: dict[str, FeedFile] = {}
        self._used: set[tuple[str, str]] = set()
        self._tally = Tally()

    def add(self, path: Path) -> None:
        """Count the lines of a file."""
        file = csv_file(path, self._adapter)
        shape = self._shape_of(file)
        self._seen[shape] = file
        read = frozenset(file.plan.headers)
        codes = file_code_rules(file.shape, self._maps)
        for _, line in file.lines():
            self._inputs += 1
            self._unread.update(name for name in line if name not in read)
            self._add_rules(shape, file, line)
            self._add_codes(codes, file, line)
        with opened(path) as stream:
            for record in map_csv(self._adapter, stream, name=path.name, digest=""):
                self._tally.add(record.rows)

    def _shape_of(self, file: FeedFile) -> str:
        plan = self._adapter.csv_plan
        assert plan is not None
        return list(self._manifest.shapes())[[plan, *plan.others].index(file.plan)]

    def _add_rules(self, shape: str, file: FeedFile, line: Mapping[str, str]) -> None:
        for rows in file.shape.tables:
            if meets(line, rows.when):
                for column, rule in rows.columns.items():
                    headers = headers_of(rule)
                    if (not headers or any(name in line for name in headers)) and meets(line, rule.when):
                        self._matched.add((shape, rows.table, column))

    def _add_codes(self, codes: Sequence[tuple[int, CodeRule]], file: FeedFile, line: Mapping[str, str]) -> None:
        for at, rule in codes:
            if rule.map and meets(line, file.shape.tables[at].when) and meets(line, rule.rule.when):
                value = next((line[name] for name in rule.origins if name in line), None)
                self._used.update((rule.map, code) for code in rule.codes(value))

    def report(self, folder: Path, null_above: float) -> CoverageReport:
        """What was counted; rules of a shape of which there was no file are left out."""
        lines = RuleLines(folder)
        unmatched = []
        for shape, written in self._manifest.shapes().items():
            head = ("files", shape) if shape else ()
            for at, rows in enumerate(written.tables):
                for column in rows.columns:
                    if shape in self._seen and (shape, rows.table, column) not in self._matched:
                        place = lines.place(MANIFEST, (*head, "tables", at, "columns", column))
                        unmatched.append(UnusedRule(f"{folder.name}/{place}", f"{rows.table}.{column}"))
        columns = dict.fromkeys(
            (table, name)
            for file in self._seen.values()
            for table, names in file.plan.columns.items()
            for name in names
        )
        return CoverageReport(
            adapter=self._adapter.name,
            inputs=self._inputs,
            unread=counted(self._unread),
            ignored_types=(),
            untaken=(),
            unmatched_rules=tuple(unmatched),
            empty_columns=tuple(self._tally.empty(tuple(columns), null_above)),
            unused_codes=unused_codes(self._parts, self._used, lines, folder.name),
        )
