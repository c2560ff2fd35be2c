"""How good the golden cases of an adapter are: each rule is dropped in turn, and a case must notice.

Nothing is written. What a dropped rule cannot change is made once: rows of views for a rule of the manifest, the
plan for a code of a ConceptMap or a column of a view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from fhir_adapter.errors import MappingInvalid, PayloadRefused
from fhir_adapter.sources.adapter import (
    BundleManifest,
    CsvFile,
    CsvManifest,
    IdentityRule,
    ManifestModel,
)
from fhir_adapter.sources.bundle_facts import ViewFacts, record_of, view_facts
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.golden_case import (
    DIGEST,
    GoldenCase,
    Outcome,
    compared,
    differences_of,
    is_recognised,
    outcome_of_records,
)
from fhir_adapter.sources.registry import MANIFEST, Adapter, AdapterParts, load_parts, planned
from fhir_adapter.sources.rule_places import RuleLines
from fhir_adapter.sources.workbench import Bench

KeyPath: TypeAlias = tuple[str | int, ...]
IDENTITY_FIELDS = (
    "nhs_number",
    "nhs_number_status",
    "local_id",
    "local_id_system",
    "family_name",
    "given_name",
    "birth_date",
)
BROKEN = (MappingInvalid, PayloadRefused, KeyError)  # a mapping that cannot run without the rule fails its cases


@dataclass(frozen=True, slots=True)
class Survivor:
    """A rule that no case needs. place: its file and line."""

    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class Mutants:
    """How many rules were dropped, and which of them were not noticed."""

    total: int
    survivors: tuple[Survivor, ...]

    @property
    def score(self) -> float:
        """Share of the dropped rules that a case noticed; 1 when there is no rule."""
        return 1 - len(self.survivors) / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class Dropped:
    """A rule that is left out. file: where it stands, below the folder. path: its keys there.

    is_noticed: runs the cases without it.
    """

    file: str
    path: KeyPath
    rule: str
    is_noticed: Callable[[], bool]


def mutants_of(bench: Bench) -> Mutants:
    """Every rule of the adapter dropped in turn. Raises MappingInvalid when a case fails as it is."""
    failing = [each.file.name for each in bench.cases if differences_of(bench.adapter, each.case)]
    if failing:
        text = f"golden cases fail as they are: {', '.join(failing)}; mend or accept them first"
        raise MappingInvalid(f"{bench.adapter.name}/tests", [text])
    parts = load_parts(bench.folder)
    parts = replace(parts, maps={name: with_own_targets(each) for name, each in parts.maps.items()})
    cases = [each.case for each in bench.cases]
    is_bundle = isinstance(parts.manifest, BundleManifest)
    dropped = list(BundleTrial(parts, cases).dropped() if is_bundle else FileTrial(parts, cases).dropped())
    lines = RuleLines(bench.folder)
    survivors = tuple(
        Survivor(f"{bench.folder.name}/{lines.place(each.file, each.path)}", each.rule)
        for each in dropped
        if not each.is_noticed()
    )
    return Mutants(len(dropped), survivors)


def with_own_targets(codes: CodeMap) -> CodeMap:
    """The ConceptMap with a dictionary that can be changed; a plan reads it as it is at the time."""
    return replace(codes, targets=dict(codes.targets))


class BundleTrial:
    """Rules of a bundle adapter and its cases."""

    def __init__(self, parts: AdapterParts, cases: Sequence[GoldenCase]) -> None:
        assert isinstance(parts.manifest, BundleManifest)
        self._parts = parts
        self._manifest = parts.manifest
        self._adapter = planned(parts)
        self._cases = [each for each in cases if each.bundle is not None]
        assert self._adapter.bundle_plan is not None
        plan = self._adapter.bundle_plan
        self._facts = [view_facts(plan, each.bundle or {}, digest=DIGEST) for each in self._cases]
        self._recognised = [is_recognised(self._adapter, each) for each in self._cases]

    def dropped(self) -> Iterator[Dropped]:
        """Every rule, with the run of the cases without it."""
        for path, rule in bundle_rules(self._manifest):
            yield Dropped(MANIFEST, path, rule, partial(self._fails_without, path))
        for at, _ in enumerate(self._manifest.recognise):
            path = ("recognise", at)
            yield Dropped(MANIFEST, path, f"claim {at + 1}", partial(self._unrecognised, at))
        for slot, (name, view) in enumerate(self._parts.views.items()):
            for place, column in enumerate(view.columns()):
                yield Dropped(
                    f"views/{name}.json",
                    ("@column", column.name),
                    f"column {column.name}",
                    partial(self._differs_without, slot, place),
                )
        yield from dropped_codes(self._parts, lambda: self._differs(self._adapter, self._facts))

    def _fails_without(self, path: KeyPath) -> bool:
        try:
            changed = planned(replace(self._parts, manifest=without(self._manifest, path)))
            return self._differs(changed, self._facts)
        except BROKEN:
            return True

    def _unrecognised(self, at: int) -> bool:
        rest = self._manifest.model_copy(update={"recognise": without(self._manifest.recognise, (at,))})
        fewer = replace(self._adapter, manifest=rest)
        return any(is_recognised(fewer, each) is not each.recognised for each in self._cases)

    def _differs_without(self, slot: int, place: int) -> bool:
        try:
            return self._differs(self._adapter, [each.without(slot, place) for each in self._facts])
        except BROKEN:
            return True

    def _differs(self, adapter: Adapter, facts: Sequence[ViewFacts]) -> bool:
        return any(
            bool(compared(case, self._outcome(adapter, found, recognised)))
            for case, found, recognised in zip(self._cases, facts, self._recognised, strict=True)
        )

    def _outcome(self, adapter: Adapter, found: ViewFacts, recognised: bool) -> Outcome:
        assert adapter.bundle_plan is not None
        return outcome_of_records([record_of(adapter.bundle_plan, found)], recognised=recognised)


class FileTrial:
    """Rules of a CSV adapter and its cases."""

    def __init__(self, parts: AdapterParts, cases: Sequence[GoldenCase]) -> None:
        assert isinstance(parts.manifest, CsvManifest)
        self._parts = parts
        self._manifest = parts.manifest
        self._adapter = planned(parts)
        self._cases = cases

    def dropped(self) -> Iterator[Dropped]:
        """Every rule, with the run of the cases without it."""
        for name, shape in self._manifest.shapes().items():
            head: KeyPath = ("files", name) if name else ()
            for path, rule in file_rules(shape):
                whole = (*head, *path)
                yield Dropped(MANIFEST, whole, rule, partial(self._fails_without, whole))
            claim = (*head, "recognise")
            yield Dropped(MANIFEST, claim, "the recogniser", partial(self._unrecognised, name))
        yield from dropped_codes(self._parts, lambda: self._differs(self._adapter))

    def _fails_without(self, path: KeyPath) -> bool:
        try:
            return self._differs(planned(replace(self._parts, manifest=without(self._manifest, path))))
        except BROKEN:
            return True

    def _unrecognised(self, name: str) -> bool:
        if not name:
            return any(each.recognised for each in self._cases)
        return self._fails_without(("files", name))

    def _differs(self, adapter: Adapter) -> bool:
        return any(differences_of(adapter, each) for each in self._cases)


def dropped_codes(parts: AdapterParts, differs: Callable[[], bool]) -> Iterator[Dropped]:
    """Every code of every ConceptMap; it is taken out while the cases run, and put back."""
    for name, codes in parts.maps.items():
        for code in codes.targets:
            path = ("@code", name, code)
            yield Dropped("conceptmaps", path, f"code {code}", partial(noticed, codes, code, differs))


def noticed(codes: CodeMap, code: str, differs: Callable[[], bool]) -> bool:
    """Whether the cases differ without one code."""
    targets = codes.targets
    assert isinstance(targets, dict)
    kept = dict(targets)
    del targets[code]
    try:
        return differs()
    except BROKEN:
        return True
    finally:
        targets.clear()
        targets.update(kept)  # in the order in which they were


def bundle_rules(manifest: BundleManifest) -> Iterator[tuple[KeyPath, str]]:
    """Keys and name of every column and identity of a manifest."""
    for at, rows in enumerate(manifest.tables):
        blocks = [("spine", place, block.columns) for place, block in enumerate(rows.spine)]
        blocks += [("contributions", place, block.columns) for place, block in enumerate(rows.contributions)]
        for kind, place, columns in blocks:
            for column in columns:
                path: KeyPath = ("tables", at, kind, place, "columns", column)
                if kind == "contributions" and len(columns) == 1:
                    path = path[:4]  # a contribution of nothing is none
                yield path, f"{rows.table}.{column}"
    yield from identity_rules(manifest.identities)


def file_rules(shape: CsvFile) -> Iterator[tuple[KeyPath, str]]:
    """Keys and name of every column and identity of one shape of file."""
    for at, rows in enumerate(shape.tables):
        for column in rows.columns:
            yield ("tables", at, "columns", column), f"{rows.table}.{column}"
    yield from identity_rules(shape.identities)


def identity_rules(rules: Sequence[IdentityRule]) -> Iterator[tuple[KeyPath, str]]:
    """Keys and name of every identity, and of every field of it."""
    for at, rule in enumerate(rules):
        yield ("identities", at), f"identity {rule.role}"
        for name in IDENTITY_FIELDS:
            if getattr(rule, name) is not None:
                yield ("identities", at, name), f"identity {rule.role}.{name}"
        for place, _ in enumerate(rule.postcode):
            yield ("identities", at, "postcode", place), f"identity {rule.role}.postcode"


def without(part: Any, path: KeyPath) -> Any:
    """A manifest, or a part of one, without what stands at the end of the path."""
    head, *rest = path
    if isinstance(part, ManifestModel):
        name = str(head)
        kept = without(getattr(part, name), tuple(rest)) if rest else None
        return part.model_copy(update={name: kept})
    if isinstance(part, Mapping):
        if rest:
            return {**part, str(head): without(part[str(head)], tuple(rest))}
        return {key: value for key, value in part.items() if key != head}
    place = int(head)
    kept_part = (without(part[place], tuple(rest)),) if rest else ()
    return (*part[:place], *kept_part, *part[place + 1 :])
