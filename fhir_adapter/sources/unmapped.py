"""Codes of a feed that no ConceptMap and no list has, with what they may be."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import BundleManifest
from fhir_adapter.sources.bundle_facts import view_facts
from fhir_adapter.sources.code_rules import CodeRule, bundle_code_rules, file_code_rules, first_present
from fhir_adapter.sources.csv_shapes import sites_by_sender, with_values
from fhir_adapter.sources.feed import (
    CSV,
    FeedBundle,
    FeedFile,
    bundles_in,
    csv_file,
    csv_input,
    json_object,
    kind_of,
    meets,
    resource_of,
)
from fhir_adapter.sources.plain_texts import without_identifiers
from fhir_adapter.sources.registry import Adapter, AdapterParts, planned

LEAST_ALIKE = 0.5  # of 1; below it a suggestion is noise
TARGET = "target"


@dataclass(frozen=True, slots=True)
class UnmappedCode:
    """One code without a place. map: the ConceptMap that lacks it, or `table.column` where codes are not translated.

    policy: what becomes of it now. nearest: code of the target list whose label is most alike, empty when none is.
    """

    map: str
    table: str
    column: str
    policy: str
    system: str
    code: str
    display: str
    count: int
    first_place: str
    nearest: str
    nearest_display: str


COLUMNS = (*(each.name for each in fields(UnmappedCode)), TARGET)


class UnmappedCodes:
    """Counts of the codes without a place, over any number of files of one adapter."""

    def __init__(self, parts: AdapterParts) -> None:
        self._parts = parts
        self._adapter: Adapter = planned(parts)
        self._maps = with_values(parts.maps, [each for each in parts.sites if not each.senders], place=parts.place)
        self._found: dict[tuple[str, str, str], UnmappedCode] = {}

    def add(self, path: Path) -> None:
        """Count the codes of a file. Raises PayloadRefused for one that cannot be read."""
        if kind_of(path) == CSV:
            self._add_lines(path.name, csv_file(path, self._adapter))
        else:
            self._add_bundles(bundles_in(path))

    def add_content(self, name: str, raw: bytes, *, is_csv: bool) -> None:
        """Count the codes of one payload by its bytes. Raises PayloadRefused for one that cannot be read."""
        if is_csv:
            self._add_lines(name, csv_input(name, partial(io.BytesIO, raw), self._adapter))
        else:
            self._add_bundles([FeedBundle(name, json_object(raw, name))])

    def found(self) -> list[UnmappedCode]:
        """Every code, the most frequent first."""
        return sorted(self._found.values(), key=lambda each: (-each.count, each.map, each.code))

    def _add_bundles(self, bundles: Iterable[FeedBundle]) -> None:
        plan, manifest = self._adapter.bundle_plan, self._parts.manifest
        assert plan is not None
        assert isinstance(manifest, BundleManifest)
        maps = with_values(self._parts.maps, self._parts.sites, place=self._parts.place)
        rules = list(bundle_code_rules(manifest, self._parts.views, maps))
        slots = {name: slot for slot, name in enumerate(self._parts.views)}
        places = {name: [each.name for each in view.columns()] for name, view in self._parts.views.items()}
        for bundle in bundles:
            facts = view_facts(plan, bundle.document, digest="").facts
            for rule in rules:
                origins = [places[rule.view].index(name) for name in rule.origins]
                for entry, row in facts[slots[rule.view]]:
                    for code in rule.strangers(first_present(row, origins)):
                        system, display = coding_of(resource_of(bundle.document, entry), code)
                        place = f"{bundle.name} Bundle.entry[{entry}].resource.{rule.element}"
                        self._count(rule, system, code, display, place)

    def _add_lines(self, name: str, file: FeedFile) -> None:
        local = {
            sender: file_code_rules(file.shape, with_values(self._maps, sites, place=self._parts.place))
            for sender, sites in sites_by_sender(self._parts.sites).items()
        }
        everywhere = file_code_rules(file.shape, self._maps)
        sender_header = file.plan.headers[file.plan.sender]
        for number, line in file.lines():
            for at, rule in local.get(line.get(sender_header, ""), everywhere):
                if meets(line, file.shape.tables[at].when) and meets(line, rule.rule.when):
                    header, value = next(
                        ((each, line[each]) for each in rule.origins if each in line), (rule.origins[0], None)
                    )
                    for code in rule.strangers(value):
                        self._count(rule, "", code, "", f"{name}:{number} column {header}")

    def _count(self, rule: CodeRule, system: str, code: str, display: str, place: str) -> None:
        system, code, display = map(without_identifiers, (system, code, display))
        name = rule.map or f"{rule.table}.{rule.column}"
        known = self._found.get((name, system, code))
        if known is not None:
            self._found[name, system, code] = with_count(known, known.count + 1)
            return
        nearest = nearest_target(display or code, rule.targets)
        self._found[name, system, code] = UnmappedCode(
            map=name,
            table=rule.table,
            column=rule.column,
            policy=rule.unmapped,
            system=system,
            code=code,
            display=display,
            count=1,
            first_place=place,
            nearest=nearest,
            nearest_display=rule.targets.get(nearest, ""),
        )


def with_count(found: UnmappedCode, count: int) -> UnmappedCode:
    """The same code, met so often."""
    return UnmappedCode(**{**asdict(found), "count": count})


def coding_of(part: Any, code: str) -> tuple[str, str]:
    """System and display of the first coding with this code; empty for a code that stands alone."""
    if isinstance(part, Mapping):
        if part.get("code") == code and ("system" in part or "display" in part):
            return str(part.get("system", "")), str(part.get("display", ""))
        part = part.values()
    elif not isinstance(part, list):
        return "", ""
    return next((found for each in part if (found := coding_of(each, code)) != ("", "")), ("", ""))


def nearest_target(words: str, targets: Mapping[str, str]) -> str:
    """The code whose label is most like these words; empty when none is alike."""
    wanted = " ".join(words.lower().split())
    best = max(
        ((difflib.SequenceMatcher(None, wanted, label.lower()).ratio(), code) for code, label in targets.items()),
        default=(0.0, ""),
    )
    return best[1] if best[0] >= LEAST_ALIKE else ""


def unmapped_csv(found: Sequence[UnmappedCode]) -> str:
    """The codes as a CSV file with an empty column `target` to fill in."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**asdict(each), TARGET: ""} for each in found)
    return text.getvalue()


def skeletons(found: Sequence[UnmappedCode]) -> Mapping[str, dict[str, Any]]:
    """ConceptMaps by name, with every code as one that has no target yet."""
    rows: dict[str, list[tuple[str, str, str, str, str]]] = {}
    for each in found:
        hint = f"nearest: {each.nearest} {each.nearest_display}".rstrip() if each.nearest else ""
        rows.setdefault(map_name(each.map), []).append((each.system, each.code, each.display, "", hint))
    return {name: concept_map(name, each) for name, each in rows.items()}


def map_name(written: str) -> str:
    """A name for the ConceptMap of a column that has none yet."""
    return written.replace(".", "-").replace("_", "-").strip("-")


def concept_map(name: str, rows: Sequence[tuple[str, str, str, str, str]]) -> dict[str, Any]:
    """An R4 ConceptMap of rows (system, code, display, target, comment); without a target a row is `unmatched`."""
    groups = []
    for system in dict.fromkeys(row[0] for row in rows):
        elements = [element_of(*row[1:]) for row in rows if row[0] == system]
        groups.append({**({"source": system} if system else {}), "element": elements})
    return {"resourceType": "ConceptMap", "name": name, "status": "draft", "group": groups}


def element_of(code: str, display: str, target: str, comment: str) -> dict[str, Any]:
    """One code of a ConceptMap."""
    meant: dict[str, str] = {"code": target, "equivalence": "equivalent"} if target else {"equivalence": "unmatched"}
    if comment and not target:
        meant["comment"] = comment
    return {"code": code, **({"display": display} if display else {}), "target": [meant]}


def filled_maps(text: str, *, place: str) -> Mapping[str, dict[str, Any]]:
    """ConceptMaps out of a CSV file that was filled in; rows without a target are left out.

    Raises MappingInvalid when a column is missing, or no row has a target.
    """
    reader = csv.DictReader(io.StringIO(text))
    lacking = [name for name in ("map", "code", TARGET) if name not in (reader.fieldnames or ())]
    if lacking:
        raise MappingInvalid(place, [f"the header lacks {', '.join(lacking)}"])
    rows: dict[str, list[tuple[str, str, str, str, str]]] = {}
    for row in reader:
        target = (row[TARGET] or "").strip()
        if target and row["code"]:
            filled = (row.get("system") or "", row["code"], row.get("display") or "", target, "")
            rows.setdefault(map_name(row["map"]), []).append(filled)
    if not rows:
        raise MappingInvalid(place, [f"no row has a {TARGET}; fill the column in"])
    return {name: concept_map(name, each) for name, each in rows.items()}


def with_added(before: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """A ConceptMap with the codes of another; a code that it had takes the new target."""
    groups = [dict(each) for each in before.get("group", ())]
    for group in added["group"]:
        same = next((each for each in groups if each.get("source", "") == group.get("source", "")), None)
        if same is None:
            groups.append(dict(group))
            continue
        new = {each["code"]: each for each in group["element"]}
        kept = [new.pop(each["code"], each) for each in same.get("element", ())]
        same["element"] = [*kept, *new.values()]
    return {**before, "group": groups}


def totals(found: Sequence[UnmappedCode]) -> Iterator[tuple[str, int]]:
    """How many cells each ConceptMap or column leaves without a code."""
    for name in dict.fromkeys(each.map for each in found):
        yield name, sum(each.count for each in found if each.map == name)
