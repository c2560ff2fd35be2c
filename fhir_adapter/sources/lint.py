"""Static check of a mapping folder: everything that can be told about it without an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    WORKING_COLUMN,
    WORKING_TABLE,
    BundleManifest,
    ColumnRule,
    Columns,
    CsvManifest,
    SiteFile,
)
from fhir_adapter.sources.bundle_plan import plan_bundle, target_column
from fhir_adapter.sources.concept_map import NO_TARGET, CodeMap, ConceptMapSource, parse_concept_map
from fhir_adapter.sources.convert import RuleInvalid, allowed_codes
from fhir_adapter.sources.csv_plan import plan_csv
from fhir_adapter.sources.csv_shapes import with_values
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.lint_files import lint_headers
from fhir_adapter.sources.lint_recognition import lint_claims, lint_roles
from fhir_adapter.sources.lint_views import lint_view
from fhir_adapter.sources.registry import LARGEST_FILE, MANIFEST, MANIFESTS, parse_site
from fhir_adapter.sources.rule_lines import FileLines, keys_of
from fhir_adapter.sources.strict_yaml import read_yaml
from fhir_adapter.sources.suggestions import did_you_mean
from fhir_adapter.sources.view import View, key_text, parse_view
from indicator_engine.errors import CodeListUnknown
from indicator_engine.tables import TABLES

OUTSIDE_LIST = "gives codes outside the list of the column"  # said by the plan too; here with the row of the map


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One finding. file: from the folder of mappings, such as `ukcore-maternity/views/baby.json`; line: 1-based.

    pointer: keys of the rule in that file. code: a stable word, `lint.what`.
    """

    severity: Severity
    code: str
    file: str
    line: int
    pointer: str
    text: str


def lint_adapter(folder: Path | Traversable) -> list[LintFinding]:
    """Every finding about an adapter, in the order of files and lines; never raises for what is wrong with it."""
    lint = AdapterLint(folder)
    lint.run()
    return sorted(set(lint.findings), key=lambda each: (each.file, each.line, each.pointer, each.code, each.text))


def has_errors(findings: Sequence[LintFinding]) -> bool:
    """Whether any finding is an error."""
    return any(each.severity is Severity.ERROR for each in findings)


class AdapterLint:
    """Collects findings about one folder."""

    def __init__(self, folder: Path | Traversable) -> None:
        self._folder = folder
        self._lines: dict[str, FileLines] = {}
        self._maps: dict[str, tuple[str, CodeMap, ConceptMapSource]] = {}
        self._views: dict[str, View] = {}
        self._sites: dict[str, SiteFile] = {}
        self.findings: list[LintFinding] = []

    def run(self) -> None:
        """Check the manifest, then the views and maps, then what each says of the others."""
        manifest = self._manifest()
        is_whole = self._read_maps()
        is_whole = self._read_sites() and is_whole
        if isinstance(manifest, BundleManifest) or manifest is None:
            is_whole = self._read_views() and is_whole
        if manifest is None:
            return
        self._check_targets(manifest)
        if is_whole:
            self._plan(manifest)
        self._unused(manifest)
        self._unfilled(manifest)
        note = partial(self._note, MANIFEST)
        lint_roles(manifest, note)
        if isinstance(manifest, BundleManifest):
            lint_claims(manifest, note)
        else:
            lint_headers(manifest, self._sites, [text for _, text in self._files("tests", ".yaml")], self._note)

    def _note(self, file: str, pointer: str, severity: Severity, code: str, text: str) -> None:
        line = self._lines[file].line(keys_of(pointer)) if file in self._lines else 1
        self.findings.append(LintFinding(severity, code, f"{self._folder.name}/{file}", line, pointer, text))

    def _error(self, file: str, pointer: str, code: str, text: str) -> None:
        self._note(file, pointer, Severity.ERROR, code, text)

    # Files.

    def _text(self, file: str) -> str | None:
        place = self._folder
        for part in file.split("/"):
            place = place / part
        try:
            content = place.read_bytes()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            self._error(file, "", "lint.file-unreadable", "a readable file in UTF-8 is expected here")
            return None
        if len(content) > LARGEST_FILE:
            self._error(file, "", "lint.file-unreadable", f"a file has at most {LARGEST_FILE} bytes")
            return None
        self._lines[file] = FileLines(text)
        return text

    def _files(self, kind: str, ending: str = ".json") -> Iterator[tuple[str, str]]:
        subfolder = self._folder / kind
        if subfolder.is_dir():
            for name in sorted(each.name for each in subfolder.iterdir() if each.name.endswith(ending)):
                text = self._text(f"{kind}/{name}")
                if text is not None:
                    yield f"{kind}/{name}", text

    def _manifest(self) -> BundleManifest | CsvManifest | None:
        text = self._text(MANIFEST)
        if text is None:
            return None
        try:
            written = read_yaml(text, place=MANIFEST)
        except MappingInvalid as cause:
            self._faults(MANIFEST, cause, "lint.manifest")
            return None
        is_known = self._check_tables(written)
        try:
            manifest = MANIFESTS.validate_python(written)
        except ValidationError as cause:
            self._manifest_faults(cause, is_known=is_known)
            return None
        if manifest.name != self._folder.name:
            self._error(MANIFEST, "name", "lint.manifest", f"must be the name of the folder, {self._folder.name}")
        return manifest

    def _manifest_faults(self, cause: ValidationError, *, is_known: bool) -> None:
        for each in cause.errors(include_input=False, include_url=False):
            pointer = key_text(each["loc"][1:] if each["loc"][:1] in (("fhir-bundle",), ("csv",)) else each["loc"])
            if is_known or "the common model" not in each["msg"]:
                self._error(MANIFEST, pointer, "lint.manifest", each["msg"])

    def _check_tables(self, written: Any) -> bool:
        """Note tables and columns that the common model does not have; whether all were known."""
        before = len(self.findings)
        for head, tables in written_tables(written):
            for at, rows in enumerate(tables):
                if isinstance(rows, dict) and isinstance(rows.get("table"), str):
                    self._check_table(rows, rows["table"], f"{head}tables[{at}]")
        return len(self.findings) == before

    def _check_table(self, rows: Mapping[str, Any], table: str, pointer: str) -> None:
        if table.startswith(WORKING_TABLE):
            return  # its columns are its own
        if table not in TABLES:
            text = f"the common model has no table {table}{did_you_mean(table, TABLES)}"
            self._error(MANIFEST, f"{pointer}.table", "lint.unknown-table", text)
            return
        blocks = [(pointer, rows)]
        for kind in ("spine", "contributions"):
            items = rows.get(kind)
            blocks += [
                (f"{pointer}.{kind}[{at}]", each) for at, each in enumerate(items if isinstance(items, list) else ())
            ]
        for place, block in blocks:
            columns = block.get("columns") if isinstance(block, dict) else None
            for name in columns if isinstance(columns, dict) else ():
                if not str(name).startswith(WORKING_COLUMN) and name not in TABLES[table].column_names:
                    text = f"table {table} has no column {name}{did_you_mean(str(name), TABLES[table].column_names)}"
                    self._error(MANIFEST, f"{place}.columns.{name}", "lint.unknown-column", text)

    def _read_views(self) -> bool:
        is_whole = True
        for file, text in self._files("views"):
            try:
                view = parse_view(text, place=file)
            except MappingInvalid as cause:
                self._faults(file, cause, "lint.view")
                is_whole = False
                continue
            self._views[file.removeprefix("views/").removesuffix(".json")] = view
            lint_view(view, partial(self._note, file))
        return is_whole

    def _read_maps(self) -> bool:
        is_whole = True
        for file, text in self._files("conceptmaps"):
            try:
                code_map = parse_concept_map(text, place=file)
                self._maps[code_map.name] = (file, code_map, ConceptMapSource.model_validate_json(text))
            except MappingInvalid as cause:
                self._faults(file, cause, "lint.concept-map")
                is_whole = False
        return is_whole

    def _read_sites(self) -> bool:
        is_whole = True
        for file, text in self._files("sites", ".yaml"):
            try:
                self._sites[file] = parse_site(text.encode(), place=file)
            except MappingInvalid as cause:
                self._faults(file, cause, "lint.site")
                is_whole = False
        return is_whole

    def _faults(self, file: str, cause: MappingInvalid, code: str) -> None:
        for fault in cause.faults:
            pointer, colon, text = fault.partition(": ")
            is_place = bool(colon) and " " not in pointer
            if is_place and pointer.startswith("sites/"):
                self._site_fault(pointer.removeprefix("sites/"), text)
                continue
            self._error(file, pointer if is_place else "", code, text if is_place else fault)

    def _site_fault(self, name: str, text: str) -> None:
        for file, site in self._sites.items():
            if site.site == name:
                self._error(file, "", "lint.site", text)

    # What the files say of each other.

    def _check_targets(self, manifest: BundleManifest | CsvManifest) -> None:
        """Note rows of ConceptMaps, and codes of sites, that give a code which the column does not take."""
        for _, table, target, rule in column_rules(manifest):
            translate = rule.translate
            allowed = None if translate is None else self._allowed(table, target, rule)
            if translate is None or allowed is None or translate.map not in self._maps:
                continue
            file, _, source = self._maps[translate.map]
            given = [(file, pointer, code) for pointer, code in target_codes(source)]
            for site_file, site in self._sites.items():
                codes = site.values.get(translate.map, {})
                given += [(site_file, f"values.{translate.map}.{sent}", code) for sent, code in codes.items()]
            for place, pointer, code in given:
                if code not in allowed:
                    text = f"{code} is not in the code list of {table}.{target}{did_you_mean(code, sorted(allowed))}"
                    self._error(place, pointer, "lint.code-not-in-list", text)

    def _allowed(self, table: str, target: str, rule: ColumnRule) -> frozenset[str] | None:
        try:
            found = allowed_codes(target_column(table, target), rule)
        except (CodeListUnknown, RuleInvalid):
            return None  # the plan tells of it
        return None if found is None else frozenset(found)

    def _plan(self, manifest: BundleManifest | CsvManifest) -> None:
        maps = {name: code_map for name, (_, code_map, _) in self._maps.items()}
        sites = tuple(self._sites.values())
        try:
            if isinstance(manifest, CsvManifest):
                plan_csv(manifest, maps, place=MANIFEST, sites=sites)
            else:
                plan_bundle(manifest, self._views, with_values(maps, sites, place=MANIFEST), place=MANIFEST)
        except MappingInvalid as cause:
            told = self._has_code_faults()
            faults = [each for each in cause.faults if not (told and OUTSIDE_LIST in each)]
            self._faults(MANIFEST, MappingInvalid(MANIFEST, faults), "lint.rule")
        except CodeListUnknown as cause:
            self._error(MANIFEST, "", "lint.rule", str(cause))

    def _has_code_faults(self) -> bool:
        return any(each.code == "lint.code-not-in-list" for each in self.findings)

    def _unused(self, manifest: BundleManifest | CsvManifest) -> None:
        views = used_views(manifest) if isinstance(manifest, BundleManifest) else frozenset()
        for name in sorted(self._views.keys() - views):
            text = f"no rule uses the view {name}; name it in adapter.yaml, or delete the file"
            self._note(f"views/{name}.json", "", Severity.WARNING, "lint.unused-view", text)
        maps = {rule.translate.map for _, _, _, rule in column_rules(manifest) if rule.translate is not None}
        for name in sorted(self._maps.keys() - maps):
            text = f"no rule uses the ConceptMap {name}; name it in adapter.yaml, or delete the file"
            self._note(self._maps[name][0], "", Severity.WARNING, "lint.unused-map", text)

    def _unfilled(self, manifest: BundleManifest | CsvManifest) -> None:
        filled: dict[str, set[str]] = {}
        for _, table, target, _ in column_rules(manifest):
            if not table.startswith(WORKING_TABLE):
                filled.setdefault(table, set()).add(target)
        places = [(place, table) for place, table, _ in column_blocks(manifest)]
        first = {table: place.partition("]")[0] + "]" for place, table in reversed(places)}
        for table, names in filled.items():
            absent = [name for name in TABLES[table].column_names if name not in names]
            if absent:
                text = f"no rule fills {', '.join(absent)} of {table}"
                self._note(MANIFEST, first[table], Severity.INFORMATION, "lint.column-unfilled", text)


def column_rules(manifest: BundleManifest | CsvManifest) -> Iterator[tuple[str, str, str, ColumnRule]]:
    """Every rule of a column: its place in the manifest, the table, the column and the rule."""
    for place, table, columns in column_blocks(manifest):
        for target, rule in columns.items():
            yield f"{place}.columns.{target}", table, target, rule


def column_blocks(manifest: BundleManifest | CsvManifest) -> Iterator[tuple[str, str, Columns]]:
    """Every block of columns with its place in the manifest and its table."""
    if isinstance(manifest, CsvManifest):
        for name, shape in manifest.shapes().items():
            head = f"files.{name}." if name else ""
            for at, csv_rows in enumerate(shape.tables):
                yield f"{head}tables[{at}]", csv_rows.table, csv_rows.columns
        return
    for at, rows in enumerate(manifest.tables):
        for number, spine in enumerate(rows.spine):
            yield f"tables[{at}].spine[{number}]", rows.table, spine.columns
        for number, each in enumerate(rows.contributions):
            yield f"tables[{at}].contributions[{number}]", rows.table, each.columns


def written_tables(written: Any) -> Iterator[tuple[str, list[Any]]]:
    """The lists of tables of a manifest as it is written, each with the keys before it."""
    if not isinstance(written, dict):
        return
    if isinstance(written.get("tables"), list):
        yield "", written["tables"]
    files = written.get("files")
    for name, shape in files.items() if isinstance(files, dict) else ():
        if isinstance(shape, dict) and isinstance(shape.get("tables"), list):
            yield f"files.{name}.", shape["tables"]


def used_views(manifest: BundleManifest) -> frozenset[str]:
    """Names of the views that a manifest uses."""
    spine = [name for rows in manifest.tables for each in rows.spine for name in (each.view, each.when)]
    others = [each.view for rows in manifest.tables for each in rows.contributions]
    return frozenset(name for name in (*spine, *others, *(each.view for each in manifest.identities)) if name)


def target_codes(source: ConceptMapSource) -> Iterator[tuple[str, str]]:
    """Every target code of a ConceptMap with its JSON pointer."""
    for at, group in enumerate(source.group):
        for number, element in enumerate(group.element):
            for place, target in enumerate(element.target):
                if target.code and target.equivalence not in NO_TARGET:
                    yield f"/group/{at}/element/{number}/target/{place}/code", target.code
